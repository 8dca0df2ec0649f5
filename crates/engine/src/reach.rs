//! Which hosts a run may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::error::Fault;

/// Which hosts a side may be on, redirects included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Any, and paths of this machine: for addresses that the owner of this machine gave.
    #[default]
    Anywhere,
    /// Only hosts that match one of these, and no path of this machine. Loopback, link-local, unspecified and multicast addresses
    /// and those of cloud metadata services are refused after name resolution, too, unless a pattern names the host exactly.
    Only(Vec<HostPattern>),
}

/// A host, with or without a port, or all hosts under a domain: `git.example.org`, `10.1.2.3:8443`, `[fd00::1]:22`,
/// `*.example.org`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPattern {
    host: Name,
    /// Any port if `None`.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    /// A name or an address, in lower case and without brackets.
    Exactly(String),
    /// `.example.org`
    Under(String),
}

/// Why a text is no pattern of hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host: write host, host:port, [address]:port or *.domain")]
pub struct HostPatternError(String);

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| HostPatternError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<HostPattern> {
    let (host, port) = split(text.trim())?;
    let host = bare(host);
    if let Some(domain) = host.strip_prefix("*.") {
        let host = Name::Under(format!(".{domain}"));
        return is_name(domain).then_some(HostPattern { host, port });
    }
    let known = is_name(&host) || host.parse::<IpAddr>().is_ok();
    known.then_some(HostPattern {
        host: Name::Exactly(host),
        port,
    })
}

/// A host and its port. More than one colon without brackets is an address of IPv6.
fn split(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Some((host, Some(port.parse().ok()?))),
        _ => Some((text, None)),
    }
}

fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.split('.').all(label)
}

/// A host in lower case, without brackets and without the dot of an absolute name.
fn bare(host: &str) -> String {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    host.to_ascii_lowercase()
}

impl HostPattern {
    /// Whether it means this host and port.
    pub fn matches(&self, host: &str, port: Option<u16>) -> bool {
        let host = bare(host);
        let named = match &self.host {
            Name::Exactly(name) => *name == host,
            Name::Under(domain) => host.ends_with(domain.as_str()) && host.len() > domain.len(),
        };
        named && (self.port.is_none() || self.port == port)
    }
}

/// What a host's name alone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permit {
    /// It may have any address.
    AnyAddress,
    /// Its addresses are to be looked at.
    PublicAddress,
}

impl Reach {
    /// Whether a host may be reached, by its name and port alone. An address is looked at, too.
    pub(crate) fn permit(&self, host: &str, port: Option<u16>) -> Result<Permit, Fault> {
        let Self::Only(patterns) = self else {
            return Ok(Permit::AnyAddress);
        };
        let refused = |reason| Fault::OutOfReach {
            host: bare(host),
            reason,
        };
        let mut matching = patterns
            .iter()
            .filter(|pattern| pattern.matches(host, port))
            .peekable();
        if matching.peek().is_none() {
            return Err(refused(NOT_ALLOWED));
        }
        if matching.any(|pattern| matches!(pattern.host, Name::Exactly(_))) {
            return Ok(Permit::AnyAddress);
        }
        match bare(host).parse() {
            Ok(address) if is_internal(address) => Err(refused(INTERNAL)),
            _ => Ok(Permit::PublicAddress),
        }
    }

    /// Whether a name may be resolved: it is that of a host that is allowed on some port.
    pub(crate) fn permit_name(&self, host: &str) -> Result<(), Fault> {
        let Self::Only(patterns) = self else {
            return Ok(());
        };
        if patterns.iter().any(|pattern| pattern.matches(host, pattern.port)) {
            return Ok(());
        }
        Err(Fault::OutOfReach {
            host: bare(host),
            reason: NOT_ALLOWED,
        })
    }

