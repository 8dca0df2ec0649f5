//! Mirrors: what the file and the API write.

use std::collections::BTreeMap;
use std::fmt;

use hosts::Provider;
use hosts::custom::CustomTrigger;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as DeserializeDerive, Serialize};

use super::{Span, Sweep};

/// A struct with the keys that say how a mirror runs, before them the keys that are its own. Written out once, since serde loses
/// the places of what is wrong under `flatten`.
macro_rules! with_how {
    ($(#[$meta:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, DeserializeDerive, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($own)*
            /// Which references: full names, patterns with one `*`, either with `^` before it to exclude. Default all branches
            /// and tags.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub references: Option<Vec<String>>,
            /// Whether deletions are mirrored. Default false. Two-way mirrors also take one value for each side.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub sync_delete: Option<SyncDelete>,
            /// When a value is replaced that cannot be fast-forwarded. Default `lease`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub force: Option<ForceWord>,
            /// All references of a run or none. Default false.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub atomic: Option<bool>,
            /// Options that are handed to the side that is written.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub push_options: Option<Vec<String>>,
            /// How often all references are compared, to find what webhooks missed. Default 5m.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub sweep: Option<Sweep>,
            /// A cron expression (five fields, UTC) in the place of `sweep`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub schedule: Option<String>,
            /// What starts runs; a person always can. Default all.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub triggers: Option<Vec<TriggerWord>>,
            /// When a run is held for a person.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub guard: Option<GuardSpec>,
            /// How long to wait for servers.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub timeouts: Option<TimeoutsSpec>,
        }
    };
}

with_how! {
    /// What mirrors have that do not say otherwise.
    Defaults {}
}

with_how! {
    /// One mirror, as the API writes it: nothing of a template, no variables.
    MirrorSpec {
        /// Its name: letters, digits, `.`, `_`, `-`, at most 100.
        pub name: String,
        /// A sentence for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// To group and select by.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub labels: BTreeMap<String, String>,
        /// One way or both. Default `one-way`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub direction: Option<DirectionWord>,
        /// The repository that is read; in a two-way mirror one of the two.
        pub source: SideSpec,
        /// The repository that is written; in a two-way mirror the other one.
        pub target: SideSpec,
        /// Named inputs for runs started by hand.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub input_sets: Vec<InputSetSpec>,
    }
}

with_how! {
    /// What mirrors can be made from. `{variable}` stands for a value of `for`, `{{` for a brace.
    Template {
        /// A sentence for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// The name of the mirrors made of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// To group and select by.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub labels: BTreeMap<String, String>,
        /// One way or both. Default `one-way`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub direction: Option<DirectionWord>,
        /// The repository that is read; in a two-way mirror one of the two.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub source: Option<SideSpec>,
        /// The repository that is written; in a two-way mirror the other one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub target: Option<SideSpec>,
        /// Named inputs for runs started by hand.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub input_sets: Vec<InputSetSpec>,
    }
}

with_how! {
    /// One mirror of the file, or many from a template.
    MirrorEntry {
        /// The template it is made from; what is written here goes before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub template: Option<String>,
        /// One mirror for each element: values for the variables (a list of values makes one mirror for each), and keys of a
        /// mirror that go before all others.
        #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<Vec<BTreeMap<String, serde_json::Value>>>")]
        pub each: Option<Vec<AnyMap>>,
        /// Its name: letters, digits, `.`, `_`, `-`, at most 100.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// A sentence for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// To group and select by.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub labels: BTreeMap<String, String>,
        /// One way or both. Default `one-way`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub direction: Option<DirectionWord>,
        /// The repository that is read; in a two-way mirror one of the two.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub source: Option<SideSpec>,
        /// The repository that is written; in a two-way mirror the other one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub target: Option<SideSpec>,
        /// Named inputs for runs started by hand.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub input_sets: Vec<InputSetSpec>,
    }
}

