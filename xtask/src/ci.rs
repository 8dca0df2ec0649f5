//! `cargo xtask ci`: what a change must pass, the quickest answers first.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::{layers, step, test, unused, workspace};

type Check = fn() -> anyhow::Result<()>;

const CHECKS: [(&str, Check); 6] = [
    ("formatting", formatting),
    ("manifests", manifests),
    ("lints", lints),
    ("documentation", documentation),
    ("dependencies", dependencies),
    ("tests", tests),
];

/// Runs every check and stops at the first that fails.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for (name, check) in CHECKS {
        println!("\n== {name}");
        let start = Instant::now();
        check().with_context(|| format!("the check of {name} failed"))?;
        times.push((name, start.elapsed()));
    }
    println!("\nAll checks passed.");
    for (name, time) in times {
        println!("  {name:<14} {:>5} s", time.as_secs());
    }
    Ok(())
}

fn formatting() -> anyhow::Result<()> {
    step::run(workspace::cargo().args(["fmt", "--all", "--check"]))
}

/// What the crates ask for: `cargo xtask check-deps`.
pub(crate) fn manifests() -> anyhow::Result<()> {
    let metadata = workspace::metadata()?;
    layers::run(&metadata)?;
    unused::run(&metadata)
}

fn lints() -> anyhow::Result<()> {
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    step::run(workspace::cargo().args(clippy))
}

fn documentation() -> anyhow::Result<()> {
    let doc = ["doc", "--workspace", "--no-deps", "--locked"];
    step::run(workspace::cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Licences, sources and banned crates; and the advisories, if their database can be had.
fn dependencies() -> anyhow::Result<()> {
    if !has_cargo_deny() {
        println!("cargo-deny is missing and will be built, which takes some minutes.");
        step::run(workspace::cargo().args(["install", "cargo-deny", "--locked"]))?;
    }
    let fetched = workspace::cargo()
        .args(["deny", "fetch", "db"])
        .output()
        .context("cargo deny cannot be started")?;
    let mut deny = workspace::cargo();
    deny.args(["deny", "check", "--hide-inclusion-graph"]);
    if !fetched.status.success() {
        println!("The advisory database cannot be fetched: dependencies are not checked for advisories.");
        deny.args(["bans", "licenses", "sources"]);
    }
    step::run(&mut deny)
}

fn has_cargo_deny() -> bool {
    workspace::cargo()
        .args(["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The very command that the README tells.
fn tests() -> anyhow::Result<()> {
    test::run(&test::Args::default())
}
