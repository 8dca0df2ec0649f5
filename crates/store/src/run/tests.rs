use engine::side::Side;
use gitwire::RefName;

use crate::conflict::{Standing, Why};
use crate::page::Ask;
use crate::queue::Outcome;
use crate::queue::tests::stands;
use crate::run::*;
use crate::testing::*;
use crate::{StoreError, Time};

fn run_ref(short: &str, to: Side) -> RunRef {
    RunRef {
        name: name(short),
        to,
        old: Some(oid('1')),
        new: Some(oid('2')),
        outcome: "updated".to_owned(),
        text: "1111111..2222222".to_owned(),
        remote: Some("hello\0there".to_owned()),
        replaced: true,
    }
}

fn line(number: u32) -> LogLine {
    LogLine {
        number,
        at: Time(3),
        level: "info".to_owned(),
        text: format!("line {number}"),
    }
}

async fn ended(fresh: &Fresh, run: Run) {
    let store = &fresh.store;
    store.ask_run(&run, Time(1)).await.unwrap();
    let claim = fresh.claim("w", Time(2)).await.unwrap();
    let outcome = Outcome {
        run: Some(finished(run)),
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(3)).await.unwrap();
}

on_both!(a_run_is_kept_with_its_references_and_its_log, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let id = "01920000-aaaa-7000-8000-000000000001";
    let mut done = run(id, Some("app"), State::Succeeded);
    done.written = 2;
    done.exit = Some(0);
    done.inputs.references = vec!["refs/heads/main".to_owned()];
    done.inputs.order = Some(Order::Undo { run: "x".to_owned() });
    store.ask_run(&done, Time(1)).await.unwrap();
    assert_eq!(store.run(id).await.unwrap().state, State::Queued);
    let claim = fresh.claim("w", Time(2)).await.unwrap();
    store.begin_run(&claim, &done).await.unwrap();
    assert_eq!(store.run(id).await.unwrap().state, State::Running);
    assert_eq!(
        store.mirror("app").await.unwrap().health,
        crate::mirror::Health::Moving
    );
    store.append_log(id, &[line(1), line(2)]).await.unwrap();
    let end = Finished {
        run: done.clone(),
        references: vec![
            run_ref("b", Side::Target),
            run_ref("a", Side::Target),
            run_ref("a", Side::Source),
        ],
        log: vec![line(2), line(3)],
    };
    let outcome = Outcome {
        run: Some(end),
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(9)).await.unwrap();

    done.ended = Some(Time(9));
    assert_eq!(store.run(id).await.unwrap(), done);
    let mut refs = Vec::new();
    let mut ask = Ask {
        after: None,
        limit: 2,
    };
    while {
        let page = store.run_refs(id, &ask).await.unwrap();
        refs.extend(page.items);
        ask.after = page.next;
        ask.after.is_some()
    } {}
    let names: Vec<_> = refs
        .iter()
        .map(|one| (one.name.short().to_string(), one.to))
        .collect();
    let expected = [("a", Side::Source), ("a", Side::Target), ("b", Side::Target)];
    assert_eq!(names, expected.map(|(name, side)| (name.to_owned(), side)));
    assert_eq!(
        refs[0].remote.as_deref(),
        Some("hello\u{fffd}there"),
        "no database loses it over a NUL"
    );
    assert_eq!(
        store.run_log(id, 1, 10).await.unwrap(),
        [line(2), line(3)],
        "each line once"
    );
    let mirror = store.mirror("app").await.unwrap();
    assert_eq!(
        (mirror.last_run.as_deref(), mirror.changed_at),
        (Some(id), Some(Time(9)))
    );
});

on_both!(a_run_that_replaced_nothing_is_told_from_one_that_did, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let outcomes = [("1", true), ("2", false)].map(|(digit, last)| {
        let id = format!("01920000-aaaa-7000-8000-00000000000{digit}");
        let references = (0..600).map(|number| RunRef {
            replaced: last && number == 599,
            ..run_ref(&format!("b{number:03}"), Side::Target)
        });
        (id, references.collect::<Vec<_>>())
    });
    for (id, references) in &outcomes {
        let done = run(id, Some("app"), State::Succeeded);
        store.ask_run(&done, Time(1)).await.unwrap();
        let claim = fresh.claim("w", Time(2)).await.unwrap();
        let end = Finished {
            references: references.clone(),
            ..finished(done)
        };
        let outcome = Outcome {
            run: Some(end),
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(3)).await.unwrap();
    }
    assert!(
        store.run_replaced(&outcomes[0].0).await.unwrap(),
        "the last of 600"
    );
    assert!(!store.run_replaced(&outcomes[1].0).await.unwrap());
});

