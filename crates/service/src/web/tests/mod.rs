//! What a browser gets, without one: who is let in, what pages forbid, what forms need. Real browsers are in `tests/browser`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use secrecy::ExposeSecret;
use store::Time;
use store::token::Role;
use tower::ServiceExt;

use super::*;
use crate::api::tests::Bench;
use crate::app::Loaded;

mod acts;
mod editing;
mod pages;
mod roles;
mod runs;
mod weight;

/// Attempts to sign in are counted by address, over all of a process: every scene has its own.
static SCENES: AtomicU8 = AtomicU8::new(1);

struct Scene {
    app: Arc<App>,
    peer: SocketAddr,
    _folder: tempfile::TempDir,
}

/// Pages of mirrors with runs, as somebody sees them who signed in as an admin.
struct Signed {
    bench: Arc<Bench>,
    peer: SocketAddr,
    cookie: String,
    csrf: String,
}

impl Scene {
    async fn new() -> Self {
        let folder = testkit::tmp();
        let url = format!("sqlite:{}", folder.path().join("refsync.db").display());
        let store = store::Store::open(&url.into()).await.unwrap();
        let loaded = Loaded::of_file(config::load::empty());
        let app = App::new(store, "worker".into(), loaded, None);
        Self {
            app: Arc::new(app),
            peer: SocketAddr::from(([192, 0, 2, SCENES.fetch_add(1, Ordering::Relaxed)], 4000)),
            _folder: folder,
        }
    }

    /// The cookie of somebody who signed in with a token of that role.
    async fn cookie(&self, role: Role) -> String {
        self.cookie_of(&format!("ada, {role:?}"), role, None).await
    }

    async fn cookie_of(&self, name: &str, role: Role, label: Option<(&str, &str)>) -> String {
        let (_, text) = self
            .app
            .store
            .make_token(name, role, label, None, Time::now())
            .await
            .unwrap();
        let answer = self
            .send(
                Request::post("/sign-in")
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(format!("token={}&next=%2Fruns", text.expose_secret()))
                    .unwrap(),
            )
            .await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()[header::LOCATION], "/runs");
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn send(&self, request: Request<impl Into<Body>>) -> Response {
        let (parts, body) = request.into_parts();
        let mut request = Request::from_parts(parts, body.into());
        request.extensions_mut().insert(ConnectInfo(self.peer));
        router(&self.app).oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, cookie: &str) -> (StatusCode, String) {
        let request = Request::get(path)
            .header(header::COOKIE, cookie)
            .body("")
            .unwrap();
        let answer = self.send(request).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> StatusCode {
        self.posted(path, cookie, form).await.status()
    }

    async fn posted(&self, path: &str, cookie: &str, form: &str) -> Response {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned())
            .unwrap();
        self.send(request).await
    }
}

impl Signed {
    async fn new() -> Self {
        Self::over(Bench::new().await).await
    }

    async fn with(mirrors: &str) -> Self {
        Self::over(Bench::with(mirrors).await).await
    }

    async fn over(bench: Bench) -> Self {
        let scene = Scene {
            app: Arc::clone(&bench.app),
            peer: SocketAddr::from(([192, 0, 2, SCENES.fetch_add(1, Ordering::Relaxed)], 4000)),
            _folder: testkit::tmp(),
        };
        let cookie = scene.cookie(Role::Admin).await;
        let (_, page) = scene.get("/runs", &cookie).await;
        Self {
            csrf: csrf(&page).to_owned(),
            peer: scene.peer,
            cookie,
            bench: Arc::new(bench),
        }
    }

    fn scene(&self) -> Scene {
        Scene {
            app: Arc::clone(&self.bench.app),
            peer: self.peer,
            _folder: testkit::tmp(),
        }
    }

