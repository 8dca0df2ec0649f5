//! Values as YAML 1.2: block style, text in double quotes (which are JSON's) unless it is plainly text without them.

use std::fmt::Write;

use serde_json::Value;

use super::json::escaped;

/// A value as a document, with a line break at its end. What is invisible or deceptive is escaped.
pub(crate) fn text(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty(value) => block(&mut text, value, 0),
        scalar => {
            text.push_str(&flow(scalar));
            text.push('\n');
        }
    }
    text
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Writes a map or a list that is not empty, on lines of its own.
fn block(text: &mut String, value: &Value, indent: usize) {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(map) => {
            for (index, (key, value)) in map.iter().enumerate() {
                // The first key of a map in a list stands behind the list's dash.
                let margin = if index == 0 && text.ends_with("- ") {
                    ""
                } else {
                    &margin
                };
                // Writing to a String cannot fail.
                let _ = write!(text, "{margin}{}:", scalar(key));
                match value {
                    Value::Object(_) if !is_empty(value) => {
                        text.push('\n');
                        block(text, value, indent + 2);
                    }
                    Value::Array(_) if !is_empty(value) => {
                        text.push('\n');
                        block(text, value, indent + 2);
                    }
                    value => {
                        let _ = writeln!(text, " {}", flow(value));
                    }
                }
            }
        }
        Value::Array(list) => {
            for value in list {
                let margin = if text.ends_with("- ") { "" } else { &margin };
                let _ = write!(text, "{margin}- ");
                match value {
                    Value::Object(_) | Value::Array(_) if !is_empty(value) => block(text, value, indent + 2),
                    value => {
                        let _ = writeln!(text, "{}", flow(value));
                    }
                }
            }
        }
        value => {
            let _ = writeln!(text, "{margin}{}", flow(value));
        }
    }
}

/// What stands on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        other => other.to_string(),
    }
}

/// Text, in quotes unless no reader of YAML, of any version, can take it for something else.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 11] = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan",
    ];
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@ :".contains(c);
    let colon = text.contains(": ") || text.ends_with(':');
    let word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if starts && text.chars().all(plain) && !colon && !word && !text.ends_with(' ') {
        text.to_owned()
    } else {
        escaped(&Value::String(text.to_owned()).to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_reads_like_a_configuration() {
        let value = json!({
            "items": [
                {"name": "app", "labels": {}, "states": ["in-sync", "true"], "behind": null, "count": 3},
                {"name": "refs/heads/a b", "at": "2026-11-21T09:00:00Z", "pair": [[1, 2], []]},
            ],
            "next": "a: b",
        });
        insta::assert_snapshot!(text(&value), @r#"
        items:
          - name: app
            labels: {}
            states:
              - in-sync
              - "true"
            behind: null
            count: 3
          - name: refs/heads/a b
            at: "2026-11-21T09:00:00Z"
            pair:
              - - 1
                - 2
              - []
        next: "a: b"
        "#);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            "(true|No|0x1f|1e5|~|- a|a: b|a #b|\\[|\\{|refs/heads/x|2026-01-01|.inf|a:|null| a|\u{1b}|\u{202e}x)"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z/: ]{1,8}|true|1", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let yaml = text(&value);
            let read: Value = serde_saphyr::from_str(&yaml).map_err(|error| TestCaseError::fail(format!("{error}\n{yaml}")))?;
            prop_assert_eq!(read, value);
        }
    }
}
