use hosts::Provider;
use hosts::webhook::Headers;

use super::scene::{A, B, push};
use crate::hooks::explain;

#[test]
fn a_payload_is_explained_without_a_server() {
    let body = push("acme/app", "refs/heads/main", A, B);
    let told = explain(
        Provider::Github,
        None,
        Some("push"),
        &Headers::new(),
        body.as_bytes(),
    );
    assert_eq!((told.kind, told.status), ("push", 202));
    assert_eq!(told.repositories, ["forge.example/acme/app"]);
    assert_eq!(told.references[0].name, "refs/heads/main");
    assert_eq!(
        (told.references[0].old.as_str(), told.references[0].new.as_str()),
        (A, B)
    );
    assert!(told.references[0].does.contains("moves the other"));
    assert_eq!(told.actor.as_deref(), Some("ada"));
}

#[test]
fn what_is_ignored_or_malformed_says_why() {
    let explain = |event, body: &str| {
        explain(
            Provider::Github,
            None,
            Some(event),
            &Headers::new(),
            body.as_bytes(),
        )
    };
    let ignored = explain("issues", "{}");
    assert_eq!((ignored.kind, ignored.status), ("ignored event", 202));
    assert!(ignored.why.is_some());
    let malformed = explain("push", "{}");
    assert_eq!((malformed.kind, malformed.status), ("malformed", 400));
    assert!(malformed.why.unwrap().contains("ref is missing"));
    assert_eq!(explain("ping", "{}").status, 200);
}
