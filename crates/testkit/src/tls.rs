//! A certificate authority for one server.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tempfile::TempDir;

use crate::temp::tmp;

/// A self-made authority, a certificate from it for `localhost`, `127.0.0.1` and `::1`, and one for a client, as PEM files that are
/// removed with the handle.
#[derive(Debug)]
pub(crate) struct Certificates {
    directory: TempDir,
}

impl Certificates {
    pub(crate) fn make() -> Certificates {
        let directory = tmp();
        let authority_key = KeyPair::generate().expect("a key can be made");
        let mut authority = CertificateParams::default();
        authority
            .distinguished_name
            .push(DnType::CommonName, "refsync test kit");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_certificate = authority
            .self_signed(&authority_key)
            .expect("the parameters are ours");
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate().expect("a key can be made");
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut server = CertificateParams::new(names).expect("the names are valid");
        server.distinguished_name.push(DnType::CommonName, "localhost");
        let certificate = server.signed_by(&key, &issuer).expect("the parameters are ours");

        let client_key = KeyPair::generate().expect("a key can be made");
        let mut client = CertificateParams::default();
        client.distinguished_name.push(DnType::CommonName, "refsync");
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = client
            .signed_by(&client_key, &issuer)
            .expect("the parameters are ours");

        let made = Certificates { directory };
        let write = |path: PathBuf, pem: String| fs::write(path, pem).expect("the directory is ours");
        write(made.authority(), authority_certificate.pem());
        write(made.certificate(), certificate.pem());
        write(made.key(), key.serialize_pem());
        write(made.client(), client.pem() + &client_key.serialize_pem());
        made
    }

    /// The authority's certificate: what a client has to trust.
    pub(crate) fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// The server's certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.file("server.pem")
    }

    /// The server's private key.
    pub(crate) fn key(&self) -> PathBuf {
        self.file("server.key")
    }

    /// A client's certificate with its key.
    pub(crate) fn client(&self) -> PathBuf {
        self.file("client.pem")
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.directory.path(), name)
    }
}
