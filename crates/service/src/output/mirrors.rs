//! Mirrors: the list, and one of them.

use std::collections::BTreeMap;

use super::grid::{Cell, Column, Fit, Grid};
use super::screen::Screen;
use super::style::Tone;
use super::summary::grouped;
use super::view::View;
use super::when::{ago, ago_if, for_how_long, short_ago, span, timestamp};
use super::{conflicts, marks, runs};
use crate::api::model::conflict::Conflict;
use crate::api::model::hook::HookState;
use crate::api::model::mirror::{Direction, End, InputSet, Mirror, MirrorState};
use crate::api::model::run::{Force, Run};

/// The list.
pub(crate) fn list(mirrors: &[Mirror], wide: bool, screen: &Screen) -> String {
    let mut columns = vec![
        Column::new(""),
        Column::new("NAME").fit(Fit::Middle).least(16),
        Column::new("STATE").fit(Fit::End).least(30),
        Column::new("BEHIND").right(),
        Column::new("SOURCE").fit(Fit::Middle).least(14).spare(2),
        Column::new("").spare(2),
        Column::new("TARGET").fit(Fit::Middle).least(14).spare(2),
        Column::new("CHANGED").spare(1),
    ];
    if wide {
        columns.extend(["REFERENCES", "LABELS", "LAST RUN", "DEFINED IN"].map(Column::new));
    }
    let mut grid = Grid::new(columns);
    for mirror in mirrors {
        let mark = marks::mirror(mirror.state);
        let arrow = match mirror.direction {
            Direction::OneWay => Cell::new("→").raw("one-way"),
            Direction::TwoWay => Cell::new("⇄").raw("two-way"),
        };
        let behind = mirror
            .behind_since
            .map_or_else(Cell::default, |since| short_ago(since, screen).tone(mark.tone));
        let mut row = vec![
            mark.cell(),
            Cell::new(&mirror.name),
            Cell::new(state(mirror)).tone(mark.tone),
            behind,
            address(&mirror.source.url),
            arrow,
            address(&mirror.target.url),
            ago_if(mirror.changed_at, screen).tone(Tone::Quiet),
        ];
        if wide {
            row.extend([
                mirror.counts.references.map_or_else(
                    || Cell::new("–").raw(String::new()).tone(Tone::Quiet),
                    |count| Cell::new(grouped(count)).raw(count.to_string()),
                ),
                Cell::new(labels(&mirror.labels)),
                Cell::new(mirror.last_run.as_deref().unwrap_or_default()),
                Cell::new(mirror.origin.as_deref().unwrap_or_default()),
            ]);
        }
        grid.row(row);
    }
    let mut view = View::new(screen);
    view.grid(&grid).gap().say(Some(Tone::Quiet), &counts(mirrors));
    for (state, next) in [
        (
            MirrorState::Waiting,
            "to decide: refsync conflict list, refsync run list --state held,refused",
        ),
        (MirrorState::Failed, "why: refsync mirror view NAME"),
    ] {
        if mirrors.iter().any(|mirror| mirror.state == state) {
            view.next(next);
        }
    }
    view.text()
}

/// What to do where there are no mirrors.
pub(crate) fn none(filtered: bool, screen: &Screen) -> String {
    let mut view = View::new(screen);
    if filtered {
        view.say(None, "No mirror matches.");
    } else {
        view.say(None, "There are no mirrors yet.").next(
            "add them to refsync.yaml (refsync config schema describes it), or: refsync mirror create NAME --source URL --target URL",
        );
    }
    view.text()
}

/// The state in words, with what makes it so.
fn state(mirror: &Mirror) -> String {
    let counted = |count: u32, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let reasons: Vec<String> = match mirror.state {
        MirrorState::Waiting => [
            counted(mirror.counts.conflicts, "conflict", "conflicts"),
            counted(mirror.counts.held, "held run", "held runs"),
            refusal(mirror),
        ]
        .into_iter()
        .flatten()
        .collect(),
        MirrorState::Failed => mirror.error.iter().cloned().collect(),
        _ => Vec::new(),
    };
    let word = marks::mirror(mirror.state).word;
    match reasons.as_slice() {
        [] => word.to_owned(),
        reasons => format!("{word}: {}", reasons.join(", ")),
    }
}

