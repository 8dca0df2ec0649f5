//! Many mirrors of small repositories, alike but for their names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use testkit::{Repo, Run};

use crate::bench::lab::Lab;

/// What webhooks of the benchmark are signed with.
pub(super) const SECRET: &str = "a secret of the benchmark";

/// Mirrors of repositories with `branches` branches, each of which has a commit on the source that the target lacks, or not.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) mirrors: Vec<Mirror>,
    /// What each reference has on the target at first.
    pub(super) before: BTreeMap<String, String>,
    /// What it has on the source.
    pub(super) after: BTreeMap<String, String>,
}

/// A pair of repositories.
#[derive(Debug)]
pub(super) struct Mirror {
    pub(super) name: String,
    pub(super) source: Repo,
    pub(super) target: Repo,
}

impl Fleet {
    /// Makes it. With `behind` every branch of the target lacks a commit.
    pub(super) fn new(lab: &Lab, count: usize, branches: u32, behind: bool) -> anyhow::Result<Self> {
        let old = lab.source();
        std::fs::remove_dir_all(old.git_dir().join("hooks")).ok();
        for number in 0..branches {
            old.commit(&branch(number), "first");
        }
        old.git(&["pack-refs", "--all"]);
        let new = lab.source();
        copy(&old, &new)?;
        if behind {
            for number in 0..branches {
                new.commit(&branch(number), "second");
            }
            new.git(&["pack-refs", "--all"]);
        }
        let mut mirrors = Vec::new();
        for number in 0..count {
            let (source, target) = (lab.source(), lab.target());
            copy(&new, &source)?;
            copy(&old, &target)?;
            mirrors.push(Mirror {
                name: format!("mirror-{number:05}"),
                source,
                target,
            });
        }
        Ok(Self {
            mirrors,
            before: old.refs(),
            after: new.refs(),
        })
    }

    /// The configuration for it.
    pub(super) fn configuration(&self, lab: &Lab, database: &str, sweep: &str, more: &str) -> String {
        let ends = self.mirrors.iter().map(|mirror| {
            (
                mirror.name.as_str(),
                lab.url(&mirror.source),
                lab.url(&mirror.target),
            )
        });
        configuration(ends, database, sweep, more)
    }

    /// Whether every mirror is in sync.
    pub(super) fn is_in_sync(&self) -> bool {
        self.mirrors
            .iter()
            .all(|mirror| mirror.target.refs() == self.after)
    }
}

/// A configuration of mirrors whose repositories exist nowhere, at what `url` makes of a side and a name.
pub(super) fn nowhere(count: usize, sweep: &str, url: impl Fn(&str, &str) -> String) -> String {
    let names: Vec<String> = (0..count).map(|number| format!("mirror-{number:05}")).collect();
    let ends = names
        .iter()
        .map(|name| (name.as_str(), url("source", name), url("target", name)));
    configuration(ends, "sqlite:refsync.db", sweep, "")
}

/// A configuration of mirrors by name, source and target.
fn configuration<'a>(
    mirrors: impl Iterator<Item = (&'a str, String, String)>,
    database: &str,
    sweep: &str,
    more: &str,
) -> String {
    let mirrors: Vec<_> = mirrors.collect();
    let hosts: BTreeSet<String> = mirrors
        .iter()
        .flat_map(|(_, source, target)| [authority(source), authority(target)])
        .collect();
    let mut text = format!("version: 1\nlisten: 127.0.0.1:0\ndatabase: {database}\n{more}credentials:\n");
    for (number, host) in hosts.iter().enumerate() {
        let _ = writeln!(
            text,
            "  host{number}: {{host: \"{host}\", provider: gitlab, webhookSecret: \"${{env:BENCH_SECRET}}\", maxConcurrent: 64}}"
        );
    }
    let _ = write!(text, "defaults: {{sweep: {sweep}}}\nmirrors:\n");
    for (name, source, target) in mirrors {
        // A string takes everything.
        let _ = writeln!(
            text,
            "  - {{name: {name}, source: \"{source}\", target: \"{target}\"}}"
        );
    }
    text
}

/// Host and port of an address.
fn authority(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// The body of a push event as GitLab sends it.
pub(super) fn payload(reference: &str, before: &str, after: &str) -> Vec<u8> {
    format!(
        r#"{{"object_kind":"push","event_name":"push","ref":"{reference}","before":"{before}","after":"{after}","user_username":"bench","project":{{"path_with_namespace":"bench/app","git_http_url":"http://127.0.0.1/bench/app.git"}},"commits":[]}}"#
    )
    .into_bytes()
}

fn branch(number: u32) -> String {
    if number == 0 {
        "main".to_owned()
    } else {
        format!("topic/{number}")
    }
}

/// A copy of a repository's files in the place of another's.
fn copy(from: &Repo, to: &Repo) -> anyhow::Result<()> {
    let to = to.path();
    std::fs::remove_dir_all(to).context("a repository cannot be removed")?;
    // With their modes: the servers write as a user of their own.
    let copied = Run::new("cp")
        .args(["-r", "--preserve=mode"])
        .arg(from.path())
        .arg(to)
        .run();
    ensure!(copied.code == Some(0), "{}", copied.stderr);
    Ok(())
}

/// The file of a branch's value, which a write replaces whole.
pub(super) fn loose(repository: &Path, reference: &str) -> Option<String> {
    let text = std::fs::read_to_string(repository.join(reference)).ok()?;
    Some(text.trim().to_owned())
}
