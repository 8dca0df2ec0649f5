//! The temporary folder of the demo, and commands that are run in it and shown.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::output::names::shell_word;
use crate::output::style::{Palette, Tone};

/// The width that texts are broken to.
const WIDTH: usize = 78;

/// Where the demo happens: a folder of its own, and no configuration of this machine.
#[derive(Debug)]
pub(super) struct Sandbox {
    folder: Folder,
    environment: Vec<(OsString, OsString)>,
    refsync: PathBuf,
    palette: Palette,
    steps: u32,
}

#[derive(Debug)]
enum Folder {
    Removed(TempDir),
    Kept(PathBuf),
}

/// A command that was run and shown.
#[derive(Debug)]
pub(super) struct Ran {
    /// Its exit code; `None` if a signal ended it.
    pub(super) code: Option<i32>,
    /// What it printed, both streams together.
    pub(super) output: String,
}

impl Sandbox {
    pub(super) fn new(keep: bool) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("refsync-demo-")
            .tempdir()
            .context("no temporary folder")?;
        let folder = if keep {
            Folder::Kept(folder.keep())
        } else {
            Folder::Removed(folder)
        };
        let palette = Palette::of(&std::io::stdout());
        let refsync = std::env::current_exe().context("cannot find this very program")?;
        let mut sandbox = Self {
            folder,
            environment: Vec::new(),
            refsync,
            palette,
            steps: 0,
        };
        sandbox.environment = environment(sandbox.path(), palette);
        Ok(sandbox)
    }

    pub(super) fn path(&self) -> &Path {
        match &self.folder {
            Folder::Removed(folder) => folder.path(),
            Folder::Kept(path) => path,
        }
    }

    /// Removes the folder when the demo is interrupted, which no destructor would live to see.
    pub(super) fn remove_on_signal(&self) -> anyhow::Result<()> {
        let path = self.path().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new().spawn(move || {
            if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                // What cannot be removed is in the folder for temporary files.
                let _ = std::fs::remove_dir_all(path);
                std::process::exit(128 + 2);
            }
        })?;
        Ok(())
    }

    /// The headline of a step, and what it shows.
    pub(super) fn step(&mut self, title: &str, text: &str) -> std::io::Result<()> {
        self.steps += 1;
        let title = format!("{}. {title}", self.steps);
        self.say("")?;
        self.say(&self.palette.paint(Tone::Title, title).to_string())?;
        for line in wrapped(text) {
            self.say(&line)?;
        }
        self.say("")
    }

    /// A line of the story.
    pub(super) fn say(&self, line: &str) -> std::io::Result<()> {
        writeln!(std::io::stdout().lock(), "{line}")
    }

    /// Runs `git …`, which has to succeed, and shows it.
    pub(super) fn git(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let ran = self.show("git", Path::new("git"), arguments)?;
        match ran.code {
            Some(0) => Ok(()),
            code => bail!("git failed ({code:?})"),
        }
    }

    /// Runs `refsync sync …` and shows it.
    pub(super) fn sync(&self, arguments: &[&str]) -> anyhow::Result<Ran> {
        let arguments = [&["sync"], arguments].concat();
        let ran = self.show("refsync", &self.refsync, &arguments)?;
        if let Some(code) = ran.code {
            self.say(
                &self
                    .palette
                    .paint(Tone::Quiet, format!("(exit code {code})"))
                    .to_string(),
            )?;
        }
        Ok(ran)
    }

    /// Writes a hook, and shows it.
    pub(super) fn hook(&self, path: &str, lines: &[&str]) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let file = self.path().join(path);
        let text = lines.join("\n") + "\n";
        std::fs::write(&file, text)
            .and_then(|()| std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)))?;
        self.show("cat", Path::new("cat"), &[path]).map(drop)
    }

    /// The value of a reference, without showing the question.
    pub(super) fn value(&self, repository: &str, reference: &str) -> anyhow::Result<Option<String>> {
        let output = self
            .command(Path::new("git"))
            .args(["-C", repository, "rev-parse", "-q", "--verify", reference])
            .output()?;
        Ok(output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }

    /// Runs a command, shows it as one would type it, and passes on what it prints line by line.
    fn show(&self, name: &str, program: &Path, arguments: &[&str]) -> anyhow::Result<Ran> {
        let words = std::iter::once(&name).chain(arguments);
        let typed: Option<Vec<String>> = words.map(|word| shell_word(word.as_bytes())).collect();
        for line in folded(&typed.context("a command cannot be shown")?) {
            self.say(&self.palette.paint(Tone::Title, line).to_string())?;
        }

        let (reader, writer) = std::io::pipe()?;
        let mut command = self.command(program);
        command.args(arguments).stdout(writer.try_clone()?).stderr(writer);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {name}, which the demo needs"))?;
        // The command holds our ends of the pipe, and the reader would wait for them.
        drop(command);
        let mut output = String::new();
        for line in BufReader::new(reader).lines() {
            let line = line?;
            self.say(&line)?;
            output.push_str(&line);
            output.push('\n');
        }
        Ok(Ran {
            code: child.wait()?.code(),
            output,
        })
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.path());
        command
    }
}

/// An environment in which git's behaviour depends on nothing of this machine.
fn environment(home: &Path, palette: Palette) -> Vec<(OsString, OsString)> {
    let fixed = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "init.defaultBranch"),
        ("GIT_CONFIG_VALUE_0", "main"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ("GIT_AUTHOR_DATE", "2026-01-01T12:00:00Z"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.com"),
        ("GIT_COMMITTER_DATE", "2026-01-01T12:00:00Z"),
        ("LC_ALL", "C"),
    ];
    let mut all: Vec<(OsString, OsString)> = fixed
        .iter()
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    all.push(("HOME".into(), home.into()));
    let inherited = ["PATH", "TMPDIR"];
    all.extend(
        inherited
            .iter()
            .filter_map(|key| Some((key.into(), std::env::var_os(key)?))),
    );
    if palette == Palette::Colours {
        all.push(("CLICOLOR_FORCE".into(), "1".into()));
    }
    all
}

/// A text in lines of at most [`WIDTH`] characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A command as one would type it, in lines of at most [`WIDTH`] characters where its words allow.
fn folded(words: &[String]) -> Vec<String> {
    let mut lines = vec!["$".to_owned()];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() + 2 > WIDTH => {
                line.push_str(" \\");
                lines.push(format!("    {word}"));
            }
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_commands_go_on_in_the_next_line() {
        let sha = "1234567890123456789012345678901234567890";
        let words = [
            "refsync",
            "sync",
            "app.git",
            "mirror.git",
            "-r",
            "refs/heads/main",
            "--reference-sha-old",
            sha,
        ];
        let lines = folded(&words.map(str::to_owned));
        assert_eq!(
            lines,
            [
                "$ refsync sync app.git mirror.git -r refs/heads/main --reference-sha-old \\",
                &format!("    {sha}")
            ]
        );
        assert_eq!(folded(&["git".to_owned(), "init".to_owned()]), ["$ git init"]);
    }

    #[test]
    fn texts_fit_a_narrow_terminal() {
        let text = "word ".repeat(40);
        let lines = wrapped(&text);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() <= WIDTH));
        assert_eq!(lines.join(" "), text.trim());
    }
}
