//! Lengths of time.

use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A length of time, written `500ms`, `30s`, `5m`, `1h30m`, `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// How often all references are compared: a length of time, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Never.
    Off,
    /// Each time this long has passed.
    Every(Span),
}

const UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest that can be written.
const LONGEST_MS: u64 = 3_650 * 86_400_000;

const PATTERN: &str = "^([0-9]+(d|h|m|min|s|ms))+$";

impl Span {
    /// Reads `1h30m`; units go down.
    pub fn parse(text: &str) -> Option<Self> {
        let mut total = 0_u64;
        let mut rest = text;
        let mut units = UNITS;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let number: u64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let unit = if &rest[..end] == "min" { "m" } else { &rest[..end] };
            let index = units.iter().position(|(name, _)| *name == unit)?;
            total = total.checked_add(number.checked_mul(units[index].1)?)?;
            units = &units[index + 1..];
            rest = &rest[end..];
        }
        (!text.is_empty() && total <= LONGEST_MS).then(|| Self(Duration::from_millis(total)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, length) in UNITS {
            if rest >= *length {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

fn wrong<E: de::Error>(text: &str, expected: &str) -> E {
    let bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let hint = if bare { ": the unit is missing" } else { "" };
    E::custom(format_args!(
        "`{}` is no length of time{hint}; expected {expected}",
        crate::problem::shown(text)
    ))
}

const SPAN: &str = "a length of time such as 500ms, 30s, 5m, 1h30m, 2d (at most 3650d)";
const SWEEP: &str = "a length of time such as 30s, 5m, 1h30m, 2d (at most 3650d), or off";

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text(SPAN))?;
        Self::parse(&text).ok_or_else(|| wrong(&text, SPAN))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sweep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text(SWEEP))?;
        match text.as_str() {
            // `false` is what YAML 1.1 makes of a bare `off`, and what other tools then write.
            "off" | "false" => Ok(Self::Off),
            _ => Span::parse(&text)
                .map(Self::Every)
                .ok_or_else(|| wrong(&text, SWEEP)),
        }
    }
}

impl Serialize for Sweep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::Every(span) => span.serialize(serializer),
        }
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": PATTERN,
            "description": "A length of time: 500ms, 30s, 5m, 1h30m, 2d.",
        })
    }
}

impl JsonSchema for Sweep {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sweep".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "string", "pattern": PATTERN}, {"enum": ["off", false]}],
            "description": "How often all references are compared: a length of time such as 5m, or off.",
        })
    }
}
