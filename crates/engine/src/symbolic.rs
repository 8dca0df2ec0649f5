//! Symbolic references are never written: deleting one deletes what it stands for.
//!
//! A symbolic reference has the value of another name, so only where a value has two names is there anything to ask.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use gitwire::{Oid, RefName};

use crate::decide::Change;
use crate::error::{Error, Fault, Stage};
use crate::listing::Listed;
use crate::observe::Observed;
use crate::side::{Both, Side};
use crate::transport::{Ask, Remote};
use crate::upload::Upload;

/// What a side says of names that may be symbolic.
#[derive(Debug, Default)]
pub(crate) struct Symbolic {
    pub(crate) names: BTreeSet<RefName>,
    /// Whether it would have told.
    pub(crate) told: bool,
}

/// The names that are to be written, for each side, whose value has another name there.
pub(crate) fn doubtful(hoped: &[(RefName, Change)], observed: &Observed<'_>) -> Both<BTreeSet<RefName>> {
    Both::from_fn(|side: Side| {
        let shared = |old: Oid| {
            observed
                .holders
                .of(side)
                .get(&old)
                .is_some_and(|names| *names > 1)
        };
        let doubtful = |change: &Change| change.to == side && change.action.old_value().is_some_and(shared);
        hoped
            .iter()
            .filter(|(_, change)| doubtful(change))
            .map(|(name, _)| name.clone())
            .collect()
    })
}

/// Asks both sides.
pub(crate) async fn ask(
    doubtful: &Both<BTreeSet<RefName>>,
    remotes: &Both<Remote>,
) -> Result<Both<Symbolic>, Error> {
    let ask = |side| ask_side(doubtful.of(side), remotes.of(side));
    let (source, target) = try_join(ask(Side::Source), ask(Side::Target)).await?;
    Ok(Both { source, target })
}

async fn ask_side(doubtful: &BTreeSet<RefName>, remote: &Remote) -> Result<Symbolic, Error> {
    if doubtful.is_empty() {
        return Ok(Symbolic::default());
    }
    let symbolic = list(doubtful, remote, Ask::V2)
        .await
        .map_err(|fault| remote.error(Stage::Decide, fault))?;
    if symbolic.told || !remote.is_ssh() {
        return Ok(symbolic);
    }
    // Many an sshd keeps back the variable that asks for version 2. Where there is a shell, it can set it.
    Ok(list(doubtful, remote, Ask::V2ByShell).await.unwrap_or(symbolic))
}

async fn list(names: &BTreeSet<RefName>, remote: &Remote, ask: Ask) -> Result<Symbolic, Fault> {
    let prefixes: Vec<_> = names.iter().map(|name| name.as_bstr().to_owned()).collect();
    let mut symbolic = Symbolic::default();
    let mut each = |listed: Listed| {
        if listed.symbolic {
            symbolic.names.insert(listed.name);
        }
    };
    let (_, listing) = match ask {
        Ask::V2ByShell => Upload::list_asking(remote, ask, &prefixes, &mut each).await?,
        Ask::V2 | Ask::Default => Upload::list(remote, &prefixes, &mut each).await?,
    };
    symbolic.told = listing.tells_symbolic;
    Ok(symbolic)
}
