//! What is wrong with the inputs.

use std::path::PathBuf;

use engine::scope::ScopeError;
use engine::side::Side;
use engine::url::UrlError;

/// Why flags and variables make no run: exit code 64. No message repeats a token or an address, which may hold one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    /// A side has no address.
    #[error("the address of the {0} is missing")]
    NoUrl(Side),
    /// The argument and the flag say different things.
    #[error("the argument and --{0}-url name different repositories: give one of them")]
    TwoUrls(Side),
    /// An address cannot be used.
    #[error("the address of the {0}: {1}")]
    Url(Side, UrlError),
    /// git:// can only be read.
    #[error("the {0} cannot be written over git://: use https, ssh or a path")]
    ReadOnly(Side),
    /// Both sides are one.
    #[error("source and target are the same repository")]
    SameRepository,
    /// A variable is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
    /// A variable holds `<+`.
    #[error("{0} holds `<+`: an expression that the pipeline did not resolve")]
    Unresolved(&'static str),
    /// A token cannot be one.
    #[error("the token in {0} holds a line break, a control character or `<+`: it cannot be one")]
    Token(String),
    /// A token's file cannot be read.
    #[error("cannot read the token file {}: {reason}", file.display())]
    TokenFile {
        /// Its path.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file of certificates cannot be read.
    #[error("cannot read the certificates in {}: {reason}", file.display())]
    CaFile {
        /// Its path.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A user name cannot be sent.
    #[error("the user name for the {0} holds a colon, a control character or `<+`")]
    Username(Side),
    /// `REFERENCE` is there and says nothing.
    #[error("REFERENCE is set and {0}: that never means everything")]
    EmptyReference(&'static str),
    /// References cannot be understood.
    #[error("{origin}: {error}")]
    Reference {
        /// The flag or variable.
        origin: &'static str,
        /// What is wrong.
        error: ScopeError,
    },
    /// An old value without the one reference that it belongs to.
    #[error("{0} belongs to exactly one reference, given by its full name, and the run covers other ones")]
    OldValueNeedsOneName(&'static str),
    /// An old value is malformed.
    #[error("{origin}: `{value}` is not an object id: 40 or 64 hexadecimal digits, or all zeros")]
    OldValue {
        /// The flag or variable.
        origin: &'static str,
        /// What was given.
        value: String,
    },
    /// A lease is malformed.
    #[error(
        "--force-with-lease={0}: expected REF:SHA, a full reference name and the value that it has to have"
    )]
    Lease(String),
    /// A lease for a reference that the run does not cover.
    #[error("--force-with-lease: {0} is not among the references of this run")]
    LeaseOutOfScope(String),
    /// Two old values for one reference.
    #[error("two different old values are given for {0}")]
    TwoOldValues(String),
    /// `SYNC_DELETE` is none of its values.
    #[error("{origin}: `{value}` is not allowed: true, false, null or empty")]
    SyncDelete {
        /// The flag or variable.
        origin: &'static str,
        /// What was given.
        value: String,
    },
    /// What `--two-way` does not go with.
    #[error("--two-way does not go with {0}: there is no single old value or direction to apply it to")]
    TwoWay(&'static str),
    /// A push option cannot be sent.
    #[error(
        "--push-option: an option cannot hold a line break or a NUL, nor be longer than a packet (65,516 bytes)"
    )]
    PushOption,
    /// A time is malformed.
    #[error("--{flag}: `{value}` is not a time: give for example 10s, 2m or 30min")]
    Time {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
    },
}

impl UsageError {
    /// What to type instead, where an example helps.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoUrl(_) => {
                "for example: refsync sync https://github.com/acme/app.git https://git.example.com/acme/app.git"
            }
            Self::EmptyReference(_) => {
                "name references (refs/heads/main, or 'refs/heads/* refs/tags/*'), or unset REFERENCE to mirror all \
                 branches and tags"
            }
            Self::Reference {
                error: ScopeError::OnlyExclusions,
                ..
            } => "for example: -r 'refs/heads/*' -r '^refs/heads/wip/*'",
            Self::OldValueNeedsOneName(_) => {
                "name the one reference (-r refs/heads/main), or give each its own: --force-with-lease=REF:SHA"
            }
            Self::Lease(_) => {
                "for example: --force-with-lease=refs/heads/main:1a2b3c4… (the full id, from git ls-remote)"
            }
            Self::LeaseOutOfScope(_) => "add it: -r REF",
            Self::Token(_) => "a token is one line of visible characters; the file may end in a line break",
            _ => return None,
        })
    }
}
