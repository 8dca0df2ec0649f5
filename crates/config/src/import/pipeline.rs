//! What the files hold: pipelines, triggers, input sets, each with the variables it sets.

use std::collections::BTreeMap;

use crate::problem::shown;
use crate::yaml::{Node, parse};

/// The variables of a mirror pipeline, by their names in small letters.
pub(super) type Variables = BTreeMap<String, String>;

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) input_sets: Vec<InputSet>,
}

/// A pipeline.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) identifier: String,
    pub(super) variables: Variables,
    /// The commands of its steps, each with the step's identifier.
    pub(super) commands: Vec<(String, String)>,
}

/// A trigger.
#[derive(Debug)]
pub(super) struct Trigger {
    pub(super) identifier: String,
    pub(super) pipeline: String,
    pub(super) enabled: bool,
    pub(super) source: Source,
    pub(super) variables: Variables,
    /// The input sets whose values it takes.
    pub(super) input_sets: Vec<String>,
}

/// What starts a trigger.
#[derive(Debug)]
pub(super) enum Source {
    /// A webhook of a kind of host (`Harness`, `Github`, `Custom` …).
    Webhook {
        host: String,
        conditions: Vec<Condition>,
        jexl: Option<String>,
    },
    /// A cron expression.
    Cron(String),
    /// Something else, by its name.
    Other(String),
}

/// A condition on a payload.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) key: String,
    pub(super) operator: String,
    pub(super) value: String,
}

/// An input set.
#[derive(Debug)]
pub(super) struct InputSet {
    pub(super) identifier: String,
    pub(super) pipeline: String,
    pub(super) variables: Variables,
}

/// Reads all files. A file can hold several documents.
pub(super) fn read(files: &[(String, String)]) -> Result<Found, String> {
    let mut found = Found::default();
    for (name, text) in files {
        for document in documents(text) {
            let node = parse(&document, 0).map_err(|error| {
                format!(
                    "{}:{}:{}: {}",
                    shown(name),
                    error.at.line,
                    error.at.column,
                    error.message
                )
            })?;
            document_of(&node, &mut found).map_err(|message| format!("{}: {message}", shown(name)))?;
        }
    }
    Ok(found)
}

/// The documents of a text, each with as many empty lines before it as lines went before.
fn documents(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for (line, content) in text.lines().enumerate() {
        if content.trim_end() == "---" {
            all.push("\n".repeat(line + 1));
        } else if let Some(last) = all.last_mut() {
            last.push_str(content);
            last.push('\n');
        }
    }
    all.retain(|document| !document.trim().is_empty());
    all
}

fn document_of(node: &Node, found: &mut Found) -> Result<(), String> {
    if let Some(pipeline) = node.get("pipeline") {
        found.pipelines.push(Pipeline {
            identifier: text(pipeline, "identifier"),
            variables: all_variables(pipeline),
            commands: commands(pipeline),
        });
    }
    if let Some(trigger) = node.get("trigger") {
        found.triggers.push(trigger_of(trigger)?);
    }
    if let Some(set) = node.get("inputSet") {
        let pipeline = set.get("pipeline");
        found.input_sets.push(InputSet {
            identifier: text(set, "identifier"),
            pipeline: pipeline
                .map(|pipeline| text(pipeline, "identifier"))
                .unwrap_or_default(),
            variables: pipeline.map(all_variables).unwrap_or_default(),
        });
    }
    Ok(())
}

fn trigger_of(trigger: &Node) -> Result<Trigger, String> {
    let input = trigger.get("inputYaml").and_then(Node::text).unwrap_or_default();
    let input = parse(input, 0).map_err(|error| {
        let line = error.at.line;
        format!(
            "the `inputYaml` of the trigger is no YAML, in its line {line}: {}",
            error.message
        )
    })?;
    let pipeline = input.get("pipeline");
    let sets = trigger.get("inputSetRefs").map_or(&[][..], Node::items);
    Ok(Trigger {
        identifier: text(trigger, "identifier"),
        pipeline: text(trigger, "pipelineIdentifier"),
        enabled: trigger.get("enabled").and_then(Node::text) != Some("false"),
        source: source_of(trigger.get("source")),
        variables: pipeline.map(all_variables).unwrap_or_default(),
        input_sets: sets.iter().filter_map(Node::text).map(str::to_owned).collect(),
    })
}

