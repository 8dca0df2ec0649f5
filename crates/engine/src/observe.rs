//! Observing: what both sides have, listed at the same time and merged as it comes, so that only differences are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use bstr::BString;
use futures_util::future::try_join;
use gitwire::{ObjectFormat, Oid, RefName};

use crate::ahead::Ahead;
use crate::decide::{Base, Direction};
use crate::digest::Digest;
use crate::error::{Error, Fault, Stage};
use crate::event::Event;
use crate::listing::{Listed, Listing};
use crate::prefetch::Prefetched;
use crate::receive::Receive;
use crate::report::Report;
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::Remote;
use crate::upload::Upload;

/// How many values that both sides have are kept as haves.
const MAX_COMMON: usize = 50_000;

/// What was seen.
#[derive(Debug)]
pub(crate) struct Observed<'r> {
    /// The conversations for reading, where they are open.
    pub(crate) uploads: Both<Option<Upload<'r>>>,
    /// The conversations for writing, where they are open.
    pub(crate) receives: Both<Option<Receive<'r>>>,
    /// What each side told beside its references.
    pub(crate) listings: Both<Listing>,
    /// The references that differ, and those that were asked for by name.
    pub(crate) references: BTreeMap<RefName, Both<Option<Oid>>>,
    /// How many references in scope are equal and not among these.
    pub(crate) in_sync: u64,
    /// How many references in scope each side lists, as far as it was asked.
    pub(crate) seen: Both<u64>,
    /// The references that are equal, or gone, and not among these, and whose base is another now.
    pub(crate) bases: BTreeMap<RefName, Base>,
    /// Their intents, which that ends.
    pub(crate) intents_done: BTreeSet<RefName>,
    /// What both sides list in scope, in a few bytes.
    pub(crate) digest: Digest,
    /// How many references that have a base each side lacks.
    pub(crate) lacking: Both<u64>,
    /// How many have one.
    pub(crate) based: u64,
    /// Values that both sides list: what a fetch may claim to have.
    pub(crate) common: Vec<Oid>,
    /// How many names of each side have a value.
    pub(crate) holders: Both<HashMap<Oid, u32>>,
    /// A pack that was asked for before anything was seen.
    pub(crate) ahead: Option<Ahead<'r>>,
    /// A pack that was asked for before anything was decided.
    pub(crate) prefetched: Option<Prefetched>,
}

/// Lists both sides.
pub(crate) async fn observe<'r>(request: &Request, remotes: &'r Both<Remote>) -> Result<Observed<'r>, Error> {
    let merge = Mutex::new(Merge::new(request));
    let Opened {
        uploads,
        receives,
        listings,
    } = open(request, remotes, &merge).await?;
    let merge = merge.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(side) = merge.doubled {
        let fault = Fault::Setup("the server lists a reference twice".into());
        return Err(at(remotes.of(side))(fault));
    }
    let observed = merge.finish(uploads, receives, listings);
    check(request, &observed, remotes)?;
    remotes.source.listener.tell(Event::Observed {
        source: observed.seen.source,
        target: observed.seen.target,
        differing: observed
            .references
            .values()
            .filter(|values| values.source != values.target)
            .count() as u64,
    });
    Ok(observed)
}

/// The conversations that were opened.
struct Opened<'r> {
    uploads: Both<Option<Upload<'r>>>,
    receives: Both<Option<Receive<'r>>>,
    listings: Both<Listing>,
}

