//! Random writers on both sides of real repositories, and whatever can go wrong: after each round both sides are equal or the
//! difference is shown, and nothing that a person pushed last is gone.

use serde_json::Value;
use testkit::{Service, Then, When, tmp};

use crate::people::Act;
use crate::random::Random;
use crate::world::World;

/// How many rounds each test makes, if not told otherwise.
const ROUNDS: usize = 5;

/// What people do in a round.
const ACTS: usize = 14;

fn rounds() -> usize {
    let asked = std::env::var("REFSYNC_CHAOS_ROUNDS").ok();
    asked.map_or(ROUNDS, |asked| asked.parse().expect("a number of rounds"))
}

/// The seed: what somebody says who wants to see something again, or the usual one.
fn seed(usual: u64) -> u64 {
    let asked = std::env::var("REFSYNC_CHAOS_SEED").ok();
    asked.map_or(usual, |asked| asked.parse().expect("a seed is a number"))
}

/// Something that goes wrong on a side.
fn fault(world: &World, random: &mut Random) {
    let server = &world.servers[random.below(2)];
    let service = *random.pick(&[Service::ReceivePack, Service::UploadPack]);
    let when = if random.one_in(2) {
        When::call(service)
    } else {
        When::discovery(service)
    };
    let then = match random.below(4) {
        0 => Then::status(500),
        1 => Then::HangUp,
        2 => Then::CutAnswer(random.below(200)),
        _ => Then::status(503),
    };
    server.times(1 + random.below(2), when, then);
}

/// Webhooks that were not sent yet: some are lost, some sent twice, in any order.
fn tell(world: &World, random: &mut Random, waiting: &mut Vec<Act>) {
    while !waiting.is_empty() && !random.one_in(3) {
        let act = waiting.remove(random.below(waiting.len()));
        if random.one_in(5) {
            continue;
        }
        let status = world.tell(&act);
        assert!([202, 0, 503].contains(&status), "a webhook was answered {status}");
        if random.one_in(4) {
            waiting.push(act);
        }
    }
}

fn round(world: &mut World, random: &mut Random, busy: impl Fn(&mut Random)) {
    let mut waiting = Vec::new();
    let mut killed = None;
    for _ in 0..ACTS {
        waiting.extend(world.people.act(random));
        tell(world, random, &mut waiting);
        if random.one_in(4) {
            fault(world, random);
        }
        if random.one_in(10) {
            busy(random);
        }
        if killed.is_none() && random.one_in(8) {
            let victim = random.below(world.processes.len());
            world.processes[victim].kill();
            killed = Some(victim);
            if world.processes.len() == 1 {
                world.processes[victim].restart();
            }
        }
    }
    for server in &world.servers {
        server.clear_rules();
    }
    if let Some(victim) = killed.filter(|_| world.processes.len() > 1) {
        world.processes[victim].restart();
    }
    world.come_to_rest();
    let lost = world.people.lost();
    assert!(lost.is_empty(), "lost: {lost:#?}\n{}", world.tail());
}

/// People settle conflicts, some of them.
fn settle(world: &mut World, random: &mut Random) {
    for (name, values) in world.conflicts() {
        if random.one_in(3) {
            continue;
        }
        let take = random.below(2);
        world.resolve(&name, take);
        let start = std::time::Instant::now();
        while world.people.differing().iter().any(|(of, _)| *of == name) {
            assert!(
                start.elapsed().as_secs() < 60,
                "{name} was not resolved: {:#}\n{}",
                world.api("GET", "/runs?mirror=app&limit=2", &Value::Null).1,
                world.tail()
            );
            testkit::pause();
        }
        let known = crate::people::BRANCHES.into_iter().find(|it| **it == *name);
        let zero = "0".repeat(40);
        let replaced = values[1 - take].as_deref().unwrap_or(&zero);
        world
            .people
            .acted(known.expect("one of ours"), replaced, values[take].as_deref());
    }
}

fn chaos(seed: u64, processes: usize, database: &str, busy: impl Fn(&mut Random)) {
    let directory = tmp();
    let mut world = World::new(directory.path(), processes, database);
    for number in 0..rounds() {
        let of_round = seed
            .wrapping_mul(1_000)
            .wrapping_add(u64::try_from(number).expect("small"));
        let mut random = Random::new(of_round);
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            round(&mut world, &mut random, &busy);
            settle(&mut world, &mut random);
        }));
        if let Err(panic) = made {
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!(
                    "to see it again: REFSYNC_CHAOS_SEED={seed} REFSYNC_CHAOS_ROUNDS={}\n",
                    number + 1
                )
                .as_bytes(),
            );
            std::panic::resume_unwind(panic);
        }
    }
    for side in &world.people.sides {
        side.fsck_strict();
    }
}

#[test]
fn nothing_is_lost_by_one_process_that_is_killed_and_started_again() {
    chaos(seed(20_261_121), 1, "sqlite:refsync.db", |_| {});
}

#[test]
fn nothing_is_lost_by_two_processes_on_a_busy_database() {
    let database = testkit::postgres::database();
    let url = database.clone();
    let busy = move |random: &mut Random| {
        let table = *random.pick(&["mirrors", "due", "runs", "bases"]);
        let url = url.clone();
        std::thread::spawn(move || {
            let lock = format!("BEGIN; LOCK TABLE {table}; SELECT pg_sleep(0.7); COMMIT");
            testkit::postgres::execute(&url, &lock);
        });
    };
    chaos(seed(20_261_122), 2, &database, busy);
}
