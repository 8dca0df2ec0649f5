//! The two hash functions of git.

/// The hash function that names a repository's objects (`extensions.objectFormat` in `git-config(1)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFormat {
    /// 40 hex digits.
    Sha1,
    /// 64 hex digits.
    Sha256,
}

impl ObjectFormat {
    /// Git's own name of the format: `sha1` or `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            ObjectFormat::Sha1 => "sha1",
            ObjectFormat::Sha256 => "sha256",
        }
    }

    /// The id that stands for "no object": all zeros.
    pub fn zero(self) -> String {
        match self {
            ObjectFormat::Sha1 => "0".repeat(40),
            ObjectFormat::Sha256 => "0".repeat(64),
        }
    }
}
