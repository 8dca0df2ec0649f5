//! Which hosts a credential may be sent to.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::url::RemoteUrl;

use crate::checked::Credential;

/// `host`, `host:port`, either with `/path` behind. Without a port, the usual one of each scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    host: String,
    port: Option<u16>,
    /// Without slashes at the ends.
    path: String,
}

/// Credentials by what they may be sent to.
#[derive(Debug)]
pub(crate) struct Hosts<'a>(Vec<(HostPattern, &'a Arc<Credential>)>);

impl<'a> Hosts<'a> {
    pub(crate) fn of(credentials: &'a BTreeMap<String, Arc<Credential>>) -> Self {
        let pattern = |credential: &Credential| HostPattern::parse(&credential.host).ok();
        let all = credentials.values();
        Self(all.filter_map(|one| Some((pattern(one)?, one))).collect())
    }

    /// The one with the longest match.
    pub(crate) fn longest(&self, url: &RemoteUrl) -> Option<&'a Arc<Credential>> {
        let covering = self.0.iter().filter(|(pattern, _)| pattern.covers(url));
        let longest = covering.max_by_key(|(pattern, _)| pattern.path.len())?;
        Some(longest.1)
    }

    /// The names of those that match as long as the longest, if there are several: none of them is meant more than the others.
    pub(crate) fn rivals(&self, url: &RemoteUrl) -> Vec<&'a str> {
        let covering = self.0.iter().filter(|(pattern, _)| pattern.covers(url));
        let longest = covering.clone().map(|(pattern, _)| pattern.path.len()).max();
        let tied: Vec<&str> = covering
            .filter(|(pattern, _)| Some(pattern.path.len()) == longest)
            .map(|(_, one)| one.name.as_str())
            .collect();
        if tied.len() > 1 { tied } else { Vec::new() }
    }

    /// The least that a credential of a host allows at a time.
    pub(crate) fn least_concurrent(&self, host: &str) -> Option<u32> {
        let host = host.trim_matches(['[', ']']);
        let of_host = self.0.iter().filter(|(pattern, _)| pattern.host == host);
        of_host.map(|(_, one)| one.max_concurrent).min()
    }
}

/// What is said of credentials that match alike.
pub(crate) fn undecided(rivals: &[&str]) -> Option<String> {
    let names = || rivals.iter().map(|name| format!("`{name}`"));
    (!rivals.is_empty()).then(|| {
        let names: Vec<String> = names().collect();
        format!(
            "the credentials {} match this address alike: name one of them as `credential`",
            names.join(", ")
        )
    })
}

/// Where an address leads: host, port, the scheme's usual port, path.
struct Place {
    host: String,
    port: u16,
    usual: u16,
    path: String,
}

fn place(url: &RemoteUrl) -> Option<Place> {
    let (port, usual, path) = match url {
        RemoteUrl::Http { url, .. } => {
            let usual = if url.scheme() == "http" { 80 } else { 443 };
            (url.port().unwrap_or(usual), usual, url.path().to_owned())
        }
        RemoteUrl::Ssh(address) => (address.port.unwrap_or(22), 22, address.path.clone()),
        RemoteUrl::Git { port, path, .. } => (*port, 9418, path.clone()),
        RemoteUrl::Local(_) => return None,
    };
    Some(Place {
        host: url.host()?.trim_matches(['[', ']']).to_owned(),
        port,
        usual,
        path,
    })
}

impl HostPattern {
    /// Reads one. The error says what is allowed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const ALLOWED: &str = "write `host`, `host:port` or `host/path`, without a scheme or a user";
        if text.contains("://") || text.contains('@') {
            return Err(format!(
                "`{}` is an address; {ALLOWED}",
                crate::problem::shown(text)
            ));
        }
        let wrong = || format!("`{}` is no host; {ALLOWED}", crate::problem::shown(text));
        let (authority, path) = text.split_once('/').unwrap_or((text, ""));
        let (host, port) = authority_of(authority).ok_or_else(wrong)?;
        let path = path.trim_matches('/');
        let allowed = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '*' | '?' | '#');
        if !path.chars().all(allowed) || path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(wrong());
        }
        Ok(Self {
            host,
            port,
            path: path.strip_suffix(".git").unwrap_or(path).to_owned(),
        })
    }

    /// Whether an address lies within.
    pub(crate) fn covers(&self, url: &RemoteUrl) -> bool {
        place(url).is_some_and(|place| {
            self.host == place.host
                && self.port.unwrap_or(place.usual) == place.port
                && self.covers_path(&place.path)
        })
    }

    fn covers_path(&self, path: &str) -> bool {
        if self.path.is_empty() {
            return true;
        }
        let path = path.trim_start_matches('/');
        // Servers decode before they look: what goes up again could lead out of the path.
        let decoded = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/");
        if decoded.split('/').any(|part| part == "..") {
            return false;
        }
        match path.strip_prefix(&self.path) {
            Some(rest) => rest.is_empty() || rest == ".git" || rest.starts_with('/'),
            None => false,
        }
    }
}

