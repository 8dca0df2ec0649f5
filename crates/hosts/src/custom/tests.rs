use proptest::prelude::*;

use super::*;
use crate::Provider;
use crate::webhook::{Delivery, Headers, Malformed, Told, read};

const PAYLOAD: &[u8] = include_bytes!("../../tests/fixtures/custom/push.json");

fn trigger(when: Option<&str>, reference: &str) -> CustomTrigger {
    CustomTrigger {
        when: when.map(str::to_owned),
        reference: reference.to_owned(),
        reference_kind: None,
        reference_sha_old: Some("<+trigger.payload.old_sha>".to_owned()),
        reference_sha: Some("<+trigger.payload.new_sha>".to_owned()),
        signature: None,
    }
}

fn deliver(trigger: &CustomTrigger) -> Result<Delivery, Malformed> {
    let headers = Headers::from([("x-event".to_owned(), "push".to_owned())]);
    read(Provider::Custom, Some(trigger), &headers, None, PAYLOAD)
}

fn name(reference: &str) -> String {
    match deliver(&trigger(None, reference)) {
        Ok(Delivery::Push(push)) => push.changes[0].name.to_string(),
        other => panic!("{reference}: {other:?}"),
    }
}

fn error(reference: &str) -> String {
    deliver(&trigger(None, reference))
        .expect_err(reference)
        .to_string()
}

fn counts(when: &str) -> bool {
    match deliver(&trigger(Some(when), "<+trigger.payload.ref.name>")) {
        Ok(Delivery::Push(_)) => true,
        Ok(Delivery::Ignored { .. }) => false,
        other => panic!("{when}: {other:?}"),
    }
}

