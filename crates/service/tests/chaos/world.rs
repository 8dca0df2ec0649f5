//! Two repositories on two servers, and the processes that mirror them both ways.

use std::path::Path;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use testkit::{HttpServer, ObjectFormat, Repo, Serve, until};

use crate::people::{Act, People};

/// The built program.
pub(crate) const REFSYNC: &str = env!("CARGO_BIN_EXE_refsync");

/// The secret of all webhooks.
pub(crate) const SECRET: &str = "the secret of the webhooks";

/// How long both sides may take to come to rest: with faults, retries and a claim that has to lapse.
const REST: Duration = Duration::from_secs(90);

/// Servers, people and processes. Dropped in this order.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) processes: Vec<Serve>,
    pub(crate) servers: [HttpServer; 2],
    pub(crate) people: People,
    token: String,
}

impl World {
    /// As many processes on one database, `database` being its address as the configuration has it.
    pub(crate) fn new(directory: &Path, processes: usize, database: &str) -> World {
        let sides = [Repo::init(ObjectFormat::Sha1), Repo::init(ObjectFormat::Sha1)];
        let servers = [
            HttpServer::start(sides[0].root()),
            HttpServer::start(sides[1].root()),
        ];
        let urls: [String; 2] = std::array::from_fn(|side| {
            let name = sides[side].path().file_name().expect("it has a name");
            servers[side].url(&name.to_string_lossy())
        });
        let configuration = configuration(database, &urls);
        let people = People::new(sides);
        let processes: Vec<Serve> = (0..processes)
            .map(|index| {
                let directory = directory.join(format!("process-{index}"));
                let serve = Serve::new(REFSYNC, directory, &configuration);
                serve.env("HOOK", SECRET).env("REFSYNC_LOG", "debug").start()
            })
            .collect();
        let token = processes[0].token();
        let world = World {
            processes,
            servers,
            people,
            token,
        };
        until("the first mirroring", REST, || {
            world.people.differing().is_empty()
        });
        world
    }

    /// A process that runs.
    fn running(&self) -> &Serve {
        self.processes
            .iter()
            .find(|process| process.is_running())
            .expect("one process always runs")
    }

    /// Sends the webhook of an act, as GitHub would; gives the status of the answer.
    pub(crate) fn tell(&self, act: &Act) -> u16 {
        let body = push(act.name, &act.old, &act.new);
        let signature = sign(SECRET, &body);
        let side = ["source", "target"][act.side];
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", "push"),
            ("x-hub-signature-256", signature.as_str()),
        ];
        let path = format!("/hooks/app/{side}");
        self.running().request("POST", &path, &headers, &body).status
    }

    /// Asks the API.
    pub(crate) fn api(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let authorization = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answered = self
            .running()
            .request(method, &format!("/api/v1{path}"), &headers, &body);
        (
            answered.status,
            serde_json::from_str(&answered.body).unwrap_or_default(),
        )
    }

    /// The conflicts that are shown: each branch with both values.
    pub(crate) fn conflicts(&self) -> Vec<(String, [Option<String>; 2])> {
        let (_, page) = self.api("GET", "/conflicts?mirror=app&limit=500", &Value::Null);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let conflict = |it: &Value| {
            let name = it["reference"].as_str().unwrap_or_default().to_owned();
            (name, [text(&it["source"]), text(&it["target"])])
        };
        items.iter().map(conflict).collect()
    }

    /// Whether what differs is what is shown as a conflict, with the very values.
    fn is_at_rest(&self) -> bool {
        let shown = self.conflicts();
        let is_shown = |(name, values): &(&str, [Option<String>; 2])| {
            shown
                .iter()
                .any(|(of, as_shown)| of == name && as_shown == values)
        };
        self.people.differing().iter().all(is_shown)
    }

    /// Waits until both sides are equal, but for what is shown as a conflict.
    pub(crate) fn come_to_rest(&self) {
        let start = std::time::Instant::now();
        while !self.is_at_rest() {
            assert!(
                start.elapsed() < REST,
                "no rest: {:#?}\nconflicts: {:#?}\n{:#}\n{}",
                self.people.differing(),
                self.conflicts(),
                self.api("GET", "/mirrors/app", &Value::Null).1,
                self.tail(),
            );
            testkit::pause();
        }
    }

    /// The last lines of all logs.
    pub(crate) fn tail(&self) -> String {
        let last = |process: &Serve| {
            let log = process.log();
            let lines: Vec<&str> = log.lines().rev().take(40).collect();
            lines.into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        self.processes
            .iter()
            .map(last)
            .collect::<Vec<_>>()
            .join("\n---\n")
    }

    /// A person settles a conflict.
    pub(crate) fn resolve(&mut self, name: &str, take: usize) {
        let side = ["source", "target"][take];
        let body = json!({"reference": name, "take": side});
        let (status, answer) = self.api("POST", "/mirrors/app/resolve", &body);
        assert!((200..300).contains(&status), "{status} {answer:#}");
    }
}

fn configuration(database: &str, urls: &[String; 2]) -> String {
    let credential = |name: &str, url: &str| {
        let host = url
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap_or_default();
        format!("  {name}: {{host: \"{host}\", provider: github, webhookSecret: \"${{env:HOOK}}\"}}\n")
    };
    format!(
        "database: {database}
credentials:
{}{}limits: {{lease: 2s, grace: 2s, rate: 10000}}
mirrors:
  - name: app
    direction: two-way
    source: {}
    target: {}
    syncDelete: true
    sweep: 2s
",
        credential("left", &urls[0]),
        credential("right", &urls[1]),
        urls[0],
        urls[1],
    )
}

/// The body of a push.
pub(crate) fn push(name: &str, old: &str, new: &str) -> String {
    json!({
        "ref": name, "before": old, "after": new,
        "repository": {"clone_url": "https://forge.example/acme/app.git"},
        "sender": {"login": "ada"},
    })
    .to_string()
}

/// GitHub's signature.
pub(crate) fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}
