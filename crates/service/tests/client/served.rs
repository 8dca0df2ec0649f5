//! The commands against a real `refsync serve`, with real repositories.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Finished, ObjectFormat, Repo, Run, Running, tmp, until};

use crate::{everything, refsync};

/// A server has so long to do what takes it milliseconds.
const SOON: Duration = Duration::from_secs(30);

/// A server with one two-way mirror, `app`, and one one-way mirror, `copy`.
struct Served {
    folder: TempDir,
    url: String,
    left: Repo,
    right: Repo,
    copy: Repo,
    server: Option<Running>,
}

impl Served {
    fn start() -> Self {
        let left = Repo::init(ObjectFormat::Sha1);
        left.commit("main", "one");
        let right = Repo::init(ObjectFormat::Sha1);
        let copy = Repo::init(ObjectFormat::Sha1);
        let folder = tmp();
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let yaml = json!({
            "version": 1,
            "listen": format!("127.0.0.1:{port}"),
            "database": "sqlite:refsync.db",
            "mirrors": [
                {
                    "name": "app", "labels": {"team": "pay"}, "direction": "two-way", "sweep": "off",
                    "source": {"url": left.path(), "provider": "gitea", "insecure": true},
                    "target": {"url": right.path(), "provider": "gitea", "insecure": true},
                },
                {
                    "name": "copy", "sweep": "off", "triggers": ["manual"],
                    "source": {"url": left.path(), "provider": "gitea", "insecure": true},
                    "target": {"url": copy.path(), "provider": "gitea"},
                },
            ],
        });
        // JSON is YAML.
        std::fs::write(folder.path().join("refsync.yaml"), yaml.to_string()).unwrap();
        let mut served = Self {
            folder,
            url: format!("http://127.0.0.1:{port}"),
            left,
            right,
            copy,
            server: None,
        };
        served.server = Some(refsync().arg("serve").directory(served.folder.path()).spawn());
        until("the server's first answer", SOON, || {
            served.token_file().exists() && served.run(&["mirror", "list"]).code == Some(0)
        });
        served
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("refsync.db.admin-token")
    }

    fn client(&self, words: &[&str]) -> Run {
        refsync()
            .args(words)
            .directory(self.folder.path())
            .env("REFSYNC_URL", &self.url)
            .env("REFSYNC_TOKEN_FILE", self.token_file())
    }

    fn run(&self, words: &[&str]) -> Finished {
        self.client(words).run()
    }

    /// Runs and wants success.
    fn fine(&self, words: &[&str]) -> Finished {
        let finished = self.run(words);
        assert_eq!(finished.code, Some(0), "{words:?}: {}", everything(&finished));
        finished
    }

    fn json(&self, words: &[&str]) -> Value {
        let finished = self.run(&[words, &["-o", "json"]].concat());
        serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("{words:?}: {error}: {}", everything(&finished)))
    }
}

#[test]
fn a_run_by_hand_mirrors_and_tells_what_it_did() {
    let served = Served::start();
    let finished = served.fine(&["mirror", "run", "app", "copy", "--wait"]);
    assert_eq!(finished.stdout.lines().count(), 2, "{}", finished.stdout);
    assert_eq!(served.right.refs(), served.left.refs());
    assert_eq!(served.copy.refs(), served.left.refs());

    served.left.commit("main", "two");
    let finished = served.fine(&["mirror", "run", "app", "-r", "refs/heads/main", "--wait"]);
    assert!(
        finished.stdout.contains("\trefs/heads/main\t"),
        "{}",
        finished.stdout
    );
    assert_eq!(served.right.refs(), served.left.refs());
    let run = served.json(&["run", "view", "--mirror", "app"]);
    assert_eq!(
        (&run["state"], &run["exitCode"], &run["trigger"]),
        (&json!("succeeded"), &json!(0), &json!("person"))
    );
    let log = served.fine(&["run", "view", run["id"].as_str().unwrap(), "--log"]);
    assert!(!log.stdout.is_empty());
    let list = served.fine(&["run", "list", "--mirror", "app", "--state", "succeeded"]);
    assert!(list.stdout.lines().count() >= 2, "{}", list.stdout);
    let again = served.fine(&["run", "rerun", run["id"].as_str().unwrap(), "--wait"]);
    assert!(again.stdout.contains("state:\tsucceeded"), "{}", again.stdout);
    let dry = served.fine(&["mirror", "run", "app", "--dry-run", "--wait"]);
    assert!(dry.stdout.contains("state:\tsucceeded"), "{}", dry.stdout);
    assert_eq!(
        served.run(&["mirror", "run", "app", "--input-set", "none"]).code,
        Some(64)
    );
}

