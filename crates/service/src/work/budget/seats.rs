//! Which mirrors may be claimed now: a run that would only wait for a host is not begun, so that it keeps no place from runs that
//! need not wait.
//!
//! A run holds its permits for both hosts to its end. If one of them is slow, all runs between the two come to lie there, and would
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
    /// How many runs are under way, by pair; both ways round.
    taken: HashMap<Pair, u32>,
    plan: Option<Plan>,
}

/// What a configuration says of seats.
#[derive(Debug)]
struct Plan {
    of: Arc<Loaded>,
    /// How many hosts each is mirrored with.
    partners: HashMap<String, usize>,
    /// How many runs each may have, as far as anybody asked.
    seats: HashMap<String, u32>,
}

/// The seats of one run; free again when it is dropped.
#[derive(Debug)]
pub(in crate::work) struct Seat {
    seats: Arc<Seats>,
    pairs: Vec<Pair>,
}

impl Seats {
    /// Whether a run of this mirror need not wait for others.
    pub(in crate::work) fn has_room(&self, loaded: &Arc<Loaded>, mirror: &Mirror) -> bool {
        let mut state = self.lock();
        let state = &mut *state;
        let plan = match &mut state.plan {
            Some(plan) if Arc::ptr_eq(&plan.of, loaded) => plan,
            plan => plan.insert(Plan::new(loaded)),
        };
        pairs(mirror).iter().all(|pair| {
            let of_host = |(one, _): &&Pair| *one == pair.0;
            let all: u32 = state
                .taken
                .iter()
                .filter(|(one, _)| of_host(one))
                .map(|(_, runs)| runs)
                .sum();
            let same = state.taken.get(pair).copied().unwrap_or_default();
            let seats = plan.seats(&pair.0);
            all < seats && same < plan.most_of_pair(&pair.0, seats)
        })
    }

    /// Takes the seats of a mirror's run.
    pub(in crate::work) fn take(self: &Arc<Self>, mirror: &Mirror) -> Seat {
        let pairs = pairs(mirror);
        let mut state = self.lock();
        for pair in &pairs {
            *state.taken.entry(pair.clone()).or_default() += 1;
        }
        drop(state);
        Seat {
            seats: Arc::clone(self),
            pairs,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.lock();
        for pair in &self.pairs {
            if let Some(runs) = state.taken.get_mut(pair) {
                *runs = runs.saturating_sub(1);
                if *runs == 0 {
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

/// The hosts of a mirror, each with the other. A path of this machine is no host.
fn pairs(mirror: &Mirror) -> Vec<Pair> {
    let host = |side: Side| mirror.ends.of(side).url.host().unwrap_or_default();
    let (source, target) = (host(Side::Source), host(Side::Target));
    let mut pairs = vec![(source.clone(), target.clone()), (target, source)];
    pairs.retain(|(host, _)| !host.is_empty());
    pairs.dedup();
    pairs
}
