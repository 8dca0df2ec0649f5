//! Endpoints for webhooks as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Side;

/// Whether an endpoint takes deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HookState {
    /// Signed deliveries.
    Enabled,
    /// No secret is configured, so it takes none.
    Disabled,
    /// Deliveries of anyone, as the configuration says.
    Insecure,
}

/// An endpoint of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hook {
    /// The side whose host delivers there.
    pub(crate) side: Side,
    /// The address to enter on the host.
    pub(crate) url: String,
    /// The kind of host.
    pub(crate) provider: String,
    /// Whether it takes deliveries.
    pub(crate) state: HookState,
    /// The events to tick on the host.
    pub(crate) events: Vec<String>,
    /// The steps for a person who sets it up by hand. No secret in them.
    pub(crate) steps: Vec<String>,
}

/// How hooks are registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct RegisterRequest {
    /// Write the secret anew even where the hook is there as wanted.
    pub(crate) rotate: bool,
}

/// What became of a registration, one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    /// The side.
    pub(crate) side: Side,
    /// `present`, `created`, `repaired`, `manual` (do the steps) or `failed`.
    pub(crate) outcome: String,
    /// In words.
    pub(crate) text: String,
    /// The steps for a person, where there is no API or it failed.
    pub(crate) steps: Vec<String>,
}
