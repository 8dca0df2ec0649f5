//! Programs of this machine: `git` for local paths, and what `ssh` is started with.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gitwire::greeting::Service;
use gitwire::message::sanitize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use super::{Ask, Incoming, Line, Outgoing, Remote};
use crate::error::Fault;

/// Variables that bind git to a repository: refsync may be started by a hook, and its children work elsewhere.
const LOCAL_VARIABLES: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// The environment variables in which refsync itself is given tokens: no program that it starts inherits them.
pub const OWN_VARIABLES: &[&str] = &["SOURCE_TOKEN", "TARGET_TOKEN", "REFSYNC_TOKEN"];

/// How long a program that closed its output may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How much of a program's standard error is kept.
const MAX_WORDS: usize = 4096;

/// A program that a connection depends on.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
    words: Arc<Mutex<String>>,
    listening: JoinHandle<()>,
}

impl Guard {
    /// Waits for the program's end and gives what it said on standard error, its last lines.
    pub(super) async fn last_words(&mut self) -> String {
        // A program that does not end is left to its fate; what it said so far has to do.
        let _ = tokio::time::timeout(LAST_WORDS, async {
            let _ = self.child.wait().await;
            let _ = (&mut self.listening).await;
        })
        .await;
        self.words
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .trim()
            .to_owned()
    }
}

/// A command for a child that inherits neither our secrets, nor those in the `hidden` variables, nor another repository.
pub(crate) fn command(program: &str, hidden: &BTreeSet<String>) -> Command {
    let mut command = Command::new(program);
    for variable in LOCAL_VARIABLES.iter().chain(OWN_VARIABLES) {
        command.env_remove(variable);
    }
    for variable in hidden {
        command.env_remove(variable);
    }
    command
}

/// Starts `git upload-pack` or `git receive-pack` on a path of this machine.
pub(super) fn local(remote: &Remote, path: &Path, service: Service, ask: Ask) -> Result<Line, Fault> {
    let mut git = command("git", &remote.hidden);
    git.arg(service.name().trim_start_matches("git-")).arg(path);
    // A killed receive-pack could leave a lock behind; it ends by itself when its input does.
    git.kill_on_drop(service == Service::UploadPack);
    start(remote, git, ask)
}

/// Starts a program whose input and output are a connection.
pub(super) fn start(remote: &Remote, mut command: Command, ask: Ask) -> Result<Line, Fault> {
    match ask {
        Ask::V2 | Ask::V2ByShell => command.env("GIT_PROTOCOL", "version=2"),
        Ask::Default => command.env_remove("GIT_PROTOCOL"),
    };
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| Fault::Spawn {
        program,
        reason: error.to_string(),
    })?;
    let (input, output, error) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(input), Some(output), Some(error)) = (input, output, error) else {
        return Err(Fault::Setup("a child process has no standard streams".into()));
    };
    let words = Arc::default();
    let listening = tokio::spawn(listen(error, Arc::clone(&words)));
    let guard = Guard {
        child,
        words,
        listening,
    };
    Ok(Line {
        incoming: Incoming::stream(remote.side, output, remote.timeouts.idle, Some(guard)),
        outgoing: Outgoing::stream(remote.side, input, remote.timeouts.idle),
    })
}

/// Keeps the last lines of a program's standard error.
async fn listen(error: ChildStderr, words: Arc<Mutex<String>>) {
    let mut error = BufReader::new(error);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut error)
            .take(MAX_WORDS as u64)
            .read_until(b'\n', &mut line)
            .await
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = sanitize(&line);
        tracing::debug!(target: "refsync", "{text}");
        let mut words = words.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        words.push_str(text.trim_end());
        words.push('\n');
        while words.len() > MAX_WORDS {
            let first = words.find('\n').map_or(words.len(), |end| end + 1);
            words.drain(..first);
        }
    }
}
