//! ssh, by the system's own client, so that a person's configuration, agent and known hosts hold.
//!
//! All sessions to a host share one connection: the first becomes a master (`ControlMaster` of ssh_config(5)), the others wait
//! for it and go through its socket.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use gitwire::greeting::Service;
use tempfile::TempDir;
use tokio::process::Command;

use super::{Ask, Line, Remote, process};
use crate::error::Fault;
use crate::reach::Reach;
use crate::request::Endpoint;
use crate::url::SshAddress;

/// The connections that sessions share. They end when this is dropped, and by themselves after a while if it never is.
#[derive(Debug, Default, Clone)]
pub(crate) struct Masters(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    folder: Option<TempDir>,
    masters: HashMap<String, Master>,
}

#[derive(Debug, Clone)]
struct Master {
    /// Held while the first session connects: the others then find its socket.
    first: Arc<tokio::sync::Mutex<bool>>,
    /// The option that names its socket, if there is room for one.
    shared: Vec<OsString>,
    exit: Vec<OsString>,
    hidden: Arc<BTreeSet<String>>,
}

/// The way to one repository.
#[derive(Debug)]
pub(crate) struct Ssh {
    address: SshAddress,
    reach: Reach,
    first: Arc<tokio::sync::Mutex<bool>>,
    options: Vec<OsString>,
    hidden: Arc<BTreeSet<String>>,
}

impl Ssh {
    pub(super) fn new(address: &SshAddress, endpoint: &Endpoint, masters: &Masters) -> Result<Self, Fault> {
        endpoint.reach.permit(&address.host, Some(port(address)))?;
        let mut state = masters.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut options = trust(endpoint)?;
        if let Some(port) = address.port {
            options.extend(["-p".into(), port.to_string().into()]);
        }
        // Who is another, or trusts others, shares no connection; nor does who may reach or see less.
        let key = format!(
            "{} {options:?} {:?} {:?}",
            address.destination(),
            endpoint.reach,
            endpoint.hidden
        );
        let number = state.masters.len();
        if let Some(known) = state.masters.get(&key) {
            let (first, shared) = (Arc::clone(&known.first), known.shared.clone());
            options.extend(shared);
            return Ok(Self {
                address: address.clone(),
                reach: endpoint.reach.clone(),
                first,
                options,
                hidden: Arc::clone(&endpoint.hidden),
            });
        }
        let shared = state
            .socket(number)?
            .map_or_else(Vec::new, |path| vec!["-o".into(), path]);
        options.extend(shared.clone());
        let mut exit = options.clone();
        exit.extend([
            "-O".into(),
            "exit".into(),
            "--".into(),
            address.destination().into(),
        ]);
        let first = Arc::default();
        state.masters.insert(
            key,
            Master {
                first: Arc::clone(&first),
                shared,
                exit,
                hidden: Arc::clone(&endpoint.hidden),
            },
        );
        Ok(Self {
            address: address.clone(),
            reach: endpoint.reach.clone(),
            first,
            options,
            hidden: Arc::clone(&endpoint.hidden),
        })
    }

    pub(super) async fn dial(&self, remote: &Remote, service: Service, ask: Ask) -> Result<Line, Fault> {
        let pinned = self.reach.pin(&self.address.host, port(&self.address)).await?;
        let mut connected = self.first.lock().await;
        let mut line = process::start(remote, self.command(remote, service, ask, pinned), ask)?;
        if !*connected {
            // The socket exists once the first answer came. What fails here, the caller sees when it reads.
            *connected = line.incoming.peek().await;
        }
        Ok(line)
    }

    fn command(&self, remote: &Remote, service: Service, ask: Ask, pinned: Option<SocketAddr>) -> Command {
        let mut ssh = client(&self.hidden);
        if let Some(pinned) = pinned {
            // ssh would resolve the name once more; its key is known by the name all the same.
            ssh.arg("-o").arg(format!("HostName={}", pinned.ip()));
            ssh.arg("-o")
                .arg(format!("HostKeyAlias={}", key_name(&self.address)));
        }
        ssh.args(["-o", "SendEnv=GIT_PROTOCOL"]);
        if self
            .options
            .iter()
            .any(|option| option.to_string_lossy().starts_with("ControlPath="))
        {
            ssh.args(["-o", "ControlMaster=auto", "-o", "ControlPersist=60"]);
        }
        ssh.arg("-o").arg(format!(
            "ConnectTimeout={}",
            remote.timeouts.connect.as_secs().max(1)
        ));
        if !std::io::stdin().is_terminal() {
            ssh.args(["-o", "BatchMode=yes"]);
        }
        ssh.args(&self.options).arg("--").arg(self.address.destination());
        let variable = if ask == Ask::V2ByShell {
            "GIT_PROTOCOL=version=2 "
        } else {
            ""
        };
        ssh.arg(format!(
            "{variable}{} {}",
            service.name(),
            quote(&self.address.path)
        ));
        ssh.kill_on_drop(true);
        ssh
    }
}

