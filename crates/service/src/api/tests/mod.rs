//! The API as its clients see it: real requests, a real database, no worker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use engine::decide::Base;
use engine::side::{Both, Side};
use gitwire::{Oid, RefName};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::conflict::{Standing, Why};
use store::queue::{Claim, Outcome, Work};
use store::run::{Finished, LogLine, Run, RunRef, State};
use store::token::Role;
use store::{Store, Time};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::{App, Loaded, Place};
use crate::serve::reload;

mod auth;
mod bounds;
mod conflicts;
mod connections;
mod document;
mod events;
mod labels;
mod mirrors;
mod ready;
mod runs;

/// Two mirrors of two teams.
const MIRRORS: &str = "
  - name: app
    description: the app, both ways
    labels: {team: pay}
    direction: two-way
    source: https://git.example.org/a/app.git
    target: https://git.example.org/b/app.git
    inputSets:
      - {name: releases, references: ['refs/heads/release/*'], syncDelete: true}
  - name: web
    labels: {team: core}
    source: https://git.example.org/a/web.git
    target: https://git.example.org/b/web.git
";

/// An API over a database, and an admin's token.
pub(crate) struct Bench {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
    pub(crate) admin: String,
    pub(crate) directory: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Answer {
    /// The body, of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json
    }

    /// The names of a page's items.
    #[track_caller]
    pub(crate) fn names(self, key: &str) -> Vec<String> {
        let page = self.expect(200);
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item[key].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A file with these mirrors, over a database in a directory.
pub(crate) fn file(directory: &TempDir, mirrors: &str) -> String {
    format!(
        "version: 1\ndatabase: sqlite:{}\ncredentials:\n  here:\n    host: git.example.org\n    provider: gitea\n    token: '${{env:PATH}}'\n    webhookSecret: ['${{env:PATH}}']\nmirrors:{mirrors}",
        directory.path().join("refsync.db").display()
    )
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(MIRRORS).await
    }

    pub(crate) async fn with(mirrors: &str) -> Self {
        let directory = testkit::tmp();
        let yaml = file(&directory, mirrors);
        Self::of(directory, &yaml).await
    }

    /// With these limits, as YAML.
    pub(crate) async fn with_limits(limits: &str) -> Self {
        let directory = testkit::tmp();
        let yaml = format!("{}{limits}", file(&directory, MIRRORS));
        Self::of(directory, &yaml).await
    }

    /// With this configuration; the database is in the directory.
    pub(crate) async fn of(directory: TempDir, yaml: &str) -> Self {
        let path = directory.path().join("refsync.yaml");
        std::fs::write(&path, yaml).unwrap();
        let config = config::load::load(&path).unwrap();
        let url = format!("sqlite:{}", directory.path().join("refsync.db").display());
        let store = Store::open(&url.into()).await.unwrap();
        let place = Place {
            path,
            optional: false,
        };
        let app = Arc::new(App::new(
            store,
            "this".into(),
            Loaded::of_file(config),
            Some(place),
        ));
        reload::take_made(&app).await.unwrap();
        let mut bench = Self {
            router: super::router(&app),
            admin: String::new(),
            app,
            directory,
        };
        bench.admin = bench.token(Role::Admin, None).await;
        bench
    }

    /// A new token's text.
    pub(crate) async fn token(&self, role: Role, label: Option<(&str, &str)>) -> String {
        let name = format!("{role:?} {label:?}");
        let made = self
            .app
            .store
            .make_token(&name, role, label, None, Time::now())
            .await;
        made.unwrap().1.expose_secret().to_owned()
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        };
        if answer.status.as_u16() >= 400 && !answer.text.is_empty() {
            assert_eq!(
                answer.headers["content-type"], "application/problem+json",
                "{}",
                answer.text
            );
            assert_eq!(answer.json["status"], answer.status.as_u16());
            assert!(answer.json["type"].as_str().unwrap().starts_with("urn:refsync:"));
        }
        answer
    }

