//! Which mirrors may be claimed now: a run that would only wait for a host is not begun, so that it keeps no place from runs that
//! need not wait.
//!
//! A run holds its permits for both hosts to its end, one for each side. If one of them is slow, all runs between the two come to lie there, and would
//! in the end hold every permit of the other: so no pair of hosts gets all the seats of a host that has mirrors with a third.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::Mirror;
use engine::side::Side;

use super::slots;
use crate::app::Loaded;

/// The part of a host's seats that one pair never gets, where there are others: a quarter.
const KEPT_BACK: u32 = 4;

/// A host, and the host at the other end: the same, where both ends lie there.
type Pair = (String, String);

/// The seats of a process.
#[derive(Debug, Default)]
pub(in crate::work) struct Seats(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many requests at a time the runs under way need at the first host of a pair; both ways round.
    taken: HashMap<Pair, u32>,
    plan: Option<Plan>,
}

/// What a configuration says of seats.
#[derive(Debug)]
struct Plan {
    of: Arc<Loaded>,
    /// How many hosts each is mirrored with.
    partners: HashMap<String, usize>,
    /// How many requests at a time each gets, as far as anybody asked.
    seats: HashMap<String, u32>,
}

/// The seats of one run; free again when it is dropped.
#[derive(Debug)]
pub(in crate::work) struct Seat {
    seats: Arc<Seats>,
    needed: Vec<(Pair, u32)>,
}

impl Seats {
    /// Whether a run of this mirror need not wait for others, or not for long.
    pub(in crate::work) fn has_room(&self, loaded: &Arc<Loaded>, mirror: &Mirror) -> bool {
        self.lock().has_room(loaded, &needed(mirror))
    }

    /// Takes the seats of a mirror's run, whether there are some or not.
    pub(in crate::work) fn take(self: &Arc<Self>, mirror: &Mirror) -> Seat {
        self.lock().take(self, needed(mirror))
    }

    /// Takes the seats of a mirror's run, if it need not wait for others.
    pub(in crate::work) fn take_free(
        self: &Arc<Self>,
        loaded: &Arc<Loaded>,
        mirror: &Mirror,
    ) -> Option<Seat> {
        let (mut state, needed) = (self.lock(), needed(mirror));
        state.has_room(loaded, &needed).then(|| state.take(self, needed))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&mut self, loaded: &Arc<Loaded>, needed: &[(Pair, u32)]) -> bool {
        let plan = match &mut self.plan {
            Some(plan) if Arc::ptr_eq(&plan.of, loaded) => plan,
            plan => plan.insert(Plan::new(loaded)),
        };
        let taken = &self.taken;
        needed.iter().all(|(pair, _)| {
            let of_host = taken.iter().filter(|((host, _), _)| *host == pair.0);
            let all: u32 = of_host.map(|(_, requests)| requests).sum();
            let same = taken.get(pair).copied().unwrap_or_default();
            let seats = plan.seats(&pair.0);
            let most = plan.most_of_pair(&pair.0, seats);
            // One that needs two finds the other at the host: else those that need one would be before it for ever.
            all < seats && same < most
        })
    }

    fn take(&mut self, seats: &Arc<Seats>, needed: Vec<(Pair, u32)>) -> Seat {
        for (pair, requests) in &needed {
            *self.taken.entry(pair.clone()).or_default() += requests;
        }
        Seat {
            seats: Arc::clone(seats),
            needed,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.lock();
        for (pair, requests) in &self.needed {
            if let Some(taken) = state.taken.get_mut(pair) {
                *taken = taken.saturating_sub(*requests);
                if *taken == 0 {
                    state.taken.remove(pair);
                }
            }
        }
    }
}

impl Plan {
    fn new(loaded: &Arc<Loaded>) -> Self {
        let all: BTreeSet<Pair> = loaded.mirrors.values().flat_map(|mirror| pairs(mirror)).collect();
        let mut partners = HashMap::new();
        for (host, _) in all {
            *partners.entry(host).or_default() += 1;
        }
        Self {
            of: Arc::clone(loaded),
            partners,
            seats: HashMap::new(),
        }
    }

    fn seats(&mut self, host: &str) -> u32 {
        match self.seats.get(host) {
            Some(seats) => *seats,
            None => {
                let seats = slots(&self.of.config, host);
                self.seats.insert(host.to_owned(), seats);
                seats
            }
        }
    }

    fn most_of_pair(&self, host: &str, seats: u32) -> u32 {
        match self.partners.get(host) {
            Some(partners) if *partners > 1 => (seats - (seats / KEPT_BACK).max(1)).max(1),
            _ => seats,
        }
    }
}

/// The hosts of a mirror, each with the other, and how many requests at a time a run needs there: one for each of its sides. A path of
/// this machine is no host.
fn needed(mirror: &Mirror) -> Vec<(Pair, u32)> {
    let host = |side: Side| mirror.ends.of(side).url.host().unwrap_or_default();
    let (source, target) = (host(Side::Source), host(Side::Target));
    if source == target {
        let both = ((source, target), 2);
        return Vec::from_iter((!both.0.0.is_empty()).then_some(both));
    }
    let mut needed = vec![((source.clone(), target.clone()), 1), ((target, source), 1)];
    needed.retain(|((host, _), _)| !host.is_empty());
    needed
}

fn pairs(mirror: &Mirror) -> impl Iterator<Item = Pair> {
    needed(mirror).into_iter().map(|(pair, _)| pair)
}
