//! A repository of the demonstration: bare, with a hook that writes down what was pushed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The folder, inside a repository, with a file for each push that was not sent on yet.
const PUSHES: &str = "pushes";

/// What git runs after a push. A file appears whole or not at all.
const HOOK: &str =
    "#!/bin/sh\ncat > \"$GIT_DIR/pushes/$$.part\" && mv \"$GIT_DIR/pushes/$$.part\" \"$GIT_DIR/pushes/$$\"\n";

/// Somebody's push: the line that git gives a post-receive hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pushed {
    pub(super) old: String,
    pub(super) new: String,
    pub(super) name: String,
}

/// A bare repository.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) name: &'static str,
    pub(super) path: PathBuf,
}

impl Repository {
    pub(super) fn new(folder: &Path, name: &'static str) -> anyhow::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join(format!("{name}.git"));
        let mut git = std::process::Command::new("git");
        engine::OWN_VARIABLES.iter().for_each(|variable| {
            git.env_remove(variable);
        });
        let made = git
            .args(["init", "--quiet", "--bare", "--initial-branch=main"])
            .arg(&path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .status()
            .context("cannot start git, which the demonstration needs")?;
        if !made.success() {
            bail!("git init failed in {}", path.display());
        }
        let hook = path.join("hooks/post-receive");
        std::fs::create_dir_all(path.join("hooks"))?;
        std::fs::create_dir_all(path.join(PUSHES))?;
        std::fs::write(&hook, HOOK)?;
        std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755))?;
        Ok(Self { name, path })
    }

    /// What was pushed since the last look.
    pub(super) fn pushed(&self) -> anyhow::Result<Vec<Pushed>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.path.join(PUSHES))? {
            let path = entry?.path();
            if path.extension().is_some() {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            std::fs::remove_file(&path)?;
            all.extend(text.lines().filter_map(pushed));
        }
        Ok(all)
    }

    /// The value of a reference.
    pub(super) async fn value(&self, reference: &str) -> anyhow::Result<Option<String>> {
        let output = self
            .git()
            .args(["rev-parse", "-q", "--verify", reference])
            .output()
            .await?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.success() && !text.is_empty()).then_some(text))
    }

    /// Somebody commits on top of a reference, or a first commit, and pushes it here.
    pub(super) async fn commit(&self, author: &str, reference: &str, subject: &str) -> anyhow::Result<()> {
        let parent = self.value(reference).await?;
        self.commit_on(author, parent.as_deref(), reference, subject)
            .await
    }

    /// The same, on top of a given commit: over whatever the reference has.
    pub(super) async fn commit_on(
        &self,
        author: &str,
        parent: Option<&str>,
        reference: &str,
        subject: &str,
    ) -> anyhow::Result<()> {
        let blob = self
            .written(&["hash-object", "-w", "--stdin"], author, subject)
            .await?;
        let entry = format!("100644 blob {blob}\tnotes.txt\n");
        let tree = self.written(&["mktree"], author, &entry).await?;
        let mut arguments = vec!["commit-tree", &tree, "-m", subject];
        arguments.extend(parent.iter().flat_map(|parent| ["-p", parent]));
        let commit = self.written(&arguments, author, "").await?;
        self.set(reference, &commit).await
    }

    /// Somebody deletes a reference.
    pub(super) async fn delete(&self, reference: &str) -> anyhow::Result<()> {
        self.set(reference, "0000000000000000000000000000000000000000")
            .await
    }

    /// Moves a reference and tells the hook, as a push does.
    async fn set(&self, reference: &str, new: &str) -> anyhow::Result<()> {
        let zero = "0".repeat(new.len());
        let old = self.value(reference).await?.unwrap_or_else(|| zero.clone());
        let status = if new == zero {
            self.git()
                .args(["update-ref", "-d", reference, &old])
                .status()
                .await?
        } else {
            self.git()
                .args(["update-ref", reference, new, &old])
                .status()
                .await?
        };
        // Somebody was faster: their push counts.
        if !status.success() {
            return Ok(());
        }
        let name = format!("{}", uuid::Uuid::now_v7().simple());
        let written = self.path.join(PUSHES).join(format!("{name}.part"));
        tokio::fs::write(&written, format!("{old} {new} {reference}\n")).await?;
        tokio::fs::rename(&written, self.path.join(PUSHES).join(name)).await?;
        Ok(())
    }

    /// Runs git with this on its standard input, and gives the line that it prints.
    async fn written(&self, arguments: &[&str], author: &str, input: &str) -> anyhow::Result<String> {
        let email = format!("{}@example.com", author.to_lowercase());
        let mut child = self
            .git()
            .args(arguments)
            .env("GIT_AUTHOR_NAME", author)
            .env("GIT_AUTHOR_EMAIL", &email)
            .env("GIT_COMMITTER_NAME", author)
            .env("GIT_COMMITTER_EMAIL", &email)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("git {} failed in {}", arguments[0], self.path.display());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn git(&self) -> Command {
        let mut command = Command::new("git");
        for variable in engine::OWN_VARIABLES {
            command.env_remove(variable);
        }
        command
            .arg("-C")
            .arg(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

fn pushed(line: &str) -> Option<Pushed> {
    let mut words = line.splitn(3, ' ').map(str::to_owned);
    Some(Pushed {
        old: words.next()?,
        new: words.next()?,
        name: words.next()?,
    })
}
