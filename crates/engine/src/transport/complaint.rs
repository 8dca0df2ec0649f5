//! What servers and ssh say when something is wrong, in words that were written for people.

use crate::error::Fault;

type Make = fn(String) -> Fault;

/// Which words mean which fault; the first that occurs in the lower-cased text counts. Collected from git, OpenSSH, GitHub, GitLab,
/// Gitea and Bitbucket.
const WORDS: &[(&str, Make)] = &[
    ("could not resolve hostname", |said| Fault::HostNotFound {
        host: host_in(&said),
    }),
    ("connection refused", |said| Fault::ConnectionRefused {
        host: address_in(&said),
    }),
    ("connection timed out", |said| Fault::Connect {
        host: "the host".into(),
        reason: said,
    }),
    ("no route to host", |said| Fault::Connect {
        host: "the host".into(),
        reason: said,
    }),
    ("host key verification failed", |message| Fault::HostKey {
        message,
    }),
    ("permission denied (", |message| Fault::KeyRefused { message }),
    ("too many authentication failures", |message| Fault::KeyRefused {
        message,
    }),
    ("does not appear to be a git repository", |message| {
        Fault::NotFound { message }
    }),
    ("not a git repository", |message| Fault::NotFound { message }),
    ("repository not found", |message| Fault::NotFound { message }),
    ("repository not exported", |message| Fault::NotFound { message }),
    ("could not be found", |message| Fault::NotFound { message }),
    ("no such file or directory", |message| Fault::NotFound { message }),
    ("no space left on device", |message| Fault::DiskFull { message }),
    ("service not enabled", |message| Fault::Forbidden {
        user: None,
        message,
    }),
    ("access denied", |message| Fault::Forbidden {
        user: None,
        message,
    }),
    ("permission denied", |message| Fault::Forbidden {
        user: None,
        message,
    }),
    ("write access", |message| Fault::Forbidden { user: None, message }),
    ("dubious ownership", |message| Fault::Forbidden {
        user: None,
        message,
    }),
    ("too large", |message| Fault::TooLarge { message }),
];

/// The fault that a complaint names, if it is a known one.
pub(crate) fn complaint(text: &str) -> Option<Fault> {
    let lower = text.to_lowercase();
    let said = || {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("; ")
    };
    WORDS
        .iter()
        .find(|(words, _)| lower.contains(words))
        .map(|(_, make)| make(said()))
}

/// The host in ssh's `Could not resolve hostname NAME: …`.
fn host_in(said: &str) -> String {
    let name = said
        .rsplit("hostname ")
        .next()
        .and_then(|rest| rest.split(':').next());
    name.unwrap_or(said).to_owned()
}

/// The host and port in ssh's `connect to host NAME port NUMBER: …`.
fn address_in(said: &str) -> String {
    let address = said.rsplit("connect to host ").next().and_then(|rest| {
        let (host, rest) = rest.split_once(" port ")?;
        Some(format!("{host}:{}", rest.split(':').next()?))
    });
    address.unwrap_or_else(|| said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_and_servers_say_is_understood() {
        let fault =
            complaint("ssh: Could not resolve hostname nowhere.invalid: Name or service not known").unwrap();
        assert!(matches!(fault, Fault::HostNotFound { host } if host == "nowhere.invalid"));
        assert!(matches!(
            complaint("git@host: Permission denied (publickey)."),
            Some(Fault::KeyRefused { .. })
        ));
        assert!(matches!(
            complaint("fatal: '/x' does not appear to be a git repository"),
            Some(Fault::NotFound { .. })
        ));
        assert!(matches!(
            complaint("ERROR: Repository not found."),
            Some(Fault::NotFound { .. })
        ));
        let fault = complaint("ssh: connect to host host.example port 2222: Connection refused").unwrap();
        assert!(matches!(fault, Fault::ConnectionRefused { host } if host == "host.example:2222"));
        assert!(complaint("something else").is_none());
    }
}
