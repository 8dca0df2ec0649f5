//! A mirror as a form's fields, and the fields as a mirror. Pure.

use config::raw::MirrorSpec;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::output::names::visible;
use crate::web::form::{flag, lines};

/// The name of a mirror that is tried before it has one.
const UNNAMED: &str = "unnamed";

/// The form's fields: what people change most. The YAML has everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Fields {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) labels: String,
    pub(super) direction: String,
    pub(super) source: String,
    pub(super) source_credential: String,
    pub(super) target: String,
    pub(super) target_credential: String,
    pub(super) references: String,
    pub(super) sync_delete: String,
    pub(super) sweep: String,
}

/// What is sent: the fields or the YAML, by the tab, and what is to be done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Sent {
    pub(super) csrf: String,
    pub(super) version: String,
    /// The tab that was filled in.
    pub(super) tab: String,
    /// `preview`, `save`, `try`, or the other tab: `form`, `yaml`.
    pub(super) act: String,
    pub(super) yaml: String,
    /// The whole mirror as of the last look at the YAML, as JSON: what the form does not show stays.
    pub(super) rest: String,
    /// The digest of the mirror whose difference was shown.
    pub(super) shown: String,
    name: String,
    description: String,
    labels: String,
    direction: String,
    source: String,
    source_credential: String,
    target: String,
    target_credential: String,
    references: String,
    sync_delete: String,
    sweep: String,
}

impl Sent {
    pub(super) fn fields(&self) -> Fields {
        Fields {
            name: self.name.clone(),
            description: self.description.clone(),
            labels: self.labels.clone(),
            direction: self.direction.clone(),
            source: self.source.clone(),
            source_credential: self.source_credential.clone(),
            target: self.target.clone(),
            target_credential: self.target_credential.clone(),
            // Browsers send lines as CR LF.
            references: self.references.replace('\r', ""),
            sync_delete: self.sync_delete.clone(),
            sweep: self.sweep.clone(),
        }
    }

    /// The mirror that was described; `before` has what the form does not show, unless the YAML was looked at since.
    pub(super) fn spec(&self, before: Option<&MirrorSpec>) -> Result<MirrorSpec, String> {
        if self.tab == "yaml" {
            return serde_saphyr::from_str(&self.yaml).map_err(|error| in_words(&error));
        }
        let rest: Option<MirrorSpec> = serde_json::from_str(&self.rest).ok();
        let mut fields = self.fields();
        if self.act == "try" && fields.name.trim().is_empty() {
            fields.name = UNNAMED.into();
        }
        fields.spec(rest.as_ref().or(before))
    }
}

/// What tells a mirror's definition from others.
pub(super) fn digest(spec: &MirrorSpec) -> String {
    let text = serde_json::to_string(spec).unwrap_or_default();
    hex::encode(&Sha256::digest(text)[..16])
}

/// What is wrong with YAML, without a piece of it: it may hold what was not meant for here.
pub(super) fn in_words(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    visible(text.as_bytes())
}

impl Fields {
    pub(super) fn is_two_way(&self) -> bool {
        self.direction == "two-way"
    }

    pub(super) fn of(spec: &MirrorSpec) -> Self {
        let value = serde_json::to_value(spec).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let side = |side: &Value| match side {
            Value::String(url) => (url.clone(), String::new()),
            other => (text(&other["url"]), text(&other["credential"])),
        };
        let (source, source_credential) = side(&value["source"]);
        let (target, target_credential) = side(&value["target"]);
        let labels: Vec<String> = spec
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        Self {
            name: spec.name.clone(),
            description: text(&value["description"]),
            labels: labels.join(", "),
            direction: match text(&value["direction"]) {
                word if word.is_empty() => "one-way".into(),
                word => word,
            },
            source,
            source_credential,
            target,
            target_credential,
            references: spec.references.clone().unwrap_or_default().join("\n"),
            sync_delete: value["syncDelete"]
                .as_bool()
                .map_or(String::new(), |sync| sync.to_string()),
            sweep: match &value["sweep"] {
                Value::Bool(false) => "off".into(),
                other => text(other),
            },
        }
    }

