//! Access tokens and user names.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use engine::request::Credentials;
use engine::side::Side;
use secrecy::{ExposeSecret, SecretString};

use super::UsageError;
use super::variables::{is_no_secret, is_none};

/// The most bytes that are read of a token's file. The longest tokens, signed ones of app platforms, have some thousand.
const MAX_TOKEN_FILE: u64 = 64 << 10;

/// Who asks one side, from what the flags (`file`, `username`) and the variables say.
pub(super) struct Secrets<'a> {
    pub(super) side: Side,
    pub(super) file: Option<&'a Path>,
    pub(super) variable: Option<&'a SecretString>,
}

impl Secrets<'_> {
    /// The credentials: the token of the file, else of the variable, else what git's credential helpers know.
    pub(super) fn credentials(&self, user: Option<&str>) -> Result<Credentials, UsageError> {
        let (token, origin) = match (self.file, self.variable) {
            (Some(file), _) => (Some(read(file)?), file.display().to_string()),
            (None, variable) => (
                variable.map(trimmed),
                format!("{}_TOKEN", self.side.to_string().to_uppercase()),
            ),
        };
        let Some(token) = token.filter(|token| !is_no_secret(token)) else {
            return Ok(Credentials::Helpers);
        };
        let text = token.expose_secret();
        if text.contains("<+") || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(UsageError::Token(origin));
        }
        Ok(Credentials::Token {
            user: user.map(str::to_owned),
            token,
            style: Default::default(),
        })
    }
}

fn trimmed(token: &SecretString) -> SecretString {
    token.expose_secret().trim().into()
}

fn read(path: &Path) -> Result<SecretString, UsageError> {
    let failed = |reason: String| UsageError::TokenFile {
        file: path.into(),
        reason,
    };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    let read = file
        .take(MAX_TOKEN_FILE + 1)
        .read_to_string(&mut text)
        .map_err(|error| failed(error.to_string()))?;
    let text = SecretString::from(text);
    if read as u64 > MAX_TOKEN_FILE {
        return Err(failed("it is too large to hold a token".into()));
    }
    Ok(trimmed(&text))
}

/// The user name that is given, if one is: the flag, else the variable.
pub(super) fn username(
    side: Side,
    flag: Option<&str>,
    variable: Option<&str>,
) -> Result<Option<String>, UsageError> {
    let Some(name) = flag.or(variable).map(str::trim).filter(|name| !is_none(name)) else {
        return Ok(None);
    };
    // HTTP's Basic scheme (RFC 7617) ends the name at the first colon.
    if name.contains(':') || name.contains("<+") || name.chars().any(char::is_control) {
        return Err(UsageError::Username(side));
    }
    Ok(Some(name.to_owned()))
}
