//! Observing: what both sides have, listed at the same time and merged as it comes, so that only differences are kept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use bstr::BString;
use futures_util::future::try_join;
use gitwire::{ObjectFormat, Oid, RefName};

use crate::decide::Direction;
use crate::error::{Error, Fault, Stage};
use crate::event::Event;
use crate::listing::{Listed, Listing};
use crate::prefetch::Prefetched;
use crate::receive::Receive;
use crate::request::Request;
use crate::scope::Scope;
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
    /// Values that both sides list: what a fetch may claim to have.
    pub(crate) common: Vec<Oid>,
    /// How many names of each side have a value.
    pub(crate) holders: Both<HashMap<Oid, u32>>,
    /// A pack that was asked for ahead.
    pub(crate) prefetched: Option<Prefetched>,
}

/// Lists both sides.
pub(crate) async fn observe<'r>(request: &Request, remotes: &'r Both<Remote>) -> Result<Observed<'r>, Error> {
    let merge = Mutex::new(Merge::new(&request.scope));
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
    let seen = merge.seen;
    let observed = merge.finish(uploads, receives, listings);
    check(request, &observed, &seen, remotes)?;
    remotes.source.listener.tell(Event::Observed {
        source: seen.source,
        target: seen.target,
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
    let prefixes = request.scope.prefixes();
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
fn check(
    request: &Request,
    observed: &Observed<'_>,
    seen: &Both<u64>,
    remotes: &Both<Remote>,
) -> Result<(), Error> {
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
    let empty = source.count == 0 && !source.head_has_value;
    if empty && !request.scope.is_names_only() && seen.target > 0 {
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
    scope: &'a Scope,
    waiting: Both<HashMap<RefName, Oid>>,
    references: BTreeMap<RefName, Both<Option<Oid>>>,
    names: Both<HashSet<u64>>,
    hasher: RandomState,
    doubled: Option<Side>,
    seen: Both<u64>,
    in_sync: u64,
    common: Vec<Oid>,
    holders: Both<HashMap<Oid, u32>>,
}

impl<'a> Merge<'a> {
    fn new(scope: &'a Scope) -> Self {
        Self {
            scope,
            waiting: Both::default(),
            references: BTreeMap::new(),
            names: Both::default(),
            hasher: RandomState::new(),
            doubled: None,
            seen: Both::default(),
            in_sync: 0,
            common: Vec::new(),
            holders: Both::default(),
        }
    }

    fn see(&mut self, side: Side, Listed { name, id, .. }: Listed) {
        *self.holders.of_mut(side).entry(id).or_insert(0) += 1;
        if !self.scope.covers(&name) {
            return;
        }
        // A second value of a name would look like a reference that the other side lacks.
        if !self.names.of_mut(side).insert(self.hasher.hash_one(&name)) {
            self.doubled.get_or_insert(side);
            return;
        }
        *self.seen.of_mut(side) += 1;
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
        if self.scope.names(&name) {
            self.references.insert(name, Both::from_fn(|_| Some(id)));
        } else {
            self.in_sync += 1;
        }
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
        for name in self.scope.named() {
            self.references.entry(name.clone()).or_default();
        }
        Observed {
            uploads,
            receives,
            listings,
            references: self.references,
            in_sync: self.in_sync,
            common: self.common,
            holders: self.holders,
            prefetched: None,
        }
    }
}

impl Observed<'_> {
    /// The names that were dropped.
    pub(crate) fn invalid_names(&self) -> Vec<(Side, BString)> {
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
