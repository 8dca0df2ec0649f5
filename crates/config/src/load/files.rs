//! Files: the main one and those it includes, as far as their shape goes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path as FilePath, PathBuf};

use serde::de::DeserializeOwned;

use crate::check::credential::directory;
use crate::check::{Findings, way};
use crate::problem::shown;
use crate::raw::{CredentialEntry, File, Included};
use crate::yaml::{self, MAX_BYTES, Node, Path};

/// The most files that a configuration includes.
const MAX_FILES: usize = 10_000;

/// One file.
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) node: Node,
    pub(super) credentials: BTreeMap<String, CredentialEntry>,
}

/// All files.
pub(super) struct Read {
    pub(super) file: File,
    pub(super) main: Document,
    pub(super) included: Vec<Document>,
    /// The patterns of included files, absolute.
    pub(super) patterns: Vec<String>,
}

/// Reads the main file and those it includes. What is wrong is in the findings.
pub(super) fn read(findings: &mut Findings, path: &FilePath) -> Option<Read> {
    let text = text(findings, path)?;
    read_text(findings, path, &text)
}

/// The same, with the main file's text at hand.
pub(super) fn read_text(findings: &mut Findings, path: &FilePath, text: &str) -> Option<Read> {
    let (mut file, node) = parse::<File>(findings, path, text)?;
    let main = Document {
        path: path.to_owned(),
        credentials: std::mem::take(&mut file.credentials),
        node,
    };
    let mut patterns = Vec::new();
    let mut paths = Vec::new();
    for (index, pattern) in file.include.iter().enumerate() {
        let at = way(&["include"]).join(index);
        let place = main.node.at(&at);
        match matching(&directory(path), pattern) {
            Ok((pattern, more)) => {
                patterns.push(pattern);
                paths.extend(more);
            }
            Err(message) => findings.problem(place, &at, message),
        }
    }
    paths.sort();
    paths.dedup();
    let own = std::path::absolute(path).ok();
    paths.retain(|path| Some(path) != own.as_ref());
    if paths.len() > MAX_FILES {
        let at = way(&["include"]);
        findings.problem(
            main.node.at(&at),
            &at,
            format!("{} files are included; at most {MAX_FILES} may be", paths.len()),
        );
        return None;
    }
    let included = paths.iter().filter_map(|path| include(findings, path)).collect();
    Some(Read {
        file,
        main,
        included,
        patterns,
    })
}

fn include(findings: &mut Findings, path: &FilePath) -> Option<Document> {
    let text = text(findings, path)?;
    let (included, node) = parse::<Included>(findings, path, &text)?;
    if let Some(version) = included.version.filter(|version| *version != 1) {
        let at = way(&["version"]);
        findings.problem(node.at(&at), &at, format!("found {version}, allowed is 1"));
    }
    Some(Document {
        path: path.to_owned(),
        node,
        credentials: included.credentials,
    })
}

/// The files that a pattern means, sorted, with the pattern made absolute. A name without `*`, `?` and `[` must exist.
///
/// Only regular files are read, through links too: opening a FIFO waits for somebody who writes, and a device may never end. A directory
/// is what `*` and `**` themselves match beside files; to any other pattern it is as odd as the rest.
pub(crate) fn matching(base: &FilePath, pattern: &str) -> Result<(String, Vec<PathBuf>), String> {
    let base = glob::Pattern::escape(&base.to_string_lossy());
    let absolute = match pattern.starts_with('/') {
        true => pattern.to_owned(),
        false => format!("{base}/{pattern}"),
    };
    let takes_all = matches!(pattern.rsplit('/').next(), Some("*" | "**"));
    let paths = glob::glob(&absolute)
        .map_err(|error| format!("`{}` is no pattern of files: {}", shown(pattern), error.msg))?;
    let mut found = Vec::new();
    let mut matched = false;
    for path in paths {
        let path =
            path.map_err(|error| format!("{} cannot be read: {}", error.path().display(), error.error()))?;
        matched = true;
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() && takes_all => {}
            Ok(metadata) if !metadata.is_file() => return Err(odd(&path, metadata.file_type())),
            // One that cannot be looked at cannot be read either, and that is told with its own name.
            _ => found.push(path),
        }
    }
    if !matched && !pattern.contains(['*', '?', '[']) {
        return Err(format!("there is no file {}", shown(pattern)));
    }
    Ok((absolute, found))
}

/// What matches a pattern, and is nothing to read.
fn odd(path: &FilePath, is: std::fs::FileType) -> String {
    let path = shown(&path.to_string_lossy());
    let is = match () {
        () if is.is_dir() => {
            return format!("{path} is a directory: write {path}/*.yaml for the files in it");
        }
        () if is.is_fifo() => "a FIFO",
        () if is.is_socket() => "a socket",
        () if is.is_block_device() || is.is_char_device() => "a device",
        () => "no regular file",
    };
    format!(
        "{path} is {is}: only regular files can be included; move it away, or write a pattern that does not match it"
    )
}

fn text(findings: &mut Findings, path: &FilePath) -> Option<String> {
    match bytes(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some(text),
            Err(error) => unreadable(
                findings,
                path,
                &format!(
                    "it is not UTF-8, from byte {} on",
                    error.utf8_error().valid_up_to()
                ),
            ),
        },
        Err(error) => unreadable(findings, path, &format!("it cannot be read: {error}")),
    }
    None
}

/// One byte more than is allowed tells that there are too many.
fn bytes(path: &FilePath) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(findings: &mut Findings, path: &FilePath, message: &str) {
    findings.problems.push(crate::Problem {
        file: Some(path.to_owned()),
        at: None,
        path: String::new(),
        message: message.to_owned(),
    });
}

/// Reads a text into its shape, and tells all that does not fit.
fn parse<T: DeserializeOwned>(findings: &mut Findings, path: &FilePath, text: &str) -> Option<(T, Node)> {
    let file = u32::try_from(findings.files.len()).unwrap_or(u32::MAX - 1);
    findings.files.push(path.to_owned());
    let mut node = match yaml::parse(text, file) {
        Ok(node) => node,
        Err(error) => {
            findings.problem(error.at, &Path::default(), error.message);
            return None;
        }
    };
    let before = findings.problems.len();
    let top = Path::default();
    let mut pruned: Vec<Path> = Vec::new();
    loop {
        let error = match yaml::read::<T>(&node) {
            Ok(shape) if findings.problems.len() == before => return Some((shape, node)),
            Ok(_) => return None,
            Err(error) => error,
        };
        // What is missing because it was taken out as wrong is told already.
        let told = error
            .missing
            .is_some_and(|key| pruned.contains(&error.path.join(key)));
        if !told {
            findings.misfit(&node, &top, &error);
        }
        if error.path.steps().is_empty() || findings.are_enough() {
            return None;
        }
        node.prune(&error.path);
        pruned.push(error.path);
    }
}

#[cfg(test)]
mod tests;
