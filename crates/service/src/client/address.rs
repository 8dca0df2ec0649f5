//! Which server, and with which token: from the environment, never from an argument.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;

use reqwest::{Certificate, Url};
use secrecy::{ExposeSecret, SecretString};

use super::ClientError;

/// Where `refsync serve` listens if nobody says otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// The most bytes of a token's file.
const MAX_TOKEN_FILE: u64 = 64 << 10;
/// The most bytes of a file of certificates.
const MAX_CERTIFICATES: u64 = 16 << 20;

/// A server and how to speak to it.
#[derive(Debug)]
pub(super) struct Server {
    /// Its address.
    pub(super) url: Url,
    /// Who asks.
    pub(super) token: Option<SecretString>,
    /// Certificates to trust beside the system's.
    pub(super) certificates: Vec<Certificate>,
}

impl Server {
    /// Whether it is on this machine, so that no proxy is between.
    pub(super) fn is_local(&self) -> bool {
        match self.url.host_str() {
            Some("localhost" | "[::1]") => true,
            Some(host) => host.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback()),
            None => false,
        }
    }
}

/// Reads `REFSYNC_URL`, `REFSYNC_TOKEN` or `REFSYNC_TOKEN_FILE`, and `REFSYNC_CA_FILE`. Empty variables count as not set.
pub(super) fn read(look: impl Fn(&str) -> Option<OsString>) -> Result<Server, ClientError> {
    let set = |name: &'static str| -> Result<Option<String>, ClientError> {
        match look(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => value.into_string().map(Some).map_err(|_| ClientError::Variable {
                name,
                reason: "it is not UTF-8".into(),
            }),
        }
    };
    let url = address(&set("REFSYNC_URL")?.unwrap_or_else(|| DEFAULT_URL.to_owned()))?;
    let token = match (set("REFSYNC_TOKEN")?, set("REFSYNC_TOKEN_FILE")?) {
        (Some(token), _) => Some(("REFSYNC_TOKEN", SecretString::from(token))),
        (None, Some(file)) => {
            let text = read_file("REFSYNC_TOKEN_FILE", &file, MAX_TOKEN_FILE)?;
            Some(("REFSYNC_TOKEN_FILE", SecretString::from(text)))
        }
        (None, None) => None,
    };
    let certificates = match set("REFSYNC_CA_FILE")? {
        None => Vec::new(),
        Some(file) => {
            let text = read_file("REFSYNC_CA_FILE", &file, MAX_CERTIFICATES)?;
            Certificate::from_pem_bundle(text.as_bytes()).map_err(|error| ClientError::Variable {
                name: "REFSYNC_CA_FILE",
                reason: format!("{file} holds no certificates (PEM): {error}"),
            })?
        }
    };
    Ok(Server {
        url,
        token: token.map(|(name, token)| clean(name, &token)).transpose()?,
        certificates,
    })
}

fn address(text: &str) -> Result<Url, ClientError> {
    let wrong = |reason: &str| ClientError::Variable {
        name: "REFSYNC_URL",
        reason: reason.to_owned(),
    };
    let url = Url::parse(text.trim())
        .map_err(|_| wrong("it is no address: write it like https://refsync.example.org"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "it holds a user or a password: the token belongs into REFSYNC_TOKEN",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must end with its path, without ? and #"));
    }
    Ok(url)
}

fn read_file(name: &'static str, path: &str, most: u64) -> Result<String, ClientError> {
    let failed = |reason: String| ClientError::Variable {
        name,
        reason: format!("{path} cannot be read: {reason}"),
    };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    file.take(most + 1)
        .read_to_string(&mut text)
        .map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > most {
        return Err(failed("it is too large".into()));
    }
    Ok(text)
}

/// The token without what an editor or a shell left around it.
fn clean(name: &'static str, token: &SecretString) -> Result<SecretString, ClientError> {
    let text = token.expose_secret().trim();
    if text.is_empty() || text.contains(|c: char| !c.is_ascii_graphic()) {
        return Err(ClientError::Variable {
            name,
            reason: "it holds no token: one begins with refsync_ and has no spaces".into(),
        });
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(variables: &[(&str, &str)]) -> Result<Server, ClientError> {
        read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.into())
        })
    }

    #[test]
    fn without_variables_it_is_the_server_on_this_machine() {
        let server = read_from(&[("REFSYNC_URL", ""), ("REFSYNC_TOKEN", "")]).unwrap();
        assert_eq!(server.url.as_str(), "http://127.0.0.1:8080/");
        assert!(server.token.is_none());
        assert!(server.is_local());
    }

    #[test]
    fn a_server_elsewhere_may_be_behind_a_proxy() {
        for url in [
            "https://refsync.example.org",
            "http://10.0.0.1:8080",
            "http://127.0.0.1.example.org",
        ] {
            assert!(!read_from(&[("REFSYNC_URL", url)]).unwrap().is_local(), "{url}");
        }
        for url in ["http://localhost:1", "http://[::1]:1", "http://127.9.9.9"] {
            assert!(read_from(&[("REFSYNC_URL", url)]).unwrap().is_local(), "{url}");
        }
    }

    #[test]
    fn the_token_comes_from_a_variable_or_a_file_without_line_breaks() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "refsync_of_file\n").unwrap();
        let path = file.path().to_str().unwrap();
        let of_file = read_from(&[("REFSYNC_TOKEN_FILE", path)]).unwrap();
        assert_eq!(of_file.token.unwrap().expose_secret(), "refsync_of_file");
        let both = read_from(&[("REFSYNC_TOKEN_FILE", path), ("REFSYNC_TOKEN", " refsync_x ")]).unwrap();
        assert_eq!(both.token.unwrap().expose_secret(), "refsync_x");
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        for (name, value) in [
            ("REFSYNC_URL", "https://me:s3cret@host"),
            ("REFSYNC_URL", "s3cret"),
            ("REFSYNC_URL", "ftp://s3cret"),
            ("REFSYNC_TOKEN", "s3cret with spaces"),
            ("REFSYNC_TOKEN", "s3cr\u{e9}t"),
        ] {
            let text = read_from(&[(name, value)]).unwrap_err().to_string();
            assert!(text.contains(name) && !text.contains("s3cr"), "{text}");
        }
        let missing = read_from(&[("REFSYNC_TOKEN_FILE", "/nowhere/token")]).unwrap_err();
        assert!(
            missing.to_string().contains("/nowhere/token cannot be read"),
            "{missing}"
        );
    }
}
