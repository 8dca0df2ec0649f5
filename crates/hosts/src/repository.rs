//! Addresses of repositories as hosts write them, made comparable.

use percent_encoding::percent_decode_str;

/// The longest address that is looked at, in bytes.
const MAX_LEN: usize = 8_192;

/// The identity of a repository in any of its spellings: host in lower case without user, scheme or default port, path
/// without `.git` and slashes at the ends. `https://User@GitHub.com:443/Acme/App.git` and `git@github.com:Acme/App` are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryId(String);

impl RepositoryId {
    /// Of a clone URL of any form; `None` if it is none.
    pub fn of(url: &str) -> Option<Self> {
        let address = Address::parse(url)?;
        let (host, path) = address.canonical()?;
        Some(Self(format!("{host}/{path}").to_lowercase()))
    }

    /// `host/path`, to compare. Paths are compared without regard to case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `host/path` of a clone URL as [`RepositoryId`] has it, with the case of its path: on many hosts `Acme/App` and `acme/app` are two
/// repositories, and what was learnt of one must not be believed of the other. `None` if it is no such URL.
pub fn exact(url: &str) -> Option<String> {
    let (host, path) = Address::parse(url)?.canonical()?;
    Some(format!("{host}/{path}"))
}

/// A clone URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `https`, `http`, `ssh`, `git`; scp-like addresses are `ssh`.
    pub(crate) scheme: String,
    /// In lower case.
    pub(crate) host: String,
    /// Only where it is not the scheme's own.
    pub(crate) port: Option<u16>,
    /// Decoded, without slashes at the ends, without `.git`, its case kept.
    pub(crate) path: String,
}

impl Address {
    /// Reads any form of git-clone(1) but local ones.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        if url.len() > MAX_LEN || url.contains(|c: char| c.is_control() || c == '?' || c == '#') {
            return None;
        }
        let (scheme, authority, path) = match url.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_once('/')?;
                (scheme.to_ascii_lowercase(), authority, path)
            }
            None => {
                let (authority, path) = scp(url)?;
                ("ssh".to_owned(), authority, path)
            }
        };
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            "ssh" | "git+ssh" | "ssh+git" => 22,
            "git" => 9_418,
            _ => return None,
        };
        let scheme = if default_port == 22 {
            "ssh".to_owned()
        } else {
            scheme
        };
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let (host, port) = host_and_port(place)?;
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
            return None;
        }
        let path = segments.join("/");
        let path = path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/');
        (!host.is_empty() && !path.is_empty()).then(|| Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port: port.filter(|port| *port != default_port),
            path: path.to_owned(),
        })
    }

    /// `scheme://host[:port]` to ask the host's web side; ssh addresses mean https on the same host.
    pub(crate) fn origin(&self) -> String {
        match (self.scheme.as_str(), self.port) {
            (scheme @ ("http" | "https"), Some(port)) => format!("{scheme}://{}:{port}", self.host),
            (scheme @ ("http" | "https"), None) => format!("{scheme}://{}", self.host),
            _ => format!("https://{}", self.host),
        }
    }

    /// Host and path with what is particular to some hosts evened out.
    fn canonical(&self) -> Option<(String, String)> {
        let (host, port) = match self.host.as_str() {
            "ssh.github.com" => ("github.com", None),
            "altssh.gitlab.com" => ("gitlab.com", None),
            "altssh.bitbucket.org" => ("bitbucket.org", None),
            host => (host, self.port),
        };
        if let Some(azure) = azure(host, &self.path) {
            return Some(("dev.azure.com".to_owned(), azure));
        }
        let host = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Some((host, self.path.clone()))
    }
}

/// `[user@]host:path`; not a path of this machine, nor `C:\…`.
fn scp(url: &str) -> Option<(&str, &str)> {
    if let Some(start) = url.find('[') {
        // [host]:path and user@[::1]:path
        let end = url.find("]:")?;
        return (start < end && !url[..start].contains('/')).then(|| (&url[..=end], &url[end + 2..]));
    }
    let (authority, path) = url.split_once(':')?;
    let drive = authority.len() == 1;
    (!authority.contains(['/', '\\']) && !drive).then_some((authority, path))
}

