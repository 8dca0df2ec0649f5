//! What became of the references that a run's guard held.

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
    Elsewhere(Vec<String>),
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
            Some(first) if *first == run.id => Self::Here,
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

    /// What it holds, or did: so many references, of all that were not written.
    pub(super) fn line(&self, held: u64, not_written: u64) -> String {
        let count = counted(held, "reference");
        match self {
            Self::Here | Self::Elsewhere(_) if held == not_written => {
                format!("It would delete or rewrite {count}. The others went through.")
            }
            Self::Here | Self::Elsewhere(_) => format!("It would delete or rewrite {count}."),
            Self::Over => format!("It held back {count}, which would have been deleted or rewritten."),
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
                        "another run holds the same: approve that one, if it is meant".to_owned(),
                        "See the run that holds it",
                    ),
                    several => (
                        format!("{several} other runs hold it: look at each, and approve it if it is meant"),
                        "See the first of them",
                    ),
                };
                let link = runs
                    .first()
                    .map(|run| Link::new(format!("/runs/{run}"), word).main());
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
