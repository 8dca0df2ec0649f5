//! The way of one request: log, rules, git.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request as HttpRequest, Response};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::oneshot;

use crate::gate::Gate;
use crate::http::Shared;
use crate::http::backend::{Backend, Settings, feed, read_head};
use crate::http::open::Counted;
use crate::http::request::Request;
use crate::http::rule::{Answer, Then};

type ReplyBody = UnsyncBoxBody<Bytes, io::Error>;
type Reply = Response<ReplyBody>;

/// Answers one request. An error closes the connection.
pub(super) async fn answer(
    shared: Arc<Shared>,
    connection: usize,
    request: HttpRequest<Incoming>,
) -> io::Result<Response<Counted<ReplyBody>>> {
    let (parts, body) = request.into_parts();
    let number = {
        let mut log = shared.log();
        let number = log.len();
        log.push(Request::new(number, connection, &parts));
        number
    };
    let open = shared.open.enter();
    let busy = Busy::new(Arc::clone(&shared));
    let (reply, replied) = oneshot::channel();
    // A task of its own: what git has begun goes on when the client hangs up.
    tokio::spawn(async move {
        let exchange = Exchange {
            shared,
            number,
            parts,
            settings: Settings::default(),
        };
        let body = Body {
            ready: VecDeque::new(),
            incoming: Some(body),
        };
        exchange.run(body, reply, &busy).await;
    });
    let reply = replied.await.map_err(|_| io::Error::other("hung up by a rule"))?;
    Ok(reply.map(|body| Counted {
        body,
        open: Some(open),
    }))
}

/// Counts as something running as long as it lives.
struct Busy {
    shared: Arc<Shared>,
}

