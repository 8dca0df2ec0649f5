//! `refsync mirror create`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::spec::{self, SpecFlags};
use crate::api::model::mirror::Mirror;
use crate::cli::online;
use crate::client::Call;
use crate::output::Aside;
use crate::output::format::Output;
use crate::output::names::visible;

/// Make a mirror on the server, beside those of its file
///
/// It names credentials of the file, and holds no secret, path or command of its own.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CreateArgs {
    /// The mirror's name: letters, digits, `.`, `_`, `-`
    #[arg(value_name = "NAME", required_unless_present = "file")]
    name: Option<String>,

    #[command(flatten)]
    spec: SpecFlags,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync mirror create app --source https://git.harness.io/acct/org/x/app.git --target https://ghe.corp.example/acme/app.git
  refsync mirror create app --source URL --target URL --direction two-way --label team=pay
  refsync mirror create -f app.yaml";

pub(super) fn execute(args: &CreateArgs) -> anyhow::Result<ExitCode> {
    let spec = definition(args)?;
    online(async |client| {
        let mirror: Mirror = client.ask(Call::post(&["mirrors"]).json(&spec)?).await?;
        args.output.print(&mirror, |_| {
            format!("Made {}.\n", visible(mirror.name.as_bytes()))
        })?;
        if !args.output.is_for_programs() {
            let name = visible(mirror.name.as_bytes());
            Aside::new().hint(&format!(
                "refsync mirror check {name} tells whether it can work; refsync webhook register {name} makes its webhooks"
            ));
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn definition(args: &CreateArgs) -> anyhow::Result<Map<String, Value>> {
    let mut spec = match &args.spec.file {
        Some(file) => spec::read(file)?,
        None => Map::new(),
    };
    if let Some(name) = &args.name {
        spec.insert("name".to_owned(), json!(name));
    }
    args.spec.apply(&mut spec);
    for (key, flag) in [("source", "--source"), ("target", "--target")] {
        if !spec.contains_key(key) {
            bail!("the {key} is missing: {flag} URL");
        }
    }
    spec.get("name").context("the definition has no name")?;
    Ok(spec)
}
