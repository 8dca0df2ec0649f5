//! The writing part of a side: a conversation with its `git receive-pack`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gitwire::RefName;
use gitwire::greeting::Service;
use gitwire::message::{RemoteLines, sanitize};
use gitwire::pktline::write_flush;
use gitwire::receive_pack::{Command, PushCapabilities, PushWish, empty_pack, encode_commands, needs_pack};
use gitwire::report::{ReportDecoder, ReportEvent};
use tokio::time::Instant;

use crate::error::Fault;
use crate::event::{Event, Listener};
use crate::listing::{Each, Listing};
use crate::side::Side;
use crate::transport::http::Http;
use crate::transport::{AGENT, Ask, Incoming, Line, Outgoing, Remote, Way};
use crate::upload::{PackStream, read_greeting, remote_words};

/// A push whose pack is at most this long goes in one piece, with a `Content-Length`: that passes proxies which take no other.
const WHOLE: usize = 1 << 20;

/// How long a receiver that stopped reading may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Longer than any push.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// How much of what a server says is kept to find out why it refused.
const MAX_MESSAGES: usize = 16 * 1024;

/// A conversation with a receive-pack: what it has was listed, and it waits for commands.
#[derive(Debug)]
pub(crate) struct Receive<'r> {
    remote: &'r Remote,
    pub(crate) capabilities: PushCapabilities,
    pub(crate) offers_atomic: bool,
    pub(crate) offers_push_options: bool,
    pub(crate) listing: Listing,
    /// The open connection. HTTP has none.
    line: Option<Line>,
}

/// What to push.
#[derive(Debug)]
pub(crate) struct Push<'a> {
    pub(crate) commands: &'a [Command],
    pub(crate) atomic: bool,
    pub(crate) push_options: &'a [String],
}

/// The objects that go with the commands.
#[derive(Debug)]
pub(crate) enum Pack {
    /// The receiver has all of them.
    Empty,
    Stream(Box<PackStream>),
}

/// What the receiver reported of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done as asked.
    Ok,
    /// Done, but perhaps not as asked: look again.
    Altered,
    /// Refused, in the receiver's words.
    Ng(String),
}

/// What became of a push, as far as the receiver said.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    /// Why it could not take the pack.
    pub(crate) unpack: Option<String>,
    pub(crate) statuses: HashMap<RefName, Status>,
    /// What it said to people.
    pub(crate) messages: String,
    /// What kept it from reporting to the end.
    pub(crate) fault: Option<Fault>,
    /// Bytes of the pack that were sent.
    pub(crate) bytes: u64,
    /// Whether all of it was sent, as far as this machine can tell.
    pub(crate) sent: bool,
}

/// The source failed while its pack was on the way. The receiver got an incomplete pack and changes nothing.
#[derive(Debug)]
pub(crate) struct SourceFault(pub(crate) Fault);

impl<'r> Receive<'r> {
    /// Opens the conversation and lists the references of the side.
    pub(crate) async fn observe(remote: &'r Remote, each: &mut Each<'_>) -> Result<Self, Fault> {
        let since = Instant::now();
        let (mut incoming, outgoing) = match &remote.way {
            Way::Http(http) => (http.greeting(Service::ReceivePack, Ask::Default).await?, None),
            Way::Line(dial) => {
                let line = remote.dial(dial, Service::ReceivePack, Ask::Default).await?;
                (line.incoming, Some(line.outgoing))
            }
        };
        let (decoder, listing) = read_greeting(&mut incoming, Service::ReceivePack, each).await?;
        remote.greeted(since.into_std());
        let offered = decoder.capabilities();
        Ok(Self {
            remote,
            capabilities: PushCapabilities::choose(offered, PushWish::default()),
            offers_atomic: offered.has("atomic"),
            offers_push_options: offered.has("push-options"),
            listing,
            line: match outgoing {
                Some(outgoing) => Some(Line { incoming, outgoing }),
                None => {
                    incoming.end().await;
                    None
                }
            },
        })
    }

    /// Ends the conversation without a command.
    pub(crate) async fn close(mut self) {
        if let Some(line) = &mut self.line {
            let mut goodbye = Vec::new();
            write_flush(&mut goodbye);
            // Whether it is heard does not matter any more.
            let _ = line.outgoing.packets(goodbye).await;
            line.outgoing.finish();
        }
    }