/// `1 reference not written: hook declined`, with the oldest reason.
fn refusal(mirror: &Mirror) -> Option<String> {
    let noun = match mirror.counts.refused {
        0 => return None,
        1 => "reference",
        _ => "references",
    };
    let count = grouped(u64::from(mirror.counts.refused));
    Some(match &mirror.refusal {
        Some(why) => format!("{count} {noun} not written: {why}"),
        None => format!("{count} {noun} not written"),
    })
}

/// `12 mirrors: 10 in sync, 2 failed`.
fn counts(mirrors: &[Mirror]) -> String {
    let mut states: BTreeMap<MirrorState, u64> = BTreeMap::new();
    for mirror in mirrors {
        *states.entry(mirror.state).or_default() += 1;
    }
    let said: Vec<String> = states
        .iter()
        .map(|(state, count)| format!("{} {}", grouped(*count), marks::mirror(*state).word))
        .collect();
    let noun = if mirrors.len() == 1 { "mirror" } else { "mirrors" };
    format!("{} {noun}: {}", grouped(mirrors.len() as u64), said.join(", "))
}

/// An address without what all addresses have; programs get the whole.
fn address(url: &str) -> Cell {
    let short = url.strip_prefix("https://").unwrap_or(url);
    let short = short.strip_suffix(".git").unwrap_or(short);
    Cell::new(short).raw(url)
}

/// `team=pay, tier=1`.
pub(crate) fn labels(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(", ")
}

/// What is shown beside one mirror.
#[derive(Debug)]
pub(crate) struct Beside {
    /// Its open conflicts.
    pub(crate) conflicts: Vec<Conflict>,
    /// Its last runs.
    pub(crate) runs: Vec<Run>,
    /// Its input sets.
    pub(crate) input_sets: Vec<InputSet>,
}

/// One mirror.
pub(crate) fn view(mirror: &Mirror, beside: &Beside, screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.headline(marks::mirror(mirror.state), &mirror.name, &how(mirror, screen));
    if let Some(description) = &mirror.description {
        view.say(None, description);
    }
    view.gap();
    configuration(&mut view, mirror, &beside.input_sets);
    happened(&mut view, mirror, screen);
    view.section(
        "Conflicts",
        conflicts::grid(&beside.conflicts, conflicts::Of::OneMirror, screen),
    )
    .section(
        "Last runs",
        runs::grid(&beside.runs, runs::Of::OneMirror, false, screen),
    );
    advice(&mut view, mirror);
    view.text()
}

/// How it is, in a few words.
fn how(mirror: &Mirror, screen: &Screen) -> String {
    let word = marks::mirror(mirror.state).word;
    match mirror.behind_since {
        Some(since) => format!("{word}, behind for {}", for_how_long(since, screen)),
        None => word.to_owned(),
    }
}

fn configuration(view: &mut View<'_>, mirror: &Mirror, input_sets: &[InputSet]) {
    view.field("Source", end(&mirror.source))
        .field("Target", end(&mirror.target))
        .field(
            "Direction",
            match mirror.direction {
                Direction::OneWay => "one way",
                Direction::TwoWay => "both ways",
            },
        )
        .field("References", mirror.references.join(" "))
        .field("Deletions", deletions(mirror))
        .field(
            "Rewrites",
            match mirror.force {
                Force::Never => "never",
                Force::Lease => "where the old value is known",
                Force::Always => "always, leased on the value seen",
            },
        )
        .field("Looked at", schedule(mirror))
        .field_if(
            "Labels",
            (!mirror.labels.is_empty()).then(|| labels(&mirror.labels)),
        );
    let own: Vec<&str> = input_sets
        .iter()
        .filter(|set| !set.built_in)
        .map(|set| set.name.as_str())
        .collect();
    view.field_if("Input sets", (!own.is_empty()).then(|| own.join(", ")))
        .field_if("Defined in", mirror.origin.as_deref());
}

