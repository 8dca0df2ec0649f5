//! From a payload's texts to names and values.

use gitwire::{Oid, RefName};
use serde::Deserialize;

use super::header::shown;
use super::{MAX_CHANGES, Malformed, Push, RefChange, Told};

/// A value as most hosts write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeros {
    /// Zeros say that the reference did not exist, or does not any more.
    Absent,
    /// Zeros say nothing.
    Unknown,
}

/// Reads a value: nothing, empty and `null` are not known; anything but an id is an error that names the field.
pub(super) fn value(field: &str, text: Option<&str>, zeros: Zeros) -> Result<Told, Malformed> {
    let text = text.map_or("", str::trim);
    if text.is_empty() || text == "null" {
        return Ok(Told::Unknown);
    }
    let id = gitwire::parse_oid(text.as_bytes()).map_err(|_| {
        Malformed(format!(
            "{field} is not an object id: expected 40 or 64 hexadecimal digits, found `{}`",
            shown(text)
        ))
    })?;
    Ok(told(id, zeros))
}

fn told(id: Oid, zeros: Zeros) -> Told {
    match (id.is_null(), zeros) {
        (false, _) => Told::At(id),
        (true, Zeros::Absent) => Told::Absent,
        (true, Zeros::Unknown) => Told::Unknown,
    }
}

/// Checks that a reference was told at all: nothing, empty, `null` or what was not resolved never means everything.
pub(super) fn told_name<'a>(field: &str, text: Option<&'a str>) -> Result<&'a str, Malformed> {
    match text {
        Some(text) if text.contains("<+") => Err(Malformed(format!(
            "{field} holds `<+`: an expression that was not resolved"
        ))),
        Some(text) if !text.trim().is_empty() && text != "null" => Ok(text),
        _ => Err(Malformed(format!(
            "{field} is missing or empty: expected the name of a reference"
        ))),
    }
}

/// `refs/heads/` or `refs/tags/` before a short name of this kind; full names stay as they are.
pub(super) fn full_name(kind: &str, field: &str, name: &str) -> Result<String, Malformed> {
    match kind {
        _ if name.starts_with("refs/") => Ok(name.to_owned()),
        "branch" => Ok(format!("refs/heads/{name}")),
        "tag" => Ok(format!("refs/tags/{name}")),
        other => Err(Malformed(format!(
            "{field} is `{}`: expected branch or tag",
            shown(other)
        ))),
    }
}

impl Push {
    /// A push without changes yet.
    pub(super) fn new(event: &str) -> Self {
        Self {
            event: shown(event),
            urls: Vec::new(),
            changes: Vec::new(),
            invalid: Vec::new(),
            and_more: false,
            path: None,
            actor: None,
        }
    }

    /// Adds a changed reference; a name that Git refuses is reported instead.
    pub(super) fn add(&mut self, name: &str, old: Told, new: Told) {
        if self.changes.len() + self.invalid.len() >= MAX_CHANGES {
            self.and_more = true;
            return;
        }
        match RefName::new(name) {
            Ok(name) => self.changes.push(RefChange { name, old, new }),
            Err(_) => self.invalid.push(shown(name)),
        }
    }

    /// Adds the clone URLs that were told.
    pub(super) fn with_urls<'a>(mut self, urls: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let told = urls.into_iter().flatten().filter(|url| !url.is_empty());
        self.urls.extend(told.map(shown));
        self
    }

    /// Who pushed: the first name that was told.
    pub(super) fn by<'a>(mut self, names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        self.actor = names
            .into_iter()
            .flatten()
            .find(|name| !name.trim().is_empty())
            .map(shown);
        self
    }
}

/// Whoever did something, in the several ways that hosts name people.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Person {
    pub(super) login: Option<String>,
    pub(super) username: Option<String>,
    pub(super) name: Option<String>,
    #[serde(rename = "uniqueName")]
    pub(super) unique_name: Option<String>,
    #[serde(rename = "displayName")]
    pub(super) shown_name: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) nickname: Option<String>,
    pub(super) email: Option<String>,
}

impl Person {
    /// The names, the shortest handle first.
    pub(super) fn names(&self) -> [Option<&str>; 8] {
        [
            &self.login,
            &self.username,
            &self.nickname,
            &self.name,
            &self.display_name,
            &self.shown_name,
            &self.unique_name,
            &self.email,
        ]
        .map(|name| name.as_deref())
    }
}

/// The names of somebody who may not have been told.
pub(super) fn names(person: Option<&Person>) -> impl Iterator<Item = Option<&str>> {
    person.into_iter().flat_map(Person::names)
}
