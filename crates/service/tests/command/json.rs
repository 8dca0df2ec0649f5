//! `--json`.

use serde_json::Value;
use testkit::Finished;

use crate::{everything, pair, refsync, sync};

fn document(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", everything(finished)))
}

#[test]
fn the_report_is_the_only_thing_on_standard_output() {
    let (source, target) = pair();
    let old = source.resolve("main");
    sync(&source, &target, &[]);
    source.commit_onto("main", None, "rewritten");
    let finished = sync(&source, &target, &["--json"]);
    let document = document(&finished);
    assert_eq!((finished.code, &document["exit"]), (Some(2), &Value::from(2)));
    assert_eq!(document["version"], 1);
    assert_eq!(document["source"], source.path().to_str().unwrap());
    let main = &document["references"][0];
    assert_eq!(main["name"], "refs/heads/main");
    assert_eq!(
        (&main["old"], &main["new"]),
        (&Value::from(old), &Value::from(source.resolve("main")))
    );
    assert_eq!(
        (&main["outcome"], &main["reason"]),
        (&Value::from("refused"), &Value::from("not-fast-forward"))
    );
    assert!(
        main["hint"]
            .as_str()
            .unwrap()
            .contains("--force-with-lease=refs/heads/main:")
    );
    assert!(finished.stderr.contains("hint: "), "{}", finished.stderr);
}

#[test]
fn every_verbosity_leaves_standard_output_to_the_document() {
    let (source, target) = pair();
    for verbosity in [&["-q"][..], &[], &["-v"], &["-vv"]] {
        let finished = sync(&source, &target, &[verbosity, &["--json", "-n"]].concat());
        assert_eq!(document(&finished)["counts"]["created"], 1, "{verbosity:?}");
        assert_eq!(document(&finished)["dryRun"], true);
    }
}

#[test]
fn an_error_is_part_of_the_document() {
    let (source, _) = pair();
    let missing = source.root().join("missing.git");
    let finished = refsync()
        .arg("sync")
        .arg(source.path())
        .arg(&missing)
        .arg("--json")
        .run();
    let document = document(&finished);
    assert_eq!((finished.code, &document["exit"]), (Some(1), &Value::from(1)));
    assert_eq!(document["error"]["side"], "target");
    assert_eq!(document["error"]["stage"], "observe");
    assert!(finished.stderr.starts_with("error: "), "{}", finished.stderr);
}

#[test]
fn the_document_has_the_fields_that_the_schema_requires() {
    let (source, target) = pair();
    let document = document(&sync(&source, &target, &["--json"]));
    let schema: Value =
        serde_json::from_str(&refsync().args(["sync", "--json-schema"]).run().stdout).unwrap();
    let required = |schema: &Value| -> Vec<String> {
        let names = schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned());
        names.collect()
    };
    let has_all = |value: &Value, schema: &Value| {
        let object = value.as_object().unwrap();
        for name in required(schema) {
            assert!(object.contains_key(&name), "{name} is missing in {value}");
        }
        for name in object.keys() {
            assert!(
                schema["properties"][name].is_object(),
                "{name} is not in the schema"
            );
        }
    };
    has_all(&document, &schema);
    has_all(&document["references"][0], &schema["$defs"]["Reference"]);
    has_all(&document["stages"][0], &schema["$defs"]["StageTime"]);
}
