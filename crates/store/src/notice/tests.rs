use gitwire::RefName;

use crate::conflict::{Standing, Why};
use crate::mirror::Known;
use crate::notice::*;
use crate::queue::Outcome;
use crate::queue::tests::stands;
use crate::testing::*;

const CAUSE: &str = "credential ghe 401";

on_both!(one_cause_under_many_mirrors_is_told_once, |fresh| {
    let store = &fresh.store;
    for number in 0..3 {
        let mirror = format!("m{number}");
        store
            .raise(
                CAUSE,
                "failure",
                "the token is refused",
                &mirror,
                Time(10 + number),
            )
            .await
            .unwrap();
    }
    assert!(
        store.untold(Time(9), Time(20)).await.unwrap().is_empty(),
        "mirrors gather first"
    );
    let untold = store.untold(Time(10), Time(20)).await.unwrap();
    assert_eq!((untold.len(), untold[0].since), (1, Time(10)));
    assert_eq!(untold[0].mirrors, ["m0", "m1", "m2"]);
    assert!(
        store.untold(Time(10), Time(21)).await.unwrap().is_empty(),
        "this caller's alone"
    );
    // It died before it told anybody.
    assert_eq!(store.untold(Time(10), Time(60_021)).await.unwrap().len(), 1);
    store.told(CAUSE, false, Time(60_022)).await.unwrap();
    store
        .raise(CAUSE, "failure", "the token is refused", "m9", Time(70_000))
        .await
        .unwrap();
    assert!(
        store
            .untold(Time(90_000), Time(190_000))
            .await
            .unwrap()
            .is_empty()
    );
});

on_both!(an_end_is_told_once_it_is_over_for_all, |fresh| {
    let store = &fresh.store;
    for mirror in ["a", "b"] {
        store
            .raise(CAUSE, "failure", "no", mirror, Time(10))
            .await
            .unwrap();
    }
    store.untold(Time(10), Time(11)).await.unwrap();
    store.told(CAUSE, false, Time(12)).await.unwrap();
    store.settle_notice(CAUSE, "a", Time(20)).await.unwrap();
    assert!(store.untold(Time(20), Time(100_000)).await.unwrap().is_empty());
    assert_eq!(store.notices().await.unwrap()[0].mirrors, ["b"]);
    store.settle_notice(CAUSE, "b", Time(30)).await.unwrap();
    assert!(store.notices().await.unwrap().is_empty());
    let untold = store.untold(Time(0), Time(100_000)).await.unwrap();
    assert_eq!((untold.len(), untold[0].over), (1, Some(Time(30))));
    assert_eq!(untold[0].mirrors, ["a", "b"]);
    store.told(CAUSE, true, Time(100_001)).await.unwrap();
    assert!(store.untold(Time(0), Time(900_000)).await.unwrap().is_empty());
    // Again later, it is a new one.
    store
        .raise(CAUSE, "failure", "no", "c", Time(900_000))
        .await
        .unwrap();
    let untold = store.untold(Time(900_000), Time(900_001)).await.unwrap();
    assert_eq!(
        (untold[0].since, untold[0].mirrors.clone()),
        (Time(900_000), vec!["c".to_owned()])
    );
});

on_both!(what_was_over_before_anybody_was_told_is_never_told, |fresh| {
    let store = &fresh.store;
    store.raise(CAUSE, "failure", "no", "a", Time(10)).await.unwrap();
    store.settle_notice(CAUSE, "a", Time(11)).await.unwrap();
    assert!(store.untold(Time(100), Time(100_000)).await.unwrap().is_empty());
});

on_both!(
    who_heard_of_no_beginning_or_of_the_end_hears_when_it_begins_anew,
    |fresh| {
        let store = &fresh.store;
        let raise = async |now| store.raise(CAUSE, "failure", "no", "a", Time(now)).await.unwrap();
        let sent = async |end, recipient| {
            store.note_sent(CAUSE, end, recipient, Time(1)).await.unwrap();
        };
        let offered = async |now| store.untold(Time(now), Time(now)).await.unwrap();
        raise(10).await;
        sent(false, "there").await;
        store.settle_notice(CAUSE, "a", Time(20)).await.unwrap();
        raise(30).await;
        // The other was not there, and is owed the beginning.
        assert_eq!(offered(200_000).await.len(), 1);
        assert_eq!(
            store.sent(CAUSE).await.unwrap(),
            [(false, "there".to_owned())].into()
        );
        sent(false, "away").await;
        store.told(CAUSE, false, Time(200_001)).await.unwrap();
        store.settle_notice(CAUSE, "a", Time(200_002)).await.unwrap();
        assert_eq!(offered(200_003).await[0].over, Some(Time(200_002)));
        sent(true, "there").await;
        raise(300_000).await;
        // The end never reached the other, who is owed nothing.
        assert_eq!(offered(400_000).await.len(), 1);
        assert_eq!(
            store.sent(CAUSE).await.unwrap(),
            [(false, "away".to_owned())].into()
        );
    }
);