#[test]
fn a_conflict_is_seen_decided_and_gone() {
    let served = Served::start();
    served.fine(&["mirror", "run", "app", "--wait"]);
    served.left.commit("main", "on the left");
    let right = served.right.commit("main", "on the right");
    let finished = served.run(&["mirror", "run", "app", "--wait"]);
    assert_eq!(finished.code, Some(3), "{}", everything(&finished));
    let drift = served.run(&["mirror", "diff", "app"]);
    assert_eq!(drift.code, Some(3), "{}", everything(&drift));
    assert!(
        drift.stdout.starts_with("conflict\trefs/heads/main\t"),
        "{}",
        drift.stdout
    );
    let list = served.fine(&["conflict", "list"]);
    assert!(
        list.stdout.starts_with("app\trefs/heads/main\t"),
        "{}",
        list.stdout
    );
    served.fine(&["conflict", "view", "app", "main"]);
    let resolved = served.run(&["conflict", "resolve", "app", "main", "--take", "target", "--wait"]);
    assert_eq!(resolved.code, Some(0), "{}", everything(&resolved));
    assert_eq!(served.left.get("refs/heads/main"), Some(right));
    assert_eq!(served.right.refs(), served.left.refs());
    assert_eq!(served.fine(&["conflict", "list"]).stdout, "");
    served.fine(&["mirror", "diff", "app", "--live"]);
    let undone = served.run(&[
        "run",
        "undo",
        served.json(&["run", "view"])["id"].as_str().unwrap(),
        "--wait",
    ]);
    assert!(matches!(undone.code, Some(0 | 3)), "{}", everything(&undone));
}

#[test]
fn a_preflight_tells_both_sides() {
    let served = Served::start();
    let finished = served.fine(&["mirror", "check", "--all"]);
    for line in [
        "ok\tapp\tsource\treachable\t",
        "ok\tcopy\tsource\treachable\t",
        "ok\tapp\ttarget\tmay write\t",
    ] {
        assert!(finished.stdout.contains(line), "{line} in:\n{}", finished.stdout);
    }
    std::fs::rename(served.copy.path(), served.folder.path().join("elsewhere")).unwrap();
    let failed = served.run(&["mirror", "check", "copy"]);
    assert_eq!(failed.code, Some(1), "{}", everything(&failed));
    assert!(
        failed.stdout.contains("failed\tcopy\ttarget\t"),
        "{}",
        failed.stdout
    );
}