    /// Sends commands and the pack, and reads the report. The conversation is over then.
    pub(crate) async fn push(self, push: &Push<'_>, pack: Pack) -> Result<Pushed, SourceFault> {
        let capabilities = PushCapabilities {
            atomic: push.atomic && self.offers_atomic,
            push_options: !push.push_options.is_empty() && self.offers_push_options,
            ..self.capabilities.clone()
        };
        let head = encode_commands(push.commands, &capabilities, push.push_options, Some(AGENT));
        crate::transport::trace_sent(self.remote.side, &head);
        let pack = match pack {
            _ if !needs_pack(push.commands) => Source::Whole(Bytes::new()),
            Pack::Empty => Source::Whole(empty_pack(capabilities.object_format).into()),
            Pack::Stream(stream) => Source::Stream(stream),
        };
        let reading = Reading::new(self.remote, &capabilities);
        match (&self.remote.way, self.line) {
            (Way::Http(http), _) => push_http(http, self.remote, head, pack, reading).await,
            (Way::Line(_), Some(line)) => push_line(self.remote, line, head, pack, reading).await,
            (Way::Line(_), None) => Ok(Pushed::failed(Fault::Setup("the connection is gone".into()))),
        }
    }
}

impl Pushed {
    fn failed(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }
}

/// Where the bytes after the commands come from.
enum Source {
    Whole(Bytes),
    Stream(Box<PackStream>),
}

async fn push_line(
    remote: &Remote,
    line: Line,
    head: Vec<u8>,
    pack: Source,
    reading: Reading,
) -> Result<Pushed, SourceFault> {
    let Line {
        incoming,
        mut outgoing,
    } = line;
    let heard = reading.heard.clone();
    let report = reading.read(incoming);
    let (whole, mut stream) = match pack {
        Source::Whole(bytes) => (bytes, None),
        Source::Stream(stream) => (Bytes::new(), Some(stream)),
    };
    let pump = async {
        outgoing.send(head.into()).await.map_err(Stop::Target)?;
        outgoing.send(whole).await.map_err(Stop::Target)?;
        if let Some(stream) = &mut stream {
            pump(stream, &mut outgoing, &remote.listener).await?;
        }
        outgoing.finish();
        Ok(())
    };
    let pushed = relay(pump, report, &heard, remote.timeouts.report).await?;
    Ok(Pushed {
        bytes: stream.map_or(0, |stream| stream.bytes()),
        ..pushed
    })
}

async fn push_http(
    http: &Http,
    remote: &Remote,
    head: Vec<u8>,
    pack: Source,
    reading: Reading,
) -> Result<Pushed, SourceFault> {
    let heard = reading.heard.clone();
    let mut start = BytesMut::from(head.as_slice());
    let head = start.len();
    let stream = match pack {
        Source::Whole(bytes) => {
            start.extend_from_slice(&bytes);
            None
        }
        // The request opens only with bytes of the pack in hand: servers cut a body that pauses.
        Source::Stream(mut stream) => fill(&mut start, &mut stream).await?.then_some(stream),
    };
    let sent = (start.len() - head) as u64;
    let Some(mut stream) = stream else {
        remote.listener.tell(Event::PackSent { bytes: sent });
        let body = start.freeze();
        let report = async move {
            match http.post_whole(Service::ReceivePack, body).await {
                Ok(incoming) => reading.read(incoming).await,
                Err(fault) => Pushed::failed(fault),
            }
        };
        let pushed = relay(async { Ok(()) }, report, &heard, remote.timeouts.report).await?;
        return Ok(Pushed {
            bytes: sent,
            ..pushed
        });
    };
    let (mut outgoing, receiver) = Outgoing::body(remote.side, remote.timeouts.idle);
    let body = reqwest::Body::wrap_stream(crate::transport::chunks(start.freeze(), receiver));
    let report = async move {
        match http.post_stream(Service::ReceivePack, body).await {
            Ok(incoming) => reading.read(incoming).await,
            Err(fault) => Pushed::failed(fault),
        }
    };
    let pump = async {
        pump(&mut stream, &mut outgoing, &remote.listener).await?;
        outgoing.finish();
        Ok(())
    };
    let pushed = relay(pump, report, &heard, remote.timeouts.report).await?;
    Ok(Pushed {
        bytes: stream.bytes(),
        ..pushed
    })
}

