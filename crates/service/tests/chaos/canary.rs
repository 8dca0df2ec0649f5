//! Secrets are in no log, answer, metric, command line or database, whatever succeeds or fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::{HttpServer, ObjectFormat, Repo, Run, Serve, Then, When, tmp, until};

use crate::world::{REFSYNC, push, sign};

mod asked;

/// What must be nowhere: each stands for one kind of secret.
const CANARIES: [&str; 11] = [
    "canary-token-by-env",
    "canary-token-by-file",
    "canary-token-by-command",
    "canary-hook-by-env",
    "canary-hook-token",
    "canary-slack-path",
    "canary-database-password",
    "canary-caller",
    "canary-proxy-password",
    "canary-standard-webhooks",
    // The same as a signing key of Standard Webhooks is written.
    "Y2FuYXJ5LXN0YW5kYXJkLXdlYmhvb2tz",
];

const PATIENCE: Duration = Duration::from_secs(60);

/// Command lines that were seen of a process and its children while this lives.
struct CommandLines {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<BTreeSet<String>>>,
}

impl CommandLines {
    fn watch() -> CommandLines {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !stopped.load(Ordering::SeqCst) {
                for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                    seen.insert(String::from_utf8_lossy(&line).into_owned());
                }
                testkit::pause();
            }
            seen
        });
        CommandLines {
            stop,
            thread: Some(thread),
        }
    }

    fn all(mut self) -> String {
        self.stop.store(true, Ordering::SeqCst);
        let seen = self
            .thread
            .take()
            .expect("it was started")
            .join()
            .expect("it does not panic");
        seen.into_iter().collect::<Vec<_>>().join("\n")
    }
}

fn assert_clean(what: &str, text: &str) {
    for canary in CANARIES {
        if let Some(at) = text.find(canary) {
            let from = text[..at]
                .char_indices()
                .rev()
                .nth(200)
                .map_or(0, |(index, _)| index);
            panic!("{canary} is in {what}: …{}", &text[from..at]);
        }
    }
}

