//! The files that a credential names, as far as this machine can tell. Nothing wrong with them is a problem of the configuration: it may
//! be checked on another machine than the one that serves, and a file may come later.

use std::io::Read as _;
use std::path::Path as FilePath;

use super::{Findings, Spot, way};
use crate::problem::shown;
use crate::raw::CredentialEntry;

/// How much of a file is looked at. The authorities that a system trusts are a fifth of this.
const LOOKED_AT: u64 = 1 << 20;

/// What the lines of PEM that begin a certificate and a private key have in common (RFC 7468).
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const KEY: &str = "PRIVATE KEY-----";

/// Warns of files that are not there, cannot be read, or hold no PEM where PEM is wanted.
pub(super) fn look(findings: &mut Findings, spot: Spot<'_>, entry: &CredentialEntry, base: &FilePath) {
    let files: [(&str, &Option<String>, &[&str], &str); 4] = [
        ("caFile", &entry.ca_file, &[CERTIFICATE], "certificate in PEM"),
        (
            "clientCert",
            &entry.client_cert,
            &[CERTIFICATE, KEY],
            "certificate with its private key in PEM",
        ),
        ("sshKey", &entry.ssh_key, &[], ""),
        ("knownHosts", &entry.known_hosts, &[], ""),
    ];
    for (key, file, wanted, what) in files {
        let Some(file) = file else { continue };
        let shown = shown(file);
        let trouble = match read(&base.join(file)) {
            Ok(text) if wanted.iter().all(|one| text.contains(one)) => continue,
            Ok(_) => format!("{shown} holds no {what}"),
            Err(error) => format!("{shown} cannot be read here: {error}"),
        };
        let message =
            format!("{trouble}; what uses this credential fails as long as it is so where refsync serves");
        spot.warning(findings, &way(&[key]), message);
    }
}

fn read(path: &FilePath) -> std::io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        // To open a FIFO waits for who writes to it.
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(LOOKED_AT)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
