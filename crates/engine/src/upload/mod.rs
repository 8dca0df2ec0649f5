//! The reading part of a side: a conversation with its `git upload-pack`, in protocol version 2 or 0.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bstr::BString;
use bytes::Bytes;
use gitwire::capabilities::Capabilities;
use gitwire::greeting::{GreetingDecoder, GreetingEvent, Service, Version};
use gitwire::ls_refs::{LsRefsDecoder, LsRefsEvent, LsRefsRequest};
use gitwire::upload_pack_v0::V0Capabilities;
use gitwire::{ObjectFormat, Oid, ProtocolError};

use crate::clients::Spoken;
use crate::error::Fault;
use crate::listing::{Ceiling, Each, Listed, Listing, MAX_LISTING};
use crate::transport::{AGENT, Ask, Incoming, Line, Remote, Way};

mod fetch;
mod lineage;
mod pack_stream;

pub(crate) use fetch::{MAX_WANTS, Wanted};
pub(crate) use pack_stream::PackStream;

/// A conversation with an upload-pack.
#[derive(Debug)]
pub(crate) struct Upload<'r> {
    remote: &'r Remote,
    dialect: Dialect,
    format: ObjectFormat,
    /// A connection that waits for the next request. In version 0 it takes one.
    line: Mutex<Option<Line>>,
}

/// What the server speaks.
#[derive(Debug)]
enum Dialect {
    /// Version 2. Without capabilities it was asked optimistically, and only what every server has may be used.
    V2(Option<Capabilities>),
    V0(V0Capabilities),
}

impl<'r> Upload<'r> {
    /// Opens the conversation and lists the references that start with one of the prefixes, and perhaps others.
    pub(crate) async fn list(
        remote: &'r Remote,
        prefixes: &[BString],
        each: &mut Each<'_>,
    ) -> Result<(Self, Listing), Fault> {
        if let Some(upload) = Self::unasked(remote)
            && let Some(found) = upload.list_optimistically(prefixes, each).await?
        {
            return Ok(found);
        }
        Self::list_asking(remote, Ask::V2, prefixes, each).await
    }

    /// The conversation with a server that need not be asked first what it can do: because it said so before, or by optimism.
    /// `None` where nothing but asking helps.
    pub(crate) fn unasked(remote: &'r Remote) -> Option<Self> {
        let Way::Http(_) = &remote.way else {
            return None;
        };
        let (capabilities, format) = match remote.clients.spoken(&remote.url.to_string()) {
            Some(Spoken::V2(capabilities, format)) => (Some(capabilities), format),
            Some(Spoken::AskFirst) => return None,
            None => (None, ObjectFormat::Sha1),
        };
        Some(Self {
            remote,
            dialect: Dialect::V2(capabilities),
            format,
            line: Mutex::default(),
        })
    }

    /// Opens the conversation and lists, asking for a version in a particular way.
    pub(crate) async fn list_asking(
        remote: &'r Remote,
        ask: Ask,
        prefixes: &[BString],
        each: &mut Each<'_>,
    ) -> Result<(Self, Listing), Fault> {
        let (upload, mut listing) = Self::greet(remote, ask, each).await?;
        if let Dialect::V2(_) = &upload.dialect {
            upload.ls_refs(prefixes, each, &mut listing).await?;
        }
        Ok((upload, listing))
    }

    /// Opens the conversation without a listing.
    pub(crate) async fn open(remote: &'r Remote) -> Result<Self, Fault> {
        if let Some(upload) = Self::unasked(remote)
            && let Dialect::V2(Some(_)) = &upload.dialect
        {
            return Ok(upload);
        }
        Self::greet(remote, Ask::V2, &mut |_| {})
            .await
            .map(|(upload, _)| upload)
    }