fn configuration(database: &str, urls: [&str; 3], notified: &str) -> String {
    let host = |url: &str| {
        url.trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    format!(
        "database: \"{database}\"
publicUrl: https://refsync.example.org
credentials:
  by-env: {{host: \"{}\", provider: github, token: \"${{env:TOKEN}}\", hookToken: \"${{env:HOOK_TOKEN}}\", webhookSecret: \"${{env:HOOK}}\"}}
  by-file: {{host: \"{}\", provider: gitea, token: \"${{file:token}}\", webhookSecret: \"${{env:HOOK}}\"}}
  by-command: {{host: \"{}\", provider: gitlab, token: \"${{command:cat command-token}}\", webhookSecret: \"${{env:HOOK}}\"}}
notifications:
  - {{kind: slack, url: \"${{env:SLACK}}\"}}
  - {{kind: webhook, url: \"${{env:SLACK}}\", secret: \"${{env:SIGNING_KEY}}\"}}
limits: {{rate: 10000}}
mirrors:
  - {{name: app, direction: two-way, source: \"{}\", target: \"{}\", sweep: 1s}}
  - {{name: out, source: \"{}\", target: \"{}\", sweep: 1s}}
  - {{name: proxied, source: \"https://proxied.example/a.git\", target: \"https://proxied.example/b.git\", sweep: 1s}}
# {notified}
",
        host(urls[0]),
        host(urls[1]),
        host(urls[2]),
        urls[0],
        urls[1],
        urls[0],
        urls[2],
    )
}

struct Scene {
    serve: Serve,
    repos: [Repo; 3],
    servers: [HttpServer; 3],
    slack: HttpServer,
}

fn scene(directory: &Path, database: &str, log_format: &str) -> Scene {
    let repos: [Repo; 3] = std::array::from_fn(|_| Repo::init(ObjectFormat::Sha1));
    repos[0].commit("main", "first");
    // Hosts' APIs know repositories by their owner, too.
    for repo in &repos {
        std::os::unix::fs::symlink(".", repo.root().join("acme")).expect("the directory is ours");
    }
    let servers: [HttpServer; 3] = std::array::from_fn(|index| HttpServer::start(repos[index].root()));
    let urls: [String; 3] = std::array::from_fn(|index| servers[index].url("acme/repo.git"));
    let slack = HttpServer::start(repos[0].root());
    let text = configuration(database, [&urls[0], &urls[1], &urls[2]], "three hosts");
    let mut serve = Serve::new(REFSYNC, directory, &text)
        .arg("--log")
        .arg("trace")
        .arg("--log-format")
        .arg(log_format)
        .env("PASSWORD", "canary-database-password")
        .env("HTTPS_PROXY", "http://user:canary-proxy-password@127.0.0.1:9")
        .env("SIGNING_KEY", "whsec_Y2FuYXJ5LXN0YW5kYXJkLXdlYmhvb2tz")
        .env("TOKEN", "canary-token-by-env")
        .env("HOOK_TOKEN", "canary-hook-token")
        .env("HOOK", "canary-hook-by-env")
        .env("SLACK", &slack.url("canary-slack-path"));
    fs::write(directory.join("token"), "canary-token-by-file\n").expect("the directory is ours");
    fs::write(directory.join("command-token"), "canary-token-by-command\n").expect("the directory is ours");
    serve.restart();
    Scene {
        serve,
        repos,
        servers,
        slack,
    }
}

impl Scene {
    fn in_sync(&self) -> bool {
        let main = self.repos[0].get("refs/heads/main");
        self.repos.iter().all(|repo| repo.get("refs/heads/main") == main)
    }

    /// Deliveries of every kind: right, wrong, malformed, and by a caller who shows secrets of their own.
    fn deliveries(&self) {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let body = push("refs/heads/main", &zero, &one);
        let signature = sign("canary-hook-by-env", &body);
        let json = ("content-type", "application/json");
        let event = ("x-github-event", "push");
        let caller = ("authorization", "Bearer canary-caller");
        let answers = [
            self.serve.request(
                "POST",
                "/hooks/app/source",
                &[json, event, caller, ("x-hub-signature-256", &signature)],
                &body,
            ),
            self.serve.request(
                "POST",
                "/hooks/app/source",
                &[json, event, ("x-hub-signature-256", "sha256=00")],
                &body,
            ),
            self.serve.request(
                "POST",
                "/hooks/app/source?secret=canary-caller",
                &[json, event, caller],
                &body,
            ),
            self.serve.request(
                "POST",
                "/hooks/app/target",
                &[
                    json,
                    ("x-gitea-event", "push"),
                    ("x-gitea-signature", "canary-caller"),
                ],
                "{",
            ),
            self.serve.request(
                "POST",
                "/hooks/host/by-command",
                &[
                    json,
                    ("x-gitlab-event", "Push Hook"),
                    ("x-gitlab-token", "canary-hook-by-env"),
                ],
                "{}",
            ),
            self.serve
                .request("POST", "/hooks/nobody/source", &[json, caller], &body),
            self.serve.request("GET", "/api/v1/mirrors", &[caller], ""),
            self.serve
                .request("GET", "/api/v1/mirrors?token=canary-caller", &[], ""),
        ];
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses[..3], [202, 401, 401], "{answers:#?}");
        assert!(
            statuses.iter().all(|status| (200..500).contains(status)),
            "{statuses:?}"
        );
        for answer in answers {
            assert_clean("an answer", &format!("{}\n{}", answer.head, answer.body));
        }
    }

    /// Everything that the service tells to an admin.
    fn answers(&self) -> String {
        let token = format!("Bearer {}", self.serve.token());
        let get = |path: &str| {
            let answer = self.serve.request("GET", path, &[("authorization", &token)], "");
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            answer.body
        };
        let mut all = String::new();
        for path in [
            "/api/v1",
            "/api/v1/mirrors",
            "/api/v1/mirrors/app",
            "/api/v1/mirrors/app/hooks",
            "/api/v1/mirrors/app/references",
            "/api/v1/conflicts",
            "/api/v1/audit",
            "/api/v1/tokens",
            "/metrics",
            "/readyz",
        ] {
            all += &get(path);
        }
        for list in ["/api/v1/runs", "/api/v1/deliveries"] {
            let page = get(&format!("{list}?limit=100"));
            let page: serde_json::Value = serde_json::from_str(&page).expect("JSON");
            let items = page["items"].as_array().expect("a page");
            assert!(!items.is_empty(), "{list}");
            for item in items {
                let id = item["id"].as_str().expect("an id");
                all += &get(&format!("{list}/{id}"));
                if list.ends_with("runs") {
                    all += &get(&format!("{list}/{id}/log"));
                }
            }
            all += &page.to_string();
        }
        all
    }
}

/// All files of a directory but those that hold a secret by right.
fn files(directory: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(directory).expect("it is ours").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !["token", "command-token"].contains(&name.as_str()) {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            all += &format!("{name}: {}", String::from_utf8_lossy(&bytes));
        }
    }
    all
}

fn succeed_fail_and_crash(scene: &mut Scene) {
    until("the first mirroring", PATIENCE, || scene.in_sync());
    // A conflict is told to Slack, whose address is a secret.
    scene.repos[0].commit_onto("clash", None, "ours");
    scene.repos[1].commit_onto("clash", None, "theirs");
    until("a message about the conflict", PATIENCE, || {
        !scene.slack.requests().is_empty()
    });
    scene.deliveries();
    scene.ask();
    for server in &scene.servers {
        server.on(When::any(), Then::status(401));
    }
    scene.repos[0].commit("main", "second");
    scene.deliveries();
    until("failed runs", PATIENCE, || scene.serve.log().contains("401"));
    scene.serve.kill();
    scene.serve.restart();
    for server in &scene.servers {
        server.clear_rules();
        server.once(When::any(), Then::CutAnswer(10));
    }
    let sent = scene
        .servers
        .iter()
        .flat_map(HttpServer::requests)
        .any(|request| request.header("authorization").is_some());
    assert!(sent, "no token was ever sent");
    let other = Run::new(REFSYNC)
        .args(["config", "check"])
        .arg(scene.serve.file());
    let checked = other.env("TOKEN", "canary-token-by-env").run();
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert_clean(
        "the output of config check",
        &format!("{}{}", checked.stdout, checked.stderr),
    );
    let rendered = Run::new(REFSYNC)
        .args(["config", "render"])
        .arg(scene.serve.file())
        .run();
    assert_eq!(rendered.code, Some(0), "{}", rendered.stderr);
    assert_clean(
        "the output of config render",
        &format!("{}{}", rendered.stdout, rendered.stderr),
    );
    assert!(
        scene
            .slack
            .requests()
            .iter()
            .all(|request| request.header("content-type").is_some()),
        "only messages go to Slack"
    );
}

#[test]
fn secrets_are_in_no_log_answer_page_command_line_or_file() {
    everywhere("sqlite:refsync.db", "text");
}

#[test]
fn secrets_are_nowhere_with_a_database_that_has_a_password_and_a_log_in_json() {
    let database = testkit::postgres::database();
    everywhere(
        &database.replacen("refsync@", "refsync:${env:PASSWORD}@", 1),
        "json",
    );
}

fn everywhere(database: &str, log_format: &str) {
    let directory = tmp();
    let lines = CommandLines::watch();
    let mut scene = scene(directory.path(), database, log_format);
    succeed_fail_and_crash(&mut scene);
    let token = scene.serve.token();
    for (what, text) in [
        ("an answer of the API", scene.answers()),
        ("a page", scene.pages()),
        ("the output of a command", scene.commands()),
        ("the log", scene.serve.log()),
    ] {
        assert_clean(what, &text);
        assert!(!text.contains(&token), "the admin token is in {what}");
    }
    assert!(scene.serve.stop().success());
    assert_clean("a file", &files(directory.path()));
    let written = fs::read(directory.path().join("copy.db")).expect("the copy of the database");
    assert!(
        !String::from_utf8_lossy(&written).contains(&token),
        "the admin token is in the database"
    );
    let lines = lines.all();
    assert!(lines.contains("serve\0--config"), "no command line was seen");
    assert_clean("a command line", &lines);
    assert!(!lines.contains(&token), "the admin token is in a command line");
}

#[test]
fn a_proxy_with_a_password_is_refused_and_not_repeated() {
    let directory = tmp();
    let file = directory.path().join("refsync.yaml");
    let text = "version: 1\ncredentials:\n  a: {host: a.example, provider: github, proxy: \"http://user:canary-proxy-password@proxy.example\"}\n";
    fs::write(&file, text).expect("the directory is ours");
    let checked = Run::new(REFSYNC).args(["config", "check"]).arg(file).run();
    assert_ne!(checked.code, Some(0));
    assert!(
        checked.stderr.contains("without user, password"),
        "{}",
        checked.stderr
    );
    assert_clean(
        "the output of config check",
        &format!("{}{}", checked.stdout, checked.stderr),
    );
}

#[test]
fn the_password_of_the_database_is_shown_to_nobody() {
    let directory = tmp();
    let lines = CommandLines::watch();
    let database = testkit::postgres::database().replacen("refsync@", "refsync:${env:PASSWORD}@", 1);
    let plain = "mirrors: []\n";
    let mut serve = Serve::new(
        REFSYNC,
        directory.path(),
        &format!("database: \"{database}\"\n{plain}"),
    )
    .arg("--log")
    .arg("trace")
    .env("PASSWORD", "canary-database-password");
    serve.restart();
    assert!(serve.stop().success());
    let away = database
        .rsplit_once(':')
        .map(|(front, _)| format!("{front}:1/nowhere"))
        .expect("it has a port");
    serve.configure(&format!("database: \"{away}\"\n{plain}"));
    let status = serve.fail_to_start();
    assert_eq!(status.code(), Some(1), "{}", serve.log());
    assert!(serve.log().contains("database"), "{}", serve.log());
    assert_clean("the log", &serve.log());
    assert_clean("a file", &files(directory.path()));
    assert_clean("a command line", &lines.all());
}