/// Opens the conversations, both at once, and merges what they list.
async fn open<'r>(
    request: &Request,
    remotes: &'r Both<Remote>,
    merge: &Mutex<Merge<'_>>,
) -> Result<Opened<'r>, Error> {
    let see = |side: Side| {
        move |listed: Listed| {
            merge
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .see(side, listed);
        }
    };
    let (mut see_source, mut see_target) = (see(Side::Source), see(Side::Target));
    let target = async {
        Receive::observe(&remotes.target, &mut see_target)
            .await
            .map_err(at(&remotes.target))
    };
    if request.direction == Direction::TwoWay {
        // Each side is seen once, by its receive-pack, so that the verdict and the lease come from the same look.
        let source = async {
            Receive::observe(&remotes.source, &mut see_source)
                .await
                .map_err(at(&remotes.source))
        };
        let (source, target) = try_join(source, target).await?;
        return Ok(Opened {
            uploads: Both::default(),
            listings: Both {
                source: source.listing.clone(),
                target: target.listing.clone(),
            },
            receives: Both {
                source: Some(source),
                target: Some(target),
            },
        });
    }
    let prefixes = request.prefixes();
    let source = async {
        Upload::list(&remotes.source, &prefixes, &mut see_source)
            .await
            .map_err(at(&remotes.source))
    };
    let ((upload, listing), receive) = try_join(source, target).await?;
    Ok(Opened {
        uploads: Both {
            source: Some(upload),
            target: None,
        },
        listings: Both {
            source: listing,
            target: receive.listing.clone(),
        },
        receives: Both {
            source: None,
            target: Some(receive),
        },
    })
}

fn at(remote: &Remote) -> impl FnOnce(Fault) -> Error {
    |kind| remote.error(Stage::Observe, kind)
}

/// What makes a run impossible, whatever the references are.
fn check(request: &Request, observed: &Observed<'_>, remotes: &Both<Remote>) -> Result<(), Error> {
    let Both { source, target } = &observed.listings;
    if source.format != target.format {
        let formats: (ObjectFormat, ObjectFormat) = (source.format, target.format);
        return Err(at(&remotes.target)(Fault::ObjectFormats {
            source_format: formats.0,
            target_format: formats.1,
        }));
    }
    if !source.shallow.is_empty() {
        return Err(at(&remotes.source)(Fault::Shallow));
    }
    check_offers(request, observed, remotes)?;
    if request.direction == Direction::TwoWay {
        return if target.shallow.is_empty() {
            Ok(())
        } else {
            Err(at(&remotes.target)(Fault::Shallow))
        };
    }
    let expected = request.only.is_some() || request.scope.is_names_only() || request.guard.is_some();
    if source.is_empty() && !expected && observed.seen.target > 0 {
        return Err(at(&remotes.source)(Fault::Empty));
    }
    Ok(())
}

/// Whether the sides that are written can do what the run asks for.
fn check_offers(request: &Request, observed: &Observed<'_>, remotes: &Both<Remote>) -> Result<(), Error> {
    for side in [Side::Source, Side::Target] {
        let Some(receive) = observed.receives.of(side) else {
            continue;
        };
        let remote = remotes.of(side);
        if request.atomic && !receive.offers_atomic {
            return Err(at(remote)(Fault::NoAtomic));
        }
        if !request.push_options.is_empty() && !receive.offers_push_options {
            let text = format!("the {side} takes no push options: they are left out");
            remote.listener.tell(Event::Warning(text));
        }
    }
    Ok(())
}

/// Two listings that arrive at the same time, in any order. What is equal is dropped as soon as both have told it.
struct Merge<'a> {
    request: &'a Request,
    waiting: Both<HashMap<RefName, Oid>>,
    references: BTreeMap<RefName, Both<Option<Oid>>>,
    names: Both<HashSet<u64>>,
    hasher: RandomState,
    doubled: Option<Side>,
    seen: Both<u64>,
    in_sync: u64,
    common: Vec<Oid>,
    holders: Both<HashMap<Oid, u32>>,
    bases: BTreeMap<RefName, Base>,
    intents_done: BTreeSet<RefName>,
    digest: Digest,
}

impl<'a> Merge<'a> {
    fn new(request: &'a Request) -> Self {
        Self {
            request,
            waiting: Both::default(),
            references: BTreeMap::new(),
            names: Both::default(),
            hasher: RandomState::new(),
            doubled: None,
            seen: Both::default(),
            in_sync: 0,
            common: Vec::new(),
            holders: Both::default(),
            bases: BTreeMap::new(),
            intents_done: BTreeSet::new(),
            digest: Digest::default(),
        }
    }

