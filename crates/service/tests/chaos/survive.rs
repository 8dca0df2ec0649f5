//! Several processes, stops, crashes and broken databases.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use testkit::{Gate, HttpServer, Repo, Serve, Service, Then, When, tmp, until};

use crate::world::{REFSYNC, SECRET, push, sign};

const PATIENCE: Duration = Duration::from_secs(60);

/// Repositories on one server, each source with its target.
struct Farm {
    _root: tempfile::TempDir,
    server: HttpServer,
    pairs: Vec<(Repo, Repo)>,
}

impl Farm {
    fn new(pairs: usize) -> Farm {
        let root = tmp();
        let pair = |index: usize| {
            let source = Repo::bare(root.path().join(format!("source-{index}.git")));
            let target = Repo::bare(root.path().join(format!("target-{index}.git")));
            source.commit("main", "first");
            (source, target)
        };
        let pairs = (0..pairs).map(pair).collect();
        Farm {
            server: HttpServer::start(root.path()),
            _root: root,
            pairs,
        }
    }

    /// A configuration with one mirror for each pair, and more for each mirror.
    fn configuration(&self, database: &str, more: &str) -> String {
        let host = self.server.address();
        let mut text = format!(
            "database: \"{database}\"
credentials:
  all: {{host: \"{host}\", provider: github, maxConcurrent: 16, webhookSecret: \"${{env:HOOK}}\"}}
limits: {{lease: 5s, grace: 20s, rate: 10000, runs: 2}}
mirrors:
"
        );
        for index in 0..self.pairs.len() {
            let source = self.server.url(&format!("source-{index}.git"));
            let target = self.server.url(&format!("target-{index}.git"));
            text += &format!("  - {{name: m{index}, source: \"{source}\", target: \"{target}\"{more}}}\n");
        }
        text
    }

    fn serve(&self, directory: &Path, database: &str, more: &str) -> Serve {
        let text = self.configuration(database, more);
        Serve::new(REFSYNC, directory, &text).env("HOOK", SECRET)
    }

    fn in_sync(&self) -> bool {
        self.pairs
            .iter()
            .all(|(source, target)| source.refs() == target.refs())
    }

    fn await_in_sync(&self) {
        until("all targets to have what the sources have", PATIENCE, || {
            self.in_sync()
        });
    }

    fn pushes(&self) -> usize {
        let requests = self.server.requests();
        requests
            .iter()
            .filter(|request| request.is_call(Service::ReceivePack))
            .count()
    }

    /// A commit, and its webhook to a process.
    fn commit(&self, index: usize, serve: &Serve) {
        let source = &self.pairs[index].0;
        let old = source.resolve("refs/heads/main");
        let new = source.commit("main", "next");
        assert_eq!(
            tell(serve, index, "refs/heads/main", &old, &new),
            202,
            "{}",
            serve.log()
        );
    }
}

fn tell(serve: &Serve, index: usize, name: &str, old: &str, new: &str) -> u16 {
    let body = push(name, old, new);
    let signature = sign(SECRET, &body);
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "push"),
        ("x-hub-signature-256", signature.as_str()),
    ];
    serve
        .request("POST", &format!("/hooks/m{index}/source"), &headers, &body)
        .status
}

