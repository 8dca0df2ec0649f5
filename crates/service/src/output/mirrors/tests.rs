use super::*;
use crate::api::model::mirror::{Counts, Paused};
use crate::output::fixtures::{ago as moment, conflict, mirror, now, run};

fn several() -> Vec<Mirror> {
    vec![
        mirror("pay-api"),
        Mirror {
            direction: Direction::TwoWay,
            state: MirrorState::Waiting,
            counts: Counts {
                conflicts: 2,
                held: 1,
                refused: 0,
                references: Some(14),
            },
            behind_since: Some(moment(7_200)),
            ..mirror("app")
        },
        Mirror {
            state: MirrorState::Failed,
            error: Some("the host refused the token (HTTP 401)".into()),
            behind_since: Some(moment(300)),
            ..mirror("core-authentication-service")
        },
        Mirror {
            state: MirrorState::Moving,
            behind_since: Some(moment(2)),
            changed_at: None,
            ..mirror("pay-web")
        },
    ]
}

#[test]
fn a_list_fits_a_terminal_of_80_columns() {
    insta::assert_snapshot!(list(&several(), false, &Screen::plain(80, now())), @"
       NAME                    STATE                           BEHIND  CHANGED
    ✓  pay-api                 in sync                                 3 minutes ago
    !  app                     waiting: 2 conflicts, 1 held…       2h  3 minutes ago
    ✗  core-authen…on-service  failed: the host refused the…       5m  3 minutes ago
    *  pay-web                 moving                              2s

    4 mirrors: 1 in sync, 1 moving, 1 waiting, 1 failed
    to decide: refsync conflict list, refsync run list --state held,refused
    why: refsync mirror view NAME
    ");
}

#[test]
fn a_list_of_120_columns_has_more_room() {
    insta::assert_snapshot!(list(&several(), false, &Screen::plain(120, now())), @"
       NAME                STATE                           BEHIND  SOURCE                 TARGET               CHANGED
    ✓  pay-api             in sync                                 git.harne…/pay-api  →  ghe.corp.…e/pay-api  3 minutes ago
    !  app                 waiting: 2 conflicts, 1 held…       2h  git.harne…/pay/app  ⇄  ghe.corp.…/acme/app  3 minutes ago
    ✗  core-auth…-service  failed: the host refused the…       5m  git.harne…-service  →  ghe.corp.…n-service  3 minutes ago
    *  pay-web             moving                              2s  git.harne…/pay-web  →  ghe.corp.…e/pay-web

    4 mirrors: 1 in sync, 1 moving, 1 waiting, 1 failed
    to decide: refsync conflict list, refsync run list --state held,refused
    why: refsync mirror view NAME
    ");
}

#[test]
fn a_wide_list_is_not_cut() {
    insta::assert_snapshot!(list(&several()[..2], true, &Screen::plain(80, now()).endless()), @"
       NAME     STATE                             BEHIND  SOURCE                                  TARGET                         CHANGED        REFERENCES  LABELS    LAST RUN                              DEFINED IN
    ✓  pay-api  in sync                                   git.harness.io/acct/org/pay/pay-api  →  ghe.corp.example/acme/pay-api  3 minutes ago  1,204       team=pay  019a0b1c-2d3e-7000-8000-000000000001  refsync.yaml:31
    !  app      waiting: 2 conflicts, 1 held run      2h  git.harness.io/acct/org/pay/app      ⇄  ghe.corp.example/acme/app      3 minutes ago  14          team=pay  019a0b1c-2d3e-7000-8000-000000000001  refsync.yaml:31

    2 mirrors: 1 in sync, 1 waiting
    to decide: refsync conflict list, refsync run list --state held,refused
    ");
}

#[test]
fn a_pipe_gets_whole_addresses_and_times() {
    insta::assert_snapshot!(list(&several()[..2], false, &Screen::pipe(now())), @"
    in sync	pay-api	in sync		https://git.harness.io/acct/org/pay/pay-api.git	one-way	https://ghe.corp.example/acme/pay-api.git	2026-11-21T08:57:00.000Z
    waiting	app	waiting: 2 conflicts, 1 held run	2026-11-21T07:00:00.000Z	https://git.harness.io/acct/org/pay/app.git	two-way	https://ghe.corp.example/acme/app.git	2026-11-21T08:57:00.000Z
    ");
}

#[test]
fn an_empty_list_says_what_to_do_next() {
    insta::assert_snapshot!(none(false, &Screen::plain(80, now())), @"
    There are no mirrors yet.
    add them to refsync.yaml (refsync config schema describes it), or: refsync
    mirror create NAME --source URL --target URL
    ");
    assert_eq!(none(true, &Screen::plain(80, now())), "No mirror matches.\n");
    assert_eq!(none(false, &Screen::pipe(now())), "");
}

#[test]
fn one_mirror_is_shown_with_its_conflicts_and_runs() {
    let mirror = Mirror {
        description: Some("the app, both ways".into()),
        ..several().remove(1)
    };
    let beside = Beside {
        conflicts: vec![conflict()],
        runs: vec![run()],
        input_sets: Vec::new(),
    };
    insta::assert_snapshot!(view(&mirror, &beside, &Screen::plain(80, now())), @"
    ! app · waiting, behind for 2 hours
    the app, both ways

      Source      https://git.harness.io/acct/org/pay/app.git (github, credential
                  ghe)
      Target      https://ghe.corp.example/acme/app.git (github, credential ghe)
      Direction   both ways
      References  refs/heads/* refs/tags/*
      Deletions   not mirrored
      Rewrites    where the old value is known
      Looked at   on every webhook, every 5 minutes
      Labels      team=pay
      Defined in  refsync.yaml:31
      In scope    14 references
      In sync     12 seconds ago
      Changed     3 minutes ago

    Conflicts
      REFERENCE        SOURCE   TARGET   BASE     SINCE
      refs/heads/main  a1b2c3d  b1b2c3d  c1b2c3d     2h

    Last runs
         RESULT                TRIGGER  ID              TOOK  AGE
      ✓  succeeded, 1 written  webhook  019a0b1c-2d3e  1.0 s   3m

    to decide: refsync conflict view app REFERENCE
    ");
}

#[test]
fn a_failed_mirror_tells_the_error_and_the_next_try() {
    let mirror = Mirror {
        failures: 4,
        next_at: Some(moment(-120)),
        paused: Some(Paused {
            by: "anna".into(),
            at: moment(60),
        }),
        ..several().remove(2)
    };
    let beside = Beside {
        conflicts: Vec::new(),
        runs: Vec::new(),
        input_sets: Vec::new(),
    };
    insta::assert_snapshot!(view(&mirror, &beside, &Screen::plain(80, now())), @"
    ✗ core-authentication-service · failed, behind for 5 minutes

      Source      https://git.harness.io/acct/org/pay/core-authentication-service.git
                  (github, credential ghe)
      Target      https://ghe.corp.example/acme/core-authentication-service.git
                  (github, credential ghe)
      Direction   one way
      References  refs/heads/* refs/tags/*
      Deletions   not mirrored
      Rewrites    where the old value is known
      Looked at   on every webhook, every 5 minutes
      Labels      team=pay
      Defined in  refsync.yaml:31
      In scope    1,204 references
      In sync     12 seconds ago
      Changed     3 minutes ago
      Paused      by anna, 1 minute ago
      Error       the host refused the token (HTTP 401) (4 times in a row)
      Next try    in 2 minutes

    details: refsync run view --mirror core-authentication-service; preflight:
    refsync mirror check core-authentication-service
    ");
}

#[test]
fn a_list_says_why_references_are_not_written() {
    let waiting = |refused, why: Option<&str>| Mirror {
        state: MirrorState::Waiting,
        counts: Counts {
            refused,
            ..Counts::default()
        },
        refusal: why.map(Into::into),
        ..mirror("app")
    };
    let told = list(&[waiting(1, Some("hook declined"))], false, &Screen::pipe(now()));
    assert!(
        told.contains("\twaiting: 1 reference not written: hook declined\t"),
        "{told}"
    );
    let told = list(
        &[waiting(2, Some("\u{1b}[2Jprotected"))],
        true,
        &Screen::pipe(now()),
    );
    assert!(
        told.contains("waiting: 2 references not written: ") && !told.contains('\u{1b}'),
        "{told}"
    );
}
