use std::path::PathBuf;

use engine::decide::{Direction, Force};

use super::*;

/// A directory with files, in which `refsync.yaml` is read.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self) -> Result<Config, Problems> {
        load(&self.path("refsync.yaml"))
    }
}

fn read(text: &str) -> Result<Config, Problems> {
    Files::new(&[("refsync.yaml", text)]).load()
}

/// All problems, each as `line:column: path: message`.
#[expect(dead_code, reason = "used soon")]
fn problems(text: &str) -> String {
    let files = Files::new(&[("refsync.yaml", text)]);
    let problems = files.load().unwrap_err();
    let prefix = format!("{}:", files.path("refsync.yaml").display());
    let lines = problems.0.iter().map(Problem::to_string);
    let lines: Vec<_> = lines.map(|line| line.replace(&prefix, "")).collect();
    lines.join("\n")
}

const EXAMPLE: &str = include_str!("tests/example.yaml");

#[test]
fn the_example_of_the_documentation_is_read_whole() {
    let config = read(EXAMPLE).unwrap();
    let names: Vec<_> = config.mirrors.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "app",
            "core-auth",
            "from-an-unknown-forge",
            "pay-api",
            "pay-ledger",
            "pay-web"
        ]
    );
    let auth = &config.mirrors["core-auth"];
    assert_eq!(
        auth.ends.source.url.to_string(),
        "https://git.harness.io/acct/org/core/auth.git"
    );
    assert!(auth.policy.sync_delete.target && !auth.policy.sync_delete.source);
    assert_eq!(auth.labels["team"], "core");
    assert_eq!(config.mirrors["pay-web"].labels["team"], "pay");
    assert_eq!(
        auth.scope.patterns(),
        ["refs/heads/*", "refs/tags/*", "^refs/heads/tmp/*"]
    );
    assert_eq!(auth.ends.target.credential.as_ref().unwrap().name, "ghe");
    let app = &config.mirrors["app"];
    assert_eq!(
        (app.direction, app.policy.force),
        (Direction::TwoWay, Force::Lease)
    );
    let names: Vec<_> = app.all_input_sets().into_iter().map(|set| set.name).collect();
    assert_eq!(names, ["forward", "reverse", "releases"]);
    let other = &config.mirrors["from-an-unknown-forge"];
    assert!(other.ends.source.trigger.is_some());
    assert_eq!(auth.origin, "refsync.yaml:39");
}
