//! What runs share: HTTP clients with their pools of connections, connections of ssh, and what is known of remotes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gitwire::ObjectFormat;
use gitwire::capabilities::Capabilities;

use crate::transport::{Masters, http};

/// How many remotes are remembered. Past that all are forgotten, which costs each a round trip.
const MAX_KNOWN: usize = 10_000;

/// What is known of a remote's upload-pack over HTTP.
#[derive(Debug, Clone)]
pub(crate) enum Spoken {
    /// It speaks version 2, and said what it can do.
    V2(Capabilities, ObjectFormat),
    /// It has to be asked first: it speaks an older version, or redirects.
    AskFirst,
}

/// Shared by runs that follow each other or go on at the same time: connections are used again. A clone shares what it was cloned
/// from; a new one knows nothing yet.
#[derive(Debug, Clone, Default)]
pub struct Clients(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    http: http::Pools,
    masters: Masters,
    /// By the addresses of repositories.
    spoken: Mutex<HashMap<String, Spoken>>,
}

impl Clients {
    pub(crate) fn http(&self) -> &http::Pools {
        &self.0.http
    }

    pub(crate) fn masters(&self) -> &Masters {
        &self.0.masters
    }

    /// What is known of a repository's server.
    pub(crate) fn spoken(&self, url: &str) -> Option<Spoken> {
        self.known().get(url).cloned()
    }

    /// Notes what a server speaks.
    pub(crate) fn note(&self, url: &str, spoken: Spoken) {
        let mut known = self.known();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(url.to_owned(), spoken);
    }

    /// Forgets what a server speaks: it may be another one by now.
    pub(crate) fn forget(&self, url: &str) {
        self.known().remove(url);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Spoken>> {
        self.0.spoken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
