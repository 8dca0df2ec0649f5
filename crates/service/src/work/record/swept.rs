//! What sweeps found that no webhook told.

use std::collections::BTreeMap;

use engine::report::Outcome;
use store::queue::Work;

use super::{Ran, is_sweep};

/// How many references moved without a webhook, by the credential of the side that moved. The first look at a mirror counts for
/// nothing: nobody could have told.
pub(super) fn found(ran: &Ran<'_>) -> Vec<(String, u64)> {
    let (Work::Due(dues), Some(mirror)) = (&ran.claim.work, ran.mirror) else {
        return Vec::new();
    };
    if !is_sweep(dues) || ran.memory.bases.is_empty() {
        return Vec::new();
    }
    let mut found = BTreeMap::new();
    for reference in &ran.report.references {
        let moved = matches!(
            reference.outcome,
            Outcome::Created | Outcome::Updated(_) | Outcome::Deleted
        );
        let from = mirror.ends.of(reference.to.other());
        if let (true, Some(credential)) = (moved, &from.credential) {
            *found.entry(credential.name.clone()).or_insert(0) += 1;
        }
    }
    found.into_iter().collect()
}
