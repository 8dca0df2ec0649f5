//! Secrets that are read when they are needed, never stored, never shown.

use std::fmt;

use secrecy::SecretString;

/// Where a secret comes from: text with `${env:…}`, `${file:…}` and `${command:…}` in it. `Debug` and `Display` show the places, never a
/// literal text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Env(String),
    File(std::path::PathBuf),
    Command(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

/// Why a secret cannot be read. Says the place, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(pub String);

impl Secret {
    /// Parses the text of a configuration.
    pub fn parse(_text: &str) -> Result<Self, SecretError> {
        todo!()
    }

    /// Whether any of it stands in the configuration itself.
    pub fn is_literal(&self) -> bool {
        todo!()
    }
}

/// Reads secrets, and keeps what commands printed for five minutes.
#[derive(Debug, Default)]
pub struct Secrets {}

impl Secrets {
    /// The value. An empty one is an error.
    pub async fn read(&self, _secret: &Secret) -> Result<SecretString, SecretError> {
        todo!()
    }

    /// Reads it anew, after a 401; true if the value differs from the one before.
    pub async fn refresh(&self, _secret: &Secret) -> Result<bool, SecretError> {
        todo!()
    }
}
