//! Which run a command is about.

use anyhow::bail;
use clap::Args;

use crate::api::model::run::{Run, RunQuery};
use crate::client::{Call, Client};

/// A run by its id, or the newest.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The run's id, or a unique beginning of it. Without one: the newest run
    #[arg(value_name = "RUN")]
    id: Option<String>,

    /// The newest run of this mirror
    #[arg(short, long, value_name = "MIRROR", conflicts_with = "id")]
    mirror: Option<String>,
}

impl Which {
    /// The run.
    pub(super) async fn run(&self, client: &Client) -> anyhow::Result<Run> {
        if let Some(id) = &self.id {
            return Ok(client.ask(Call::get(&["runs", id])).await?);
        }
        let query = RunQuery {
            mirror: self.mirror.clone(),
            ..RunQuery::default()
        };
        match client.list(&["runs"], &query, 1).await?.items.pop() {
            Some(run) => Ok(run),
            None => bail!("there was no run yet"),
        }
    }
}
