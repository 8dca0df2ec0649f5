//! Fetching ahead: most runs end in fast-forwards, so the pack is asked for before anybody knows that it is needed.
//!
//! Such a pack often is the proof itself: if all of it is reachable from one value, and a commit in it has the target's value
//! as its parent, that value is an ancestor. Then no question is left, and a round trip is saved.

use std::collections::BTreeSet;

use gitwire::pack::{ParentScan, ScanLimits, ScanState};
use gitwire::{ObjectFormat, Oid, RefName};

use crate::decide::{Change, Direction, Lineage, Proofs, Question};
use crate::error::{Error, Stage};
use crate::observe::Observed;
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
    /// What it was asked for.
    pub(crate) wants: BTreeSet<Oid>,
    pub(crate) stream: PackStream,
}

/// Asks for the pack that the hoped writes need, and adds what it proves.
pub(crate) async fn prefetch(
    request: &Request,
    observed: &mut Observed<'_>,
    remotes: &Both<Remote>,
    questions: &[Question],
    hoped: &[(RefName, Change)],
    proofs: &mut Proofs,
) -> Result<(), Error> {
    if request.direction == Direction::TwoWay
        || request.dry_run
        || !(1..=MAX_QUESTIONS).contains(&questions.len())
    {
        return Ok(());
    }
    let (Some(upload), Some(receive)) = (&observed.uploads.source, &observed.receives.target) else {
        return Ok(());
    };
    let held = &observed.holders.target;
    let new = hoped.iter().filter_map(|(_, change)| change.action.new_value());
    let wants: BTreeSet<Oid> = new.filter(|id| !held.contains_key(id)).collect();
    if wants.is_empty() {
        return Ok(());
    }
    let old = hoped.iter().filter_map(|(_, change)| change.action.old_value());
    let haves = old.chain(observed.common.iter().copied());
    let wanted = Wanted::for_push(wants.iter().copied().collect(), haves.collect(), receive);
    let at = |fault| remotes.of(Side::Source).error(Stage::Decide, fault);
    let mut stream = upload.fetch(&wanted).await.map_err(at)?;
    if wants.len() == 1 {
        stream.look_ahead(LOOK).await.map_err(at)?;
        for question in questions
            .iter()
            .filter(|question| wants.contains(&question.descendant))
        {
            if shows_parent(&stream, question.ancestor, observed.listings.source.format) {
                proofs.insert(*question, Lineage::Descends);
            }
        }
    }
    observed.prefetched = Some(Prefetched { wants, stream });
    Ok(())
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
