//! Runs: the list, and one of them with its references and its end.

use super::by_hand;
use super::grid::{Cell, Column, Fit, Grid};
use super::screen::Screen;
use super::style::Tone;
use super::summary::{grouped, human_bytes};
use super::view::View;
use super::when::{ago, short_ago, timestamp, took};
use super::{conflicts, marks};
use crate::api::model::run::{LogLine, Run, RunReference, RunState};

/// Whose runs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Of several mirrors, which are named.
    All,
    /// Of one mirror.
    OneMirror,
}

/// So many characters of an id name the millisecond it was made in: with fewer, runs of one minute look alike.
const SHORT_ID: usize = 13;
/// How many references are listed before the rest is counted.
const LISTED: usize = 50;

/// An id as people type it.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// The list.
pub(crate) fn list(runs: &[Run], more: bool, wide: bool, screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.grid(&grid(runs, Of::All, wide, screen));
    if more {
        view.gap()
            .next("There are more: -L COUNT lists as many as you want.");
    }
    if let Some(held) = runs.iter().find(|run| run.state == RunState::Held) {
        let id = short_id(&held.id);
        view.gap().next(&format!(
            "what is held: refsync run view {id}; to release it: refsync run approve {id}"
        ));
    }
    view.text()
}

/// What to say where there are none.
pub(crate) fn none(filtered: bool, screen: &Screen) -> String {
    let mut view = View::new(screen);
    if filtered {
        view.say(None, "No run matches.");
    } else {
        view.say(None, "There were no runs yet.")
            .next("to make one: refsync mirror run NAME");
    }
    view.text()
}

/// The list's columns and rows.
pub(crate) fn grid(runs: &[Run], of: Of, wide: bool, screen: &Screen) -> Grid {
    let mut columns = vec![Column::new("")];
    if of == Of::All {
        columns.push(Column::new("MIRROR").fit(Fit::Middle).least(16));
    }
    columns.extend([
        Column::new("RESULT").fit(Fit::End).least(22),
        Column::new("TRIGGER").fit(Fit::End).spare(1),
        Column::new("ID"),
        Column::new("TOOK").right().spare(2),
        Column::new("AGE").right(),
    ]);
    if wide {
        columns.extend([
            Column::new("BYTES").right(),
            Column::new("ATTEMPT").right(),
            Column::new("WORKER"),
        ]);
    }
    let mut grid = Grid::new(columns);
    for run in runs {
        let mark = marks::run(run.state);
        let mut row = vec![mark.cell()];
        if of == Of::All {
            row.push(Cell::new(run.mirror.as_deref().unwrap_or("(one-off)")));
        }
        let id = if wide { run.id.as_str() } else { short_id(&run.id) };
        row.extend([
            Cell::new(result(run)).tone(mark.tone),
            Cell::new(trigger(run)),
            Cell::new(id).raw(&run.id),
            Cell::new(elapsed(run, screen).unwrap_or_default()),
            short_ago(run.created_at, screen).tone(Tone::Quiet),
        ]);
        if wide {
            row.extend([
                Cell::new(human_bytes(run.bytes)).raw(run.bytes.to_string()),
                Cell::new(run.attempt.to_string()),
                Cell::new(run.worker.as_deref().unwrap_or_default()),
            ]);
        }
        grid.row(row);
    }
    grid
}

/// The same without the fault, which is told below.
fn how(run: &Run) -> String {
    match run.state {
        RunState::Failed => marks::run(run.state).word.to_owned(),
        _ => result(run),
    }
}

/// How it ended, in a few words: `3 written`, `failed: the target refused the token`.
pub(crate) fn result(run: &Run) -> String {
    let word = marks::run(run.state).word;
    match (run.state, &run.fault) {
        (RunState::Failed, Some(fault)) => format!("{word}: {}", fault.message),
        (RunState::Succeeded, _) if run.inputs.dry_run => format!("{word}, dry run"),
        (RunState::Succeeded, _) if run.written == 0 => format!("{word}, nothing to do"),
        (RunState::Succeeded | RunState::Refused | RunState::Held, _) if run.written > 0 => {
            format!("{word}, {} written", grouped(run.written.into()))
        }
        _ => word.to_owned(),
    }
}

fn trigger(run: &Run) -> String {
    match &run.actor {
        Some(actor) => format!("{} ({actor})", run.trigger),
        None => run.trigger.clone(),
    }
}

fn elapsed(run: &Run, screen: &Screen) -> Option<String> {
    let from = timestamp(run.started_at?);
    Some(took(from, run.ended_at.map_or(screen.now(), timestamp)))
}

/// One run.
pub(crate) fn view(run: &Run, references: &[RunReference], screen: &Screen) -> String {
    let mut view = View::new(screen);
    let name = run.mirror.as_deref().unwrap_or("one-off run");
    view.headline(
        marks::run(run.state),
        name,
        &format!("{} · {}", short_id(&run.id), how(run)),
    );
    let asked = ago(run.created_at, screen);
    view.say(
        None,
        &format!("By {}, {}", trigger(run), asked.plain_for_people()),
    )
    .gap();
    fields(&mut view, run, screen);
    view.section("References", table(references));
    if references.len() > LISTED && screen.is_terminal() {
        view.next(&format!(
            "  … and {} more: -o wide lists all",
            grouped((references.len() - LISTED) as u64)
        ));
    }
    ended(&mut view, run, references, screen);
    view.text()
}

