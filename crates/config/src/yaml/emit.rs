//! From a value to YAML text.

use super::{Kind, Node};

/// Writes a value as YAML in block style, keys in their order. Short lists of scalars stay on one line. Fails where a value has no
/// JSON: keys that are no texts.
pub fn emit<T: serde::Serialize>(value: &T) -> Result<String, serde_json::Error> {
    Ok(emit_node(&Node::of(value)?))
}

/// Writes a tree.
pub(crate) fn emit_node(node: &Node) -> String {
    let mut text = String::new();
    block(node, 0, &mut text);
    text
}

fn block(node: &Node, indent: usize, out: &mut String) {
    match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                pad(indent, out);
                out.push_str(&scalar(&entry.key));
                out.push(':');
                below(&entry.value, indent, out);
            }
        }
        Kind::List(items) if !items.is_empty() => {
            for item in items {
                pad(indent, out);
                out.push('-');
                element(item, indent, out);
            }
        }
        _ => {
            pad(indent, out);
            out.push_str(&inline(node));
            out.push('\n');
        }
    }
}

/// The value of a key: beside it, or in the lines below.
fn below(node: &Node, indent: usize, out: &mut String) {
    if is_inline(node) {
        out.push(' ');
        out.push_str(&inline(node));
        out.push('\n');
    } else {
        out.push('\n');
        block(node, indent + 2, out);
    }
}

/// An element of a list: its first line stands beside the dash.
fn element(node: &Node, indent: usize, out: &mut String) {
    if is_inline(node) {
        out.push(' ');
        out.push_str(&inline(node));
        out.push('\n');
        return;
    }
    let mut text = String::new();
    block(node, indent + 2, &mut text);
    out.push(' ');
    out.push_str(text.trim_start_matches(' '));
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn is_inline(node: &Node) -> bool {
    match &node.kind {
        Kind::Map(entries) => entries.is_empty(),
        Kind::List(items) => {
            items.iter().all(|item| matches!(item.kind, Kind::Scalar { .. })) && inline(node).len() <= 80
        }
        Kind::Scalar { .. } | Kind::Pruned => true,
    }
}

fn inline(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar { text, plain: true } => text.to_string(),
        Kind::Scalar { text, plain: false } => scalar(text),
        Kind::List(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map(_) => "{}".into(),
        Kind::Pruned => "null".into(),
    }
}

/// A text, in quotes where YAML (1.1 or 1.2) could take it for something else. A JSON string is a YAML string in double quotes.
fn scalar(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '@' | '+');
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(safe)
        && !text.ends_with(':')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    // A length of time, such as 1h30m.
    let span = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(['d', 'h', 'm', 's'])
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, 'd' | 'h' | 'm' | 's'));
    match word || span {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}
