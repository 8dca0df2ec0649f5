//! Tokens that hosts refused, and tokens that were seen to work.
//!
//! A refused token is remembered by a salted hash: the mirrors that use it wait until its value is another, but for one that tries
//! it now and then. A token that has not been seen to work for a moment is tried by one run at a time, so that a revoked one
//! is shown to the host once and not by every run that was about to start.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use store::Time;
use store::host::RefusedSecret;

/// For how long a token that worked is taken to work.
const WORKS_FOR: Duration = Duration::from_secs(1);

/// After so many different mirrors, with none that it opened between them, a token is refused as a whole though the host only said
/// that it does not suffice.
const FORBIDDEN_MIRRORS: usize = 3;

/// How long what this process learned itself goes before what the database says.
const OWN_FOR: Duration = Duration::from_secs(10);

/// The tokens of a process's credentials.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<String, Token>>);

#[derive(Debug, Default)]
struct Token {
    /// By key: the credential's name, or with a mirror's name behind a slash.
    refused: HashMap<String, Refused>,
    forbidden: BTreeSet<String>,
    worked: Option<Instant>,
    trial: Arc<tokio::sync::Mutex<()>>,
}

/// A secret that a host refused.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    /// The key it is remembered by.
    pub(super) key: String,
    /// The salted hash of its value.
    pub(super) hash: String,
    /// 401 or 403.
    pub(super) status: u16,
    /// Since when this value is refused.
    pub(super) since: Time,
    /// When this process learned it.
    learned: Option<Instant>,
}

impl Tokens {
    /// Takes over what the database knows.
    pub(super) fn learn(&self, all: Vec<RefusedSecret>) {
        let mut tokens = self.lock();
        for token in tokens.values_mut() {
            let own = |one: &Refused| one.learned.is_some_and(|learned| learned.elapsed() < OWN_FOR);
            token.refused.retain(|_, one| own(one));
        }
        for refused in all {
            let credential = credential_of(&refused.credential).to_owned();
            let token = tokens.entry(credential).or_default();
            // A token that this process saw working since is not refused any more.
            if token.worked.is_some_and(|worked| worked.elapsed() < OWN_FOR) {
                continue;
            }
            token
                .refused
                .entry(refused.credential.clone())
                .or_insert(Refused {
                    key: refused.credential,
                    hash: refused.hash,
                    status: refused.status,
                    since: refused.since,
                    learned: None,
                });
        }
    }

    /// Whether this value of a credential's token was refused, as a whole or for this mirror.
    pub(super) fn refused(
        &self,
        credential: &str,
        mirror: Option<&str>,
        value: &SecretString,
    ) -> Option<Refused> {
        let tokens = self.lock();
        let refused = &tokens.get(credential)?.refused;
        [
            Some(credential.to_owned()),
            mirror.map(|name| key(credential, name)),
        ]
        .iter()
        .flatten()
        .filter_map(|key| refused.get(key))
        .find(|one| is_hash_of(&one.hash, value))
        .cloned()
    }

    /// Whether it was seen to work just now.
    pub(super) fn works(&self, credential: &str) -> bool {
        let tokens = self.lock();
        let worked = tokens.get(credential).and_then(|token| token.worked);
        worked.is_some_and(|worked| worked.elapsed() < WORKS_FOR)
    }

    /// Held by the one run that tries a token which was not seen to work just now.
    pub(super) fn trial(&self, credential: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut tokens = self.lock();
        let token = tokens.entry(credential.to_owned()).or_default();
        Arc::clone(&token.trial)
    }

    /// The host took it. True if it had been refused before.
    pub(super) fn accept(&self, credential: &str, mirror: Option<&str>) -> bool {
        let mut tokens = self.lock();
        let token = tokens.entry(credential.to_owned()).or_default();
        token.worked = Some(Instant::now());
        token.forbidden.clear();
        let whole = token.refused.remove(credential).is_some();
        let here = mirror.and_then(|name| token.refused.remove(&key(credential, name)));
        whole || here.is_some()
    }

    /// The host refused it; gives what to write down. That it does not suffice for repositories of no mirror (a one-off run, a preflight of
    /// what is only planned) is nothing: anybody may name repositories that it was never meant for.
    pub(super) fn refuse(
        &self,
        credential: &str,
        mirror: Option<&str>,
        value: &SecretString,
        status: u16,
    ) -> Option<Refused> {
        let mut tokens = self.lock();
        let token = tokens.entry(credential.to_owned()).or_default();
        let key = match (status, mirror) {
            (403, None) => return None,
            (403, Some(name)) => {
                token.forbidden.insert(name.to_owned());
                match token.forbidden.len() >= FORBIDDEN_MIRRORS {
                    true => credential.to_owned(),
                    false => key(credential, name),
                }
            }
            _ => credential.to_owned(),
        };
        token.worked = None;
        // The same value keeps its hash, by which it is known how long it is refused.
        let before = token.refused.get(&key);
        let (hash, since) = match before.filter(|one| is_hash_of(&one.hash, value)) {
            Some(before) => (before.hash.clone(), before.since),
            None => (salted(&rand::random::<[u8; 16]>(), value), Time::now()),
        };
        let refused = Refused {
            key,
            hash,
            status,
            since,
            learned: Some(Instant::now()),
        };
        token.refused.insert(refused.key.clone(), refused.clone());
        Some(refused)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(credential: &str, mirror: &str) -> String {
    format!("{credential}/{mirror}")
}

/// The credential of a key; names of credentials hold no slash.
pub(crate) fn credential_of(key: &str) -> &str {
    key.split('/').next().unwrap_or(key)
}

/// The salt and HMAC-SHA256 (RFC 2104) of a value, in hexadecimal digits: tells whether a value is the same, and nothing else.
fn salted(salt: &[u8], value: &SecretString) -> String {
    format!(
        "{}${}",
        hex::encode(salt),
        hex::encode(mac(salt, value).finalize().into_bytes())
    )
}

fn is_hash_of(hash: &str, value: &SecretString) -> bool {
    let Some((salt, sum)) = hash.split_once('$') else {
        return false;
    };
    match (hex::decode(salt), hex::decode(sum)) {
        (Ok(salt), Ok(sum)) => mac(&salt, value).verify_slice(&sum).is_ok(),
        _ => false,
    }
}

fn mac(salt: &[u8], value: &SecretString) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes a key of any length");
    mac.update(value.expose_secret().as_bytes());
    mac
}
