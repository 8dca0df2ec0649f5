//! Where things are: the workspace and its build directory, as cargo tells them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// What `cargo metadata --no-deps` says of the workspace, as far as these tools look.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// The crates of the workspace.
    pub(crate) packages: Vec<Package>,
    /// Where cargo puts what it builds: it minds `CARGO_TARGET_DIR` and the configuration.
    pub(crate) target_directory: PathBuf,
}

/// A crate of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its `Cargo.toml`.
    pub(crate) manifest_path: PathBuf,
    /// What its manifest asks for.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A line in a crate's manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name, not what the manifest may rename it to.
    pub(crate) name: String,
    /// What the manifest renames it to.
    pub(crate) rename: Option<String>,
    /// `None` for the normal kind, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// The root of the workspace, from where this tool was built.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
}

/// The cargo that runs us, in the root of the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Asks cargo about the workspace.
pub(crate) fn metadata() -> anyhow::Result<Metadata> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--locked", "--format-version", "1"])
        .output()
        .context("cargo metadata cannot be started")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed:\n{}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    serde_json::from_slice(&output.stdout).context("cargo metadata says something that is not understood")
}
