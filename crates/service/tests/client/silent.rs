//! Targets that say nothing for long while they check what they got: the report's limit is what counts, and the claim is kept.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Gate, HttpServer, Repo, Serve, Service, Then, When, tmp, until};

use crate::{everything, refsync};

/// A server has so long to do what takes it milliseconds.
const SOON: Duration = Duration::from_secs(30);

/// As with ten minutes of silence, a lease of 30 seconds and two minutes for the next byte: longer than either, several times.
const SILENCE: Duration = Duration::from_secs(9);

/// A service whose one mirror's target holds its report back until the gate opens.
struct Silent {
    _folder: TempDir,
    serve: Serve,
    target: Repo,
    source: Repo,
    host: HttpServer,
    gate: Gate,
}

impl Silent {
    /// With so long for the report; `held` is what waits at the gate.
    fn start(report: &str, held: fn(Gate) -> Then) -> Self {
        let folder = tmp();
        let at = |name: &str| folder.path().join("repositories").join(name);
        let (source, target) = (Repo::bare(at("source.git")), Repo::bare(at("target.git")));
        source.commit("main", "one");
        let host = HttpServer::start(at("."));
        let gate = Gate::new();
        host.once(When::call(Service::ReceivePack), held(gate.clone()));
        let configuration = format!(
            "database: sqlite:refsync.db\nlimits: {{lease: 4s}}\nmirrors:\n  - name: app\n    sweep: off\n    \
             timeouts: {{idle: 3s, report: {report}}}\n    source: {}\n    target: {}\n",
            host.url("source.git"),
            host.url("target.git"),
        );
        let program = Path::new(env!("CARGO_BIN_EXE_refsync"));
        let serve = Serve::new(program, folder.path().join("serve"), &configuration).start();
        Self {
            serve,
            target,
            source,
            host,
            gate,
            _folder: folder,
        }
    }

    fn runs(&self) -> Vec<Value> {
        let finished = refsync()
            .args(["run", "list", "--mirror", "app", "-o", "json"])
            .env("REFSYNC_URL", self.serve.url(""))
            .env("REFSYNC_TOKEN", self.serve.token())
            .run();
        let page: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", everything(&finished)));
        page["items"].as_array().expect("a page has items").clone()
    }

    fn pushes(&self) -> usize {
        let requests = self.host.requests();
        let is_push = |path: &str, method: &str| method == "POST" && path.ends_with("/git-receive-pack");
        requests
            .iter()
            .filter(|one| is_push(&one.path, &one.method))
            .count()
    }
}

#[test]
fn a_target_that_is_silent_before_its_report_succeeds_within_the_limit_for_reports() {
    let silent = Silent::start("10m", Then::HoldAnswer);
    silent.gate.wait_for_arrival();
    let begun = Instant::now();
    until("the silence to have lasted", SOON, || begun.elapsed() > SILENCE);
    let runs = silent.runs();
    assert_eq!(
        (runs.len(), &runs[0]["state"]),
        (1, &json!("running")),
        "{runs:?}"
    );
    silent.gate.open();
    until("the run to end", SOON, || {
        silent.runs()[0]["state"] == "succeeded"
    });
    let runs = silent.runs();
    assert_eq!((runs.len(), &runs[0]["attempt"]), (1, &json!(1)), "{runs:?}");
    assert_eq!(silent.pushes(), 1, "nobody took the mirror over meanwhile");
    assert_eq!(silent.target.refs(), silent.source.refs());
}

#[test]
fn a_target_that_is_silent_for_longer_than_the_limit_fails_by_that_limit() {
    let silent = Silent::start("2s", Then::Hold);
    // The reference is not moved: had it been, looking again would find the wanted value, which is success.
    silent.gate.wait_for_arrival();
    let failed = |run: &Value| run["fault"]["message"].to_string().contains("within 2 s");
    until("the run to fail by the limit", SOON, || {
        silent.runs().iter().any(failed)
    });
    silent.gate.open();
}
