//! What is told first of a run that did not go well.

use std::collections::BTreeMap;

use gitwire::RefName;
use store::Time;
use store::conflict::Why;

use super::hold::Hold;
use super::{REFERENCES, tone};
use crate::api::model::run::{Order, Run, RunReference, RunState};
use crate::api::model::{name_of_text, name_text};
use crate::app::App;
use crate::ops;
use crate::output::by_hand;
use crate::web::pages::confirm::Wish;
use crate::web::pages::rows::{Link, RunRow, conflict_href, cut};
use crate::web::show::counted;
use crate::web::trouble::Trouble;

/// References that are shown at the top; the table below has more.
const SHOWN: usize = 10;

/// What went wrong, first of all.
pub(super) struct Failure {
    pub(super) title: String,
    pub(super) line: String,
    pub(super) changes: Vec<Wish>,
    /// How many more changes there are.
    pub(super) more: u64,
    pub(super) remote: Vec<String>,
    pub(super) advice: Option<String>,
    pub(super) link: Option<Link>,
    pub(super) commands: Vec<String>,
    pub(super) last_good: Option<RunRow>,
}

/// The ways to end that need somebody's attention.
const TROUBLED: [&str; 8] = [
    "held",
    "conflict",
    "refused",
    "standing",
    "lease-lost",
    "rejected",
    "not-written",
    "unknown",
];

/// The references of a run that were not written.
pub(super) struct Troubled {
    /// The first of them, as many as a page shows.
    pub(super) first: Vec<RunReference>,
    /// How many references of the run ended in each way.
    counts: BTreeMap<String, u64>,
}

impl Troubled {
    pub(super) async fn of(app: &App, run: &store::run::Run) -> Result<Self, Trouble> {
        let first = ops::runs::references_with(app, run, &TROUBLED, REFERENCES).await?;
        Ok(Self {
            first: first.into_iter().map(ops::show::run_reference).collect(),
            counts: ops::runs::outcomes(app, run).await?,
        })
    }

    /// How many there are.
    pub(super) fn total(&self) -> u64 {
        TROUBLED.into_iter().map(|outcome| self.count(outcome)).sum()
    }

    fn count(&self, outcome: &str) -> u64 {
        self.counts.get(outcome).copied().unwrap_or_default()
    }
}

/// What is told first of a run that did not go well: the fault, or the references that were not written. `hold` is what became of
/// those that the guard held, `log_end` is the last line of the log.
pub(super) async fn failure(
    app: &App,
    stored: &store::run::Run,
    run: &Run,
    troubled: &Troubled,
    hold: Option<&Hold>,
    log_end: u32,
) -> Result<Option<Failure>, Trouble> {
    if !matches!(run.state, RunState::Failed | RunState::Refused | RunState::Held) {
        return Ok(None);
    }
    let (bad, total) = (&troubled.first, troubled.total());
    let fault = run.fault.as_ref();
    let line = match (fault, hold, bad.first()) {
        (Some(fault), ..) => fault.message.clone(),
        (None, Some(hold), Some(_)) => hold.line(troubled.count("held"), total),
        (None, None, Some(first)) => format!("{}: {}", first.name, first.text),
        (None, _, None) => run.state.word().to_owned(),
    };
    let last_good = ops::runs::last_good(app, stored).await?;
    let now = Time::now();
    let remote = words(app, stored, bad, log_end).await?;
    let changes: Vec<Wish> = bad
        .iter()
        .filter(|reference| reference.old != reference.new)
        .take(SHOWN)
        .map(Wish::new)
        .collect();
    let settled = first_conflict(app, run, bad).await;
    let (advice, link) = next(run, bad, settled.as_deref(), hold);
    Ok(Some(Failure {
        title: title(run, total, hold),
        line: cut(&line),
        more: total.saturating_sub(changes.len() as u64),
        changes,
        remote,
        advice,
        link,
        commands: by_hand::commands(run, bad),
        last_good: last_good.map(|run| RunRow::new(&ops::show::run(run), false, now)),
    }))
}

fn title(run: &Run, bad: u64, hold: Option<&Hold>) -> String {
    if let Some(hold) = hold {
        return hold.title().to_owned();
    }
    let side = run.fault.as_ref().and_then(|fault| fault.side.as_deref());
    match (run.state, side) {
        (_, Some(side)) => format!("The {side} is at fault"),
        (RunState::Refused, _) => counted(bad, "reference") + " not written",
        _ => "refsync is at fault".to_owned(),
    }
}

