//! Reading: a file with those it includes, or one mirror made over the API.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use crate::check::credential::directory;
use crate::check::mirror::Surroundings;
use crate::check::service::{DATABASE, LISTEN};
use crate::check::{self, Findings, Spot, way};
use crate::checked::{Config, Credential, Guard, Limits, Mirror, Retention};
use crate::host::Hosts;
use crate::problem::{Problem, Problems};
use crate::raw::{Defaults, MirrorSpec};
use crate::secret::Secret;
use crate::yaml::{self, At, Node, Path};

mod files;
mod mirrors;
#[cfg(test)]
mod tests;

use files::Document;

/// Reads and checks a file and those it includes.
pub fn load(path: &FilePath) -> Result<Config, Problems> {
    let mut findings = Findings::default();
    let read = files::read(&mut findings, path);
    finish(findings, read)
}

/// Reads and checks one text as if it stood in a file `path`, whose includes are looked for.
pub fn load_text(path: &FilePath, text: &str) -> Result<Config, Problems> {
    let mut findings = Findings::default();
    let read = files::read_text(&mut findings, path, text);
    finish(findings, read)
}

fn finish(mut findings: Findings, read: Option<files::Read>) -> Result<Config, Problems> {
    let read = read.filter(|_| findings.problems.is_empty());
    let config = read.and_then(|read| assemble(&mut findings, read));
    match config {
        Some(mut config) if findings.problems.is_empty() => {
            config.warnings = findings.warnings;
            Ok(config)
        }
        _ => {
            // As a reader meets them.
            findings
                .problems
                .sort_by(|one, other| (&one.file, one.at).cmp(&(&other.file, other.at)));
            Err(Problems(findings.problems))
        }
    }
}

fn assemble(findings: &mut Findings, read: files::Read) -> Option<Config> {
    let main = &read.main;
    let base = directory(&main.path);
    let top = Path::default();
    let spot = Spot {
        node: &main.node,
        path: &top,
    };
    let service = check::service::service(findings, spot, &read.file, &base);
    let documents: Vec<_> = std::iter::once(main).chain(&read.included).collect();
    let credentials = credentials(findings, &documents);
    // Mirrors name credentials: with wrong ones, they would be reported for what is not their fault.
    if !findings.problems.is_empty() {
        mirrors::check_names_only(findings, &documents);
        return None;
    }
    let mirrors = mirrors::mirrors(findings, &documents, &credentials, service.guard);
    Some(Config {
        listen: service.listen,
        hooks_listen: service.hooks_listen,
        public_url: service.public_url,
        database: service.database?,
        credentials,
        mirrors,
        defaults: Arc::new(read.file.defaults),
        allow_hosts: read.file.allow_hosts,
        guard: service.guard,
        notifications: service.notifications,
        retention: service.retention,
        limits: service.limits,
        metrics_per_mirror: read.file.metrics.is_some_and(|metrics| metrics.per_mirror),
        files: findings.files.clone(),
        includes: read.patterns,
        warnings: Vec::new(),
    })
}

/// All credentials of all files.
fn credentials(findings: &mut Findings, documents: &[&Document]) -> BTreeMap<String, Arc<Credential>> {
    let mut all = BTreeMap::new();
    let mut hosts: BTreeMap<String, String> = BTreeMap::new();
    for document in documents {
        let base = directory(&document.path);
        for (name, entry) in &document.credentials {
            let path = way(&["credentials", name]);
            let node = document.node.get("credentials").and_then(|all| all.get(name));
            let Some(node) = node else { continue };
            let spot = Spot { node, path: &path };
            if all.contains_key(name) {
                let message = format!("there is a credential `{name}` in another file already");
                findings.problem(document.node.key_at(&path), &path, message);
            }
            let host = entry.host.to_ascii_lowercase();
            if let Some(other) = hosts.insert(host, name.clone()) {
                let message =
                    format!("`{other}` is for the same host: name the credential where both could be meant");
                spot.warning(findings, &way(&["host"]), message);
            }
            if let Some(credential) = check::credential::credential(findings, spot, name, entry, &base) {
                all.insert(name.clone(), Arc::new(credential));
            }
        }
    }
    all
}

/// The configuration of a service without a file: SQLite, no mirrors.
pub fn empty() -> Config {
    Config {
        listen: LISTEN,
        hooks_listen: None,
        public_url: None,
        database: Secret::parse(DATABASE).expect("it is a plain text"),
        credentials: BTreeMap::new(),
        mirrors: BTreeMap::new(),
        defaults: Arc::new(Defaults::default()),
        allow_hosts: Vec::new(),
        guard: Guard::default(),
        notifications: Vec::new(),
        retention: Retention::default(),
        limits: Limits::default(),
        metrics_per_mirror: false,
        files: Vec::new(),
        includes: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Checks a mirror made over the API against a configuration: it names credentials of the file and holds no secret, path or
/// command of its own, and no local repository.
pub fn mirror(config: &Config, spec: &MirrorSpec) -> Result<Mirror, Vec<Problem>> {
    let mut findings = Findings::default();
    let top = Path::default();
    let unreadable = |message: String| {
        vec![Problem {
            file: None,
            at: None,
            path: String::new(),
            message,
        }]
    };
    let own = Node::of(spec).map_err(|error| unreadable(error.to_string()))?;
    let mut node = Node::of(&*config.defaults).map_err(|error| unreadable(error.to_string()))?;
    crate::expand::lay(&mut node, &own);
    let whole: MirrorSpec = match yaml::read(&node) {
        Ok(whole) => whole,
        Err(error) => {
            findings.misfit(&node, &top, &error);
            return Err(findings.problems);
        }
    };
    let around = Surroundings {
        credentials: &config.credentials,
        hosts: Hosts::of(&config.credentials),
        guard: config.guard,
        base: None,
    };
    let spot = Spot {
        node: &node,
        path: &top,
    };
    let mirror = check::mirror::mirror(&mut findings, spot, &whole, &around, "api".into());
    let Some(mirror) = mirror else {
        return Err(findings.problems);
    };
    for (side, end) in [("source", &mirror.ends.source), ("target", &mirror.ends.target)] {
        if !config.allows(&end.url) {
            let message =
                "no credential of the configuration is for this host, and `allowHosts` does not name it";
            findings.problem(At::NOWHERE, &way(&[side]), message);
        }
    }
    match findings.problems.is_empty() {
        true => Ok(mirror),
        false => Err(findings.problems),
    }
}
