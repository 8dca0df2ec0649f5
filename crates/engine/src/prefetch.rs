//! Fetching ahead: most runs end in fast-forwards, so the pack is asked for before anybody knows that it is needed.
//!
//! Such a pack often is the proof itself: if all of it is reachable from one value, and a commit in it has the target's value
//! as its parent, that value is an ancestor. Then no question is left, and a round trip is saved.

use std::collections::BTreeSet;

use gitwire::pack::{ParentScan, ScanLimits, ScanState};
use gitwire::{ObjectFormat, Oid, RefName};

use crate::decide::{Change, Direction, Lineage, Proofs, Question, Verdict};
use crate::error::{Error, Stage};
use crate::observe::Observed;
use crate::plan::verdict;
use crate::prove;
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::Remote;
use crate::upload::{PackStream, Wanted};

/// How much of the pack is looked at. It waits in memory until the verdict.
const LOOK: usize = 1 << 20;

/// Up to how many open questions it is worth it: with more, some will not end in a fast-forward.
const MAX_QUESTIONS: usize = 8;

/// A pack on its way, for the case that all open questions end well.
#[derive(Debug)]
pub(crate) struct Prefetched {
    /// The side that it is for.
    pub(crate) to: Side,
    /// What it was asked for.
    pub(crate) wants: BTreeSet<Oid>,
    pub(crate) stream: PackStream,
}

/// Asks for the pack that the hoped writes need, and adds what it proves.
pub(crate) async fn prefetch<'r>(
    request: &Request,
    observed: &mut Observed<'r>,
    remotes: &'r Both<Remote>,
    questions: &[Question],
    hoped: &[(RefName, Change)],
    proofs: &mut Proofs,
) -> Result<(), Error> {
    // One that is not of use now is of no use later.
    let ahead = observed.ahead.take();
    if request.dry_run || !(1..=MAX_QUESTIONS).contains(&questions.len()) {
        return Ok(());
    }
    let Some(to) = only_side(request, observed, hoped) else {
        return Ok(());
    };
    let from = to.other();
    let held = observed.holders.of(to);
    let new = hoped.iter().filter_map(|(_, change)| change.action.new_value());
    let wants: BTreeSet<Oid> = new.filter(|id| !held.contains_key(id)).collect();
    if wants.is_empty() || observed.receives.of(to).is_none() {
        return Ok(());
    }
    let at = |fault| remotes.of(from).error(Stage::Decide, fault);
    prove::open(observed.uploads.of_mut(from), remotes.of(from)).await?;
    let (Some(upload), Some(receive)) = (observed.uploads.of(from), observed.receives.of(to)) else {
        return Ok(());
    };
    let come = match ahead {
        Some(ahead) => ahead.take(hoped, receive).await,
        None => None,
    };
    let mut stream = match come {
        Some(stream) => stream,
        None => {
            // It stays open while questions are asked. Where the host has no room for that, the pack comes when it is needed.
            let Some(room) = remotes.of(from).spare().await else {
                return Ok(());
            };
            let old = hoped.iter().filter_map(|(_, change)| change.action.old_value());
            let haves = old.chain(observed.common.iter().copied());
            let wanted = Wanted::for_push(wants.iter().copied().collect(), haves.collect(), receive);
            upload.fetch(&wanted).await.map_err(at)?.in_room(room)
        }
    };
    if wants.len() == 1 {
        stream.look_ahead(LOOK).await.map_err(at)?;
        for question in questions
            .iter()
            .filter(|question| wants.contains(&question.descendant))
        {
            if shows_parent(&stream, question.ancestor, observed.listings.of(from).format) {
                proofs.insert(*question, Lineage::Descends);
            }
        }
    }
    observed.prefetched = Some(Prefetched { to, wants, stream });
    Ok(())
}

/// The side that all hoped writes go to. In a two-way run no question may be open: where two sides have diverged, the pack of
/// either would be asked for in vain, time after time.
fn only_side(request: &Request, observed: &Observed<'_>, hoped: &[(RefName, Change)]) -> Option<Side> {
    let to = hoped.first()?.1.to;
    let unproven = Proofs::default();
    let open = |(name, seen)| matches!(verdict(request, name, seen, &unproven), Verdict::NeedsLineage(_));
    let doubtful = request.direction == Direction::TwoWay && observed.references.iter().any(open);
    (!doubtful && hoped.iter().all(|(_, change)| change.to == to)).then_some(to)
}

fn shows_parent(stream: &PackStream, parent: Oid, format: ObjectFormat) -> bool {
    let mut scan = ParentScan::new(
        parent,
        format,
        ScanLimits {
            memory: 4 * LOOK,
            object: LOOK,
        },
    );
    stream
        .waiting()
        .any(|bytes| matches!(scan.feed(bytes), Ok(ScanState::Found)))
}
