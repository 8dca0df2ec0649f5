//! Writing down: deliveries that come at once share one transaction, so that a burst costs the database few commits.

use std::fmt;
use std::time::Duration;

use store::delivery::{Arrival, Delivered};
use store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use super::answer::Refusal;

/// How many deliveries wait to be written, before more are put off.
const WAITING: usize = 2_048;

/// The most deliveries of one transaction.
const BATCH: usize = 128;

/// The most bytes of bodies of one transaction, unless one alone is larger.
const BATCH_BYTES: usize = 8 << 20;

/// How long a delivery waits for the database before its host is told to try again. Hosts wait for 5 to 10 seconds.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) type Reply = Result<Delivered, StoreError>;

struct Job {
    arrival: Arrival,
    reply: oneshot::Sender<Reply>,
}

/// Hands deliveries to the one task that writes them.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the task. It ends when the last writer is gone and all is written.
    pub(super) fn start(store: Store) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write_all(store, waiting));
        Self { jobs }
    }

    /// Writes a delivery, and comes back when it is written. A delivery that is handed over is written even if nobody waits for it.
    pub(super) async fn write(&self, arrival: Arrival) -> Result<Delivered, Refusal> {
        let (reply, written) = oneshot::channel();
        self.jobs
            .try_send(Job { arrival, reply })
            .map_err(|_| Refusal::later("too many deliveries at once: try again", 2))?;
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(Ok(delivered))) => Ok(delivered),
            Ok(Ok(Err(error))) => Err(put_off(&error)),
            Ok(Err(_)) => Err(Refusal::later("refsync is stopping: try again", 5)),
            Err(_) => Err(Refusal::later("the database is busy: try again", 5)),
        }
    }
}

/// What a host is told of the database's troubles; people read the log.
fn put_off(error: &StoreError) -> Refusal {
    tracing::error!(%error, "a delivery could not be written down; its host is told to try again");
    match error {
        StoreError::Busy(_) => Refusal::later("the database is busy: try again", 5),
        StoreError::Unreachable(_) => Refusal::later("the database cannot be reached: try again", 30),
        _ => Refusal::later("the delivery could not be written down: try again", 30),
    }
}

async fn write_all(store: Store, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.recv().await {
        let mut bytes = first.arrival.delivery.body.len();
        let mut jobs = vec![first];
        while jobs.len() < BATCH && bytes < BATCH_BYTES {
            let Ok(job) = waiting.try_recv() else { break };
            bytes += job.arrival.delivery.body.len();
            jobs.push(job);
        }
        write(&store, jobs).await;
    }
}

/// Writes several in one transaction; if that fails, one by one, so that one bad delivery does not take the others with it.
async fn write(store: &Store, jobs: Vec<Job>) {
    let (arrivals, replies): (Vec<Arrival>, Vec<_>) =
        jobs.into_iter().map(|job| (job.arrival, job.reply)).unzip();
    let together: Vec<Reply> = match store.deliver_all(&arrivals).await {
        Ok(delivered) => delivered.into_iter().map(Ok).collect(),
        Err(error) if arrivals.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut alone = Vec::with_capacity(arrivals.len());
            for arrival in &arrivals {
                alone.push(one(store, arrival).await);
            }
            alone
        }
    };
    for (reply, written) in replies.into_iter().zip(together) {
        // Who asked may be gone.
        let _ = reply.send(written);
    }
}

/// Writes one delivery in a transaction of its own.
pub(super) async fn one(store: &Store, arrival: &Arrival) -> Reply {
    let mut delivered = store.deliver_all(std::slice::from_ref(arrival)).await?;
    delivered
        .pop()
        .ok_or_else(|| StoreError::Database("nothing is known of a delivery that was written".to_owned()))
}
