//! What a token's role opens, shows and keeps shut.

use store::conflict::Why;
use store::page::Ask;
use store::run::State;

use super::*;
use crate::api::tests::{held, waiting};

/// Somebody who signed in beside the admin.
struct Guest {
    cookie: String,
    csrf: String,
}

/// Things to act on: a run, a delivery, a conflict, and notices of them.
struct Things {
    signed: Signed,
    run: String,
    delivery: String,
}

impl Things {
    async fn new() -> Self {
        let signed = Signed::new().await;
        let standing = vec![waiting("main", Why::Conflict), waiting("held", Why::Held)];
        let run = signed
            .bench
            .ran("app", State::Held, vec![held("held")], standing)
            .await
            .id;
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
            body: b"{}".to_vec(),
            status: 202,
            disposition: "{}".into(),
            repeats: None,
        };
        let store = &signed.bench.app.store;
        store.deliver(&delivery, &[]).await.unwrap();
        let causes = [
            ("conflict app refs/heads/main bbb ccc".to_owned(), "conflict"),
            (format!("held app {run}"), "held"),
        ];
        for (cause, event) in causes {
            store
                .raise(&cause, event, "look", "app", Time::now())
                .await
                .unwrap();
        }
        Self {
            run,
            delivery: delivery.id,
            signed,
        }
    }

    async fn guest(&self, role: Role) -> Guest {
        let scene = self.signed.scene();
        let cookie = scene.cookie(role).await;
        let (_, page) = scene.get("/runs", &cookie).await;
        Guest {
            csrf: csrf(&page).to_owned(),
            cookie,
        }
    }

    /// A path of a route.
    fn path(&self, route: &str) -> String {
        let id = if route.starts_with("/runs") {
            &self.run
        } else {
            &self.delivery
        };
        route.replace("{name}", "app").replace("{id}", id)
    }

    async fn post(&self, who: &Guest, route: &str, csrf: &str) -> (StatusCode, String) {
        let fields = [&[("csrf", csrf)], fields(route)].concat();
        let form = serde_urlencoded::to_string(fields).unwrap();
        let answer = self
            .signed
            .scene()
            .posted(&self.path(route), &who.cookie, &form)
            .await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// How much people changed so far.
    async fn changes(&self) -> usize {
        let ask = Ask {
            after: None,
            limit: 500,
        };
        self.signed
            .bench
            .app
            .store
            .audits(None, &ask)
            .await
            .unwrap()
            .items
            .len()
    }
}

/// All routes that take forms, as the router has them.
fn posts() -> Vec<&'static str> {
    let routes = include_str!("../mod.rs").split(".route(").skip(1);
    let posts: Vec<&str> = routes
        .filter(|route| route.contains("post("))
        .map(|route| route.split('"').nth(1).expect("a route begins with its path"))
        .collect();
    assert!(
        posts.len() > 15 && posts.contains(&"/mirrors/{name}/pause"),
        "{posts:?}"
    );
    posts
}

/// What a form sends beside its value against forgery.
fn fields(route: &str) -> &'static [(&'static str, &'static str)] {
    match route {
        "/mirrors/bulk" => &[("act", "pause"), ("name", "app")],
        // The id of `conflict app refs/heads/main bbb ccc`.
        "/causes/retry" => &[("cause", "5bc5c284f3e31903")],
        "/mirrors/{name}/edit" | "/mirrors/{name}/inputs/edit" | "/new" => {
            &[("tab", "form"), ("act", "yaml")]
        }
        "/conflicts/settle" => &[
            ("mirror", "app"),
            ("reference", "refs/heads/main"),
            ("choice", "source"),
            ("source", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
            ("target", "cccccccccccccccccccccccccccccccccccccccc"),
        ],
        _ => &[],
    }
}

#[tokio::test]
async fn no_form_is_taken_without_its_value_against_forgery() {
    let things = Things::new().await;
    let admin = Guest {
        cookie: things.signed.cookie.clone(),
        csrf: things.signed.csrf.clone(),
    };
    let other = things.guest(Role::Operate).await;
    let before = things.changes().await;
    for route in posts().into_iter().filter(|route| *route != "/sign-in") {
        for csrf in ["", "guessed", &other.csrf] {
            let (status, page) = things.post(&admin, route, csrf).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{route}: {page}");
            assert!(page.contains("The form is out of date"), "{route}: {page}");
        }
    }
    assert_eq!(things.changes().await, before);
}