    /// The mirror of these fields. A field that is as it was leaves all of its key as it was, also what a form cannot show.
    pub(super) fn spec(&self, before: Option<&MirrorSpec>) -> Result<MirrorSpec, String> {
        let was = before.map(Self::of).unwrap_or_default();
        let value = before
            .map(serde_json::to_value)
            .transpose()
            .map_err(|error| error.to_string())?;
        let mut spec = match value {
            Some(Value::Object(spec)) => spec,
            _ => Map::new(),
        };
        let new = before.is_none();
        let mut set = |key: &str, changed: bool, value: Option<Value>| {
            if !changed && !new {
                return;
            }
            match value {
                Some(value) => drop(spec.insert(key.to_owned(), value)),
                None => drop(spec.remove(key)),
            }
        };
        set("name", self.name != was.name, Some(json!(self.name.trim())));
        set(
            "description",
            self.description != was.description,
            given(&self.description),
        );
        set("labels", self.labels != was.labels, labels(&self.labels)?);
        set(
            "direction",
            self.direction != was.direction,
            given(&self.direction),
        );
        let references: Vec<&str> = lines(&self.references);
        set(
            "references",
            self.references != was.references,
            (!references.is_empty()).then(|| json!(references)),
        );
        set(
            "syncDelete",
            self.sync_delete != was.sync_delete,
            flag(&self.sync_delete).map(|sync| json!(sync)),
        );
        set("sweep", self.sweep != was.sweep, given(&self.sweep));
        let same = (&self.source, &self.source_credential) == (&was.source, &was.source_credential);
        side(
            &mut spec,
            "source",
            new || !same,
            &self.source,
            &self.source_credential,
        );
        let same = (&self.target, &self.target_credential) == (&was.target, &was.target_credential);
        side(
            &mut spec,
            "target",
            new || !same,
            &self.target,
            &self.target_credential,
        );
        serde_json::from_value(Value::Object(spec)).map_err(|error| error.to_string())
    }
}

/// Writes a side, and leaves what else it says.
fn side(spec: &mut Map<String, Value>, key: &str, changed: bool, url: &str, credential: &str) {
    if !changed {
        return;
    }
    let mut side = match spec.remove(key) {
        Some(Value::Object(side)) => side,
        _ => Map::new(),
    };
    side.insert("url".into(), json!(url.trim()));
    match credential {
        "" => drop(side.remove("credential")),
        credential => drop(side.insert("credential".into(), json!(credential))),
    }
    let side = match side.len() {
        1 => json!(url.trim()),
        _ => Value::Object(side),
    };
    spec.insert(key.to_owned(), side);
}

fn given(text: &str) -> Option<Value> {
    let text = text.trim();
    (!text.is_empty()).then(|| json!(text))
}

fn labels(text: &str) -> Result<Option<Value>, String> {
    let mut labels = Map::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| format!("labels are written as team=pay, not {}", visible(part.as_bytes())))?;
        labels.insert(key.trim().to_owned(), json!(value.trim()));
    }
    Ok((!labels.is_empty()).then_some(Value::Object(labels)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        Fields {
            name: "app".into(),
            source: "https://a.example/app.git".into(),
            target: "https://b.example/app.git".into(),
            target_credential: "b".into(),
            labels: "team=pay, tier=1".into(),
            references: "refs/heads/*\n".into(),
            sync_delete: "true".into(),
            direction: "two-way".into(),
            ..Fields::default()
        }
    }

    #[test]
    fn the_form_and_the_yaml_are_one_thing() {
        let spec = fields().spec(None).unwrap();
        let again = Fields::of(&spec).spec(None).unwrap();
        assert_eq!(spec, again);
        let yaml = serde_saphyr::to_string(&spec).unwrap();
        let sent = Sent {
            tab: "yaml".into(),
            yaml,
            ..Sent::default()
        };
        assert_eq!(sent.spec(None).unwrap(), spec);
    }

    #[test]
    fn what_the_form_does_not_show_is_kept() {
        let mut before = fields().spec(None).unwrap();
        before.atomic = Some(true);
        let after = fields().spec(Some(&before)).unwrap();
        assert_eq!(after.atomic, Some(true));
    }

    #[test]
    fn a_field_that_was_not_touched_leaves_what_a_form_cannot_show() {
        let yaml = "name: app\nsource: {url: 'https://a.example/app.git', provider: gitea, insecure: true}\n\
                    target: https://b.example/app.git\nsyncDelete: {toTarget: true, toSource: false}\nsweep: off\n";
        let before: MirrorSpec = serde_saphyr::from_str(yaml).unwrap();
        let mut fields = Fields::of(&before);
        assert_eq!(fields.spec(Some(&before)).unwrap(), before);
        fields.source = "https://c.example/app.git".into();
        let after = fields.spec(Some(&before)).unwrap();
        assert_eq!(after.source.0.url, "https://c.example/app.git");
        assert_eq!(after.source.0.provider, before.source.0.provider);
        assert_eq!(after.sync_delete, before.sync_delete);
        assert_eq!(after.sweep, before.sweep);
    }

    #[test]
    fn what_the_yaml_said_stays_when_the_form_goes_on() {
        let mut full = fields().spec(None).unwrap();
        full.atomic = Some(true);
        let sent = Sent {
            tab: "form".into(),
            rest: serde_json::to_string(&full).unwrap(),
            name: "app".into(),
            source: "https://a.example/app.git".into(),
            target: "https://d.example/app.git".into(),
            ..Sent::default()
        };
        let spec = sent.spec(None).unwrap();
        assert_eq!(spec.atomic, Some(true));
        assert_eq!(spec.target.0.url, "https://d.example/app.git");
        assert_ne!(digest(&spec), digest(&full));
    }

    #[test]
    fn labels_that_cannot_be_read_are_told() {
        assert!(labels("team").unwrap_err().contains("team=pay"));
        assert_eq!(labels(" ").unwrap(), None);
    }
}
