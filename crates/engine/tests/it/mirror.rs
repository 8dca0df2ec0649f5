//! Builds requests, runs them, and checks what everybody expects of every run.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::decide::{Direction, Force, Hints, OldValue};
use engine::event::{Event, Listener};
use engine::report::{Outcome, Report};
use engine::request::{Credentials, Endpoint, Request, Timeouts};
use engine::scope::Scope;
use engine::side::Both;
use engine::url::RemoteUrl;
use gitwire::RefName;
use testkit::Repo;

/// A run to be made.
pub(crate) struct Mirror {
    pub(crate) request: Request,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
}

/// A run that was made.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) report: Report,
    pub(crate) events: Vec<Event>,
}

impl Mirror {
    pub(crate) fn new(source: &str, target: &str) -> Self {
        let endpoint = |url: &str, side: &str| Endpoint {
            credentials: Credentials::Anonymous,
            ..Endpoint::new(RemoteUrl::parse(url, side).unwrap())
        };
        let request = Request {
            timeouts: Timeouts {
                connect: Duration::from_secs(10),
                idle: Duration::from_secs(60),
                report: Duration::from_secs(60),
            },
            ..Request::new(endpoint(source, "source"), endpoint(target, "target"))
        };
        Self {
            request,
            events: Arc::default(),
        }
    }

    pub(crate) fn local(source: &Repo, target: &Repo) -> Self {
        Self::new(
            &source.path().display().to_string(),
            &target.path().display().to_string(),
        )
    }

    pub(crate) fn references(mut self, patterns: &[&str]) -> Self {
        self.request.scope = Scope::new(patterns).unwrap();
        self
    }

    pub(crate) fn old(mut self, name: &str, old: &str) -> Self {
        let old = match old.trim_matches('0') {
            "" => OldValue::Absent,
            _ => OldValue::At(gitwire::parse_oid(old.as_bytes()).unwrap()),
        };
        let hints = Hints {
            person: Some(old),
            ..Hints::default()
        };
        self.request.hints.insert(RefName::new(name).unwrap(), hints);
        self
    }

    pub(crate) fn sync_delete(mut self) -> Self {
        self.request.policy.sync_delete = Both {
            source: true,
            target: true,
        };
        self
    }

    pub(crate) fn force(mut self, force: Force) -> Self {
        self.request.policy.force = force;
        self
    }

    pub(crate) fn two_way(mut self) -> Self {
        self.request.direction = Direction::TwoWay;
        self
    }

    /// Trusts an authority of its own, on both sides.
    pub(crate) fn ca(mut self, file: &Path) -> Self {
        self.request.ends.source.ca_file = Some(file.to_owned());
        self.request.ends.target.ca_file = Some(file.to_owned());
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Request)) -> Self {
        change(&mut self.request);
        self
    }

    pub(crate) fn listener(&self) -> Listener {
        let events = Arc::clone(&self.events);
        Listener::new(move |event| events.lock().unwrap().push(event))
    }

    pub(crate) async fn run(self) -> Done {
        let report = engine::run(&self.request, &self.listener()).await;
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        Done { report, events }
    }
}

impl Done {
    /// The exit code.
    pub(crate) fn exit(&self) -> u8 {
        self.report.exit() as u8
    }

    /// What became of a reference.
    #[track_caller]
    pub(crate) fn outcome(&self, name: &str) -> Outcome {
        self.find(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.report))
    }

    /// What became of a reference, if the run came that far.
    pub(crate) fn find(&self, name: &str) -> Option<Outcome> {
        let mut references = self.report.references.iter();
        let found = references.find(|reference| reference.name.as_bstr() == name);
        found.map(|reference| reference.outcome.clone())
    }

    /// The error, in words.
    pub(crate) fn error(&self) -> String {
        self.report
            .error
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// Everything went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.exit(), 0, "{:#?}", self.report);
        self
    }
}

/// An access token of the user `git`.
pub(crate) fn token(token: &str) -> Credentials {
    Credentials::Token {
        user: None,
        token: token.to_owned().into(),
        style: Default::default(),
    }
}

/// Waits until a condition holds, without holding up other tasks.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "waited in vain for {what}");
}

/// Writes a program in shell.
pub(crate) fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Written by a child: a file that this process had open could still be held by a child that another thread forked
    // meanwhile, and could not be executed.
    let run = testkit::Run::new(testkit::require("sh"))
        .args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(path)
        .input(format!("#!/bin/sh\n{text}\n"));
    assert_eq!(run.run().code, Some(0));
}