#[tokio::test]
async fn no_form_is_taken_from_a_token_that_may_read() {
    let things = Things::new().await;
    let reader = things.guest(Role::Read).await;
    let before = things.changes().await;
    for route in posts().into_iter().filter(|route| !route.starts_with("/sign-")) {
        let (status, page) = things.post(&reader, route, &reader.csrf).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{route}: {page}");
        assert!(page.contains("Your token does not allow that"), "{route}: {page}");
    }
    assert_eq!(things.changes().await, before);
}

#[tokio::test]
async fn no_form_is_shown_to_a_token_that_may_not_send_it() {
    const SETTLE: &str = "/conflicts/settle?mirror=app&reference=refs/heads/main&choice=source";
    let operate = [
        "/runs/{id}/approve",
        "/runs/{id}/undo",
        "/mirrors/{name}/run",
        SETTLE,
    ];
    let admin = [
        "/new",
        "/mirrors/{name}/edit",
        "/mirrors/{name}/inputs/edit",
        "/audit",
    ];
    let things = Things::new().await;
    let refused = async |who: &Guest, route: &str| {
        let (status, page) = things.signed.scene().get(&things.path(route), &who.cookie).await;
        assert!(
            !page.contains(">here</option>"),
            "{route} names credentials: {page}"
        );
        status == StatusCode::FORBIDDEN && page.contains("Your token does not allow that")
    };
    let (reader, operator) = (things.guest(Role::Read).await, things.guest(Role::Operate).await);
    for route in operate.iter().chain(&admin) {
        assert!(refused(&reader, route).await, "{route}");
    }
    for route in admin {
        assert!(refused(&operator, route).await, "{route}");
    }
    for route in operate {
        assert!(!refused(&operator, route).await, "{route}");
    }
    assert!(things.signed.page("/new").await.contains(">here</option>"));
}

#[tokio::test]
async fn pages_lead_nobody_to_what_their_token_may_not_do() {
    let things = Things::new().await;
    let shown = async |who: &Guest, path: &str| {
        let (status, page) = things.signed.scene().get(path, &who.cookie).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        page
    };
    let words = [
        "Approve…",
        "Settle…",
        "Run now…",
        "/audit",
        "/new",
        "/edit",
        "<form method=\"post\" action=\"/m",
    ];
    let (reader, operator) = (things.guest(Role::Read).await, things.guest(Role::Operate).await);
    for path in ["/", "/conflicts", "/mirrors/app", "/runs", "/mirrors/app/inputs"] {
        let page = shown(&reader, path).await;
        for word in words {
            assert!(!page.contains(word), "{path} has {word}: {page}");
        }
    }
    for (path, has) in [
        ("/", "Approve…"),
        ("/", "Settle…"),
        ("/conflicts", "Settle…"),
        ("/mirrors/app", "Settle…"),
    ] {
        assert!(shown(&operator, path).await.contains(has), "{path}: {has}");
    }
    assert!(!shown(&operator, "/").await.contains("/audit"));
    assert!(things.signed.page("/").await.contains(r#"href="/audit""#));
    // Whoever may only read looks at the conflict all the same.
    assert!(
        shown(&reader, "/conflicts")
            .await
            .contains("/conflicts/view?mirror=app")
    );
}

#[tokio::test]
async fn a_group_spans_as_many_columns_as_the_table_has() {
    let things = Things::new().await;
    for role in [Role::Read, Role::Operate] {
        let guest = things.guest(role).await;
        let (_, page) = things.signed.scene().get("/", &guest.cookie).await;
        let (_, table) = page.split_once(r#"<table class="stack">"#).unwrap();
        let (head, rows) = table.split_once("</thead>").unwrap();
        let columns = head.matches("<th").count() - 1;
        assert!(
            rows.contains(&format!(r#"<th colspan="{columns}" scope="rowgroup">"#)),
            "{columns}: {rows}"
        );
    }
}
