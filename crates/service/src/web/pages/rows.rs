//! Rows that several pages share.

use std::time::Duration;

use store::Time;

use crate::api::model;
use crate::api::model::reference::ReferenceState;
use crate::api::model::run::{Order, RunState};
use crate::output::names::visible;
use crate::output::summary::human_bytes;
use crate::web::show::{Lasting, When, between, counted, length};

/// The most characters of a name that a table shows; the whole is in the run's or the reference's own page and in the API.
const MAX_NAME: usize = 300;

/// A text, cut where it is so long that it would be the whole page.
pub(super) fn cut(text: &str) -> String {
    cut_to(text, MAX_NAME)
}

/// [`cut`] with another limit, in characters.
pub(super) fn cut_to(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A path segment of an address.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The address of a mirror's page.
pub(super) fn mirror_href(name: &str) -> String {
    format!("/mirrors/{}", segment(name))
}

/// The address of a conflict's page.
pub(super) fn conflict_href(mirror: &str, reference: &str) -> String {
    format!(
        "/conflicts/view?mirror={}&reference={}",
        segment(mirror),
        segment(reference)
    )
}

/// Where to go, and the word for it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) word: String,
    pub(super) main: bool,
}

/// The word for a conflict: those who may only read look at it.
pub(super) fn settle_word(may_operate: bool) -> &'static str {
    if may_operate { "Settle…" } else { "Look" }
}

impl Link {
    pub(super) fn new(href: impl Into<String>, word: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            word: word.into(),
            main: false,
        }
    }

    pub(super) fn main(self) -> Self {
        Self { main: true, ..self }
    }
}

/// A choice of a list.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) word: String,
    pub(super) selected: bool,
}

impl Choice {
    pub(super) fn new(value: impl Into<String>, word: impl Into<String>, selected: &str) -> Self {
        let value = value.into();
        Self {
            selected: value == selected,
            value,
            word: word.into(),
        }
    }
}

/// A run in a table.
#[derive(Debug)]
pub(super) struct RunRow {
    pub(super) id: String,
    pub(super) short: String,
    /// Its mirror, where the table is of several.
    pub(super) mirror: Option<String>,
    pub(super) state: &'static str,
    pub(super) what: String,
    pub(super) by: String,
    pub(super) took: String,
    pub(super) at: When,
}

impl RunRow {
    pub(super) fn new(run: &model::run::Run, with_mirror: bool, now: Time) -> Self {
        Self {
            id: run.id.clone(),
            short: short_run(&run.id),
            mirror: run.mirror.clone().filter(|_| with_mirror),
            state: run.state.word(),
            what: what(run),
            by: by(run),
            took: took(run),
            at: When::of(run.created_at.0, now),
        }
    }
}

/// The part of a run's id that tells it from others: its end, since its beginning is the time.
pub(super) fn short_run(id: &str) -> String {
    let digits: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    digits[digits.len().saturating_sub(8)..].to_owned()
}

/// What a run did, in a few words.
pub(super) fn what(run: &model::run::Run) -> String {
    let mut parts = Vec::new();
    if run.inputs.dry_run {
        parts.push("dry run".to_owned());
    }
    match &run.inputs.order {
        Some(Order::Approve { .. }) => parts.push("approved".to_owned()),
        Some(Order::Undo { .. }) => parts.push("undo".to_owned()),
        Some(Order::Resolve { take, .. }) => parts.push(format!("conflict settled: the {take}'s value")),
        None => {}
    }
    if run.written > 0 {
        parts.push(format!("{} written", counted(run.written.into(), "reference")));
    }
    if run.bytes > 0 {
        parts.push(human_bytes(run.bytes));
    }
    if let Some(fault) = &run.fault {
        parts.push(cut(&fault.message));
    } else if parts.is_empty() && run.state == RunState::Succeeded {
        parts.push("nothing to do".to_owned());
    }
    parts.join(" · ")
}

/// Who or what started a run.
pub(super) fn by(run: &model::run::Run) -> String {
    match &run.actor {
        Some(actor) => format!("{} ({})", actor, run.trigger),
        None => run.trigger.clone(),
    }
}

/// How long a run took, or takes so far.
pub(super) fn took(run: &model::run::Run) -> String {
    match (run.started_at, run.ended_at) {
        (Some(started), Some(ended)) => length(between(started.0, ended.0)),
        (Some(started), None) => length(between(started.0, Time::now())),
        _ => String::new(),
    }
}

/// From the first sight of the oldest change to the end, of a run that wrote something.
pub(super) fn lag(run: &model::run::Run) -> Option<Duration> {
    (run.written > 0).then_some(())?;
    Some(between(run.created_at.0, run.ended_at?.0))
}

/// A reference in a table.
#[derive(Debug)]
pub(super) struct ReferenceRow {
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) target: Option<String>,
    pub(super) state: &'static str,
    pub(super) text: Option<String>,
    pub(super) since: Option<When>,
    /// For how long it differs.
    pub(super) behind: Option<Lasting>,
    pub(super) link: Option<Link>,
}

