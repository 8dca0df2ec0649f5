use std::collections::BTreeMap;

use crate::mirror::{Filter, Health};
use crate::page::Ask;
use crate::queue::{Come, Outcome, Quiet, Quietly};
use crate::testing::*;
use crate::{StoreError, Time};

fn labelled(name: &str, team: &str) -> crate::mirror::Known {
    let mut known = known(name);
    known.labels = [("team".to_owned(), team.to_owned())].into();
    known
}

async fn names(fresh: &Fresh, filter: &Filter) -> Vec<String> {
    let ask = Ask {
        after: None,
        limit: 100,
    };
    let page = fresh.store.mirrors(filter, &ask).await.unwrap();
    // The keys are those of the same mirrors, in the same order.
    let keys = fresh.store.mirror_keys(filter).await.unwrap();
    let names: Vec<String> = page.items.into_iter().map(|item| item.known.name).collect();
    assert_eq!(keys.into_iter().map(|key| key.name).collect::<Vec<_>>(), names);
    names
}

on_both!(mirrors_are_found_by_label_state_and_text, |fresh| {
    let mirrors = [
        labelled("app", "pay"),
        labelled("Web_1", "pay"),
        labelled("docs", "core"),
    ];
    fresh.store.adopt(&mirrors, Time(0)).await.unwrap();
    let pay = Filter {
        labels: [("team".to_owned(), "pay".to_owned())].into(),
        ..Filter::default()
    };
    assert_eq!(names(&fresh, &pay).await, ["Web_1", "app"]);
    let search = |text: &str| Filter {
        search: Some(text.to_owned()),
        ..Filter::default()
    };
    assert_eq!(names(&fresh, &search("WEB_")).await, ["Web_1"]);
    assert_eq!(names(&fresh, &search("b.example/do")).await, ["docs"]);
    assert!(
        names(&fresh, &search("%")).await.is_empty(),
        "no letter stands for others"
    );
    fresh.store.adopt(&mirrors[..2], Time(1)).await.unwrap();
    assert_eq!(names(&fresh, &Filter::default()).await, ["Web_1", "app"]);
    let parked = Filter {
        health: vec![Health::Parked],
        ..Filter::default()
    };
    assert_eq!(names(&fresh, &parked).await, ["docs"]);
    let all = Filter {
        parked: true,
        ..Filter::default()
    };
    assert_eq!(names(&fresh, &all).await.len(), 3);
    let counts = fresh.store.mirror_counts().await.unwrap();
    assert_eq!(counts, BTreeMap::from([(Health::New, 2), (Health::Parked, 1)]));
    // A label that changes is found by its new value alone.
    fresh
        .store
        .adopt(&[labelled("app", "core")], Time(2))
        .await
        .unwrap();
    assert!(names(&fresh, &pay).await.is_empty());
});

on_both!(mirrors_are_read_by_their_names, |fresh| {
    let mirrors = [known("app"), known("web"), known("docs")];
    fresh.store.adopt(&mirrors, Time(0)).await.unwrap();
    let found = fresh
        .store
        .mirrors_named(&["web", "nobody", "app"])
        .await
        .unwrap();
    let mut names: Vec<String> = found.into_iter().map(|one| one.known.name).collect();
    names.sort();
    assert_eq!(names, ["app", "web"]);
    assert!(fresh.store.mirrors_named(&[]).await.unwrap().is_empty());
});

on_both!(pages_hold_every_mirror_once, |fresh| {
    let mirrors: Vec<_> = (0..23).map(|number| known(&format!("m{number}"))).collect();
    fresh.store.adopt(&mirrors, Time(0)).await.unwrap();
    let mut seen = Vec::new();
    let mut ask = Ask {
        after: None,
        limit: 5,
    };
    loop {
        let page = fresh.store.mirrors(&Filter::default(), &ask).await.unwrap();
        seen.extend(page.items.into_iter().map(|item| item.known.name));
        ask.after = page.next;
        if ask.after.is_none() {
            break;
        }
    }
    let mut expected: Vec<_> = mirrors.into_iter().map(|known| known.name).collect();
    expected.sort();
    assert_eq!(seen, expected);
    ask.after = Some("nonsense".to_owned());
    let error = fresh.store.mirrors(&Filter::default(), &ask).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }));
});

fn none(_: &Quiet) -> Quietly {
    Quietly::Marked
}

