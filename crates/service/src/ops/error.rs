//! Why an operation was not done.

use store::StoreError;
use store::token::Role;

use crate::api::model::problem::FieldError;

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpError {
    /// The caller's role does not suffice.
    #[error("this needs a token with the role `{}`", word(*.needs))]
    Forbidden {
        /// The least role that does.
        needs: Role,
    },
    /// The caller's label does not allow it.
    #[error("{0}")]
    Limited(&'static str),
    /// It does not exist, or not for this caller.
    #[error("{what} does not exist")]
    NotFound {
        /// `mirror app`.
        what: String,
    },
    /// It is not as it would have to be.
    #[error("{0}")]
    Conflict(String),
    /// It is defined in the file.
    #[error("{0}")]
    ReadOnly(String),
    /// It was changed since the caller looked.
    #[error("{0}")]
    Stale(String),
    /// An edit does not say which version it is of.
    #[error("{0}")]
    Unconditional(String),
    /// The request is understood, and makes no sense.
    #[error("{}", .0.first().map_or("the request makes no sense", |first| first.message.as_str()))]
    Invalid(Vec<FieldError>),
    /// A repository cannot be reached or read. Says which and why.
    #[error("{0}")]
    Unreachable(String),
    /// It can be done later.
    #[error("{0}")]
    Busy(String),
    /// refsync or its database failed. The text is for the log, not for the caller.
    #[error("{0}")]
    Failed(String),
}

impl OpError {
    /// One value of the request makes no sense.
    pub(crate) fn invalid(path: &str, message: impl std::fmt::Display) -> Self {
        Self::Invalid(vec![field(path, message)])
    }

    /// It does not exist.
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }
}

/// What is wrong with one value.
pub(crate) fn field(path: &str, message: impl std::fmt::Display) -> FieldError {
    FieldError {
        path: path.to_owned(),
        message: message.to_string(),
    }
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what } => Self::NotFound { what },
            StoreError::Conflict(text) => Self::Conflict(text),
            StoreError::Fenced { .. } => Self::Conflict(error.to_string()),
            StoreError::Busy(_) => Self::Busy("the database is busy: try again".into()),
            // Who asks may not have shown a token yet: that is in the database, too.
            StoreError::Unreachable(_) => {
                Self::Busy("the database cannot be reached: refsync's log says where and why".into())
            }
            StoreError::Unusable(_) | StoreError::Adrift { .. } | StoreError::Database(_) => {
                Self::Failed(error.to_string())
            }
        }
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Read => "read",
        Role::Operate => "operate",
        Role::Admin => "admin",
    }
}
