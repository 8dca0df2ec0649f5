//! `refsync webhook explain`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use hosts::Provider;
use hosts::custom::CustomTrigger;
use hosts::webhook::Headers;

use crate::hooks;
use crate::output::explained;
use crate::output::format::Output;

/// The largest payload that is read, as large as GitHub's.
const MAX_PAYLOAD: u64 = 25 << 20;

/// The largest file with a trigger.
const MAX_TRIGGER: u64 = 64 << 10;

/// Say what refsync would do with a payload, without a server
///
/// Reads the body of a delivery from standard input, or from a file, and tells the event, the repository, and each reference with what
/// can be relied on of its values. The exit code is 1 for a payload that would be answered with an error.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ExplainArgs {
    /// The file with the body; standard input if not given
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// The kind of host
    #[arg(long, value_parser = PossibleValuesParser::new(Provider::ALL.iter().map(|provider| provider.word())))]
    provider: String,

    /// The event's name, for hosts that tell it in a header
    #[arg(long)]
    event: Option<String>,

    /// A header of the delivery; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,

    /// The file with the mirror's `trigger` in YAML, for the provider `custom`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_if_eq("provider", "custom"))]
    trigger: Option<PathBuf>,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync webhook explain --provider github < payload.json
  refsync webhook explain --provider gitea --event delete payload.json
  refsync webhook explain --provider custom --trigger trigger.yaml payload.json -o json";

pub(super) fn execute(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let provider = Provider::from_word(&args.provider).ok_or_else(|| anyhow!("the provider is not known"))?;
    let trigger = args.trigger.as_deref().map(trigger).transpose()?;
    let body = match args.file.as_deref() {
        Some(path) => file(path, MAX_PAYLOAD)?,
        None => read(std::io::stdin().lock(), "standard input", MAX_PAYLOAD)?,
    };
    let headers: Headers = args.headers.iter().cloned().collect();
    let told = hooks::explain(provider, trigger.as_ref(), args.event.as_deref(), &headers, &body);
    args.output
        .print(&told, |screen| explained::text(&told, screen))?;
    Ok(if told.status < 400 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `Name: value`.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| "a header is written `Name: value`".to_owned())?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn trigger(path: &Path) -> anyhow::Result<CustomTrigger> {
    let text = String::from_utf8(file(path, MAX_TRIGGER)?).context("the trigger is not UTF-8")?;
    let place = path.display();
    let trigger: CustomTrigger =
        serde_saphyr::from_str(&text).with_context(|| format!("{place} holds no trigger"))?;
    trigger.check().with_context(|| format!("{place} is not right"))?;
    Ok(trigger)
}

fn file(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    read(file, &name, limit)
}

fn read(from: impl Read, name: &str, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > limit {
        bail!("{name} is larger than {limit} bytes");
    }
    Ok(bytes)
}
