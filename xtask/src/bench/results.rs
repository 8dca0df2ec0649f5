//! What a benchmark found, printed and appended to `docs/benchmarks.md`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use testkit::require;

use super::sample::Comparison;
use super::{Args, machine, table};
use crate::workspace;

/// What a benchmark found.
#[derive(Debug)]
pub(crate) struct Results {
    /// The repository of most rows, in a sentence; empty when no row used it.
    pub(crate) source: String,
    /// The rows of the table.
    pub(crate) comparisons: Vec<Comparison>,
    /// Sentences below the table.
    pub(crate) notes: Vec<String>,
}

impl Results {
    /// No row yet.
    pub(crate) fn new() -> Self {
        let writes =
            "Bytes written to local disk by refsync: none. It ran without the right to write into a file.";
        Self {
            source: String::new(),
            comparisons: Vec::new(),
            notes: vec![writes.into()],
        }
    }

    /// Shows the table on standard output.
    pub(crate) fn print(&self) {
        println!("\n{}\n", machine::describe());
        println!("{}", table::aligned(&self.comparisons));
        println!("{}", self.notes.join("\n"));
    }

    /// Adds a section to a Markdown file, which is made where it lacks.
    pub(crate) fn append_to(&self, file: &Path, args: &Args) -> anyhow::Result<()> {
        let section = self.section(args, &machine::describe(), &measured_code()?);
        let mut open = OpenOptions::new().create(true).append(true).open(file)?;
        open.write_all(section.as_bytes())
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    fn section(&self, args: &Args, machine: &str, code: &str) -> String {
        let (label, transport) = (args.label(), args.transport.title());
        let heading = match self.source.is_empty() {
            true => format!("Over {transport}"),
            false => format!("{label}, over {transport}"),
        };
        let facts = [self.source.as_str(), machine, code].map(|fact| {
            if fact.is_empty() {
                String::new()
            } else {
                format!("{fact}\n")
            }
        });
        let command = args.command();
        let table = table::markdown(&self.comparisons);
        format!(
            "\n### {heading}\n\n{}\n```\n{command}\n```\n\n{table}\n{}\n",
            facts.concat(),
            self.notes.join("\n")
        )
    }
}

/// Which refsync was measured: the commit that is checked out.
fn measured_code() -> anyhow::Result<String> {
    let mut git = Command::new(require("git"));
    git.current_dir(workspace::root());
    let output = git.args(["log", "-1", "--format=%h of %cs"]).output()?;
    Ok(format!(
        "refsync at {}.",
        String::from_utf8_lossy(&output.stdout).trim()
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::sample::tests::comparison;
    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn args(words: &str) -> Args {
        Cli::parse_from(["bench"].into_iter().chain(words.split_whitespace())).args
    }

    #[test]
    fn a_section_says_what_was_measured_where_and_how_without_the_paths_of_a_machine() {
        let mut results = Results::new();
        results.source = "9 references.".into();
        results.comparisons.push(comparison(&[1.0], &[2.0]));
        let args = args(
            "--repo /home/somebody/app.git --name acme/app --transport ssh --only one-commit --refsync /x/y",
        );
        let section = results.section(&args, "2 cores.", "refsync at abc of today.");
        assert!(
            section.starts_with(
                "\n### acme/app, over ssh (OpenSSH)\n\n9 references.\n2 cores.\nrefsync at abc of today.\n\n```\n\
                 cargo xtask bench --repo acme/app --pairs 5 --transport ssh --only one-commit\n```\n\n| work |"
            ),
            "{section}"
        );
        assert!(!section.contains("somebody"), "{section}");
    }

    #[test]
    fn a_section_on_generated_histories_alone_names_no_repository() {
        let section = Results::new().section(&args("--only scaling"), "2 cores.", "refsync at abc.");
        assert!(
            section.starts_with("\n### Over HTTP (Apache and git http-backend)\n\n2 cores.\n"),
            "{section}"
        );
    }
}
