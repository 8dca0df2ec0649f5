use proptest::prelude::*;

use super::*;

const A: &str = "1111111111111111111111111111111111111111";

fn github(body: &str) -> Result<Delivery, Malformed> {
    read(
        Provider::Github,
        None,
        &Headers::new(),
        Some("push"),
        body.as_bytes(),
    )
}

fn message(body: &str) -> String {
    github(body).expect_err("the body is malformed").to_string()
}

#[test]
fn a_reference_that_is_missing_empty_null_or_unresolved_never_means_everything() {
    for name in [
        "",
        "\"ref\":null,",
        "\"ref\":\"\",",
        "\"ref\":\"  \",",
        "\"ref\":\"null\",",
    ] {
        let text = message(&format!(r#"{{{name}"before":"{A}","after":"{A}"}}"#));
        assert!(text.contains("ref is missing or empty"), "{name}: {text}");
    }
    let text = message(&format!(
        r#"{{"ref":"refs/heads/<+x>","before":"{A}","after":"{A}"}}"#
    ));
    assert!(text.contains("not resolved"), "{text}");
}

#[test]
fn a_value_that_is_no_object_id_is_an_error_and_a_missing_one_is_not_known() {
    let text = message(r#"{"ref":"refs/heads/main","before":"abc","after":"def"}"#);
    assert!(
        text.starts_with("before is not an object id") && text.contains("`abc`"),
        "{text}"
    );
    let Ok(Delivery::Push(push)) = github(&format!(r#"{{"ref":"refs/heads/main","after":"{A}"}}"#)) else {
        panic!("a push was expected");
    };
    assert_eq!(push.changes[0].old, Told::Unknown);
}

#[test]
fn names_that_git_refuses_are_reported_and_harmless() {
    let Ok(Delivery::Push(push)) = github(&format!(
        r#"{{"ref":"refs/heads/a..b\u001b[31m","before":"{A}","after":"{A}"}}"#
    )) else {
        panic!("a push was expected");
    };
    assert!(push.changes.is_empty());
    assert_eq!(push.invalid, ["refs/heads/a..b[31m"]);
}

#[test]
fn what_is_not_json_says_what_was_expected() {
    assert!(message("").contains("empty"));
    assert!(message("[]").contains("not a JSON object"));
    assert!(message("payload=%7B%7D").contains("not a JSON object"));
    assert!(message("{\"ref\":").contains("not JSON"));
    assert!(message(r#"{"ref":5}"#).contains("expected `ref`, `before` and `after`"));
}

#[test]
fn depth_is_bounded_and_brackets_in_texts_do_not_count() {
    let deep = |levels: usize| format!(r#"{{"zen":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let ping = |body: &str| {
        read(
            Provider::Github,
            None,
            &Headers::new(),
            Some("ping"),
            body.as_bytes(),
        )
    };
    assert_eq!(ping(&deep(body::MAX_DEPTH - 1)), Ok(Delivery::Ping));
    let error = ping(&deep(body::MAX_DEPTH)).unwrap_err();
    assert!(error.to_string().contains("levels deep"), "{error}");
    let text = format!(r#"{{"zen":"{}\"{}"}}"#, "[".repeat(100), "{".repeat(100));
    assert_eq!(ping(&text), Ok(Delivery::Ping));
    assert!(ping(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn a_delivery_of_too_many_references_says_that_there_are_more() {
    let update = format!(r#"{{"name":"refs/heads/b","oldObjectId":"{A}","newObjectId":"{A}"}}"#);
    let updates = vec![update; MAX_CHANGES + 1].join(",");
    let body = format!(r#"{{"eventType":"git.push","resource":{{"refUpdates":[{updates}]}}}}"#);
    let delivery = read(
        Provider::AzureDevops,
        None,
        &Headers::new(),
        None,
        body.as_bytes(),
    );
    let Ok(Delivery::Push(push)) = delivery else {
        panic!("a push was expected");
    };
    assert_eq!(push.changes.len(), MAX_CHANGES);
    assert!(push.and_more);
}

#[test]
fn a_custom_payload_with_too_many_values_is_refused_before_it_is_kept() {
    let body = format!(r#"{{"a":[{}1]}}"#, "1,".repeat(600_000));
    let trigger = CustomTrigger {
        when: None,
        reference: "<+trigger.payload.ref>".to_owned(),
        reference_kind: None,
        reference_sha_old: None,
        reference_sha: None,
        signature: None,
    };
    let error = read(
        Provider::Custom,
        Some(&trigger),
        &Headers::new(),
        None,
        body.as_bytes(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("more than 500000 values"), "{error}");
}

#[test]
fn ids_are_the_hosts_own_or_the_bodys_hash() {
    let headers = |name: &str| Headers::from([(name.to_owned(), "one".to_owned())]);
    let id = |provider, name: &str, body: &str| delivery_id(provider, &headers(name), body.as_bytes());
    assert_eq!(
        id(Provider::Github, "x-github-delivery", "{}").as_deref(),
        Some("one")
    );
    assert_eq!(id(Provider::Gitlab, "webhook-id", "{}").as_deref(), Some("one"));
    assert_eq!(
        id(Provider::Forgejo, "x-gitea-delivery", "{}").as_deref(),
        Some("one")
    );
    assert_eq!(
        id(Provider::BitbucketCloud, "x-request-uuid", "{}").as_deref(),
        Some("one")
    );
    assert_eq!(
        id(Provider::AzureDevops, "x", r#"{"id":"two"}"#).as_deref(),
        Some("two")
    );
    assert_eq!(id(Provider::Github, "x", r#"{"id":"two"}"#), None);
    let harness = |body| id(Provider::Harness, "x", body).unwrap();
    assert_eq!(harness("{}"), harness("{}"));
    assert_ne!(harness("{}"), harness("{ }"));
}

#[test]
fn only_headers_known_to_be_harmless_are_kept() {
    for header in [
        "Content-Type",
        "x-github-event",
        "X-Gitea-Delivery",
        "x-harness-trigger",
        "user-agent",
        "webhook-id",
    ] {
        assert!(may_keep(header), "{header}");
    }
    for header in [
        "authorization",
        "cookie",
        "x-gitlab-token",
        "x-hub-signature-256",
        "webhook-signature",
        "x-api-key",
        "x-other",
        "x-auth-event",
        "proxy-authorization",
    ] {
        assert!(!may_keep(header), "{header}");
    }
}

fn any_provider() -> impl Strategy<Value = Provider> {
    proptest::sample::select(Provider::ALL)
}

proptest! {
    #[test]
    fn no_body_panics(provider in any_provider(), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(provider, None, &Headers::new(), None, &body);
        let _ = delivery_id(provider, &Headers::new(), &body);
    }

    #[test]
    fn no_json_with_the_right_fields_panics(
        provider in any_provider(),
        event in proptest::sample::select(&[
            "push", "create", "delete", "branch_updated", "repo:push", "repo:refs_changed", "git.push",
            "ref-updated", "repository_update", "referenceUpdated",
        ][..]),
        name in "\\PC{0,12}",
        sha in "[0-9a-f]{0,41}",
        junk in proptest::sample::select(&["null", "[]", "{}", "1", "\"x\"", "[null]", "[{}]"][..]),
    ) {
        let name = serde_json::to_string(&name).unwrap();
        let body = format!(
            r#"{{"ref":{name},"before":"{sha}","after":"{sha}","ref_type":{name},"changes":{junk},"push":{junk},
            "resource":{junk},"refUpdate":{junk},"detail":{junk},"detail-type":"CodeCommit Repository State Change"}}"#
        );
        let _ = read(provider, None, &Headers::new(), Some(event), body.as_bytes());
    }
}
