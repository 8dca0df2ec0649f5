//! The labels, bounded.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;

/// What stands for all that is past a bound.
const OTHER: &str = "other";

/// What asks for runs; anything else would be a mistake, and is told as one word.
const TRIGGERS: &[&str] = &[
    "webhook", "sweep", "schedule", "person", "rerun", "approve", "undo", "resolve", "retry", "demo",
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByBuild {
    version: String,
}

impl ByBuild {
    pub(super) fn this() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByRun {
    outcome: String,
    trigger: String,
}

impl ByRun {
    pub(super) fn new(state: store::run::State, trigger: &str) -> Self {
        let trigger = TRIGGERS.iter().find(|known| **known == trigger).unwrap_or(&OTHER);
        Self {
            outcome: crate::api::model::run::RunState::from(state).word().to_owned(),
            trigger: (*trigger).to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByState {
    pub(super) state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByHost {
    pub(super) host: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByHostStatus {
    pub(super) host: String,
    pub(super) status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByDelivery {
    pub(super) provider: String,
    pub(super) status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByCredential {
    pub(super) credential: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByMirror {
    pub(super) mirror: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByRequest {
    method: String,
    status: String,
}

impl ByRequest {
    pub(super) fn new(method: &http::Method, status: u16) -> Self {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
        let method = known
            .iter()
            .find(|known| **known == method.as_str())
            .unwrap_or(&OTHER);
        Self {
            method: (*method).to_owned(),
            status: status_class(status).to_owned(),
        }
    }
}

/// `2xx` for 204.
pub(super) fn status_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => OTHER,
    }
}

/// Names as they come, up to a number of them.
#[derive(Debug)]
pub(super) struct Names {
    seen: Mutex<BTreeSet<String>>,
    at_most: usize,
}

impl Names {
    pub(super) fn new(at_most: usize) -> Self {
        Self {
            seen: Mutex::default(),
            at_most,
        }
    }

    /// The name, or one word for all that came after the bound was reached.
    pub(super) fn bounded(&self, name: &str) -> String {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(name) {
            if seen.len() >= self.at_most || name.len() > 255 {
                return OTHER.to_owned();
            }
            seen.insert(name.to_owned());
        }
        name.to_owned()
    }
}
