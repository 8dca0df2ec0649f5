//! Runs: the list, one run, and what can be done with it.

mod acts;
mod failure;
mod hold;
mod list;
mod log;
mod page;

pub(in crate::web) use acts::{approve, approve_shown, cancel, carry_out, rerun, undo, undo_shown};
pub(in crate::web) use list::{list, runs_of};
pub(in crate::web) use page::page;

use store::run::Run;

use crate::api::model;
use crate::api::model::run::RunReference;
use crate::app::App;
use crate::ops;
use crate::web::trouble::Trouble;

/// How many references a page shows, so that it stays under 100 kB: the API and the command line have all.
const REFERENCES: u32 = 100;

async fn references_of(
    app: &App,
    run: &Run,
    after: Option<String>,
    limit: u32,
) -> Result<model::Page<RunReference>, Trouble> {
    let ask = ops::pages::ask(after, Some(limit))?;
    let references = ops::runs::references(app, run, &ask).await?;
    Ok(model::Page::of(references, ops::show::run_reference))
}

/// What an outcome means for people.
fn tone(reference: &RunReference) -> &'static str {
    match reference.outcome.as_str() {
        "created" | "updated" | "forced" | "deleted" | "already-there" => "good",
        "held" | "conflict" | "refused" | "standing" | "lease-lost" => "waiting",
        "rejected" | "not-written" | "unknown" => "bad",
        _ => "quiet",
    }
}
