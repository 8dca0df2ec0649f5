use std::path::Path;

use super::{Imported, harness};
use crate::load::load_text;

fn import(files: &[&str]) -> Imported {
    let files: Vec<_> = files
        .iter()
        .map(|text| ("mirror.yaml".to_owned(), (*text).to_owned()))
        .collect();
    harness(&files).unwrap()
}

fn shown(imported: &Imported) -> String {
    format!("{}--- notes\n{}\n", imported.yaml, imported.notes.join("\n"))
}

const PIPELINE: &str = include_str!("tests/pipeline.yaml");
const PUSHED: &str = include_str!("tests/pushed.yaml");
const BACK: &str = include_str!("tests/back.yaml");
const BY_HAND: &str = include_str!("tests/by-hand.yaml");

#[test]
fn a_trigger_becomes_a_mirror_and_an_input_set_one_of_its_input_sets() {
    let imported = import(&[PIPELINE, PUSHED, BY_HAND]);
    insta::assert_snapshot!(shown(&imported));
    let config = load_text(Path::new("refsync.yaml"), &imported.yaml).unwrap();
    let mirror = &config.mirrors["on_push"];
    assert_eq!(mirror.scope.patterns(), ["refs/heads/*"]);
    assert_eq!(
        mirror.input_sets[0].references.as_deref().unwrap(),
        ["refs/heads/release"]
    );
    assert!(!imported.yaml.contains("CANARY") && !imported.notes.concat().contains("CANARY"));
}

#[test]
fn two_opposite_triggers_become_one_mirror_that_goes_both_ways() {
    let imported = import(&[PIPELINE, &format!("{PUSHED}---\n{BACK}")]);
    insta::assert_snapshot!(shown(&imported));
    let config = load_text(Path::new("refsync.yaml"), &imported.yaml).unwrap();
    assert_eq!(config.mirrors.len(), 1);
    let mirror = &config.mirrors["on_push"];
    assert_eq!(mirror.direction, engine::decide::Direction::TwoWay);
    assert!(mirror.policy.sync_delete.target && !mirror.policy.sync_delete.source);
    assert!(mirror.ends.target.trigger.is_some());
}

#[test]
fn what_is_no_pipeline_is_told() {
    let read = |text: &str| harness(&[("x.yaml".into(), text.into())]);
    assert!(read("a: 1\n").unwrap_err().contains("no `pipeline`"));
    assert!(read("a: [\n").unwrap_err().starts_with("x.yaml:"));
    let empty = read("pipeline: {identifier: x}\n").unwrap();
    assert!(empty.notes.concat().contains("no mirror came of it"));
    let open = read(
        "trigger: {identifier: t, inputYaml: 'pipeline: {variables: [{name: sourceURL, value: <+trigger.payload.repo.git_url>}, {name: targetURL, value: https://h/x}]}'}\n",
    );
    let open = open.unwrap();
    assert!(
        open.notes[0].contains("`sourceURL` cannot be taken over"),
        "{:?}",
        open.notes
    );
}
