//! From a delivery to the references that changed.
//!
//! A delivery says only that references may have changed: what it tells of their values is a hint. Bodies are read into just the
//! fields that count, so that a large one takes little memory; their depth is bounded, and their size by who reads them.

use gitwire::{Oid, RefName};

use crate::Provider;
use crate::custom::CustomTrigger;

mod azure;
mod bitbucket_cloud;
mod bitbucket_data_center;
mod body;
mod codecommit;
mod custom;
mod gerrit;
mod gitea;
mod github;
mod gitlab;
mod harness;
mod header;
mod told;

pub use header::{delivery_id, may_keep};

/// The most references of one delivery that are told one by one. What changes more makes the whole scope due.
pub const MAX_CHANGES: usize = 10_000;

/// The headers of a delivery, by lower-case name.
pub type Headers = std::collections::BTreeMap<String, String>;

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// References changed.
    Push(Push),
    /// The host tries whether anybody listens.
    Ping,
    /// An event that changes no reference, or whose change another event tells.
    Ignored {
        /// Its name, as the host calls it.
        event: String,
        /// Why it is ignored, in a sentence for people.
        why: String,
    },
}

/// References that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The event's name, as the host calls it.
    pub event: String,
    /// The repository's clone URLs that the payload tells or that follow from it.
    pub urls: Vec<String>,
    /// Every changed reference, in the payload's order.
    pub changes: Vec<RefChange>,
    /// Names in the payload that Git refuses, made harmless to show: reported and left out.
    pub invalid: Vec<String>,
    /// More than [`MAX_CHANGES`] references changed, or the host says that it left some out: look at all of them.
    pub and_more: bool,
    /// The repository's path on its host, where the payload tells no URL (Gerrit's project).
    pub path: Option<String>,
    /// Who pushed, as the host calls them.
    pub actor: Option<String>,
}

/// One reference that changed, as the host tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefChange {
    /// Its full name.
    pub name: RefName,
    /// The value before.
    pub old: Told,
    /// The value after.
    pub new: Told,
}

/// A value that a host tells, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing that can be relied on: left out, or known to be wrong (zeros on a tag that Gitea moved, Bitbucket's commit in the place of a tag).
    Unknown,
    /// It did not exist.
    Absent,
    /// It had this value.
    At(Oid),
}

/// What is wrong with a delivery: status 400, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Reads a delivery. `event` overrides the event's header, for a person who has only the body.
pub fn read(
    provider: Provider,
    trigger: Option<&CustomTrigger>,
    headers: &Headers,
    event: Option<&str>,
    body: &[u8],
) -> Result<Delivery, Malformed> {
    let body = body::Body::new(body)?;
    let delivery = match provider {
        Provider::Harness => harness::read(headers, event, &body),
        Provider::Github => github::read(headers, event, &body),
        Provider::Gitlab => gitlab::read(event, &body),
        Provider::Gitea | Provider::Forgejo => gitea::read(gitea::Kind::Gitea, headers, event, &body),
        Provider::Gogs => gitea::read(gitea::Kind::Gogs, headers, event, &body),
        Provider::BitbucketCloud => bitbucket_cloud::read(headers, event, &body),
        Provider::BitbucketDataCenter => bitbucket_data_center::read(headers, event, &body),
        Provider::AzureDevops => azure::read(event, &body),
        Provider::Codecommit => codecommit::read(event, &body),
        Provider::Gerrit => gerrit::read(event, &body),
        Provider::Custom => custom::read(trigger, headers, &body),
    }?;
    match delivery {
        Delivery::Push(push) if push.changes.is_empty() && push.invalid.is_empty() && !push.and_more => {
            Ok(Delivery::Ignored {
                event: push.event,
                why: "it tells of no changed reference".to_owned(),
            })
        }
        delivery => Ok(delivery),
    }
}

/// An event that is ignored, with its name made harmless.
fn ignored(event: &str, why: &str) -> Delivery {
    Delivery::Ignored {
        event: header::shown(event),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests;
