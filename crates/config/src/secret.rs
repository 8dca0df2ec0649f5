//! Secrets that are read when they are needed, never stored, never shown.

mod command;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

pub use reader::Secrets;

/// Where a secret comes from: text with `${env:…}`, `${file:…}` and `${command:…}` in it. `Debug` and `Display` show the places, never a
/// literal text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Env(String),
    File(PathBuf),
    Command(String),
}

/// What stands in a message for text that is written in the configuration itself.
const HIDDEN: &str = "[hidden]";

/// How a place is written, for messages.
const FORMS: &str = "${env:NAME}, ${file:/path} or ${command:program arguments}";

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str(HIDDEN),
            Self::Env(name) => write!(f, "${{env:{}}}", crate::problem::shown(name)),
            Self::File(path) => write!(f, "${{file:{}}}", crate::problem::shown(&path.to_string_lossy())),
            // Arguments can hold what nobody should see.
            Self::Command(command) => {
                let program = command.split_whitespace().next().unwrap_or_default();
                write!(f, "${{command:{} …}}", crate::problem::shown(program))
            }
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| part.fmt(f))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a secret cannot be read. Says the place, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(pub String);

impl Secret {
    /// Parses the text of a configuration. A relative path of `${file:…}` counts from the working directory.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            let inside = &rest[start + 2..];
            let end = closing(inside)
                .ok_or_else(|| SecretError(format!("a `${{` is not closed; the forms are {FORMS}")))?;
            parts.push(part(&inside[..end])?);
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The same, with relative paths below `base`.
    pub(crate) fn parse_in(text: &str, base: &Path) -> Result<Self, SecretError> {
        let mut secret = Self::parse(text)?;
        for part in &mut secret.0 {
            if let Part::File(path) = part {
                *path = base.join(&*path);
            }
        }
        Ok(secret)
    }

    /// Whether any of it stands in the configuration itself.
    pub fn is_literal(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Text(_)))
    }

    /// As a configuration writes it, literal text with it: only for a configuration that is written again.
    pub(crate) fn written(&self) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Env(name) => out.extend(["${env:", name, "}"]),
                Part::File(path) => out.extend(["${file:", &path.to_string_lossy(), "}"]),
                Part::Command(command) => out.extend(["${command:", command, "}"]),
            }
        }
        out
    }

    /// The environment variables it is read from.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Env(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// The index of the `}` that closes what was opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

fn part(inside: &str) -> Result<Part, SecretError> {
    let unknown = || SecretError(format!("a secret's place is written {FORMS}"));
    let (kind, what) = inside.split_once(':').ok_or_else(unknown)?;
    let what = what.trim();
    if what.is_empty() || what.contains('\0') {
        return Err(SecretError(format!(
            "a place of a secret is empty; the forms are {FORMS}"
        )));
    }
    match kind {
        "env" if what.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) => Err(SecretError(
            "the name of an environment variable has letters, digits and `_`".into(),
        )),
        "env" => Ok(Part::Env(what.to_owned())),
        "file" => Ok(Part::File(PathBuf::from(what))),
        "command" => Ok(Part::Command(what.to_owned())),
        _ => Err(unknown()),
    }
}