/// What to do: as the fault says, or by what became of the first reference that was not written.
fn next(
    run: &Run,
    bad: &[RunReference],
    conflict: Option<&str>,
    hold: Option<&Hold>,
) -> (Option<String>, Option<Link>) {
    if let Some(fault) = &run.fault {
        let next = fault.advice.as_deref().and_then(by_hand::next_action);
        return (next, None);
    }
    let link = |reference: &str| {
        let mirror = run.mirror.as_deref()?;
        Some(Link::new(conflict_href(mirror, reference), "See the conflict as it is now").main())
    };
    if let (Some(Order::Resolve { .. }), Some(reference)) = (&run.inputs.order, conflict) {
        let text = "a value had moved since it was shown, so nothing was overwritten: look at the new picture and decide again";
        return (Some(text.to_owned()), link(reference));
    }
    if let Some(reference) = conflict {
        return (
            Some("decide which value both sides get".to_owned()),
            link(reference),
        );
    }
    if let Some(hold) = hold {
        return hold.next();
    }
    let Some(first) = bad.first() else {
        return (None, None);
    };
    let text = match first.outcome.as_str() {
        "held" => "look at what is held: it waits for a person",
        "rejected" => {
            "the host does not let refsync write: change the rule there (a protected branch, a hook, a quota), or take the reference out of scope"
        }
        "lease-lost" => "nothing was overwritten: run again to decide from what is there now",
        "not-written" | "unknown" => "run again: what was written already is seen and left",
        "standing" => "nothing has changed since it was left before: look at that run, or change a side",
        _ => {
            "look at what both sides have; Run now with the old SHA of the one reference replaces exactly that value"
        }
    };
    (Some(text.to_owned()), None)
}

/// The first of these references that waits for a person to settle it.
async fn first_conflict(app: &App, run: &Run, bad: &[RunReference]) -> Option<String> {
    let mirror = run.mirror.as_deref()?;
    let shown = bad.iter().take(SHOWN);
    let names: Vec<RefName> = shown.filter_map(|one| name_of_text(&one.name)).collect();
    // Who sees the run sees its mirror; one that was removed has no conflicts.
    let waiting = app.store.waiting(mirror, Some(&names)).await.ok()?;
    let conflicts = waiting.into_iter().filter(|one| one.why == Why::Conflict);
    conflicts.map(|one| one.name).min().map(|name| name_text(&name))
}

/// The references of a run's page: those in trouble first.
pub(super) fn troubled_first(
    troubled: Vec<RunReference>,
    all: Vec<RunReference>,
    most: usize,
) -> Vec<RunReference> {
    let others = all
        .into_iter()
        .filter(|reference| !matches!(tone(reference), "bad" | "waiting"));
    let mut rows: Vec<RunReference> = troubled.into_iter().chain(others).collect();
    rows.truncate(most);
    rows
}

/// What the server said of references that it refused: the last of its messages in the log's last lines, or else each refusal.
async fn words(
    app: &App,
    run: &store::run::Run,
    bad: &[RunReference],
    log_end: u32,
) -> Result<Vec<String>, Trouble> {
    const LINES: u32 = 1_000;
    let refusals: Vec<&str> = bad
        .iter()
        .filter_map(|reference| reference.remote.as_deref())
        .collect();
    let Some(first) = bad.iter().find(|reference| reference.remote.is_some()) else {
        return Ok(Vec::new());
    };
    let side = format!("{}: ", first.to);
    let log = ops::runs::log(app, run, log_end.saturating_sub(LINES), LINES).await?;
    let mut said: Vec<String> = log
        .into_iter()
        .map(ops::show::log_line)
        .filter(|line| line.level == "remote")
        .filter_map(|line| line.text.strip_prefix(&side).map(cut))
        .collect();
    if said.is_empty() {
        said = refusals.into_iter().map(str::to_owned).collect();
        said.dedup();
        said.truncate(SHOWN);
    }
    Ok(said.split_off(said.len().saturating_sub(SHOWN)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::{reference, run};

    #[test]
    fn every_trouble_has_a_next_step_and_no_success_is_one() {
        for outcome in TROUBLED {
            let bad = RunReference {
                outcome: outcome.into(),
                ..reference("refs/heads/main")
            };
            assert!(matches!(tone(&bad), "bad" | "waiting"), "{outcome}");
            assert!(next(&run(), &[bad], None, None).0.is_some(), "{outcome}");
        }
        assert_eq!(next(&run(), &[], None, None).0, None);
    }

    #[test]
    fn a_conflict_leads_to_where_it_is_settled() {
        let run = Run {
            mirror: Some("app".into()),
            ..run()
        };
        let bad = RunReference {
            outcome: "refused".into(),
            ..reference("refs/heads/main")
        };
        assert!(next(&run, std::slice::from_ref(&bad), None, None).1.is_none());
        let link = next(&run, &[bad], Some("refs/heads/main"), None).1.unwrap();
        assert!(
            link.href
                .starts_with("/conflicts/view?mirror=app&reference=refs%2Fheads%2Fmain")
        );
    }

    #[test]
    fn references_in_trouble_come_first_and_once() {
        let bad = RunReference {
            outcome: "rejected".into(),
            ..reference("refs/heads/z")
        };
        let good = reference("refs/heads/a");
        let rows = troubled_first(vec![bad.clone()], vec![good, bad], 10);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["refs/heads/z", "refs/heads/a"]);
    }
}
