//! The HTTP client, made once for each way to trust servers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client, redirect};

use crate::error::Fault;
use crate::transport::AGENT;

/// How a client was made: what it trusts, how long it waits for a connection.
type Key = (Trust, Duration);

/// Whom a client trusts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Trust {
    /// Nobody: it is for `http://` only. Reading the system's authorities takes longer than many a run.
    Nobody,
    /// The system's authorities, and those in a file.
    System(Option<PathBuf>),
}

/// Clients that were made before: each holds a pool of connections, and reading the system's certificates takes a while.
static CLIENTS: OnceLock<Mutex<HashMap<Key, Client>>> = OnceLock::new();

/// A client with proxies from the environment.
pub(super) fn client(trust: Trust, connect: Duration) -> Result<Client, Fault> {
    let mut clients = CLIENTS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let key = (trust, connect);
    if let Some(client) = clients.get(&key) {
        return Ok(client.clone());
    }
    let client = make(&key.0, connect)?;
    clients.insert(key, client.clone());
    Ok(client)
}

fn make(trust: &Trust, connect: Duration) -> Result<Client, Fault> {
    let builder = match trust {
        Trust::Nobody => Client::builder().tls_certs_only([]),
        Trust::System(None) => Client::builder(),
        Trust::System(Some(ca_file)) => Client::builder().tls_certs_merge(read(ca_file)?),
    };
    builder
        // Some hosts tell git from browsers by this prefix.
        .user_agent(format!("git/{AGENT}"))
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect)
        .tcp_keepalive(Duration::from_secs(30))
        .build()
        .map_err(|error| {
            Fault::Setup(format!(
                "cannot set up HTTP: {}",
                crate::transport::incoming::root_cause(&error)
            ))
        })
}

fn read(ca_file: &Path) -> Result<Vec<Certificate>, Fault> {
    let name = ca_file.display();
    let pem = std::fs::read(ca_file).map_err(|error| Fault::Setup(format!("cannot read {name}: {error}")))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Fault::Setup(format!("{name} holds no certificate in PEM"))),
    }
}
