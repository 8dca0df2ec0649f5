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

/// What the daemon is made of, as Debian names it. Debian's own `jgit` starts with too short a class path (4.11.9) or
/// the wrong class (6.7.0). The first ssh library found is taken, so the one with all it needs comes first.
const LIBRARIES: &str = "/usr/share/java/org.eclipse.jgit.pgm.jar:\
    /usr/share/java/org.eclipse.jgit.lfs.jar:\
    /usr/share/java/org.eclipse.jgit.http.apache.jar:\
    /usr/share/java/org.eclipse.jgit.ssh.jsch.jar:\
    /usr/share/java/org.eclipse.jgit.ssh.apache.jar";

/// Where it is installed, the version is one that must be told to do without Apache's ssh library (6.7.0).
const NEWER_SSH: &str = "/usr/share/java/org.eclipse.jgit.ssh.jsch.jar";

/// A `jgit daemon` (Debian's `jgit-cli`) for all repositories below a directory, for reading. It knows
/// sha1 only; 4.11 (Debian 12) speaks version 0 of the protocol, 6.7 (Debian 13) version 2.
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
            require("jgit");
            let mut command = Command::new(require("java"));
            command
                .env_clear()
                .envs(git_environment())
                .env("HOME", directory.path());
            command.args(["-cp", LIBRARIES, "org.eclipse.jgit.pgm.Main", "daemon"]);
            if Path::new(NEWER_SSH).exists() {
                command.args(["--ssh", "JSCH"]);
            }
            let port = port.to_string();
            command.args(["--export-all", "--listen", "127.0.0.1", "--port", &port]);
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