fn end(end: &End) -> String {
    let mut more = Vec::new();
    more.extend(end.provider.clone());
    more.push(match &end.credential {
        Some(name) => format!("credential {name}"),
        None => "no credential".to_owned(),
    });
    more.extend(end.hook.map(|hook| {
        match hook {
            HookState::Enabled => "webhook enabled",
            HookState::Disabled => "webhook disabled: no secret",
            HookState::Insecure => "webhook without a signature",
        }
        .to_owned()
    }));
    format!("{} ({})", end.url, more.join(", "))
}

fn deletions(mirror: &Mirror) -> &'static str {
    let delete = mirror.sync_delete;
    match (mirror.direction, delete.to_target, delete.to_source) {
        (Direction::OneWay, true, _) | (Direction::TwoWay, true, true) => "mirrored",
        (Direction::TwoWay, true, false) => "mirrored to the target alone",
        (Direction::TwoWay, false, true) => "mirrored to the source alone",
        _ => "not mirrored",
    }
}

fn schedule(mirror: &Mirror) -> String {
    let mut said = Vec::new();
    if mirror.webhooks {
        said.push("on every webhook".to_owned());
    }
    said.extend(
        mirror
            .schedule
            .as_ref()
            .map(|cron| format!("by schedule {cron} (UTC)")),
    );
    said.extend(
        mirror
            .sweep_seconds
            .map(|seconds| format!("every {}", span(seconds))),
    );
    if said.is_empty() {
        return "by hand alone".to_owned();
    }
    said.join(", ")
}

fn happened(view: &mut View<'_>, mirror: &Mirror, screen: &Screen) {
    view.field_if(
        "In scope",
        mirror
            .counts
            .references
            .map(|count| Cell::new(format!("{} references", grouped(count))).raw(count.to_string())),
    )
    .field_if("In sync", mirror.in_sync_at.map(|at| ago(at, screen)))
    .field_if("Changed", mirror.changed_at.map(|at| ago(at, screen)));
    if let Some(paused) = &mirror.paused {
        let when = ago(paused.at, screen).plain_for_people().to_owned();
        view.field(
            "Paused",
            Cell::new(format!("by {}, {when}", paused.by)).tone(Tone::Forced),
        );
    }
    if let Some(error) = &mirror.error {
        let text = match mirror.failures {
            0 | 1 => error.clone(),
            times => format!("{error} ({times} times in a row)"),
        };
        view.field("Error", Cell::new(text).tone(Tone::Bad));
    }
    view.field_if("Waits", refusal(mirror));
    let to_come = mirror.next_at.filter(|at| timestamp(*at) > screen.now());
    view.field_if("Next try", to_come.map(|at| ago(at, screen)));
}

fn advice(view: &mut View<'_>, mirror: &Mirror) {
    let name = &mirror.name;
    let next = match mirror.state {
        MirrorState::New => format!("refsync mirror check {name} tells whether it can work"),
        MirrorState::Waiting if mirror.counts.conflicts > 0 => {
            format!("to decide: refsync conflict view {name} REFERENCE")
        }
        MirrorState::Waiting if mirror.counts.held > 0 => {
            format!("to decide: refsync run list --mirror {name} --state held")
        }
        MirrorState::Waiting => format!("what waits: refsync mirror diff {name}"),
        MirrorState::Failed => {
            format!("details: refsync run view --mirror {name}; preflight: refsync mirror check {name}")
        }
        MirrorState::Paused => format!("to go on: refsync mirror resume {name}"),
        MirrorState::Parked => {
            "it is in no configuration any more; its rows are kept until it comes back".to_owned()
        }
        MirrorState::InSync | MirrorState::Moving => return,
    };
    view.gap().next(&next);
}

#[cfg(test)]
mod tests;
