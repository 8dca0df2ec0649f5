//! The HTTP client, made once for each way to trust servers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, Client, redirect};

use crate::error::Fault;
use crate::transport::AGENT;

type Key = (Option<PathBuf>, Duration);

/// Clients that were made before: each holds a pool of connections, and reading the system's certificates takes a while.
static CLIENTS: OnceLock<Mutex<HashMap<Key, Client>>> = OnceLock::new();

/// A client that trusts the system's authorities and those in `ca_file`, with proxies from the environment.
pub(super) fn client(ca_file: Option<&Path>, connect: Duration) -> Result<Client, Fault> {
    let mut clients = CLIENTS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let key = (ca_file.map(Path::to_owned), connect);
    if let Some(client) = clients.get(&key) {
        return Ok(client.clone());
    }
    let client = make(ca_file, connect)?;
    clients.insert(key, client.clone());
    Ok(client)
}

fn make(ca_file: Option<&Path>, connect: Duration) -> Result<Client, Fault> {
    let certificates = ca_file.map(read).transpose()?.unwrap_or_default();
    Client::builder()
        // Some hosts tell git from browsers by this prefix.
        .user_agent(format!("git/{AGENT}"))
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect)
        .tcp_keepalive(Duration::from_secs(30))
        .tls_certs_merge(certificates)
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
