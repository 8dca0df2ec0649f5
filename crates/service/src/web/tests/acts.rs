//! What forms do.

use std::sync::Mutex;

use axum::extract::Request as Asked;
use axum::http::Method;
use store::conflict::Why;
use store::page::Ask;
use store::run::{Filter, Order, State};

use super::*;
use crate::api::tests::{held, replaced, stands_held, waiting};
use crate::ops;

#[tokio::test]
async fn those_that_are_ticked_are_paused_and_the_filter_stays() {
    let signed = Signed::new().await;
    let fields = [
        ("act", "pause"),
        ("name", "app"),
        ("name", "web"),
        ("back", "/?label=team%3Dpay"),
    ];
    let (status, to, _) = signed.send("/mirrors/bulk", &fields).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/?label=team%3Dpay")
    );
    let page = signed.page("/").await;
    assert_eq!(page.matches("state paused").count(), 2, "{page}");
    let (_, to, _) = signed
        .send(
            "/mirrors/bulk",
            &[("act", "resume"), ("name", "app"), ("back", "//evil.example")],
        )
        .await;
    assert_eq!(to, "/", "nowhere else");
}

#[tokio::test]
async fn one_mirror_that_cannot_does_not_stop_the_others() {
    let signed = Signed::new().await;
    let fields = [("act", "pause"), ("name", "nobody"), ("name", "web")];
    let (status, _, page) = signed.send("/mirrors/bulk", &fields).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("It was done to 1 of 2 mirrors") && page.contains("nobody"),
        "{page}"
    );
    assert!(
        signed
            .bench
            .app
            .store
            .mirror("web")
            .await
            .unwrap()
            .paused
            .is_some()
    );
    let (status, _, _) = signed.send("/mirrors/bulk", &[("act", "run")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "nothing is ticked");
}

