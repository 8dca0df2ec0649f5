//! What is sent to a server: chunks through a bounded buffer, from which back-pressure runs to whoever makes them.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use gitwire::pktline::Decoder;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::incoming::trace;
use crate::error::Fault;
use crate::side::Side;

/// How many chunks wait between the two sides. With side-band a chunk is a packet, which bounds the memory of a relay to about 1 MiB;
/// without, it is what one read gave.
const CHUNKS: usize = 16;

/// The stream to a server. Dropping it without [`Outgoing::finish`] cuts the stream where it is.
#[derive(Debug)]
pub(crate) struct Outgoing {
    side: Side,
    chunks: Option<mpsc::Sender<Result<Bytes, io::Error>>>,
    writer: Option<JoinHandle<()>>,
    patience: Duration,
}

impl Outgoing {
    /// A stream that becomes the body of a request: the receiver yields its chunks, and an error if it is cut.
    pub(crate) fn body(side: Side, patience: Duration) -> (Self, mpsc::Receiver<Result<Bytes, io::Error>>) {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        (
            Self {
                side,
                chunks: Some(sender),
                writer: None,
                patience,
            },
            receiver,
        )
    }

    /// A stream into a program or a socket. A task of its own writes, so that reading never waits for writing.
    pub(crate) fn stream(
        side: Side,
        write: impl AsyncWrite + Send + Unpin + 'static,
        patience: Duration,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let writer = tokio::spawn(write_all(write, receiver));
        Self {
            side,
            chunks: Some(sender),
            writer: Some(writer),
            patience,
        }
    }

    /// Sends packets that were encoded before.
    pub(crate) async fn packets(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        trace_all(self.side, &bytes);
        self.send(bytes.into()).await
    }

    /// Sends bytes as they are. An error tells only that the other side no longer reads; why, it says itself.
    pub(crate) async fn send(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let Some(chunks) = &self.chunks else {
            return Err(no_longer_reads());
        };
        match tokio::time::timeout(self.patience, chunks.send(Ok(bytes))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(no_longer_reads()),
            Err(_) => Err(Fault::TimedOut {
                what: "progress of the data sent",
                after: self.patience,
            }),
        }
    }

    /// Ends the stream properly: all was sent.
    pub(crate) fn finish(&mut self) {
        self.chunks = None;
        // The writer ends by itself once it has written what waits.
        self.writer = None;
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if let Some(chunks) = &self.chunks {
            // Over HTTP an error in the body is what keeps a cut stream from looking like a whole one.
            let cut = Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut"));
            drop(chunks.try_send(cut));
        }
        if let Some(writer) = &self.writer {
            writer.abort();
        }
    }
}

fn no_longer_reads() -> Fault {
    Fault::HungUp {
        message: "it stopped reading".into(),
    }
}

async fn write_all(mut write: impl AsyncWrite + Unpin, mut chunks: mpsc::Receiver<Result<Bytes, io::Error>>) {
    while let Some(Ok(bytes)) = chunks.recv().await {
        if write.write_all(&bytes).await.is_err() || write.flush().await.is_err() {
            return;
        }
    }
    // The other side sees the end of its input when `write` is dropped.
}

/// A receiver of chunks as the stream that a request body is made from.
pub(crate) fn chunks(
    first: Bytes,
    mut receiver: mpsc::Receiver<Result<Bytes, io::Error>>,
) -> impl futures_util::Stream<Item = Result<Bytes, io::Error>> {
    let mut first = Some(first);
    futures_util::stream::poll_fn(move |context| match first.take() {
        Some(bytes) => std::task::Poll::Ready(Some(Ok(bytes))),
        None => receiver.poll_recv(context),
    })
}

/// Shows packets that are sent, at the trace level.
pub(crate) fn trace_all(side: Side, bytes: &[u8]) {
    if !tracing::enabled!(target: "refsync::packet", tracing::Level::TRACE) {
        return;
    }
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    while let Ok(Some(packet)) = decoder.next_packet() {
        trace(side, '>', &packet);
    }
}
