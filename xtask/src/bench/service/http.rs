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

    fn exchange(&mut self, head: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let head = format!(
            "{head}Host: {}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.reader.get_mut().write_all(&request)?;
        let (status, length) = self.head()?;
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok(Answer { status, body })
    }

    /// Reads the head: the status, and how long the body is.
    fn head(&mut self) -> anyhow::Result<(u16, usize)> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .with_context(|| format!("this is no answer: {line:?}"))?;
        let mut length = 0;
        loop {
            line.clear();
            ensure!(self.reader.read_line(&mut line)? > 0, "the answer was cut");
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                return Ok((status, length));
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
    }
}
