//! The two hosts between which everything is mirrored.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use testkit::{Apache, Repo, Sshd};

/// How both repositories are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// Apache with `git http-backend`, as Debian configures it.
    Http,
    /// OpenSSH.
    Ssh,
}

impl Transport {
    /// Its name in `--transport`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Ssh => "ssh",
        }
    }

    /// Its name and its server's.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Http => "HTTP (Apache and git http-backend)",
            Self::Ssh => "ssh (OpenSSH)",
        }
    }
}

/// A server for the source and another for the target, as if they were two hosts.
#[derive(Debug)]
pub(crate) struct Servers {
    pair: Pair,
    /// Where the repositories of the target lie.
    target_root: PathBuf,
}

#[derive(Debug)]
enum Pair {
    Http {
        source: Apache,
        target: Apache,
    },
    Ssh {
        source: Sshd,
        target: Sshd,
        /// How a client reaches both.
        command: String,
    },
}

impl Servers {
    /// Starts both. Repositories of the source lie in `source_root`, those of the target in `target_root`; the
    /// clients' configuration goes into `client`.
    pub(crate) fn start(
        transport: Transport,
        source_root: &Path,
        target_root: &Path,
        client: &Path,
    ) -> anyhow::Result<Self> {
        let pair = match transport {
            Transport::Http => Pair::Http {
                source: Apache::start(source_root),
                target: Apache::start(target_root),
            },
            Transport::Ssh => {
                let (source, target) = (Sshd::start(), Sshd::start());
                let config = client.join("ssh_config");
                fs::write(&config, client_config(&source, &target))
                    .context("ssh's configuration cannot be written")?;
                let command = format!("ssh -F {}", config.display());
                Pair::Ssh {
                    source,
                    target,
                    command,
                }
            }
        };
        let target_root = target_root.to_owned();
        Ok(Self { pair, target_root })
    }

    /// How a client names a repository of either side.
    pub(crate) fn url(&self, repo: &Repo) -> String {
        let of_target = repo.root() == self.target_root;
        match &self.pair {
            Pair::Http { source, target } => {
                let name = repo.path().file_name().unwrap_or_default().to_string_lossy();
                if of_target {
                    target.url(&name)
                } else {
                    source.url(&name)
                }
            }
            // By its other name, so that a client's configuration and its connections tell the hosts apart.
            Pair::Ssh { target, .. } if of_target => {
                target.url(repo.path()).replacen("127.0.0.1", "localhost", 1)
            }
            Pair::Ssh { source, .. } => source.url(repo.path()),
        }
    }

    /// What a client's environment must have.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        match &self.pair {
            Pair::Http { .. } => Vec::new(),
            Pair::Ssh { command, .. } => vec![("GIT_SSH_COMMAND".into(), command.into())],
        }
    }
}

/// The configurations for two servers on one machine, by the names under which they are asked.
fn client_config(source: &Sshd, target: &Sshd) -> String {
    format!(
        "AddressFamily inet\nHost 127.0.0.1\n\tInclude {}\nHost localhost\n\tInclude {}\n",
        source.ssh_config().display(),
        target.ssh_config().display(),
    )
}
