//! A configuration or a mirror as YAML again, templates expanded and defaults filled in, without secrets.

use crate::checked::{Config, Mirror};
use crate::raw::MirrorSpec;

/// The whole, as `refsync config render` prints it.
pub fn config(_config: &Config) -> String {
    todo!()
}

/// One mirror.
pub fn mirror(_mirror: &Mirror) -> String {
    todo!()
}

/// One mirror as a value, for the API.
pub fn spec(_mirror: &Mirror) -> MirrorSpec {
    todo!()
}
