//! What refsync would do with a payload, told without a server.

use hosts::Provider;
use hosts::custom::CustomTrigger;
use hosts::repository::RepositoryId;
use hosts::webhook::{self, Delivery, Headers, Push, Told};
use serde::Serialize;

use crate::api::model::name_text;

/// What a payload says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    /// The provider that it was read as.
    pub(crate) provider: String,
    /// `push`, `ping`, `ignored event` or `malformed`.
    pub(crate) kind: &'static str,
    /// The event, as the host calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    /// Why it is ignored, or what was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// The status that it is answered with, signed rightly.
    pub(crate) status: u16,
    /// The repositories that it tells of, as mirrors are found by them at a host's endpoint.
    pub(crate) repositories: Vec<String>,
    /// Every changed reference.
    pub(crate) references: Vec<Explained>,
    /// Names that Git refuses, and which are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) invalid: Vec<String>,
    /// So many references changed that the whole scope is looked at.
    pub(crate) all: bool,
    /// Who pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<String>,
    /// What tells a delivery from its repetition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host_id: Option<String>,
}

/// A changed reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explained {
    /// Its full name.
    pub(crate) name: String,
    /// The value before: an id, `absent` or `unknown`.
    pub(crate) old: String,
    /// The value after.
    pub(crate) new: String,
    /// What refsync does, in a sentence.
    pub(crate) does: &'static str,
}

/// Explains a payload. `event` is the event's name, for a body without its headers; `trigger` is for the provider `custom`.
pub(crate) fn explain(
    provider: Provider,
    trigger: Option<&CustomTrigger>,
    event: Option<&str>,
    headers: &Headers,
    body: &[u8],
) -> Explanation {
    let mut explained = Explanation {
        provider: provider.word().to_owned(),
        kind: "push",
        event: None,
        why: None,
        status: 202,
        repositories: Vec::new(),
        references: Vec::new(),
        invalid: Vec::new(),
        all: false,
        actor: None,
        host_id: webhook::delivery_id(provider, headers, body),
    };
    match webhook::read(provider, trigger, headers, event, body) {
        Ok(Delivery::Push(push)) => explained.push(push),
        Ok(Delivery::Ping) => {
            explained.kind = "ping";
            explained.status = 200;
        }
        Ok(Delivery::Ignored { event, why }) => {
            explained.kind = "ignored event";
            explained.event = Some(event);
            explained.why = Some(why);
        }
        Err(malformed) => {
            explained.kind = "malformed";
            explained.status = 400;
            explained.why = Some(malformed.to_string());
        }
    }
    explained
}

impl Explanation {
    fn push(&mut self, push: Push) {
        self.repositories = push
            .urls
            .iter()
            .filter_map(|url| RepositoryId::of(url))
            .map(|id| id.as_str().to_owned())
            .collect();
        self.repositories.dedup();
        if self.repositories.is_empty() {
            self.repositories.extend(push.path);
        }
        self.event = Some(push.event);
        self.invalid = push.invalid;
        self.all = push.and_more;
        self.actor = push.actor;
        self.references = push
            .changes
            .iter()
            .map(|change| Explained {
                name: name_text(&change.name),
                old: shown(change.old),
                new: shown(change.new),
                does: does(change.old, change.new),
            })
            .collect();
    }
}

fn shown(told: Told) -> String {
    match told {
        Told::Unknown => "unknown".to_owned(),
        Told::Absent => "absent".to_owned(),
        Told::At(id) => id.to_string(),
    }
}

fn does(old: Told, new: Told) -> &'static str {
    match (old, new) {
        (Told::Absent, Told::At(_)) => "looks at both sides, and creates it where it is missing",
        (_, Told::Absent) => {
            "looks at both sides, and deletes it on the other if syncDelete allows it and nothing moved there"
        }
        (Told::At(_), Told::At(_)) => {
            "looks at both sides, and moves the other to the new value; the old one is a hint that allows a rewrite"
        }
        _ => {
            "looks at both sides; the payload's values cannot be relied on, so that only a fast-forward or the base decides"
        }
    }
}