/// The port of an address, as far as it says.
fn port(address: &SshAddress) -> u16 {
    address.port.unwrap_or(22)
}

/// The name of a host in known_hosts, as in "SSH_KNOWN_HOSTS FILE FORMAT" of sshd(8).
fn key_name(address: &SshAddress) -> String {
    match port(address) {
        22 => address.host.clone(),
        port => format!("[{}]:{port}", address.host),
    }
}

/// The options that say which key is offered and which hosts are trusted, where that is not left to a person's configuration.
fn trust(endpoint: &Endpoint) -> Result<Vec<OsString>, Fault> {
    let mut options: Vec<OsString> = Vec::new();
    let mut add = |option: String| options.extend(["-o".into(), option.into()]);
    if let Some(key) = &endpoint.ssh_key {
        add(format!("IdentityFile={}", value(key)?));
        add("IdentitiesOnly=yes".into());
        add("IdentityAgent=none".into());
    }
    if let Some(known_hosts) = &endpoint.known_hosts {
        add(format!("UserKnownHostsFile={}", value(known_hosts)?));
        add("GlobalKnownHostsFile=/dev/null".into());
        add("StrictHostKeyChecking=yes".into());
    }
    Ok(options)
}

/// A path as the value of an option: in quotes, as it may hold spaces, and with `%` doubled, which starts a token.
fn value(path: &Path) -> Result<String, Fault> {
    let readable = std::fs::File::open(path);
    readable.map_err(|error| Fault::Setup(format!("cannot read {}: {error}", path.display())))?;
    match path.to_str() {
        // ssh expands `~` and `${…}` in these values.
        Some(text) if path.is_absolute() && !text.contains(['"', '\\', '$', '\n']) => {
            Ok(format!("\"{}\"", text.replace('%', "%%")))
        }
        _ => Err(Fault::Setup(format!(
            "ssh cannot be given the path {}: it must be absolute, without quotes, backslashes and $",
            path.display()
        ))),
    }
}

/// The most bytes of a socket's path (`sun_path` of unix(7) is 108, 104 elsewhere), less what ssh adds while it binds.
const MAX_SOCKET: usize = 104 - 18;

impl State {
    /// The option that names the socket of a master; `None` where no path is short and plain enough: then each session connects.
    fn socket(&mut self, number: usize) -> Result<Option<OsString>, Fault> {
        if self.folder.is_none() {
            let folder = tempfile::Builder::new().prefix("refsync-").tempdir();
            self.folder =
                Some(folder.map_err(|error| Fault::Setup(format!("no folder for ssh's socket: {error}")))?);
        }
        let path = self
            .folder
            .as_ref()
            .and_then(|folder| folder.path().to_str().map(|path| format!("{path}/{number}")));
        // In an option of ssh spaces and quotes end a value, and % starts a token.
        let plain = |path: &String| path.len() <= MAX_SOCKET && !path.contains([' ', '"', '\'', '%', '\t']);
        Ok(path
            .filter(plain)
            .map(|path| format!("ControlPath={path}").into()))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // All are told first and waited for then: each takes as long as a program needs to start.
        let told: Vec<_> = self.masters.values().filter_map(Master::tell_to_exit).collect();
        for mut exit in told {
            // A master that does not hear it ends by itself after a while.
            let _ = exit.wait();
        }
    }
}

impl Master {
    fn tell_to_exit(&self) -> Option<std::process::Child> {
        let connected = self.first.try_lock().is_ok_and(|connected| *connected);
        if !connected || self.shared.is_empty() {
            return None;
        }
        let mut exit = client(&self.hidden).into_std();
        exit.args(&self.exit)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        exit.spawn().ok()
    }
}

/// ssh as git would start it: `GIT_SSH_COMMAND` through the shell, `GIT_SSH`, or `ssh`.
fn client(hidden: &BTreeSet<String>) -> Command {
    if let Some(line) = std::env::var_os("GIT_SSH_COMMAND").filter(|line| !line.is_empty()) {
        let mut shell = process::command("sh", hidden);
        let mut script = line;
        script.push(" \"$@\"");
        shell.arg("-c").arg(script).arg("ssh");
        return shell;
    }
    match std::env::var("GIT_SSH") {
        Ok(program) if !program.is_empty() => process::command(&program, hidden),
        _ => process::command("ssh", hidden),
    }
}

/// Quotes a path for the remote's shell, as git does: `'` and `!` leave the quotes.
fn quote(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''").replace('!', "'\\!'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_its_quotes() {
        assert_eq!(quote("/srv/app.git"), "'/srv/app.git'");
        assert_eq!(quote("/a'; rm -rf /; '"), r"'/a'\''; rm -rf /; '\'''");
        assert_eq!(quote("/a!b"), r"'/a'\!'b'");
    }
}
