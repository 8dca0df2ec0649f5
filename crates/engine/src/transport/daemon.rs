//! git://, which git-daemon(1) serves and which has neither encryption nor users.

use gitwire::greeting::Service;
use gitwire::pktline;
use tokio::net::TcpStream;

use super::{Ask, Incoming, Line, Outgoing, Remote};
use crate::error::Fault;
use crate::reach::Reach;

/// The way to one repository.
#[derive(Debug)]
pub(crate) struct Daemon {
    host: String,
    port: u16,
    path: String,
    reach: Reach,
}

impl Daemon {
    pub(super) fn new(host: &str, port: u16, path: &str, reach: &Reach) -> Result<Self, Fault> {
        reach.permit(host, Some(port))?;
        Ok(Self {
            host: host.into(),
            port,
            path: path.into(),
            reach: reach.clone(),
        })
    }

    pub(super) async fn dial(&self, remote: &Remote, service: Service, ask: Ask) -> Result<Line, Fault> {
        let pinned = self.reach.pin(&self.host, self.port).await?;
        let connect = async {
            match pinned {
                Some(address) => TcpStream::connect(address).await,
                None => TcpStream::connect((self.host.as_str(), self.port)).await,
            }
        };
        let stream = tokio::time::timeout(remote.timeouts.connect, connect)
            .await
            .map_err(|_| Fault::TimedOut {
                what: "connection",
                after: remote.timeouts.connect,
            })?
            .map_err(|error| self.refused(&error))?;
        let (read, write) = stream.into_split();
        let mut line = Line {
            incoming: Incoming::stream(remote.side, read, remote.timeouts.idle, None),
            outgoing: Outgoing::stream(remote.side, write, remote.timeouts.idle),
        };
        line.outgoing.packets(self.hello(service, ask)).await?;
        Ok(line)
    }

    fn refused(&self, error: &std::io::Error) -> Fault {
        let host = format!("{}:{}", self.host, self.port);
        match error.kind() {
            std::io::ErrorKind::ConnectionRefused => Fault::ConnectionRefused { host },
            // The resolver has no kind of error of its own.
            _ if error.to_string().contains("failed to lookup address") => Fault::HostNotFound {
                host: self.host.clone(),
            },
            _ => Fault::Connect {
                host,
                reason: error.to_string(),
            },
        }
    }

    /// The first packet, as in "Git Transport" of gitprotocol-pack(5).
    fn hello(&self, service: Service, ask: Ask) -> Vec<u8> {
        let version = if ask != Ask::Default { "\0version=2\0" } else { "" };
        let mut out = Vec::new();
        let text = format!(
            "{} {}\0host={}:{}\0{version}",
            service.name(),
            self.path,
            self.host,
            self.port
        );
        pktline::write_data(&mut out, text.as_bytes());
        out
    }
}
