//! What HTTP servers, and the way to them, have to say.

use std::time::Duration;

use engine::error::{Retry, Stage};
use engine::report::Outcome;
use engine::request::Credentials;
use engine::side::Side;
use engine::url::RemoteUrl;
use testkit::{Answer, RefusedPort, Service, Then, When};

use super::{Says, assert_fails, listing_of, variable};
use crate::mirror::{Mirror, token};
use crate::scene::{Scene, answer, push, source};

const SIDES: [Side; 2] = [Side::Source, Side::Target];

/// A mirror in which one side has this address.
fn mirror_at(scene: &Scene, side: Side, url: &str) -> Mirror {
    scene.mirror().with(|request| {
        request.ends.of_mut(side).url = RemoteUrl::parse(url, "test").unwrap();
    })
}

/// The listing of one side gets this answer, and the error says this.
async fn answers(side: Side, then: Then, words: &str, retry: Retry, advice: &str) {
    let scene = Scene::new();
    scene.server.on(listing_of(side), then);
    let done = scene.mirror().run().await;
    assert_fails(
        &done,
        &Says {
            side,
            stage: Stage::Observe,
            words,
            retry,
            advice,
        },
    );
    assert!(scene.target.refs().is_empty());
}

fn plain(status: u16, text: &str) -> Then {
    let answer = Answer::status(status).header("content-type", "text/plain; charset=utf-8");
    Then::Answer(answer.body(text.to_owned()).after_body())
}

