//! `jgit daemon`: git:// by the second implementation of git.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::git::git_environment;
use crate::program::require;
use crate::server::Server;
use crate::temp::tmp;

/// Two libraries that Debian's `jgit` needs to start and does not name in its class path (seen in 4.11.9).
const MISSING_LIBRARIES: &str =
    "/usr/share/java/org.eclipse.jgit.lfs.jar:/usr/share/java/org.eclipse.jgit.http.apache.jar";

/// A `jgit daemon` (Debian's `jgit-cli`) for all repositories below a directory, for reading. It speaks
/// version 0 of the protocol and knows sha1 only.
#[derive(Debug)]
pub struct JgitDaemon {
    server: Server,
    /// The daemon's home and log.
    _directory: TempDir,
}

impl JgitDaemon {
    /// Serves the repositories below `root`. A Java machine takes about a second to start.
    pub fn start(root: impl AsRef<Path>) -> JgitDaemon {
        let directory = tmp();
        let log = directory.path().join("log");
        let start = |port: u16| {
            let mut command = Command::new(require("jgit"));
            command
                .env_clear()
                .envs(git_environment())
                .env("HOME", directory.path());
            command.env("JGIT_CLASSPATH", MISSING_LIBRARIES);
            command.args([
                "daemon",
                "--export-all",
                "--listen",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ]);
            command.arg(root.as_ref());
            let file = fs::File::create(&log).expect("the directory is ours to write");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
            command
        };
        let server = Server::start(
            "jgit daemon",
            start,
            || true,
            || fs::read_to_string(&log).unwrap_or_default(),
        );
        JgitDaemon {
            server,
            _directory: directory,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The URL of a repository by its path below the root.
    pub fn url(&self, repository: &str) -> String {
        format!("git://{}/{repository}", self.server.address)
    }
}