    pub(crate) async fn ask(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {token}"));
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(&self.admin, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(&self.admin, Method::POST, path, Some(body)).await
    }

    /// What a worker does: claims what is asked for or due. Mirrors are due for their first sweep.
    pub(crate) async fn claim(&self) -> Claim {
        let lease = Duration::from_secs(30);
        self.app
            .store
            .claim("this", &|_, _| true, lease, Time::now())
            .await
            .unwrap()
            .expect("something is due")
    }

    /// Runs a mirror by hand, as the worker would, to that end.
    pub(crate) async fn ran(
        &self,
        mirror: &str,
        state: State,
        references: Vec<RunRef>,
        standing: Vec<Standing>,
    ) -> Run {
        let path = format!("/mirrors/{mirror}/runs");
        self.ran_as(&path, json!({}), state, references, standing).await
    }

    /// Asks for a run with this request, and runs it, as the worker would, to that end. What stands does so because of it.
    pub(crate) async fn ran_as(
        &self,
        path: &str,
        request: Value,
        state: State,
        references: Vec<RunRef>,
        standing: Vec<Standing>,
    ) -> Run {
        let run = self.post(path, request).await.expect(202);
        let id = run["id"].as_str().unwrap().to_owned();
        let claim = self.claim().await;
        let Work::Asked(run) = &claim.work else {
            panic!("{claim:?} is not what was asked for");
        };
        assert_eq!(run.id, id);
        let run = Run {
            state: State::Running,
            started: Some(Time::now()),
            ..Run::clone(run)
        };
        self.app.store.begin_run(&claim, &run).await.unwrap();
        let run = Run {
            state,
            ended: Some(Time::now()),
            exit: Some(0),
            ..run
        };
        let finished = Finished {
            run: run.clone(),
            references,
            log: vec![line(1, "looking"), line(2, "done")],
        };
        let own = |standing: Standing| Standing {
            run: run.id.clone(),
            ..standing
        };
        let outcome = Outcome {
            run: Some(finished),
            standing: standing.into_iter().map(own).collect(),
            bases: BTreeMap::from([(name("main"), Base::Agreed(Some(oid('a'))))]),
            ..Outcome::default()
        };
        self.app
            .store
            .finish(&claim, &outcome, Time::now())
            .await
            .unwrap();
        run
    }
}

pub(crate) fn line(number: u32, text: &str) -> LogLine {
    LogLine {
        number,
        at: Time::now(),
        level: "info".into(),
        text: text.into(),
    }
}

pub(crate) fn name(short: &str) -> RefName {
    RefName::new(format!("refs/heads/{short}")).unwrap()
}

pub(crate) fn oid(digit: char) -> Oid {
    gitwire::parse_oid(String::from(digit).repeat(40).as_bytes()).unwrap()
}

/// A reference of a run whose value `a` was replaced by `b`.
pub(crate) fn replaced(short: &str) -> RunRef {
    RunRef {
        name: name(short),
        to: Side::Target,
        old: Some(oid('a')),
        new: Some(oid('b')),
        outcome: "updated".into(),
        text: "forced, lease held".into(),
        remote: None,
        replaced: true,
    }
}

/// A reference that the guard holds.
pub(crate) fn held(short: &str) -> RunRef {
    RunRef {
        name: name(short),
        to: Side::Target,
        old: Some(oid('a')),
        new: None,
        outcome: "held".into(),
        text: "held until a person approves".into(),
        remote: None,
        replaced: false,
    }
}

/// What [`held`] leaves waiting: nothing on the source, `a` on the target.
pub(crate) fn stands_held(short: &str) -> Standing {
    Standing {
        seen: Both {
            source: None,
            target: Some(oid('a')),
        },
        ..waiting(short, Why::Held)
    }
}

/// A reference that waits: `b` on the source, `c` on the target.
pub(crate) fn waiting(short: &str, why: Why) -> Standing {
    Standing {
        name: name(short),
        why,
        seen: Both {
            source: Some(oid('b')),
            target: Some(oid('c')),
        },
        base: Base::Agreed(Some(oid('a'))),
        text: "conflict: both sides changed".into(),
        run: "r".into(),
        since: Time::now(),
    }
}