#[tokio::test]
async fn all_mirrors_of_a_cause_are_tried_again_from_the_inbox() {
    let signed = Signed::new().await;
    let (cause, text) = ("host git.example.org 401", "git.example.org answers 401");
    for mirror in ["app", "web"] {
        let store = &signed.bench.app.store;
        store
            .raise(cause, "failure", text, mirror, Time::now())
            .await
            .unwrap();
    }
    let page = signed.page("/").await;
    assert!(
        page.contains("git.example.org answers 401") && page.contains("2 mirrors"),
        "{page}"
    );
    let (status, _, _) = signed
        .send("/causes/retry", &[("cause", hidden(&page, "cause"))])
        .await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let runs = signed.page("/runs").await;
    assert_eq!(runs.matches("state queued").count(), 2, "{runs}");
    let (status, _, _) = signed.send("/causes/retry", &[("cause", "no such")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn of_more_mirrors_than_one_press_may_try_again_another_press_tries_the_others() {
    let name = |number: usize| format!("m{number:04}");
    let mirrors: String = (0..1_002)
        .map(|number| {
            let name = name(number);
            format!("\n  - {{name: {name}, source: 'https://git.example.org/a/{name}.git', target: 'https://git.example.org/b/{name}.git'}}")
        })
        .collect();
    let signed = Signed::with(&mirrors).await;
    let store = &signed.bench.app.store;
    let (cause, text) = ("host git.example.org 401", "git.example.org answers 401");
    for number in 0..1_002 {
        store
            .raise(cause, "failure", text, &name(number), Time::now())
            .await
            .unwrap();
    }
    let id = ops::service::cause_id(cause);
    let (status, _, page) = signed.send("/causes/retry", &[("cause", &id)]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("It was done to 1000 of 1002 mirrors. 2 are left."),
        "{page}"
    );
    let again = async || {
        let (status, _, page) = signed.send("/causes/retry", &[("cause", &id)]).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        let newest = store.runs(&Filter::default(), &Ask::default()).await.unwrap();
        newest.items[0].id.clone()
    };
    let last = again().await;
    assert_eq!(store.asked_mirrors().await.unwrap().len(), 1_002);
    assert_eq!(again().await, last, "all of them are queued");
}

#[tokio::test]
async fn a_cause_leads_to_its_own_mirrors_and_no_others() {
    let signed = Signed::new().await;
    let store = &signed.bench.app.store;
    let raise = async |cause: &str, mirror: &str| {
        store
            .raise(cause, "failure", cause, mirror, Time::now())
            .await
            .unwrap();
    };
    raise("host a 401", "app").await;
    raise("host a 401", "web").await;
    raise("host b 502", "web").await;
    let page = signed.page("/").await;
    let (_, id) = page.split_once("/?cause=").unwrap();
    let id = &id[..16];
    let of = signed.page(&format!("/?cause={id}&search=web")).await;
    assert!(of.contains("Mirrors: host a 401"), "{of}");
    assert!(of.contains(r#"href="/mirrors/web">web</a>"#) && !of.contains(r#"href="/mirrors/app">app</a>"#));
    assert!(of.contains(&format!(r#"<input type="hidden" name="cause" value="{id}">"#)));
    let other = ops::service::cause_id("host b 502");
    let of = signed.page(&format!("/?cause={other}")).await;
    assert!(of.contains(r#"href="/mirrors/web">web</a>"#) && !of.contains(r#"href="/mirrors/app">app</a>"#));
    let over = signed.page("/?cause=0123456789abcdef").await;
    assert!(over.contains("No mirror fits."), "{over}");
}

#[tokio::test]
async fn who_sees_a_part_of_each_cause_tries_the_mirrors_of_the_one_that_is_meant() {
    let mirrors = ["app", "web", "api"].map(|name| {
        let team = if name == "app" { "pay" } else { "core" };
        format!("\n  - {{name: {name}, labels: {{team: {team}}}, source: 'https://git.example.org/a/{name}.git', target: 'https://git.example.org/b/{name}.git'}}")
    });
    let signed = Signed::with(&mirrors.concat()).await;
    let store = &signed.bench.app.store;
    for (cause, mirror) in [("host a 401", "web"), ("host b 502", "api")] {
        for mirror in [mirror, "app"] {
            store
                .raise(cause, "failure", cause, mirror, Time::now())
                .await
                .unwrap();
        }
    }
    let core = signed.limited(Role::Operate, ("team", "core")).await;
    let page = core.page("/").await;
    assert!(
        !page.contains("host a 401"),
        "its name may tell of others: {page}"
    );
    let id = ops::service::cause_id("host b 502");
    assert!(page.contains(&format!(r#"name="cause" value="{id}""#)), "{page}");
    let (status, _, page) = core.send("/causes/retry", &[("cause", &id)]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let runs = signed.page("/runs").await;
    assert_eq!(runs.matches("state queued").count(), 1, "{runs}");
    assert!(runs.contains(r#"<span class="soft">api</span>"#), "{runs}");
}

#[tokio::test]
async fn a_dry_run_is_done_in_earnest_with_the_same_inputs() {
    let signed = Signed::new().await;
    let fields = [("references", "refs/heads/main\r\n"), ("dry_run", "true")];
    let (status, to, page) = signed.send("/mirrors/app/run", &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let dry = to.rsplit('/').next().unwrap().to_owned();
    let (status, _, _) = signed.send(&format!("/runs/{dry}/carry-out"), &[]).await;
    assert_eq!(status, StatusCode::CONFLICT, "it has not ended");
    signed
        .bench
        .app
        .store
        .cancel_run(&dry, "ada", Time::now())
        .await
        .unwrap();
    let (status, to, page) = signed.send(&format!("/runs/{dry}/carry-out"), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let run = signed
        .bench
        .app
        .store
        .run(to.rsplit('/').next().unwrap())
        .await
        .unwrap();
    assert!(!run.inputs.dry_run);
    assert_eq!(run.inputs.references, ["refs/heads/main"]);
    assert_eq!(run.of.as_deref(), Some(dry.as_str()));
}

#[tokio::test]
async fn a_run_by_hand_does_what_the_form_shows_and_not_what_its_input_set_had() {
    let signed = Signed::new().await;
    let run = async |fields: &[(&str, &str)]| {
        let (status, to, page) = signed.send("/mirrors/app/run", fields).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        let id = to.rsplit('/').next().unwrap();
        signed.bench.app.store.run(id).await.unwrap().inputs
    };
    let forth = run(&[("set", "reverse"), ("reverse", "false")]).await;
    assert!(!forth.reverse, "the direction was changed");
    let cleared = run(&[("set", "releases"), ("references", ""), ("sync_delete", "")]).await;
    assert_eq!((cleared.references, cleared.sync_delete), (vec![], None));
    let fields = [
        ("set", "releases"),
        ("reverse", "false"),
        ("references", "refs/heads/release/*\r\n"),
        ("sync_delete", "true"),
    ];
    let kept = run(&fields).await;
    assert_eq!(kept.input_set.as_deref(), Some("releases"));
    assert_eq!(
        (kept.references, kept.sync_delete),
        (vec!["refs/heads/release/*".to_owned()], Some(true))
    );
    let gone = signed.page("/mirrors/app/run?set=%1b[31mgone").await;
    assert!(gone.contains(r"no input set `\u{1b}[31mgone`"), "{gone}");
}

#[tokio::test]
async fn a_held_run_is_approved_and_a_run_undone_after_their_values_were_shown() {
    let signed = Signed::new().await;
    let held = signed
        .bench
        .ran(
            "app",
            State::Held,
            vec![replaced("main"), held("gone")],
            vec![stands_held("gone")],
        )
        .await;
    let order = async |act: &str| {
        let (status, to, page) = signed.send(&format!("/runs/{}/{act}", held.id), &[]).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        signed
            .bench
            .app
            .store
            .run(to.rsplit('/').next().unwrap())
            .await
            .unwrap()
            .inputs
            .order
    };
    let id = || held.id.clone();
    assert_eq!(order("approve").await, Some(Order::Approve { run: id() }));
    let shown = signed.page(&format!("/runs/{}/undo", held.id)).await;
    let (from, to) = (shown.find(&"b".repeat(40)), shown.find(&"a".repeat(40)));
    assert!(
        from.unwrap() < to.unwrap(),
        "what is there now goes back to what was: {shown}"
    );
    assert_eq!(order("undo").await, Some(Order::Undo { run: id() }));
}

#[tokio::test]
async fn a_conflict_is_settled_either_way_and_with_both_values_kept() {
    for (choice, take, keep_both) in [
        ("source", "source", false),
        ("target", "target", false),
        ("both-source", "source", true),
        ("both-target", "target", true),
    ] {
        let signed = Signed::new().await;
        let standing = vec![waiting("main", Why::Conflict)];
        signed.bench.ran("app", State::Refused, vec![], standing).await;
        let shown = signed
            .page(&format!(
                "/conflicts/settle?mirror=app&reference=refs%2Fheads%2Fmain&choice={choice}"
            ))
            .await;
        let fields =
            ["mirror", "reference", "choice", "source", "target"].map(|field| (field, hidden(&shown, field)));
        let (status, to, page) = signed.send("/conflicts/settle", &fields).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{choice}: {page}");
        let id = to.strip_prefix("/runs/").expect("it leads to the run");
        let run = signed.bench.app.store.run(id).await.unwrap();
        let order = Order::Resolve {
            reference: "refs/heads/main".into(),
            take: take.into(),
            keep_both,
            source: Some("b".repeat(40)),
            target: Some("c".repeat(40)),
        };
        assert_eq!(run.inputs.order, Some(order), "{choice}");
    }
}

/// A host without hooks that makes what it is asked for, and how it is called.
async fn host(made: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move |request: Asked| async move {
        if request.method() == Method::GET {
            return (StatusCode::OK, "[]");
        }
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
        made.lock()
            .unwrap()
            .push(String::from_utf8(body.to_vec()).unwrap());
        (StatusCode::CREATED, r#"{"id": 1}"#)
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    address
}

#[tokio::test]
async fn hooks_are_registered_at_the_host() {
    let made = Arc::default();
    let host = host(Arc::clone(&made)).await;
    let directory = testkit::tmp();
    let yaml = format!(
        "version: 1\npublicUrl: https://refsync.example.org\ndatabase: sqlite:{}\ncredentials:\n  here: {{host: '{host}', provider: gitea, \
         hookToken: '${{env:PATH}}', webhookSecret: '${{env:PATH}}'}}\nmirrors:\n  - name: app\n    source: http://{host}/a/app.git\n    \
         target: https://mirror.example.org/b/app.git\n",
        directory.path().join("refsync.db").display()
    );
    let signed = Signed::over(Bench::of(directory, &yaml).await).await;
    assert!(
        signed
            .page("/mirrors/app")
            .await
            .contains(r#"action="/mirrors/app/hooks/register""#)
    );
    let (status, to, page) = signed.send("/mirrors/app/hooks/register", &[]).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/mirrors/app"),
        "{page}"
    );
    let made = made.lock().unwrap();
    assert!(
        made.len() == 1 && made[0].contains("https://refsync.example.org/hooks/app/source"),
        "{made:?}"
    );
}

#[tokio::test]
async fn a_hook_that_a_person_has_to_make_is_told() {
    let mirrors = "
  - name: app
    source: https://git.example.org/a/app.git
    target: https://git.example.org/b/app.git
publicUrl: https://refsync.example.org
";
    let signed = Signed::with(mirrors).await;
    let (status, _, page) = signed.send("/mirrors/app/hooks/register", &[]).await;
    assert_eq!(status, StatusCode::CONFLICT, "{page}");
    assert!(
        page.contains("source: the credential `here` has no hookToken"),
        "{page}"
    );
}
