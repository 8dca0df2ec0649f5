//! What pages weigh when there is much to show: under 100 kB.

use store::audit::Entry;
use store::conflict::Why;
use store::run::{LogLine, RunRef, State};

use super::*;
use crate::api::tests::{line, replaced, waiting};

/// What a page may weigh, in bytes.
const MOST: usize = 100_000;

#[tokio::test]
async fn a_run_of_many_references_with_a_long_log_and_what_undoes_it() {
    let signed = Signed::new().await;
    let short = |number: usize| {
        format!(
            "feature/team-{:02}/a-branch-of-some-length-{number:04}",
            number % 40
        )
    };
    let references: Vec<RunRef> = (0..300).map(|number| replaced(&short(number))).collect();
    let run = signed
        .bench
        .ran("app", State::Succeeded, references, vec![])
        .await;
    let lines: Vec<LogLine> = (3..=700)
        .map(|number| {
            line(
                number,
                &format!("a line of about as many words as one of them has, number {number}"),
            )
        })
        .collect();
    signed.bench.app.store.append_log(&run.id, &lines).await.unwrap();
    let page = signed.page(&format!("/runs/{}", run.id)).await;
    assert!(page.len() <= MOST, "{} bytes", page.len());
    assert!(page.contains("lines 1 to 100 of 700") && page.contains("Only the first 100 are shown"));
    let undo = signed.page(&format!("/runs/{}/undo", run.id)).await;
    assert!(undo.len() <= MOST, "{} bytes", undo.len());
    assert!(
        undo.contains("300 references would get back") && undo.contains("And 200 more"),
        "all are told of: {undo}"
    );
}

#[tokio::test]
async fn a_mirror_of_many_references_that_wait() {
    let signed = Signed::new().await;
    let standing = (0..300)
        .map(|number| {
            waiting(
                &format!("feature/a-branch-of-some-length-{number:04}"),
                Why::Conflict,
            )
        })
        .collect();
    signed.bench.ran("app", State::Refused, vec![], standing).await;
    for path in [
        "/mirrors/app",
        "/mirrors/app/references",
        "/conflicts",
        "/conflicts?mirror=app",
        "/",
    ] {
        let page = signed.page(path).await;
        assert!(page.len() <= MOST, "{path}: {} bytes", page.len());
    }
    let page = signed.page("/mirrors/app/references").await;
    assert_eq!(page.matches("<td><span class=\"name mono\">").count(), 100);
    assert!(page.contains("Next page"));
    let of = signed.page("/conflicts?mirror=app").await;
    assert!(
        of.contains("Conflicts of app") && of.contains("/conflicts?mirror=app&#38;after="),
        "{of}"
    );
    assert!(
        signed
            .page("/conflicts?mirror=web")
            .await
            .contains("No conflict is open.")
    );
}

#[tokio::test]
async fn an_audit_list_of_large_changes() {
    let signed = Signed::new().await;
    let large = |word: &str| {
        Some(serde_json::json!({"references": vec![format!("refs/heads/{word}/*"); 500]}).to_string())
    };
    for number in 0..60 {
        let entry = Entry {
            number: 0,
            at: Time::now(),
            actor: "ada".into(),
            from: "192.0.2.7".into(),
            action: "mirror.change".into(),
            subject: format!("mirror m{number}"),
            before: large("before"),
            after: large("after"),
        };
        signed.bench.app.store.audit(&entry).await.unwrap();
    }
    let page = signed.page("/audit").await;
    assert!(page.len() <= MOST, "{} bytes", page.len());
    assert!(
        page.contains("the API has the rest") && page.contains("refs/heads/after/*"),
        "{page}"
    );
}

#[tokio::test]
async fn a_delivery_that_told_of_a_thousand_long_names() {
    let signed = Signed::new().await;
    let names: Vec<_> = (0..1_000)
        .map(|number| serde_json::json!({"name": format!("refs/heads/{}{number}", "x".repeat(200)), "disposition": "queued"}))
        .collect();
    let answer = serde_json::json!({"references": names}).to_string();
    let delivery = store::delivery::Delivery {
        id: uuid::Uuid::now_v7().to_string(),
        mirror: Some("app".into()),
        side: Some("source".into()),
        credential: None,
        provider: "gitea".into(),
        host_id: None,
        event: Some("push".into()),
        at: Time::now(),
        from: "192.0.2.7".into(),
        headers: "{}".into(),
        body: answer.clone().into_bytes(),
        status: 202,
        disposition: answer,
        repeats: None,
    };
    signed.bench.app.store.deliver(&delivery, &[]).await.unwrap();
    for path in [
        format!("/deliveries/{}", delivery.id),
        "/deliveries".into(),
        "/mirrors/app".into(),
    ] {
        let page = signed.page(&path).await;
        assert!(page.len() <= MOST, "{path}: {} bytes", page.len());
    }
}
