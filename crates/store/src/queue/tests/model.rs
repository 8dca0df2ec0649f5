//! Random interleavings of several workers on several mirrors, against what must hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Mark { mirror: usize, name: usize },
    Claim { worker: usize },
    Beat { worker: usize },
    Finish { worker: usize },
    Fail { worker: usize },
    Release { worker: usize },
    Die { worker: usize },
    Wait { ms: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..3_usize;
    prop_oneof![
        4 => (0..2_usize, 0..2_usize).prop_map(|(mirror, name)| Step::Mark { mirror, name }),
        4 => worker.clone().prop_map(|worker| Step::Claim { worker }),
        1 => worker.clone().prop_map(|worker| Step::Beat { worker }),
        3 => worker.clone().prop_map(|worker| Step::Finish { worker }),
        1 => worker.clone().prop_map(|worker| Step::Fail { worker }),
        1 => worker.clone().prop_map(|worker| Step::Release { worker }),
        1 => worker.prop_map(|worker| Step::Die { worker }),
        2 => prop_oneof![Just(1_000), Just(20_000), Just(40_000)].prop_map(|ms| Step::Wait { ms }),
    ]
}

/// What must be so.
#[derive(Default)]
struct World {
    now: i64,
    /// Who holds a mirror, until when.
    held: BTreeMap<String, (usize, i64)>,
    /// Marks that no finished run has seen: mirror and name, with the number of the mark.
    open: BTreeMap<(String, String), BTreeSet<u32>>,
    /// What each worker believes to hold, with the marks that it saw.
    claims: BTreeMap<usize, Vec<(Claim, BTreeSet<u32>)>>,
    marks: u32,
}

impl World {
    fn is_mine(&self, worker: usize, claim: &Claim, latest: &BTreeMap<String, i64>) -> bool {
        let mirror = claim.mirror.clone().unwrap_or_default();
        self.held
            .get(&mirror)
            .is_some_and(|(holder, _)| *holder == worker)
            && latest.get(&mirror) == Some(&claim.fence)
    }

    async fn act(&mut self, store: &Store, latest: &mut BTreeMap<String, i64>, step: &Step) {
        let now = Time(self.now);
        match step {
            Step::Wait { ms } => self.now += ms,
            Step::Mark { mirror, name: short } => {
                let mirror = format!("m{mirror}");
                let short = format!("b{short}");
                let marked = store.mark_due(&mirror, &[pushed(&short, '1', '2')], now).await;
                assert_ne!(marked.unwrap(), [Marked::Echo]);
                self.marks += 1;
                let open = self.open.entry((mirror, short)).or_default();
                open.insert(self.marks);
            }
            Step::Claim { worker } => {
                let claim = store
                    .claim(&format!("w{worker}"), &|_, _| true, LEASE, now)
                    .await
                    .unwrap();
                let free = |mirror: &String| {
                    let held = self.held.get(mirror);
                    held.is_none_or(|(_, until)| *until <= self.now)
                };
                let Some(claim) = claim else {
                    let mut waiting = Vec::new();
                    for (mirror, short) in self.open.keys().filter(|(mirror, _)| free(mirror)) {
                        // One whose worker died again and again is left alone for a while.
                        let next = store.mirror(mirror).await.unwrap().next_at.unwrap();
                        assert!(next.0 <= now.0 + 3_600_000, "{mirror} is left alone for too long");
                        if next <= now {
                            waiting.push((mirror, short));
                        }
                    }
                    assert!(
                        waiting.is_empty(),
                        "nothing was given although {waiting:?} is due and free"
                    );
                    return;
                };
                let mirror = claim.mirror.clone().unwrap();
                assert!(free(&mirror), "{mirror} is claimed twice");
                let mut seen = BTreeSet::new();
                for ((_, short), marks) in self.open.iter().filter(|((open, _), _)| *open == mirror) {
                    assert!(
                        dues(&claim).names.contains_key(&name(short)),
                        "{short} of {mirror} was lost"
                    );
                    seen.extend(marks.iter().copied());
                }
                assert!(latest.insert(mirror.clone(), claim.fence) < Some(claim.fence));
                self.held
                    .insert(mirror, (*worker, self.now + LEASE.as_millis() as i64));
                self.claims.entry(*worker).or_default().push((claim, seen));
            }
            Step::Die { worker } => drop(self.claims.remove(worker)),
            Step::Beat { worker }
            | Step::Finish { worker }
            | Step::Fail { worker }
            | Step::Release { worker } => {
                // The oldest first: a worker may speak under a claim that it lost while it has a new one on the same mirror.
                let claims = self.claims.get_mut(worker).filter(|claims| !claims.is_empty());
                let Some((claim, seen)) = claims.map(|claims| claims.remove(0)) else {
                    return;
                };
                self.end(store, latest, step, *worker, claim, &seen).await;
            }
        }
    }

