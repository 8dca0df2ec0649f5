//! What pages show.

use store::run::{LogLine, RunRef, State};

use super::*;
use crate::api::tests::{line, name, replaced, waiting};
use store::conflict::Why;

#[tokio::test]
async fn the_overview_filters_by_state_label_and_host_over_all_its_pages() {
    let many: String = (0..120)
        .map(|number| {
            format!(
                "\n  - name: m{number:03}\n    labels: {{team: {}}}\n    source: https://git.example.org/a/{number}.git\n    target: {{url: 'https://git.example.org/b/{number}.git', provider: {}}}",
                if number < 60 { "core" } else { "pay" },
                if number == 119 { "gerrit" } else { "gitea" },
            )
        })
        .collect();
    let signed = Signed::with(&many).await;
    let first = signed.page("/").await;
    assert!(
        first.contains("1 to 50 of 120") && first.contains("m000"),
        "{first}"
    );
    assert!(
        first.contains(r#"team: core <span class="soft">60</span>"#),
        "a group is counted over all pages"
    );
    let last = signed.page("/?page=3").await;
    assert!(last.contains("101 to 120 of 120") && last.contains("m119") && !last.contains(r#"rel="next""#));
    // Among 120 mirrors the only one of its kind is on the first page of what fits.
    let gerrit = signed.page("/?provider=gerrit").await;
    assert!(gerrit.contains(">m119</a>") && !gerrit.contains(">m118</a>"));
    let pay = signed.page("/?label=team%3Dpay&sort=name").await;
    assert!(
        pay.contains("1 to 50 of 60") && pay.contains("label=team%3Dpay&#38;sort=name&#38;page=2"),
        "{pay}"
    );
    assert!(signed.page("/?state=failed").await.contains("No mirror fits."));
    assert!(first.len() < 100_000, "{} bytes", first.len());
}

#[tokio::test]
async fn a_failed_run_names_the_fault_the_next_step_and_the_last_good_run_before_it() {
    let signed = Signed::new().await;
    let good = signed.bench.ran("app", State::Succeeded, vec![], vec![]).await;
    let bad = RunRef {
        outcome: "rejected".into(),
        text: "the server does not let it be written".into(),
        remote: Some("protected branch <b>".into()),
        replaced: false,
        ..replaced("main")
    };
    let run = signed.bench.ran("app", State::Refused, vec![bad], vec![]).await;
    let later = signed.bench.ran("app", State::Succeeded, vec![], vec![]).await;
    let page = signed.page(&format!("/runs/{}", run.id)).await;
    assert!(page.contains("1 reference not written"), "{page}");
    assert!(
        page.contains("protected branch &#60;b&#62;"),
        "the server's words, harmless"
    );
    assert!(page.contains("<strong>Next:</strong> the host does not let refsync write"));
    assert!(page.contains(&format!(r#"Last good run: <a href="/runs/{}">"#, good.id)));
    assert!(!page.contains(&later.id));
    assert!(page.contains("git push --force-with-lease"));
    assert!(
        page.contains(&format!(r#"data-copy="{}""#, "b".repeat(40))),
        "short values copy whole"
    );
}

#[tokio::test]
async fn a_log_has_a_link_to_each_line_and_is_searched_without_scripts() {
    let signed = Signed::new().await;
    let run = signed.bench.ran("app", State::Succeeded, vec![], vec![]).await;
    let lines: Vec<LogLine> = (3..=700)
        .map(|number| line(number, &format!("step {number}")))
        .collect();
    signed.bench.app.store.append_log(&run.id, &lines).await.unwrap();
    let page = signed.page(&format!("/runs/{}", run.id)).await;
    assert!(
        page.contains(r##"<li id="L12" class="info"><a href="#L12""##),
        "{page}"
    );
    assert!(page.contains("lines 1 to 100 of 700") && page.contains("Later lines"));
    let found = signed.page(&format!("/runs/{}?search=STEP+699", run.id)).await;
    assert!(
        found.contains("1 line found") && found.contains("?from=694#L699"),
        "{found}"
    );
    let none = signed
        .page(&format!("/runs/{}?search=%3Cscript%3E", run.id))
        .await;
    assert!(none.contains("No line has these words.") && !none.contains("value=\"<script>"));
}

#[tokio::test]
async fn the_stages_of_a_run_are_drawn_and_a_run_that_goes_on_says_how_far_it_is() {
    let signed = Signed::new().await;
    let app = &signed.bench.app;
    let asked = signed
        .bench
        .post("/mirrors/app/runs", serde_json::json!({}))
        .await
        .expect(202);
    let id = asked["id"].as_str().unwrap();
    assert!(
        signed
            .page(&format!("/runs/{id}"))
            .await
            .contains("waits for a worker")
    );
    let claim = signed.bench.claim().await;
    let run = app.store.run(id).await.unwrap();
    app.store.begin_run(&claim, &run).await.unwrap();
    app.live.tell(crate::live::Happened::Progress {
        id: id.to_owned(),
        stage: "relay",
        bytes: 3 << 20,
    });
    let page = signed.page(&format!("/runs/{id}")).await;
    assert!(
        page.contains(r#"<li data-step="relay" class="now" aria-current="step">"#),
        "{page}"
    );
    assert!(page.contains("3.0 MiB"), "{page}");
    assert!(page.contains(&format!(r#"data-live="/live/runs/{id}/events?after=0""#)));
}

#[tokio::test]
async fn a_mirror_shows_its_endpoints_its_secrets_as_places_and_what_differs_since_when() {
    let signed = Signed::new().await;
    let standing = vec![waiting("main", Why::Conflict)];
    signed.bench.ran("app", State::Refused, vec![], standing).await;
    let page = signed.page("/mirrors/app").await;
    assert!(
        page.contains("/hooks/app/source") && page.contains("/hooks/app/target"),
        "{page}"
    );
    assert!(page.contains("deliveries that are not signed with it are refused"));
    assert!(page.contains("<th class=\"num\">Behind for</th>") && page.contains("Settle…"));
    assert!(page.contains(" data-since=\"20"), "the time goes on: {page}");
    assert!(page.contains("direction: two-way"), "its configuration");
    let path = std::env::var("PATH").unwrap();
    assert!(!page.contains(&path), "the secret itself is nowhere");
    let inputs = signed.page("/mirrors/app/inputs").await;
    assert!(
        inputs.contains("releases") && inputs.contains("refs/heads/release/*"),
        "{inputs}"
    );
    assert!(
        inputs.contains("write its input sets there"),
        "a mirror of the file is changed in the file"
    );
    let edit = signed.page("/mirrors/app/edit").await;
    assert!(
        edit.contains("change it there") && !edit.contains("name=\"act\""),
        "{edit}"
    );
}

#[tokio::test]
async fn a_mirror_shows_the_first_that_differ_waiting_or_told_and_counts_each_once() {
    let signed = Signed::new().await;
    let many = |letter: char| (0..40).map(move |number| format!("{letter}{number:02}"));
    let standing = many('b').map(|short| waiting(&short, Why::Refused)).collect();
    signed.bench.ran("app", State::Refused, vec![], standing).await;
    let told: Vec<_> = many('a')
        .chain(many('b').take(5))
        .map(|short| store::queue::Due {
            name: Some(name(&short)),
            event: None,
            trigger: "webhook".into(),
            delivery: None,
        })
        .collect();
    let store = &signed.bench.app.store;
    store.mark_due("app", &told, Time::now()).await.unwrap();
    let page = signed.page("/mirrors/app").await;
    let (_, differs) = page.split_once(r#"id="differs""#).unwrap();
    let (differs, _) = differs.split_once("</section>").unwrap();
    assert_eq!(differs.matches("refs/heads/a").count(), 40, "{differs}");
    assert!(differs.contains("refs/heads/b09") && !differs.contains("refs/heads/b10"));
    assert!(
        differs.contains("and 30 more: <code>refsync mirror diff app</code> has all."),
        "{differs}"
    );
    // All of them are on one page of the list, with what both sides agree on.
    let all = signed.page("/mirrors/app/references").await;
    assert_eq!(
        all.matches(r#"<td><span class="name mono">"#).count(),
        81,
        "{all}"
    );
    assert!(!all.contains("Next page"), "{all}");
}

#[tokio::test]
async fn each_choice_of_a_conflict_says_what_is_written_where_on_which_lease() {
    let signed = Signed::new().await;
    let standing = vec![waiting("main", Why::Conflict)];
    signed.bench.ran("app", State::Refused, vec![], standing).await;
    let asked = "mirror=app&reference=refs%2Fheads%2Fmain";
    let shown = signed
        .page(&format!("/conflicts/settle?{asked}&choice=both-source"))
        .await;
    assert_eq!(shown.matches("data-copy=\"bbbb").count(), 1, "{shown}");
    assert!(shown.contains("refs/heads/refsync/parked/main"), "{shown}");
    let fields = [
        ("mirror", "app"),
        ("reference", "refs/heads/main"),
        ("choice", "source"),
        ("source", hidden(&shown, "source")),
        ("target", &"d".repeat(40)),
    ];
    let (status, to, _) = signed.send("/conflicts/settle", &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(
        to.ends_with("&moved=true"),
        "what was not shown is not written: {to}"
    );
}

#[tokio::test]
async fn hostile_texts_of_a_delivery_are_spelt_out() {
    let signed = Signed::new().await;
    let body = "{\"a\":\"\u{202e}<script>alert(1)</script>\",\"b\":[1,2]}";
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
        headers: r#"{"x-hostile":"\u001b[31m<b>"}"#.into(),
        body: body.as_bytes().to_vec(),
        status: 202,
        disposition: "{}".into(),
        repeats: None,
    };
    signed.bench.app.store.deliver(&delivery, &[]).await.unwrap();
    let page = signed.page(&format!("/deliveries/{}", delivery.id)).await;
    assert!(page.contains(r"\u{202e}&#60;script&#62;"), "{page}");
    assert!(
        page.contains("  &#34;b&#34;: [\n"),
        "JSON is shown with its lines"
    );
    assert!(!page.contains("<script>alert") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    let list = signed.page("/deliveries?mirror=app").await;
    assert!(list.contains("192.0.2.7") && list.contains("Redeliver"), "{list}");
}
