//! The pipelines in `examples/` call `refsync sync` with flags that it has.

use std::path::{Path, PathBuf};

use testkit::{Finished, git_environment};

use crate::everything;

/// Every text of a YAML file, wherever it stands.
fn texts(value: &serde_json::Value, all: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => all.push(text.clone()),
        serde_json::Value::Array(list) => list.iter().for_each(|value| texts(value, all)),
        serde_json::Value::Object(map) => map.values().for_each(|value| texts(value, all)),
        _ => {}
    }
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else if path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
        {
            all.push(path);
        }
    }
}

/// The scripts of all examples that call `refsync sync`.
fn scripts() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    files(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples")),
        &mut paths,
    );
    let mut scripts = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let Ok(value) = serde_saphyr::from_str::<serde_json::Value>(&text) else {
            continue;
        };
        let mut all = Vec::new();
        texts(&value, &mut all);
        scripts.extend(
            all.into_iter()
                .filter(|text| text.contains("refsync sync"))
                .map(|text| (path.clone(), text)),
        );
    }
    scripts
}

/// Runs a script with `refsync` as the only program of that name, against addresses that do not exist.
fn run(script: &str) -> Finished {
    let folder = testkit::tmp();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_refsync"), folder.path().join("refsync")).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    testkit::Run::new(testkit::require("sh"))
        .envs(git_environment())
        .args(["-c", script])
        .directory(folder.path())
        .env("PATH", path)
        .env("SOURCE_URL", folder.path().join("a.git"))
        .env("TARGET_URL", folder.path().join("b.git"))
        .env("REFERENCE", "refs/heads/main")
        .run()
}

#[test]
fn pipelines_call_sync_as_it_is() {
    let scripts = scripts();
    assert!(scripts.len() >= 2, "a Harness CI step and a GitHub Actions job");
    for (path, script) in scripts {
        let calls: Vec<&str> = script
            .lines()
            .filter(|line| line.contains("refsync sync"))
            .collect();
        assert!(!calls.is_empty());
        let finished = run(&script);
        // The addresses do not exist: the flags were understood if that is all that is wrong.
        assert_eq!(
            finished.code,
            Some(1),
            "{}: {}\n{script}",
            path.display(),
            everything(&finished)
        );
    }
    assert_eq!(
        run("refsync sync --no-such-flag").code,
        Some(64),
        "this test can fail"
    );
}
