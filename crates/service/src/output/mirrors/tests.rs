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
                references: 14,
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
    insta::assert_snapshot!(list(&several(), false, &Screen::plain(80, now())), @"");
}

#[test]
fn a_list_of_120_columns_has_more_room() {
    insta::assert_snapshot!(list(&several(), false, &Screen::plain(120, now())), @"");
}

#[test]
fn a_wide_list_is_not_cut() {
    insta::assert_snapshot!(list(&several()[..2], true, &Screen::plain(80, now()).endless()), @"");
}

#[test]
fn a_pipe_gets_whole_addresses_and_times() {
    insta::assert_snapshot!(list(&several()[..2], false, &Screen::pipe(now())), @"");
}

#[test]
fn an_empty_list_says_what_to_do_next() {
    insta::assert_snapshot!(none(false, &Screen::plain(80, now())), @"");
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
    insta::assert_snapshot!(view(&mirror, &beside, &Screen::plain(80, now())), @"");
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
    insta::assert_snapshot!(view(&mirror, &beside, &Screen::plain(80, now())), @"");
}
