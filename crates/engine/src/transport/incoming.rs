//! What a server sends: packets, and at times bytes as they are.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gitwire::ProtocolError;
use gitwire::pktline::{Decoder, Packet, PacketError};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::process::Guard;
use crate::error::Fault;
use crate::side::Side;

/// How long the end of an answer is waited for.
const REST: Duration = Duration::from_millis(50);

/// How much is read at once.
const READ: usize = 64 * 1024;

/// The stream from a server.
pub(crate) struct Incoming {
    source: ByteSource,
    decoder: Decoder,
    side: Side,
    patience: Duration,
    waiting_for: &'static str,
    /// A packet was read: whatever comes now, it is a Git server that says it.
    is_git: bool,
    /// What must live, and is asked for its last words, as long as this is read.
    guard: Option<Guard>,
}

enum ByteSource {
    Http(reqwest::Response),
    Stream {
        read: Box<dyn AsyncRead + Send + Sync + Unpin>,
        buffer: BytesMut,
    },
}

impl Incoming {
    /// The body of a response.
    pub(crate) fn http(side: Side, response: reqwest::Response, patience: Duration) -> Self {
        Self::new(ByteSource::Http(response), side, patience, None)
    }

    /// The output of a program, or a socket.
    pub(crate) fn stream(
        side: Side,
        read: impl AsyncRead + Send + Sync + Unpin + 'static,
        patience: Duration,
        guard: Option<Guard>,
    ) -> Self {
        Self::new(
            ByteSource::Stream {
                read: Box::new(read),
                buffer: BytesMut::new(),
            },
            side,
            patience,
            guard,
        )
    }

    fn new(source: ByteSource, side: Side, patience: Duration, guard: Option<Guard>) -> Self {
        Self {
            source,
            decoder: Decoder::new(),
            side,
            patience,
            waiting_for: "answer",
            is_git: false,
            guard,
        }
    }

    /// From here on, waits this long for the next byte of what is called so in the error.
    pub(crate) fn wait(&mut self, waiting_for: &'static str, patience: Duration) {
        self.waiting_for = waiting_for;
        self.patience = patience;
    }

    /// The next packet; `None` at the end of the stream.
    pub(crate) async fn packet(&mut self) -> Result<Option<Packet>, Fault> {
        loop {
            if let Some(packet) = self.decoder.next_packet().map_err(|error| self.not_git(error))? {
                trace(self.side, '<', &packet);
                self.is_git = true;
                return Ok(Some(packet));
            }
            match self.chunk().await? {
                Some(bytes) => self.decoder.feed(&bytes),
                None if self.decoder.is_empty() => return Ok(None),
                None => return Err(self.ended("a packet line").await),
            }
        }
    }

    fn not_git(&self, error: PacketError) -> Fault {
        match error {
            PacketError::Length(found)
                if !self.is_git && (found.iter().all(u8::is_ascii_graphic) || found.starts_with(b"<")) =>
            {
                Fault::NotGit {
                    found: format!("the answer starts with {found:?}"),
                }
            }
            error => Fault::Protocol(ProtocolError::Packet(error)),
        }
    }

    /// The next bytes as they are; `None` at the end of the stream.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let (patience, what) = (self.patience, self.waiting_for);
        tokio::time::timeout(patience, self.source.chunk())
            .await
            .map_err(|_| Fault::TimedOut {
                what,
                after: patience,
            })?
            .map_err(|message| Fault::HungUp { message })
    }

    /// Waits for the first bytes and keeps them. False if there are none; why, the next read says.
    pub(crate) async fn peek(&mut self) -> bool {
        match self.chunk().await {
            Ok(Some(bytes)) => {
                self.decoder.feed(&bytes);
                true
            }
            _ => false,
        }
    }

    /// Gives up packets and hands out what was read too far: the start of a pack that is sent without side-band.
    pub(crate) fn take_rest(&mut self) -> Bytes {
        std::mem::take(&mut self.decoder).into_rest()
    }

    /// Reads to the end of an answer that has nothing more to say, so that its HTTP/1.1 connection can be used again. A server
    /// that takes its time is not waited for.
    pub(crate) async fn end(mut self) {
        if let ByteSource::Http(response) = &mut self.source {
            let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
            let _ = tokio::time::timeout(REST, rest).await;
        }
    }

    /// The same, while something else goes on.
    pub(crate) fn end_aside(self) {
        if let ByteSource::Http(_) = &self.source {
            tokio::spawn(self.end());
        }
    }

    /// The stream ended where it may not: the program's last words say why, if it had any.
    pub(crate) async fn ended(&mut self, during: &'static str) -> Fault {
        let words = match &mut self.guard {
            Some(guard) => guard.last_words().await,
            None => String::new(),
        };
        let named = (!words.is_empty()).then(|| super::complaint(&words)).flatten();
        named.unwrap_or_else(|| Fault::HungUp {
            message: if words.is_empty() {
                format!("the stream ended during {during}")
            } else {
                words
            },
        })
    }
}

impl ByteSource {
    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        match self {
            Self::Http(response) => response.chunk().await.map_err(|error| root_cause(&error)),
            Self::Stream { read, buffer } => {
                buffer.reserve(READ);
                match read.read_buf(buffer).await {
                    Ok(0) => Ok(None),
                    Ok(_) => Ok(Some(buffer.split().freeze())),
                    Err(error) => Err(error.to_string()),
                }
            }
        }
    }
}

/// The innermost reason of an error: the outer ones of an HTTP library only say that there is one.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Shows a packet at the trace level: the text of lines, the length of anything else. Packets hold no credentials.
pub(super) fn trace(side: Side, direction: char, packet: &Packet) {
    if !tracing::enabled!(target: "refsync::packet", tracing::Level::TRACE) {
        return;
    }
    let text = match packet {
        Packet::Flush => "0000".to_owned(),
        Packet::Delimiter => "0001".to_owned(),
        Packet::ResponseEnd => "0002".to_owned(),
        Packet::Data(data) if matches!(data.first(), Some(1)) || data.starts_with(b"PACK") => {
            format!("({} bytes of data)", data.len())
        }
        Packet::Data(data) => gitwire::message::sanitize(&data[..data.len().min(200)]),
    };
    tracing::trace!(target: "refsync::packet", "{side}{direction} {text}");
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}