#[tokio::test]
async fn a_host_without_an_address() {
    for side in SIDES {
        let scene = Scene::new();
        let done = mirror_at(&scene, side, "http://nowhere.invalid/app.git")
            .run()
            .await;
        let says = Says {
            side,
            stage: Stage::Observe,
            words: ": host nowhere.invalid not found (",
            retry: Retry::Later,
            advice: "check the spelling",
        };
        assert_fails(&done, &says);
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens() {
    for side in SIDES {
        let scene = Scene::new();
        let port = RefusedPort::take();
        let url = format!("http://{}/app.git", port.address());
        let done = mirror_at(&scene, side, &url).run().await;
        let says = Says {
            side,
            stage: Stage::Observe,
            words: &format!(": connection refused by {} (", port.address()),
            retry: Retry::Later,
            advice: "check the port",
        };
        assert_fails(&done, &says);
    }
}

#[tokio::test]
async fn a_git_daemon_that_is_not_there() {
    let scene = Scene::new();
    let port = RefusedPort::take();
    let url = format!("git://{}/app.git", port.address());
    let done = mirror_at(&scene, Side::Source, &url).run().await;
    let says = Says {
        side: Side::Source,
        stage: Stage::Observe,
        words: &format!(": connection refused by {} (", port.address()),
        retry: Retry::Later,
        advice: "check the port",
    };
    assert_fails(&done, &says);
}

/// One side takes only the user `git` with the token `right`; the error names the user that was sent.
async fn unauthorized(side: Side, credentials: Credentials, at: &str, who: &str, advice: &str) {
    let scene = Scene::new();
    let only = Then::Authorize(testkit::Credentials::basic("git", "right"));
    scene.server.on(listing_of(side), only);
    let url = scene
        .server
        .url(&format!("{side}.git"))
        .replace("://", &format!("://{at}"));
    let mirror =
        mirror_at(&scene, side, &url).with(|request| request.ends.of_mut(side).credentials = credentials);
    let says = Says {
        side,
        stage: Stage::Observe,
        words: &format!(": authentication failed: 401 for {who} ("),
        retry: Retry::Never,
        advice,
    };
    assert_fails(&mirror.run().await, &says);
}

#[tokio::test]
async fn credentials_that_are_missing_or_wrong_name_the_side_and_the_user() {
    for side in SIDES {
        let give = format!(
            "give an access token in {} or --{side}-token-file",
            variable(side)
        );
        unauthorized(side, Credentials::Anonymous, "", "an anonymous request", &give).await;
        let check = format!("check the token in {}", variable(side));
        unauthorized(side, token("wrong"), "", "user git", &check).await;
        unauthorized(side, token("right"), "me@", "user me", &check).await;
        let given = Credentials::Token {
            user: Some("you".into()),
            token: "right".to_owned().into(),
            style: Default::default(),
        };
        unauthorized(side, given, "me@", "user you", &check).await;
    }
}

#[tokio::test]
async fn the_right_token_goes_with_the_user_name_of_the_convention() {
    let scene = Scene::new();
    let only = Then::Authorize(testkit::Credentials::basic("git", "right"));
    scene.server.on(When::any(), only);
    let mirror = scene.mirror().with(|request| {
        request.ends.source.credentials = token("right");
        request.ends.target.credentials = token("right");
    });
    mirror.run().await.ok();
    scene.assert_same();
    // The token goes along from the first request on: no server had to ask for it.
    assert!(
        scene
            .server
            .requests()
            .iter()
            .all(|request| request.user.as_deref() == Some("git"))
    );
}

#[tokio::test]
async fn a_token_that_does_not_suffice() {
    for (side, what) in [(Side::Source, "read"), (Side::Target, "write to")] {
        let said = "The \u{1b}[31mproject\u{7} was archived.\n\n";
        let words = ": not permitted: 403 for an anonymous request: The [31mproject was archived. (";
        let advice = format!("permission to {what} this repository");
        answers(side, plain(403, said), words, Retry::Never, &advice).await;
    }
}

#[tokio::test]
async fn a_push_that_is_forbidden_when_it_comes() {
    let scene = Scene::new();
    scene
        .server
        .on(push(), plain(403, "Write access to repository not granted."));
    let mirror = scene
        .mirror()
        .with(|request| request.ends.target.credentials = token("read-only"));
    let done = mirror.run().await;
    let says = Says {
        side: Side::Target,
        stage: Stage::Report,
        words: ": not permitted: 403 for user git: Write access to repository not granted. (",
        retry: Retry::Never,
        advice: "permission to write to",
    };
    assert_fails(&done, &says);
    assert_eq!(done.outcome("refs/heads/main"), Outcome::NotWritten);
}

#[tokio::test]
async fn a_repository_that_is_not_there() {
    for side in SIDES {
        let advice = format!(
            "check the address; hosts also answer this to a token that may not see the repository ({})",
            variable(side)
        );
        let words = ": repository not found (";
        answers(side, Then::status(404), words, Retry::Never, &advice).await;
        // The real one.
        let scene = Scene::new();
        let done = mirror_at(&scene, side, &scene.server.url("missing.git"))
            .run()
            .await;
        let says = Says {
            side,
            stage: Stage::Observe,
            words: ": repository not found",
            retry: Retry::Never,
            advice: &advice,
        };
        assert_fails(&done, &says);
    }
}

#[tokio::test]
async fn what_answers_and_is_no_git_repository() {
    let html = || Then::html_page();
    let typed = |kind: &str, body: &str| answer(kind, body.as_bytes().to_vec());
    for side in SIDES {
        for (then, found) in [
            (html(), "it answers with a web page (text/html)"),
            (
                typed("application/json", "{}"),
                "its answer is of type application/json",
            ),
            (
                Then::Answer(Answer::status(200).after_body()),
                "its answer has no content type",
            ),
        ] {
            let words = format!(": this is not a Git repository: {found} (");
            answers(
                side,
                then,
                &words,
                Retry::Never,
                "the address that `git clone` takes",
            )
            .await;
        }
    }
    let page = typed("application/x-git-receive-pack-advertisement", "<html><body>");
    let words = ": this is not a Git repository: the answer starts with \"<htm\" (";
    answers(
        Side::Target,
        page,
        words,
        Retry::Never,
        "the address that `git clone` takes",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_only_serves_files() {
    let scene = Scene::new();
    let listing = answer("text/plain", b"0123 refs/heads/main\n".to_vec());
    scene
        .server
        .on(source(When::discovery(Service::UploadPack)), listing);
    scene
        .server
        .on(source(When::call(Service::UploadPack)), Then::status(405));
    let says = Says {
        side: Side::Source,
        stage: Stage::Observe,
        words: "it serves files only (the dumb HTTP protocol)",
        retry: Retry::Never,
        advice: "the address that `git clone` takes",
    };
    assert_fails(&scene.mirror().run().await, &says);
}

#[tokio::test]
async fn a_proxy_that_takes_no_streamed_body() {
    let scene = Scene::new();
    scene.source.big_blob("main", "blob", 3 << 20);
    let streamed = push().and(|request| request.header("content-length").is_none());
    scene
        .server
        .on(streamed, Then::Answer(Answer::status(411).after_body()));
    let done = scene.mirror().run().await;
    let says = Says {
        side: Side::Target,
        stage: Stage::Report,
        words: ": 411: the server, or a proxy before it, takes no streamed request body (",
        retry: Retry::Never,
        advice: "proxy_request_buffering off",
    };
    assert_fails(&done, &says);
    assert_eq!(done.outcome("refs/heads/main"), Outcome::NotWritten);
    assert!(scene.target.refs().is_empty());
}

#[tokio::test]
async fn a_small_push_passes_a_proxy_that_takes_no_streamed_body() {
    let scene = Scene::new();
    scene.server.on(push(), Then::RefuseChunked);
    scene.mirror().run().await.ok();
    scene.assert_same();
}

#[tokio::test]
async fn a_server_that_is_busy_says_until_when() {
    for side in SIDES {
        for status in [429, 503] {
            let busy = Answer::status(status)
                .header("content-type", "text/plain")
                .header("retry-after", "120")
                .body("slow down\n")
                .after_body();
            let words = format!(": the server is busy: HTTP {status}: slow down (");
            let after = Retry::After(Duration::from_secs(120));
            answers(side, Then::Answer(busy), &words, after, "").await;
            let words = format!(": the server is busy: HTTP {status} (");
            answers(side, Then::status(status), &words, Retry::Later, "").await;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_busy_when_the_push_comes() {
    let scene = Scene::new();
    let busy = Answer::status(503).header("retry-after", "7").after_body();
    scene.server.on(push(), Then::Answer(busy));
    let done = scene.mirror().run().await;
    let says = Says {
        side: Side::Target,
        stage: Stage::Report,
        words: ": the server is busy: HTTP 503 (",
        retry: Retry::After(Duration::from_secs(7)),
        advice: "",
    };
    assert_fails(&done, &says);
    assert_eq!(done.outcome("refs/heads/main"), Outcome::NotWritten);
}

#[tokio::test]
async fn another_status_is_told_as_it_is() {
    for side in SIDES {
        answers(side, Then::status(502), ": HTTP 502 (", Retry::Later, "").await;
        answers(side, Then::status(402), ": HTTP 402 (", Retry::Never, "").await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_up() {
    for side in SIDES {
        answers(
            side,
            Then::HangUp,
            ": the remote hung up",
            Retry::Later,
            "run again",
        )
        .await;
    }
}
