//! Redirects are followed by hand, and no credentials go where nobody sent them.

use engine::error::{Retry, Stage};
use engine::side::Side;
use testkit::{HttpServer, Request, Then, When};

use super::{Says, assert_fails};
use crate::mirror::{Mirror, token};
use crate::scene::Scene;

/// A mirror with a token for either side.
fn with_tokens(mirror: Mirror) -> Mirror {
    mirror.with(|request| {
        request.ends.source.credentials = token("s3cret");
        request.ends.target.credentials = token("s3cret");
    })
}

fn redirect(status: u16, to: &HttpServer) -> Then {
    Then::Redirect {
        status,
        base: to.base_url(),
    }
}

fn unauthorized(requests: &[Request]) -> bool {
    requests.iter().all(|request| !request.is_authorized())
}

#[tokio::test]
async fn a_redirect_to_another_host_never_carries_credentials() {
    for status in [301, 302, 307, 308] {
        let scene = Scene::new();
        let other = HttpServer::start(scene.folder.path());
        scene.server.on(When::any(), redirect(status, &other));
        with_tokens(scene.mirror()).run().await.ok();
        scene.assert_same();
        assert!(scene.server.requests().iter().all(Request::is_authorized));
        let there = other.requests();
        assert!(!there.is_empty() && unauthorized(&there), "{there:?}");
    }
}

#[tokio::test]
async fn another_host_that_wants_credentials_gets_none_and_is_named() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::new();
        let other = HttpServer::start(scene.folder.path());
        let only = Then::Authorize(testkit::Credentials::basic("git", "s3cret"));
        other.on(When::any(), only);
        let path = format!("/{side}.git");
        scene.server.on(When::any().under(&path), redirect(301, &other));
        let done = with_tokens(scene.mirror()).run().await;
        assert!(unauthorized(&other.requests()));
        let says = Says {
            side,
            stage: Stage::Observe,
            words: &format!(
                ": the server redirects to {}{path}, which is not followed: it wants credentials, and they are for the first host only (",
                other.base_url()
            ),
            retry: Retry::Never,
            advice: "give the address it redirects to, if you trust it",
        };
        assert_fails(&done, &says);
    }
}

#[tokio::test]
async fn a_repository_that_moved_on_the_same_host_is_found_with_its_credentials() {
    let scene = Scene::new();
    for (side, service) in [("source", "git-upload-pack"), ("target", "git-receive-pack")] {
        let to = scene
            .server
            .url(&format!("{side}.git/info/refs?service={service}"));
        let old = When::any().under(&format!("/old-{side}.git"));
        scene.server.on(old, Then::redirect_to(301, &to));
    }
    let mirror = Mirror::new(
        &scene.server.url("old-source.git"),
        &scene.server.url("old-target.git"),
    );
    with_tokens(mirror).run().await.ok();
    scene.assert_same();
    assert!(scene.server.requests().iter().all(Request::is_authorized));
}

#[tokio::test]
async fn a_redirect_out_of_encryption_is_refused() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::new();
        let secure = HttpServer::start_tls(scene.folder.path());
        let path = format!("/{side}.git");
        secure.on(When::any().under(&path), redirect(301, &scene.server));
        let mirror = Mirror::new(&secure.url("source.git"), &secure.url("target.git"));
        let done = with_tokens(mirror.ca(&secure.ca_pem_path())).run().await;
        let says = Says {
            side,
            stage: Stage::Observe,
            words: ", which is not followed: it leaves encryption (",
            retry: Retry::Never,
            advice: "give the address it redirects to, if you trust it",
        };
        assert_fails(&done, &says);
        assert!(scene.server.requests().is_empty(), "nothing went there");
    }
}

#[tokio::test]
async fn a_login_page_is_named_without_its_query() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::new();
        let login = "https://id.example.com/users/sign_in?back=%2Fapp.git&state=s3cret";
        scene.server.on(
            When::any().under(&format!("/{side}.git")),
            Then::redirect_to(302, login),
        );
        let done = scene.mirror().run().await;
        let says = Says {
            side,
            stage: Stage::Observe,
            words: ": the server redirects to a login page at https://id.example.com/users/sign_in (",
            retry: Retry::Never,
            advice: &format!("give an access token in {}", super::variable(side)),
        };
        assert_fails(&done, &says);
    }
}

#[tokio::test]
async fn a_redirect_to_something_else_is_not_followed() {
    for (to, reason) in [
        ("/news", "it is no address of a repository"),
        ("file:///etc/passwd", "it is not HTTP"),
    ] {
        let scene = Scene::new();
        let there = When::any().under("/target.git");
        scene.server.on(there, Then::redirect_to(302, to));
        let done = scene.mirror().run().await;
        let says = Says {
            side: Side::Target,
            stage: Stage::Observe,
            words: reason,
            retry: Retry::Never,
            advice: "give the address it redirects to",
        };
        assert_fails(&done, &says);
    }
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let scene = Scene::new();
    let there = When::any().under("/target.git");
    scene.server.on(there, redirect(301, &scene.server));
    let done = scene.mirror().run().await;
    let says = Says {
        side: Side::Target,
        stage: Stage::Observe,
        words: "too many redirects",
        retry: Retry::Never,
        advice: "give the address it redirects to",
    };
    assert_fails(&done, &says);
}
