//! What forms send.

use serde::de::DeserializeOwned;

use super::trouble::Trouble;

/// Reads a form's fields (`application/x-www-form-urlencoded`).
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_urlencoded::from_bytes(body)
        .map_err(|error| Trouble::bad(format!("the form cannot be read: {error}")))
}
