//! OpenSSH's server.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::git::{git_environment, output};
use crate::program::require;
use crate::server::Server;
use crate::temp::tmp;

/// An `sshd` of the current user on a port of its own, with its own host key and one authorized key.
///
/// A session's git runs in the hermetic environment, with the `PATH` of the test. Dropping the handle ends
/// the server and all sessions.
#[derive(Debug)]
pub struct Sshd {
    server: Server,
    user: String,
    directory: TempDir,
}

impl Sshd {
    /// A server that takes `GIT_PROTOCOL` from clients (`AcceptEnv`), so that git speaks version 2.
    pub fn start() -> Sshd {
        Sshd::with("AcceptEnv GIT_PROTOCOL")
    }

    /// A server as Debian configures it in this respect: it does not take `GIT_PROTOCOL`, and git speaks
    /// version 0.
    pub fn start_version_0() -> Sshd {
        Sshd::with("")
    }

    fn with(more: &str) -> Sshd {
        let directory = tmp();
        let user = String::from_utf8_lossy(&output(Command::new(require("id")).arg("-un"), b""))
            .trim()
            .to_owned();
        if rustix::process::geteuid().is_root() {
            // Debian's service makes it at boot; sshd insists on it.
            fs::create_dir_all("/run/sshd").expect("root may write to /run");
        }
        for key in ["host_key", "identity"] {
            let mut keygen = Command::new(require("ssh-keygen"));
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"])
                .arg(directory.path().join(key));
            output(&mut keygen, b"");
        }
        let write = |name: &str, text: &str| {
            fs::write(directory.path().join(name), text).expect("the directory is ours to write");
        };
        let start = |port: u16| {
            write("sshd_config", &server_config(directory.path(), port, more));
            let mut command = Command::new(require("sshd"));
            command
                .arg("-D")
                .arg("-f")
                .arg(directory.path().join("sshd_config"));
            command.arg("-E").arg(directory.path().join("log"));
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command
        };
        let log = || fs::read_to_string(directory.path().join("log")).unwrap_or_default();
        let server = Server::start("sshd", start, || true, log);
        let host_key =
            fs::read_to_string(directory.path().join("host_key.pub")).expect("ssh-keygen wrote it");
        let port = server.address.port();
        write(
            "known_hosts",
            &format!("[127.0.0.1]:{port} {host_key}[localhost]:{port} {host_key}"),
        );
        write("ssh_config", &client_config(directory.path(), &user, port));
        Sshd {
            server,
            user,
            directory,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The name of the only user who can log in: the current one.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The URL of a repository on this machine: `ssh://user@127.0.0.1:port/path`.
    pub fn url(&self, repository: &Path) -> String {
        format!(
            "ssh://{}@{}{}",
            self.user,
            self.server.address,
            repository.display()
        )
    }

    /// The client configuration (`ssh -F`), with user, port, identity and known hosts of this server, and
    /// nothing of the machine's. The scp-like `127.0.0.1:/path` works with it as well.
    pub fn ssh_config(&self) -> PathBuf {
        self.directory.path().join("ssh_config")
    }

    /// A value for `GIT_SSH_COMMAND`: `ssh -F <config>`.
    pub fn ssh_command(&self) -> String {
        format!("{} -F {}", require("ssh").display(), self.ssh_config().display())
    }

    /// What the server has logged (`LogLevel VERBOSE`).
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).expect("the server writes a log")
    }

    /// How many connections have logged in so far.
    pub fn connections(&self) -> usize {
        self.log().matches("Accepted publickey for ").count()
    }

    /// How many sessions have begun: commands run. Several can share a connection (`ControlMaster` in
    /// `ssh_config(5)`).
    pub fn sessions(&self) -> usize {
        self.log().matches("Starting session: command").count()
    }
}

fn server_config(directory: &Path, port: u16, more: &str) -> String {
    let directory = directory.display();
    // sshd would otherwise give sessions a PATH of its own, and with it perhaps another git.
    let environment: Vec<String> = git_environment()
        .into_iter()
        .map(|(key, value)| format!("\"{}={}\"", key.to_string_lossy(), value.to_string_lossy()))
        .collect();
    format!(
        "ListenAddress 127.0.0.1\n\
         Port {port}\n\
         HostKey {directory}/host_key\n\
         AuthorizedKeysFile {directory}/identity.pub\n\
         AuthenticationMethods publickey\n\
         PermitRootLogin yes\n\
         StrictModes no\n\
         UsePAM no\n\
         PidFile none\n\
         LogLevel VERBOSE\n\
         MaxStartups 200\n\
         SetEnv {}\n\
         {more}\n",
        environment.join(" ")
    )
}

fn client_config(directory: &Path, user: &str, port: u16) -> String {
    let directory = directory.display();
    format!(
        "Host 127.0.0.1 localhost\n\
         \tPort {port}\n\
         Host *\n\
         \tUser {user}\n\
         \tIdentityFile {directory}/identity\n\
         \tIdentitiesOnly yes\n\
         \tIdentityAgent none\n\
         \tUserKnownHostsFile {directory}/known_hosts\n\
         \tGlobalKnownHostsFile /dev/null\n\
         \tStrictHostKeyChecking yes\n\
         \tBatchMode yes\n"
    )
}