impl Defaults {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A map whose values are read later, once the layers of a mirror are laid over each other.
pub type AnyMap = BTreeMap<String, serde_json::Value>;

/// One end of a mirror: its address, or more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SideSpec(pub RemoteSpec);

/// One end of a mirror.
#[derive(Debug, Clone, Default, PartialEq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteSpec {
    /// The address, as `git clone` takes it, without a password.
    pub url: String,
    /// The credential that is used. Without it, the one with the longest match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// What its webhooks look like, where the credential does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// How to read the payloads of a `custom` provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<CustomTrigger>,
    /// Take webhooks without a signature. Anybody who reaches the endpoint can then cause requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
}

impl Serialize for SideSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bare = RemoteSpec {
            url: self.0.url.clone(),
            ..RemoteSpec::default()
        };
        match self.0 == bare {
            true => self.0.url.serialize(serializer),
            false => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SideSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = SideSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, or a map with `url` and more")
            }

            fn visit_str<E>(self, url: &str) -> Result<SideSpec, E> {
                Ok(SideSpec(RemoteSpec {
                    url: url.to_owned(),
                    ..RemoteSpec::default()
                }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SideSpec, A::Error> {
                RemoteSpec::deserialize(MapAccessDeserializer::new(map)).map(SideSpec)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for SideSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SideSpec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let remote = generator.subschema_for::<RemoteSpec>();
        json_schema!({
            "description": "One end of a mirror: its address, or more.",
            "anyOf": [{"type": "string"}, remote],
        })
    }
}

/// Whether deletions are mirrored: one value, or one for each side that would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncDelete {
    /// To every side that is written.
    All(bool),
    /// For each side, in a two-way mirror.
    Sides(DeletionSides),
}

/// Whether deletions are mirrored, for each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionSides {
    /// What is deleted on the source is deleted on the target. Default false.
    #[serde(default)]
    pub to_target: bool,
    /// What is deleted on the target is deleted on the source. Default false.
    #[serde(default)]
    pub to_source: bool,
}

impl Serialize for SyncDelete {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All(value) => value.serialize(serializer),
            Self::Sides(sides) => sides.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SyncDelete {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = SyncDelete;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a map with `toTarget` and `toSource`")
            }

            fn visit_bool<E>(self, value: bool) -> Result<SyncDelete, E> {
                Ok(SyncDelete::All(value))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SyncDelete, A::Error> {
                DeletionSides::deserialize(MapAccessDeserializer::new(map)).map(SyncDelete::Sides)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for SyncDelete {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SyncDelete".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let sides = generator.subschema_for::<DeletionSides>();
        json_schema!({"anyOf": [{"type": "boolean"}, sides]})
    }
}

/// When a value is replaced that cannot be fast-forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForceWord {
    /// If it is the value that the base or a hint tells.
    Lease,
    /// Always, leased on the value just observed. One-way mirrors only.
    Always,
    /// Never.
    Never,
}

/// One way or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirectionWord {
    /// From the source to the target.
    OneWay,
    /// Both ways.
    TwoWay,
}

/// What starts runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerWord {
    /// A person, or a program over the API. Always possible.
    Manual,
    /// A webhook.
    Webhook,
    /// The sweep, or the schedule in its place.
    Sweep,
}

/// When a run is held for a person: it would delete or rewrite more than both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GuardSpec {
    /// References, default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<u64>,
    /// Percent of the scope, default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub percent: Option<f64>,
}

/// How long to wait for servers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeoutsSpec {
    /// For a connection, default 10s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Span>,
    /// For the next byte of a server that has something to say, default 2m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<Span>,
    /// For the target's report once the last byte is sent, default 30m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Span>,
}

/// Named inputs for runs started by hand: what is absent is the mirror's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InputSetSpec {
    /// Its name. `forward` and `reverse` are built in.
    pub name: String,
    /// From target to source, in a two-way mirror. Default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// Which references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<Vec<String>>,
    /// Whether deletions are mirrored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_delete: Option<bool>,
    /// The value before, for a single reference: hexadecimal, or zeros for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_sha_old: Option<String>,
}
