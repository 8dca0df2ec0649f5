use proptest::prelude::*;

use super::{MAX_BYTES, Node, emit, parse};

fn error(text: &str) -> (u32, u32, String) {
    let error = parse(text, 0).unwrap_err();
    (error.at.line, error.at.column, error.message)
}

fn text_of(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::text).unwrap().to_owned()
}

#[test]
fn scalars_keep_their_text_and_keys_their_places() {
    let node = parse("a: 1.10\nb: 'no'\nc:\n  - d: off\n", 0).unwrap();
    assert_eq!(
        (text_of(&node, "a"), text_of(&node, "b")),
        ("1.10".into(), "no".into())
    );
    let d = &node.get("c").unwrap().items()[0].entries()[0];
    assert_eq!((d.key_at.line, d.key_at.column), (4, 5));
    assert_eq!((d.value.at.line, d.value.at.column), (4, 8));
}

#[test]
fn anchors_and_merge_keys_work_and_what_is_written_goes_before() {
    let node = parse("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: *a\n", 0).unwrap();
    let b = node.get("b").unwrap();
    assert_eq!((text_of(b, "x"), text_of(b, "y")), ("3".into(), "2".into()));
    assert_eq!(text_of(node.get("c").unwrap(), "x"), "1");
    assert_eq!(error("a: {<<: 1}\n").0, 1);
}

#[test]
fn what_is_no_single_document_of_maps_is_refused() {
    assert_eq!(
        error("a: 1\nb: 2\na: 3\n"),
        (3, 1, "`a` is written twice in one map".into())
    );
    assert_eq!(error("a: 1\n---\nb: 2\n").0, 2);
    assert_eq!(
        error("{[a]: 1}\n").2,
        "a key is a list or a map: put what starts with `{` or `[` in quotes"
    );
    assert!(error("a: [1\n").2.starts_with("this is not YAML"));
    assert!(error("a: *b\n").2.starts_with("this is not YAML"));
    assert!(error("a: &a [*a]\n").2.contains("inside what it names"));
}

#[test]
fn a_billion_laughs_are_not_laughed() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    assert!(error(&text).2.contains("aliases expanded"));
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for level in 1..100 {
        deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(error(&deep).2.contains("nested"));
    let brackets = error(&"[".repeat(100_000)).2;
    assert!(brackets.len() < 300, "{brackets}");
    assert!(error(&"#".repeat(MAX_BYTES + 1)).2.contains("at most"));
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[ -~]{0,20}".prop_map(Into::into),
        "\\PC{0,10}".prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("\\PC{0,8}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|[\\[\\]{}:,&*!|>'\"#%@`\n \t-]){0,200}") {
        let _ = parse(&text, 0);
    }

    #[test]
    fn what_is_written_is_read_again(value in any_value()) {
        let value = serde_json::json!({"k": value, "l": [value]});
        let text = emit(&value).unwrap();
        let node = parse(&text, 0).unwrap();
        let read: serde_json::Value = super::read(&node).unwrap();
        prop_assert_eq!(read, value, "{}", text);
    }
}