on_both!(
    a_sweep_that_the_caller_looked_at_is_over_unless_somebody_worked_meanwhile,
    |fresh| {
        let store = &fresh.store;
        fresh.settled("app").await;
        let now = Time(900_000);
        let come = async || store.mark_sweeps(now, 10, &|_| Quietly::Spared).await.unwrap();
        let first = come().await;
        assert_eq!((first.due.len(), first.spared.len()), (0, 1));
        let left = store.mark_sweeps(now, 10, &|_| Quietly::Left).await.unwrap();
        assert_eq!((left.due.len(), left.spared.len()), (0, 0));
        assert_eq!(come().await.spared, first.spared, "it has come until it is told");

        // Somebody works on it meanwhile.
        store
            .mark_due("app", &[pushed("main", '1', '2')], now)
            .await
            .unwrap();
        store.pass_sweeps(&first.spared, now).await.unwrap();
        assert_eq!(come().await.due, ["app"], "what is due is no quiet sweep");
        let claim = fresh.claim("w", now).await.unwrap();
        let outcome = Outcome {
            all_in_sync: Some(1),
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, now).await.unwrap();

        let later = Time(1_800_000);
        let spared = store
            .mark_sweeps(later, 10, &|_| Quietly::Spared)
            .await
            .unwrap()
            .spared;
        assert_eq!(spared[0].fence, claim.fence);
        store.pass_sweeps(&spared, later).await.unwrap();
        let after = store.mark_sweeps(later, 10, &|_| Quietly::Spared).await.unwrap();
        assert!(after.spared.is_empty() && after.next.unwrap() > later);
        assert_eq!(store.mirror("app").await.unwrap().in_sync_at, Some(later));
    }
);

on_both!(sweeps_come_once_each_in_step_and_spread, |fresh| {
    let mirrors: Vec<_> = (0..200).map(|number| known(&format!("m{number}"))).collect();
    fresh.store.adopt(&mirrors, Time(0)).await.unwrap();
    while let Some(claim) = fresh.claim("w", Time(0)).await {
        fresh
            .store
            .finish(&claim, &Outcome::default(), Time(0))
            .await
            .unwrap();
    }
    let mut parts = Vec::new();
    for tenth in 1..=10 {
        let Come { due: names, next, .. } = fresh
            .store
            .mark_sweeps(Time(tenth * 30_000), 500, &none)
            .await
            .unwrap();
        parts.push(names.len());
        assert!(next.unwrap() > Time(tenth * 30_000));
    }
    assert_eq!(parts.iter().sum::<usize>(), 200, "each once in an interval");
    assert!(parts.iter().all(|part| *part > 5), "spread: {parts:?}");
    // Long asleep: what was missed is one sweep.
    let later = Time(100 * 300_000);
    for left in [150, 50, 0] {
        let come = fresh.store.mark_sweeps(later, 150, &none).await.unwrap();
        assert_eq!(come.due.len(), left);
    }
});

on_both!(who_does_not_sweep_or_is_paused_is_not_swept, |fresh| {
    fresh.settled("app").await;
    fresh.store.set_paused("app", Some("ada"), Time(1)).await.unwrap();
    let Come { due: names, next, .. } = fresh.store.mark_sweeps(Time(900_000), 10, &none).await.unwrap();
    assert!(names.is_empty() && next.is_none());
    let mut never = known("app");
    never.sweep_ms = None;
    fresh.store.adopt(&[never], Time(2)).await.unwrap();
    fresh.store.set_paused("app", None, Time(3)).await.unwrap();
    assert!(
        fresh
            .store
            .mark_sweeps(Time(900_000), 10, &none)
            .await
            .unwrap()
            .due
            .is_empty()
    );
});

on_both!(a_configuration_taken_over_twice_changes_nothing, |fresh| {
    fresh.settled("app").await;
    let before = fresh.store.mirror("app").await.unwrap();
    fresh.store.adopt(&[known("app")], Time(10)).await.unwrap();
    assert_eq!(fresh.store.mirror("app").await.unwrap(), before);
    assert!(fresh.claim("w", Time(11)).await.is_none());
    // Other rules ask for a new look.
    let mut changed = known("app");
    changed.fingerprint = "f2".to_owned();
    fresh.store.adopt(&[changed], Time(12)).await.unwrap();
    assert!(dues(&fresh.claim("w", Time(12)).await.unwrap()).all);
});

on_both!(a_pause_names_who_and_when, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store.set_paused("app", Some("ada"), Time(5)).await.unwrap();
    store.set_paused("app", Some("bob"), Time(6)).await.unwrap();
    let mirror = store.mirror("app").await.unwrap();
    assert_eq!(mirror.health, Health::Paused);
    assert_eq!(mirror.paused, Some(("ada".to_owned(), Time(5))));
    store.set_paused("app", None, Time(7)).await.unwrap();
    assert_eq!(store.mirror("app").await.unwrap().health, Health::InSync);
    assert!(store.set_paused("nobody", None, Time(7)).await.is_err());
});

