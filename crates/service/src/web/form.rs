//! What forms send.

use serde::de::DeserializeOwned;

use super::trouble::Trouble;

/// Reads a form's fields (`application/x-www-form-urlencoded`).
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_urlencoded::from_bytes(body)
        .map_err(|error| Trouble::bad(format!("the form cannot be read: {error}")))
}

/// What is written on the lines that are not empty.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

/// A choice between yes, no, and what holds otherwise.
pub(super) fn flag(word: &str) -> Option<bool> {
    match word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
