//! The words that the document uses for the values of the engine.

use super::*;

/// A side.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Side")]
pub(crate) enum SideWord {
    /// Where references are read.
    Source,
    /// Where references are written.
    Target,
}

impl From<Side> for SideWord {
    fn from(side: Side) -> Self {
        match side {
            Side::Source => Self::Source,
            Side::Target => Self::Target,
        }
    }
}

/// In which directions references are mirrored.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Direction")]
pub(crate) enum DirectionWord {
    /// From the source to the target.
    OneWay,
    /// Both ways.
    TwoWay,
}

impl From<Direction> for DirectionWord {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::OneWay => Self::OneWay,
            Direction::TwoWay => Self::TwoWay,
        }
    }
}

/// A step of a run.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Stage")]
pub(crate) enum StageWord {
    /// Listing the references of both sides.
    Observe,
    /// Comparing histories, and deciding.
    Decide,
    /// Relaying the pack.
    Relay,
    /// Waiting for the report of what was written.
    Report,
}

impl From<Stage> for StageWord {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Observe => Self::Observe,
            Stage::Decide => Self::Decide,
            Stage::Relay => Self::Relay,
            Stage::Report => Self::Report,
        }
    }
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Retry")]
pub(crate) enum RetryWord {
    /// Not before something is changed.
    Never,
    /// It may have been a passing fault.
    Later,
}

/// What became of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Outcome")]
pub(crate) enum OutcomeWord {
    /// Both sides have the same.
    UpToDate,
    /// It was made.
    Created,
    /// It was moved to a descendant.
    FastForwarded,
    /// It was moved to a value that does not descend from the old one, which was as expected.
    Forced,
    /// It was moved, and how the values relate is not known; the old one was as expected.
    Replaced,
    /// It was removed.
    Deleted,
    /// Somebody else wrote the very value before.
    AlreadyThere,
    /// It was deleted on the other side, and deletions are not mirrored.
    DeletionSkipped,
    /// It exists on this side alone.
    LeftAlone,
    /// The guard holds it until a person approves.
    Held,
    /// Both sides still have the values with which it was left before.
    Standing,
    /// refsync does not write it: see `reason`.
    Refused,
    /// The server does not let it be written: see `reason` and `raw`.
    Rejected,
    /// Somebody else moved it between the look and the write; nothing was overwritten.
    LeaseLost,
    /// The run ended before it was written; it has its old value.
    NotWritten,
    /// The run ended before anyone could tell.
    Unknown,
}

impl From<&Outcome> for OutcomeWord {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::UpToDate => Self::UpToDate,
            Outcome::Created => Self::Created,
            Outcome::Updated(Lineage::Descends) => Self::FastForwarded,
            Outcome::Updated(Lineage::Rewrites) => Self::Forced,
            Outcome::Updated(Lineage::Unproven) => Self::Replaced,
            Outcome::Deleted => Self::Deleted,
            Outcome::AlreadyThere => Self::AlreadyThere,
            Outcome::DeletionSkipped => Self::DeletionSkipped,
            Outcome::LeftAlone => Self::LeftAlone,
            Outcome::Held => Self::Held,
            Outcome::Standing => Self::Standing,
            Outcome::Refused(_) => Self::Refused,
            Outcome::Rejected(_) => Self::Rejected,
            Outcome::LeaseLost { .. } => Self::LeaseLost,
            Outcome::NotWritten => Self::NotWritten,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

/// Why a reference was refused (by refsync) or rejected (by the server).
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// Refused: it cannot be fast-forwarded, and no old value is known.
    NotFastForward,
    /// Refused: nobody could prove that it is a fast-forward, and no old value is known.
    Unproven,
    /// Refused: it cannot be fast-forwarded, and `--force=never` was given.
    ForceNever,
    /// Refused: the target has neither the given old value nor one that can be fast-forwarded.
    OutOfSync,
    /// Refused: both sides changed.
    Conflict,
    /// Refused: it is a symbolic reference on the side to be written.
    Symbolic,
    /// Refused: it may be a symbolic reference on the side to be written.
    MaybeSymbolic,
    /// Refused: the side to be written cannot delete references.
    NoDelete,
    /// Refused or rejected: a name there is a directory of this one, or the reverse.
    NameCollision,
    /// Refused or rejected: another reference of the atomic run failed.
    Atomic,
    /// Refused: the source showed another value when it was asked a second time.
    Unsteady,
    /// Refused: a person ordered it for other values than the sides have now.
    Moved,
    /// Rejected: a hook or a rule of the host.
    Hook,
    /// Rejected: a protected branch or tag.
    Protected,
    /// Rejected: the host keeps this reference to itself.
    Hidden,
    /// Rejected: the token may not change workflows (GitHub).
    Workflow,
    /// Rejected: deletions are denied.
    DeleteDenied,
    /// Rejected: values that do not descend are denied.
    NonFastForwardDenied,
    /// Rejected: it is the branch that is checked out there, or the default branch.
    CurrentBranch,
    /// Rejected: the server could not store the pack.
    Unpack,
    /// Rejected: the push, or a file in it, is too large.
    TooLarge,
    /// Rejected: the server's disk is full.
    DiskFull,
    /// Rejected: Git LFS objects are missing on the host.
    LfsMissing,
    /// Rejected: the repository there is shallow.
    Shallow,
    /// Rejected: for a reason that only `raw` tells.
    Other,
}

