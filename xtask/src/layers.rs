//! A part of `cargo xtask check-deps`: the crates depend on each other in one direction, and each keeps out what it must not do.

use anyhow::bail;

use crate::workspace::{Metadata, Package};

/// A crate's place in the workspace.
#[derive(Debug)]
struct Layer {
    package: &'static str,
    /// Crates of the workspace that it builds on.
    builds_on: &'static [&'static str],
    /// Crates of the workspace that its tests may use beside those.
    tests_with: &'static [&'static str],
    /// Crates from outside that would be the end of what the layer promises.
    never: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    // Bytes in, events out: no runtime, no I/O.
    Layer {
        package: "gitwire",
        builds_on: &[],
        tests_with: &["testkit"],
        never: &["tokio", "reqwest", "hyper", "tracing"],
    },
    // One run: no database, no web, no command line.
    Layer {
        package: "engine",
        builds_on: &["gitwire"],
        tests_with: &["testkit"],
        never: &["sqlx", "axum", "askama", "clap", "indicatif"],
    },
    // What hosts send and accept: values in, values out.
    Layer {
        package: "hosts",
        builds_on: &["gitwire"],
        tests_with: &[],
        never: &["tokio", "reqwest", "hyper", "sqlx", "axum"],
    },
    // The configuration: reads files and secrets, asks no host.
    Layer {
        package: "config",
        builds_on: &["engine", "gitwire", "hosts"],
        tests_with: &["testkit"],
        never: &["sqlx", "axum", "clap"],
    },
    // All the SQL.
    Layer {
        package: "store",
        builds_on: &["engine", "gitwire"],
        tests_with: &["testkit"],
        never: &["axum", "clap"],
    },
    Layer {
        package: "refsync",
        builds_on: &["config", "engine", "gitwire", "hosts", "store"],
        tests_with: &["testkit"],
        never: &[],
    },
    // Real servers and real git. What it shared with the code under test, it could not test.
    Layer {
        package: "testkit",
        builds_on: &[],
        tests_with: &[],
        never: &[],
    },
    Layer {
        package: "xtask",
        builds_on: &["testkit"],
        tests_with: &[],
        never: &[],
    },
];

/// Checks the workspace as it is.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    let found = violations(metadata);
    if !found.is_empty() {
        bail!(
            "the layers are service → config, store → engine, hosts → gitwire, one way:\n  {}",
            found.join("\n  ")
        );
    }
    println!("The crates depend on each other in one direction.");
    Ok(())
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let members: Vec<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    metadata
        .packages
        .iter()
        .flat_map(|package| violations_of(package, &members))
        .collect()
}

fn violations_of(package: &Package, members: &[&str]) -> Vec<String> {
    let name = &package.name;
    let Some(layer) = LAYERS.iter().find(|layer| layer.package == name.as_str()) else {
        return vec![format!(
            "{name} has no place among the layers (LAYERS in xtask/src/layers.rs)"
        )];
    };
    let mut found = Vec::new();
    for dependency in &package.dependencies {
        let other = dependency.name.as_str();
        let in_tests = dependency.kind.as_deref() == Some("dev");
        let permitted = layer.builds_on.contains(&other) || (in_tests && layer.tests_with.contains(&other));
        if members.contains(&other) && !permitted {
            let only = if layer.tests_with.contains(&other) {
                ", except in its tests"
            } else {
                ""
            };
            found.push(format!("{name} must not depend on {other}{only}"));
        }
        if !in_tests && layer.never.contains(&other) {
            found.push(format!("{name} must do without {other}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dependency's name and, where it is not the normal one, its kind.
    type Line = (&'static str, Option<&'static str>);

    /// Made-up metadata in cargo's own format.
    fn metadata(packages: &[(&str, &[Line])]) -> Metadata {
        let packages: Vec<_> = packages
            .iter()
            .map(|(name, dependencies)| {
                let dependencies: Vec<_> = dependencies
                    .iter()
                    .map(|(name, kind)| serde_json::json!({ "name": name, "kind": kind, "req": "*" }))
                    .collect();
                serde_json::json!({ "name": name, "manifest_path": "/nowhere", "dependencies": dependencies })
            })
            .collect();
        let document =
            serde_json::json!({ "packages": packages, "target_directory": "/nowhere", "version": 1 });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn the_intended_layers_pass() {
        let found = violations(&metadata(&[
            ("gitwire", &[("gix-hash", None), ("testkit", Some("dev"))]),
            (
                "engine",
                &[("gitwire", None), ("tokio", None), ("testkit", Some("dev"))],
            ),
            (
                "refsync",
                &[
                    ("engine", None),
                    ("gitwire", None),
                    ("clap", None),
                    ("testkit", Some("dev")),
                ],
            ),
            ("testkit", &[("tokio", None)]),
            ("xtask", &[("testkit", None)]),
        ]));
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_lower_layer_cannot_use_a_higher_one_even_in_its_tests() {
        let found = violations(&metadata(&[
            ("gitwire", &[("engine", Some("dev"))]),
            ("engine", &[("refsync", None)]),
            ("refsync", &[]),
        ]));
        assert_eq!(
            found,
            [
                "gitwire must not depend on engine",
                "engine must not depend on refsync"
            ]
        );
    }

    #[test]
    fn testkit_stays_out_of_the_product() {
        let found = violations(&metadata(&[("engine", &[("testkit", None)]), ("testkit", &[])]));
        assert_eq!(found, ["engine must not depend on testkit, except in its tests"]);
    }

    #[test]
    fn a_build_dependency_counts_like_a_normal_one() {
        let found = violations(&metadata(&[
            ("refsync", &[("testkit", Some("build"))]),
            ("testkit", &[]),
        ]));
        assert_eq!(found, ["refsync must not depend on testkit, except in its tests"]);
    }

    #[test]
    fn gitwire_has_no_runtime_but_its_tests_may() {
        let found = violations(&metadata(&[(
            "gitwire",
            &[("tokio", None), ("reqwest", Some("dev"))],
        )]));
        assert_eq!(found, ["gitwire must do without tokio"]);
    }

    #[test]
    fn a_new_crate_must_be_given_a_place() {
        let found = violations(&metadata(&[("colours", &[])]));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("colours has no place"), "{found:?}");
    }
}