    /// Of the addresses that a name has, those that may be reached; an error if there is none. The port was looked at before.
    pub(crate) fn permit_addresses(
        &self,
        host: &str,
        found: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Fault> {
        let Self::Only(patterns) = self else {
            return Ok(found);
        };
        let exactly = Name::Exactly(bare(host));
        if patterns.iter().any(|pattern| pattern.host == exactly) {
            return Ok(found);
        }
        let allowed: Vec<SocketAddr> = found.into_iter().filter(|it| !is_internal(it.ip())).collect();
        if allowed.is_empty() {
            return Err(Fault::OutOfReach {
                host: bare(host),
                reason: INTERNAL,
            });
        }
        Ok(allowed)
    }

    /// The address to connect to, where the name has to be resolved here to look at it; `None` where whoever connects may resolve
    /// it.
    pub(crate) async fn pin(&self, host: &str, port: u16) -> Result<Option<SocketAddr>, Fault> {
        if self.permit(host, Some(port))? == Permit::AnyAddress {
            return Ok(None);
        }
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|_| Fault::HostNotFound {
            host: host.to_owned(),
        })?;
        let allowed = self.permit_addresses(host, found.collect())?;
        Ok(allowed.first().copied())
    }

    /// Whether paths of this machine may be used.
    pub(crate) fn permit_local(&self) -> Result<(), Fault> {
        match self {
            Self::Anywhere => Ok(()),
            Self::Only(_) => Err(Fault::OutOfReach {
                host: "a path of this machine".into(),
                reason: "only hosts are allowed",
            }),
        }
    }
}

/// Why a name is refused.
const NOT_ALLOWED: &str = "it is not among the hosts that are allowed";

/// Why an address is refused.
const INTERNAL: &str = "its address is of this machine, of this network segment, or of a metadata service";

/// Whether an address belongs to this machine, to its network segment alone, or to a metadata service of a cloud.
fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_internal_v4(address),
        IpAddr::V6(address) => is_internal_v6(address),
    }
}

/// Metadata services that are not link-local: Alibaba Cloud, Azure, Oracle Cloud.
const METADATA: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// Amazon's metadata service over IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn is_internal_v4(address: Ipv4Addr) -> bool {
    // All of 0.0.0.0/8 means "this host" (RFC 1122).
    address.octets()[0] == 0
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || METADATA.contains(&address)
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    let own = address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || address == METADATA_V6;
    own || embedded(address).is_some_and(is_internal_v4)
}

/// The IPv4 address inside of one of IPv6: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(patterns: &[&str]) -> Reach {
        Reach::Only(patterns.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn anywhere_is_anywhere() {
        assert_eq!(
            Reach::Anywhere.permit("127.0.0.1", Some(80)).unwrap(),
            Permit::AnyAddress
        );
        assert!(Reach::Anywhere.permit_local().is_ok());
    }

    #[test]
    fn only_what_is_listed_is_reached_and_no_path() {
        let reach = only(&["git.example.org", "other.example:8443", "*.corp.example"]);
        let any = |host, port| reach.permit(host, port).ok() == Some(Permit::AnyAddress);
        assert!(any("git.example.org", Some(443)));
        assert!(any("GIT.Example.ORG.", Some(22)));
        assert!(any("other.example", Some(8443)));
        assert_eq!(
            reach.permit("a.corp.example", None).unwrap(),
            Permit::PublicAddress
        );
        for (host, port) in [
            ("git.example.org.evil", Some(443)),
            ("xgit.example.org", Some(443)),
            ("other.example", Some(443)),
            ("other.example", None),
            ("corp.example", Some(443)),
            ("xcorp.example", Some(443)),
            ("127.0.0.1", Some(80)),
        ] {
            assert!(
                matches!(reach.permit(host, port), Err(Fault::OutOfReach { .. })),
                "{host}"
            );
        }
        assert!(reach.permit_local().is_err());
    }

    #[test]
    fn addresses_are_listed_as_they_are_written() {
        let reach = only(&["127.0.0.1:8080", "[::1]:22", "fd00::1"]);
        assert!(reach.permit("127.0.0.1", Some(8080)).is_ok());
        assert!(reach.permit("127.0.0.1", Some(80)).is_err());
        assert!(reach.permit("[::1]", Some(22)).is_ok());
        assert!(reach.permit("[fd00::1]", Some(443)).is_ok());
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "a b",
            "https://host",
            "host:",
            "host:99999",
            "[::1",
            "[::1]x",
            "a..b",
            "*.*.a",
            "a/b",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_of_this_machine_and_of_metadata_services_are_internal() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(is_internal(text.parse().unwrap()), "{text}");
        }
        for text in [
            "10.0.0.1",
            "192.168.1.1",
            "140.82.121.4",
            "2606:50c0::1",
            "fd00::1",
            "64:ff9b::8c52:7904",
        ] {
            assert!(!is_internal(text.parse().unwrap()), "{text}");
        }
    }
}
