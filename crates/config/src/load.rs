//! Reading: a file with those it includes, or one mirror made over the API.

use std::path::Path;

use crate::checked::{Config, Mirror};
use crate::problem::{Problem, Problems};
use crate::raw::MirrorSpec;

/// Reads and checks a file and those it includes.
pub fn load(_path: &Path) -> Result<Config, Problems> {
    todo!()
}

/// The configuration of a service without a file: SQLite, no mirrors.
pub fn empty() -> Config {
    todo!()
}

/// Checks a mirror made over the API against a configuration: it names credentials of the file and holds no secret, path or
/// command of its own, and no local repository.
pub fn mirror(_config: &Config, _spec: &MirrorSpec) -> Result<Mirror, Vec<Problem>> {
    todo!()
}
