//! How values of the domain are spelled in columns.

use engine::decide::{Base, OldValue};
use engine::side::Side;
use gitwire::{Oid, RefName};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::db::{Row, Value, unreadable};

/// An enum without data, by its serde name.
pub(crate) fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("only enums without data are spelled as words, not {other:?}"),
    }
}

/// The reverse of [`word`].
pub(crate) fn from_word<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, StoreError> {
    let word = row.text(column)?;
    serde_json::from_value(serde_json::Value::String(word.clone())).map_err(|_| unreadable(column, &word))
}

/// A value as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have string keys and no failing serializer")
}

/// The reverse of [`json`].
pub(crate) fn from_json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, StoreError> {
    let text = row.text(column)?;
    serde_json::from_str(&text).map_err(|_| unreadable(column, &text))
}

pub(crate) fn side_word(side: Side) -> &'static str {
    match side {
        Side::Source => "source",
        Side::Target => "target",
    }
}

pub(crate) fn parse_side(word: &str) -> Result<Side, StoreError> {
    match word {
        "source" => Ok(Side::Source),
        "target" => Ok(Side::Target),
        other => Err(unreadable("side", other)),
    }
}

pub(crate) fn oid_value(id: Option<Oid>) -> Value {
    Value::from(id.map(|id| id.to_string()))
}

pub(crate) fn parse_oid(text: &str) -> Result<Oid, StoreError> {
    gitwire::parse_oid(text.as_bytes()).map_err(|_| unreadable("an object id", text))
}

pub(crate) fn maybe_oid(row: &Row, column: &str) -> Result<Option<Oid>, StoreError> {
    row.maybe_text(column)?.map(|text| parse_oid(&text)).transpose()
}

pub(crate) fn ref_name(row: &Row, column: &str) -> Result<RefName, StoreError> {
    let bytes = row.blob(column)?;
    RefName::new(&bytes).map_err(|_| unreadable(column, &String::from_utf8_lossy(&bytes)))
}

/// A base as two columns: its kind and its value.
pub(crate) fn base_columns(base: Base) -> (&'static str, Option<Oid>) {
    match base {
        Base::Unknown => ("unknown", None),
        Base::Agreed(value) => ("agreed", value),
        Base::Void => ("void", None),
    }
}

pub(crate) fn base(row: &Row, kind: &str, value: &str) -> Result<Base, StoreError> {
    match row.text(kind)?.as_str() {
        "unknown" => Ok(Base::Unknown),
        "agreed" => Ok(Base::Agreed(maybe_oid(row, value)?)),
        "void" => Ok(Base::Void),
        other => Err(unreadable(kind, other)),
    }
}

/// An old value as text: `absent` or the id.
pub(crate) fn old_word(old: OldValue) -> String {
    match old {
        OldValue::Absent => "absent".to_owned(),
        OldValue::At(id) => id.to_string(),
    }
}

pub(crate) fn parse_old(text: &str) -> Result<OldValue, StoreError> {
    match text {
        "absent" => Ok(OldValue::Absent),
        id => parse_oid(id).map(OldValue::At),
    }
}