#[test]
fn a_token_may_do_what_its_role_says_and_sees_its_label_alone() {
    let served = Served::start();
    let words = [
        "token",
        "create",
        "ci",
        "--role",
        "read",
        "-l",
        "team=pay",
        "--expires",
        "1d",
    ];
    let token = served.fine(&words).stdout.trim().to_owned();
    let with = |words: &[&str]| served.client(words).env("REFSYNC_TOKEN", &token).run();
    let list = with(&["mirror", "list"]);
    let names: Vec<&str> = list
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert_eq!(names, ["app"], "{}", everything(&list));
    let refused = with(&["mirror", "pause", "app"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("hint: refsync token create NAME --role"),
        "{}",
        refused.stderr
    );
    let tokens = served.json(&["token", "list"]);
    let made = tokens["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "ci")
        .unwrap();
    served.fine(&["token", "revoke", made["id"].as_str().unwrap()]);
    let revoked = with(&["mirror", "list"]);
    assert!(revoked.stderr.contains("REFSYNC_TOKEN"), "{}", revoked.stderr);
    served.fine(&["mirror", "pause", "-l", "team=pay"]);
    assert_eq!(served.json(&["mirror", "view", "app"])["state"], "paused");
    served.fine(&["mirror", "resume", "--all"]);
    let audit = served.fine(&["audit", "list"]);
    assert!(
        audit.stdout.contains("mirror.pause") && !everything(&audit).contains(&token),
        "{}",
        audit.stdout
    );
}

#[test]
fn a_test_shows_the_delivery_the_run_and_the_target() {
    let served = Served::start();
    served.fine(&["mirror", "run", "app", "--wait"]);
    let mut watching = served
        .client(&["mirror", "test", "app", "--timeout", "60"])
        .spawn();
    let commit = served.left.commit("refsync-test", "tried");
    let payload = json!({
        "ref": "refs/heads/refsync-test", "before": "0".repeat(40), "after": commit,
        "repository": {"clone_url": served.left.path()},
    });
    let hook = format!("{}/hooks/app/source", served.url);
    let deliver = || {
        Run::new(testkit::require("curl"))
            .args([
                "-sS",
                "-f",
                "-H",
                "content-type: application/json",
                "-H",
                "x-gitea-event: push",
            ])
            .args(["-d", &payload.to_string(), &hook])
            .run()
    };
    // The first may come before the command looks; a second delivery does no harm.
    until("the test to end", SOON, || {
        let delivered = deliver();
        assert_eq!(delivered.code, Some(0), "{}", everything(&delivered));
        watching.process().ended().is_some()
    });
    let finished = watching.finish();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    for part in [
        "delivery\tpush from 127.0.0.1, answered 202: refsync-test ",
        "run\t",
    ] {
        assert!(finished.stdout.contains(part), "{part} in:\n{}", finished.stdout);
    }
    assert_eq!(served.right.get("refs/heads/refsync-test"), Some(commit));
    let deliveries = served.fine(&["webhook", "deliveries", "app"]);
    let id = deliveries
        .stdout
        .lines()
        .next()
        .unwrap()
        .split('\t')
        .nth(5)
        .unwrap();
    served.fine(&["webhook", "view", id]);
    served.fine(&["webhook", "redeliver", id]);
    assert!(
        served
            .fine(&["webhook", "list", "app"])
            .stdout
            .contains("/hooks/app/source")
    );
    assert!(
        served
            .fine(&["webhook", "register", "app"])
            .stdout
            .contains("/hooks/app/source")
    );
}

#[test]
fn a_mirror_is_made_changed_and_removed_over_the_api() {
    let served = Served::start();
    let words = [
        "mirror",
        "create",
        "made",
        "--source",
        "https://a.example/x.git",
        "--target",
        "https://b.example/x.git",
    ];
    // Neither host has a credential, and neither stands in allowHosts.
    let refused = served.run(&words);
    assert!(matches!(refused.code, Some(64 | 1)), "{}", everything(&refused));
    let local = served.run(&[
        "mirror", "create", "made", "--source", "/tmp/a", "--target", "/tmp/b",
    ]);
    assert_eq!(local.code, Some(64), "{}", everything(&local));
    let of_file = served.run(&["mirror", "edit", "app", "--description", "x"]);
    assert!(
        of_file.stderr.contains("change it there"),
        "{}",
        everything(&of_file)
    );
    assert_ne!(served.run(&["mirror", "delete", "app", "--yes"]).code, Some(0));
}

#[test]
fn a_database_in_use_is_backed_up_and_not_restored() {
    let served = Served::start();
    served.fine(&["mirror", "run", "app", "--wait"]);
    served.fine(&["db", "backup", "copy.db"]);
    let refused = served.run(&["db", "restore", "copy.db", "--yes"]);
    assert_eq!(refused.code, Some(1), "{}", everything(&refused));
    assert!(
        refused.stderr.contains("uses this database"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_file_is_read_again_when_a_person_says_so() {
    let served = Served::start();
    let path = served.folder.path().join("refsync.yaml");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "version: 1\nmirors: []\n").unwrap();
    let refused = served.run(&["config", "reload"]);
    assert_ne!(refused.code, Some(0), "{}", everything(&refused));
    assert!(refused.stderr.contains("mirors"), "{}", refused.stderr);
    std::fs::write(&path, good.replace("\"copy\"", "\"other\"")).unwrap();
    let lost = served.run(&["config", "reload"]);
    assert_ne!(
        lost.code,
        Some(0),
        "half of the mirrors go: {}",
        everything(&lost)
    );
    served.fine(&["config", "reload", "--force"]);
    assert_eq!(served.json(&["mirror", "view", "other"])["name"], "other");
}
