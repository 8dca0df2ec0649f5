//! The shape of the file: what serde and the JSON Schema see.

mod credential;
mod mirror;
mod scalar;
mod service;

pub use credential::{CredentialEntry, OneOrMany};
pub use mirror::{
    AnyMap, Defaults, DeletionSides, DirectionWord, ForceWord, GuardSpec, InputSetSpec, MirrorEntry,
    MirrorSpec, RemoteSpec, SideSpec, SyncDelete, Template, TimeoutsSpec, TriggerWord,
};
pub use scalar::{Span, Sweep};
pub use service::{
    File, Included, LimitsSpec, MetricsSpec, NotificationEventWord, NotificationKindWord, NotificationSpec,
    RetentionSpec,
};
