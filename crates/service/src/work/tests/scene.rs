//! Two repositories behind a server, a database, and a process's worker between them.

use std::sync::Arc;
use std::time::Duration;

use engine::decide::{Direction, Moved, OldValue};
use engine::side::Side;
use gitwire::RefName;
use secrecy::SecretString;
use store::mirror::{Health, Known, Overview};
use store::page::Ask;
use store::queue::{Due, Marked};
use store::run::{Filter, Inputs, Run, RunRef, State};
use store::{Store, Time};
use tempfile::TempDir;
use testkit::{HttpServer, Repo};
use tokio::task::JoinHandle;

use crate::app::{App, Loaded};
use crate::work::work;

/// How long a test waits for anything: far longer than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    pub(crate) directory: TempDir,
    pub(crate) server: HttpServer,
    pub(crate) source: Repo,
    pub(crate) target: Repo,
    pub(crate) app: Arc<App>,
    worker: Option<JoinHandle<()>>,
}

/// What a credential says that reads its token from `token` in the scene's directory.
pub(crate) const WITH_TOKEN: &str = "username: bot, token: \"${file:token}\"";

/// A file with a mirror `m000`, `m001`, … of `source.git` to each of these repositories, all on the server at `base`, whose credential `ghe`
/// says this.
pub(crate) fn fleet(base: &str, credential: &str, targets: impl IntoIterator<Item = String>) -> String {
    let host = base.trim_start_matches("http://");
    let mut text =
        format!("credentials:\n  ghe: {{host: \"{host}\", provider: github, {credential}}}\nmirrors:\n");
    for (number, target) in targets.into_iter().enumerate() {
        text.push_str(&format!(
            "  - {{name: m{number:03}, source: {base}/source.git, target: {base}/{target}, sweep: off}}\n"
        ));
    }
    text
}

impl Scene {
    /// With one mirror `app` from `source.git` to `target.git`; `more` is added to its YAML.
    pub(crate) async fn one_way(more: &str) -> Self {
        Self::with(&format!("    direction: one-way\n{more}")).await
    }

    /// The same, both ways.
    pub(crate) async fn two_way(more: &str) -> Self {
        Self::with(&format!("    direction: two-way\n{more}")).await
    }

    async fn with(more: &str) -> Self {
        Self::of(|base| {
            format!(
                "  - name: app\n    source: {base}/source.git\n    target: {base}/target.git\n    sweep: off\n{more}\n"
            )
        })
        .await
    }

    /// With these mirrors, as YAML below `mirrors:`, given the server's address.
    pub(crate) async fn of(mirrors: impl Fn(&str) -> String) -> Self {
        Self::of_file(|base| format!("mirrors:\n{}", mirrors(base))).await
    }

    /// With this file, but for its version and limits.
    pub(crate) async fn of_file(file: impl Fn(&str) -> String) -> Self {
        let directory = testkit::tmp();
        let source = Repo::bare(directory.path().join("source.git"));
        let target = Repo::bare(directory.path().join("target.git"));
        let server = HttpServer::start(directory.path());
        let text = file(&server.base_url());
        let app = app(&directory, "w1", &text).await;
        Self {
            directory,
            server,
            source,
            target,
            app,
            worker: None,
        }
    }

    /// Starts the worker, and waits for the first look at everything.
    pub(crate) async fn start(&mut self) {
        self.work();
        self.settle().await;
    }

    /// Starts the worker.
    pub(crate) fn work(&mut self) {
        self.worker = Some(tokio::spawn(work(Arc::clone(&self.app))));
    }

    /// Stops the worker as a signal does, and starts another process's life on the same database.
    pub(crate) async fn restart(&mut self, file: impl Fn(&str) -> String) {
        self.stop().await;
        let text = file(&self.server.base_url());
        self.app = app(&self.directory, "w2", &text).await;
    }

    /// Stops the worker as a signal does.
    pub(crate) async fn stop(&mut self) {
        self.app.stopping.cancel();
        if let Some(worker) = self.worker.take() {
            tokio::time::timeout(PATIENCE, worker)
                .await
                .expect("the worker stops")
                .expect("the worker does not panic");
        }
    }

    /// The worker is gone from one moment to the next, as by kill -9: what it holds, it holds.
    pub(crate) async fn kill(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.abort();
            let _ = worker.await;
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.app.store
    }

    pub(crate) async fn overview(&self) -> Overview {
        self.store().mirror("app").await.unwrap()
    }

    /// Waits until nothing is due, or what is due waits for later.
    pub(crate) async fn settle(&self) {
        self.wait_for("the queue to be empty", async |scene: &Self| {
            let overview = scene.overview().await;
            let (depth, _) = scene.store().queue_state(Time::now()).await.unwrap();
            let running = scene.runs().await.iter().any(|run| !is_over(run.state));
            let looked = overview.in_sync_at.is_some() || overview.last_run.is_some();
            depth == 0 && !running && looked && overview.health != Health::Moving
        })
        .await;
    }

