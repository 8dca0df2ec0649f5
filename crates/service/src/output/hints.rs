//! What a person can do about references that were not written: once for each kind, with commands to type.

use bstr::ByteSlice;
use engine::decide::Refusal;
use engine::rejection::RejectReason;
use engine::report::{Outcome, RefReport, Report};

use super::again::Again;
use super::names::{short, visible};

/// How many references of a kind are named.
const NAMED: usize = 3;

/// Kinds of trouble that share their advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Refused(Refusal),
    Rejected(RejectReason),
    LeaseLost,
}

impl Kind {
    fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Refused(refusal) => Some(Self::Refused(*refusal)),
            Outcome::Rejected(rejection) => Some(Self::Rejected(rejection.reason)),
            Outcome::LeaseLost { .. } => Some(Self::LeaseLost),
            _ => None,
        }
    }
}

/// The advice for a whole run: a few lines for each kind of trouble, in the order in which the kinds occur.
pub(crate) fn of_run(report: &Report, again: &Again) -> Vec<String> {
    let mut kinds: Vec<(Kind, Vec<&RefReport>)> = Vec::new();
    for reference in &report.references {
        let Some(kind) = Kind::of(&reference.outcome) else {
            continue;
        };
        match kinds.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, references)) => references.push(reference),
            None => kinds.push((kind, vec![reference])),
        }
    }
    kinds
        .iter()
        .flat_map(|(kind, references)| of_kind(*kind, references, again))
        .collect()
}

/// The advice for one reference, if it needs any.
pub(crate) fn of_reference(reference: &RefReport, again: &Again) -> Option<String> {
    let lines = of_kind(Kind::of(&reference.outcome)?, &[reference], again);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn of_kind(kind: Kind, references: &[&RefReport], again: &Again) -> Vec<String> {
    match kind {
        Kind::LeaseLost => {
            vec![format!(
                "{}: nothing was overwritten; run again to decide from what is there now",
                names(references)
            )]
        }
        Kind::Refused(refusal) => of_refusal(refusal, references, again),
        Kind::Rejected(_) => {
            let advice = references.iter().find_map(|reference| match &reference.outcome {
                Outcome::Rejected(rejection) => rejection.advice(),
                _ => None,
            });
            advice
                .map(|advice| format!("{}: {advice}", names(references)))
                .into_iter()
                .collect()
        }
    }
}

fn of_refusal(refusal: Refusal, references: &[&RefReport], again: &Again) -> Vec<String> {
    let who = names(references);
    let side = references
        .first()
        .map_or(engine::side::Side::Target, |reference| reference.to);
    match refusal {
        Refusal::NotFastForward | Refusal::Unproven => {
            let lost = match references {
                _ if refusal == Refusal::Unproven => {
                    format!("it could not be proved that the {side}'s commits stay")
                }
                [one] if one.name.is_tag() => {
                    "a tag that exists is moved only if its old value is given".to_owned()
                }
                _ => format!("the {side} has commits that would be lost"),
            };
            looking_and_replacing(&format!("{who}: {lost}"), references, again)
        }
        Refusal::OutOfSync => {
            let text = format!("{who}: the {side} has another value than the old one that was given");
            looking_and_replacing(&text, references, again)
        }
        Refusal::ForceNever => {
            vec![format!(
                "{who}: the old value is as told, but --force=never replaces nothing: leave it out"
            )]
        }
        Refusal::Conflict => conflict(&who, references, again),
        Refusal::Symbolic | Refusal::MaybeSymbolic => {
            let exclusion = exclusion(references);
            vec![format!(
                "{who}: writing there would change the reference that it points to{exclusion}"
            )]
        }
        Refusal::NameCollision => {
            vec![format!(
                "{who}: remove the reference on the {side} whose name is in the way, then run again"
            )]
        }
        Refusal::NoDelete => vec![format!(
            "{who}: delete it on the {side} by other means, or leave out --sync-delete"
        )],
        Refusal::Unsteady => vec![format!(
            "{who}: run again in a moment, once the source has settled"
        )],
        Refusal::Moved => vec![format!(
            "{who}: look at what both sides have now, and decide again"
        )],
        Refusal::Atomic => Vec::new(),
    }
}

fn looking_and_replacing(text: &str, references: &[&RefReport], again: &Again) -> Vec<String> {
    let mut lines = vec![format!("{text}. Look at what is there:")];
    if let Some(first) = references.first() {
        let names = references.iter().take(NAMED).map(|one| &one.name);
        lines.extend(again.ls_remote(first.to, names).map(indented));
    }
    let commands: Vec<String> = references
        .iter()
        .take(NAMED)
        .filter_map(|one| replacing(one, again))
        .collect();
    if !commands.is_empty() {
        lines.push("If it can go, name the value that may be replaced:".into());
        lines.extend(commands.into_iter().map(indented));
    }
    lines
}

/// The command that writes what was refused, leased on the value that was seen.
fn replacing(reference: &RefReport, again: &Again) -> Option<String> {
    let old = reference.old?;
    let lease = [
        b"--force-with-lease=".as_slice(),
        reference.name.as_bytes(),
        b":",
        old.to_string().as_bytes(),
    ]
    .concat();
    let mut words = vec![b"-r".as_slice(), reference.name.as_bytes(), &lease];
    if reference.new.is_none() {
        words.push(b"--sync-delete");
    }
    again.sync(reference.to, &words)
}

fn conflict(who: &str, references: &[&RefReport], again: &Again) -> Vec<String> {
    let mut lines = vec![format!(
        "{who}: merge the two sides, or decide which one is right:"
    )];
    for reference in references.iter().take(NAMED) {
        let reverse = RefReport {
            to: reference.to.other(),
            old: reference.new,
            new: reference.old,
            ..(*reference).clone()
        };
        for (one, winner) in [(reference, reference.to.other()), (&&reverse, reference.to)] {
            if let Some(command) = replacing(one, again) {
                lines.push(format!("  {command}   # the {winner} is right"));
            }
        }
    }
    lines
}

fn exclusion(references: &[&RefReport]) -> String {
    let words = references.iter().take(NAMED).map(|one| {
        super::names::shell_word(&[b"^", one.name.as_bytes()].concat()).map(|word| format!("-r {word}"))
    });
    match words.collect::<Option<Vec<String>>>() {
        Some(words) => format!("; leave it out with {}", words.join(" ")),
        None => String::new(),
    }
}

fn indented(command: impl std::fmt::Display) -> String {
    format!("  {command}")
}

/// The first few names, and how many more there are.
fn names(references: &[&RefReport]) -> String {
    let shown: Vec<String> = references.iter().take(NAMED).map(|one| name(one)).collect();
    match references.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn name(reference: &RefReport) -> String {
    if reference.name.is_tag() {
        return format!("tag {}", visible(reference.name.short().as_bytes()));
    }
    short(&reference.name)
}

#[cfg(test)]
mod tests;
