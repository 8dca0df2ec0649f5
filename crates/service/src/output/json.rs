//! The report of a run as one JSON document. `docs/report.md` describes it for readers, `docs/schema/report.json` for
//! programs.

use std::collections::BTreeMap;
use std::fmt::Write;

use engine::decide::{Direction, Lineage, Refusal};
use engine::error::{Error, Fault, Retry, Stage};
use engine::rejection::RejectReason;
use engine::report::{Outcome, RefReport, Report};
use engine::request::Request;
use engine::side::Side;
use schemars::JsonSchema;
use serde::Serialize;

use super::again::Again;
use super::hints;
use super::names::{is_harmless, visible};

pub(crate) mod words;

use words::{DirectionWord, ErrorKind, OutcomeWord, Reason, RetryWord, SideWord, StageWord};

/// The version of this document. Fields may be added to it; one that goes or changes its meaning makes a new version.
const VERSION: u32 = 1;

/// What became of a run of `refsync sync`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "refsync report")]
pub(crate) struct Document {
    /// The version of this document: 1. Fields may be added; one that goes or changes its meaning makes a new version.
    version: u32,
    /// The address of the source, without secrets.
    source: String,
    /// The address of the target, without secrets.
    target: String,
    /// In which directions references are mirrored.
    direction: DirectionWord,
    /// Whether nothing was to be written.
    dry_run: bool,
    /// The exit code: 0 in sync, 1 a side could not be read or reached, 2 not a fast-forward and no old value known,
    /// 3 out of sync, 130 or 143 interrupted by a signal.
    exit: u8,
    /// The references that differ, or were asked for by their full names, sorted by name.
    references: Vec<Reference>,
    /// How many further references in scope are equal on both sides.
    in_sync: u64,
    /// How many of `references` ended in each way, by the words of `outcome`.
    counts: BTreeMap<OutcomeWord, u64>,
    /// Bytes of packs that were relayed.
    bytes: u64,
    /// How long each step took, in order.
    stages: Vec<StageTime>,
    /// What ended the run early; `null` if nothing did.
    error: Option<RunError>,
    /// Names that a side lists and `git check-ref-format` refuses: left out of the run.
    invalid_names: Vec<InvalidName>,
}

/// What became of one reference.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Reference {
    /// Its full name. Bytes that are not UTF-8 are written as `\xff`; no name holds a backslash otherwise.
    name: String,
    /// The side that was written, or would have been.
    to: SideWord,
    /// The object id that it had there; `null` if it did not exist.
    old: Option<String>,
    /// The object id that it was to get; `null` for a deletion.
    new: Option<String>,
    /// What became of it.
    outcome: OutcomeWord,
    /// Why it was refused or rejected; `null` otherwise.
    reason: Option<Reason>,
    /// What the server said when it rejected it; `null` otherwise.
    raw: Option<String>,
    /// What a person can do about it; lines are separated by `\n`.
    hint: Option<String>,
    /// What it means for the exit code: 0 to 3.
    exit: u8,
}

/// How long a step took.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StageTime {
    /// The step.
    name: StageWord,
    /// How long it took, in seconds.
    seconds: f64,
}

/// What ended a run early.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RunError {
    /// The side at fault; `null` if it is neither, as after a signal.
    side: Option<SideWord>,
    /// The step during which it happened; `null` if none can be told.
    stage: Option<StageWord>,
    /// What happened.
    kind: ErrorKind,
    /// The same for people, on one line.
    message: String,
    /// Whether trying again can help.
    retry: RetryWord,
    /// After how many seconds to try again, if the server said.
    retry_after_seconds: Option<u64>,
    /// What a person can do about it.
    advice: Option<String>,
}

/// A name that is left out.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InvalidName {
    /// The side that lists it.
    side: SideWord,
    /// The name. Invisible characters are written as `\u{…}`, bytes that are not UTF-8 as `\xff`.
    name: String,
}

impl Document {
    /// The document of a run that came to its end.
    pub(crate) fn new(request: &Request, report: &Report, again: &Again) -> Self {
        let mut counts = BTreeMap::new();
        for reference in &report.references {
            *counts.entry(OutcomeWord::from(&reference.outcome)).or_insert(0) += 1;
        }
        let stage_time = |(stage, time): &(Stage, std::time::Duration)| StageTime {
            name: (*stage).into(),
            seconds: time.as_secs_f64(),
        };
        Self {
            version: VERSION,
            source: request.ends.source.url.to_string(),
            target: request.ends.target.url.to_string(),
            direction: request.direction.into(),
            dry_run: report.dry_run,
            exit: report.exit() as u8,
            references: report
                .references
                .iter()
                .map(|one| Reference::new(one, again))
                .collect(),
            in_sync: report.in_sync,
            counts,
            bytes: report.bytes,
            stages: report.stages.iter().map(stage_time).collect(),
            error: report.error.as_ref().map(RunError::new),
            invalid_names: report
                .invalid_names
                .iter()
                .map(|(side, name)| InvalidName {
                    side: (*side).into(),
                    name: visible(name),
                })
                .collect(),
        }
    }

    /// Makes it the document of a run that a signal ended, with that exit code.
    pub(crate) fn interrupted(mut self, exit: u8, message: &str) -> Self {
        self.exit = exit;
        self.error = Some(RunError {
            side: None,
            stage: None,
            kind: ErrorKind::Interrupted,
            message: message.to_owned(),
            retry: RetryWord::Later,
            retry_after_seconds: None,
            advice: None,
        });
        self
    }

    /// The text, which ends in a line break and holds no character that could confuse a terminal.
    pub(crate) fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| harmless(&text))
    }
}

impl Reference {
    fn new(reference: &RefReport, again: &Again) -> Self {
        Self {
            name: lossless(reference.name.as_bytes()),
            to: reference.to.into(),
            old: reference.old.map(|id| id.to_string()),
            new: reference.new.map(|id| id.to_string()),
            outcome: (&reference.outcome).into(),
            reason: Reason::of(&reference.outcome),
            raw: match &reference.outcome {
                Outcome::Rejected(rejection) => Some(rejection.raw.clone()),
                _ => None,
            },
            hint: hints::of_reference(reference, again),
            exit: reference.exit() as u8,
        }
    }
}

impl RunError {
    fn new(error: &Error) -> Self {
        let (retry, after) = match error.retry() {
            Retry::Never => (RetryWord::Never, None),
            Retry::Later => (RetryWord::Later, None),
            Retry::After(after) => (RetryWord::Later, Some(after.as_secs())),
        };
        Self {
            side: Some(error.side.into()),
            stage: Some(error.stage.into()),
            kind: (&error.kind).into(),
            message: error.to_string(),
            retry,
            retry_after_seconds: after,
            advice: error.advice(),
        }
    }
}

/// The schema of the document (JSON Schema, draft 2020-12), as text that ends in a line break.
pub(crate) fn schema() -> Result<String, serde_json::Error> {
    let schema = schemars::schema_for!(Document);
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

/// UTF-8 as it is, other bytes as `\xff`.
fn lossless(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// A JSON text in which what is invisible or deceptive is escaped, with a line break at its end.
pub(crate) fn harmless(json: &str) -> String {
    escaped(json) + "\n"
}

/// A JSON text in which what is invisible or deceptive is escaped. Such characters occur only inside of strings.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if c == '\n' || is_harmless(c) {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