impl Busy {
    fn new(shared: Arc<Shared>) -> Busy {
        shared.busy.fetch_add(1, Ordering::SeqCst);
        Busy { shared }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.shared.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A request's body: what a rule has read ahead, then what still comes.
struct Body {
    ready: VecDeque<Bytes>,
    incoming: Option<Incoming>,
}

impl Body {
    /// The next piece; `None` at the end, whether regular or by a broken connection.
    async fn next(&mut self, shared: &Shared, number: usize) -> Option<Bytes> {
        if let Some(bytes) = self.ready.pop_front() {
            return Some(bytes);
        }
        loop {
            let frame = self.incoming.as_mut()?.frame().await?.ok()?;
            if let Ok(bytes) = frame.into_data() {
                if let Some(request) = shared.log().get_mut(number) {
                    request.add_body(&bytes);
                }
                return Some(bytes);
            }
        }
    }
}

/// What the rules have decided.
enum Verdict {
    Answer(Answer),
    HangUp,
    Git(Aftermath),
}

/// What the rules want done with git's answer.
#[derive(Default)]
struct Aftermath {
    hold: Vec<Gate>,
    cut: Option<usize>,
}

struct Exchange {
    shared: Arc<Shared>,
    number: usize,
    parts: Parts,
    settings: Settings,
}

impl Exchange {
    async fn run(mut self, mut body: Body, reply: oneshot::Sender<Reply>, busy: &Busy) {
        match self.judge(&mut body).await {
            Verdict::HangUp => {}
            Verdict::Answer(answer) => {
                if answer.after_body {
                    while body.next(&self.shared, self.number).await.is_some() {}
                }
                self.begin(answer.status);
                // Nobody may be left to read it.
                let _ = reply.send(canned(answer));
            }
            Verdict::Git(aftermath) => self.ask_git(body, reply, busy, aftermath).await,
        }
    }

    /// Goes through the rules. They are looked up one at a time, because a test may add some while a request
    /// is held.
    async fn judge(&mut self, body: &mut Body) -> Verdict {
        let mut aftermath = Aftermath::default();
        let mut index = 0;
        while let Some((at, then)) = self.next_rule(index) {
            index = at + 1;
            match then {
                Then::Hold(gate) => gate.pass().await,
                Then::HoldAnswer(gate) => aftermath.hold.push(gate),
                Then::CutAnswer(after) => aftermath.cut = Some(after),
                Then::Version0 => self.settings.version_0 = true,
                Then::Setting(key, value) => self.settings.configuration.push((key, value)),
                Then::Call(action) => {
                    // A panic of the action is the test's, and is printed by its thread.
                    let _ = tokio::task::spawn_blocking(move || action()).await;
                }
                Then::HangUp => return Verdict::HangUp,
                other => {
                    if let Some(answer) = self.refusal(other, body).await {
                        return Verdict::Answer(answer);
                    }
                }
            }
        }
        Verdict::Git(aftermath)
    }

    /// The answer of a rule that may answer; `None` when the request goes on.
    async fn refusal(&self, then: Then, body: &mut Body) -> Option<Answer> {
        let headers = &self.parts.headers;
        let is_post = self.parts.method == Method::POST;
        match then {
            Then::Answer(answer) => Some(answer),
            Then::Redirect { status, base } => {
                let path = self.parts.uri.path_and_query().map_or("/", |path| path.as_str());
                Some(Answer::status(status).header("location", &format!("{base}{path}")))
            }
            Then::NoByte => Some(
                Answer::status(200)
                    .header("content-type", &self.answer_type())
                    .after_body(),
            ),
            Then::Authorize(credentials) => {
                let header = headers.get("authorization").map(|value| value.as_bytes());
                (!credentials.are(header)).then(|| credentials.refusal())
            }
            Then::RefuseChunked => {
                (is_post && !headers.contains_key("content-length")).then(|| Answer::status(411))
            }
            Then::LimitBody(limit) => self.over_limit(limit, body).await.then(|| Answer::status(413)),
            Then::StrictContentType(status) => {
                let expected = format!("application/x-{}-request", self.service_name());
                let found = headers.get("content-type").map(|value| value.as_bytes());
                (is_post && found != Some(expected.as_bytes())).then(|| Answer::status(status))
            }
            // The others never answer; `judge` has dealt with them.
            _ => None,
        }
    }

    /// The first rule from `index` on that applies, one use of it consumed.
    fn next_rule(&self, index: usize) -> Option<(usize, Then)> {
        let request = self.shared.log().get(self.number).cloned()?;
        let mut rules = self.shared.rules();
        let (at, rule) = rules
            .iter_mut()
            .enumerate()
            .skip(index)
            .find(|(_, rule)| rule.times != Some(0) && rule.when.holds(&request))?;
        rule.times = rule.times.map(|left| left - 1);
        Some((at, rule.then.clone()))
    }

    /// Reads the body ahead, up to `limit` bytes. Whether there is more than that.
    async fn over_limit(&self, limit: usize, body: &mut Body) -> bool {
        let told = self
            .parts
            .headers
            .get("content-length")
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if told.is_some_and(|length: usize| length > limit) {
            return true;
        }
        let mut pieces = VecDeque::new();
        let mut length = 0;
        while length <= limit {
            match body.next(&self.shared, self.number).await {
                Some(piece) => {
                    length += piece.len();
                    pieces.push_back(piece);
                }
                None => {
                    *body = Body {
                        ready: pieces,
                        incoming: None,
                    };
                    return false;
                }
            }
        }
        true
    }

    /// The length of the body, where the client has told it beforehand.
    fn told_length(&self) -> Option<usize> {
        self.parts
            .headers
            .get("content-length")?
            .to_str()
            .ok()?
            .parse()
            .ok()
    }

    /// `git-upload-pack` or `git-receive-pack`, from the query or the path.
    fn service_name(&self) -> String {
        let uri = &self.parts.uri;
        let from_query = uri
            .query()
            .and_then(|query| query.split('&').find_map(|p| p.strip_prefix("service=")));
        let from_path = uri.path().rsplit('/').next();
        from_query.or(from_path).unwrap_or_default().to_owned()
    }

    fn answer_type(&self) -> String {
        let kind = if self.parts.method == Method::GET {
            "advertisement"
        } else {
            "result"
        };
        format!("application/x-{}-{kind}", self.service_name())
    }

    async fn ask_git(self, body: Body, reply: oneshot::Sender<Reply>, busy: &Busy, aftermath: Aftermath) {
        let backends = Arc::clone(&self.shared.backends);
        let mut backend = Backend::start(&self.shared.root, &self.parts, &self.settings, backends);
        let stdin = backend.stdin();
        let mut stdout = backend.stdout();
        let feeder_busy = Busy::new(Arc::clone(&busy.shared));
        let feeder = Feeder {
            shared: Arc::clone(&self.shared),
            number: self.number,
            told: self.told_length(),
        };
        tokio::spawn(feeder.run(body, stdin, backend.id(), feeder_busy));
        match read_head(&mut stdout).await {
            None => {
                self.begin(500);
                let _ = reply.send(canned(Answer::status(500)));
            }
            Some(head) => {
                for gate in &aftermath.hold {
                    gate.pass().await;
                }
                self.begin(head.status);
                let (sender, channel) = Channel::new(4);
                let mut response = Response::builder().status(head.status);
                for (name, value) in &head.headers {
                    response = response.header(name, value);
                }
                let response = response
                    .body(channel.boxed_unsync())
                    .expect("git gives valid headers");
                if reply.send(response).is_ok() {
                    relay_answer(stdout, head.rest, sender, aftermath.cut).await;
                } else {
                    // With the client gone, git must not wait for somebody to read its answer.
                    drop(stdout);
                }
            }
        }
        backend.ended().await;
    }

    /// Notes in the log that the answer begins.
    fn begin(&self, status: u16) {
        if let Some(request) = self.shared.log().get_mut(self.number) {
            request.status = Some(status);
        }
    }
}

/// Hands a request's body to git.
struct Feeder {
    shared: Arc<Shared>,
    number: usize,
    told: Option<usize>,
}

impl Feeder {
    async fn run(self, mut body: Body, stdin: ChildStdin, backend: i32, busy: Busy) {
        let mut stdin = Some(stdin);
        let mut length = 0;
        while let Some(bytes) = body.next(&self.shared, self.number).await {
            length += bytes.len();
            stdin = feed(stdin, &bytes).await;
        }
        drop(stdin);
        if self.told.is_some_and(|told| told > length) {
            // http-backend (seen in 2.39 and 2.47) reads on for ever when a body ends before its told length;
            // web servers end the program of a request whose client is gone.
            self.shared.backends.terminate(backend);
        }
        drop(busy);
    }
}

async fn relay_answer(
    mut stdout: ChildStdout,
    rest: Bytes,
    mut sender: Sender<Bytes, io::Error>,
    cut: Option<usize>,
) {
    let mut left = cut.unwrap_or(usize::MAX);
    let mut piece = rest;
    loop {
        let part = piece.split_to(piece.len().min(left));
        left -= part.len();
        if !part.is_empty() && sender.send_data(part).await.is_err() {
            return;
        }
        if left == 0 {
            sender.abort(io::Error::other("cut by a rule"));
            return;
        }
        let mut buffer = BytesMut::with_capacity(32 * 1024);
        match stdout.read_buf(&mut buffer).await {
            Ok(1..) => piece = buffer.freeze(),
            Ok(0) | Err(_) => return,
        }
    }
}

fn canned(answer: Answer) -> Reply {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = Full::new(answer.body)
        .map_err(|never| match never {})
        .boxed_unsync();
    response
        .body(body)
        .expect("the test gives a valid status and valid headers")
}
