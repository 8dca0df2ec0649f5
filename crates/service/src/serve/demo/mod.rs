//! `refsync serve --demo`: two throwaway repositories, mirrored both ways, with a commit now and then on either. Everything is as in
//! earnest: a configuration file, git repositories, webhooks over HTTP. Only the host is small: a hook of the repository writes down what
//! was pushed, and [`Playground::live`] sends it as a webhook.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

mod repository;
mod story;
mod webhook;

use crate::app::App;
use crate::output::Aside;
use repository::Repository;
use story::Story;

/// How often the small host looks whether somebody pushed.
const LOOK: Duration = Duration::from_millis(50);

/// How often somebody in the story pushes.
const EVERY: Duration = Duration::from_secs(4);

/// The temporary folder with both repositories, the configuration and the database. It is removed at the end.
#[derive(Debug)]
pub(super) struct Playground {
    folder: TempDir,
    left: Repository,
    right: Repository,
}

impl Playground {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("refsync-demo-")
            .tempdir()
            .context("no temporary folder")?;
        let left = Repository::new(folder.path(), "left")?;
        let right = Repository::new(folder.path(), "right")?;
        let port = free_port()?;
        std::fs::write(folder.path().join("refsync.yaml"), yaml(folder.path(), port))?;
        Ok(Self { folder, left, right })
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("refsync.yaml")
    }

    /// What to look at and what to try.
    pub(super) fn introduction(&self, address: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "
Two repositories are mirrored both ways; somebody pushes to one of them every few seconds.

  {folder}/left.git
  {folder}/right.git
  {folder}/refsync.yaml

In a browser, signed in with what `cat {folder}/refsync.db.admin-token` shows:

  {address}/

In another terminal:

  export REFSYNC_URL={address} REFSYNC_TOKEN_FILE={folder}/refsync.db.admin-token
  refsync mirror list
  refsync run list
  refsync conflict list
  git clone {folder}/left.git && cd left    # push something: it is in right.git within a second

Ctrl-C ends it and removes everything.
"
        )
    }

    /// Sends what is pushed as webhooks, tells the story, and says what became of it, until the process stops.
    pub(super) async fn live(self, app: Arc<App>) {
        let address = super::banner::address(&app);
        let mut story = Story::default();
        let mut look = tokio::time::interval(LOOK);
        let mut next = tokio::time::interval(EVERY);
        let told = tokio::spawn(story::narrate(Arc::clone(&app)));
        loop {
            let outcome = tokio::select! {
                () = app.stopping.cancelled() => break,
                _ = look.tick() => self.deliver(&address).await,
                _ = next.tick() => story.go_on(&self.left, &self.right).await,
            };
            if let Err(error) = outcome {
                Aside::new().error(&format!("the demonstration stumbled: {error:#}"));
            }
        }
        told.abort();
    }

    async fn deliver(&self, address: &str) -> anyhow::Result<()> {
        for (side, repository) in [("source", &self.left), ("target", &self.right)] {
            for pushed in repository.pushed()? {
                webhook::send(address, side, repository, &pushed).await?;
            }
        }
        Ok(())
    }
}

/// 8080 if it is free, else any.
fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 8080))
        .or_else(|_| std::net::TcpListener::bind(("127.0.0.1", 0)))
        .context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

fn yaml(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "version: 1
listen: 127.0.0.1:{port}
database: sqlite:{folder}/refsync.db

mirrors:
  - name: demo
    description: two throwaway repositories, both ways
    direction: two-way
    syncDelete: true
    source: {{url: {folder}/left.git, provider: gitea, insecure: true}}
    target: {{url: {folder}/right.git, provider: gitea, insecure: true}}
"
    )
}