impl ReferenceRow {
    /// For somebody who may settle conflicts, or not.
    pub(super) fn new(
        mirror: &str,
        reference: &model::reference::Reference,
        may_operate: bool,
        now: Time,
    ) -> Self {
        let link = match reference.state {
            ReferenceState::Conflict => Some(Link::new(
                conflict_href(mirror, &reference.name),
                settle_word(may_operate),
            )),
            ReferenceState::Held => reference
                .run
                .as_ref()
                .map(|run| Link::new(format!("/runs/{run}"), "Look")),
            ReferenceState::Rejected | ReferenceState::Refused => reference
                .run
                .as_ref()
                .map(|run| Link::new(format!("/runs/{run}"), "Why")),
            _ => None,
        };
        Self {
            name: cut(&reference.name),
            source: reference.source.clone(),
            target: reference.target.clone(),
            state: state_of(reference.state),
            text: reference.text.as_deref().map(cut),
            since: reference.since.map(|since| When::of(since.0, now)),
            behind: reference
                .since
                .filter(|_| reference.state != ReferenceState::InSync)
                .map(|since| Lasting::since(since.0, now)),
            link,
        }
    }
}

fn state_of(state: ReferenceState) -> &'static str {
    match state {
        ReferenceState::InSync => "in-sync",
        ReferenceState::Behind => "moving",
        ReferenceState::Conflict => "conflict",
        ReferenceState::Held => "held",
        ReferenceState::Rejected => "rejected",
        ReferenceState::Refused => "refused",
        ReferenceState::Deletion => "deletion",
        ReferenceState::TargetOnly => "target-only",
    }
}

/// A delivery in a table.
#[derive(Debug)]
pub(super) struct DeliveryRow {
    pub(super) id: String,
    pub(super) short: String,
    pub(super) provider: String,
    pub(super) event: String,
    pub(super) endpoint: String,
    /// The address that it came from.
    pub(super) from: String,
    pub(super) status: u16,
    pub(super) became: String,
    pub(super) at: When,
    pub(super) redeliver: String,
    /// It was believed, so that it can be sent once more.
    pub(super) repeatable: bool,
}

impl DeliveryRow {
    pub(super) fn new(delivery: &model::delivery::Delivery, now: Time) -> Self {
        let endpoint = match (&delivery.mirror, delivery.side, &delivery.credential) {
            (Some(mirror), Some(side), _) => format!("{mirror}, {side}"),
            (Some(mirror), None, _) => mirror.clone(),
            (None, _, Some(credential)) => format!("host of {credential}"),
            (None, ..) => String::new(),
        };
        Self {
            short: short_run(&delivery.id),
            provider: delivery.provider.clone(),
            event: cut(delivery.event.as_deref().unwrap_or_default()),
            endpoint,
            from: cut(&visible(delivery.from.as_bytes())),
            status: delivery.status,
            became: became(&delivery.answer),
            at: When::of(delivery.at.0, now),
            redeliver: format!("/deliveries/{}/redeliver", delivery.id),
            repeatable: delivery.status < 300,
            id: delivery.id.clone(),
        }
    }
}

/// What became of a delivery's references, in a few words.
fn became(answer: &serde_json::Value) -> String {
    const SHOWN: usize = 3;
    let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let references = answer["references"].as_array().map_or(&[][..], Vec::as_slice);
    if references.is_empty() {
        let said = ["detail", "why", "message", "disposition"]
            .into_iter()
            .map(|key| text(answer, key))
            .find(|said| !said.is_empty());
        return cut(&said.unwrap_or_default());
    }
    let mut parts: Vec<String> = references
        .iter()
        .take(SHOWN)
        .map(|reference| {
            let name = match text(reference, "name") {
                name if name.is_empty() => text(reference, "reference"),
                name => name,
            };
            format!("{}: {}", cut(&name), text(reference, "disposition"))
        })
        .collect();
    if references.len() > SHOWN {
        parts.push(format!("and {} more", references.len() - SHOWN));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_delivery_says_what_became_of_its_references() {
        let answer = json!({"references": [
            {"name": "refs/heads/main", "disposition": "queued"},
            {"name": "refs/tags/v1", "disposition": "echo"},
        ]});
        assert_eq!(became(&answer), "refs/heads/main: queued, refs/tags/v1: echo");
        assert_eq!(
            became(&json!({"detail": "the signature is wrong"})),
            "the signature is wrong"
        );
        assert_eq!(became(&json!({"disposition": "ping"})), "ping");
        assert_eq!(became(&json!(null)), "");
    }

    #[test]
    fn names_of_thousands_of_characters_are_cut() {
        let name = "x".repeat(4_000);
        assert_eq!(cut(&name).chars().count(), MAX_NAME + 1);
        assert_eq!(cut("refs/heads/main"), "refs/heads/main");
    }

    #[test]
    fn hostile_names_stay_within_their_address() {
        assert_eq!(
            mirror_href("a/../b?c#d\"e"),
            "/mirrors/a%2F%2E%2E%2Fb%3Fc%23d%22e"
        );
    }
}