on_both!(
    who_is_to_be_approved_for_what_a_run_found_held_is_told_until_nobody_is,
    |fresh| {
        fresh.settled("app").await;
        let store = &fresh.store;
        let id = |digit: u32| format!("01920000-aaaa-7000-8000-00000000000{digit}");
        let finish =
            async |digit: u32, met: &[(&str, &str)], standing: Vec<Standing>, settled: Vec<RefName>| {
                let done = run(&id(digit), Some("app"), State::Held);
                store.ask_run(&done, Time(1)).await.unwrap();
                let claim = fresh.claim("w", Time(2)).await.unwrap();
                let reference = |(short, outcome): &(&str, &str)| RunRef {
                    outcome: (*outcome).to_owned(),
                    ..run_ref(short, Side::Target)
                };
                let end = Finished {
                    references: met.iter().map(reference).collect(),
                    ..finished(done)
                };
                let outcome = Outcome {
                    run: Some(end),
                    standing,
                    settled,
                    ..Outcome::default()
                };
                store.finish(&claim, &outcome, Time(3)).await.unwrap();
            };
        // As `run_ref` has it to the target, and with the sides exchanged.
        let held = |short: &str, digit: u32| Standing {
            run: id(digit),
            ..stands(short, Why::Held, '2', '1', 3)
        };
        let turned = |short: &str, digit: u32| Standing {
            run: id(digit),
            ..stands(short, Why::Held, '1', '2', 3)
        };
        let holders = async |digit: u32| {
            let holders = store.holders("app", &id(digit)).await.unwrap();
            let pairs = holders.into_iter().map(|one| (one.run, one.references));
            pairs.collect::<Vec<_>>()
        };
        finish(1, &[("a", "held")], vec![held("a", 1)], vec![]).await;
        assert_eq!(holders(1).await, [(id(1), 1)]);
        finish(2, &[("a", "standing")], vec![], vec![]).await;
        assert_eq!(holders(2).await, [(id(1), 1)]);
        finish(3, &[("a", "standing"), ("b", "held")], vec![held("b", 3)], vec![]).await;
        assert_eq!(holders(3).await, [(id(3), 1), (id(1), 1)], "itself before others");
        finish(
            4,
            &[("a", "standing"), ("b", "standing"), ("c", "standing")],
            vec![],
            vec![],
        )
        .await;
        assert_eq!(holders(4).await, [(id(1), 1), (id(3), 1)]);
        finish(5, &[("a", "held"), ("b", "held")], vec![], vec![]).await;
        assert_eq!(
            holders(5).await,
            [(id(5), 2)],
            "what it holds as well, with the same values"
        );
        assert_eq!(holders(1).await, [(id(1), 1)]);
        finish(6, &[("a", "held")], vec![turned("a", 6)], vec![]).await;
        for digit in [1, 2] {
            assert_eq!(holders(digit).await, [(id(6), 1)], "with other values");
        }
        assert_eq!(holders(5).await, [(id(5), 1), (id(6), 1)]);
        finish(
            7,
            &[("a", "deleted"), ("b", "deleted")],
            vec![],
            vec![name("a"), name("b")],
        )
        .await;
        for digit in 1..=7 {
            assert!(holders(digit).await.is_empty());
        }
    }
);

on_both!(a_run_is_found_by_a_unique_beginning_of_its_id, |fresh| {
    fresh.settled("app").await;
    let (one, other) = ("01920000-aaaa", "01920000-abbb");
    ended(&fresh, run(one, None, State::Succeeded)).await;
    ended(&fresh, run(other, None, State::Failed)).await;
    let store = &fresh.store;
    assert_eq!(store.run("01920000-AA").await.unwrap().id, one);
    let several = store.run("01920000-a").await.unwrap_err().to_string();
    assert!(several.contains(one) && several.contains(other), "{several}");
    for nothing in ["0192", "01920001", "01920000-a%", "'; DROP TABLE runs"] {
        let error = store.run(nothing).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{nothing}: {error}");
    }
});

