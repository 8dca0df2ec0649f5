//! The environment variables that the mirror script read, and that `refsync sync` reads in its place.

use std::ffi::OsString;

use secrecy::{ExposeSecret, SecretString};

use super::UsageError;

/// What the environment says of a run. An empty variable is an unset one, except `REFERENCE`.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    /// `SOURCE_URL`.
    pub(crate) source_url: Option<String>,
    /// `TARGET_URL`.
    pub(crate) target_url: Option<String>,
    /// `SOURCE_TOKEN`.
    pub(crate) source_token: Option<SecretString>,
    /// `TARGET_TOKEN`.
    pub(crate) target_token: Option<SecretString>,
    /// `SOURCE_USERNAME`.
    pub(crate) source_username: Option<String>,
    /// `TARGET_USERNAME`.
    pub(crate) target_username: Option<String>,
    /// `REFERENCE`, also when it is set and empty: that never means "everything".
    pub(crate) reference: Option<String>,
    /// `REFERENCE_SHA_OLD`.
    pub(crate) reference_sha_old: Option<String>,
    /// `SYNC_DELETE`.
    pub(crate) sync_delete: Option<String>,
}

impl Variables {
    /// Reads them through `look`, which is [`std::env::var_os`] but in tests.
    ///
    /// # Errors
    ///
    /// When one holds `<+`, an expression that a pipeline left unresolved, or is not UTF-8.
    pub(crate) fn read(look: impl Fn(&str) -> Option<OsString>) -> Result<Self, UsageError> {
        let set = |name: &'static str| -> Result<Option<String>, UsageError> {
            let Some(value) = look(name) else { return Ok(None) };
            let value = value.into_string().map_err(|_| UsageError::NotUtf8(name))?;
            if value.contains("<+") {
                return Err(UsageError::Unresolved(name));
            }
            Ok(Some(value))
        };
        let full = |name| set(name).map(|value| value.filter(|value| !value.trim().is_empty()));
        let secret = |name| full(name).map(|value| value.map(SecretString::from));
        Ok(Self {
            source_url: full("SOURCE_URL")?,
            target_url: full("TARGET_URL")?,
            source_token: secret("SOURCE_TOKEN")?,
            target_token: secret("TARGET_TOKEN")?,
            source_username: full("SOURCE_USERNAME")?,
            target_username: full("TARGET_USERNAME")?,
            reference: set("REFERENCE")?,
            reference_sha_old: full("REFERENCE_SHA_OLD")?,
            sync_delete: full("SYNC_DELETE")?,
        })
    }
}

/// Whether a value that people or pipelines give means that there is none: empty, or the word `null`.
pub(super) fn is_none(value: &str) -> bool {
    matches!(value.trim(), "" | "null")
}

/// The same for a secret.
pub(super) fn is_no_secret(value: &SecretString) -> bool {
    is_none(value.expose_secret())
}
