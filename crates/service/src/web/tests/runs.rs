//! What a run's page offers, and what its buttons do.

use engine::side::Both;
use serde_json::json;
use store::conflict::{Standing, Why};
use store::run::{LogLine, Run, RunRef, State};

use super::*;
use crate::api::tests::{held, line, oid, replaced, stands_held, waiting};

impl Signed {
    /// A run of `app` that holds these.
    async fn holding(&self, names: &[&str]) -> Run {
        let references = names.iter().map(|name| held(name)).collect();
        let standing = names.iter().map(|name| stands_held(name)).collect();
        self.bench.ran("app", State::Held, references, standing).await
    }

    async fn run_page(&self, run: &Run) -> String {
        self.page(&format!("/runs/{}", run.id)).await
    }
}

fn offers(page: &str, run: &Run, act: &str) -> bool {
    page.contains(&format!(r#""/runs/{}/{act}""#, run.id))
}

#[tokio::test]
async fn a_held_run_shows_what_it_would_do_and_leads_to_its_approval() {
    let signed = Signed::new().await;
    let run = signed.holding(&["a", "b"]).await;
    let page = signed.run_page(&run).await;
    assert!(page.contains("Held until a person approves it"), "{page}");
    assert!(page.contains("It would delete or rewrite 2 references. The others went through."));
    assert!(page.contains("<strong>deleted</strong>"));
    assert!(page.contains(&format!(r#"href="/runs/{}/approve">Approve…</a>"#, run.id)));
    let confirm = signed.page(&format!("/runs/{}/approve", run.id)).await;
    assert!(
        confirm.contains("refs/heads/a")
            && confirm.contains("refs/heads/b")
            && confirm.contains("Approve and write")
    );
}

#[tokio::test]
async fn a_held_run_counts_what_it_holds_and_not_what_it_refused() {
    let signed = Signed::new().await;
    let conflicts = (0..5).map(|number| RunRef {
        outcome: "conflict".into(),
        ..held(&format!("b{number}"))
    });
    let references = [held("a")].into_iter().chain(conflicts).collect();
    let run = signed
        .bench
        .ran("app", State::Held, references, vec![stands_held("a")])
        .await;
    let page = signed.run_page(&run).await;
    assert!(
        page.contains("It would delete or rewrite 1 reference.</p>"),
        "{page}"
    );
    assert!(page.contains("6 not written"), "{page}");
}

#[tokio::test]
async fn a_run_that_met_what_waits_counts_what_a_person_may_approve() {
    let signed = Signed::new().await;
    let met = |short: &str| RunRef {
        outcome: "standing".into(),
        ..held(short)
    };
    let holding = signed.holding(&["a"]).await;
    let refused = vec![waiting("b", Why::Refused)];
    signed
        .bench
        .ran("app", State::Refused, vec![held("b")], refused)
        .await;
    let again = vec![met("a"), met("b")];
    let again = signed.bench.ran("app", State::Held, again, vec![]).await;
    let page = signed.run_page(&again).await;
    assert!(
        page.contains("Deleting or rewriting 1 reference waits for approval."),
        "{page}"
    );
    assert!(page.contains(&holding.id), "{page}");
}

#[tokio::test]
async fn what_waits_no_more_is_not_offered_to_be_approved() {
    let signed = Signed::new().await;
    let first = signed.holding(&["a"]).await;
    // A webhook's run finds it waiting.
    let met = RunRef {
        outcome: "standing".into(),
        ..held("a")
    };
    let met = signed.bench.ran("app", State::Held, vec![met], vec![]).await;
    let page = signed.run_page(&met).await;
    assert!(!offers(&page, &met, "approve"), "{page}");
    assert!(
        page.contains(&format!(r#"href="/runs/{}">See the run that holds it"#, first.id)),
        "{page}"
    );
    assert!(
        page.contains("Deleting or rewriting 1 reference waits for approval."),
        "{page}"
    );
    // Somebody presses Run now: it holds the same, and may be approved as well.
    let again = signed
        .bench
        .ran("app", State::Held, vec![held("a")], vec![])
        .await;
    assert!(offers(&signed.run_page(&again).await, &again, "approve"));
    // With other values it waits under the newest.
    let other = RunRef {
        old: Some(oid('b')),
        ..held("a")
    };
    let stands = Standing {
        seen: Both {
            source: None,
            target: Some(oid('b')),
        },
        ..stands_held("a")
    };
    let newer = signed
        .bench
        .ran("app", State::Held, vec![other], vec![stands])
        .await;
    let page = signed.run_page(&first).await;
    assert!(
        !offers(&page, &first, "approve") && page.contains(&newer.id),
        "{page}"
    );
    assert!(offers(&signed.run_page(&newer).await, &newer, "approve"));

    signed
        .bench
        .ran("app", State::Succeeded, vec![], vec![waiting("a", Why::Deletion)])
        .await;
    let page = signed.run_page(&newer).await;
    assert!(!offers(&page, &newer, "approve"), "{page}");
    assert!(page.contains("It was held, and waits no more"), "{page}");
    let approve = format!("/runs/{}/approve", newer.id);
    let (status, page) = signed.scene().get(&approve, &signed.cookie).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("holds nothing any more"), "{page}");
    // Somebody had the page of before open.
    let (status, _, page) = signed.send(&approve, &[]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("holds nothing any more"), "{page}");
}

#[tokio::test]
async fn a_dry_run_is_neither_undone_nor_approved() {
    let signed = Signed::new().await;
    let runs = "/mirrors/app/runs";
    let dry = || json!({"dryRun": true});
    let wrote = signed
        .bench
        .ran_as(runs, dry(), State::Succeeded, vec![replaced("main")], vec![]);
    let wrote = wrote.await;
    let page = signed.run_page(&wrote).await;
    assert!(!offers(&page, &wrote, "undo"), "{page}");
    let (status, _, page) = signed.send(&format!("/runs/{}/undo", wrote.id), &[]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("was a dry run"), "{page}");

    let held = signed
        .bench
        .ran_as(runs, dry(), State::Held, vec![held("a")], vec![])
        .await;
    let page = signed.run_page(&held).await;
    assert!(!offers(&page, &held, "approve"), "{page}");
    assert!(
        page.contains("It would be held until a person approves it"),
        "{page}"
    );
    let (status, _, _) = signed.send(&format!("/runs/{}/approve", held.id), &[]).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_undo_is_offered_wherever_the_replaced_reference_stands_and_counts_all_of_them() {
    let signed = Signed::new().await;
    let others = (0..300).map(|number| RunRef {
        replaced: false,
        ..replaced(&format!("a{number:03}"))
    });
    let references = others.chain([replaced("z")]).collect();
    let run = signed
        .bench
        .ran("app", State::Succeeded, references, vec![])
        .await;
    assert!(offers(&signed.run_page(&run).await, &run, "undo"));
    let confirm = signed.page(&format!("/runs/{}/undo", run.id)).await;
    assert!(confirm.contains("1 reference would get back"), "{confirm}");

    let many = (0..300)
        .map(|number| replaced(&format!("a{number:03}")))
        .collect();
    let run = signed.bench.ran("app", State::Succeeded, many, vec![]).await;
    let confirm = signed.page(&format!("/runs/{}/undo", run.id)).await;
    assert!(confirm.contains("300 references would get back"), "{confirm}");
    assert!(confirm.contains("And 200 more"), "{confirm}");

    let none = signed.bench.ran("app", State::Succeeded, vec![], vec![]).await;
    assert!(!offers(&signed.run_page(&none).await, &none, "undo"));
}

#[tokio::test]
async fn a_one_off_run_is_made_again_and_undone() {
    let signed = Signed::new().await;
    let request = json!({
        "sourceUrl": "https://git.example.org/a/once.git",
        "targetUrl": "https://git.example.org/b/once.git",
    });
    let once = signed
        .bench
        .ran_as("/runs", request, State::Succeeded, vec![replaced("main")], vec![]);
    let once = once.await;
    let page = signed.run_page(&once).await;
    assert!(
        offers(&page, &once, "rerun") && offers(&page, &once, "undo"),
        "{page}"
    );
    let (status, to, page) = signed.send(&format!("/runs/{}/rerun", once.id), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let again = signed
        .bench
        .app
        .store
        .run(to.rsplit('/').next().unwrap())
        .await
        .unwrap();
    assert_eq!((again.of, again.inputs), (Some(once.id), once.inputs));
    assert_eq!((again.mirror, again.attempt), (None, 2));
}

#[tokio::test]
async fn a_run_that_waits_is_cancelled_and_one_that_is_over_is_made_again() {
    let signed = Signed::new().await;
    let asked = signed
        .bench
        .post("/mirrors/app/runs", json!({"references": ["refs/heads/main"]}))
        .await
        .expect(202);
    let id = asked["id"].as_str().unwrap();
    let run = async || signed.bench.app.store.run(id).await.unwrap();
    let page = signed.run_page(&run().await).await;
    assert!(
        offers(&page, &run().await, "cancel") && !offers(&page, &run().await, "rerun"),
        "{page}"
    );
    let (status, _, _) = signed.send(&format!("/runs/{id}/rerun"), &[]).await;
    assert_eq!(status, StatusCode::CONFLICT, "it has not ended");

    let (status, to, page) = signed.send(&format!("/runs/{id}/cancel"), &[]).await;
    assert_eq!(
        (status, to),
        (StatusCode::SEE_OTHER, format!("/runs/{id}")),
        "{page}"
    );
    assert_eq!(run().await.state, State::Cancelled);
    let (status, _, _) = signed.send(&format!("/runs/{id}/cancel"), &[]).await;
    assert_eq!(status, StatusCode::CONFLICT, "it is over");

    let page = signed.run_page(&run().await).await;
    assert!(
        offers(&page, &run().await, "rerun") && !offers(&page, &run().await, "cancel"),
        "{page}"
    );
    let (status, to, page) = signed.send(&format!("/runs/{id}/rerun"), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let again = signed
        .bench
        .app
        .store
        .run(to.rsplit('/').next().unwrap())
        .await
        .unwrap();
    assert_eq!(again.of.as_deref(), Some(id));
    assert_eq!(again.inputs.references, ["refs/heads/main"]);
}

#[tokio::test]
async fn of_a_long_log_the_servers_last_words_are_told() {
    let signed = Signed::new().await;
    let rejected = RunRef {
        outcome: "rejected".into(),
        remote: Some("pre-receive hook declined".into()),
        ..held("main")
    };
    let run = signed
        .bench
        .ran("app", State::Refused, vec![rejected], vec![])
        .await;
    let said = |number: u32| LogLine {
        level: "remote".into(),
        ..line(number, &format!("target: word {number} of the hook"))
    };
    let lines: Vec<LogLine> = (3..=1_500).map(said).collect();
    signed.bench.app.store.append_log(&run.id, &lines).await.unwrap();
    let page = signed.run_page(&run).await;
    let (_, words) = page.split_once("The server's words").unwrap();
    let (words, _) = words.split_once("</pre>").unwrap();
    assert!(
        words.contains("word 1491 of") && words.contains("word 1500 of"),
        "{words}"
    );
    assert_eq!(words.matches("of the hook").count(), 10, "{words}");
}

#[tokio::test]
async fn of_a_run_that_goes_on_the_log_is_told_from_where_the_page_ends() {
    let signed = Signed::new().await;
    let asked = signed
        .bench
        .post("/mirrors/app/runs", json!({}))
        .await
        .expect(202);
    let id = asked["id"].as_str().unwrap();
    let store = &signed.bench.app.store;
    let lines: Vec<LogLine> = (1..=300).map(|number| line(number, "said")).collect();
    store.append_log(id, &lines).await.unwrap();
    let live = format!(r#"data-live="/live/runs/{id}/events?after=300""#);
    for part in ["", "?from=7", "?search=said"] {
        let page = signed.page(&format!("/runs/{id}{part}")).await;
        assert!(page.contains(&live), "{part}: {page}");
    }
}

#[tokio::test]
async fn a_refused_run_leads_to_its_first_conflict_and_to_none_that_is_settled() {
    let signed = Signed::new().await;
    let conflict = |short: &str| RunRef {
        outcome: "conflict".into(),
        ..held(short)
    };
    let references = vec![conflict("a"), conflict("b"), conflict("c")];
    let standing = ["c", "b"].map(|short| waiting(short, Why::Conflict));
    let standing = standing.into_iter().chain([waiting("a", Why::Rejected)]);
    let run = signed
        .bench
        .ran("app", State::Refused, references, standing.collect())
        .await;
    let page = signed.run_page(&run).await;
    let link =
        r#"href="/conflicts/view?mirror=app&#38;reference=refs%2Fheads%2Fb">See the conflict as it is now"#;
    assert!(page.contains(link), "{page}");
}
