//! Temporary directories that servers running as another user can reach.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

/// A new, empty directory, removed when the handle is dropped.
///
/// Anybody may read it (mode 0755), because Apache started by root serves as `www-data`.
///
/// # Panics
///
/// When no directory can be made below `TMPDIR`.
pub fn tmp() -> TempDir {
    let dir = tempfile::Builder::new()
        .prefix("refsync-")
        .tempdir()
        .expect("a temporary directory can be made");
    set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("the directory was just made by us");
    dir
}
