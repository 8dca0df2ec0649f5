//! One direction of one connection, with its faults.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::{sleep, timeout};

use crate::fault_proxy::fault::{Act, Trigger};

/// How often a held direction looks whether its sender is still there.
const LOOK: Duration = Duration::from_millis(10);

/// Trickled bytes go in this many pieces a second.
const PIECES_A_SECOND: u64 = 100;

/// Why a connection ends before both sides have said all.
pub(crate) enum End {
    Reset,
    Close,
}

impl From<io::Error> for End {
    /// One side broke, so the other breaks as well.
    fn from(_: io::Error) -> End {
        End::Reset
    }
}

pub(crate) struct Pump<'c> {
    from: ReadHalf<'c>,
    to: WriteHalf<'c>,
    triggers: Vec<Trigger>,
    passed: &'c AtomicU64,
    /// Bytes a second, once it trickles.
    rate: Option<u64>,
    corrupt_next: bool,
}

impl<'c> Pump<'c> {
    pub(crate) fn new(
        from: ReadHalf<'c>,
        to: WriteHalf<'c>,
        triggers: Vec<Trigger>,
        passed: &'c AtomicU64,
    ) -> Pump<'c> {
        Pump {
            from,
            to,
            triggers,
            passed,
            rate: None,
            corrupt_next: false,
        }
    }

    /// Passes bytes until the sender ends regularly.
    pub(crate) async fn run(mut self) -> Result<(), End> {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let count = self.from.read(&mut buffer).await?;
            if count == 0 {
                // The receiver may be gone already; then it has nothing to miss.
                let _ = self.to.shutdown().await;
                return Ok(());
            }
            self.pass_with_faults(&mut buffer[..count]).await?;
        }
    }

    async fn pass_with_faults(&mut self, mut piece: &mut [u8]) -> Result<(), End> {
        // Also with an empty rest: several faults can wait at the same point.
        while let Some((index, at)) = self.next_fault(piece) {
            let (before, after) = piece.split_at_mut(at);
            self.pass(before).await?;
            piece = after;
            if let Some(act) = self.triggers[index].fire() {
                self.perform(act).await?;
            }
        }
        self.pass(piece).await
    }

    /// The first fault in this piece: its index, and after how many bytes it happens.
    fn next_fault(&self, piece: &[u8]) -> Option<(usize, usize)> {
        let looks = self.triggers.iter().enumerate();
        looks
            .filter_map(|(index, trigger)| Some((index, trigger.look(piece)?)))
            .min_by_key(|(_, at)| *at)
    }

    async fn pass(&mut self, bytes: &mut [u8]) -> Result<(), End> {
        for trigger in &mut self.triggers {
            trigger.pass(bytes);
        }
        if let (true, Some(first)) = (self.corrupt_next, bytes.first_mut()) {
            *first = !*first;
            self.corrupt_next = false;
        }
        match self.rate {
            None => self.send(bytes).await,
            Some(rate) => {
                let size = usize::try_from(rate.div_ceil(PIECES_A_SECOND)).unwrap_or(usize::MAX);
                for part in bytes.chunks(size) {
                    sleep(Duration::from_millis(1000 / PIECES_A_SECOND)).await;
                    self.send(part).await?;
                }
                Ok(())
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.to.write_all(bytes).await?;
        self.passed.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    async fn perform(&mut self, act: Act) -> Result<(), End> {
        match act {
            Act::Reset => return Err(End::Reset),
            Act::Close => return Err(End::Close),
            Act::Stall => return Err(self.sender_gone().await),
            Act::Hold(gate) => {
                tokio::select! {
                    () = gate.pass() => {}
                    end = self.sender_gone() => return Err(end),
                }
            }
            Act::Trickle(rate) => self.rate = Some(rate),
            Act::Inject(bytes) => self.send(&bytes).await?,
            Act::Corrupt => self.corrupt_next = true,
            Act::Flood(bytes) => loop {
                self.send(&bytes).await?;
            },
        }
        Ok(())
    }

    /// Resolves when the sender has hung up, without reading what it sent.
    async fn sender_gone(&self) -> End {
        loop {
            sleep(LOOK).await;
            let ready = timeout(Duration::ZERO, self.from.ready(Interest::READABLE)).await;
            if ready.is_ok_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed())) {
                return End::Reset;
            }
        }
    }
}
