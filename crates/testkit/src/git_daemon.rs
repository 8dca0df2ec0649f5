//! `git daemon`: the git:// protocol.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::git::{git_environment, git_program};
use crate::server::Server;
use crate::temp::tmp;

/// A `git-daemon(1)` for all repositories below a directory.
#[derive(Debug)]
pub struct GitDaemon {
    server: Server,
    directory: TempDir,
}

impl GitDaemon {
    /// Serves the repositories below `root` for reading.
    pub fn start(root: impl AsRef<Path>) -> GitDaemon {
        GitDaemon::with(root.as_ref(), &[])
    }

    /// Serves them for reading and, by everybody, for writing.
    pub fn start_writable(root: impl AsRef<Path>) -> GitDaemon {
        GitDaemon::with(root.as_ref(), &["--enable=receive-pack"])
    }

    fn with(root: &Path, options: &[&str]) -> GitDaemon {
        let directory = tmp();
        let log = directory.path().join("log");
        let start = |port: u16| {
            let mut command = Command::new(git_program("git-daemon"));
            command.env_clear().envs(git_environment());
            command
                .args(["--reuseaddr", "--export-all", "--verbose", "--informative-errors"])
                .args(options);
            command.args(["--listen=127.0.0.1", &format!("--port={port}")]);
            command.arg(format!("--base-path={}", root.display()));
            let file = fs::File::create(&log).expect("the directory is ours to write");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
            command
        };
        let server = Server::start(
            "git daemon",
            start,
            || true,
            || fs::read_to_string(&log).unwrap_or_default(),
        );
        GitDaemon { server, directory }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The URL of a repository by its path below the root.
    pub fn url(&self, repository: &str) -> String {
        format!("git://{}/{repository}", self.server.address)
    }

    /// What it has written: one line for each connection and request, and errors.
    pub fn log(&self) -> String {
        let path: PathBuf = self.directory.path().join("log");
        fs::read_to_string(path).expect("the file was made when the server was started")
    }
}
