//! The body of a delivery: JSON of bounded depth.

use serde::de::{DeserializeOwned, IgnoredAny};

use super::Malformed;
use super::header::shown;

/// How deeply a payload may be nested.
pub(super) const MAX_DEPTH: usize = 64;

/// The most values that a payload may have where it is kept whole in memory.
const MAX_VALUES: usize = 500_000;

/// JSON whose depth was checked.
pub(super) struct Body<'a> {
    bytes: &'a [u8],
    values: usize,
}

impl<'a> Body<'a> {
    /// Checks what can be checked without parsing.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let values = measure(bytes)?;
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Ok(Self { bytes, values }),
            Some(_) => Err(Malformed("the body is not a JSON object".to_owned())),
            None => Err(Malformed(
                "the body is empty: a JSON object was expected".to_owned(),
            )),
        }
    }

    /// Reads the fields of `T`; `wanted` says what they are, for the error.
    pub(super) fn fields<T: DeserializeOwned>(&self, wanted: &str) -> Result<T, Malformed> {
        serde_json::from_slice(self.bytes).map_err(|error| malformed(&error, wanted))
    }

    /// Reads the whole, for expressions over it.
    pub(super) fn whole(&self) -> Result<serde_json::Value, Malformed> {
        if self.values > MAX_VALUES {
            return Err(Malformed(format!(
                "the payload has more than {MAX_VALUES} values"
            )));
        }
        self.fields("a JSON object")
    }

    /// Whether it is JSON at all, for events that are ignored.
    pub(super) fn check(&self) -> Result<(), Malformed> {
        self.fields::<IgnoredAny>("a JSON object").map(|_| ())
    }
}

fn malformed(error: &serde_json::Error, wanted: &str) -> Malformed {
    if error.is_data() {
        Malformed(format!(
            "the payload is not as expected ({}): expected {wanted}",
            shown(&error.to_string())
        ))
    } else {
        Malformed(format!("the body is not JSON: {}", shown(&error.to_string())))
    }
}

/// An upper limit of the number of values; an error if they are nested too deeply.
fn measure(bytes: &[u8]) -> Result<usize, Malformed> {
    let (mut depth, mut values) = (0_usize, 1_usize);
    let (mut text, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            _ if text => {}
            b'{' | b'[' => {
                depth += 1;
                values += 1;
                if depth > MAX_DEPTH {
                    return Err(Malformed(format!(
                        "the payload is nested more than {MAX_DEPTH} levels deep"
                    )));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
    }
    Ok(values)
}
