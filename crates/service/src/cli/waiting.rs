//! `--wait`: to the end of a run, with what it tells on the way, and its exit code.

use std::process::ExitCode;

use crate::api::model::run::{Run, RunReference, RunState};
use crate::cli::selection::ALL;
use crate::client::{Client, ClientError, Update};
use crate::output::format::Output;
use crate::output::runs::{self, log_line};
use crate::output::screen::Screen;
use crate::output::style::{Palette, Tone};
use crate::output::{self, Aside};

/// What a run that was asked for is said to be.
pub(super) fn asked(run: &Run) -> String {
    let id = runs::short_id(&run.id);
    let of = run
        .mirror
        .as_ref()
        .map(|mirror| format!(" of {mirror}"))
        .unwrap_or_default();
    format!("Run {id}{of} was asked for. To watch it: refsync run watch {id}\n")
}

/// Prints a run that was asked for; or waits for its end, and gives the exit code that `refsync sync` would have had.
pub(super) async fn asked_or_ended(
    client: &Client,
    run: Run,
    wait: bool,
    output: Output,
) -> anyhow::Result<ExitCode> {
    if !wait {
        output.print(&run, |_| asked(&run))?;
        return Ok(ExitCode::SUCCESS);
    }
    let run = follow(client, &run.id).await?;
    let references = references(client, &run).await?;
    output.print(&run, |screen| runs::view(&run, &references, screen))?;
    Ok(exit_code(&run).into())
}

/// Follows a run to its end; its log goes to standard error as it comes.
pub(super) async fn follow(client: &Client, id: &str) -> Result<Run, ClientError> {
    let screen = Screen::of_stderr();
    client
        .follow(id, |update| {
            if let (Update::Log(line), true) = (update, screen.is_terminal()) {
                Aside::new().written(&log_line(&line, &screen));
            }
        })
        .await
}

/// The references of a run.
pub(super) async fn references(client: &Client, run: &Run) -> Result<Vec<RunReference>, ClientError> {
    let path = ["runs", run.id.as_str(), "references"];
    Ok(client.list(&path, &(), ALL).await?.items)
}

/// The exit code of `refsync sync` for a run that is over.
pub(super) fn exit_code(run: &Run) -> u8 {
    match (run.exit_code, run.state) {
        (Some(code), _) => code,
        (None, RunState::Succeeded) => 0,
        // What is held or refused waits for a person.
        (None, RunState::Held | RunState::Refused) => 3,
        (None, _) => 1,
    }
}

/// One of several runs, in a line.
pub(super) fn told(run: &Run) {
    let mark = output::marks::run(run.state);
    let palette = Palette::of(&std::io::stderr());
    let name = run.mirror.as_deref().unwrap_or("one-off run");
    let text = format!(
        "{} {}  {}\n",
        palette.paint(mark.tone, mark.symbol),
        palette.paint(Tone::Title, output::names::visible(name.as_bytes())),
        output::names::visible(runs::result(run).as_bytes())
    );
    Aside::new().written(&text);
}
