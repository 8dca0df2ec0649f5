//! Which references a trigger is for.

use super::pipeline::Condition;
use crate::problem::shown;

/// The patterns that conditions on the payload come to; none is all. What cannot be said in patterns is noted.
pub(super) fn references(conditions: &[Condition], whose: &str, notes: &mut Vec<String>) -> Vec<String> {
    let mut patterns = Vec::new();
    for condition in conditions {
        let about_reference = ["ref", "branch", "tag"]
            .iter()
            .any(|word| condition.key.to_ascii_lowercase().contains(word));
        let patterns_of = match about_reference {
            true => of(condition),
            false => None,
        };
        match patterns_of {
            Some(more) => patterns.extend(more),
            None => notes.push(format!(
                "{whose}: the condition `{} {} {}` was not taken over",
                shown(&condition.key),
                shown(&condition.operator),
                shown(&condition.value)
            )),
        }
    }
    if !patterns.is_empty() && patterns.iter().all(|pattern| pattern.starts_with('^')) {
        patterns.splice(0..0, ["refs/heads/*".to_owned(), "refs/tags/*".to_owned()]);
    }
    patterns
}

fn of(condition: &Condition) -> Option<Vec<String>> {
    let values = condition
        .value
        .split(',')
        .map(str::trim)
        .filter(|value| !value.is_empty());
    let each = |before: &str, after: &str| -> Vec<String> {
        values
            .clone()
            .map(|value| format!("{before}{}{after}", full(value)))
            .collect()
    };
    let patterns = match condition.operator.as_str() {
        "Equals" | "In" => each("", ""),
        "NotEquals" | "NotIn" | "DoesNotEqual" => each("^", ""),
        "StartsWith" => each("", "*"),
        _ => return None,
    };
    let plain = |pattern: &String| crate::expand::escaped(pattern) == *pattern && !pattern.contains("<+");
    patterns.iter().all(plain).then_some(patterns)
}

/// The full name of a branch, which pipelines also write in short.
pub(super) fn full(name: &str) -> String {
    match name.starts_with("refs/") {
        true => name.to_owned(),
        false => format!("refs/heads/{name}"),
    }
}
