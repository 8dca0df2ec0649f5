//! What lets a run talk to its hosts: the trials of their tokens, permits of this process, slots of all processes.
//!
//! Who waits for one host has nothing of another in its hands: a slow host, or one whose token is being tried, keeps nobody from the
//! rest.

use std::collections::BTreeMap;

use engine::side::Side;
use store::host::Wanted;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};

use super::denied::Denied;
use super::gate::Gate;
use super::slots::Slots;
use super::{Patience, slots};

/// How often a run that waited for one host and finds another one full begins again. After that it insists: it waits with what it
/// has, which one run does at a time.
const ROUNDS: usize = 8;

/// What lets a run talk to one host; given back when it is dropped.
#[derive(Debug)]
pub(super) enum Pass {
    /// A permit of this process, which is alone.
    Alone { _permit: OwnedSemaphorePermit },
    /// A permit of this process, with slots of all.
    Shared { _slots: Slots },
}

/// The right to try tokens that were not seen to work just now, by their credentials' names.
pub(super) type Trials = Vec<(String, OwnedMutexGuard<()>)>;

/// All that a run needs.
#[derive(Debug, Default)]
pub(super) struct Passes {
    pub(super) hosts: Vec<Pass>,
    pub(super) trials: Trials,
}

/// A host that runs are let through to, and how many requests at a time they need there: one for each side.
type Needed = (String, u32);

impl Gate {
    /// Waits for what the hosts of these sides need. An `Err` names the host that lets nobody through.
    pub(super) async fn passes(&self, sides: &[Side]) -> Result<Passes, (String, Denied)> {
        let hosts = self.needed(sides);
        let mut awaited = 0;
        for _ in 0..ROUNDS {
            let mut passes = Passes::default();
            let Some(first) = hosts.get(awaited) else {
                return Ok(passes);
            };
            self.admit(first, sides, Patience::Waits, &mut passes).await?;
            let mut full = None;
            for (index, host) in hosts.iter().enumerate().filter(|(index, _)| *index != awaited) {
                if !self
                    .admit(host, sides, Patience::TakesWhatIsThere, &mut passes)
                    .await?
                {
                    full = Some(index);
                    break;
                }
            }
            match full {
                None => return Ok(passes),
                Some(index) => awaited = index,
            }
        }
        let _alone = self.app.budget.insisting.lock().await;
        let mut passes = Passes::default();
        for host in &hosts {
            self.admit(host, sides, Patience::Waits, &mut passes).await?;
        }
        Ok(passes)
    }

    /// Adds what one host needs; false if it is not to be had at once and nobody waits.
    async fn admit(
        &self,
        (host, requests): &Needed,
        sides: &[Side],
        patience: Patience,
        passes: &mut Passes,
    ) -> Result<bool, (String, Denied)> {
        let denied = |denied| (host.clone(), denied);
        self.is_hushed(host).map_err(denied)?;
        let Some(trials) = self.trials(host, sides, patience).await.map_err(denied)? else {
            return Ok(false);
        };
        let Some(pass) = self.pass(host, *requests, patience).await else {
            return Ok(false);
        };
        // While it waited, another run may have been told to go away.
        self.is_hushed(host).map_err(denied)?;
        passes.hosts.push(pass);
        passes.trials.extend(trials);
        Ok(true)
    }

    /// The right to so many requests at a time; `None` if it is not to be had at once and nobody waits.
    pub(super) async fn pass(&self, host: &str, requests: u32, patience: Patience) -> Option<Pass> {
        let slots = slots(&self.app.loaded().config, host);
        let permit = self.app.budget.permit(host, slots, requests, patience).await?;
        if !self.app.budget.is_shared() {
            return Some(Pass::Alone { _permit: permit });
        }
        let wanted = Wanted {
            slots: requests.min(slots),
            of: slots,
            insists: false,
        };
        let slots = Slots::take(&self.app, host, wanted, permit, patience)
            .await
            .ok()?;
        Some(Pass::Shared { _slots: slots })
    }

    /// The trials of these sides' tokens on a host, in the order of their credentials' names.
    async fn trials(&self, host: &str, sides: &[Side], patience: Patience) -> Result<Option<Trials>, Denied> {
        let mut trials = Vec::new();
        for credential in self.credentials(host, sides) {
            if !self.may_show(host, &credential, sides, patience).await? {
                return Ok(None);
            }
            if self.app.budget.tokens.works(&credential) {
                continue;
            }
            let trial = self.app.budget.tokens.trial(&credential);
            let trial = match patience {
                Patience::Waits => trial.lock_owned().await,
                Patience::TakesWhatIsThere => match trial.try_lock_owned() {
                    Ok(trial) => trial,
                    Err(_) => return Ok(None),
                },
            };
            if !self.may_show(host, &credential, sides, patience).await? {
                return Ok(None);
            }
            if !self.app.budget.tokens.works(&credential) {
                trials.push((credential, trial));
            }
        }
        Ok(Some(trials))
    }

    /// The hosts of these sides, in the order of their names.
    fn needed(&self, sides: &[Side]) -> Vec<Needed> {
        let mut hosts: BTreeMap<String, u32> = BTreeMap::new();
        for side in sides {
            *hosts.entry(self.ends.of(*side).host.clone()).or_default() += 1;
        }
        hosts.remove("");
        hosts.into_iter().collect()
    }
}
