//! From the tree to types: a serde deserializer that knows the path and place of what is wrong, and quotes no value.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::{Kind, Node, Path, Step};
use crate::problem::{did_you_mean, list, shown};

/// Why a value does not fit its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadError {
    /// From the value that was read to the one that is wrong.
    pub(crate) path: Path,
    /// Whether the key is wrong, not its value.
    pub(crate) key: bool,
    /// A key that is missing in the map at the path.
    pub(crate) missing: Option<&'static str>,
    pub(crate) message: String,
}

/// Reads a value.
pub(crate) fn read<T: de::DeserializeOwned>(node: &Node) -> Result<T, ReadError> {
    T::deserialize(node)
}

impl ReadError {
    fn new(message: String) -> Self {
        Self {
            path: Path::default(),
            key: false,
            missing: None,
            message,
        }
    }

    fn inside(mut self, step: Step) -> Self {
        self.path.prepend(step);
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected.to_string();
        let expected = match expected.as_str() {
            "u32" | "u64" | "i64" | "usize" => "a whole number that is not negative",
            "f64" => "a number",
            "a boolean" => "true or false",
            "a string" => "a text",
            "a sequence" => "a list",
            other if other.starts_with("struct ") => "a map",
            other => other,
        };
        Self::new(format!("found {}, expected {expected}", kind_of(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(format!(
            "found `{}`{}; allowed: {}",
            shown(found),
            did_you_mean(found, allowed.iter().copied()),
            list(allowed.iter().copied())
        ))
    }

    fn unknown_field(found: &str, allowed: &'static [&'static str]) -> Self {
        let mut error = Self::new(format!(
            "there is no key `{}`{}; allowed: {}",
            shown(found),
            did_you_mean(found, allowed.iter().copied()),
            list(allowed.iter().copied())
        ));
        error.key = true;
        error
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(format!("`{field}` is missing"));
        error.missing = Some(field);
        error
    }
}

fn kind_of(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map | Unexpected::StructVariant => "a map",
        _ => "a text",
    }
}

/// What a plain scalar stands for where its type leaves that open (YAML's core schema).
fn scalar<'de, V: Visitor<'de>>(text: &str, plain: bool, visitor: V) -> Result<V::Value, ReadError> {
    if !plain {
        return visitor.visit_str(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => visitor.visit_unit(),
        "true" | "True" | "TRUE" => visitor.visit_bool(true),
        "false" | "False" | "FALSE" => visitor.visit_bool(false),
        _ if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
            visitor.visit_str(text)
        }
        _ => {
            if let Ok(number) = text.parse() {
                visitor.visit_u64(number)
            } else if let Ok(number) = text.parse() {
                visitor.visit_i64(number)
            } else if let Ok(number) = text.parse() {
                visitor.visit_f64(number)
            } else {
                visitor.visit_str(text)
            }
        }
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.kind {
            Kind::Scalar { text, plain } => scalar(text, *plain, visitor),
            Kind::List(items) => visitor.visit_seq(Items {
                items: items.iter().enumerate(),
            }),
            Kind::Map(entries) => visitor.visit_map(Entries {
                entries: entries.iter(),
                value: None,
            }),
            Kind::Pruned => visitor.visit_unit(),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.text() {
            Some(text) => visitor.visit_str(text),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.is_null() || matches!(self.kind, Kind::Pruned) {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.text() {
            Some(text) => visitor.visit_enum(de::value::StrDeserializer::new(text)),
            None => Err(de::Error::invalid_type(self.unexpected(), &"a word")),
        }
    }

    /// A list in the place of a map is refused: serde would take its items for the fields in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.kind {
            Kind::List(_) => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

impl Node {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => Unexpected::Unit,
            Kind::Scalar { text, .. } => Unexpected::Str(text),
            Kind::List(_) => Unexpected::Seq,
            Kind::Map(_) => Unexpected::Map,
            Kind::Pruned => Unexpected::Unit,
        }
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let next = self.items.find(|(_, item)| !matches!(item.kind, Kind::Pruned));
        next.map(|(index, item)| seed.deserialize(item).map_err(|error| error.inside(index.into())))
            .transpose()
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, super::Entry>,
    value: Option<(&'de Arc<str>, &'de Node)>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let next = self
            .entries
            .find(|entry| !matches!(entry.value.kind, Kind::Pruned));
        let Some(entry) = next else {
            return Ok(None);
        };
        self.value = Some((&entry.key, &entry.value));
        let key = de::value::StrDeserializer::<ReadError>::new(&entry.key);
        let key = seed.deserialize(key).map_err(|error| ReadError {
            key: true,
            ..error.inside(Step::Key(entry.key.clone()))
        })?;
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let (key, value) = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(value)
            .map_err(|error| error.inside(Step::Key(key.clone())))
    }
}
