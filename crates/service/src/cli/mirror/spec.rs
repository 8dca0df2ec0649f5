//! A mirror's definition as the API takes it, from flags or from a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum, ValueHint};
use serde_json::{Map, Value, json};

use crate::cli::selection;

/// The largest definition that is read.
const MAX_SPEC: u64 = 1 << 20;

/// What a definition holds. What is left out is as the configuration's defaults have it.
#[derive(Debug, Args)]
pub(super) struct SpecFlags {
    /// The repository to read
    #[arg(long, value_name = "URL", help_heading = "Mirror", value_hint = ValueHint::Url)]
    source: Option<String>,

    /// The repository to write
    #[arg(long, value_name = "URL", help_heading = "Mirror", value_hint = ValueHint::Url)]
    target: Option<String>,

    /// The name of the source's credential in the configuration, if not the one whose host matches
    #[arg(long, value_name = "NAME", help_heading = "Mirror")]
    source_credential: Option<String>,

    /// The name of the target's credential
    #[arg(long, value_name = "NAME", help_heading = "Mirror")]
    target_credential: Option<String>,

    /// In which directions references are mirrored
    #[arg(long, value_name = "DIRECTION", value_enum, help_heading = "Mirror")]
    direction: Option<DirectionWord>,

    /// A full name or pattern of its scope, or either after ^ to exclude it. Repeatable
    #[arg(short, long, value_name = "REF", value_parser = selection::pattern, help_heading = "Mirror")]
    reference: Vec<String>,

    /// Whether deletions are mirrored
    #[arg(long, value_name = "BOOL")]
    #[arg(help_heading = "Mirror")]
    sync_delete: Option<bool>,

    /// A sentence for people
    #[arg(long, value_name = "TEXT", help_heading = "Mirror")]
    description: Option<String>,

    /// A label to group and select by. Repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = selection::label, help_heading = "Mirror")]
    label: Vec<String>,

    /// The whole definition, as YAML or JSON: a file, or - for standard input
    #[arg(short, long, value_name = "FILE", help_heading = "Mirror", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["source", "target", "source_credential", "target_credential", "direction", "reference",
        "sync_delete", "description", "label"])]
    pub(super) file: Option<PathBuf>,
}

/// A direction, as a flag's value.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum DirectionWord {
    /// From the source to the target.
    OneWay,
    /// Both ways.
    TwoWay,
}

impl SpecFlags {
    /// Whether nothing was given.
    pub(super) fn is_empty(&self) -> bool {
        let mut spec = Map::new();
        self.apply(&mut spec);
        spec.is_empty() && self.file.is_none()
    }

    /// Puts what was given into a definition; the rest of it stays.
    pub(super) fn apply(&self, spec: &mut Map<String, Value>) {
        for (key, url, credential) in [
            ("source", &self.source, &self.source_credential),
            ("target", &self.target, &self.target_credential),
        ] {
            if url.is_none() && credential.is_none() {
                continue;
            }
            // An end is an address, or a map with one.
            let mut end = match spec.get(key) {
                Some(Value::Object(end)) => end.clone(),
                Some(Value::String(url)) => Map::from_iter([("url".to_owned(), json!(url))]),
                _ => Map::new(),
            };
            end.extend(url.iter().map(|url| ("url".to_owned(), json!(url))));
            end.extend(
                credential
                    .iter()
                    .map(|name| ("credential".to_owned(), json!(name))),
            );
            spec.insert(key.to_owned(), Value::Object(end));
        }
        let mut set = |key: &str, value: Option<Value>| {
            spec.extend(value.map(|value| (key.to_owned(), value)));
        };
        set(
            "direction",
            self.direction.map(|direction| match direction {
                DirectionWord::OneWay => json!("one-way"),
                DirectionWord::TwoWay => json!("two-way"),
            }),
        );
        set(
            "references",
            (!self.reference.is_empty()).then(|| json!(self.reference)),
        );
        set("syncDelete", self.sync_delete.map(Value::from));
        set("description", self.description.clone().map(Value::from));
        let pairs: Map<String, Value> = self
            .label
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), json!(value)))
            .collect();
        set("labels", (!pairs.is_empty()).then_some(Value::Object(pairs)));
    }
}

/// Reads a definition from a file, or from standard input.
pub(super) fn read(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let name = path.display();
    let mut text = String::new();
    let failed = || format!("cannot read {name}");
    if path == Path::new("-") {
        let _ = std::io::stdin()
            .lock()
            .take(MAX_SPEC + 1)
            .read_to_string(&mut text)
            .with_context(failed)?;
    } else {
        let file = File::open(path).with_context(failed)?;
        let _ = file
            .take(MAX_SPEC + 1)
            .read_to_string(&mut text)
            .with_context(failed)?;
    }
    if text.len() as u64 > MAX_SPEC {
        bail!(
            "{name} is larger than {} MiB: it is no definition of a mirror",
            MAX_SPEC >> 20
        );
    }
    parse(&text).with_context(|| format!("{name} is no definition of a mirror"))
}

/// Reads YAML, of which JSON is a part.
pub(super) fn parse(text: &str) -> anyhow::Result<Map<String, Value>> {
    match serde_saphyr::from_str(text)? {
        Value::Object(spec) => Ok(spec),
        _ => bail!("it must be a map: name, source, target, …"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        flags: SpecFlags,
    }

    fn flags(words: &[&str]) -> SpecFlags {
        Line::try_parse_from([&["x"], words].concat()).unwrap().flags
    }

    #[test]
    fn flags_make_a_definition() {
        let mut spec = Map::new();
        flags(&[
            "--source=https://a/x.git",
            "--source-credential=ghe",
            "--target=https://b/x.git",
            "--direction=two-way",
            "-rrefs/heads/*",
            "--sync-delete=true",
            "--label=team=pay",
        ])
        .apply(&mut spec);
        assert_eq!(
            Value::Object(spec),
            json!({
                "source": {"url": "https://a/x.git", "credential": "ghe"},
                "target": {"url": "https://b/x.git"},
                "direction": "two-way",
                "references": ["refs/heads/*"],
                "syncDelete": true,
                "labels": {"team": "pay"},
            })
        );
    }

    #[test]
    fn what_is_not_given_stays() {
        let mut spec =
            parse("{name: app, source: 'https://a/x.git', labels: {team: pay}, sweep: 1m}").unwrap();
        assert!(flags(&[]).is_empty());
        flags(&["--source-credential=ghe", "--sync-delete=false"]).apply(&mut spec);
        assert_eq!(
            Value::Object(spec),
            json!({
                "name": "app",
                "source": {"url": "https://a/x.git", "credential": "ghe"},
                "labels": {"team": "pay"},
                "sweep": "1m",
                "syncDelete": false,
            })
        );
    }

    #[test]
    fn a_definition_is_a_map() {
        assert!(parse("- a\n- b").is_err() && parse("a: [").is_err() && parse("").is_err());
    }
}
