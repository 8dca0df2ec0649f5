//! What an attempt came to.

use engine::digest::Digest;
use engine::error::{Error, Fault};
use engine::side::{Both, Side};
use store::queue::{Memory, Outcome};

use super::budget::{Denied, Verdict};
use super::ends::End;
use super::record;
use super::request::Unfit;

/// What an attempt came to.
#[derive(Debug)]
pub(super) struct Made {
    /// What is to be recorded.
    pub(super) outcome: Outcome,
    /// What was remembered before.
    pub(super) memory: Memory,
    /// What was learned of tokens.
    pub(super) verdicts: Vec<Verdict>,
    /// What both sides listed, if all of it was in sync and is recorded so.
    pub(super) digest: Option<Digest>,
    /// Why it could not be done, as far as others may have the same trouble.
    pub(super) trouble: Option<Trouble>,
}

/// Why a run could not begin.
#[derive(Debug)]
pub(super) struct Unbegun {
    /// The side at fault, if it is one.
    pub(super) side: Option<Side>,
    /// The stable word of the fault.
    pub(super) kind: &'static str,
    /// In a sentence.
    pub(super) message: String,
    /// What to do next.
    pub(super) advice: Option<String>,
    /// As far as others may have the same trouble.
    pub(super) trouble: Option<Trouble>,
}

impl Unbegun {
    /// Of what cannot be asked for.
    pub(super) fn of_unfit(unfit: Unfit) -> Self {
        let (message, advice, trouble) = match unfit {
            Unfit::Inputs(message) => (message, None, None),
            Unfit::Secret { credential, reason } => (
                format!("the token of the credential `{credential}` cannot be read: {reason}"),
                Some("mend the place that the configuration names; it is read again by itself".to_owned()),
                Some(Trouble::Secret { credential, reason }),
            ),
        };
        Self {
            side: None,
            kind: "setup",
            message,
            advice,
            trouble,
        }
    }

    /// Of a run that was not let through to the host of a side.
    pub(super) fn of_denied(denied: &Denied, side: Option<Side>) -> Self {
        Self {
            side,
            kind: denied.kind(),
            message: denied.to_string(),
            advice: denied.advice(),
            trouble: Trouble::of_denied(denied),
        }
    }
}

/// A trouble that other mirrors may share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A token was refused.
    Token {
        /// The credential.
        credential: String,
        /// 401 or 403.
        status: u16,
    },
    /// A secret cannot be read.
    Secret {
        /// The credential.
        credential: String,
        /// Why not.
        reason: String,
    },
    /// A host cannot be reached, or fails.
    Host {
        /// The host.
        host: String,
        /// The stable word of the fault.
        kind: String,
        /// In a sentence.
        message: String,
    },
    /// It is this mirror's own.
    Own {
        /// The stable word of the fault.
        kind: String,
        /// In a sentence.
        message: String,
    },
}

impl Made {
    /// That there was nothing to learn.
    pub(super) fn nothing(outcome: Outcome, memory: Memory) -> Self {
        Self {
            outcome,
            memory,
            verdicts: Vec::new(),
            digest: None,
            trouble: None,
        }
    }

    /// No host was asked: what is due stays so.
    pub(super) fn denied(denied: &Denied, memory: Memory, verdicts: Vec<Verdict>) -> Self {
        let outcome = Outcome {
            retry_at: Some(denied.until()),
            error: Some(denied.to_string()),
            ..Outcome::default()
        };
        Self {
            verdicts,
            trouble: Trouble::of_denied(denied),
            ..Self::nothing(outcome, memory)
        }
    }
}

impl Trouble {
    /// Of a run that was not let through; a host that wants to be left alone is no trouble.
    pub(super) fn of_denied(denied: &Denied) -> Option<Self> {
        match denied {
            Denied::Refused {
                credential, status, ..
            } => Some(Self::Token {
                credential: credential.clone(),
                status: *status,
            }),
            Denied::Hushed { .. } => None,
        }
    }

    /// Of a run that came to its end, and failed to write some reference.
    pub(super) fn of_unwritten(outcome: &Outcome) -> Option<Self> {
        let fault = outcome.run.as_ref()?.run.fault.as_ref()?;
        Some(Self::Own {
            kind: fault.kind.clone(),
            message: fault.message.clone(),
        })
    }

    /// Of the fault that ended a run.
    pub(super) fn of(error: &Error, ends: &Both<End>) -> Self {
        let end = ends.of(error.side);
        let message = gitwire::message::sanitize(error.to_string());
        let kind = record::kind(error);
        let host = end.endpoint.url.host().unwrap_or_default();
        let credential = end.token.as_ref().map(|token| token.credential.clone());
        match (&error.kind, credential) {
            (Fault::Unauthorized { .. }, Some(credential)) => Self::Token {
                credential,
                status: 401,
            },
            (Fault::Forbidden { .. }, Some(credential)) => Self::Token {
                credential,
                status: 403,
            },
            (
                Fault::HostNotFound { .. }
                | Fault::ConnectionRefused { .. }
                | Fault::Connect { .. }
                | Fault::Tls { .. }
                | Fault::Busy { .. },
                _,
            ) => Self::Host {
                message: message_of_host(&host, &kind),
                host,
                kind,
            },
            _ => Self::Own { kind, message },
        }
    }
}

fn message_of_host(host: &str, kind: &str) -> String {
    let (what, advice) = match kind {
        "host-not-found" => (
            "its name is not found",
            "check the address, and the name server of refsync's machine",
        ),
        "connection-refused" => (
            "it refuses connections",
            "check that its service runs, and the port in the address",
        ),
        "connect" => (
            "it cannot be reached",
            "check the network, firewall and proxy between refsync and it",
        ),
        "tls" => (
            "no secure connection comes about",
            "check its certificate; if an authority of your own signed it, name that as caFile; if it wants a client certificate, as clientCert",
        ),
        "busy" => (
            "it answers that it is busy",
            "wait, or lower maxConcurrent of its credential",
        ),
        _ => ("it fails", "the mirrors' last runs say why"),
    };
    format!("{host} cannot be used: {what}. All that is due there is tried again by itself; {advice}")
}
