//! What a run asks of the keeper of hosts, and tells it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::error::Fault;
use engine::keeper::{Hosts, Permit};
use engine::side::Side;
use futures_util::future::BoxFuture;
use testkit::{Answer, Gate, HttpServer, Then, When};

use crate::ahead::told;
use crate::mirror::{Mirror, until};
use crate::scene::{Scene, push, target_listing};

/// Notes what it is told.
#[derive(Debug, Default)]
struct Keeper {
    notes: Arc<Mutex<Vec<String>>>,
    refuse: bool,
    /// For more than one request at a time.
    has_room: bool,
}

struct Held(Arc<Mutex<Vec<String>>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("left".into());
    }
}

impl Keeper {
    fn note(&self, text: String) {
        self.notes.lock().unwrap().push(text);
    }
}

impl Hosts for Keeper {
    fn enter<'a>(&'a self, sides: &'a [Side]) -> BoxFuture<'a, Result<Permit, (Side, Fault)>> {
        self.note(format!("{sides:?} enters"));
        let busy = || Fault::Busy {
            status: 429,
            retry_after: None,
            message: "all slots are taken".into(),
        };
        let answer = match self.refuse {
            true => Err((Side::Target, busy())),
            false => Ok(Permit::new(Held(Arc::clone(&self.notes)))),
        };
        Box::pin(std::future::ready(answer))
    }

    fn spare(&self, _side: Side) -> BoxFuture<'_, Option<Permit>> {
        Box::pin(std::future::ready(self.has_room.then(|| Permit::new(()))))
    }

    fn answered(&self, side: Side, host: &str, what: &'static str, _: Duration, status: Option<u16>) {
        self.note(format!("{side} {host} {what} {status:?}"));
    }

    fn busy(&self, host: &str, retry_after: Duration) {
        self.note(format!("{host} busy for {} s", retry_after.as_secs()));
    }
}

/// Runs, and gives what the keeper was told, sorted between the first and the last.
async fn kept(mirror: Mirror, refuse: bool) -> Vec<String> {
    let keeper = Arc::new(Keeper {
        refuse,
        has_room: true,
        ..Keeper::default()
    });
    let hosts = Arc::clone(&keeper);
    mirror.with(|request| request.hosts = Some(hosts)).run().await;
    let mut notes = keeper.notes.lock().unwrap().clone();
    if let Some(middle) = notes.len().checked_sub(1).filter(|end| *end > 1) {
        notes[1..middle].sort();
    }
    notes
}

#[tokio::test]
async fn hosts_are_entered_once_and_held_to_the_end_and_each_answer_is_told() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "on");
    let notes = kept(scene.mirror(), false).await;
    let expected = [
        "[Source, Target] enters",
        "source 127.0.0.1 fetch Some(200)",
        "source 127.0.0.1 ls-refs Some(200)",
        "target 127.0.0.1 info-refs Some(200)",
        "target 127.0.0.1 push Some(200)",
        "left",
    ];
    assert_eq!(notes, expected);
}

#[tokio::test]
async fn a_host_that_may_not_be_entered_is_not_asked() {
    let scene = Scene::mirrored();
    assert_eq!(kept(scene.mirror(), true).await, ["[Source, Target] enters"]);
    assert_eq!(scene.server.requests().len(), 0);
}

#[tokio::test]
async fn a_host_that_says_when_to_come_back_is_heard() {
    for when in [target_listing(), push()] {
        let scene = Scene::mirrored();
        scene.source.commit("main", "on");
        let busy = Answer::status(429).header("retry-after", "7");
        scene.server.on(when, Then::Answer(busy));
        let notes = kept(scene.mirror(), false).await;
        assert!(notes.contains(&"127.0.0.1 busy for 7 s".to_owned()), "{notes:?}");
    }
}

/// A keeper that lets everybody in, with one request at a time to each side, or with more.
fn keeper(has_room: bool) -> Arc<dyn Hosts> {
    Arc::new(Keeper {
        has_room,
        ..Keeper::default()
    })
}

/// The source by a server of its own.
fn apart(scene: &Scene) -> (HttpServer, Mirror) {
    let server = HttpServer::start(scene.folder.path());
    let mirror = Mirror::new(&server.url("source.git"), &scene.server.url("target.git"));
    (server, mirror)
}

/// A webhook's pack can be asked for while the source is listed.
fn told_ahead(scene: &Scene, mirror: Mirror) -> Mirror {
    let old = scene.source.resolve("main");
    let new = scene.source.commit("main", "on");
    told(mirror, Side::Source, &old, &new)
}

#[tokio::test]
async fn where_the_host_has_room_requests_are_made_at_the_same_time() {
    let scene = Scene::mirrored();
    let (server, mirror) = apart(&scene);
    let gate = Gate::new();
    server.on(When::any(), Then::Hold(gate.clone()));
    let mirror = told_ahead(&scene, mirror).with(|request| request.hosts = Some(keeper(true)));
    let running = tokio::spawn(mirror.run());
    until("two requests at once", || server.most_at_once() == 2).await;
    gate.open();
    running.await.unwrap().ok();
    scene.assert_same();
}

#[tokio::test]
async fn without_room_for_more_a_side_gets_one_request_at_a_time() {
    let ahead = Scene::mirrored();
    let (server, mirror) = apart(&ahead);
    let mirror = told_ahead(&ahead, mirror).with(|request| request.hosts = Some(keeper(false)));
    mirror.run().await.ok();
    ahead.assert_same();
    assert_eq!(server.most_at_once(), 1);

    // So many that each is asked about.
    let names: Vec<String> = (0..9).map(|number| format!("b{number}")).collect();
    let questions = Scene::new();
    for name in &names {
        questions.source.git(&["branch", name, "main"]);
    }
    questions.copy();
    for name in &names {
        questions.source.commit(name, "on");
    }
    let (server, mirror) = apart(&questions);
    let mirror = mirror.with(|request| request.hosts = Some(keeper(false)));
    mirror.run().await.ok();
    questions.assert_same();
    assert_eq!(server.most_at_once(), 1);
}
