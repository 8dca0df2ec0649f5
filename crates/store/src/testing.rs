//! A fresh database of either kind for each test, and values to put into it.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::decide::{Moved, OldValue};
use engine::side::Side;
use gitwire::{Oid, RefName};

use crate::mirror::Known;
use crate::queue::{Claim, Due, Dues, Outcome, Work};
use crate::run::{Finished, Inputs, Run, State};
use crate::{Store, Time};

/// How long claims hold in tests.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A database, and what must live as long as it.
pub(crate) struct Fresh {
    pub(crate) store: Store,
    pub(crate) url: String,
    _dir: tempfile::TempDir,
}

pub(crate) async fn sqlite() -> Fresh {
    let dir = testkit::tmp();
    let url = format!("sqlite:{}", dir.path().join("refsync.db").display());
    let store = Store::open(&url.clone().into()).await.unwrap();
    Fresh {
        store,
        url,
        _dir: dir,
    }
}

/// One test body for both databases.
macro_rules! on_both {
    ($(#[$attribute:meta])* $name:ident, |$fresh:ident| $body:block) => {
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn body($fresh: Fresh) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::testing::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($crate::testing::postgres().await).await;
            }
        }
    };
}
pub(crate) use on_both;

pub(crate) async fn postgres() -> Fresh {
    let url = testkit::postgres::database();
    let store = Store::open(&url.clone().into()).await.unwrap();
    Fresh {
        store,
        url,
        _dir: testkit::tmp(),
    }
}

pub(crate) fn known(name: &str) -> Known {
    Known {
        name: name.to_owned(),
        fingerprint: "f1".to_owned(),
        labels: BTreeMap::new(),
        source_url: format!("https://a.example/{name}.git"),
        target_url: format!("https://b.example/{name}.git"),
        sweep_ms: Some(300_000),
        schedule: None,
        two_way: true,
        by_hand: false,
    }
}

pub(crate) fn name(short: &str) -> RefName {
    RefName::new(format!("refs/heads/{short}")).unwrap()
}

/// An id from one digit.
pub(crate) fn oid(digit: char) -> Oid {
    gitwire::parse_oid(digit.to_string().repeat(40).as_bytes()).unwrap()
}

/// A webhook's event on the source: `old` and `new` are digits, `-` is nothing.
pub(crate) fn pushed(short: &str, old: char, new: char) -> Due {
    let id = |digit| (digit != '-').then(|| oid(digit));
    Due {
        name: Some(name(short)),
        event: Some((
            Side::Source,
            Moved {
                old: id(old).map_or(OldValue::Absent, OldValue::At),
                new: id(new),
            },
        )),
        trigger: "webhook".to_owned(),
        delivery: None,
    }
}

pub(crate) fn run(id: &str, mirror: Option<&str>, state: State) -> Run {
    Run {
        id: id.to_owned(),
        mirror: mirror.map(str::to_owned),
        trigger: "person".to_owned(),
        actor: Some("ada".to_owned()),
        inputs: Inputs::default(),
        state,
        created: Time(1_000),
        started: None,
        ended: None,
        worker: None,
        stages: vec![("observe".to_owned(), 12)],
        bytes: 0,
        written: 0,
        in_sync: 0,
        exit: None,
        fault: None,
        of: None,
        attempt: 1,
    }
}

pub(crate) fn finished(run: Run) -> Finished {
    Finished {
        run,
        references: Vec::new(),
        log: Vec::new(),
    }
}

/// What is due under a claim.
pub(crate) fn dues(claim: &Claim) -> &Dues {
    match &claim.work {
        Work::Due(dues) => dues,
        Work::Asked(run) => panic!("expected what is due, found run {}", run.id),
    }
}

impl Fresh {
    /// A mirror that was swept once and has nothing due.
    pub(crate) async fn settled(&self, mirror: &str) {
        self.store.adopt(&[known(mirror)], Time(0)).await.unwrap();
        let claim = self.claim("w", Time(0)).await.unwrap();
        let outcome = Outcome {
            all_in_sync: Some(0),
            ..Outcome::default()
        };
        self.store.finish(&claim, &outcome, Time(0)).await.unwrap();
    }

    pub(crate) async fn claim(&self, worker: &str, now: Time) -> Option<Claim> {
        self.store.claim(worker, &|_, _| true, LEASE, now).await.unwrap()
    }
}
