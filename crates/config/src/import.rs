//! `refsync import harness`: from the YAML of a mirror pipeline, its triggers and input sets to a `refsync.yaml` that does the same.
//!
//! Such a pipeline has the seven variables `sourceURL`, `sourceToken`, `targetURL`, `targetToken`, `reference`, `referenceShaOld` and
//! `syncDelete`, and a shell step that fetches and pushes. Each trigger, and each input set with addresses of its own, becomes a
//! mirror; two mirrors that are each other's way back become one that goes both ways.

mod build;
mod conditions;
mod entry;
mod pipeline;
#[cfg(test)]
mod tests;
mod token;

use std::path::Path;

/// What became of the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The configuration.
    pub yaml: String,
    /// What could not be taken over, or must be looked at.
    pub notes: Vec<String>,
}

/// Reads files, each with its name for messages. The error says what is no YAML, or that nothing was found. Tokens that are written
/// in a file are not taken over.
pub fn harness(files: &[(String, String)]) -> Result<Imported, String> {
    let found = pipeline::read(files)?;
    if found.pipelines.is_empty() && found.triggers.is_empty() && found.input_sets.is_empty() {
        return Err("there is no `pipeline`, `trigger` or `inputSet` at the top of these files".into());
    }
    let mut notes = Vec::new();
    let file = build::file(&found, &mut notes);
    let yaml = crate::yaml::emit(&file).map_err(|error| error.to_string())?;
    if file.mirrors.is_empty() {
        notes.push("no mirror came of it: no trigger or input set gives both addresses".into());
    }
    match crate::load::load_text(Path::new("refsync.yaml"), &yaml) {
        Ok(config) => notes.extend(config.warnings.iter().map(|warning| format!("look at {warning}"))),
        Err(problems) => notes.extend(problems.0.iter().map(|problem| format!("mend {problem}"))),
    }
    Ok(Imported { yaml, notes })
}