/// Host in lower case and port of `host`, `host:port`, `[::1]:port`.
fn authority_of(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            let address: std::net::Ipv6Addr = host.parse().ok()?;
            (
                address.to_string(),
                port.strip_prefix(':').or(port.is_empty().then_some(""))?,
            )
        }
        None => {
            let (host, port) = text
                .split_once(':')
                .map_or((text, ""), |(host, port)| (host, port));
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            if host.is_empty()
                || !host.chars().all(allowed)
                || host.starts_with(['-', '.'])
                || text.ends_with(':')
            {
                return None;
            }
            (host.to_ascii_lowercase(), port)
        }
    };
    let port = match port {
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port != 0)?),
    };
    Some((host, port))
}

/// Checks an entry of `allowHosts`.
pub(crate) fn check_allowed(text: &str) -> Result<(), String> {
    let bare = text.strip_prefix("*.").unwrap_or(text);
    match authority_of(bare) {
        Some(_) => Ok(()),
        None => Err(format!(
            "`{}` is no host; write `host`, `host:port` or `*.domain`",
            crate::problem::shown(text)
        )),
    }
}

/// Whether a host of an address is this machine, by its name or address.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether an entry of `allowHosts` covers an address. Without a port, the usual one of each scheme.
pub(crate) fn allows(allowed: &str, url: &RemoteUrl) -> bool {
    let bare = allowed.strip_prefix("*.");
    let (Some(place), Some((host, port))) = (place(url), authority_of(bare.unwrap_or(allowed))) else {
        return false;
    };
    let named = match bare {
        None => place.host == host,
        Some(_) => place
            .host
            .strip_suffix(&host)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
    };
    named && port.unwrap_or(place.usual) == place.port
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, url: &str) -> bool {
        let url = RemoteUrl::parse(url, "source").unwrap();
        HostPattern::parse(pattern).unwrap().covers(&url)
    }

    #[test]
    fn a_credential_goes_to_its_host_over_any_scheme_and_nowhere_else() {
        for url in [
            "https://Git.example/a/b",
            "http://git.example/a",
            "git@git.example:a/b.git",
            "ssh://x@git.example/a",
        ] {
            assert!(covers("git.example", url), "{url}");
        }
        for url in [
            "https://git.example.evil/a",
            "https://evilgit.example/a",
            "https://sub.git.example/a",
            "https://git.example:8443/a",
            "https://evil/git.example/a",
            "/git.example/a",
        ] {
            assert!(!covers("git.example", url), "{url}");
        }
        assert!(covers("git.example:8443", "https://git.example:8443/a"));
        assert!(covers("git.example:443", "https://git.example/a"));
        assert!(!covers("git.example:443", "ssh://git.example/a"));
        assert!(covers("[::1]:80", "http://[::1]/a"));
    }

    #[test]
    fn a_path_covers_what_lies_below_it() {
        for url in [
            "https://h/acme/app",
            "https://h/acme/app.git",
            "https://h/acme/app/x",
            "h:acme/app.git",
        ] {
            assert!(covers("h/acme/app", url), "{url}");
        }
        for url in [
            "https://h/acme/app2",
            "https://h/acme",
            "https://h/x/acme/app",
            "https://h/acme/app/%2e%2e%2fother",
            "ssh://h/acme/app/../other",
        ] {
            assert!(!covers("h/acme/app", url), "{url}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "https://h",
            "me@h",
            "h:",
            "h:0",
            "h:99999",
            "h/../x",
            "-h",
            "a b",
            "h/*",
            "[::1",
            "*.h",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
        assert!(check_allowed("*.corp.example").is_ok() && check_allowed("*").is_err());
    }

    #[test]
    fn a_domain_is_allowed_with_its_dot() {
        let allows = |allowed, url| allows(allowed, &RemoteUrl::parse(url, "source").unwrap());
        assert!(allows("*.corp.example", "https://git.corp.example/a"));
        assert!(!allows("*.corp.example", "https://corp.example/a"));
        assert!(!allows("*.corp.example", "https://evilcorp.example/a"));
        assert!(!allows("h", "https://h:8443/a") && allows("h:8443", "https://h:8443/a"));
    }
}
