use std::path::PathBuf;

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::load::{load, load_text};
use crate::yaml::{self, Node};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_schema_in_the_documentation_is_this_one() {
    let path = root().join("docs/schema/refsync.json");
    let schema = super::schema();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == schema,
        "docs/schema/refsync.json differs: run this test with UPDATE_SCHEMA=1"
    );
}

/// What an editor says of a text.
fn validate(text: &str) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let schema: Value = serde_json::from_str(&super::schema()).unwrap();
    compiler.add_resource("refsync.json", schema).unwrap();
    let index = compiler.compile("refsync.json", &mut schemas).unwrap();
    let value: Value = yaml::read(&yaml::parse(text, 0).unwrap()).unwrap();
    schemas
        .validate(&value, index)
        .map_err(|error| format!("{error:#}"))
}

/// The names and texts of all examples.
fn examples() -> Vec<(String, String)> {
    let files = std::fs::read_dir(root().join("examples")).unwrap();
    let mut all: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .filter(|(name, _)| name != "README.md")
        .collect();
    all.sort();
    all
}

/// Those that a pipeline of somebody else's reads.
const OF_PIPELINES: &[&str] = &["github-actions.yaml", "harness-step.yaml"];

#[test]
fn every_example_is_read_and_fits_the_schema() {
    let count = |name: &str| load(&root().join("examples").join(name)).map(|config| config.mirrors.len());
    let listed = std::fs::read_to_string(root().join("examples/README.md")).unwrap();
    for (name, text) in examples() {
        assert!(
            listed.contains(&format!("]({name})")),
            "examples/README.md does not list {name}"
        );
        if !OF_PIPELINES.contains(&name.as_str()) {
            let config =
                load(&root().join("examples").join(&name)).unwrap_or_else(|problems| panic!("{problems}"));
            // The files that an example names are on the machines of those who follow it.
            let mut warnings = config.warnings.iter();
            let odd = warnings.find(|warning| !warning.message.contains(" cannot be read here: "));
            assert_eq!(odd, None);
            validate(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    assert_eq!(count("three-hundred-mirrors.yaml").unwrap(), 300);
    assert_eq!(count("two-way.yaml").unwrap(), 1);
    validate(include_str!("../load/tests/example.yaml")).unwrap();
}

#[test]
fn what_is_rendered_fits_the_schema() {
    let config = load(&root().join("examples/two-way.yaml")).unwrap();
    validate(&crate::render::config(&config)).unwrap();
}

#[test]
fn the_schema_finds_what_is_misspelt() {
    for text in [
        "version: 1\nlisen: x\n",
        "version: 1\nmirrors: [{name: a, force: alwys}]\n",
        "version: 1\ndefaults: {sweep: 5}\n",
        "version: 1\ncredentials: {a: {host: h, provider: githup}}\n",
        "listen: x\n",
    ] {
        assert!(validate(text).is_err(), "{text}");
    }
}

/// All texts of a tree.
fn texts(node: &Node, into: &mut Vec<String>) {
    into.extend(node.text().map(str::to_owned));
    node.items().iter().for_each(|item| texts(item, into));
    node.entries().iter().for_each(|entry| texts(&entry.value, into));
}

#[test]
fn the_examples_of_pipelines_call_refsync_with_the_variables_that_it_reads() {
    for name in OF_PIPELINES {
        let text = std::fs::read_to_string(root().join("examples").join(name)).unwrap();
        let node = yaml::parse(&text, 0).unwrap();
        let mut all = Vec::new();
        texts(&node, &mut all);
        assert!(all.iter().any(|text| text.starts_with("refsync sync")), "{name}");
        for variable in [
            "SOURCE_URL",
            "SOURCE_TOKEN",
            "TARGET_URL",
            "TARGET_TOKEN",
            "REFERENCE",
            "REFERENCE_SHA_OLD",
        ] {
            assert!(text.contains(&format!("{variable}: ")), "{name}: {variable}");
        }
    }
}

/// Adds the names of all properties below a part of the schema.
fn keys(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                into.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| keys(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn the_documentation_has_every_key_and_its_examples_are_read() {
    let text = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let mut all = Vec::new();
    keys(&serde_json::from_str(&super::schema()).unwrap(), &mut all);
    assert!(all.len() > 60, "{all:?}");
    for key in all {
        let written = [format!("`{key}`"), format!(".{key}`"), format!("{key}: ")];
        assert!(
            written.iter().any(|form| text.contains(form)),
            "docs/configuration.md does not mention {key}"
        );
    }
    let blocks: Vec<_> = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .collect();
    let whole: Vec<_> = blocks
        .iter()
        .filter(|(block, _)| block.contains("version: 1"))
        .collect();
    assert_eq!(whole.len(), 2);
    for (block, _) in whole {
        load_text(&root().join("docs/configuration.md"), block)
            .unwrap_or_else(|problems| panic!("{problems}"));
        validate(block).unwrap();
    }
}