#[test]
fn the_issues_example_is_read() {
    let trigger = trigger(
        Some(r#"<+trigger.payload.event> == "push""#),
        "<+trigger.payload.ref.name>",
    );
    trigger.check().unwrap();
    let Ok(Delivery::Push(push)) = deliver(&trigger) else {
        panic!("a push was expected");
    };
    assert_eq!(push.changes[0].name.to_string(), "refs/heads/main");
    assert!(matches!(push.changes[0].old, Told::At(id) if id.to_string().starts_with('1')));
    assert!(matches!(push.changes[0].new, Told::At(id) if id.to_string().starts_with('2')));
}

#[test]
fn conditions_are_decided_over_payload_and_headers() {
    for yes in [
        r#"<+trigger.payload.event> == "push" && <+trigger.payload.count> == 3"#,
        r#"<+trigger.payload.event> != 'tag' || false"#,
        r#"<+trigger.payload.ref.name> =~ "refs/(heads|tags)/.*""#,
        r#"<+trigger.payload.ref.name>.startsWith("refs/heads/")"#,
        r#"<+trigger.payload.ref.name.startsWith("refs/heads/")>"#,
        r#"<+trigger.payload.list[0]["a b"]> == "c""#,
        r#"<+eventPayload.list.0["a b"]> == "c""#,
        r#"<+trigger.payload.flag>"#,
        r#"!(<+trigger.payload.none> != null)"#,
        r#"<+trigger.payload.missing.deeper> == null"#,
        r#"<+trigger.header["X-Event"]> == "push""#,
    ] {
        assert!(counts(yes), "{yes}");
    }
    for no in [
        r#"<+trigger.payload.event> == "tag""#,
        r#"<+trigger.payload.ref.name> =~ "heads""#,
        r#"<+trigger.payload.none>"#,
        r#"<+trigger.payload.ref.name>.endsWith("x")"#,
        "false || false && true",
    ] {
        assert!(!counts(no), "{no}");
    }
}

#[test]
fn a_name_is_made_of_text_and_expressions() {
    assert_eq!(name("refs/heads/<+trigger.payload.ref.short>"), "refs/heads/main");
    assert_eq!(
        name(r#""refs/tags/" + <+trigger.payload.ref.short>"#),
        "refs/tags/main"
    );
    assert_eq!(
        name(r#"<+trigger.payload.ref.name.replace("heads", "tags")>"#),
        "refs/tags/main"
    );
    let mut short = trigger(None, "<+trigger.payload.ref.short>");
    short.reference_kind = Some("<+trigger.payload.ref.kind>".to_owned());
    let Ok(Delivery::Push(push)) = deliver(&short) else {
        panic!("a push was expected");
    };
    assert_eq!(push.changes[0].name.to_string(), "refs/heads/main");
}

#[test]
fn a_reference_that_is_not_there_null_or_unresolved_is_an_error() {
    assert!(error("<+trigger.payload.missing>").contains("missing or empty"));
    assert!(error("<+trigger.payload.none>").contains("missing or empty"));
    assert!(error("refs/heads/<+trigger.payload.missing>").contains("missing or empty"));
    assert!(error("<+trigger.payload.unresolved>").contains("not resolved"));
    assert!(error("<+trigger.payload.ref>").contains("array or an object"));
}

#[test]
fn values_that_are_not_there_are_not_known() {
    let mut trigger = trigger(None, "<+trigger.payload.ref.name>");
    trigger.reference_sha_old = Some("<+trigger.payload.missing>".to_owned());
    trigger.reference_sha = None;
    let Ok(Delivery::Push(push)) = deliver(&trigger) else {
        panic!("a push was expected");
    };
    assert_eq!(
        (push.changes[0].old, push.changes[0].new),
        (Told::Unknown, Told::Unknown)
    );
}

#[test]
fn mistakes_are_found_when_the_configuration_is_read() {
    let check = |when: &str, reference: &str| trigger(Some(when), reference).check().unwrap_err().to_string();
    let good = "<+trigger.payload.ref>";
    assert!(check("<+trigger.payload.a", good).contains("`>` is missing"));
    assert!(check("<+pipeline.name> == 1", good).contains("trigger.payload"));
    assert!(check("<+trigger.payload.a> === 1", good).contains("not part of an expression"));
    assert!(check("<+trigger.payload.a>.explode()", good).contains("not known"));
    assert!(check("<+trigger.payload.a> == \"x", good).contains("not closed"));
    assert!(check("", good).contains("ends too early"));
    assert!(check("true", "refs/heads/main").contains("takes nothing out of the payload"));
    assert!(check("true", "<+trigger.payload.ref").contains("not closed"));
    assert!(check(&"(".repeat(1_000), good).contains("too deeply"));
    assert!(check(&"!".repeat(1_000), good).contains("too deeply"));
    assert!(check(&vec!["true"; 500].join("||"), good).contains("too many parts"));
    assert!(check(&" ".repeat(5_000), good).contains("longer than"));
    let mut hmac = trigger(None, good);
    hmac.signature = Some(CustomSignature {
        header: "X-Signature".to_owned(),
        hmac: Some("md5".to_owned()),
        encoding: None,
        prefix: None,
    });
    assert!(hmac.check().unwrap_err().to_string().contains("sha256"));
}

#[test]
fn a_regular_expression_that_would_be_huge_is_refused() {
    let when = r#"<+trigger.payload.event> =~ "(((a{100}){100}){100})""#;
    let error = deliver(&trigger(Some(when), "<+trigger.payload.ref.name>")).unwrap_err();
    assert!(error.to_string().contains("regular expression"), "{error}");
}

proptest! {
    #[test]
    fn no_expression_panics(text in "(<\\+|>|trigger|\\.payload|\\.a|\\[0\\]|\\(|\\)|\"|'|==|!=|=~|&&|\\|\\||!|\\+|\\.startsWith|,| |x|\\PC){0,40}") {
        let trigger = trigger(Some(&text), &text);
        let _ = trigger.check();
        let _ = deliver(&trigger);
        let _ = deliver(&CustomTrigger { when: None, ..trigger });
    }
}