fn source_of(source: Option<&Node>) -> Source {
    let Some(source) = source else {
        return Source::Other("nothing".into());
    };
    let spec = source.get("spec");
    let inner = spec.and_then(|spec| spec.get("spec"));
    match text(source, "type").as_str() {
        "Webhook" => {
            // A host's events have one more level than a custom webhook.
            let event = inner.and_then(|inner| inner.get("spec")).or(inner);
            let conditions = event.and_then(|event| event.get("payloadConditions"));
            Source::Webhook {
                host: spec.map(|spec| text(spec, "type")).unwrap_or_default(),
                conditions: conditions
                    .map_or(&[][..], Node::items)
                    .iter()
                    .map(condition)
                    .collect(),
                jexl: event
                    .map(|event| text(event, "jexlCondition"))
                    .filter(|jexl| !jexl.is_empty()),
            }
        }
        "Scheduled" => Source::Cron(inner.map(|inner| text(inner, "expression")).unwrap_or_default()),
        other => Source::Other(other.to_owned()),
    }
}

fn condition(node: &Node) -> Condition {
    Condition {
        key: text(node, "key"),
        operator: text(node, "operator"),
        value: text(node, "value"),
    }
}

fn text(node: &Node, key: &str) -> String {
    node.get(key)
        .and_then(Node::text)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The seven variables.
const NAMES: &[&str] = &[
    "sourceurl",
    "sourcetoken",
    "targeturl",
    "targettoken",
    "reference",
    "referenceshaold",
    "syncdelete",
];

/// The variables of a pipeline and of its stages.
fn all_variables(pipeline: &Node) -> Variables {
    let mut all = Variables::new();
    walk(pipeline, &mut |node| {
        for variable in node.get("variables").map_or(&[][..], Node::items) {
            let name = text(variable, "name").to_ascii_lowercase();
            let value = text(variable, "value");
            if NAMES.contains(&name.as_str()) && !value.is_empty() && !is_input(&value) {
                all.entry(name).or_insert(value);
            } else if let Some(default) = NAMES
                .contains(&name.as_str())
                .then(|| default_of(variable, &value))
                .flatten()
            {
                all.entry(name).or_insert(default);
            }
        }
    });
    all
}

/// Whether a value is asked for when a run starts.
fn is_input(value: &str) -> bool {
    value.starts_with("<+input>")
}

/// `<+input>.default(x)`, or a `default` beside the value.
fn default_of(variable: &Node, value: &str) -> Option<String> {
    let inside = value
        .split_once(".default(")
        .and_then(|(_, rest)| rest.split_once(')'));
    let default = inside.map_or_else(
        || text(variable, "default"),
        |(default, _)| default.trim().to_owned(),
    );
    Some(default).filter(|default| !default.is_empty())
}

/// The commands of all steps.
fn commands(pipeline: &Node) -> Vec<(String, String)> {
    let mut all = Vec::new();
    walk(pipeline, &mut |node| {
        let Some(step) = node.get("step") else { return };
        let spec = step.get("spec");
        // A `Run` step has a command, a `ShellScript` step a script in its source.
        let script = spec
            .and_then(|spec| spec.get("source"))
            .and_then(|source| source.get("spec"));
        let command = spec
            .map(|spec| text(spec, "command"))
            .filter(|command| !command.is_empty());
        let command = command.or_else(|| script.map(|script| text(script, "script")));
        if let Some(command) = command.filter(|command| !command.is_empty()) {
            all.push((text(step, "identifier"), command));
        }
    });
    all
}

fn walk(node: &Node, visit: &mut dyn FnMut(&Node)) {
    visit(node);
    node.items().iter().for_each(|item| walk(item, visit));
    node.entries().iter().for_each(|entry| walk(&entry.value, visit));
}