on_both!(
    the_failures_of_a_mirror_are_those_that_are_not_over_for_it,
    |fresh| {
        let store = &fresh.store;
        for (cause, event) in [(CAUSE, "failure"), ("conflict app main", "conflict")] {
            for mirror in ["app", "web"] {
                store.raise(cause, event, "no", mirror, Time(10)).await.unwrap();
            }
        }
        assert_eq!(store.failures("app").await.unwrap(), [CAUSE]);
        store.settle_notice(CAUSE, "app", Time(20)).await.unwrap();
        assert!(store.failures("app").await.unwrap().is_empty());
        assert_eq!(store.failures("web").await.unwrap(), [CAUSE]);
        let left: Vec<_> = store
            .notices()
            .await
            .unwrap()
            .into_iter()
            .map(|one| (one.cause, one.mirrors))
            .collect();
        let expected = [("conflict app main", vec!["app", "web"]), (CAUSE, vec!["web"])];
        let expected = expected.map(|(cause, mirrors)| {
            (
                cause.to_owned(),
                mirrors.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            )
        });
        assert_eq!(left, expected);
    }
);

on_both!(nothing_is_told_of_a_mirror_that_left_or_is_another_one, |fresh| {
    let store = &fresh.store;
    fresh.settled("app").await;
    let raise = async || {
        for (cause, event) in [(CAUSE, "failure"), ("conflict app main", "conflict")] {
            store.raise(cause, event, "no", "app", Time(10)).await.unwrap();
        }
        assert_eq!(store.notices().await.unwrap().len(), 2);
    };
    raise().await;
    let moved = Known {
        target_url: "https://other.example/app.git".into(),
        ..known("app")
    };
    store.adopt(&[moved], Time(20)).await.unwrap();
    assert!(store.notices().await.unwrap().is_empty());
    raise().await;
    store.adopt(&[], Time(30)).await.unwrap();
    assert!(store.notices().await.unwrap().is_empty());
});

#[tokio::test]
async fn the_failures_of_a_mirror_are_found_without_reading_those_of_others() {
    let fresh = sqlite().await;
    let plan = format!("EXPLAIN QUERY PLAN {FAILURES}");
    let plan = sqlx::AssertSqlSafe(plan);
    let rows = fresh.store.db().rows(plan, args!["app"]).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.text("detail").unwrap()).collect();
    assert!(
        steps
            .iter()
            .any(|step| step.contains("notice_mirrors_open (mirror=?)")),
        "{steps:?}"
    );
}

on_both!(what_waits_is_told_of_with_the_record_of_its_run, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let conflict = "conflict app refs/heads/main 1 2";
    let finish = async |at: i64, standing: Vec<Standing>, settled: Vec<RefName>, notices: Notices| {
        let dues = [pushed("main", '2', '3')];
        store.mark_due("app", &dues, Time(at)).await.unwrap();
        let claim = fresh.claim("w", Time(at)).await.unwrap();
        let outcome = Outcome {
            standing,
            settled,
            notices,
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(at)).await.unwrap();
        // Who has lost the claim tells nobody anything.
        let late = store.finish(&claim, &outcome, Time(at)).await;
        assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
        (
            store.conflict_count().await.unwrap(),
            store.notices().await.unwrap(),
        )
    };
    let raised = Notices {
        raised: vec![Raised {
            cause: conflict.into(),
            event: "conflict",
            text: "both sides changed".into(),
        }],
        settled: vec![],
    };
    let stands = stands("main", Why::Conflict, '1', '2', 10);
    let (open, inbox) = finish(10, vec![stands], vec![], raised).await;
    assert_eq!((open, inbox.len()), (1, 1));
    assert_eq!(
        (inbox[0].cause.as_str(), &inbox[0].mirrors),
        (conflict, &vec!["app".to_owned()])
    );
    let settled = Notices {
        raised: vec![],
        settled: vec![conflict.into()],
    };
    let (open, inbox) = finish(20, vec![], vec![name("main")], settled).await;
    assert_eq!((open, inbox.len()), (0, 0));
});
