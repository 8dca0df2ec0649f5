//! Ten deliveries for each mirror, 500 a second, on SQLite; a SIGKILL in the middle; nothing that was answered 202 may be lost.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::fleet::{Fleet, SECRET, payload};
use super::http::Client;
use super::process::Served;
use super::{Figure, ms, percentile, wait};
use crate::bench::lab::Lab;

/// Deliveries a second.
const OFFERED: f64 = 500.0;
/// Branches of each mirror: as many deliveries.
const BRANCHES: u32 = 10;
/// Connections of the sender, more than are ever busy.
const CONNECTIONS: usize = 32;

/// A delivery to send at a given time after the beginning.
struct Planned {
    at: Duration,
    path: String,
    body: Vec<u8>,
}

/// What the senders share.
#[derive(Default)]
struct Sent {
    took: Mutex<Vec<Duration>>,
    refused: Mutex<Vec<u16>>,
    /// Sent and not answered.
    again: Mutex<VecDeque<Planned>>,
}

pub(super) fn measure(lab: &Lab, refsync: &Path, mirrors: usize) -> anyhow::Result<Vec<Figure>> {
    let fleet = Fleet::new(lab, mirrors, BRANCHES, true)?;
    let folder = testkit::tmp();
    // No sweep: what a delivery does not bring stays out of sync.
    let text = fleet.configuration(lab, "sqlite:refsync.db", "off", "");
    let mut served = Served::start(refsync, folder.path(), &text)?;
    let mut first_half = plan(&fleet);
    let second_half = first_half.split_off(first_half.len() / 2);
    let count = first_half.len() + second_half.len();

    let sent = Arc::new(Sent::default());
    let began = Instant::now();
    // Killed while deliveries are on their way, not between two of them.
    let address = served.address;
    let sending = {
        let sent = Arc::clone(&sent);
        std::thread::spawn(move || send(address, first_half, &sent))
    };
    super::pass(Duration::from_secs_f64(count as f64 / 2.0 / OFFERED * 0.9));
    served.kill();
    drop(served);
    // The senders find nobody and give up; what they did not send is sent later.
    let left = sending.join().expect("a sender does not panic")?;
    lock(&sent.again).extend(left);
    let served = Served::restart(refsync, folder.path())?;
    send(served.address, second_half, &sent)?;
    // As a host does, or its sweep: what was not answered is sent once more.
    let again = std::mem::take(&mut *lock(&sent.again));
    let resent = again.len();
    send(served.address, again.into(), &sent)?;
    wait("every mirror in sync", Duration::from_secs(900), || {
        super::pass(Duration::from_millis(200));
        Ok(fleet.is_in_sync())
    })?;
    let all = began.elapsed();

    let refused = lock(&sent.refused).len();
    let mut took = lock(&sent.took).clone();
    ensure!(
        took.len() + refused >= count,
        "deliveries were neither answered nor refused"
    );
    let slowest = percentile(&mut took, 99);
    Ok(vec![
        Figure::limited(
            format!("{count} deliveries for {mirrors} mirrors, a SIGKILL in the middle: not answered 202"),
            format!("{refused} ({resent} were cut by the SIGKILL and sent again)"),
            "0",
            refused == 0,
        ),
        Figure::limited(
            "answer to a delivery at 500 a second, 99th percentile",
            format!("{} (median {})", ms(slowest), ms(percentile(&mut took, 50))),
            "100 ms",
            slowest <= Duration::from_millis(100),
        ),
        Figure::plain(
            "until every mirror was in sync",
            format!("{:.0} s after the first delivery", all.as_secs_f64()),
        ),
    ])
}

/// Round robin over the mirrors, so that each has its deliveries spread over the whole burst.
fn plan(fleet: &Fleet) -> Vec<Planned> {
    let references = fleet
        .before
        .iter()
        .map(|(name, old)| (name, old, &fleet.after[name]));
    references
        .flat_map(|(name, old, new)| {
            fleet
                .mirrors
                .iter()
                .map(move |mirror| (format!("/hooks/{}/source", mirror.name), payload(name, old, new)))
        })
        .enumerate()
        .map(|(number, (path, body))| Planned {
            at: Duration::from_secs_f64(number as f64 / OFFERED),
            path,
            body,
        })
        .collect()
}

/// Sends each at its time, whether or not those before are answered: an answer's time counts from when it was to be sent. Gives what
/// could not be sent because nobody listened any more.
fn send(address: SocketAddr, planned: Vec<Planned>, sent: &Arc<Sent>) -> anyhow::Result<VecDeque<Planned>> {
    let Some(offset) = planned.first().map(|first| first.at) else {
        return Ok(VecDeque::new());
    };
    let queue = Arc::new(Mutex::new(VecDeque::from(planned)));
    let began = Instant::now();
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (queue, sent) = (Arc::clone(&queue), Arc::clone(sent));
            std::thread::spawn(move || send_in_turn(address, began, offset, &queue, &sent))
        })
        .collect();
    for sender in senders {
        sender.join().expect("a sender does not panic");
    }
    let left = std::mem::take(&mut *lock(&queue));
    Ok(left)
}

/// What one connection sends, until nothing is left or nobody listens.
fn send_in_turn(
    address: SocketAddr,
    began: Instant,
    offset: Duration,
    queue: &Mutex<VecDeque<Planned>>,
    sent: &Sent,
) {
    let Ok(mut client) = Client::connect(address) else {
        return;
    };
    loop {
        let Some(next) = lock(queue).pop_front() else {
            return;
        };
        let due = began + next.at.saturating_sub(offset);
        super::pass(due.saturating_duration_since(Instant::now()));
        match client.hook(&next.path, SECRET, &next.body) {
            Ok(answer) if answer.status == 202 => lock(&sent.took).push(due.elapsed()),
            Ok(answer) => lock(&sent.refused).push(answer.status),
            Err(_) => {
                lock(&sent.again).push_back(next);
                let Ok(anew) = Client::connect(address) else {
                    return;
                };
                client = anew;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
