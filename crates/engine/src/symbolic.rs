//! Symbolic references are not written: deleting one deletes what it stands for.
//!
//! A symbolic reference has the value of another name, so where a value has two names the side is asked while lineage is. The other
//! name can be hidden; so before a write that takes commits out of a history, the side is asked in any case.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use gitwire::{Oid, RefName};

use crate::decide::Change;
use crate::error::{Error, Fault, Stage};
use crate::listing::Listed;
use crate::observe::Observed;
use crate::plan::{Plan, Planned};
use crate::side::{Both, Side};
use crate::transport::{Ask, Remote};
use crate::upload::Upload;

/// What a side says of names that may be symbolic.
#[derive(Debug, Default)]
pub(crate) struct Symbolic {
    /// Those that are.
    pub(crate) names: BTreeSet<RefName>,
    /// Those of which it said that they are not.
    pub(crate) plain: BTreeSet<RefName>,
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

/// The names that the plan takes commits from and nobody has asked about yet.
pub(crate) fn unasked(plan: &Plan, asked: &Both<BTreeSet<RefName>>) -> Both<BTreeSet<RefName>> {
    Both::from_fn(|side: Side| {
        let loses = |planned: &&Planned| planned.change.to == side && planned.change.loses_commits();
        let names = plan.writes.iter().filter(loses).map(|planned| &planned.name);
        names
            .filter(|name| !asked.of(side).contains(*name))
            .cloned()
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
    let _turn = remote.turn().await;
    let listed = list(doubtful, remote, Ask::V2).await;
    match listed.map_err(|fault| remote.error(Stage::Decide, fault))? {
        Some(symbolic) => Ok(symbolic),
        // Many an sshd keeps back the variable that asks for version 2. Where there is a shell, it can set it.
        None if remote.is_ssh() => {
            let told = list(doubtful, remote, Ask::V2ByShell).await;
            Ok(told.ok().flatten().unwrap_or_default())
        }
        None => Ok(Symbolic::default()),
    }
}

/// Lists names; `None` from a side that does not tell what is symbolic.
async fn list(names: &BTreeSet<RefName>, remote: &Remote, ask: Ask) -> Result<Option<Symbolic>, Fault> {
    let prefixes: Vec<_> = names.iter().map(|name| name.as_bstr().to_owned()).collect();
    let mut symbolic = Symbolic::default();
    let mut each = |listed: Listed| {
        let kind = if listed.symbolic {
            &mut symbolic.names
        } else {
            &mut symbolic.plain
        };
        kind.insert(listed.name);
    };
    let (_, listing) = match ask {
        Ask::V2ByShell => Upload::list_asking(remote, ask, &prefixes, &mut each).await?,
        Ask::V2 | Ask::Default => Upload::list(remote, &prefixes, &mut each).await?,
    };
    Ok(listing.tells_symbolic.then_some(symbolic))
}
