//! Why a run was not let through to a host, and what it learned of tokens.

use std::fmt;
use std::time::Duration;

use engine::error::Fault;
use engine::side::Side;
use store::Time;

/// Why a run was not let through. Nothing was asked of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The host wants to be left alone.
    Hushed {
        /// The host.
        host: String,
        /// Until then.
        until: Time,
    },
    /// The host refused the credential's token before.
    Refused {
        /// The side that shows it.
        side: Side,
        /// The credential.
        credential: String,
        /// 401 or 403.
        status: u16,
        /// Since when this value of it is refused.
        since: Time,
        /// When to ask again whether it may be tried.
        until: Time,
        /// Whether it was tried just now, and refused again.
        tried: bool,
    },
}

/// What a run learned of a token.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// It works again.
    Accepted {
        /// The credential.
        credential: String,
    },
    /// The host refused it.
    Refused {
        /// The credential.
        credential: String,
        /// What to write down.
        key: String,
        /// The salted hash of its value.
        hash: String,
        /// 401 or 403.
        status: u16,
    },
}

impl Denied {
    /// When to ask again.
    pub(crate) fn until(&self) -> Time {
        match self {
            Self::Hushed { until, .. } | Self::Refused { until, .. } => *until,
        }
    }

    /// The stable word for it in a run that a person reads.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Hushed { .. } => "busy",
            Self::Refused { status: 403, .. } => "forbidden",
            Self::Refused { .. } => "unauthorized",
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Hushed { until, .. } => Some(format!(
                "nothing, if it can wait: what is due is tried again by itself after {}; ask for other runs after that",
                told(*until)
            )),
            Self::Refused { credential, .. } => Some(format!(
                "check the token of the credential `{credential}` (expired? revoked?), and put a new one in its place: it is read again by itself"
            )),
        }
    }

    /// For the engine, which only passes it on.
    pub(super) fn fault(&self, now: Time) -> Fault {
        let left = self.until().0.saturating_sub(now.0);
        let status = match self {
            Self::Hushed { .. } => 429,
            Self::Refused { status, .. } => *status,
        };
        Fault::Busy {
            status,
            retry_after: Some(Duration::from_millis(u64::try_from(left).unwrap_or(0))),
            message: self.to_string(),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hushed { host, until } => write!(
                f,
                "{host} asks for patience (Retry-After) until {}: nothing was asked of it",
                told(*until)
            ),
            Self::Refused {
                credential,
                status,
                since,
                ..
            } => write!(
                f,
                "the host refuses the token of the credential `{credential}` ({status}) since {}: not shown again until it is \
                 another, but for one request a minute",
                told(*since)
            ),
        }
    }
}

/// A time as people read it, to the second.
fn told(time: Time) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
