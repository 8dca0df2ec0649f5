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
    insta::assert_snapshot!(list(&several(), true, false, &Screen::plain(80, now())), @"");
}

#[test]
fn a_wide_list_and_a_pipe_have_whole_ids() {
    insta::assert_snapshot!(list(&several()[..1], false, true, &Screen::plain(80, now()).endless()), @"");
    insta::assert_snapshot!(list(&several()[..1], false, false, &Screen::pipe(now())), @"");
}

#[test]
fn no_runs_say_how_to_make_one() {
    insta::assert_snapshot!(none(false, &Screen::plain(80, now())), @"");
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
    insta::assert_snapshot!(view(&run(), &references, &Screen::plain(80, now())), @"");
}

#[test]
fn a_failed_run_names_the_side_at_fault_what_to_do_and_the_commands_by_hand() {
    let failed = &several()[2];
    insta::assert_snapshot!(view(failed, &[], &Screen::plain(80, now())), @"");
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
    insta::assert_snapshot!(view(&refused, &[reference], &Screen::plain(80, now())), @"");
}

#[test]
fn a_log_cannot_steer_the_terminal() {
    let line = LogLine {
        number: 1,
        at: crate::output::fixtures::ago(0),
        level: "remote".into(),
        text: "\u{1b}]0;owned\u{7} policy".into(),
    };
    insta::assert_snapshot!(log_line(&line, &Screen::plain(80, now())), @"");
    insta::assert_snapshot!(log_line(&line, &Screen::pipe(now())), @"");
}
