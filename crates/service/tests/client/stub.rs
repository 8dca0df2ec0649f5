//! A server that answers what a test told it, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use testkit::{Finished, Run};

use crate::refsync;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    /// JSON with a status.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".into())],
            body: body.to_string(),
        }
    }

    /// Problem+json.
    pub(crate) fn problem(status: u16, kind: &str, detail: &str) -> Self {
        let body = serde_json::json!({
            "type": format!("urn:refsync:{kind}"), "title": kind, "status": status, "detail": detail,
        });
        Self {
            headers: vec![("content-type", "application/problem+json".into())],
            ..Self::json(status, &body)
        }
    }

    /// Server-sent events, after which the connection ends.
    pub(crate) fn events(text: &str) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "text/event-stream".into())],
            body: text.into(),
        }
    }

    /// The same with another header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET /api/v1/mirrors?limit=500`.
    pub(crate) line: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body; `null` if there was none.
    pub(crate) body: Value,
}

#[derive(Debug, Default)]
struct State {
    answers: BTreeMap<String, VecDeque<Answer>>,
    asked: Vec<Asked>,
}

/// The server.
#[derive(Debug)]
pub(crate) struct Stub {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Stub {
    /// Listens on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || stream.map(|stream| serve(stream, &shared)));
            }
        });
        Self { url, state }
    }

    /// Answers a request, such as `GET /mirrors`; the query does not matter. Of several answers to one request each is given
    /// once, and the last one for ever.
    pub(crate) fn on(self, line: &str, answer: Answer) -> Self {
        self.state
            .lock()
            .unwrap()
            .answers
            .entry(line.to_owned())
            .or_default()
            .push_back(answer);
        self
    }

    /// `refsync` with its address.
    pub(crate) fn client(&self, words: &[&str]) -> Run {
        refsync()
            .args(words)
            .env("REFSYNC_URL", &self.url)
            .env("REFSYNC_TOKEN", "refsync_canary")
    }

    /// The same, run to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Finished {
        self.client(words).run()
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// What it was asked with that method, if it was asked once.
    pub(crate) fn asked_once(&self, method: &str) -> Asked {
        let mut asked = self.asked();
        asked.retain(|asked| asked.line.starts_with(method));
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let answer = {
        let mut state = state.lock().unwrap();
        state.asked.push(Asked {
            line: format!("{method} {path}"),
            headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        });
        let key = path.split('?').next().unwrap_or_default();
        let key = format!("{method} {}", key.strip_prefix("/api/v1").unwrap_or(key));
        match state.answers.get_mut(&key) {
            Some(answers) if answers.len() > 1 => answers.pop_front(),
            Some(answers) => answers.front().cloned(),
            None => None,
        }
    };
    let answer =
        answer.unwrap_or_else(|| Answer::problem(404, "not-found", &format!("{path} does not exist")));
    write!(stream, "HTTP/1.1 {} X\r\nconnection: close\r\n", answer.status)?;
    for (name, value) in &answer.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n{}", answer.body)?;
    stream.shutdown(Shutdown::Write)
}
