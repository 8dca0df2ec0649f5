//! Names of references, checked once at the edge.

use std::borrow::Borrow;
use std::fmt;

use bstr::{BStr, BString, ByteSlice};

/// A full reference name that `git check-ref-format` accepts, such as `refs/heads/main`.
///
/// A name cannot be made from unchecked text:
///
/// ```compile_fail
/// let name: gitwire::RefName = "refs/heads/main".into();
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(BString);

/// Why a text is not a full reference name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefNameError {
    /// It does not start with `refs/`.
    #[error("a full reference name starts with refs/, such as refs/heads/main")]
    NotFull,
    /// `git check-ref-format` refuses it.
    #[error("git check-ref-format refuses this name")]
    Malformed,
    /// It is longer than [`RefName::MAX_LEN`].
    #[error("longer than {} bytes", RefName::MAX_LEN)]
    TooLong,
}

impl RefName {
    /// The longest name that is accepted, in bytes. Git's own limit is the file system's (4,096 for a path).
    pub const MAX_LEN: usize = 4096;

    /// Checks a full name by the rules of git-check-ref-format(1).
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, RefNameError> {
        let name = name.as_ref();
        if name.len() > Self::MAX_LEN {
            return Err(RefNameError::TooLong);
        }
        let Some(rest) = name.strip_prefix(b"refs/") else {
            return Err(RefNameError::NotFull);
        };
        if rest.is_empty() || gix_validate::reference::name(name.as_bstr()).is_err() {
            return Err(RefNameError::Malformed);
        }
        Ok(Self(name.into()))
    }

    /// The bytes of the name. They need not be UTF-8.
    pub fn as_bstr(&self) -> &BStr {
        self.0.as_bstr()
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether this is a tag, which never fast-forwards.
    pub fn is_tag(&self) -> bool {
        self.0.starts_with(b"refs/tags/")
    }

    /// Whether this is a branch, which always points to a commit.
    pub fn is_branch(&self) -> bool {
        self.0.starts_with(b"refs/heads/")
    }

    /// The name as people say it: without `refs/heads/`, `refs/tags/` or `refs/remotes/`.
    pub fn short(&self) -> &BStr {
        let name = self.0.as_bytes();
        [&b"refs/heads/"[..], b"refs/tags/", b"refs/remotes/"]
            .iter()
            .find_map(|prefix| name.strip_prefix(*prefix))
            .unwrap_or(name)
            .as_bstr()
    }

    /// Whether one name is a directory of the other, so that both cannot exist at once.
    pub fn collides_with(&self, other: &Self) -> bool {
        let (short, long) = if self.0.len() < other.0.len() {
            (self, other)
        } else {
            (other, self)
        };
        long.0
            .strip_prefix(short.as_bytes())
            .is_some_and(|rest| rest.starts_with(b"/"))
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_bstr(), f)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_bstr(), f)
    }
}

impl Borrow<BStr> for RefName {
    fn borrow(&self) -> &BStr {
        self.as_bstr()
    }
}

impl std::str::FromStr for RefName {
    type Err = RefNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_are_accepted() {
        for name in [
            "refs/heads/main",
            "refs/tags/v1.2.3",
            "refs/heads/ü/x",
            "refs/notes/commits",
            "refs/stash",
        ] {
            assert!(RefName::new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_git_refuses_are_refused() {
        for name in [
            "main",
            "HEAD",
            "refs/",
            "refs/heads/",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a~1",
            "refs/heads/a^",
            "refs/heads/a:b",
            "refs/heads/a?",
            "refs/heads/a*",
            "refs/heads/a[",
            "refs/heads/a\\b",
            "refs/heads/a\x7f",
            "refs/heads//a",
            "refs/heads/a/",
            "refs/heads/a.",
            "refs/heads/@{",
        ] {
            assert!(RefName::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_directory_collides_with_what_is_in_it() {
        let name = |n: &str| RefName::new(n).unwrap();
        assert!(name("refs/heads/a").collides_with(&name("refs/heads/a/b")));
        assert!(name("refs/heads/a/b").collides_with(&name("refs/heads/a")));
        assert!(!name("refs/heads/a").collides_with(&name("refs/heads/ab")));
        assert!(!name("refs/heads/a").collides_with(&name("refs/heads/a")));
    }

    #[test]
    fn people_see_short_names() {
        assert_eq!(RefName::new("refs/heads/x/y").unwrap().short(), "x/y");
        assert_eq!(RefName::new("refs/notes/x").unwrap().short(), "refs/notes/x");
    }
}
