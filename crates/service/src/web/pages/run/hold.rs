//! What became of the references that a run's guard held.

use store::conflict::Holder;

use crate::api::model::run::{Run, RunState};
use crate::app::App;
use crate::web::pages::rows::Link;
use crate::web::show::counted;
use crate::web::trouble::Trouble;

/// What became of the references that a run held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    /// They wait for a person to approve this run.
    Here,
    /// They wait, and other runs are those to approve: they held the same before, or saw newer values.
    Elsewhere(Vec<Holder>),
    /// They wait no more: approved, or a side changed.
    Over,
    /// It was a dry run.
    Never,
}

impl Hold {
    /// Of a run that ended held; `None` of any other.
    pub(super) async fn of(app: &App, run: &Run) -> Result<Option<Self>, Trouble> {
        if run.state != RunState::Held {
            return Ok(None);
        }
        if run.inputs.dry_run {
            return Ok(Some(Self::Never));
        }
        // Without a mirror nothing remembers what waits but the run itself.
        let Some(mirror) = &run.mirror else {
            return Ok(Some(Self::Here));
        };
        let holders = app.store.holders(mirror, &run.id).await?;
        Ok(Some(match holders.first() {
            Some(first) if first.run == run.id => Self::Here,
            Some(_) => Self::Elsewhere(holders),
            None => Self::Over,
        }))
    }

    /// The headline.
    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::Here | Self::Elsewhere(_) => "Held until a person approves it",
            Self::Over => "It was held, and waits no more",
            Self::Never => "It would be held until a person approves it",
        }
    }

    /// What it holds, or did: so many references that it held itself, of all that were not written.
    pub(super) fn line(&self, held: u64, not_written: u64) -> String {
        let count = counted(held, "reference");
        match self {
            Self::Here if held == not_written => {
                format!("It would delete or rewrite {count}. The others went through.")
            }
            Self::Here => format!("It would delete or rewrite {count}."),
            Self::Elsewhere(holders) => {
                let waiting = holders.iter().map(|one| one.references).sum();
                let waiting = counted(waiting, "reference");
                format!("Deleting or rewriting {waiting} waits for approval.")
            }
            Self::Over if held == 0 => "What waited then waits no more.".to_owned(),
            Self::Over => format!("It held back {count}, which would have been deleted or rewritten."),
            Self::Never if held == 0 => "It would leave what waits as it is.".to_owned(),
            Self::Never => format!("A run would hold back {count}, which it would delete or rewrite."),
        }
    }

    /// What to do next.
    pub(super) fn next(&self) -> (Option<String>, Option<Link>) {
        match self {
            Self::Here => {
                let text = "look at the list, and approve it if it is meant; else put back on its side what should stay";
                (Some(text.to_owned()), None)
            }
            Self::Elsewhere(runs) => {
                let (text, word) = match runs.len() {
                    1 => (
                        "another run holds it: look at that one, and approve it if it is meant".to_owned(),
                        "See the run that holds it",
                    ),
                    several => (
                        format!("{several} other runs hold it: look at each, and approve it if it is meant"),
                        "See the first of them",
                    ),
                };
                let link = runs
                    .first()
                    .map(|one| Link::new(format!("/runs/{}", one.run), word).main());
                (Some(text), link)
            }
            Self::Over => (None, None),
            Self::Never => {
                let text =
                    "nothing was written, and nothing waits: run the mirror, and approve it if it is meant";
                (Some(text.to_owned()), None)
            }
        }
    }
}
