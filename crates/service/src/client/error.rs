//! What goes wrong between a command and the server, and what to do about it.

use reqwest::StatusCode;

/// What went wrong. The text says where and what, [`ClientError::hint`] what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// A variable of the environment cannot be used.
    #[error("{name}: {reason}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// The client cannot be made.
    #[error("cannot start to speak HTTP: {0}")]
    Setup(String),
    /// Nobody answers.
    #[error("{server} does not answer: {reason}")]
    Unreachable {
        /// The server.
        server: String,
        /// In words.
        reason: String,
    },
    /// The server refuses what is asked, and says why.
    #[error("{detail}")]
    Problem {
        /// The HTTP status.
        status: StatusCode,
        /// The stable word of the problem; empty if there is none.
        kind: String,
        /// What happened, in words.
        detail: String,
        /// What to do.
        hint: Option<String>,
    },
    /// What answers is not refsync, or of another version.
    #[error("the answer of {server} cannot be read: {reason}")]
    Unreadable {
        /// The server.
        server: String,
        /// Why not.
        reason: String,
    },
    /// A request cannot be written as JSON.
    #[error("the request cannot be written: {0}")]
    Unwritable(String),
}

impl ClientError {
    /// From what reqwest says. Its own text repeats the address, so the innermost reason is taken.
    pub(super) fn unreachable(server: &str, error: &reqwest::Error) -> Self {
        let mut reason: &dyn std::error::Error = error;
        while let Some(inner) = reason.source() {
            reason = inner;
        }
        let reason = if error.is_timeout() {
            "it took too long".to_owned()
        } else {
            reason.to_string()
        };
        Self::Unreachable {
            server: server.to_owned(),
            reason,
        }
    }

    /// From what serde says.
    pub(super) fn unwritable(error: &serde_json::Error) -> Self {
        Self::Unwritable(error.to_string())
    }

    /// What a person can do.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Variable { .. } | Self::Setup(_) | Self::Unwritable(_) => None,
            Self::Unreachable { server, .. } => Some(format!(
                "is refsync serve running at {server}? REFSYNC_URL says where it is"
            )),
            Self::Problem { hint, .. } => hint.clone(),
            Self::Unreadable { .. } => Some(
                "does REFSYNC_URL name a refsync server, and is it of the same version as this command?"
                    .into(),
            ),
        }
    }

    /// Whether the request itself is wrong, so that asking again is of no use.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Variable { .. } => true,
            Self::Problem { status, .. } => {
                matches!(
                    *status,
                    StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY
                )
            }
            _ => false,
        }
    }

    /// Whether the same may succeed in a moment: the server starts anew, or is overloaded.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }
}