on_both!(runs_are_listed_newest_first_by_mirror_state_and_time, |fresh| {
    fresh.settled("app").await;
    for number in 1..=6 {
        let state = if number % 2 == 0 {
            State::Failed
        } else {
            State::Succeeded
        };
        let mirror = (number > 3).then_some("app");
        let mut one = run(&format!("01920000-000{number}"), mirror, state);
        one.created = Time(number);
        ended(&fresh, one).await;
    }
    let list = async |filter: Filter| {
        let mut ids = Vec::new();
        let mut ask = Ask {
            after: None,
            limit: 2,
        };
        loop {
            let page = fresh.store.runs(&filter, &ask).await.unwrap();
            ids.extend(page.items.iter().map(|run| run.id[12..].to_owned()));
            ask.after = page.next;
            if ask.after.is_none() {
                return ids.concat();
            }
        }
    };
    assert_eq!(list(Filter::default()).await, "654321");
    let of_app = Filter {
        mirror: Some("app".to_owned()),
        ..Filter::default()
    };
    assert_eq!(list(of_app).await, "654");
    let failed = Filter {
        states: vec![State::Failed, State::Held],
        since: Some(Time(3)),
        ..Filter::default()
    };
    assert_eq!(list(failed).await, "64");
});

on_both!(a_sweep_that_found_nothing_leaves_no_run, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    ended(&fresh, run("01920000-0001", Some("app"), State::Succeeded)).await;
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(10))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    let begun = run("01920000-0002", Some("app"), State::Running);
    store.begin_run(&claim, &begun).await.unwrap();
    store.finish(&claim, &Outcome::default(), Time(12)).await.unwrap();
    assert!(store.run("01920000-0002").await.is_err());
    let last = store.mirror("app").await.unwrap().last_run;
    assert_eq!(last.as_deref(), Some("01920000-0001"));
});

on_both!(what_is_old_goes_and_what_waits_for_a_person_stays, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let day = 86_400_000;
    for number in 1..=5 {
        let mut one = run(&format!("01920000-000{number}"), Some("app"), State::Succeeded);
        one.created = Time(number * day);
        if number == 2 {
            one.state = State::Held;
        }
        store.ask_run(&one, Time(1)).await.unwrap();
        let claim = fresh.claim("w", Time(2)).await.unwrap();
        let mut outcome = Outcome {
            run: Some(Finished {
                references: vec![run_ref("a", Side::Target)],
                log: vec![line(1)],
                run: one.clone(),
            }),
            ..Outcome::default()
        };
        if number == 2 {
            let mut held = stands("x", Why::Held, '1', '2', 0);
            held.run = one.id.clone();
            outcome.standing = vec![held];
        }
        store.finish(&claim, &outcome, Time(3)).await.unwrap();
    }
    assert_eq!(store.mirror("app").await.unwrap().held, 1);
    let left = async || {
        let page = store.runs(&Filter::default(), &Ask::default()).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|run| run.id[12..].to_owned()).collect();
        ids.concat()
    };
    assert_eq!(store.prune(0, 0, 0, Time(100 * day)).await.unwrap(), 0);
    assert_eq!(store.prune(3, 0, 0, Time(6 * day)).await.unwrap(), 1);
    assert_eq!(left().await, "5432");
    assert_eq!(store.prune(0, 2, 0, Time(6 * day)).await.unwrap(), 1);
    assert_eq!(
        left().await,
        "542",
        "the held one and the last of the mirror stay"
    );
    assert!(store.run_log("01920000-0003", 0, 0).await.unwrap().is_empty());
    let refs = store.run_refs("01920000-0003", &Ask::default()).await.unwrap();
    assert!(refs.items.is_empty());
    assert_eq!(store.prune(1, 1, 0, Time(900 * day)).await.unwrap(), 1);
    assert_eq!(left().await, "52");
});

on_both!(a_busy_mirror_does_not_push_out_the_runs_of_another, |fresh| {
    let store = &fresh.store;
    store.adopt(&[known("app"), known("web")], Time(0)).await.unwrap();
    let mirrors = [
        Some("web"),
        Some("app"),
        Some("app"),
        Some("app"),
        Some("app"),
        None,
    ];
    for (number, mirror) in mirrors.into_iter().enumerate() {
        ended(
            &fresh,
            run(&format!("01920000-000{number}"), mirror, State::Succeeded),
        )
        .await;
    }
    assert_eq!(store.prune(0, 2, 0, Time(100)).await.unwrap(), 2);
    let page = store.runs(&Filter::default(), &Ask::default()).await.unwrap();
    let left: Vec<_> = page.items.iter().map(|run| &run.id[12..]).collect();
    assert_eq!(left, ["5", "4", "3", "0"]);
});