    /// The same pages, as somebody sees them whose token is limited to a label.
    async fn limited(&self, role: Role, label: (&str, &str)) -> Self {
        let scene = self.scene();
        let cookie = scene.cookie_of("grace", role, Some(label)).await;
        let (_, page) = scene.get("/runs", &cookie).await;
        Self {
            bench: Arc::clone(&self.bench),
            peer: self.peer,
            csrf: csrf(&page).to_owned(),
            cookie,
        }
    }

    /// A page that is there.
    async fn page(&self, path: &str) -> String {
        let (status, page) = self.scene().get(path, &self.cookie).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        page
    }

    /// What a form is answered: the status, where it leads, the page.
    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(fields);
        let form = serde_urlencoded::to_string(&all).unwrap();
        let answer = self.scene().posted(path, &self.cookie, &form).await;
        let status = answer.status();
        let to = answer.headers().get(header::LOCATION);
        let to = to.map_or(String::new(), |to| to.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, to, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// The value of a hidden field.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let start = format!(r#"name="{name}" value=""#);
    let (_, rest) = page.split_once(&start).expect("the page has the field");
    rest.split_once('"').unwrap().0
}

/// What the forms of a page carry.
fn csrf(page: &str) -> &str {
    let (_, rest) = page
        .split_once(r#"name="csrf" value=""#)
        .expect("the page has a form");
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn nobody_sees_a_page_without_signing_in() {
    let scene = Scene::new().await;
    for path in [
        "/",
        "/runs",
        "/mirrors/app",
        "/audit",
        "/live/events",
        "/no/such/page",
    ] {
        let answer = scene.send(Request::get(path).body("").unwrap()).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        let to = answer.headers()[header::LOCATION].to_str().unwrap();
        assert!(to.starts_with("/sign-in?next="), "{path}: {to}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_told_and_too_many_are_not_looked_at() {
    let scene = Scene::new().await;
    let attempt = || scene.post("/sign-in", "", "token=refsync_wrong");
    assert_eq!(attempt().await, StatusCode::UNAUTHORIZED);
    for _ in 0..30 {
        if attempt().await == StatusCode::TOO_MANY_REQUESTS {
            return;
        }
    }
    panic!("thirty wrong tokens were looked at");
}

#[tokio::test]
async fn all_addresses_of_an_ipv6_network_are_one_client_that_tries_tokens() {
    let mut scene = Scene::new().await;
    for host in 1..=30 {
        let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, host);
        scene.peer = SocketAddr::from((address, 4000));
        if scene.post("/sign-in", "", "token=refsync_wrong").await == StatusCode::TOO_MANY_REQUESTS {
            return;
        }
    }
    panic!("thirty wrong tokens of one network were looked at");
}

#[tokio::test]
async fn no_other_site_signs_a_person_in() {
    let scene = Scene::new().await;
    let made = scene
        .app
        .store
        .make_token("eve", Role::Admin, None, None, Time::now());
    let (_, token) = made.await.unwrap();
    let from = async |site: Option<&str>| {
        let request =
            Request::post("/sign-in").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = match site {
            Some(site) => request.header("sec-fetch-site", site),
            None => request,
        };
        let form = format!("token={}", token.expose_secret());
        let answer = scene.send(request.body(form).unwrap()).await;
        (answer.status(), answer.headers().contains_key(header::SET_COOKIE))
    };
    for site in ["cross-site", "same-site"] {
        assert_eq!(from(Some(site)).await, (StatusCode::FORBIDDEN, false), "{site}");
    }
    for site in [Some("same-origin"), Some("none"), None] {
        assert_eq!(from(site).await, (StatusCode::SEE_OTHER, true), "{site:?}");
    }
}

#[tokio::test]
async fn a_form_sent_after_the_session_ended_leads_back_to_its_page_and_is_said_to_be_lost() {
    let scene = Scene::new().await;
    let away = async |referer: Option<&str>| {
        let request = Request::post("/mirrors/app/pause").header(header::HOST, "refsync.example");
        let request = match referer {
            Some(referer) => request.header(header::REFERER, referer),
            None => request,
        };
        let answer = scene.send(request.body("").unwrap()).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    };
    let page = away(Some("https://refsync.example/mirrors/app?a=b")).await;
    assert_eq!(page, "/sign-in?next=%2Fmirrors%2Fapp%3Fa%3Db&lost=true");
    for elsewhere in [
        None,
        Some("https://evil.example/runs"),
        Some("about:blank"),
        Some("/runs"),
    ] {
        assert_eq!(
            away(elsewhere).await,
            "/sign-in?next=%2F&lost=true",
            "{elsewhere:?}"
        );
    }
    let (_, page) = scene.get("/sign-in?next=%2F&lost=true", "").await;
    assert!(page.contains("nothing was done"), "{page}");
    let (_, page) = scene.get("/sign-in?next=%2F", "").await;
    assert!(!page.contains("nothing was done"), "{page}");
}

#[tokio::test]
async fn pages_allow_a_browser_nothing_but_what_comes_from_here() {
    let scene = Scene::new().await;
    let cookie = scene.cookie(Role::Read).await;
    let request = Request::get("/")
        .header(header::COOKIE, &cookie)
        .body("")
        .unwrap();
    let answer = scene.send(request).await;
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let page = String::from_utf8(body.to_vec()).unwrap();
    assert!(!page.contains(" style=") && !page.contains(" onclick=") && !page.contains("<script>"));
    assert!(page.contains("No mirrors are configured."));
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let scene = Scene::new().await;
    let cookie = scene.cookie(Role::Admin).await;
    assert_eq!(
        scene.post("/sign-out", &cookie, "csrf=guessed").await,
        StatusCode::FORBIDDEN
    );
    let (status, page) = scene.get("/runs", &cookie).await;
    assert_eq!(status, StatusCode::OK);
    let form = format!("csrf={}", csrf(&page));
    assert_eq!(
        scene.post("/sign-out", &cookie, &form).await,
        StatusCode::SEE_OTHER
    );
    let (status, _) = scene.get("/runs", &cookie).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "the session is over");
}

#[tokio::test]
async fn a_token_that_may_read_cannot_make_a_mirror() {
    let scene = Scene::new().await;
    let cookie = scene.cookie(Role::Read).await;
    let (_, page) = scene.get("/runs", &cookie).await;
    let form = format!(
        "csrf={}&tab=form&act=save&name=app&source=https%3A%2F%2Fgithub.com%2Fa%2Fb&target=https%3A%2F%2Fgitlab.com%2Fa%2Fb",
        csrf(&page)
    );
    assert_eq!(scene.post("/new", &cookie, &form).await, StatusCode::FORBIDDEN);
    assert!(scene.app.store.made().await.unwrap().is_empty());
    let (status, _) = scene.get("/audit", &cookie).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_does_not_exist_is_a_page_that_says_so() {
    let scene = Scene::new().await;
    let cookie = scene.cookie(Role::Admin).await;
    for path in [
        "/mirrors/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/runs/%3Cb%3E",
        "/deliveries/x",
        "/conflicts/view?mirror=a&reference=%3Cscript%3E",
        "/no/such/page",
    ] {
        let (status, page) = scene.get(path, &cookie).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            page.contains("There is no such") && !page.contains("<script>"),
            "{path}: {page}"
        );
        assert!(
            page.contains(r#"<nav aria-label="Main">"#) && page.contains("Sign out"),
            "{path}: somebody who signed in stays so: {page}"
        );
    }
}

#[tokio::test]
async fn a_list_of_a_mirror_that_is_not_there_is_empty_and_no_error() {
    let signed = Signed::new().await;
    assert!(signed.page("/runs?mirror=ap").await.contains("No run fits."));
    let conflicts = signed.page("/conflicts?mirror=ap").await;
    assert!(conflicts.contains("No conflict is open."), "{conflicts}");
    let deliveries = signed.page("/deliveries?mirror=ap").await;
    assert!(
        deliveries.contains("No webhook of ap came in yet."),
        "{deliveries}"
    );
}