    fn see(&mut self, side: Side, Listed { name, id, .. }: Listed) {
        *self.holders.of_mut(side).entry(id).or_insert(0) += 1;
        let covered = self.request.scope.covers(&name);
        if !covered && !self.request.orders.contains_key(&name) {
            return;
        }
        // A second value of a name would look like a reference that the other side lacks.
        if !self.names.of_mut(side).insert(self.hasher.hash_one(&name)) {
            self.doubled.get_or_insert(side);
            return;
        }
        *self.seen.of_mut(side) += u64::from(covered);
        if covered {
            self.digest.take_in(side, &name, id);
        }
        if !self.request.is_about(&name) {
            return;
        }
        match self.waiting.of_mut(side.other()).remove(&name) {
            None => drop(self.waiting.of_mut(side).insert(name, id)),
            Some(other) if other == id => self.agree(name, id),
            Some(other) => {
                let mut values = Both::from_fn(|_| Some(other));
                *values.of_mut(side) = Some(id);
                self.references.insert(name, values);
            }
        }
    }

    fn agree(&mut self, name: RefName, id: Oid) {
        if self.common.len() < MAX_COMMON {
            self.common.push(id);
        }
        if self.request.is_reported(&name) {
            self.references.insert(name, Both::from_fn(|_| Some(id)));
        } else {
            self.in_sync += 1;
            self.remember(&name, Base::Agreed(Some(id)));
        }
    }

    /// Notes what both sides agree on, if that is news.
    fn remember(&mut self, name: &RefName, base: Base) {
        let request = self.request;
        if request.dry_run {
            return;
        }
        if request.intents.contains_key(name) {
            self.intents_done.insert(name.clone());
        }
        if request.keep_bases && request.kept_base(name) != base {
            self.bases.insert(name.clone(), base);
        }
    }

    /// Forgets what neither side has any more, and counts what each lacks. How many have a base.
    fn look_back(&mut self, lacking: &mut Both<u64>) -> u64 {
        let request = self.request;
        let mut based = 0;
        for (name, base) in &request.bases {
            if !request.is_about(name) {
                continue;
            }
            let hash = self.hasher.hash_one(name);
            let lacks = Both::from_fn(|side| !self.names.of(side).contains(&hash));
            if matches!(base, Base::Agreed(Some(_))) {
                based += 1;
                lacking.source += u64::from(lacks.source);
                lacking.target += u64::from(lacks.target);
            }
            if lacks.source && lacks.target && !self.references.contains_key(name) {
                self.remember(name, Base::Unknown);
            }
        }
        based
    }

    fn finish<'r>(
        mut self,
        uploads: Both<Option<Upload<'r>>>,
        receives: Both<Option<Receive<'r>>>,
        listings: Both<Listing>,
    ) -> Observed<'r> {
        for side in [Side::Source, Side::Target] {
            for (name, id) in std::mem::take(self.waiting.of_mut(side)) {
                *self.references.entry(name).or_default().of_mut(side) = Some(id);
            }
        }
        for name in self.request.expected() {
            self.references.entry(name.clone()).or_default();
        }
        let mut lacking = Both::default();
        let based = self.look_back(&mut lacking);
        for name in self.request.intents.keys() {
            // Of others neither side has anything, and nobody remembers anything.
            let known = self.references.contains_key(name) || self.request.bases.contains_key(name);
            if self.request.is_about(name) && !known {
                self.intents_done.insert(name.clone());
            }
        }
        Observed {
            uploads,
            receives,
            listings,
            references: self.references,
            in_sync: self.in_sync,
            seen: self.seen,
            bases: self.bases,
            intents_done: self.intents_done,
            digest: self.digest,
            lacking,
            based,
            common: self.common,
            holders: self.holders,
            ahead: None,
            prefetched: None,
        }
    }
}

impl Observed<'_> {
    /// Tells a report what is known already.
    pub(crate) fn tell(&mut self, report: &mut Report) {
        report.in_sync = self.in_sync;
        report.scope = self.seen;
        report.digest = Some(self.digest);
        report.invalid_names = self.invalid_names();
        report.bases = std::mem::take(&mut self.bases);
        report.intents_done = std::mem::take(&mut self.intents_done);
    }

    /// The names that were dropped.
    fn invalid_names(&self) -> Vec<(Side, BString)> {
        let of = |side: Side| {
            self.listings
                .of(side)
                .invalid_names
                .iter()
                .map(move |name| (side, name.clone()))
        };
        of(Side::Source).chain(of(Side::Target)).collect()
    }
}
