//! Fetching: name what is wanted and what is known, and receive a pack of the difference.

use gitwire::Oid;
use gitwire::fetch::{FetchDecoder, FetchEvent, FetchRequest, MAX_REQUEST};
use gitwire::sideband::SideBand;
use gitwire::upload_pack_v0::{Haves, V0Capabilities, V0Decoder, encode_haves, encode_wants};

use super::pack_stream::{Framing, PackStream};
use super::{AGENT, Dialect, Exchange, Upload, remote_words, unique};
use crate::error::Fault;
use crate::receive::Receive;
use crate::transport::{Ask, Way};

/// How many haves go in the first round. One that the source knows is enough for a small pack, and every further one costs the
/// server time; if these do not do, the rest follows.
const FIRST_ROUND: usize = 32;

/// How many haves go in the second round. The third and last takes all that are left.
const SECOND_ROUND: usize = 1024;

/// The most bytes that a line with one id takes in a request: `have`, or `shallow`, and its framing.
const LINE: usize = 80;

/// The most values that one fetch asks for; it leaves room for some thousands of haves.
pub(crate) const MAX_WANTS: usize = MAX_REQUEST / LINE - 4_096;

/// What to fetch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The values that references are to get.
    pub(crate) wants: Vec<Oid>,
    /// What the receiver has, the most telling first. Only values in scope, and ids that the source itself lists.
    pub(crate) haves: Vec<Oid>,
    /// Where the receiver's history is cut off.
    pub(crate) shallow: Vec<Oid>,
    /// Deltas may build on what the receiver has.
    pub(crate) thin: bool,
    /// Deltas may name their base by its place.
    pub(crate) ofs_delta: bool,
    /// Commits alone, at most so many generations of them, where the server offers that: to look at, not to push.
    pub(crate) generations: Option<u32>,
}

impl Wanted {
    /// A whole pack of what one value reaches and another does not.
    pub(crate) fn between(want: Oid, have: Oid) -> Self {
        Self {
            wants: vec![want],
            haves: vec![have],
            ofs_delta: true,
            ..Self::default()
        }
    }

    /// What a push to this receiver needs.
    pub(crate) fn for_push(wants: Vec<Oid>, haves: Vec<Oid>, receive: &Receive<'_>) -> Self {
        Self {
            wants,
            haves,
            shallow: receive.listing.shallow.clone(),
            thin: !receive.capabilities.no_thin,
            ofs_delta: receive.capabilities.ofs_delta,
            generations: None,
        }
    }

    /// Without doubles, and with no more haves than a request holds.
    fn bounded(&self) -> Self {
        let wants = unique(self.wants.iter().copied());
        let room = MAX_REQUEST.saturating_sub((wants.len() + self.shallow.len()) * LINE) / LINE;
        let haves = unique(self.haves.iter().copied())
            .into_iter()
            .take(room)
            .collect();
        Self {
            wants,
            haves,
            ..self.clone()
        }
    }
}

