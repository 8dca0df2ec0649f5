//! A client that sends one request after the other over one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};

/// No answer takes that long, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kept connection.
#[derive(Debug)]
pub(super) struct Client {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The cookie that it sets, as a request sends it back.
    pub(super) cookie: Option<String>,
}

impl Client {
    pub(super) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("refsync does not listen")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            reader: BufReader::new(stream),
            address,
        })
    }

    pub(super) fn get(&mut self, path: &str, token: Option<&str>) -> anyhow::Result<Answer> {
        let authorization = token
            .map(|token| format!("Authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        self.exchange(&format!("GET {path} HTTP/1.1\r\n{authorization}"), b"")
    }

    /// Posts a webhook of GitLab.
    pub(super) fn hook(&mut self, path: &str, secret: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nX-Gitlab-Event: Push Hook\r\n\
             X-Gitlab-Token: {secret}\r\n"
        );
        self.exchange(&head, body)
    }

    /// Signs in to the dashboard; gives the cookie of the session.
    pub(super) fn sign_in(&mut self, token: &str) -> anyhow::Result<String> {
        let head = "POST /sign-in HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let answer = self.exchange(head, format!("token={token}&next=%2F").as_bytes())?;
        answer
            .cookie
            .with_context(|| format!("signing in is answered {}", answer.status))
    }

    /// A page of the dashboard.
    pub(super) fn page(&mut self, path: &str, cookie: &str) -> anyhow::Result<Answer> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nCookie: {cookie}\r\n"), b"")
    }

    fn exchange(&mut self, head: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let head = format!(
            "{head}Host: {}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.reader.get_mut().write_all(&request)?;
        let (mut answer, length) = self.head()?;
        answer.body = vec![0; length];
        self.reader.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    /// Reads the head, and how long the body is that follows.
    fn head(&mut self) -> anyhow::Result<(Answer, usize)> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .with_context(|| format!("this is no answer: {line:?}"))?;
        let mut length = 0;
        let mut cookie = None;
        loop {
            line.clear();
            ensure!(self.reader.read_line(&mut line)? > 0, "the answer was cut");
            let Some((name, value)) = line.trim_end().split_once(':') else {
                let body = Vec::new();
                return Ok((Answer { status, body, cookie }, length));
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "set-cookie" => cookie = value.trim().split(';').next().map(str::to_owned),
                _ => {}
            }
        }
    }
}
