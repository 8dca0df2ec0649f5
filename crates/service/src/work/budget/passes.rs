//! What lets a run talk to its hosts: the trials of their tokens, permits of this process, slots of all processes.
//!
//! Who waits for one host has nothing of another in its hands: a slow host, or one whose token is being tried, keeps nobody from the
//! rest.

use engine::side::Side;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};

use super::denied::Denied;
use super::gate::Gate;
use super::slots::{Full, Slot};
use super::{Patience, slots};

/// How often a run that waited for one host and finds another one full begins again. After that it insists: it waits with what it
/// has, which one run does at a time.
const ROUNDS: usize = 8;

/// What lets a run talk to one host; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    _permit: OwnedSemaphorePermit,
    _slot: Option<Slot>,
}

/// The right to try tokens that were not seen to work just now, by their credentials' names.
pub(super) type Trials = Vec<(String, OwnedMutexGuard<()>)>;

/// All that a run needs.
#[derive(Debug, Default)]
pub(super) struct Passes {
    pub(super) hosts: Vec<(String, Pass)>,
    pub(super) trials: Trials,
}

impl Gate {
    /// Waits for what all hosts of the run need.
    pub(super) async fn passes(&self) -> Result<Passes, Denied> {
        let hosts = self.hosts();
        let mut awaited = 0;
        for _ in 0..ROUNDS {
            let mut passes = Passes::default();
            let Some(first) = hosts.get(awaited) else {
                return Ok(passes);
            };
            self.pass(first, Patience::Waits, &mut passes).await?;
            let mut full = None;
            for (index, host) in hosts.iter().enumerate().filter(|(index, _)| *index != awaited) {
                if !self.pass(host, Patience::TakesWhatIsThere, &mut passes).await? {
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
            self.pass(host, Patience::Waits, &mut passes).await?;
        }
        Ok(passes)
    }

    /// Adds what one host needs; false if it is not to be had at once and nobody waits.
    async fn pass(&self, host: &str, patience: Patience, passes: &mut Passes) -> Result<bool, Denied> {
        self.is_hushed(host)?;
        let Some(trials) = self.trials(host, patience).await? else {
            return Ok(false);
        };
        let slots = slots(&self.app.loaded().config, host);
        let Some(permit) = self.app.budget.permit(host, slots, patience).await else {
            return Ok(false);
        };
        let slot = match self.app.budget.is_shared() {
            false => None,
            true => match Slot::take(&self.app, host, slots, patience).await {
                Ok(slot) => slot,
                Err(Full) => return Ok(false),
            },
        };
        // While it waited, another run may have been told to go away.
        self.is_hushed(host)?;
        let pass = Pass {
            _permit: permit,
            _slot: slot,
        };
        passes.hosts.push((host.to_owned(), pass));
        passes.trials.extend(trials);
        Ok(true)
    }

    /// The trials of the host's tokens, in the order of their credentials' names.
    async fn trials(&self, host: &str, patience: Patience) -> Result<Option<Trials>, Denied> {
        let mut trials = Vec::new();
        for credential in self.credentials(host) {
            self.may_show(&credential).await?;
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
            self.may_show(&credential).await?;
            if !self.app.budget.tokens.works(&credential) {
                trials.push((credential, trial));
            }
        }
        Ok(Some(trials))
    }

    /// The hosts of the run, in the order of their names.
    fn hosts(&self) -> Vec<String> {
        let host = |side: Side| self.ends.of(side).host.clone();
        let mut hosts = vec![host(Side::Source), host(Side::Target)];
        hosts.retain(|host| !host.is_empty());
        hosts.sort();
        hosts.dedup();
        hosts
    }
}
