use std::time::Duration;

use engine::error::Stage;

use super::*;
use crate::output::fixture::{between_hosts, every_outcome, invalid_name, reference, report, unauthorized};

fn document(report: &Report) -> serde_json::Value {
    let (request, again) = between_hosts();
    let text = Document::new(&request, report, &again).text().unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_document_says_what_became_of_a_run() {
    let report = Report {
        in_sync: 9631,
        bytes: 1234,
        stages: vec![(Stage::Observe, Duration::from_millis(250))],
        error: Some(unauthorized()),
        invalid_names: vec![invalid_name()],
        dry_run: true,
        ..report(vec![
            reference("refs/heads/new", None, Some("5d6e7f8"), Outcome::Created),
            reference(
                "refs/heads/x",
                Some("1a2b3c4"),
                Some("5d6e7f8"),
                Outcome::Refused(Refusal::Unsteady),
            ),
        ])
    };
    let (request, again) = between_hosts();
    insta::assert_snapshot!(Document::new(&request, &report, &again).text().unwrap(), @r#"
    {
      "version": 1,
      "source": "https://github.com/acme/app.git",
      "target": "git@git.example.com:acme/app.git",
      "direction": "one-way",
      "dryRun": true,
      "exit": 3,
      "references": [
        {
          "name": "refs/heads/new",
          "to": "target",
          "old": null,
          "new": "5d6e7f8000000000000000000000000000000000",
          "outcome": "created",
          "reason": null,
          "raw": null,
          "hint": null,
          "exit": 0
        },
        {
          "name": "refs/heads/x",
          "to": "target",
          "old": "1a2b3c4000000000000000000000000000000000",
          "new": "5d6e7f8000000000000000000000000000000000",
          "outcome": "refused",
          "reason": "unsteady",
          "raw": null,
          "hint": "x: run again in a moment, once the source has settled",
          "exit": 3
        }
      ],
      "inSync": 9631,
      "counts": {
        "created": 1,
        "refused": 1
      },
      "bytes": 1234,
      "stages": [
        {
          "name": "observe",
          "seconds": 0.25
        }
      ],
      "error": {
        "side": "target",
        "stage": "observe",
        "kind": "unauthorized",
        "message": "target https://git.example.com/acme/app.git: authentication failed: 401 for user git (while listing references)",
        "retry": "never",
        "retryAfterSeconds": null,
        "advice": "check the token in TARGET_TOKEN (expired? revoked?) and --target-username"
      },
      "invalidNames": [
        {
          "side": "source",
          "name": "refs/heads/a\\u{1b}[31m\\b"
        }
      ]
    }
    "#);
}

#[test]
fn the_schema_that_is_checked_in_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/report.json");
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == schema().unwrap(),
        "write it anew: refsync sync --json-schema > docs/schema/report.json"
    );
}

#[test]
fn every_outcome_has_its_word() {
    let document = document(&every_outcome());
    let words: Vec<&str> = document["references"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["outcome"].as_str().unwrap())
        .collect();
    insta::assert_snapshot!(words.join(" "), @"fast-forwarded forced refused unknown refused deleted deletion-skipped not-written up-to-date created left-alone rejected lease-lost lease-lost already-there replaced created created");
    assert_eq!(document["counts"]["created"], 3);
    assert_eq!(document["counts"]["lease-lost"], 2);
    assert_eq!(document["exit"], 3);
    assert_eq!(document["error"], serde_json::Value::Null);
}

#[test]
fn a_rejection_keeps_the_servers_words_beside_the_reason() {
    let document = document(&every_outcome());
    let protected = document["references"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["reason"] == "protected")
        .unwrap();
    assert_eq!(protected["raw"], "protected branch hook declined");
    assert_eq!(protected["exit"], 2);
}

#[test]
fn an_interrupted_run_says_so() {
    let (request, again) = between_hosts();
    let text = Document::new(&request, &Report::default(), &again)
        .interrupted(130, "interrupted: x")
        .text()
        .unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&document["exit"], &document["error"]["kind"]),
        (&130.into(), &"interrupted".into())
    );
}

#[test]
fn hostile_names_are_exact_and_harmless_to_a_terminal() {
    let name = "refs/heads/main\u{202e}\u{9b}\u{e0041}x";
    let hostile = report(vec![
        reference(name, None, Some("5d6e7f8"), Outcome::Created),
        reference(b"refs/heads/caf\xe9", None, Some("5d6e7f8"), Outcome::Created),
    ]);
    let (request, again) = between_hosts();
    let text = Document::new(&request, &hostile, &again).text().unwrap();
    assert!(text.chars().all(|c| c == '\n' || is_harmless(c)), "{text:?}");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["references"][0]["name"], name);
    assert_eq!(document["references"][1]["name"], r"refs/heads/caf\xe9");
}