    /// Asks for the listing without asking first what the server can do: one round trip less. A server that does not know
    /// version 2 answers with 200, the right content type and no byte: that is a reason to ask properly, never an empty repository.
    async fn list_optimistically(
        self,
        prefixes: &[BString],
        each: &mut Each<'_>,
    ) -> Result<Option<(Self, Listing)>, Fault> {
        let mut listing = Listing::default();
        match self.ls_refs(prefixes, each, &mut listing).await {
            Ok(()) => Ok(Some((self, listing))),
            Err(fault) if listing.count == 0 && may_be_another_dialect(&fault) => {
                let side = self.remote.side;
                tracing::debug!(target: "refsync", "{side}: asked optimistically: {fault}; asking properly");
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Reads what the server says first. In version 0 that is the listing.
    async fn greet(remote: &'r Remote, ask: Ask, each: &mut Each<'_>) -> Result<(Self, Listing), Fault> {
        let since = Instant::now();
        let (mut incoming, line_outgoing) = match &remote.way {
            Way::Http(http) => (http.greeting(Service::UploadPack, ask).await?, None),
            Way::Line(dial) => {
                let line = remote.dial(dial, Service::UploadPack, ask).await?;
                (line.incoming, Some(line.outgoing))
            }
        };
        let (decoder, listing) = read_greeting(&mut incoming, Service::UploadPack, each).await?;
        remote.greeted(since);
        let dialect = match decoder.version() {
            Version::V2 => Dialect::V2(Some(decoder.capabilities().clone())),
            Version::V0 | Version::V1 => Dialect::V0(V0Capabilities::choose(decoder.capabilities())),
        };
        if let Way::Http(http) = &remote.way {
            let spoken = match &dialect {
                Dialect::V2(Some(capabilities)) if !http.has_moved(&remote.url) => {
                    Spoken::V2(capabilities.clone(), decoder.object_format())
                }
                _ => Spoken::AskFirst,
            };
            remote.clients.note(&remote.url.to_string(), spoken);
        }
        let line = match line_outgoing {
            Some(outgoing) => Some(Line { incoming, outgoing }),
            None => {
                incoming.end().await;
                None
            }
        };
        let upload = Self {
            remote,
            dialect,
            format: decoder.object_format(),
            line: Mutex::new(line),
        };
        Ok((upload, listing))
    }

    async fn ls_refs(
        &self,
        prefixes: &[BString],
        each: &mut Each<'_>,
        listing: &mut Listing,
    ) -> Result<(), Fault> {
        let mut prefixes = prefixes.to_vec();
        prefixes.push("HEAD".into());
        let request = LsRefsRequest {
            prefixes,
            symrefs: true,
            peel: false,
            unborn: self.offers("ls-refs", "unborn"),
            object_format: self.format,
            send_object_format: self.has("object-format"),
            agent: self.has("agent").then(|| AGENT.to_owned()),
        };
        let mut exchange = self.request(request.encode()).await?;
        let mut decoder = LsRefsDecoder::new(self.format);
        listing.format = self.format;
        listing.tells_symbolic = true;
        let mut ceiling = Ceiling::new(MAX_LISTING);
        while !decoder.is_done() {
            let Some(packet) = exchange.incoming().packet().await? else {
                return Err(exchange.incoming().ended("the listing").await);
            };
            ceiling.take(&packet)?;
            match decoder.packet(&packet).map_err(remote_words)? {
                LsRefsEvent::Ref(found) => {
                    listing.count += 1;
                    each(Listed {
                        name: found.name,
                        id: found.id,
                        symbolic: found.symref_target.is_some(),
                    });
                }
                LsRefsEvent::Head { id, symref_target } => {
                    listing.head_has_value = id.is_some();
                    listing.head = symref_target;
                }
                LsRefsEvent::InvalidName(name) => listing.invalid(name),
                LsRefsEvent::End => {}
            }
        }
        self.keep(exchange).await;
        Ok(())
    }

    /// Whether the server said that it has a capability of version 2.
    fn has(&self, capability: &str) -> bool {
        matches!(&self.dialect, Dialect::V2(Some(capabilities)) if capabilities.has(capability))
    }

    fn offers(&self, command: &str, feature: &str) -> bool {
        matches!(&self.dialect, Dialect::V2(Some(capabilities)) if capabilities.feature(command, feature))
    }

    /// Sends a request of version 2, over the waiting connection or a new one.
    async fn request(&self, body: Vec<u8>) -> Result<Exchange, Fault> {
        match &self.remote.way {
            Way::Http(http) => http
                .post(Service::UploadPack, Ask::V2, Bytes::from(body))
                .await
                .map(Exchange::Response),
            Way::Line(_) => {
                let mut line = self.line().await?;
                line.outgoing.packets(body).await?;
                Ok(Exchange::Line(line))
            }
        }
    }

    /// The waiting connection, or a new one whose greeting was read.
    async fn line(&self) -> Result<Line, Fault> {
        let waiting = self.line.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(line) = waiting {
            return Ok(line);
        }
        let (fresh, _) = Self::greet(self.remote, Ask::V2, &mut |_| {}).await?;
        let line = fresh.line.into_inner().unwrap_or_else(PoisonError::into_inner);
        line.ok_or_else(|| Fault::Setup("a connection was expected where none is kept".into()))
    }

    /// Puts a connection back whose answer was read to its end. Version 0 ends the conversation there.
    async fn keep(&self, exchange: Exchange) {
        match (exchange, &self.dialect) {
            (Exchange::Response(incoming), _) => incoming.end().await,
            (Exchange::Line(line), Dialect::V2(_)) => {
                *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
            }
            (Exchange::Line(_), Dialect::V0(_)) => {}
        }
    }
}

/// A request that was sent, and where its answer comes from.
#[derive(Debug)]
enum Exchange {
    Response(Incoming),
    Line(Line),
}

impl Exchange {
    fn incoming(&mut self) -> &mut Incoming {
        match self {
            Self::Response(incoming) => incoming,
            Self::Line(line) => &mut line.incoming,
        }
    }
}

/// Whether a fault can come from a server that speaks Git, but not version 2 of its protocol.
fn may_be_another_dialect(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::NotGit { .. }
            | Fault::NotFound { .. }
            | Fault::Status { .. }
            | Fault::Redirect { .. }
            | Fault::LoginPage { .. }
            | Fault::LengthRequired
            | Fault::HungUp { .. }
            | Fault::Remote { .. }
            | Fault::Protocol(_)
    )
}

/// Reads what a service says first, and hands out the references among it.
pub(crate) async fn read_greeting(
    incoming: &mut Incoming,
    service: Service,
    each: &mut Each<'_>,
) -> Result<(GreetingDecoder, Listing), Fault> {
    read_greeting_up_to(incoming, service, each, Ceiling::new(MAX_LISTING)).await
}

async fn read_greeting_up_to(
    incoming: &mut Incoming,
    service: Service,
    each: &mut Each<'_>,
    mut ceiling: Ceiling,
) -> Result<(GreetingDecoder, Listing), Fault> {
    let mut decoder = GreetingDecoder::new(service);
    let mut listing = Listing::default();
    while !decoder.is_done() {
        let Some(packet) = incoming.packet().await? else {
            let ended = incoming.ended("the greeting").await;
            return Err(if listing.count == 0 {
                ended
            } else {
                decoder.finish().map_or_else(Fault::from, |()| ended)
            });
        };
        ceiling.take(&packet)?;
        match decoder.packet(&packet).map_err(remote_words)? {
            GreetingEvent::Ref { name, id } => {
                listing.count += 1;
                let symbolic = false;
                each(Listed { name, id, symbolic });
            }
            GreetingEvent::Shallow(id) => listing.shallow.push(id),
            GreetingEvent::InvalidName(name) => listing.invalid(name),
            // Never a have: a hostile peer that learns an id from one can claim it and be sent its content later.
            GreetingEvent::Have(_) | GreetingEvent::Nothing | GreetingEvent::Peeled { .. } => {}
            GreetingEvent::Head(_) => listing.head_has_value = true,
            GreetingEvent::End => {}
        }
    }
    listing.format = decoder.object_format();
    listing.head = decoder
        .symrefs()
        .into_iter()
        .find(|(name, _)| name == "HEAD")
        .map(|(_, branch)| branch);
    Ok((decoder, listing))
}

/// The fault that a server's last words name.
pub(crate) fn remote_words(error: ProtocolError) -> Fault {
    match error {
        ProtocolError::Remote(text) => {
            let message = gitwire::message::sanitize(&text);
            crate::transport::complaint(&message).unwrap_or(Fault::Remote { message })
        }
        error => Fault::Protocol(error),
    }
}

/// Ids without doubles, in their order.
fn unique(ids: impl IntoIterator<Item = Oid>) -> Vec<Oid> {
    let mut seen = std::collections::HashSet::new();
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::side::Side;

    /// What a receive-pack of version 0 with two branches says first.
    fn greeting() -> Vec<u8> {
        let mut out = Vec::new();
        let id = "1".repeat(40);
        gitwire::pktline::write_data(&mut out, format!("{id} refs/heads/a\0report-status\n").as_bytes());
        gitwire::pktline::write_data(&mut out, format!("{id} refs/heads/b\n").as_bytes());
        gitwire::pktline::write_flush(&mut out);
        out
    }

    async fn count_up_to(bytes: u64) -> Result<u64, Fault> {
        let greeting = std::io::Cursor::new(greeting());
        let mut incoming = Incoming::stream(Side::Target, greeting, Duration::from_secs(1), None);
        let ceiling = Ceiling::new(bytes);
        let read = read_greeting_up_to(&mut incoming, Service::ReceivePack, &mut |_| {}, ceiling).await;
        read.map(|(_, listing)| listing.count)
    }

    #[tokio::test]
    async fn a_listing_that_is_too_long_is_refused() {
        let whole = greeting().len() as u64;
        assert_eq!(count_up_to(whole).await.unwrap(), 2);
        let fault = count_up_to(100).await.unwrap_err();
        assert_eq!(fault.to_string(), "the listing of references is too long");
    }
}
