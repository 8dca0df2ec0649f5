//! The pack as it comes from the source, without its framing.

use std::collections::VecDeque;

use bytes::Bytes;
use gitwire::fetch::{FetchDecoder, FetchEvent};
use gitwire::message::RemoteLines;
use gitwire::pack::PackHeader;
use gitwire::upload_pack_v0::{V0Decoder, V0Event};

use super::{Exchange, remote_words};
use crate::error::Fault;
use crate::event::{Event, Listener};
use crate::keeper::Permit;
use crate::side::Side;
use crate::transport::Remote;

/// How the bytes of the pack are packed up.
#[derive(Debug)]
pub(super) enum Framing {
    V2(FetchDecoder),
    V0(V0Decoder),
    /// Version 0 without side-band: after the acknowledgments, bytes as they are, up to the end of the stream.
    Bare(V0Decoder),
}

/// A pack that is being received.
#[derive(Debug)]
pub(crate) struct PackStream {
    /// None once it was read to its end and its connection was given back.
    exchange: Option<Exchange>,
    framing: Framing,
    ready: VecDeque<Bytes>,
    header: Option<PackHeader>,
    bytes: u64,
    ended: bool,
    lines: RemoteLines,
    side: Side,
    listener: Listener,
    /// What lets it be open beside other requests.
    _room: Option<Permit>,
}

impl PackStream {
    pub(super) fn new(remote: &Remote, exchange: Exchange, framing: Framing) -> Self {
        Self {
            exchange: Some(exchange),
            framing,
            ready: VecDeque::new(),
            header: None,
            bytes: 0,
            ended: false,
            lines: RemoteLines::new(),
            side: remote.side,
            listener: remote.listener.clone(),
            _room: None,
        }
    }

    /// Holds a permit as long as it is open.
    pub(crate) fn in_room(self, room: Permit) -> Self {
        Self {
            _room: Some(room),
            ..self
        }
    }

    /// Reads up to the pack's header, which has to be one.
    pub(super) async fn start(&mut self) -> Result<(), Fault> {
        let mut start: Vec<u8> = Vec::new();
        while self.header.is_none() {
            let Some(bytes) = self.next().await? else {
                return Err(Fault::PackCut {
                    bytes: start.len() as u64,
                });
            };
            start.extend_from_slice(&bytes);
            self.header = PackHeader::parse(&start)?;
        }
        self.bytes = 0;
        self.ready.push_front(start.into());
        Ok(())
    }

    /// How many objects the pack holds.
    pub(crate) fn objects(&self) -> u32 {
        self.header.map_or(0, |header| header.objects)
    }

    /// How many bytes were handed out.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next bytes of the pack; `None` at its end.
    ///
    /// The last bytes are held back until the source has said that they are the last: if it dies before, whoever was given
    /// the rest has an incomplete pack, never one that happens to be whole.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        while !self.ended && self.ready.len() < 2 {
            self.read().await?;
        }
        let bytes = self.ready.pop_front();
        if bytes.is_none()
            && let Some(Exchange::Response(incoming)) = self
                .exchange
                .take_if(|exchange| matches!(exchange, Exchange::Response(_)))
        {
            incoming.end_aside();
        }
        self.bytes += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Ok(bytes)
    }

    /// Reads up to `limit` bytes without handing them out.
    pub(crate) async fn look_ahead(&mut self, limit: usize) -> Result<(), Fault> {
        // A packet of few bytes costs as much as a large one: both are counted.
        let (mut bytes, mut packets) = (0, 0);
        while !self.ended && bytes < limit && packets < limit / 64 {
            let before = self.ready.len();
            self.read().await?;
            bytes += self.ready.iter().skip(before).map(Bytes::len).sum::<usize>();
            packets += 1;
        }
        Ok(())
    }

    /// What was read and not handed out.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &[u8]> {
        self.ready.iter().map(AsRef::as_ref)
    }

    async fn read(&mut self) -> Result<(), Fault> {
        let Some(exchange) = &mut self.exchange else {
            self.ended = true;
            return Ok(());
        };
        let incoming = exchange.incoming();
        if let Framing::Bare(decoder) = &self.framing
            && decoder.in_pack()
        {
            let rest = incoming.take_rest();
            match if rest.is_empty() {
                incoming.chunk().await?
            } else {
                Some(rest)
            } {
                Some(bytes) => self.ready.push_back(bytes),
                None => self.ended = true,
            }
            return Ok(());
        }
        let packet = match incoming.packet().await {
            Ok(Some(packet)) => packet,
            Ok(None) | Err(Fault::HungUp { .. }) if self.bytes > 0 => {
                return Err(Fault::PackCut { bytes: self.bytes });
            }
            Ok(None) => return Err(incoming.ended("the start of the pack").await),
            Err(fault) => return Err(fault),
        };
        match &mut self.framing {
            Framing::V2(decoder) => {
                let event = decoder.packet(&packet).map_err(remote_words)?;
                self.take(event);
            }
            Framing::V0(decoder) | Framing::Bare(decoder) => {
                let event = decoder.packet(&packet).map_err(remote_words)?;
                self.take_v0(event)?;
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self, event: FetchEvent) {
        match event {
            FetchEvent::Pack(bytes) => self.ready.push_back(bytes),
            FetchEvent::Progress(bytes) => self.progress(&bytes),
            FetchEvent::End => self.ended = true,
            _ => {}
        }
    }

    fn take_v0(&mut self, event: V0Event) -> Result<(), Fault> {
        match event {
            V0Event::Pack(bytes) => self.ready.push_back(bytes),
            V0Event::Progress(bytes) => self.progress(&bytes),
            V0Event::End => self.ended = true,
            V0Event::Shallow(_) => return Err(Fault::Shallow),
            V0Event::Ack { .. } | V0Event::Nak | V0Event::Unshallow(_) | V0Event::Nothing => {}
        }
        Ok(())
    }

    fn progress(&mut self, bytes: &[u8]) {
        for line in self.lines.feed(bytes) {
            self.listener.tell(Event::Remote {
                side: self.side,
                line: line.text,
                transient: line.transient,
            });
        }
    }

    /// The exchange, if its answer was read to the end.
    pub(super) fn into_exchange(self) -> Option<Exchange> {
        self.exchange.filter(|_| self.ended && self.ready.is_empty())
    }
}
