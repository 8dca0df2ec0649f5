//! All mirrors of all files.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::files::Document;
use crate::check::credential::directory;
use crate::check::mirror::Surroundings;
use crate::check::pairs::{self, Placed};
use crate::check::{self, Findings, Spot, way};
use crate::checked::{Credential, Guard, Mirror};
use crate::expand::{self, Expanded, MAX_MIRRORS};
use crate::host::Hosts;
use crate::problem::{did_you_mean, list, shown};
use crate::raw::MirrorSpec;
use crate::yaml::{self, At, Node, Path};

/// Expands and checks all of them.
pub(super) fn mirrors(
    findings: &mut Findings,
    documents: &[&Document],
    credentials: &BTreeMap<String, Arc<Credential>>,
    guard: Guard,
) -> BTreeMap<String, Arc<Mirror>> {
    let templates = templates(findings, documents);
    let no_defaults = Node::map(At::NOWHERE);
    // Only the main file, which is the first, has defaults.
    let defaults = documents.first().and_then(|main| main.node.get("defaults"));
    let defaults = defaults.filter(|node| !node.is_null()).unwrap_or(&no_defaults);
    let mut all: Vec<(Arc<Mirror>, At, Path)> = Vec::new();
    for document in documents {
        let base = directory(&document.path);
        let around = Surroundings {
            credentials,
            hosts: Hosts::of(credentials),
            guard,
            base: Some(&base),
        };
        for expanded in expand_all(findings, document, defaults, &templates, all.len()) {
            if findings.are_enough() {
                break;
            }
            if let Some(mirror) = one(findings, &expanded, &around) {
                all.push((Arc::new(mirror), expanded.at, expanded.path));
            }
        }
    }
    let mut by_name: BTreeMap<String, Arc<Mirror>> = BTreeMap::new();
    for (mirror, at, path) in &all {
        if let Some(other) = by_name.get(&mirror.name) {
            let message = format!("there is a mirror `{}` already, at {}", mirror.name, other.origin);
            findings.problem(*at, path, message);
        } else {
            by_name.insert(mirror.name.clone(), Arc::clone(mirror));
        }
    }
    let placed: Vec<Placed<'_>> = all.iter().map(|(mirror, at, path)| (mirror, *at, path)).collect();
    if findings.problems.is_empty() {
        pairs::check(findings, &placed);
    }
    by_name
}

/// With wrong credentials, only what does not depend on them is looked at: names of templates and variables.
pub(super) fn check_names_only(findings: &mut Findings, documents: &[&Document]) {
    let templates = templates(findings, documents);
    let defaults = Node::map(At::NOWHERE);
    for document in documents {
        expand_all(findings, document, &defaults, &templates, 0);
    }
}

/// All templates of all files, by name.
fn templates<'a>(findings: &mut Findings, documents: &[&'a Document]) -> HashMap<&'a str, &'a Node> {
    let mut all = HashMap::new();
    for document in documents {
        let Some(templates) = document.node.get("templates") else {
            continue;
        };
        for entry in templates.entries() {
            if all.insert(&*entry.key, &entry.value).is_some() {
                let path = way(&["templates", &entry.key]);
                findings.problem(
                    entry.key_at,
                    &path,
                    "there is a template of this name in another file already",
                );
            }
        }
    }
    all
}

fn expand_all(
    findings: &mut Findings,
    document: &Document,
    defaults: &Node,
    templates: &HashMap<&str, &Node>,
    so_far: usize,
) -> Vec<Expanded> {
    let mut all = Vec::new();
    let entries = document.node.get("mirrors").map_or(&[][..], Node::items);
    for (index, entry) in entries.iter().enumerate() {
        let path = way(&["mirrors"]).join(index);
        let template = match entry.get("template").and_then(Node::text) {
            None => None,
            Some(name) => match templates.get(name) {
                Some(template) => Some(*template),
                None => {
                    let at = way(&["template"]);
                    let message = no_template(name, templates);
                    Spot {
                        node: entry,
                        path: &path,
                    }
                    .problem(findings, &at, message);
                    continue;
                }
            },
        };
        let room = MAX_MIRRORS.saturating_sub(so_far + all.len());
        if room == 0 {
            findings.problem(
                entry.at,
                &path,
                format!("a configuration has at most {MAX_MIRRORS} mirrors"),
            );
            break;
        }
        match expand::expand(defaults, template, entry, &path, room) {
            Ok(more) => all.extend(more),
            Err(errors) => errors
                .into_iter()
                .for_each(|error| findings.problem(error.at, &error.path, error.message)),
        }
    }
    all
}

fn no_template(name: &str, templates: &HashMap<&str, &Node>) -> String {
    let mut names: Vec<_> = templates.keys().copied().collect();
    names.sort_unstable();
    let known = match names.as_slice() {
        [] => "there are none".to_owned(),
        names => format!("there are: {}", list(names.iter().copied())),
    };
    format!(
        "there is no template `{}`{}; {known}",
        shown(name),
        did_you_mean(name, names)
    )
}

fn one(findings: &mut Findings, expanded: &Expanded, around: &Surroundings<'_>) -> Option<Mirror> {
    let spec: MirrorSpec = match yaml::read(&expanded.node) {
        Ok(spec) => spec,
        Err(error) => {
            findings.misfit(&expanded.node, &expanded.path, &error);
            return None;
        }
    };
    let file = usize::try_from(expanded.at.file)
        .ok()
        .and_then(|index| findings.files.get(index));
    let file = file
        .and_then(|file| file.file_name())
        .map(|name| shown(&name.to_string_lossy()));
    let origin = format!("{}:{}", file.unwrap_or_default(), expanded.at.line);
    let spot = Spot {
        node: &expanded.node,
        path: &expanded.path,
    };
    check::mirror::mirror(findings, spot, &spec, around, origin)
}
