//! Commands that look at files and need no server.

use crate::{everything, refsync};

const GOOD: &str = "version: 1\nmirrors:\n  - name: app\n    source: https://a.example/app.git\n    target: https://b.example/app.git\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = testkit::tmp();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_good_file_is_said_to_be_one_and_a_bad_one_is_told_with_its_line() {
    let folder = folder(&[
        ("refsync.yaml", GOOD),
        ("bad.yaml", &GOOD.replace("target:", "tragte:")),
    ]);
    let finished = refsync().args(["config", "check"]).directory(folder.path()).run();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    assert_eq!(
        finished.stdout,
        "✓ refsync.yaml: 1 mirror, 0 credentials, in 1 file\n"
    );
    let finished = refsync()
        .args(["config", "check", "bad.yaml"])
        .directory(folder.path())
        .run();
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    assert!(
        finished.stderr.contains("bad.yaml:5:") && finished.stderr.contains("tragte"),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_file_that_a_credential_names_and_is_not_there_is_warned_of_and_a_server_takes_the_rest() {
    let named = "credentials:\n  a: {host: a.example, provider: github, caFile: none.pem}\n";
    let folder = folder(&[("refsync.yaml", &format!("{GOOD}{named}"))]);
    let finished = refsync().args(["config", "check"]).directory(folder.path()).run();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    assert!(
        finished.stdout.starts_with("✓ refsync.yaml: 1 mirror"),
        "{}",
        finished.stdout
    );
    let warned = "warning: refsync.yaml:7:50: credentials.a.caFile: none.pem cannot be read here";
    assert!(finished.stderr.contains(warned), "{}", finished.stderr);
}

#[test]
fn a_file_is_rendered_so_that_it_can_be_read_again() {
    let folder = folder(&[("refsync.yaml", GOOD)]);
    let rendered = refsync()
        .args(["config", "render"])
        .directory(folder.path())
        .run();
    assert_eq!(rendered.code, Some(0), "{}", everything(&rendered));
    std::fs::write(folder.path().join("rendered.yaml"), &rendered.stdout).unwrap();
    let words = ["config", "diff", "refsync.yaml", "rendered.yaml", "--exit-status"];
    let diff = refsync().args(words).directory(folder.path()).run();
    assert_eq!(
        (diff.code, diff.stdout.as_str()),
        (Some(0), "No mirror changes.\n"),
        "{}",
        diff.stderr
    );
    let one = refsync()
        .args(["config", "render", "-m", "app"])
        .directory(folder.path())
        .run();
    assert!(
        one.stdout.contains("https://b.example/app.git"),
        "{}",
        everything(&one)
    );
}

#[test]
fn a_difference_names_the_mirrors_and_the_lines() {
    let new = GOOD.replace("b.example", "c.example")
        + "  - {name: web, source: 'https://a.example/w.git', target: 'https://b.example/w.git'}\n";
    let folder = folder(&[("old.yaml", GOOD), ("new.yaml", &new)]);
    let words = ["config", "diff", "old.yaml", "new.yaml"];
    let diff = refsync()
        .args(words)
        .arg("--exit-status")
        .directory(folder.path())
        .run();
    assert_eq!(diff.code, Some(3), "{}", everything(&diff));
    for line in ["+ web", "~ app", "1 added, 0 removed, 1 changed"] {
        assert!(
            diff.stdout.lines().any(|other| other == line),
            "{line} in:\n{}",
            diff.stdout
        );
    }
    for part in ["- ", "+ "] {
        assert!(
            diff.stdout
                .lines()
                .any(|line| line.starts_with(&format!("    {part}")) && line.contains(".example")),
            "{}",
            diff.stdout
        );
    }
    assert_eq!(refsync().args(words).directory(folder.path()).run().code, Some(0));
    let back = refsync()
        .args(["config", "diff", "new.yaml", "old.yaml"])
        .directory(folder.path())
        .run();
    assert!(
        back.stderr.contains("1 of 2 mirrors would go"),
        "{}",
        everything(&back)
    );
}

#[test]
fn the_schema_is_json() {
    let finished = refsync().args(["config", "schema"]).run();
    let schema: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert!(schema.is_object(), "{}", everything(&finished));
}

#[test]
fn an_import_of_what_is_no_pipeline_says_so() {
    let folder = folder(&[("x.yaml", "a: b\n")]);
    let finished = refsync()
        .args(["import", "harness", "x.yaml"])
        .directory(folder.path())
        .run();
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(1), ""),
        "{}",
        finished.stderr
    );
    assert!(finished.stderr.starts_with("error: "), "{}", finished.stderr);
    let missing = refsync().args(["import", "harness", "/nowhere.yaml"]).run();
    assert!(
        missing.stderr.contains("cannot read /nowhere.yaml"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_database_is_copied_and_put_back() {
    let folder = folder(&[("refsync.yaml", &format!("{GOOD}database: sqlite:refsync.db\n"))]);
    let run = |words: &[&str]| refsync().args(words).directory(folder.path()).run();
    let backup = run(&["db", "backup", "copy.db"]);
    assert_eq!(backup.code, Some(0), "{}", everything(&backup));
    assert!(folder.path().join("copy.db").exists());
    let again = run(&["db", "backup", "copy.db"]);
    assert!(
        again.stderr.contains("copy.db exists already"),
        "{}",
        again.stderr
    );
    let unasked = run(&["db", "restore", "copy.db"]);
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    let restore = run(&["db", "restore", "copy.db", "--yes"]);
    assert_eq!(
        (restore.code, restore.stdout.as_str()),
        (Some(0), "The copy was put back.\n"),
        "{}",
        restore.stderr
    );
}
