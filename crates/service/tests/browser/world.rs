//! Two forges with real repositories, and a `refsync serve` between them.

use std::process::Command;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Answered, HttpServer, Repo, Serve, git, until};

use crate::browser::{Browser, SOON};

/// The names of the forges. They are reached through a proxy, which is the forge itself: pages show names, not ports.
pub(crate) const HOSTS: [&str; 2] = ["git.example.com", "github.example.com"];

/// The secret of all webhooks.
const SECRET: &str = "the secret of the webhooks";

/// Forges and process. Dropped in this order.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) serve: Serve,
    pub(crate) forges: [HttpServer; 2],
    directory: TempDir,
}

/// Two repositories of one name, one on each forge.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) source: Repo,
    pub(crate) target: Repo,
}

impl World {
    /// With these mirrors (YAML, a list), over the repositories that `prepare` makes before the process starts.
    pub(crate) fn new(mirrors: &str) -> World {
        World::with(mirrors, |_| {})
    }

    /// [`new`](World::new), with something done to the directory before the process starts.
    pub(crate) fn with(mirrors: &str, prepare: impl FnOnce(&TempDir)) -> World {
        let directory = testkit::tmp();
        let forges = [0, 1].map(|side| {
            let root = directory.path().join(HOSTS[side]);
            std::fs::create_dir_all(root.join("acme")).unwrap();
            HttpServer::start(root)
        });
        prepare(&directory);
        let configuration = configuration(&forges, mirrors);
        let serve = Serve::new(
            env!("CARGO_BIN_EXE_refsync"),
            directory.path().join("serve"),
            &configuration,
        );
        let serve = serve.env("HOOK", SECRET).start();
        World {
            serve,
            forges,
            directory,
        }
    }

    /// A browser that is not signed in.
    pub(crate) fn stranger(&self) -> Browser {
        Browser::new(&self.serve.url(""))
    }

    /// A browser that is signed in with the first token.
    pub(crate) fn browser(&self) -> Browser {
        let browser = self.stranger();
        browser.sign_in(&self.serve.token());
        browser
    }

    /// Makes an empty repository on both forges.
    pub(crate) fn pair(&self, name: &str) -> Pair {
        pair(&self.directory, name)
    }

    /// The repositories that are there.
    pub(crate) fn open(&self, name: &str) -> Pair {
        let at = |host: &str| {
            Repo::open(
                self.directory
                    .path()
                    .join(host)
                    .join("acme")
                    .join(format!("{name}.git")),
            )
        };
        Pair {
            source: at(HOSTS[0]),
            target: at(HOSTS[1]),
        }
    }

    /// Asks the API as the first admin; the answer must be a good one.
    #[track_caller]
    pub(crate) fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let authorization = format!("Bearer {}", self.serve.token());
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let path = format!("/api/v1{path}");
        let answered = self.serve.request(method, &path, &headers, &body);
        assert!(
            (200..300).contains(&answered.status),
            "{method} {path}: {} {}",
            answered.status,
            answered.body
        );
        serde_json::from_str(&answered.body).unwrap_or_default()
    }

    /// Asks the API for something.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.api("GET", path, &Value::Null)
    }

    /// Waits until a mirror is in a state.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, mirror: &str, state: &str) {
        let path = format!("/mirrors/{mirror}");
        until(&format!("{mirror} to be {state}"), SOON, || {
            self.get(&path)["state"] == state
        });
    }

    /// Makes a token.
    pub(crate) fn make_token(&self, name: &str, role: &str) -> String {
        let made = self.api("POST", "/tokens", &json!({"name": name, "role": role}));
        made["text"].as_str().unwrap().to_owned()
    }

    /// Sends the webhook of a push, signed as its forge does.
    #[track_caller]
    pub(crate) fn tell(&self, mirror: &str, side: usize, name: &str, old: &str, new: &str) -> Value {
        let answered = self.send(mirror, side, &push(name, old, new), SECRET);
        assert_eq!(answered.status, 202, "{}", answered.body);
        serde_json::from_str(&answered.body).unwrap()
    }

    /// Sends a webhook, signed with any secret.
    pub(crate) fn send(&self, mirror: &str, side: usize, body: &str, secret: &str) -> Answered {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let path = format!("/hooks/{mirror}/{}", ["source", "target"][side]);
        let (event, header, signature) = match side {
            0 => ("x-gitea-event", "x-gitea-signature", signature),
            _ => (
                "x-github-event",
                "x-hub-signature-256",
                format!("sha256={signature}"),
            ),
        };
        let headers = [
            ("content-type", "application/json"),
            (event, "push"),
            (header, signature.as_str()),
        ];
        self.serve.request("POST", &path, &headers, body)
    }
}

/// Makes an empty repository on both forges.
pub(crate) fn pair(directory: &TempDir, name: &str) -> Pair {
    let at = |host: &str| {
        let path = directory
            .path()
            .join(host)
            .join("acme")
            .join(format!("{name}.git"));
        Repo::bare(path)
    };
    Pair {
        source: at(HOSTS[0]),
        target: at(HOSTS[1]),
    }
}

/// A mirror between the two repositories of one name, as an entry of the list; `more` are further keys.
pub(crate) fn mirror(name: &str, more: &str) -> String {
    let [source, target] = HOSTS;
    format!(
        "  - {{name: {name}, source: \"http://{source}/acme/{name}.git\", target: \"http://{target}/acme/{name}.git\", sweep: 1h{more}}}\n"
    )
}

fn configuration(forges: &[HttpServer; 2], mirrors: &str) -> String {
    let credential = |name: &str, side: usize, provider: &str| {
        format!(
            "  {name}: {{host: {}, provider: {provider}, proxy: \"{}\", webhookSecret: \"${{env:HOOK}}\"}}\n",
            HOSTS[side],
            forges[side].base_url()
        )
    };
    let list = if mirrors.is_empty() { " []\n" } else { "\n" };
    format!(
        "database: sqlite:refsync.db\npublicUrl: http://refsync.example.org\nlimits: {{rate: 100000}}\ncredentials:\n{}{}mirrors:{list}{mirrors}",
        credential("forge", 0, "gitea"),
        credential("github", 1, "github"),
    )
}

/// The body of a push.
pub(crate) fn push(name: &str, old: &str, new: &str) -> String {
    json!({
        "ref": name, "before": old, "after": new,
        "repository": {"clone_url": "https://forge.example/acme/app.git"},
        "pusher": {"login": "ada", "name": "ada"}, "sender": {"login": "ada"},
    })
    .to_string()
}

/// Adds a commit by somebody, some seconds ago, to a reference, which may be new. Gives its id.
pub(crate) fn commit(repo: &Repo, name: &str, author: &str, subject: &str, seconds_ago: u64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let date = format!("{} +0000", now - seconds_ago);
    let tree = repo.git(&["mktree"]);
    let mut command: Command = git(repo.path());
    command.args(["commit-tree", "-m", subject, tree.trim()]);
    if let Some(parent) = repo.get(name) {
        command.args(["-p", &parent]);
    }
    command
        .env("GIT_AUTHOR_NAME", author)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_NAME", author)
        .env("GIT_COMMITTER_DATE", &date);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let id = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    repo.set_ref(name, &id);
    id
}
