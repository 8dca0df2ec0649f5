//! `refsync sync` against the mirror script that it replaces, in random scenarios: the same exit code and the same
//! references on the target, but for the deliberate differences.
//!
//! The scenarios follow from a seed, which a failure names. `REFSYNC_PARITY_SEED` and `REFSYNC_PARITY_COUNT` choose others
//! and more.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod arena;
mod pool;
mod random;
mod scenario;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use arena::{Arena, Verdict};
use random::Random;
use scenario::Scenario;

const SEED: u64 = 20_261_121;
const COUNT: usize = 300;
const THREADS: usize = 2;

#[test]
fn random_scenarios_end_as_with_the_script() {
    let seed = setting("REFSYNC_PARITY_SEED", SEED);
    let count = setting("REFSYNC_PARITY_COUNT", COUNT);
    println!("seed {seed}, {count} scenarios");
    let scenarios: Vec<Scenario> = (0..count as u64)
        .map(|number| Scenario::random(Random::new(seed, number)))
        .collect();
    let arena = Arena::new();
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((number, scenario)) = next_of(&scenarios, &next) {
                    let verdict = arena.run(number, scenario);
                    verdicts.lock().unwrap().push(verdict);
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().unwrap();
    assert_eq!(verdicts.len(), count);
    report(seed, &verdicts);
    if count >= COUNT {
        assert_every_exit_code_occurs(&verdicts);
    }
}

fn setting<T: std::str::FromStr>(variable: &str, default: T) -> T {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
        Err(_) => default,
    }
}

fn next_of<'a>(scenarios: &'a [Scenario], next: &AtomicUsize) -> Option<(usize, &'a Scenario)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    scenarios.get(number).map(|scenario| (number, scenario))
}

fn report(seed: u64, verdicts: &[Verdict]) {
    let wrong: Vec<String> = verdicts.iter().filter_map(Verdict::difference).collect();
    let shown = wrong
        .iter()
        .take(8)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n\n");
    assert!(
        wrong.is_empty(),
        "seed {seed}: {} of {} scenarios differ:\n\n{shown}",
        wrong.len(),
        verdicts.len()
    );
}

/// A test whose scenarios all end alike would prove little.
fn assert_every_exit_code_occurs(verdicts: &[Verdict]) {
    let mut codes: BTreeMap<i32, usize> = BTreeMap::new();
    for verdict in verdicts {
        *codes.entry(verdict.exit()).or_default() += 1;
    }
    for code in [0, 1, 2, 3, 64] {
        let times = codes.get(&code).copied().unwrap_or(0);
        assert!(
            times * 50 >= verdicts.len(),
            "exit code {code} occurs only {times} times: {codes:?}"
        );
    }
}
