//! `refsync mirror edit`.

use std::io::Write;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};

use super::spec::{self, SpecFlags};
use crate::api::model::mirror::Mirror;
use crate::cli::online;
use crate::client::Call;
use crate::output::Aside;
use crate::output::format::{Output, yaml};
use crate::output::names::visible;

/// Change a mirror that was made over the API: by flags, from a file, or in an editor
///
/// Without flags its definition is opened in $VISUAL or $EDITOR. If somebody else changed it meanwhile, nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct EditArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    name: String,

    #[command(flatten)]
    spec: SpecFlags,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync mirror edit app
  refsync mirror edit app --sync-delete=true --label team=core";

pub(super) fn execute(args: &EditArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let path = ["mirrors", args.name.as_str()];
        let mirror: Mirror = client.ask(Call::get(&path)).await?;
        let (Some(version), false) = (mirror.version, mirror.read_only) else {
            let origin = mirror.origin.as_deref().unwrap_or("the configuration file");
            bail!(
                "{} is defined in {origin}: change it there",
                visible(mirror.name.as_bytes())
            );
        };
        let before = definition(&mirror)?;
        let after = edited(args, &before)?;
        if after == before {
            Aside::new().plain("Nothing was changed.");
            return Ok(ExitCode::SUCCESS);
        }
        let call = Call::put(&path).if_match(version).json(&after)?;
        let mirror: Mirror = client
            .ask(call)
            .await
            .map_err(|error| keep(&after, error.into()))?;
        args.output.print(&mirror, |_| {
            format!("Changed {}.\n", visible(mirror.name.as_bytes()))
        })?;
        Ok(ExitCode::SUCCESS)
    })
}

fn definition(mirror: &Mirror) -> anyhow::Result<Map<String, Value>> {
    match serde_json::to_value(&mirror.spec).context("the definition cannot be read")? {
        Value::Object(spec) => Ok(spec),
        _ => bail!("the server did not tell the definition of {}", mirror.name),
    }
}

fn edited(args: &EditArgs, before: &Map<String, Value>) -> anyhow::Result<Map<String, Value>> {
    if let Some(file) = &args.spec.file {
        return spec::read(file);
    }
    if args.spec.is_empty() {
        return in_editor(before);
    }
    let mut after = before.clone();
    args.spec.apply(&mut after);
    Ok(after)
}

fn in_editor(before: &Map<String, Value>) -> anyhow::Result<Map<String, Value>> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
        bail!("set EDITOR to open the definition in it, or say by flags what is to change");
    };
    let mut file = tempfile::Builder::new()
        .prefix("refsync-")
        .suffix(".yaml")
        .tempfile()
        .context("cannot make a file for the editor")?;
    file.write_all(yaml(before)?.as_bytes())
        .context("cannot write the file for the editor")?;
    // As git does: the variable is a command line, and the shell takes the file as its first argument.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(file.path());
    for variable in engine::OWN_VARIABLES {
        shell.env_remove(variable);
    }
    let status = shell.status().context("cannot start the editor")?;
    if !status.success() {
        bail!("the editor ended with {status}: nothing was changed");
    }
    // Editors replace files: read by name, not by the handle.
    spec::read(file.path())
}

/// Keeps a definition that the server did not take, and says where, so that no typing is lost.
fn keep(spec: &Map<String, Value>, error: anyhow::Error) -> anyhow::Error {
    let kept = tempfile::Builder::new()
        .prefix("refsync-")
        .suffix(".yaml")
        .tempfile()
        .ok()
        .and_then(|mut file| {
            file.write_all(yaml(spec).ok()?.as_bytes()).ok()?;
            file.keep().ok()
        });
    if let Some((_, path)) = kept {
        Aside::new().hint(&format!(
            "what was typed is kept in {}: refsync mirror edit … -f it",
            path.display()
        ));
    }
    error
}
