//! What runs share: HTTP clients with their pools of connections, connections of ssh, and what is known of remotes.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::transport::{Masters, http};

/// How many remotes are remembered that speak an old dialect. Past that all are forgotten, which costs each a round trip.
const MAX_OLD: usize = 10_000;

/// Shared by runs that follow each other or go on at the same time: connections are used again. A clone shares what it was cloned
/// from; a new one knows nothing yet.
#[derive(Debug, Clone, Default)]
pub struct Clients(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    http: http::Pools,
    masters: Masters,
    /// The addresses of repositories whose server does not answer a listing of version 2 that it was not asked about before.
    old: Mutex<HashSet<String>>,
}

impl Clients {
    pub(crate) fn http(&self) -> &http::Pools {
        &self.0.http
    }

    pub(crate) fn masters(&self) -> &Masters {
        &self.0.masters
    }

    /// Whether a server has to be asked first which version of the protocol it speaks.
    pub(crate) fn is_old(&self, url: &str) -> bool {
        self.old().contains(url)
    }

    /// Notes that a server has to be asked first.
    pub(crate) fn note_old(&self, url: &str) {
        let mut old = self.old();
        if old.len() >= MAX_OLD {
            old.clear();
        }
        old.insert(url.to_owned());
    }

    fn old(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.old.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