    async fn end(
        &mut self,
        store: &Store,
        latest: &BTreeMap<String, i64>,
        step: &Step,
        worker: usize,
        claim: Claim,
        seen: &BTreeSet<u32>,
    ) {
        let now = Time(self.now);
        let mirror = claim.mirror.clone().unwrap();
        let mine = self.is_mine(worker, &claim, latest);
        let lapsed = self.held.get(&mirror).is_none_or(|(_, until)| *until <= self.now);
        let result = match step {
            Step::Beat { .. } => match store.heartbeat(&claim, LEASE, now).await.unwrap() {
                Beat::Lost => Err(lost(&mirror)),
                Beat::Mine | Beat::Cancelled => Ok(()),
            },
            Step::Release { .. } => store.release(&claim, now).await,
            Step::Fail { .. } => {
                let outcome = Outcome {
                    retry_at: Some(now),
                    error: Some("no".to_owned()),
                    ..Outcome::default()
                };
                store.finish(&claim, &outcome, now).await
            }
            _ => store.finish(&claim, &Outcome::default(), now).await,
        };
        match result {
            Err(StoreError::Fenced { .. }) => {
                assert!(
                    !mine || lapsed,
                    "the claim on {mirror} was taken from a living worker"
                );
            }
            Err(error) => panic!("{error}"),
            Ok(()) => {
                assert!(mine, "{mirror} took the word of a worker that lost its claim");
                if matches!(step, Step::Beat { .. }) {
                    self.held
                        .insert(mirror, (worker, self.now + LEASE.as_millis() as i64));
                    self.claims.entry(worker).or_default().push((claim, seen.clone()));
                    return;
                }
                self.held.remove(&mirror);
                if matches!(step, Step::Finish { .. }) {
                    self.open.retain(|_, marks| {
                        marks.retain(|mark| !seen.contains(mark));
                        !marks.is_empty()
                    });
                }
            }
        }
    }
}

/// Runs so many histories against a database.
async fn histories(fresh: &Fresh, cases: u32) {
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let store = fresh.store.clone();
    let handle = tokio::runtime::Handle::current();
    let outcome = tokio::task::spawn_blocking(move || {
        runner.run(&proptest::collection::vec(step(), 1..40), |steps| {
            handle.block_on(async {
                clean(&store).await;
                let mut world = World {
                    now: 1_000,
                    ..World::default()
                };
                let mut latest = BTreeMap::new();
                for step in &steps {
                    world.act(&store, &mut latest, step).await;
                }
            });
            Ok(())
        })
    });
    outcome.await.unwrap().unwrap();
}

/// Two mirrors with nothing due: as new as a new database, and quicker.
async fn clean(store: &Store) {
    for sql in ["DELETE FROM mirrors", "DELETE FROM due", "DELETE FROM runs"] {
        store.db().exec(sql, vec![]).await.unwrap();
    }
    store.adopt(&[known("m0"), known("m1")], Time(0)).await.unwrap();
    while let Some(claim) = store.claim("w", &|_, _| true, LEASE, Time(0)).await.unwrap() {
        store.finish(&claim, &Outcome::default(), Time(0)).await.unwrap();
    }
}

on_both!(no_mirror_runs_twice_and_nothing_due_is_lost, |fresh| {
    histories(&fresh, 48).await;
});

on_both!(of_many_workers_at_once_each_gets_its_own, |fresh| {
    let mirrors: Vec<_> = (0..40).map(|number| known(&format!("m{number}"))).collect();
    fresh.store.adopt(&mirrors, Time(0)).await.unwrap();
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(claim) = store
                    .claim(&format!("w{worker}"), &|_, _| true, LEASE, Time(1))
                    .await
                    .unwrap()
                {
                    mine.push(claim.mirror.unwrap());
                }
                mine
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!((count, all.len()), (40, 40));
});