    /// Waits for a condition.
    pub(crate) async fn wait_for(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let start = std::time::Instant::now();
        while !holds(self).await {
            if start.elapsed() > PATIENCE {
                panic!(
                    "waited in vain for {what}: {:#?}\n{:#?}",
                    self.overview().await,
                    self.runs().await
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A webhook of a side tells that a branch moved; `None` is nothing.
    pub(crate) async fn hook(
        &self,
        side: Side,
        branch: &str,
        old: Option<&str>,
        new: Option<&str>,
    ) -> Marked {
        self.mark(due(side, branch, old, new)).await
    }

    /// Webhooks of a side that come all at once.
    pub(crate) async fn hooks(&self, side: Side, branch: &str, moves: &[(&str, &str)]) {
        let due: Vec<Due> = moves
            .iter()
            .map(|(old, new)| due(side, branch, Some(old), Some(new)))
            .collect();
        self.store().mark_due("app", &due, Time::now()).await.unwrap();
    }

    /// A sweep is due.
    pub(crate) async fn sweep(&self) {
        self.mark(Due {
            name: None,
            event: None,
            trigger: "sweep".into(),
            delivery: None,
        })
        .await;
        self.settle().await;
    }

    async fn mark(&self, due: Due) -> Marked {
        let marked = self.store().mark_due("app", &[due], Time::now()).await.unwrap();
        marked[0]
    }

    /// A person asks for a run, and waits for its end.
    pub(crate) async fn ask(&self, inputs: Inputs) -> Run {
        let run = self.made(self.asked(inputs)).await;
        self.settle().await;
        self.store().run(&run.id).await.unwrap()
    }

    /// Asks for a run, and waits for its end; what is due may wait on.
    pub(crate) async fn made(&self, run: Run) -> Run {
        self.store().ask_run(&run, Time::now()).await.unwrap();
        self.ended(&run.id).await
    }

    /// Waits for the end of a run.
    pub(crate) async fn ended(&self, id: &str) -> Run {
        self.wait_for("the run that was asked for", async |scene: &Self| {
            is_over(scene.store().run(id).await.unwrap().state)
        })
        .await;
        self.store().run(id).await.unwrap()
    }

    pub(crate) fn asked(&self, inputs: Inputs) -> Run {
        Run {
            id: uuid::Uuid::now_v7().to_string(),
            trigger: "person".into(),
            state: State::Queued,
            created: Time::now(),
            started: None,
            worker: None,
            ..super::fixture::run(inputs)
        }
    }

    /// A run without a mirror, from the source to the target.
    pub(crate) fn one_off(&self) -> Run {
        let inputs = Inputs {
            source_url: self.server.url("source.git"),
            target_url: self.server.url("target.git"),
            ..Inputs::default()
        };
        Run {
            mirror: None,
            ..self.asked(inputs)
        }
    }

    /// All runs, newest first.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        let ask = Ask {
            after: None,
            limit: 500,
        };
        self.store().runs(&Filter::default(), &ask).await.unwrap().items
    }

    pub(crate) async fn last_run(&self) -> Run {
        self.runs().await.into_iter().next().expect("there was a run")
    }

    pub(crate) async fn refs_of(&self, run: &Run) -> Vec<RunRef> {
        let ask = Ask {
            after: None,
            limit: 500,
        };
        self.store().run_refs(&run.id, &ask).await.unwrap().items
    }

    /// What a branch is on both sides.
    pub(crate) fn both(&self, branch: &str) -> (Option<String>, Option<String>) {
        let name = format!("refs/heads/{branch}");
        (self.source.get(&name), self.target.get(&name))
    }

    /// Asserts that both sides have the same references.
    pub(crate) fn assert_equal(&self) {
        assert_eq!(self.source.refs(), self.target.refs());
    }
}

fn due(side: Side, branch: &str, old: Option<&str>, new: Option<&str>) -> Due {
    let id = |hex: &str| gitwire::parse_oid(hex.as_bytes()).unwrap();
    let moved = Moved {
        old: old.map_or(OldValue::Absent, |old| OldValue::At(id(old))),
        new: new.map(id),
    };
    Due {
        name: Some(reference(branch)),
        event: Some((side, moved)),
        trigger: "webhook".into(),
        delivery: None,
    }
}

pub(crate) fn is_over(state: State) -> bool {
    !matches!(state, State::Queued | State::Running)
}

pub(crate) fn reference(branch: &str) -> RefName {
    RefName::new(format!("refs/heads/{branch}")).unwrap()
}

/// A process on the database of a directory, with a file.
pub(crate) async fn app(directory: &TempDir, worker: &str, file: &str) -> Arc<App> {
    let text = format!("version: 1\nlimits: {{lease: 2s, grace: 10s}}\n{file}");
    let config = config::load::load_text(&directory.path().join("refsync.yaml"), &text)
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let url = format!("sqlite:{}", directory.path().join("refsync.db").display());
    let store = Store::open(&SecretString::from(url)).await.unwrap();
    let loaded = Loaded::of_file(config);
    let known: Vec<Known> = loaded
        .mirrors
        .values()
        .map(|mirror| Known {
            name: mirror.name.clone(),
            fingerprint: mirror.fingerprint.clone(),
            labels: mirror.labels.clone(),
            source_url: mirror.ends.source.url.to_string(),
            target_url: mirror.ends.target.url.to_string(),
            sweep_ms: mirror
                .sweep
                .map(|sweep| i64::try_from(sweep.as_millis()).unwrap()),
            schedule: mirror.schedule.clone(),
            two_way: mirror.direction == Direction::TwoWay,
            by_hand: false,
        })
        .collect();
    store.adopt(&known, Time::now()).await.unwrap();
    Arc::new(App::new(store, worker.into(), loaded, None))
}