on_both!(a_mirror_made_over_the_api_is_edited_by_version, |fresh| {
    let store = &fresh.store;
    let made = store.make("app", "{}", Time(1)).await.unwrap();
    let twice = store.make("app", "{}", Time(1)).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))));
    let changed = store
        .remake("app", "{\"a\":1}", made.version, Time(2))
        .await
        .unwrap();
    let stale = store
        .remake("app", "{}", made.version, Time(3))
        .await
        .unwrap_err();
    assert!(stale.to_string().contains("version 2, not 1"), "{stale}");
    assert_eq!(store.made_one("app").await.unwrap(), Some(changed.clone()));
    assert_eq!(store.made_one("other").await.unwrap(), None);
    assert_eq!(store.made().await.unwrap(), [changed]);
    store.unmake("app", Time(4)).await.unwrap();
    assert!(matches!(
        store.unmake("app", Time(4)).await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(store.made().await.unwrap().is_empty());
    // A name of the file's is taken, too.
    store.adopt(&[known("file")], Time(5)).await.unwrap();
    assert!(matches!(
        store.make("file", "{}", Time(6)).await,
        Err(StoreError::Conflict(_))
    ));
});

on_both!(the_number_of_references_is_unknown_before_a_full_look, |fresh| {
    let store = &fresh.store;
    let references = async || store.mirror("app").await.unwrap().references;
    store.adopt(&[known("app")], Time(0)).await.unwrap();
    assert_eq!(references().await, None);
    let claim = fresh.claim("w", Time(0)).await.unwrap();
    store.finish(&claim, &Outcome::default(), Time(0)).await.unwrap();
    assert_eq!(references().await, None, "a run that did not look at all of it");
    store
        .mark_due("app", &[crate::queue::Due::sweep()], Time(1))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(1)).await.unwrap();
    let outcome = Outcome {
        looked_at: Some(0),
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(1)).await.unwrap();
    assert_eq!(references().await, Some(0));
});

on_both!(
    where_more_sweeps_have_come_than_were_asked_for_the_next_comes_at_once,
    |fresh| {
        let mirrors: Vec<_> = (0..3).map(|number| known(&format!("m{number}"))).collect();
        fresh.store.adopt(&mirrors, Time(0)).await.unwrap();
        let later = Time(10_000_000);
        let first = fresh.store.mark_sweeps(later, 2, &none).await.unwrap();
        assert_eq!((first.due.len(), first.next), (2, Some(later)));
        let rest = fresh.store.mark_sweeps(later, 2, &none).await.unwrap();
        assert_eq!(rest.due.len(), 1);
        assert!(rest.next > Some(later));
    }
);

on_both!(what_runs_by_hand_alone_is_never_due_by_itself, |fresh| {
    let store = &fresh.store;
    let by_hand = |fingerprint: &str| crate::mirror::Known {
        fingerprint: fingerprint.to_owned(),
        sweep_ms: None,
        by_hand: true,
        ..known("app")
    };
    let next = async || store.mirror("app").await.unwrap().next_at;
    store.adopt(&[by_hand("f1")], Time(1)).await.unwrap();
    assert_eq!(
        (next().await, store.mirror("app").await.unwrap().health),
        (None, Health::New)
    );
    store.adopt(&[by_hand("f2")], Time(2)).await.unwrap();
    assert_eq!(next().await, None, "it changed");
    store.adopt(&[], Time(3)).await.unwrap();
    store.adopt(&[by_hand("f2")], Time(4)).await.unwrap();
    assert_eq!(next().await, None, "it is back");
    assert!(fresh.claim("w", Time(5)).await.is_none());

    store.adopt(&[known("app")], Time(6)).await.unwrap();
    assert_eq!(next().await, Some(Time(6)), "it runs by itself from now on");
    store.adopt(&[by_hand("f2")], Time(7)).await.unwrap();
    assert_eq!(next().await, None, "what was due is so no more");
    assert!(fresh.claim("w", Time(8)).await.is_none());

    let dir = testkit::tmp();
    let file = dir.path().join("copy");
    store.backup(&file).await.unwrap();
    store.restore(&file).await.unwrap();
    assert_eq!(next().await, None, "a copy was put back");
    assert!(fresh.claim("w", Time::now()).await.is_none());
});
