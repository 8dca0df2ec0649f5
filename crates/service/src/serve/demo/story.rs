//! Who pushes what, and what became of it.

use std::sync::Arc;

use store::page::Ask;
use store::run::{Run, RunRef, State};

use super::repository::Repository;
use crate::app::App;
use crate::live::Happened;
use crate::output::Aside;
use crate::output::summary::human_time;

/// The people, and what they work on.
const PEOPLE: [&str; 4] = ["Ada", "Grace", "Linus", "Margaret"];
const WORK: [&str; 6] = [
    "parse the header",
    "fix the build",
    "describe the format",
    "test the empty case",
    "remove dead code",
    "name things well",
];

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    step: usize,
}

impl Story {
    /// The next thing that happens: mostly a commit, now and then a branch, a tag, a deletion, and once a conflict.
    pub(super) async fn go_on(&mut self, left: &Repository, right: &Repository) -> anyhow::Result<()> {
        let step = self.step;
        self.step += 1;
        let here = if step.is_multiple_of(2) { left } else { right };
        let who = PEOPLE[step % PEOPLE.len()];
        let what = WORK[step % WORK.len()];
        match step {
            5 => here.commit(who, "refs/heads/docs", "begin the manual").await,
            8 => contradict(left, right).await,
            step if step % 12 == 3 => here.commit(who, "refs/heads/topic", what).await,
            step if step % 12 == 10 => here.delete("refs/heads/topic").await,
            _ => here.commit(who, "refs/heads/main", what).await,
        }
    }
}

/// Two people change the same branch at the same time, each on their side, and neither knows of the other.
async fn contradict(left: &Repository, right: &Repository) -> anyhow::Result<()> {
    let common = left.value("refs/heads/docs").await?;
    let common = common.as_deref();
    let (one, other) = tokio::join!(
        left.commit_on("Ada", common, "refs/heads/docs", "rename the chapters"),
        right.commit_on("Grace", common, "refs/heads/docs", "reorder the chapters"),
    );
    one.and(other)
}

/// Says what became of each run, a line for each reference.
pub(super) async fn narrate(app: Arc<App>) {
    let mut happenings = app.live.watch();
    loop {
        let id = match happenings.recv().await {
            Ok(Happened::Run { id, state, .. }) if ended(state) => id,
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => continue,
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        };
        let Ok(run) = app.store.run(&id).await else {
            continue;
        };
        let Ok(references) = app.store.run_refs(&id, &Ask::default()).await else {
            continue;
        };
        let aside = Aside::new();
        references
            .items
            .iter()
            .for_each(|reference| aside.plain(&line(&run, reference)));
        if let Some(fault) = &run.fault {
            aside.error(&fault.message);
        }
    }
}

fn ended(state: State) -> bool {
    !matches!(state, State::Queued | State::Running)
}

fn line(run: &Run, reference: &RunRef) -> String {
    let short = |id: Option<gitwire::Oid>| {
        id.map_or("·······".to_owned(), |id| id.to_string()[..7].to_owned())
    };
    let took = match (run.started, run.ended) {
        (Some(started), Some(ended)) => {
            let ms = u64::try_from(ended.0 - started.0).unwrap_or_default();
            human_time(std::time::Duration::from_millis(ms))
        }
        _ => String::new(),
    };
    let arrow = match reference.to {
        engine::side::Side::Target => "left → right",
        engine::side::Side::Source => "right → left",
    };
    format!(
        "{arrow}  {}..{}  {:<18} {:<22} {took}",
        short(reference.old),
        short(reference.new),
        reference.name.short(),
        reference.text,
    )
}
