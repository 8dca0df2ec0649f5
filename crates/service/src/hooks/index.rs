//! Which mirrors have a repository.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use engine::side::Side;
use engine::url::RemoteUrl;
use hosts::repository::RepositoryId;

use super::endpoint::has_endpoint;
use crate::app::Loaded;

/// The sides of mirrors that have a repository, by its identity.
pub(super) type Sides = HashMap<RepositoryId, Vec<(String, Side)>>;

/// Made anew when another configuration is in force.
#[derive(Debug, Default)]
pub(super) struct Index {
    made: Mutex<Option<(Arc<Loaded>, Arc<Sides>)>>,
}

impl Index {
    /// The sides of a configuration.
    pub(super) fn of(&self, loaded: &Arc<Loaded>) -> Arc<Sides> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, sides)) = &*made
            && Arc::ptr_eq(of, loaded)
        {
            return Arc::clone(sides);
        }
        let sides = Arc::new(sides(loaded));
        *made = Some((Arc::clone(loaded), Arc::clone(&sides)));
        sides
    }
}

/// The identity of a repository; `None` for one of this machine.
pub(super) fn identity(url: &RemoteUrl) -> Option<RepositoryId> {
    RepositoryId::of(&url.to_string())
}

/// All sides that have an endpoint.
pub(super) fn sides(loaded: &Loaded) -> Sides {
    let mut sides = Sides::new();
    for (name, mirror) in &loaded.mirrors {
        for side in [Side::Source, Side::Target] {
            if !has_endpoint(mirror, side) {
                continue;
            }
            if let Some(id) = identity(&mirror.ends.of(side).url) {
                sides.entry(id).or_default().push((name.clone(), side));
            }
        }
    }
    sides
}
