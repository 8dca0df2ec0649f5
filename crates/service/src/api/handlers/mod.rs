//! One handler per file: it reads the request, calls an operation, and answers. `describe` is its part of the OpenAPI document.

use schemars::JsonSchema;
use serde::Deserialize;

pub(super) mod audit;
pub(super) mod conflicts {
    //! Conflicts.
    pub(in crate::api) mod list;
}
pub(super) mod deliveries {
    //! Deliveries.
    pub(in crate::api) mod list;
    pub(in crate::api) mod redeliver;
    pub(in crate::api) mod show;
}
pub(super) mod events;
pub(super) mod health;
pub(super) mod mirrors {
    //! Mirrors.
    pub(in crate::api) mod change;
    pub(in crate::api) mod check;
    pub(in crate::api) mod conflict;
    pub(in crate::api) mod create;
    pub(in crate::api) mod diff;
    pub(in crate::api) mod hooks;
    pub(in crate::api) mod input_sets;
    pub(in crate::api) mod list;
    pub(in crate::api) mod pause;
    pub(in crate::api) mod references;
    pub(in crate::api) mod register;
    pub(in crate::api) mod remove;
    pub(in crate::api) mod resolve;
    pub(in crate::api) mod resume;
    pub(in crate::api) mod run;
    pub(in crate::api) mod show;
}
pub(super) mod overview;
pub(super) mod reload;
pub(super) mod runs {
    //! Runs.
    pub(in crate::api) mod approve;
    pub(in crate::api) mod cancel;
    pub(in crate::api) mod events;
    pub(in crate::api) mod list;
    pub(in crate::api) mod log;
    pub(in crate::api) mod one_off;
    pub(in crate::api) mod references;
    pub(in crate::api) mod rerun;
    pub(in crate::api) mod show;
    pub(in crate::api) mod undo;
}
pub(super) mod tokens {
    //! Tokens.
    pub(in crate::api) mod create;
    pub(in crate::api) mod list;
    pub(in crate::api) mod revoke;
}

/// A mirror in a path.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    /// The mirror's name.
    pub(super) name: String,
}

/// A run, a delivery or a token in a path.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Identified {
    /// Its id.
    pub(super) id: String,
}

/// A part of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct PageQuery {
    /// Where the page before ended.
    pub(super) after: Option<String>,
    /// At most so many entries, 50 if not given.
    #[schemars(range(min = 1, max = 500))]
    pub(super) limit: Option<u32>,
}
