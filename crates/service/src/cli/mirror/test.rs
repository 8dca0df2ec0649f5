//! `refsync mirror test`: one push, from the webhook to the target, watched by a person.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use store::Time;

use crate::api::model::Moment;
use crate::api::model::delivery::{Delivery, DeliveryQuery};
use crate::api::model::mirror::{Direction, Mirror};
use crate::api::model::run::{Run, RunQuery};
use crate::cli::{online, waiting};
use crate::client::{Call, Client, ClientError};
use crate::output;
use crate::output::screen::Screen;
use crate::output::trial;

/// Between two looks at the server.
const LOOK: Duration = Duration::from_millis(300);
/// How long after a delivery its run must have begun.
const RUN_BEGINS: Duration = Duration::from_secs(60);
/// How long a run that was there before the delivery was seen is not taken for its run: the push may have come before the look.
const OLDER: Duration = Duration::from_secs(5);
/// How many runs are looked at.
const RUNS: usize = 20;
/// How far the clocks of this machine and the server's may differ.
const SKEW: Duration = Duration::from_secs(5);

/// Wait for a pushed branch, then show the delivery, the run, and what the target has
///
/// Writes nothing by itself: push something, and see each step arrive with its time.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct TestArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    name: String,

    /// How long to wait for the push, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   the push arrived on the other side
  1   no delivery came, it was refused, or the run failed
  2, 3  the run refused a reference, as refsync sync does

Examples:
  refsync mirror test app
  and in a clone of the source: git push origin HEAD:refs/heads/refsync-test";

pub(super) fn execute(args: &TestArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let mirror: Mirror = client.ask(Call::get(&["mirrors", &args.name])).await?;
        let screen = Screen::of_stdout();
        say(&trial::begin(&mirror, &screen))?;
        let known = newest(&client, &mirror.name).await?.map(|delivery| delivery.id);
        let before = runs(&client, &mirror.name, None).await?;
        let began = Time(Time::now().0 - i64::try_from(SKEW.as_millis()).unwrap_or(0));
        let until = Instant::now() + Duration::from_secs(args.timeout);
        let Some(delivery) = delivered(&client, &mirror.name, known.as_deref(), until).await? else {
            say(&trial::nothing_came(&mirror, args.timeout, &screen))?;
            return Ok(ExitCode::FAILURE);
        };
        say(&trial::delivery(&delivery, &screen))?;
        if delivery.status >= 300 {
            say(&trial::refused(&mirror, &screen))?;
            return Ok(ExitCode::FAILURE);
        }
        let Some(run) = run_of(&client, &mirror.name, &before, began).await? else {
            say(&trial::no_run(&mirror, &screen))?;
            return Ok(ExitCode::FAILURE);
        };
        let run = client.follow(&run.id, |_| {}).await?;
        let references = waiting::references(&client, &run).await?;
        say(&trial::ended(
            &delivery,
            &run,
            &references,
            mirror.direction == Direction::TwoWay,
            &screen,
        ))?;
        Ok(waiting::exit_code(&run).into())
    })
}

fn say(text: &str) -> anyhow::Result<()> {
    output::result(text).context("cannot write the result")
}

async fn newest(client: &Client, mirror: &str) -> Result<Option<Delivery>, ClientError> {
    let query = DeliveryQuery {
        mirror: Some(mirror.to_owned()),
        ..DeliveryQuery::default()
    };
    Ok(client.list(&["deliveries"], &query, 1).await?.items.pop())
}

/// The next delivery that is no ping; `None` if none comes in time.
async fn delivered(
    client: &Client,
    mirror: &str,
    known: Option<&str>,
    until: Instant,
) -> Result<Option<Delivery>, ClientError> {
    while Instant::now() < until {
        if let Some(delivery) = newest(client, mirror).await?
            && known != Some(delivery.id.as_str())
            // A ping is answered with 200, what is taken with 202.
            && delivery.status != 200
        {
            return Ok(Some(delivery));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(None)
}

/// The run of a delivery that began after that time: one that was not there before, if there is one.
async fn run_of(
    client: &Client,
    mirror: &str,
    before: &[Run],
    began: Time,
) -> Result<Option<Run>, ClientError> {
    let is_new = |run: &Run| before.iter().all(|one| one.id != run.id);
    let since = Instant::now();
    while since.elapsed() < RUN_BEGINS {
        let mut found = runs(client, mirror, Some(began)).await?;
        // What a person or the clock asked for tells nothing of the webhook.
        found.retain(|run| run.trigger == "webhook");
        let older = found.first().filter(|_| since.elapsed() >= OLDER).cloned();
        if let Some(run) = found.into_iter().find(is_new).or(older) {
            return Ok(Some(run));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(None)
}

/// The newest runs of a mirror, the newest first.
async fn runs(client: &Client, mirror: &str, since: Option<Time>) -> Result<Vec<Run>, ClientError> {
    let query = RunQuery {
        mirror: Some(mirror.to_owned()),
        since: since.map(Moment),
        ..RunQuery::default()
    };
    Ok(client.list(&["runs"], &query, RUNS).await?.items)
}
