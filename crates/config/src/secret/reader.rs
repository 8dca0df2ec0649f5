//! Reading.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::command;
use super::{Part, Secret, SecretError};

/// How long what a command printed is taken for its value.
const KEEP: Duration = Duration::from_secs(5 * 60);

/// How long a command that failed is not tried again, and a fresh value not refreshed: 300 mirrors with one expired token cause
/// one run, not 300.
const QUIET: Duration = Duration::from_secs(10);

/// The most bytes of a secret.
pub(super) const MAX_BYTES: usize = 64 << 10;

/// Reads secrets, and keeps what commands printed for five minutes.
pub struct Secrets {
    commands: Mutex<HashMap<String, Arc<Slot>>>,
    /// SHA-256 of what was last read, by what the configuration writes.
    last: Mutex<HashMap<String, Seen>>,
    /// The variables that all secrets of the configuration name.
    hidden: Mutex<Arc<BTreeSet<String>>>,
    keep: Duration,
    quiet: Duration,
}

/// What a command printed. The lock is held while it runs, so that those who ask at the same time share one run.
type Slot = tokio::sync::Mutex<Option<Printed>>;

struct Printed {
    at: Instant,
    value: Result<SecretString, SecretError>,
}

struct Seen {
    digest: [u8; 32],
    changed: Option<Instant>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self::new(KEEP, QUIET)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    pub(super) fn new(keep: Duration, quiet: Duration) -> Self {
        Self {
            commands: Mutex::default(),
            last: Mutex::default(),
            hidden: Mutex::default(),
            keep,
            quiet,
        }
    }

    /// Keeps these environment variables from every command, in the place of those that were named before. For all that secrets of a
    /// configuration are read from: see [`crate::Config::secret_variables`].
    pub fn hide(&self, variables: BTreeSet<String>) {
        *self.hidden.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(variables);
    }

    /// The variables that were named last.
    pub fn hidden(&self) -> Arc<BTreeSet<String>> {
        Arc::clone(&self.hidden.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The value. An empty one is an error.
    pub async fn read(&self, secret: &Secret) -> Result<SecretString, SecretError> {
        let (value, _) = self.read_no_older(secret, self.keep).await?;
        Ok(value)
    }

    /// Reads it anew, after a 401; true if the value differs from the one before. What was read in the last ten seconds is not read
    /// again, and a change in that time counts, so that all who saw a 401 learn of it.
    pub async fn refresh(&self, secret: &Secret) -> Result<bool, SecretError> {
        let (_, changed) = self.read_no_older(secret, self.quiet).await?;
        Ok(changed)
    }

    async fn read_no_older(
        &self,
        secret: &Secret,
        keep: Duration,
    ) -> Result<(SecretString, bool), SecretError> {
        let mut value = String::new();
        for part in &secret.0 {
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Env(name) => value.push_str(&env(name)?),
                Part::File(path) => value.push_str(file(path).await?.expose_secret()),
                Part::Command(command) => {
                    value.push_str(self.command(part, command, keep).await?.expose_secret());
                }
            }
        }
        if value.is_empty() {
            return Err(SecretError("a secret is empty".into()));
        }
        let changed = self.note(secret, &value);
        Ok((value.into(), changed))
    }

    /// Notes what was read; whether it changed just now.
    fn note(&self, secret: &Secret, value: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(value.as_bytes()).into();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = last.entry(secret.written()).or_insert(Seen {
            digest,
            changed: None,
        });
        if seen.digest != digest {
            *seen = Seen {
                digest,
                changed: Some(Instant::now()),
            };
        }
        seen.changed.is_some_and(|at| at.elapsed() < self.quiet)
    }

    async fn command(&self, part: &Part, command: &str, keep: Duration) -> Result<SecretString, SecretError> {
        let slot = {
            let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(commands.entry(command.to_owned()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(printed) = &*slot {
            let keep = if printed.value.is_ok() { keep } else { self.quiet };
            if printed.at.elapsed() < keep {
                return printed.value.clone();
            }
        }
        let hidden = self.variables();
        let value = command::run(command, &hidden)
            .await
            .and_then(|bytes| text(bytes, part))
            .map_err(|error| SecretError(format!("{part}: {}", error.0)));
        *slot = Some(Printed {
            at: Instant::now(),
            value: value.clone(),
        });
        value
    }

    /// The variables that secrets are or were read from, which no command gets to see.
    fn variables(&self) -> BTreeSet<String> {
        let mut variables = BTreeSet::clone(&self.hidden());
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = last.keys().filter_map(|text| Secret::parse(text).ok());
        variables
            .extend(secrets.flat_map(|secret| secret.variables().map(str::to_owned).collect::<Vec<_>>()));
        variables
    }
}

fn env(name: &str) -> Result<String, SecretError> {
    let failed = |what: &str| SecretError(format!("${{env:{name}}}: the environment variable {name} {what}"));
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Err(failed("is empty")),
        Ok(value) if value.len() > MAX_BYTES => Err(failed("is larger than 64 KiB")),
        Ok(value) => Ok(value),
        Err(std::env::VarError::NotPresent) => Err(failed("is not set")),
        Err(std::env::VarError::NotUnicode(_)) => Err(failed("is not UTF-8")),
    }
}

async fn file(path: &Path) -> Result<SecretString, SecretError> {
    let part = Part::File(path.to_owned());
    let failed = |error: &std::io::Error| SecretError(format!("{part}: it cannot be read: {error}"));
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let mut limited = file.take(MAX_BYTES as u64 + 1);
    limited
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| failed(&error))?;
    text(bytes, &part).map_err(|error| SecretError(format!("{part}: {}", error.0)))
}

/// The text without the newline at its end.
fn text(bytes: Vec<u8>, part: &Part) -> Result<SecretString, SecretError> {
    let what = match part {
        Part::Command(_) => "its output",
        _ => "the file",
    };
    if bytes.len() > MAX_BYTES {
        return Err(SecretError(format!("{what} is larger than 64 KiB")));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| SecretError(format!("{what} is not UTF-8")))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    match text.is_empty() {
        true => Err(SecretError(format!("{what} is empty"))),
        false => Ok(text.into()),
    }
}