fn fields(view: &mut View<'_>, run: &Run, screen: &Screen) {
    let inputs = &run.inputs;
    let (from, to) = if inputs.reverse {
        (&inputs.target_url, &inputs.source_url)
    } else {
        (&inputs.source_url, &inputs.target_url)
    };
    view.field_if("Id", (!screen.is_terminal()).then_some(run.id.as_str()))
        .field("From", from.as_str())
        .field("To", to.as_str())
        .field_if("Input set", inputs.input_set.as_deref())
        .field_if(
            "Asked for",
            (!inputs.references.is_empty()).then(|| inputs.references.join(" ")),
        )
        .field_if("Old SHA", inputs.reference_sha_old.as_deref())
        .field_if("Told", (!inputs.told.is_empty()).then(|| inputs.told.join(", ")))
        .field_if("Dry run", inputs.dry_run.then_some("nothing is written"))
        .field_if("Run before", run.of.as_deref())
        .field_if("Attempt", (run.attempt > 1).then(|| run.attempt.to_string()))
        .field_if("Took", elapsed(run, screen).map(|whole| steps(run, &whole)))
        .field_if(
            "Relayed",
            (run.bytes > 0).then(|| Cell::new(human_bytes(run.bytes)).raw(run.bytes.to_string())),
        )
        .field_if(
            "In sync",
            (run.in_sync > 0).then(|| format!("{} references", grouped(run.in_sync))),
        );
}

/// `0.4 s (observe 0.21 s, relay 0.1 s)`.
fn steps(run: &Run, whole: &str) -> String {
    let steps: Vec<String> = run
        .stages
        .iter()
        .map(|step| {
            let time = super::summary::human_time(std::time::Duration::from_millis(step.milliseconds));
            format!("{} {time}", step.name)
        })
        .collect();
    if steps.is_empty() {
        return whole.to_owned();
    }
    format!("{whole} ({})", steps.join(", "))
}

/// The references of a run.
pub(crate) fn table(references: &[RunReference]) -> Grid {
    let mut grid = Grid::new([
        Column::new(""),
        Column::new("REFERENCE").fit(Fit::Middle),
        Column::new("OLD"),
        Column::new("NEW"),
        Column::new("ON"),
        Column::new("OUTCOME").fit(Fit::End),
    ]);
    for reference in references.iter().take(LISTED) {
        let mark = marks::outcome(&reference.outcome);
        let said = match &reference.remote {
            Some(remote) if !reference.text.contains(remote.as_str()) => {
                format!("{}: {remote}", reference.text)
            }
            _ => reference.text.clone(),
        };
        grid.row([
            mark.cell(),
            Cell::new(&reference.name),
            conflicts::value(reference.old.as_deref()),
            conflicts::value(reference.new.as_deref()),
            Cell::new(reference.to.to_string()),
            Cell::new(said).tone(mark.tone),
        ]);
    }
    grid
}

/// How it ended: whose fault, what to do, and how to see the same by hand.
fn ended(view: &mut View<'_>, run: &Run, references: &[RunReference], screen: &Screen) {
    if let Some(fault) = &run.fault {
        let side = match &fault.side {
            Some(side) => format!("the {side}"),
            None => "refsync itself".to_owned(),
        };
        let during = fault.stage.iter().map(|stage| format!(", during {stage}")).next();
        view.gap()
            .field("Error", Cell::new(&fault.message).tone(Tone::Bad))
            .field("At fault", format!("{side}{}", during.unwrap_or_default()))
            .field_if(
                "To do",
                fault
                    .advice
                    .as_deref()
                    .and_then(by_hand::next_action)
                    .map(|advice| Cell::new(advice).tone(Tone::Hint)),
            );
        if !screen.is_terminal() {
            view.field("Kind", fault.kind.as_str());
        }
    }
    let commands = by_hand::commands(run, references);
    if screen.is_terminal() && !commands.is_empty() {
        view.gap().say(Some(Tone::Title), "The same by hand");
        for command in &commands {
            view.verbatim(command);
        }
    } else {
        for command in commands {
            view.field("By hand", command);
        }
    }
    if let Some(next) = next(run) {
        view.gap().next(&next);
    }
}

/// What to do next.
fn next(run: &Run) -> Option<String> {
    let id = short_id(&run.id);
    Some(match run.state {
        RunState::Queued | RunState::Running => format!("to watch it: refsync run watch {id}"),
        RunState::Held => format!("to release what is held: refsync run approve {id}"),
        RunState::Failed if run.fault.as_ref().is_some_and(|fault| fault.retry) => {
            format!(
                "refsync tries again by itself; at once: refsync run rerun {id}; the log: refsync run view {id} --log"
            )
        }
        RunState::Failed => {
            format!("when that is done: refsync run rerun {id}; the log: refsync run view {id} --log")
        }
        RunState::Refused => match &run.mirror {
            Some(mirror) => {
                format!("what waits: refsync mirror diff {mirror}; to decide: refsync conflict list")
            }
            None => return None,
        },
        RunState::Succeeded | RunState::Cancelled => return None,
    })
}

/// One line of a log.
pub(crate) fn log_line(line: &LogLine, screen: &Screen) -> String {
    let text = super::names::visible(line.text.as_bytes());
    let tone = match line.level.as_str() {
        "error" => Some(Tone::Bad),
        "warning" => Some(Tone::Forced),
        "remote" => Some(Tone::Quiet),
        _ => None,
    };
    let at = timestamp(line.at);
    if !screen.is_terminal() {
        return format!(
            "{at:.3}\t{}\t{text}\n",
            super::names::visible(line.level.as_bytes())
        );
    }
    let text = tone.map_or_else(|| text.clone(), |tone| screen.paint(tone, &text));
    let clock = at
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%H:%M:%S")
        .to_string();
    format!("{}  {text}\n", screen.paint(Tone::Quiet, &clock))
}

#[cfg(test)]
mod tests;