/// Reads up to [`WHOLE`] bytes of the pack. Whether there are more.
async fn fill(start: &mut BytesMut, stream: &mut PackStream) -> Result<bool, SourceFault> {
    while start.len() < WHOLE {
        match stream.next().await.map_err(SourceFault)? {
            Some(bytes) => start.extend_from_slice(&bytes),
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// Why a pump stopped early.
enum Stop {
    Source(Fault),
    Target(Fault),
}

async fn pump(stream: &mut PackStream, outgoing: &mut Outgoing, listener: &Listener) -> Result<(), Stop> {
    while let Some(bytes) = stream.next().await.map_err(Stop::Source)? {
        outgoing.send(bytes).await.map_err(Stop::Target)?;
        listener.tell(Event::Relayed {
            bytes: stream.bytes(),
        });
    }
    listener.tell(Event::PackSent {
        bytes: stream.bytes(),
    });
    Ok(())
}

/// Pumps and reads the report at the same time: servers speak while the body still streams. Only once all is sent does the
/// silence of the receiver count.
async fn relay(
    pump: impl Future<Output = Result<(), Stop>>,
    report: impl Future<Output = Pushed>,
    heard: &Heard,
    patience: Duration,
) -> Result<Pushed, SourceFault> {
    let (mut pump, mut report) = (std::pin::pin!(pump), std::pin::pin!(report));
    let pumped = tokio::select! {
        pumped = &mut pump => pumped,
        // A report before the last byte is a refusal, or the end of the connection.
        pushed = &mut report => return Ok(pushed),
    };
    match pumped {
        Ok(()) => {
            heard.now();
            let pushed = tokio::select! {
                pushed = &mut report => pushed,
                () = heard.silence(patience) => {
                    Pushed::failed(Fault::TimedOut { what: "report", after: patience })
                }
            };
            Ok(Pushed { sent: true, ..pushed })
        }
        Err(Stop::Source(fault)) => Err(SourceFault(fault)),
        // Why it stopped reading, it may still say.
        Err(Stop::Target(fault)) => Ok(tokio::time::timeout(LAST_WORDS, report)
            .await
            .unwrap_or_else(|_| Pushed::failed(fault))),
    }
}

/// When the receiver was last heard.
#[derive(Debug, Clone)]
struct Heard(Arc<Mutex<Instant>>);

impl Heard {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Ends when nothing was heard for so long.
    async fn silence(&self, patience: Duration) {
        loop {
            let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= patience {
                return;
            }
            tokio::time::sleep_until(last + patience).await;
        }
    }
}

/// Reads a report.
struct Reading {
    decoder: ReportDecoder,
    pushed: Pushed,
    lines: RemoteLines,
    side: Side,
    listener: Listener,
    heard: Heard,
}

impl Reading {
    fn new(remote: &Remote, capabilities: &PushCapabilities) -> Self {
        Self {
            decoder: ReportDecoder::new(capabilities.side_band, capabilities.report),
            pushed: Pushed::default(),
            lines: RemoteLines::new(),
            side: remote.side,
            listener: remote.listener.clone(),
            heard: Heard::new(),
        }
    }

    async fn read(mut self, mut incoming: Incoming) -> Pushed {
        // The receiver may be silent as long as the pack takes, and then as long as it checks it: `relay` counts.
        incoming.wait("report", FOREVER);
        match self.read_all(&mut incoming).await {
            Ok(()) => incoming.end_aside(),
            Err(fault) => self.pushed.fault = Some(fault),
        }
        if let Some(line) = std::mem::take(&mut self.lines).finish() {
            self.say(line.text, false);
        }
        self.pushed
    }

    async fn read_all(&mut self, incoming: &mut Incoming) -> Result<(), Fault> {
        if self.decoder.is_done() {
            // Without report and side-band only the end of the stream says that the receiver has done its work.
            while incoming.chunk().await?.is_some() {}
        }
        while !self.decoder.is_done() {
            let Some(packet) = incoming.packet().await? else {
                // Some receivers leave out the flush packet after a report that is whole.
                return match self.decoder.finish() {
                    Ok(()) => Ok(()),
                    Err(_) => Err(incoming.ended("the report").await),
                };
            };
            self.heard.now();
            for event in self.decoder.packet(&packet).map_err(remote_words)? {
                self.take(event);
            }
        }
        Ok(())
    }

    fn take(&mut self, event: ReportEvent) {
        match event {
            ReportEvent::Remote(bytes) => {
                for line in self.lines.feed(&bytes) {
                    self.say(line.text, line.transient);
                }
            }
            ReportEvent::Unpack(Ok(())) | ReportEvent::End => {}
            ReportEvent::Unpack(Err(reason)) => self.pushed.unpack = Some(sanitize(&reason)),
            ReportEvent::Ok { name, options } => {
                let status = if options == Default::default() {
                    Status::Ok
                } else {
                    Status::Altered
                };
                self.pushed.statuses.insert(name, status);
            }
            ReportEvent::Ng { name, reason } => {
                self.pushed.statuses.insert(name, Status::Ng(sanitize(&reason)));
            }
        }
    }

    fn say(&mut self, line: String, transient: bool) {
        if !transient && self.pushed.messages.len() + line.len() < MAX_MESSAGES {
            self.pushed.messages.push_str(&line);
            self.pushed.messages.push('\n');
        }
        self.listener.tell(Event::Remote {
            side: self.side,
            line,
            transient,
        });
    }
}
