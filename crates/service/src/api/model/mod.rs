//! The JSON of the API: what the server writes, the command line reads, and the OpenAPI document describes.
//!
//! Names are in camelCase, times in RFC 3339 (UTC), values of references in hexadecimal digits. What is absent is `null` or left out. No
//! secret is in any of these types but [`token::MadeToken`], whose text is told once.

use std::fmt;

use gitwire::RefName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use store::Time;

pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod conflict;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod hook;
pub(crate) mod mirror;
pub(crate) mod problem;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod service;
pub(crate) mod token;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Page<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// What to give as `after` for the next page; `null` at the end.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// The page of the database, each entry as the API shows it.
    pub(crate) fn of<S>(page: store::page::Page<S>, show: impl FnMut(S) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(show).collect(),
            next: page.next,
        }
    }
}

/// A moment, in RFC 3339 with milliseconds, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(pub(crate) Time);

impl From<Time> for Moment {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = jiff::Timestamp::from_millisecond(self.0.0).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{timestamp:.3}")
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let timestamp: jiff::Timestamp = text
            .parse()
            .map_err(|_| serde::de::Error::custom("a time is written as 2026-11-21T09:30:00Z (RFC 3339)"))?;
        Ok(Self(Time(timestamp.as_millisecond())))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// One end of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// Where a one-way mirror reads.
    Source,
    /// Where a one-way mirror writes.
    Target,
}

impl From<engine::side::Side> for Side {
    fn from(side: engine::side::Side) -> Self {
        match side {
            engine::side::Side::Source => Self::Source,
            engine::side::Side::Target => Self::Target,
        }
    }
}

impl From<Side> for engine::side::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::Source => Self::Source,
            Side::Target => Self::Target,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        engine::side::Side::from(*self).fmt(f)
    }
}

/// A reference's name as JSON: bytes that are not UTF-8, and characters that deceive, are written as `\xff` and `\u{202e}`. Names hold no
/// backslash, so that this can be read back.
pub(crate) fn name_text(name: &RefName) -> String {
    crate::output::names::visible(name.as_bytes())
}

/// Reads a name that [`name_text`] wrote; `None` if it is no full name of a reference.
pub(crate) fn name_of_text(text: &str) -> Option<RefName> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        rest = if let Some(hex) = escape.strip_prefix('x') {
            bytes.push(u8::from_str_radix(hex.get(..2)?, 16).ok()?);
            &hex[2..]
        } else {
            let (hex, after) = escape.strip_prefix("u{")?.split_once('}')?;
            let c = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            after
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    RefName::new(bytes).ok()
}

/// A value that may be left out, and is not `null` where it is given.
pub(crate) fn never_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let moment = Moment(Time(1_763_713_800_123));
        let text = serde_json::to_string(&moment).unwrap();
        assert_eq!(text, "\"2025-11-21T08:30:00.123Z\"");
        assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), moment);
        assert!(serde_json::from_str::<Moment>("\"yesterday\"").is_err());
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            &b"refs/heads/main"[..],
            "refs/heads/grüße".as_bytes(),
            b"refs/heads/caf\xe9",
            "refs/heads/a\u{202e}b".as_bytes(),
        ] {
            let name = RefName::new(name).unwrap();
            assert_eq!(name_of_text(&name_text(&name)), Some(name));
        }
        for text in [
            "main",
            "",
            "refs/heads/\\",
            "refs/heads/\\xg0",
            "refs/heads/\\u{",
            "refs/heads/\\u{d800}",
            "refs/heads/\\x\u{fc}",
        ] {
            assert_eq!(name_of_text(text), None, "{text}");
        }
    }
}
