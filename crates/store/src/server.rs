//! Where PostgreSQL is, and whether anything answers there.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use tokio::net::{TcpStream, UnixStream};

use crate::StoreError;
use crate::failure::failed;

/// How long it may take to answer a knock.
const KNOCK: Duration = Duration::from_secs(3);

/// The address of a PostgreSQL server, as far as people may see it: no user, no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server {
    Tcp { host: String, port: u16 },
    Socket(PathBuf),
}

impl Server {
    /// As the driver reads an address, with what the environment adds.
    pub(crate) fn of(url: &SecretString) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url.expose_secret()).map_err(failed)?;
        let (host, port) = (options.get_host(), options.get_port());
        let directory = match options.get_socket() {
            Some(directory) => Some(directory.clone()),
            None => host.starts_with('/').then(|| PathBuf::from(host)),
        };
        Ok(match directory {
            Some(directory) => Self::Socket(directory.join(format!(".s.PGSQL.{port}"))),
            None => Self::Tcp {
                host: host.to_owned(),
                port,
            },
        })
    }

    /// It was not reached, for this reason.
    pub(crate) fn unreachable(&self, why: impl fmt::Display) -> StoreError {
        StoreError::Unreachable(format!(
            "PostgreSQL at {self}: {why}; start it, let this machine connect to it, or correct `database` in the configuration"
        ))
    }

    /// Sorts a driver's error, and names the server where it is about reaching it.
    pub(crate) fn failed(&self, error: sqlx::Error) -> StoreError {
        match failed(error) {
            StoreError::Unreachable(why) => self.unreachable(why),
            other => other,
        }
    }

    /// The pool goes on trying for as long as anybody waits, and tells then that it took too long, whatever the reason was.
    pub(crate) async fn too_long(&self, otherwise: StoreError) -> StoreError {
        self.knock().await.err().unwrap_or(otherwise)
    }

    /// Whether anything listens there.
    async fn knock(&self) -> Result<(), StoreError> {
        let connected = async {
            match self {
                Self::Tcp { host, port } => TcpStream::connect((bare(host), *port)).await.map(drop),
                Self::Socket(path) => UnixStream::connect(path).await.map(drop),
            }
        };
        match tokio::time::timeout(KNOCK, connected).await {
            Ok(connected) => connected.map_err(|error| self.unreachable(error)),
            Err(_) => Err(self.unreachable(format!("no answer within {} s", KNOCK.as_secs()))),
        }
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') && !host.starts_with('[') => {
                write!(f, "[{host}]:{port}")
            }
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
