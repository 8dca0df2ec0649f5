//! Programs that print a secret.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::SecretError;
use super::reader::MAX_BYTES;

/// How long a program may take.
const LONGEST: Duration = Duration::from_secs(10);

/// Runs `sh -c` and gives what it prints, at most one byte more than a secret may have. Its input is empty and its complaints are
/// dropped, since they could quote a secret.
pub(super) async fn run(command: &str, hidden: &BTreeSet<String>) -> Result<Vec<u8>, SecretError> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    for variable in engine::OWN_VARIABLES
        .iter()
        .copied()
        .chain(hidden.iter().map(String::as_str))
    {
        shell.env_remove(variable);
    }
    let child = shell
        .spawn()
        .map_err(|error| SecretError(format!("sh cannot be started: {error}")))?;
    let mut group = Group(child.id());
    let ended = tokio::time::timeout(LONGEST, read(child, &mut group)).await;
    ended.unwrap_or_else(|_| Err(SecretError("it took longer than 10 s and was stopped".into())))
}

async fn read(mut child: Child, group: &mut Group) -> Result<Vec<u8>, SecretError> {
    let failed = |error: std::io::Error| SecretError(format!("its output cannot be read: {error}"));
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut limited = stdout.take(MAX_BYTES as u64 + 1);
        limited.read_to_end(&mut bytes).await.map_err(failed)?;
        if bytes.len() > MAX_BYTES {
            return Ok(bytes);
        }
    }
    let status = child.wait().await.map_err(failed)?;
    // From here on the id may be another's.
    group.0 = None;
    match status.success() {
        true => Ok(bytes),
        false => Err(SecretError(format!("it failed: {status}"))),
    }
}

/// The processes of one command that has not ended: they are killed when nobody waits any more.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.0.and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(rustix::process::Pid::from_raw) {
            // If they ended meanwhile, nothing is left to do.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