fn items(serve: &Serve, token: &str, path: &str) -> Vec<Value> {
    let authorization = format!("Bearer {token}");
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1{path}limit=500{after}");
        let answer = serve.request("GET", &path, &[("authorization", &authorization)], "");
        let page: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"));
        all.extend(
            page["items"]
                .as_array()
                .cloned()
                .unwrap_or_else(|| panic!("{page:#}")),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

#[test]
fn processes_with_different_files_say_so_and_run_nothing_twice() {
    let farm = Farm::new(1);
    let directory = tmp();
    let database = testkit::postgres::database();
    let one = farm
        .serve(&directory.path().join("one"), &database, ", sweep: 1h")
        .start();
    farm.await_in_sync();
    let mut other = farm.serve(
        &directory.path().join("other"),
        &database,
        ", sweep: 2h, force: always",
    );
    other.launch();
    until("the other process to say that files differ", PATIENCE, || {
        other.request("GET", "/readyz", &[], "").status == 503
    });
    let said = other.request("GET", "/readyz", &[], "").body;
    assert!(
        said.contains("differ") || said.contains("configuration"),
        "{said}"
    );
    let before = farm.pushes();
    for _ in 0..5 {
        farm.commit(0, &one);
        farm.await_in_sync();
    }
    assert_eq!(farm.pushes() - before, 5);
}

#[test]
fn four_processes_share_a_backlog_and_run_nothing_twice() {
    let farm = Farm::new(16);
    let directory = tmp();
    let database = testkit::postgres::database();
    let start = |index: usize| {
        farm.serve(
            &directory.path().join(index.to_string()),
            &database,
            ", sweep: 1h",
        )
        .start()
    };
    let processes: Vec<Serve> = (0..4).map(start).collect();
    farm.await_in_sync();
    let token = processes[0].token();
    farm.server.forget();
    // All pushes wait at the gate until all is due, so that no process is done before the others have begun.
    let gate = Gate::new();
    farm.server
        .times(8, When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    for index in 0..16 {
        farm.commit(index, &processes[index % 2]);
    }
    until("several processes to push", PATIENCE, || farm.pushes() >= 6);
    gate.open();
    farm.await_in_sync();
    assert_eq!(farm.pushes(), 16);
    let recorded = || items(&processes[3], &token, "/runs?");
    until("all runs to be recorded", PATIENCE, || {
        recorded().iter().all(|run| run["state"] == "succeeded")
    });
    let workers: BTreeSet<String> = recorded().iter().map(|run| run["worker"].to_string()).collect();
    assert!(workers.len() >= 3, "{workers:?}");
}

#[test]
fn a_stop_during_a_run_finishes_it() {
    let farm = Farm::new(1);
    let directory = tmp();
    let mut serve = farm
        .serve(directory.path(), "sqlite:refsync.db", ", sweep: 1h")
        .start();
    farm.await_in_sync();
    farm.server.forget();
    let gate = Gate::new();
    farm.server
        .once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    farm.commit(0, &serve);
    until("the push to begin", PATIENCE, || farm.pushes() == 1);
    serve.ask_to_stop();
    until("the stop to be heard", PATIENCE, || {
        serve.log().contains("stopping")
    });
    gate.open();
    until("the process to end", PATIENCE, || serve.ended().is_some());
    assert!(serve.ended().expect("it ended").success(), "{}", serve.log());
    farm.await_in_sync();
    // It was recorded: nothing is left to be done.
    serve.restart();
    farm.commit(0, &serve);
    farm.await_in_sync();
    assert_eq!(farm.pushes(), 2);
}

#[test]
fn deliveries_that_were_answered_survive_a_kill() {
    const DELIVERIES: usize = 500;
    let farm = Farm::new(1);
    let directory = tmp();
    let mut serve = farm
        .serve(directory.path(), "sqlite:refsync.db", ", sweep: off")
        .start();
    farm.await_in_sync();
    let (source, _) = &farm.pairs[0];
    let main = source.resolve("refs/heads/main");
    let zero = source.zero();
    // Nothing can be pushed before the kill: what arrives afterwards was kept.
    farm.server.on(When::any(), Then::status(503));
    let names: Vec<String> = (0..DELIVERIES)
        .map(|index| format!("refs/heads/b{index}"))
        .collect();
    for name in &names {
        source.set_ref(name, &main);
    }
    std::thread::scope(|scope| {
        for chunk in names.chunks(DELIVERIES / 8 + 1) {
            let serve = &serve;
            let (main, zero) = (&main, &zero);
            scope.spawn(move || {
                for name in chunk {
                    assert_eq!(tell(serve, 0, name, zero, main), 202);
                }
            });
        }
    });
    serve.kill();
    farm.server.clear_rules();
    serve.restart();
    farm.await_in_sync();
    let kept = items(&serve, &serve.token(), "/deliveries?");
    assert_eq!(kept.len(), DELIVERIES);
}

#[test]
fn a_database_that_takes_no_writes_for_a_while_loses_no_delivery() {
    let database = testkit::postgres::database();
    let farm = Farm::new(1);
    let directory = tmp();
    let serve = farm.serve(directory.path(), &database, ", sweep: off").start();
    farm.await_in_sync();
    // As after a failover: all sessions end, and new ones may only read.
    let (server, name) = database.rsplit_once('/').expect("it has a name");
    let outside = format!("{server}/postgres");
    let read_only = |on: &str| {
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
        testkit::postgres::execute(&outside, &set);
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        testkit::postgres::execute(&outside, &end);
    };
    let ready = |status: u16| {
        until("readiness to change", PATIENCE, || {
            serve.request("GET", "/readyz", &[], "").status == status
        });
    };
    let (source, target) = &farm.pairs[0];
    let zero = source.zero();
    // Written down, and not pushed before the database is closed.
    farm.server.on(When::any(), Then::status(503));
    let kept = source.commit("kept", "before");
    assert_eq!(tell(&serve, 0, "refs/heads/kept", &zero, &kept), 202);
    read_only("on");
    farm.server.clear_rules();
    ready(503);
    let put_off = source.commit("put-off", "meanwhile");
    until("the log to say why", PATIENCE, || {
        assert_eq!(tell(&serve, 0, "refs/heads/put-off", &zero, &put_off), 503);
        serve.log().contains("takes no writes")
    });

    read_only("off");
    ready(200);
    until("the host's next try to be taken", PATIENCE, || {
        tell(&serve, 0, "refs/heads/put-off", &zero, &put_off) == 202
    });
    farm.await_in_sync();
    assert_eq!(target.get("refs/heads/kept"), Some(kept));
    let kept = items(&serve, &serve.token(), "/deliveries?");
    assert_eq!(kept.len(), 2, "{kept:#?}");
}

#[test]
fn a_database_that_cannot_be_used_is_an_error_that_says_what_to_do() {
    let farm = Farm::new(1);
    let directory = tmp();
    let broken = directory.path().join("broken");
    let mut serve = farm.serve(&broken, "sqlite:refsync.db", "");
    fs::write(
        broken.join("refsync.db"),
        "this is no database, and has never been one\n".repeat(100),
    )
    .expect("ours");
    assert_eq!(serve.fail_to_start().code(), Some(1));
    assert!(
        serve.log().contains("not a database") || serve.log().contains("no database"),
        "{}",
        serve.log()
    );
    let kept = fs::read_to_string(broken.join("refsync.db")).expect("ours");
    assert!(kept.starts_with("this is no database"), "it was overwritten");

    let database = testkit::postgres::database();
    let mut serve = farm.serve(&directory.path().join("newer"), &database, "").start();
    assert!(serve.stop().success());
    let newer = "INSERT INTO refsync_schema SELECT 999, checksum, at FROM refsync_schema LIMIT 1";
    testkit::postgres::execute(&database, newer);
    assert_eq!(serve.fail_to_start().code(), Some(1));
    assert!(serve.log().contains("newer"), "{}", serve.log());
}