impl Upload<'_> {
    /// Asks for a pack. The stream begins with the pack's first bytes in hand.
    pub(crate) async fn fetch(&self, wanted: &Wanted) -> Result<PackStream, Fault> {
        let wanted = wanted.bounded();
        let mut stream = match &self.dialect {
            Dialect::V2(_) => self.negotiate(&wanted).await?,
            Dialect::V0(chosen) => self.fetch_v0(chosen, &wanted).await?,
        };
        stream.start().await?;
        Ok(stream)
    }

    /// Gives a stream's connection back that was read to its end.
    pub(crate) async fn finish(&self, stream: PackStream) {
        if let Some(exchange) = stream.into_exchange() {
            self.keep(exchange).await;
        }
    }

    async fn negotiate(&self, wanted: &Wanted) -> Result<PackStream, Fault> {
        let mut rest = wanted.haves.as_slice();
        let mut known: Vec<Oid> = Vec::new();
        for size in [FIRST_ROUND, SECOND_ROUND, usize::MAX] {
            let (round, later) = rest.split_at(rest.len().min(size));
            rest = later;
            let haves: Vec<Oid> = known.iter().chain(round).copied().collect();
            let exchange = self
                .request(self.fetch_request(wanted, &haves, rest.is_empty()).encode())
                .await?;
            match self
                .round(exchange, &mut known, wanted.generations.is_some())
                .await?
            {
                Round::Pack(stream) => return Ok(stream),
                Round::Over(exchange) => self.keep(exchange).await,
            }
        }
        Err(Fault::Remote {
            message: "it sends no pack although asked to".into(),
        })
    }

    pub(super) fn fetch_request<'a>(
        &'a self,
        wanted: &'a Wanted,
        haves: &'a [Oid],
        done: bool,
    ) -> FetchRequest<'a> {
        FetchRequest {
            wants: &wanted.wants,
            haves,
            done,
            thin_pack: wanted.thin,
            ofs_delta: wanted.ofs_delta,
            shallow: &wanted.shallow,
            deepen: wanted.generations.filter(|_| self.offers("fetch", "shallow")),
            filter: wanted
                .generations
                .and(self.offers("fetch", "filter").then_some("tree:0")),
            object_format: self.format,
            send_object_format: self.has("object-format"),
            agent: self.has("agent").then_some(AGENT),
            ..FetchRequest::default()
        }
    }

    /// Reads the answer to one request: acknowledgments, or the start of the pack.
    async fn round(&self, mut exchange: Exchange, known: &mut Vec<Oid>, cut: bool) -> Result<Round, Fault> {
        let mut decoder = FetchDecoder::new(self.format);
        loop {
            let incoming = exchange.incoming();
            let Some(packet) = incoming.packet().await? else {
                return Err(incoming.ended("the negotiation").await);
            };
            match decoder.packet(&packet).map_err(remote_words)? {
                FetchEvent::Ack(id) => known.push(id),
                FetchEvent::RoundEnd => return Ok(Round::Over(exchange)),
                FetchEvent::Shallow(_) if cut => {}
                // No depth was asked for: only a server whose own history is cut off says this.
                FetchEvent::Shallow(_) => return Err(Fault::Shallow),
                event @ (FetchEvent::Pack(_) | FetchEvent::Progress(_) | FetchEvent::End) => {
                    let mut stream = PackStream::new(self.remote, exchange, Framing::V2(decoder));
                    stream.take(event);
                    return Ok(Round::Pack(stream));
                }
                FetchEvent::Nothing
                | FetchEvent::Nak
                | FetchEvent::Ready
                | FetchEvent::Unshallow(_)
                | FetchEvent::WantedRef { .. } => {}
            }
        }
    }

    /// One round with all haves: version 0 has no cheap way to stop early that works over every transport.
    pub(super) async fn fetch_v0(
        &self,
        chosen: &V0Capabilities,
        wanted: &Wanted,
    ) -> Result<PackStream, Fault> {
        let mut chosen = chosen.clone();
        chosen.thin &= wanted.thin;
        chosen.ofs_delta &= wanted.ofs_delta;
        chosen.no_done = false;
        chosen.agent = Some(AGENT.to_owned());
        let wants = encode_wants(&chosen, &wanted.wants, &wanted.shallow, None);
        let haves = encode_haves(&wanted.haves, Haves::Done);
        let exchange = match &self.remote.way {
            Way::Http(http) => {
                let body = [wants, haves].concat().into();
                Exchange::Response(
                    http.post(gitwire::greeting::Service::UploadPack, Ask::Default, body)
                        .await?,
                )
            }
            Way::Line(_) => {
                let mut line = self.line().await?;
                // A task writes while the answer is read: the server acknowledges while haves still come.
                line.outgoing.packets(wants).await?;
                line.outgoing.packets(haves).await?;
                Exchange::Line(line)
            }
        };
        let decoder = V0Decoder::new(&chosen, true);
        let framing = if chosen.side_band == SideBand::None {
            Framing::Bare(decoder)
        } else {
            Framing::V0(decoder)
        };
        Ok(PackStream::new(self.remote, exchange, framing))
    }
}

enum Round {
    Pack(PackStream),
    Over(Exchange),
}
