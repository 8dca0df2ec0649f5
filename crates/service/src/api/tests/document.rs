use std::path::Path;

use crate::api::routes::openapi;
use crate::metrics::Metrics;

/// The workspace's root.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn the_document_in_docs_is_the_one_that_is_served() {
    let mut now = serde_json::to_string_pretty(&openapi()).unwrap();
    now.push('\n');
    let path = root().join("docs/openapi.json");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("REFSYNC_WRITE_DOCS").is_some() {
        std::fs::write(&path, &now).unwrap();
        return;
    }
    assert!(
        kept == now,
        "docs/openapi.json is not what is served: write it with REFSYNC_WRITE_DOCS=1 and this test"
    );
}

#[test]
fn every_operation_says_what_it_does_and_which_errors_it_has() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["operationId"].is_string(), "{method} {path}");
            assert!(
                operation["responses"]["401"]["content"]["application/problem+json"].is_object(),
                "{method} {path}"
            );
            let wanted = path.matches('{').count();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|one| one["in"] == "path").count();
            assert_eq!(in_path, wanted, "{method} {path}");
        }
    }
    assert!(operations >= 35, "{operations}");
}

#[test]
fn the_board_asks_for_metrics_that_there_are() {
    let board = std::fs::read_to_string(root().join("contrib/grafana/refsync.json")).unwrap();
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    let known = Metrics::default().names();
    let mut asked = 0;
    for panel in board["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            for word in words.filter(|word| word.starts_with("refsync_")) {
                asked += 1;
                assert!(
                    known.contains(word),
                    "{word} of `{}` does not exist",
                    panel["title"]
                );
            }
        }
    }
    assert!(asked >= 12, "{asked}");
}