impl Reason {
    /// The reason, if the outcome has one.
    pub(crate) fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Refused(refusal) => Some((*refusal).into()),
            Outcome::Rejected(rejection) => Some(rejection.reason.into()),
            _ => None,
        }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFastForward => Self::NotFastForward,
            Refusal::Unproven => Self::Unproven,
            Refusal::ForceNever => Self::ForceNever,
            Refusal::OutOfSync => Self::OutOfSync,
            Refusal::Conflict => Self::Conflict,
            Refusal::Symbolic => Self::Symbolic,
            Refusal::MaybeSymbolic => Self::MaybeSymbolic,
            Refusal::NoDelete => Self::NoDelete,
            Refusal::NameCollision => Self::NameCollision,
            Refusal::Atomic => Self::Atomic,
            Refusal::Unsteady => Self::Unsteady,
            Refusal::Moved => Self::Moved,
        }
    }
}

impl From<RejectReason> for Reason {
    fn from(reason: RejectReason) -> Self {
        match reason {
            RejectReason::Hook => Self::Hook,
            RejectReason::Protected => Self::Protected,
            RejectReason::Hidden => Self::Hidden,
            RejectReason::Workflow => Self::Workflow,
            RejectReason::DeleteDenied => Self::DeleteDenied,
            RejectReason::NonFastForwardDenied => Self::NonFastForwardDenied,
            RejectReason::CurrentBranch => Self::CurrentBranch,
            RejectReason::Unpack => Self::Unpack,
            RejectReason::TooLarge => Self::TooLarge,
            RejectReason::DiskFull => Self::DiskFull,
            RejectReason::LfsMissing => Self::LfsMissing,
            RejectReason::NameCollision => Self::NameCollision,
            RejectReason::Shallow => Self::Shallow,
            RejectReason::Atomic => Self::Atomic,
            RejectReason::Other => Self::Other,
        }
    }
}

/// What ended a run early.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ErrorKind {
    /// The name of the host has no address.
    HostNotFound,
    /// Nobody listens there.
    ConnectionRefused,
    /// No connection came about.
    Connect,
    /// The encrypted connection could not be set up.
    Tls,
    /// 401: the credentials were missing or are not valid.
    Unauthorized,
    /// 403: the credentials are known and do not suffice.
    Forbidden,
    /// ssh: the server takes none of the keys.
    KeyRefused,
    /// ssh: the server's key is not known, or has changed.
    HostKey,
    /// There is no such repository, or it is not visible with these credentials.
    NotFound,
    /// Something answers, but not Git's protocol.
    NotGit,
    /// The server sends people to sign in.
    LoginPage,
    /// A redirect that is not followed.
    Redirect,
    /// 411: something in between takes no streamed body.
    LengthRequired,
    /// 413: the push is larger than the host takes.
    TooLarge,
    /// 429 or 503: the server asks for patience.
    Busy,
    /// Another HTTP status.
    HttpStatus,
    /// The connection ended early.
    HungUp,
    /// Nothing moved for too long.
    TimedOut,
    /// The pack from the source ended early or is damaged.
    PackCut,
    /// The source lists no references.
    Empty,
    /// The source's history is cut off.
    Shallow,
    /// One side uses sha1, the other sha256.
    ObjectFormats,
    /// The target cannot write several references atomically.
    NoAtomic,
    /// The disk of the server is full.
    DiskFull,
    /// The server ended the exchange with a message.
    Remote,
    /// The server does not keep to the protocol.
    Protocol,
    /// A program of this machine is needed and cannot be started.
    Spawn,
    /// The run may not go there.
    OutOfReach,
    /// What was to be written could not be recorded before.
    Record,
    /// What was configured cannot be used.
    Setup,
    /// A signal ended the run.
    Interrupted,
}

impl From<&Fault> for ErrorKind {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::HostNotFound { .. } => Self::HostNotFound,
            Fault::ConnectionRefused { .. } => Self::ConnectionRefused,
            Fault::Connect { .. } => Self::Connect,
            Fault::Tls { .. } => Self::Tls,
            Fault::Unauthorized { .. } => Self::Unauthorized,
            Fault::Forbidden { .. } => Self::Forbidden,
            Fault::KeyRefused { .. } => Self::KeyRefused,
            Fault::HostKey { .. } => Self::HostKey,
            Fault::NotFound { .. } => Self::NotFound,
            Fault::NotGit { .. } => Self::NotGit,
            Fault::LoginPage { .. } => Self::LoginPage,
            Fault::Redirect { .. } => Self::Redirect,
            Fault::LengthRequired => Self::LengthRequired,
            Fault::TooLarge { .. } => Self::TooLarge,
            Fault::Busy { .. } => Self::Busy,
            Fault::Status { .. } => Self::HttpStatus,
            Fault::HungUp { .. } => Self::HungUp,
            Fault::TimedOut { .. } => Self::TimedOut,
            Fault::PackCut { .. } => Self::PackCut,
            Fault::Empty => Self::Empty,
            Fault::Shallow => Self::Shallow,
            Fault::ObjectFormats { .. } => Self::ObjectFormats,
            Fault::NoAtomic => Self::NoAtomic,
            Fault::DiskFull { .. } => Self::DiskFull,
            Fault::Remote { .. } => Self::Remote,
            Fault::Protocol(_) => Self::Protocol,
            Fault::Spawn { .. } => Self::Spawn,
            Fault::OutOfReach { .. } => Self::OutOfReach,
            Fault::Record(_) => Self::Record,
            Fault::Setup(_) => Self::Setup,
        }
    }
}