fn host_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    if place.starts_with('[') {
        let end = place.find(']')?;
        let rest = &place[end + 1..];
        return match rest.strip_prefix(':') {
            Some(port) => Some((&place[..=end], Some(port.parse().ok()?))),
            None => rest.is_empty().then_some((&place[..=end], None)),
        };
    }
    match place.split_once(':') {
        Some((host, "")) => Some((host, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((place, None)),
    }
}

/// `organisation/project/repository` of the several addresses that Azure DevOps gives one repository.
fn azure(host: &str, path: &str) -> Option<String> {
    let mut segments: Vec<&str> = path.split('/').collect();
    if host == "ssh.dev.azure.com" || host == "vs-ssh.visualstudio.com" {
        return match segments.as_slice() {
            ["v3", organisation, project, repository] => {
                Some(format!("{organisation}/{project}/{repository}"))
            }
            _ => None,
        };
    }
    if let Some(organisation) = host.strip_suffix(".visualstudio.com") {
        if segments
            .first()
            .is_some_and(|first| first.eq_ignore_ascii_case("DefaultCollection"))
        {
            segments.remove(0);
        }
        segments.insert(0, organisation);
    } else if host != "dev.azure.com" {
        return None;
    }
    match segments.as_slice() {
        [organisation, project, "_git", repository] => Some(format!("{organisation}/{project}/{repository}")),
        // A project's own repository has the project's name.
        [organisation, "_git", repository] => Some(format!("{organisation}/{repository}/{repository}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(url: &str) -> String {
        RepositoryId::of(url)
            .unwrap_or_else(|| panic!("{url} has an identity"))
            .as_str()
            .to_owned()
    }

    #[test]
    fn all_spellings_of_one_repository_are_one() {
        for spelling in [
            "https://User@GitHub.com:443/Acme/App.git",
            "https://github.com/acme/app",
            "http://github.com:80/acme/app/",
            "git@github.com:Acme/App",
            "github.com:acme/app.git",
            "ssh://git@github.com/acme/app.git",
            "ssh://git@github.com:22//acme/app.git/",
            "ssh://git@ssh.github.com:443/acme/app.git",
            "git://github.com/acme/app.git",
        ] {
            assert_eq!(id(spelling), "github.com/acme/app", "{spelling}");
        }
    }

    #[test]
    fn the_exact_address_keeps_the_case_of_the_path_alone() {
        assert_eq!(
            exact("https://User@Git.Example:443/Acme/App.git").unwrap(),
            "git.example/Acme/App"
        );
        assert_eq!(
            exact("git@git.example:Acme/App"),
            exact("https://git.example/Acme/App.git")
        );
        assert_ne!(
            exact("https://git.example/acme/app"),
            exact("https://git.example/Acme/app")
        );
        assert_eq!(exact("/srv/App.git"), None);
    }

    #[test]
    fn other_hosts_ports_and_paths_are_others() {
        assert_eq!(id("https://git.example:8443/a/b.git"), "git.example:8443/a/b");
        assert_ne!(id("https://git.example/a/b"), id("https://git.example:8443/a/b"));
        assert_ne!(id("https://git.example/a/b"), id("https://git.example/a/c"));
        assert_eq!(id("ssh://git@[::1]:2222/a/b.git"), "[::1]:2222/a/b");
        assert_eq!(id("git@[::1]:a/b.git"), "[::1]/a/b");
    }

    #[test]
    fn azure_gives_one_repository_many_addresses() {
        for spelling in [
            "https://acme@dev.azure.com/acme/My%20Project/_git/app",
            "git@ssh.dev.azure.com:v3/acme/My%20Project/app",
            "https://acme.visualstudio.com/My%20Project/_git/app",
            "https://acme.visualstudio.com/DefaultCollection/My%20Project/_git/app",
        ] {
            assert_eq!(id(spelling), "dev.azure.com/acme/my project/app", "{spelling}");
        }
        assert_eq!(
            id("https://dev.azure.com/acme/_git/app"),
            id("https://dev.azure.com/acme/app/_git/app")
        );
    }

    #[test]
    fn what_is_no_address_of_a_host_has_no_identity() {
        for text in [
            "",
            "/srv/git/app.git",
            "./app",
            "C:\\git\\app",
            "file:///srv/app.git",
            "https://",
            "https://host",
        ] {
            assert_eq!(RepositoryId::of(text), None, "{text}");
        }
        assert_eq!(RepositoryId::of("https://host/a?token=x"), None);
        assert_eq!(RepositoryId::of("https://host:99999/a"), None);
        assert_eq!(RepositoryId::of("[]:"), None);
        assert_eq!(RepositoryId::of("]:["), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = RepositoryId::of(&text);
        }

        #[test]
        fn no_address_panics(text in "(https://|ssh://|git@|)[\\[\\]:@/%a-z0-9.]{0,40}") {
            let _ = RepositoryId::of(&text);
        }
    }
}
