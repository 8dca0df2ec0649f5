//! `refsync config diff`: what a new file would change.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueHint};
use config::Config;
use config::diff::Diff;
use similar::{ChangeTag, TextDiff};

use super::load;
use crate::cli::EXIT_DIFFERENT;
use crate::output::names::visible;
use crate::output::screen::Screen;
use crate::output::style::Tone;
use crate::output::{self, Aside};

/// Show what a new configuration changes: mirrors added, removed and changed
///
/// Both are compared as `refsync config render` shows them, so that templates, defaults and order make no difference of
/// their own.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DiffArgs {
    /// The configuration as it is
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    old: PathBuf,

    /// The configuration as it is to be
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    new: PathBuf,

    /// Exit with 3 if they differ
    #[arg(long)]
    exit_status: bool,
}

const AFTER_HELP: &str = "\
Examples:
  refsync config diff refsync.yaml refsync.new.yaml
  git show HEAD:refsync.yaml > old.yaml && refsync config diff old.yaml refsync.yaml --exit-status";

pub(super) fn execute(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let (old, new) = (load(&args.old)?, load(&args.new)?);
    let diff = config::diff::diff(&old, &new);
    let screen = Screen::of_stdout();
    output::result(&text(&old, &new, &diff, &screen)).context("cannot write the result")?;
    if diff.loses_too_many(old.mirrors.len()) {
        Aside::new().hint(&format!(
            "{} of {} mirrors would go: a server takes this only by refsync config reload --force",
            diff.removed.len(),
            old.mirrors.len()
        ));
    }
    let differ = diff != Diff::default();
    Ok(if differ && args.exit_status {
        EXIT_DIFFERENT.into()
    } else {
        ExitCode::SUCCESS
    })
}

fn text(old: &Config, new: &Config, diff: &Diff, screen: &Screen) -> String {
    if *diff == Diff::default() {
        return "No mirror changes.\n".to_owned();
    }
    let mut text = String::new();
    let mut line = |tone, sign: char, name: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}",
            screen.paint(tone, &format!("{sign} {}", visible(name.as_bytes())))
        );
    };
    diff.added.iter().for_each(|name| line(Tone::Good, '+', name));
    diff.removed.iter().for_each(|name| line(Tone::Bad, '-', name));
    for name in &diff.changed {
        text.push_str(&screen.paint(Tone::Forced, &format!("~ {}", visible(name.as_bytes()))));
        text.push('\n');
        if let (Some(before), Some(after)) = (old.mirrors.get(name), new.mirrors.get(name)) {
            let (before, after) = (config::render::mirror(before), config::render::mirror(after));
            changes(&mut text, &before, &after, screen);
        }
    }
    let _ = writeln!(
        text,
        "{} added, {} removed, {} changed",
        diff.added.len(),
        diff.removed.len(),
        diff.changed.len()
    );
    text
}

/// The lines that differ, with one around them.
fn changes(text: &mut String, before: &str, after: &str, screen: &Screen) {
    let diff = TextDiff::from_lines(before, after);
    for op in diff.grouped_ops(1).iter().flatten() {
        for change in diff.iter_changes(op) {
            let (sign, tone) = match change.tag() {
                ChangeTag::Equal => (' ', Tone::Quiet),
                ChangeTag::Delete => ('-', Tone::Bad),
                ChangeTag::Insert => ('+', Tone::Good),
            };
            let line = visible(change.value().trim_end_matches('\n').as_bytes());
            text.push_str(&format!(
                "    {}\n",
                screen.paint(tone, &format!("{sign} {line}"))
            ));
        }
    }
}
