//! One line for each reference, in the columns of git-push(1).

use std::collections::BTreeSet;
use std::fmt::Write;

use bstr::BString;
use engine::decide::{Direction, Lineage, Refusal};
use engine::report::{Outcome, RefReport, Report};
use engine::request::Request;
use engine::side::Side;
use gitwire::{Oid, RefName};

use super::Verbosity;
use super::names::{short, visible};
use super::style::{Palette, Tone};

/// The width of the second column: two abbreviated ids and three dots, as in git.
const SUMMARY_WIDTH: usize = 17;

/// The blocks of a run: for each side that was written, or would have been, a header and its references.
pub(crate) fn table(request: &Request, report: &Report, verbosity: Verbosity, palette: Palette) -> String {
    let ambiguous = ambiguous_names(&report.references);
    let sides: &[Side] = match request.direction {
        Direction::OneWay => &[Side::Target],
        Direction::TwoWay => &[Side::Target, Side::Source],
    };
    let mut text = String::new();
    for &side in sides {
        let lines: Vec<Line> = report
            .references
            .iter()
            .filter(|reference| reference.to == side && is_shown(reference, verbosity))
            .map(|reference| Line::new(reference, &ambiguous))
            .collect();
        if lines.is_empty() {
            continue;
        }
        let url = visible(request.ends.of(side).url.to_string().as_bytes());
        let dry = if report.dry_run { " (dry run)" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "To {url}{dry}");
        for line in lines {
            let _ = writeln!(text, "{}", line.render(palette));
        }
    }
    text
}

fn is_shown(reference: &RefReport, verbosity: Verbosity) -> bool {
    match &reference.outcome {
        Outcome::Refused(_)
        | Outcome::Rejected(_)
        | Outcome::Held
        | Outcome::LeaseLost { .. }
        | Outcome::NotWritten
        | Outcome::Unknown => true,
        Outcome::LeftAlone => verbosity >= Verbosity::Verbose,
        _ => verbosity >= Verbosity::Normal,
    }
}

/// The short names that more than one reference of the run has, such as a branch and a tag.
fn ambiguous_names(references: &[RefReport]) -> BTreeSet<BString> {
    let mut seen = BTreeSet::new();
    references
        .iter()
        .map(|reference| reference.name.short().to_owned())
        .filter(|name| !seen.insert(name.clone()))
        .collect()
}

struct Line {
    flag: char,
    summary: String,
    names: String,
    note: Option<String>,
    tone: Tone,
}

impl Line {
    fn new(reference: &RefReport, ambiguous: &BTreeSet<BString>) -> Self {
        let (flag, summary, tone) = columns(reference);
        let name = if ambiguous.contains(reference.name.short()) {
            visible(reference.name.as_bytes())
        } else {
            short(&reference.name)
        };
        let names = if reference.new.is_some() {
            format!("{name} -> {name}")
        } else {
            name
        };
        Self {
            flag,
            summary,
            names,
            note: note(reference),
            tone,
        }
    }

    fn render(&self, palette: Palette) -> String {
        let Self {
            flag, summary, names, ..
        } = self;
        let columns = palette.paint(self.tone, format!("{flag} {summary:SUMMARY_WIDTH$}"));
        match &self.note {
            Some(note) => format!(" {columns} {names} ({note})"),
            None => format!(" {columns} {names}"),
        }
    }
}

/// The flag, the second column, and the tone of both.
fn columns(reference: &RefReport) -> (char, String, Tone) {
    let label = |flag, text: &str, tone| (flag, format!("[{text}]"), tone);
    match &reference.outcome {
        Outcome::Created => label('*', new_label(&reference.name), Tone::Good),
        Outcome::Updated(Lineage::Descends) => (' ', range(reference, ".."), Tone::Good),
        Outcome::Updated(Lineage::Rewrites | Lineage::Unproven) => {
            ('+', range(reference, "..."), Tone::Forced)
        }
        Outcome::Deleted => label('-', "deleted", Tone::Good),
        Outcome::UpToDate => label('=', "up to date", Tone::Quiet),
        Outcome::AlreadyThere => label('=', "already there", Tone::Quiet),
        Outcome::DeletionSkipped => label('=', "skipped", Tone::Quiet),
        Outcome::LeftAlone => label('=', "left alone", Tone::Quiet),
        Outcome::Held => label('!', "held", Tone::Bad),
        Outcome::Standing => label('!', "waits", Tone::Quiet),
        Outcome::Refused(Refusal::Conflict) => label('!', "conflict", Tone::Bad),
        Outcome::Refused(_) => label('!', "refused", Tone::Bad),
        Outcome::Rejected(_) => label('!', "rejected", Tone::Bad),
        Outcome::LeaseLost { .. } => label('!', "lease lost", Tone::Bad),
        Outcome::NotWritten => label('!', "not written", Tone::Bad),
        Outcome::Unknown => label('!', "unknown", Tone::Bad),
    }
}

fn new_label(name: &RefName) -> &'static str {
    match name {
        name if name.is_branch() => "new branch",
        name if name.is_tag() => "new tag",
        _ => "new reference",
    }
}

/// What follows in parentheses.
fn note(reference: &RefReport) -> Option<String> {
    Some(match &reference.outcome {
        Outcome::UpToDate if reference.new.is_none() => "on neither side".into(),
        Outcome::Created | Outcome::Updated(Lineage::Descends) | Outcome::Deleted | Outcome::UpToDate => {
            return None;
        }
        Outcome::AlreadyThere => "somebody else wrote the same".into(),
        Outcome::LeftAlone => format!("on the {} alone", reference.to),
        Outcome::Held => "until a person approves".into(),
        Outcome::Standing => "nothing has changed since".into(),
        Outcome::Refused(Refusal::Conflict) => "both sides changed".into(),
        Outcome::LeaseLost { now: Some(now) } => {
            format!("somebody else moved it to {} meanwhile", abbreviated(now, 7))
        }
        Outcome::LeaseLost { now: None } => "somebody else deleted it meanwhile".into(),
        Outcome::NotWritten => "the run ended before it was written".into(),
        Outcome::Unknown => "the connection ended before the report".into(),
        Outcome::Updated(_) | Outcome::DeletionSkipped | Outcome::Refused(_) | Outcome::Rejected(_) => {
            visible(reference.outcome.to_string().as_bytes())
        }
    })
}

fn range(reference: &RefReport, dots: &str) -> String {
    match (&reference.old, &reference.new) {
        (Some(old), Some(new)) => {
            let (old, new) = abbreviated_apart(old, new);
            format!("{old}{dots}{new}")
        }
        // An update has both values; were one missing, the other alone is what can be said.
        (one, other) => one.or(*other).map_or_else(String::new, |id| abbreviated(&id, 7)),
    }
}

/// Two ids with as many digits as tell them apart, seven at least.
fn abbreviated_apart(one: &Oid, other: &Oid) -> (String, String) {
    let (one_hex, other_hex) = (one.to_string(), other.to_string());
    let common = one_hex
        .bytes()
        .zip(other_hex.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let digits = (common + 1).max(7);
    (abbreviated(one, digits), abbreviated(other, digits))
}

fn abbreviated(id: &Oid, digits: usize) -> String {
    id.to_hex_with_len(digits).to_string()
}

#[cfg(test)]
mod tests;
