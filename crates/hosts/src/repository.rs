//! Addresses of repositories as hosts write them, made comparable.

/// The identity of a repository in any of its spellings: host in lower case without user, scheme or default port, path
/// without `.git` and slashes at the ends. `https://User@GitHub.com:443/Acme/App.git` and `git@github.com:Acme/App` are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryId(String);

impl RepositoryId {
    /// Of a clone URL of any form; `None` if it is none.
    pub fn of(_url: &str) -> Option<Self> {
        todo!()
    }

    /// `host/path`, to store and compare. Paths are compared without regard to case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
