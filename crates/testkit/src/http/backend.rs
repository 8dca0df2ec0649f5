//! `git http-backend` as a CGI program (RFC 3875).

use std::collections::HashSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use hyper::http::request::Parts;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::git::{git_environment, git_program};

/// The headers of a CGI answer are short; more than this is no answer.
const HEADER_LIMIT: usize = 64 * 1024;

/// The backends that run for one server, and what they complained about.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    running: Mutex<Running>,
    complaints: Mutex<String>,
}

#[derive(Debug, Default)]
struct Running {
    ids: HashSet<i32>,
    /// The server is gone: what a request starts that it still had is killed at once. Left alone, `git http-backend` reads the end of
    /// a body that was cut again and again, for ever.
    is_over: bool,
}

impl Backends {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One was started.
    fn add(&self, id: i32) {
        let mut running = self.running();
        if running.is_over {
            kill(id);
            return;
        }
        running.ids.insert(id);
    }

    pub(crate) fn complaints(&self) -> String {
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks one backend and its children to end. Nothing happens when it has ended already.
    pub(crate) fn terminate(&self, id: i32) {
        let running = self.running();
        if let Some(group) = Pid::from_raw(id).filter(|_| running.ids.contains(&id)) {
            let _ = kill_process_group(group, Signal::TERM);
        }
    }

    /// Kills what runs, each with its children, and what is started from now on.
    pub(crate) fn kill(&self) {
        let mut running = self.running();
        running.is_over = true;
        running.ids.drain().for_each(kill);
    }
}

fn kill(id: i32) {
    if let Some(group) = Pid::from_raw(id) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// What differs between two requests besides the request itself.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) version_0: bool,
    pub(crate) configuration: Vec<(&'static str, String)>,
}

/// One running backend.
pub(crate) struct Backend {
    child: Child,
    id: i32,
    backends: Arc<Backends>,
}

/// The status and the headers of a CGI answer, and what of its body came with them.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) rest: Bytes,
}

impl Backend {
    /// Starts one for a request.
    pub(crate) fn start(root: &Path, parts: &Parts, settings: &Settings, backends: Arc<Backends>) -> Backend {
        // Not through `git`, which would stand between us and it.
        let mut command = Command::new(git_program("git-http-backend"));
        command.env_clear().envs(git_environment());
        command
            .env("GIT_PROJECT_ROOT", root)
            .env("GIT_HTTP_EXPORT_ALL", "1");
        command.env("PATH_INFO", percent_decoded(parts.uri.path()));
        command.env("QUERY_STRING", parts.uri.query().unwrap_or_default());
        command
            .env("REQUEST_METHOD", parts.method.as_str())
            .env("REMOTE_ADDR", "127.0.0.1");
        command.env("REMOTE_USER", "tester");
        let meta = [
            ("content-type", "CONTENT_TYPE"),
            ("content-length", "CONTENT_LENGTH"),
            ("content-encoding", "HTTP_CONTENT_ENCODING"),
            ("accept", "HTTP_ACCEPT"),
            ("user-agent", "HTTP_USER_AGENT"),
            ("git-protocol", "GIT_PROTOCOL"),
        ];
        for (header, variable) in meta {
            if let Some(value) = parts.headers.get(header).and_then(|value| value.to_str().ok())
                && !(header == "git-protocol" && settings.version_0)
            {
                command.env(variable, value);
            }
        }
        let fixed = [("http.receivepack", "true"), ("safe.directory", "*")];
        let configuration = fixed.into_iter().chain(
            settings
                .configuration
                .iter()
                .map(|(key, value)| (*key, value.as_str())),
        );
        let mut count = 0;
        for (key, value) in configuration {
            command
                .env(format!("GIT_CONFIG_KEY_{count}"), key)
                .env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.process_group(0).spawn().expect("git can be started");
        let id = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .expect("a child just started has an id");
        backends.add(id);
        let stderr = child.stderr.take().expect("standard error is piped");
        tokio::spawn(keep_complaints(stderr, Arc::clone(&backends)));
        Backend { child, id, backends }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> i32 {
        self.id
    }

    /// Where the request's body goes.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child
            .stdin
            .take()
            .expect("standard input is piped and taken once")
    }

    /// Where the answer comes from.
    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.child
            .stdout
            .take()
            .expect("standard output is piped and taken once")
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) {
        let _ = self.child.wait().await;
        self.backends.running().ids.remove(&self.id);
    }
}

async fn keep_complaints(mut stderr: impl AsyncRead + Unpin, backends: Arc<Backends>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        backends
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&text);
    }
}

/// Writes a piece of the body. `None` once the backend has stopped reading: the rest is then discarded, as
/// web servers do.
pub(crate) async fn feed(stdin: Option<ChildStdin>, bytes: &[u8]) -> Option<ChildStdin> {
    let mut stdin = stdin?;
    stdin.write_all(bytes).await.is_ok().then_some(stdin)
}

/// Reads the headers of the answer; `None` when the backend ends before they do.
pub(crate) async fn read_head(stdout: &mut ChildStdout) -> Option<Head> {
    let mut buffer = BytesMut::new();
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = buffer.split_to(end);
            buffer.advance(4);
            return Some(parse_head(&String::from_utf8_lossy(&head), buffer.freeze()));
        }
        if buffer.len() > HEADER_LIMIT || stdout.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse_head(text: &str, rest: Bytes) -> Head {
    let mut head = Head {
        status: 200,
        headers: Vec::new(),
        rest,
    };
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            head.status = value
                .split(' ')
                .next()
                .and_then(|code| code.parse().ok())
                .unwrap_or(500);
        } else {
            head.headers.push((name.to_owned(), value.to_owned()));
        }
    }
    head
}

/// A URL's path with its `%xx` resolved.
fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[tokio::test]
    async fn what_is_started_for_a_server_that_is_gone_is_killed() {
        let backends = Backends::default();
        backends.kill();
        let mut child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        backends.add(i32::try_from(child.id().unwrap()).unwrap());
        let ended = child.wait().await.unwrap();
        assert_eq!(ended.signal(), Some(Signal::KILL.as_raw()));
    }

    #[test]
    fn paths_are_decoded() {
        assert_eq!(percent_decoded("/a%20b%2fc%zz%2"), "/a b/c%zz%2");
    }

    #[test]
    fn a_cgi_head_gives_its_status() {
        let head = parse_head("Status: 404 Not Found\r\nContent-Type: text/plain", Bytes::new());
        assert_eq!(head.status, 404);
        assert_eq!(
            head.headers,
            [("Content-Type".to_owned(), "text/plain".to_owned())]
        );
    }
}
