//! A part of `cargo xtask check-deps`: a dependency that no source file names is one too many.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::workspace::{self, Metadata};

/// Checks the manifests of the workspace as it is.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    let mut found = Vec::new();
    for package in &metadata.packages {
        let folder = package
            .manifest_path
            .parent()
            .context("a manifest lies in a folder")?;
        let mut sources = String::new();
        read_sources(folder, &mut sources)?;
        let dependencies = package.dependencies.iter();
        let unused = dependencies
            .filter(|dependency| !names(&sources, dependency.rename.as_ref().unwrap_or(&dependency.name)));
        found.extend(unused.map(|dependency| format!("{} does not use {}", package.name, dependency.name)));
    }
    let root = fs::read_to_string(workspace::root().join("Cargo.toml"))?;
    let wanted = |name: &str| {
        metadata
            .packages
            .iter()
            .flat_map(|package| &package.dependencies)
            .any(|one| one.name == name)
    };
    let unwanted = listed(&root).into_iter().filter(|name| !wanted(name));
    found.extend(unwanted.map(|name| format!("no crate asks for {name}")));
    if !found.is_empty() {
        bail!("dependencies that nothing uses:\n  {}", found.join("\n  "));
    }
    println!("Every dependency is used.");
    Ok(())
}

/// All Rust below a crate's folder, but for workspaces of their own, such as the fuzz targets.
fn read_sources(folder: &Path, sources: &mut String) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.join("Cargo.toml").exists() && !path.ends_with("target") {
                read_sources(&path, sources)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Whether a crate of this name occurs as a word.
fn names(sources: &str, name: &str) -> bool {
    let name = name.replace('-', "_");
    let part_of_word =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    sources.match_indices(&name).any(|(at, _)| {
        let before = at
            .checked_sub(1)
            .and_then(|before| sources.as_bytes().get(before));
        !part_of_word(before) && !part_of_word(sources.as_bytes().get(at + name.len()))
    })
}

/// The names in `[workspace.dependencies]`.
fn listed(manifest: &str) -> Vec<&str> {
    let lines = manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim())
        .filter(|name| !name.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_used_only_where_its_name_is_a_word() {
        assert!(names("use serde_json::Value;", "serde-json"));
        assert!(!names("use serde_json::Value;", "serde"));
        assert!(!names("let my_http = 1; https", "http"));
        assert!(names("http", "http"));
    }

    #[test]
    fn the_workspace_lists_its_dependencies_until_the_next_table() {
        let manifest = "[workspace]\na = 1\n[workspace.dependencies]\n# b = 2\nc-d = \"3\"\n\ne = { path = \"f\" }\n[profile.dev]\ng = 4\n";
        assert_eq!(listed(manifest), ["c-d", "e"]);
    }

    #[test]
    fn sources_of_another_workspace_do_not_count() {
        let folder = testkit::tmp();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "one");
        write("tests/deep/case.rs", "two");
        write("fuzz/Cargo.toml", "");
        write("fuzz/fuzz.rs", "three");
        write("README.md", "four");
        let mut sources = String::new();
        read_sources(folder.path(), &mut sources).unwrap();
        assert!(sources == "onetwo" || sources == "twoone", "{sources}");
    }
}
