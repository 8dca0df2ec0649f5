//! A mirror as a form's fields, and the fields as a mirror. Pure.

use config::raw::MirrorSpec;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::output::names::visible;

/// The form's fields: what people change most. The YAML has everything.
#[derive(Debug, Clone, Default, Deserialize)]
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
    #[serde(skip)]
    pub(super) two_way: bool,
}

/// What is sent: the fields or the YAML, by the tab.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Sent {
    pub(super) csrf: String,
    pub(super) version: String,
    pub(super) tab: String,
    pub(super) act: String,
    pub(super) yaml: String,
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
            references: self.references.clone(),
            sync_delete: self.sync_delete.clone(),
            sweep: self.sweep.clone(),
            two_way: self.direction == "two-way",
        }
    }

    /// The mirror that was described; `before` has what the form does not show.
    pub(super) fn spec(&self, before: Option<&MirrorSpec>) -> Result<MirrorSpec, String> {
        if self.tab == "yaml" {
            return serde_saphyr::from_str(&self.yaml).map_err(|error| in_words(&error));
        }
        self.fields().spec(before)
    }
}

/// What is wrong with YAML, without a piece of it: it may hold what was not meant for here.
fn in_words(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    visible(text.as_bytes())
}

impl Fields {
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
            two_way: value["direction"] == "two-way",
            direction: text(&value["direction"]),
            source,
            source_credential,
            target,
            target_credential,
            references: spec.references.clone().unwrap_or_default().join("\n"),
            sync_delete: value["syncDelete"]
                .as_bool()
                .map_or(String::new(), |sync| sync.to_string()),
            sweep: text(&value["sweep"]),
        }
    }

    pub(super) fn spec(&self, before: Option<&MirrorSpec>) -> Result<MirrorSpec, String> {
        let before = before
            .map(serde_json::to_value)
            .transpose()
            .map_err(|error| error.to_string())?;
        let mut spec = match before {
            Some(Value::Object(spec)) => spec,
            _ => Map::new(),
        };
        let mut set = |key: &str, value: Option<Value>| match value {
            Some(value) => drop(spec.insert(key.to_owned(), value)),
            None => drop(spec.remove(key)),
        };
        let given = |text: &str| {
            Some(text.trim())
                .filter(|text| !text.is_empty())
                .map(|text| json!(text))
        };
        let side = |url: &str, credential: &str| match credential {
            "" => Some(json!(url.trim())),
            credential => Some(json!({"url": url.trim(), "credential": credential})),
        };
        set("name", Some(json!(self.name.trim())));
        set("description", given(&self.description));
        set("labels", labels(&self.labels)?);
        set("direction", given(&self.direction));
        set("source", side(&self.source, &self.source_credential));
        set("target", side(&self.target, &self.target_credential));
        let references: Vec<&str> = self
            .references
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        set("references", (!references.is_empty()).then(|| json!(references)));
        set(
            "syncDelete",
            match self.sync_delete.as_str() {
                "true" => Some(json!(true)),
                "false" => Some(json!(false)),
                _ => None,
            },
        );
        set("sweep", given(&self.sweep));
        serde_json::from_value(Value::Object(spec)).map_err(|error| error.to_string())
    }
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

/// Which tab.
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
            two_way: true,
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
    fn labels_that_cannot_be_read_are_told() {
        assert!(labels("team").unwrap_err().contains("team=pay"));
        assert_eq!(labels(" ").unwrap(), None);
    }
}
