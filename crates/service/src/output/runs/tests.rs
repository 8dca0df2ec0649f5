use super::*;
use crate::output::fixtures::{fault, now, reference, run};

fn several() -> Vec<Run> {
    vec![
        run(),
        Run {
            state: RunState::Running,
            mirror: Some("core-authentication-service".into()),
            trigger: "person".into(),
            actor: Some("anna".into()),
            ended_at: None,
            ..run()
        },
        Run {
            state: RunState::Failed,
            fault: Some(fault()),
            trigger: "sweep".into(),
            ..run()
        },
        Run {
            state: RunState::Held,
            mirror: None,
            ..run()
        },
    ]
}

#[test]
fn a_list_fits_a_terminal_of_80_columns() {
    insta::assert_snapshot!(list(&several(), true, false, &Screen::plain(80, now())), @"
       MIRROR              RESULT                  TRIGGER        ID             AGE
    ✓  app                 succeeded, 1 written    webhook        019a0b1c-2d3e   3m
    *  core-auth…-service  running                 person (anna)  019a0b1c-2d3e   3m
    ✗  app                 failed: the host refu…  sweep          019a0b1c-2d3e   3m
    !  (one-off)           held, 1 written         webhook        019a0b1c-2d3e   3m

    There are more: -L COUNT lists as many as you want.

    what is held: refsync run view 019a0b1c-2d3e; to release it: refsync run approve
    019a0b1c-2d3e
    ");
}

#[test]
fn a_wide_list_and_a_pipe_have_whole_ids() {
    insta::assert_snapshot!(list(&several()[..1], false, true, &Screen::plain(80, now()).endless()), @"
       MIRROR  RESULT                TRIGGER  ID                                     TOOK  AGE     BYTES  ATTEMPT  WORKER
    ✓  app     succeeded, 1 written  webhook  019a0b1c-2d3e-7000-8000-000000000001  1.0 s   3m  12.5 KiB        1  host-1-abcd
    ");
    insta::assert_snapshot!(list(&several()[..1], false, false, &Screen::pipe(now())), @"succeeded	app	succeeded, 1 written	webhook	019a0b1c-2d3e-7000-8000-000000000001	1.0 s	2026-11-21T08:57:00.000Z");
}

#[test]
fn no_runs_say_how_to_make_one() {
    insta::assert_snapshot!(none(false, &Screen::plain(80, now())), @"
    There were no runs yet.
    to make one: refsync mirror run NAME
    ");
}

#[test]
fn a_run_is_shown_with_its_references() {
    let references = [
        reference("refs/heads/main"),
        RunReference {
            old: None,
            outcome: "created".into(),
            text: "created".into(),
            ..reference("refs/tags/v1")
        },
    ];
    insta::assert_snapshot!(view(&run(), &references, &Screen::plain(80, now())), @"
    ✓ app · 019a0b1c-2d3e · succeeded, 1 written
    By webhook, 3 minutes ago

      From       https://git.harness.io/acct/org/x/app.git
      To         https://ghe.corp.example/acme/app.git
      Asked for  refs/heads/main
      Told       refs/heads/main a1b2c3d → b1b2c3d
      Took       1.0 s (observe 0.2 s, relay 0.5 s)
      Relayed    12.5 KiB
      In sync    1,203 references

    References
         REFERENCE        OLD      NEW      ON      OUTCOME
      ✓  refs/heads/main  a1b2c3d  b1b2c3d  target  updated
      ✓  refs/tags/v1     absent   b1b2c3d  target  created
    ");
}

#[test]
fn a_failed_run_names_the_side_at_fault_what_to_do_and_the_commands_by_hand() {
    let failed = &several()[2];
    insta::assert_snapshot!(view(failed, &[], &Screen::plain(80, now())), @"
    ✗ app · 019a0b1c-2d3e · failed
    By sweep, 3 minutes ago

      From       https://git.harness.io/acct/org/x/app.git
      To         https://ghe.corp.example/acme/app.git
      Asked for  refs/heads/main
      Told       refs/heads/main a1b2c3d → b1b2c3d
      Took       1.0 s (observe 0.2 s, relay 0.5 s)
      Relayed    12.5 KiB
      In sync    1,203 references

      Error     the host refused the token of the credential ghe (HTTP 401)
      At fault  the target, during observe
      To do     renew the token that ${env:GHE} holds: it may have expired

    The same by hand
      git ls-remote https://ghe.corp.example/acme/app.git

    when that is done: refsync run rerun 019a0b1c-2d3e; the log: refsync run view
    019a0b1c-2d3e --log
    ");
}

#[test]
fn a_refused_run_shows_the_push_by_hand() {
    let refused = Run {
        state: RunState::Refused,
        exit_code: Some(2),
        ..run()
    };
    let reference = RunReference {
        outcome: "rejected".into(),
        text: "rejected".into(),
        remote: Some("protected branch".into()),
        ..reference("refs/heads/main")
    };
    insta::assert_snapshot!(view(&refused, &[reference], &Screen::plain(80, now())), @"
    ! app · 019a0b1c-2d3e · refused, 1 written
    By webhook, 3 minutes ago

      From       https://git.harness.io/acct/org/x/app.git
      To         https://ghe.corp.example/acme/app.git
      Asked for  refs/heads/main
      Told       refs/heads/main a1b2c3d → b1b2c3d
      Took       1.0 s (observe 0.2 s, relay 0.5 s)
      Relayed    12.5 KiB
      In sync    1,203 references

    References
         REFERENCE        OLD      NEW      ON      OUTCOME
      ✗  refs/heads/main  a1b2c3d  b1b2c3d  target  rejected: protected branch

    The same by hand
      git ls-remote https://ghe.corp.example/acme/app.git refs/heads/main
      git fetch https://git.harness.io/acct/org/x/app.git refs/heads/main
      git push --force-with-lease=refs/heads/main:a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4 https://ghe.corp.example/acme/app.git b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4:refs/heads/main

    what waits: refsync mirror diff app; to decide: refsync conflict list
    ");
}

#[test]
fn a_log_cannot_steer_the_terminal() {
    let line = LogLine {
        number: 1,
        at: crate::output::fixtures::ago(0),
        level: "remote".into(),
        text: "\u{1b}]0;owned\u{7} policy".into(),
    };
    insta::assert_snapshot!(log_line(&line, &Screen::plain(80, now())), @r#"09:00:00  \u{1b}]0;owned\u{7} policy"#);
    insta::assert_snapshot!(log_line(&line, &Screen::pipe(now())), @r#"2026-11-21T09:00:00.000Z	remote	\u{1b}]0;owned\u{7} policy"#);
}
