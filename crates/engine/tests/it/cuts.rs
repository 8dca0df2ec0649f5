//! Connections that are cut, anywhere, on either side: the target has the old value or the new one, and the next run completes.

use std::sync::Arc;

use engine::event::Event;
use engine::report::Outcome;
use engine::side::Side;
use testkit::{Act, Direction, Fault, FaultProxy, Gate, GitDaemon, Point};

use crate::mirror::{Done, Mirror, until};
use crate::scene::Scene;

/// A source and a target, one large commit apart.
struct Cut {
    scene: Scene,
    old: String,
    new: String,
}

impl Cut {
    fn new() -> Self {
        let scene = Scene::mirrored();
        let old = scene.source.resolve("main");
        let new = scene.source.big_blob("main", "large", 3 << 20);
        Self { scene, old, new }
    }

    /// A mirror over HTTP in which the way to one side leads over a proxy. The proxy is a new one, to which no connection is open.
    fn through(&self, side: Side) -> (FaultProxy, Mirror) {
        let server = &self.scene.server;
        let proxy = FaultProxy::start(server.address());
        let url = |of: Side, name: &str| {
            let url = server.url(name);
            if of == side { proxy.through(&url) } else { url }
        };
        let mirror = Mirror::new(&url(Side::Source, "source.git"), &url(Side::Target, "target.git"));
        (proxy, mirror)
    }

    /// Runs, and checks what must hold whatever was cut.
    async fn run(&self, what: &str, mirror: Mirror) -> Done {
        let done = mirror.run().await;
        self.scene.server.wait_idle();
        let now = self.scene.target.resolve("main");
        assert!(now == self.old || now == self.new, "{what}: {now}");
        self.scene.target.fsck_strict();
        match done.find("refs/heads/main") {
            Some(Outcome::Updated(_)) => {
                assert_eq!((done.exit(), &now), (0, &self.new), "{what}: {:?}", done.report);
            }
            // Without an outcome it ended before the decision.
            None | Some(Outcome::NotWritten | Outcome::Unknown) => {
                assert_eq!(done.exit(), 1, "{what}: {:?}", done.report);
                assert!(done.report.error.is_some(), "{what}: {:?}", done.report);
            }
            Some(other) => panic!("{what}: {other:?}"),
        }
        done
    }

    /// Without the fault, one more run completes; then back to the beginning.
    async fn completes(&self, what: &str) {
        let done = self.scene.mirror().run().await;
        assert_eq!(done.exit(), 0, "{what}: {:?}", done.report);
        self.scene.assert_same();
        self.scene.target.set_ref("refs/heads/main", &self.old);
    }
}

/// Where the connection to a side is cut once the pack is on its way, and what of the stream is seen there.
fn points(side: Side) -> Vec<(&'static str, Point)> {
    let in_pack = |direction, more| Point::Seen {
        direction,
        pattern: b"PACK".to_vec(),
        more,
    };
    match side {
        Side::Source => vec![
            ("before the pack", Point::before(Direction::ToClient, *b"PACK")),
            ("at the first byte of the pack", in_pack(Direction::ToClient, 0)),
            ("in the middle of the pack", in_pack(Direction::ToClient, 2 << 20)),
        ],
        Side::Target => vec![
            ("before the pack", Point::before(Direction::ToServer, *b"PACK")),
            ("at the first byte of the pack", in_pack(Direction::ToServer, 0)),
            ("in the middle of the pack", in_pack(Direction::ToServer, 2 << 20)),
            (
                "before the report",
                Point::before(Direction::ToClient, *b"unpack ok"),
            ),
        ],
    }
}

async fn cut_on(side: Side, act: Act) {
    let cut = Cut::new();
    for (place, point) in points(side) {
        let what = format!("{side}, {place}, {act:?}");
        let (proxy, mirror) = cut.through(side);
        proxy.add(Fault::new(point, act.clone()).once());
        let done = cut.run(&what, mirror).await;
        if let Some(error) = &done.report.error {
            assert_eq!(error.side, side, "{what}: {error}");
        }
        if place != "before the report" {
            assert_eq!(done.exit(), 1, "{what}");
            assert_eq!(cut.scene.target.resolve("main"), cut.old, "{what}");
        }
        cut.completes(&what).await;
    }
}

#[tokio::test]
async fn a_reset_on_the_source() {
    cut_on(Side::Source, Act::Reset).await;
}

#[tokio::test]
async fn a_close_on_the_source() {
    cut_on(Side::Source, Act::Close).await;
}

#[tokio::test]
async fn a_reset_on_the_target() {
    cut_on(Side::Target, Act::Reset).await;
}

#[tokio::test]
async fn a_close_on_the_target() {
    cut_on(Side::Target, Act::Close).await;
}

#[tokio::test]
async fn a_cut_at_the_first_byte_of_the_answer() {
    for side in [Side::Source, Side::Target] {
        for act in [Act::Reset, Act::Close] {
            let cut = Cut::new();
            let (proxy, mirror) = cut.through(side);
            proxy.add(Fault::new(Point::Bytes(Direction::ToClient, 0), act.clone()));
            let done = mirror.run().await;
            let error = done.report.error.as_ref().expect("nothing was heard");
            assert!(
                matches!(error.kind, engine::error::Fault::HungUp { .. }),
                "{error}"
            );
            assert_eq!((error.side, done.exit()), (side, 1), "{act:?}");
            assert_eq!(cut.scene.target.resolve("main"), cut.old);
            cut.completes("first byte").await;
        }
    }
}

#[tokio::test]
async fn a_target_that_stays_away_leaves_the_outcome_unknown() {
    let cut = Cut::new();
    let (proxy, mirror) = cut.through(Side::Target);
    // The connection is cut before the report, and no other is taken.
    let point = Point::before(Direction::ToClient, *b"unpack ok");
    proxy.add(Fault::new(point, Act::Reset));
    for later in 1..5 {
        proxy.add(Fault::new(Point::Accept, Act::Reset).on_connection(later));
    }
    let done = cut.run("no way back", mirror).await;
    assert_eq!(done.outcome("refs/heads/main"), Outcome::Unknown);
    assert_eq!(done.report.error.as_ref().unwrap().side, Side::Target);
    cut.completes("no way back").await;
}

#[tokio::test]
async fn cuts_over_git_daemon() {
    let cut = Cut::new();
    let daemon = GitDaemon::start_writable(cut.scene.folder.path());
    let plain = (daemon.url("source.git"), daemon.url("target.git"));
    for side in [Side::Source, Side::Target] {
        for (place, point) in points(side) {
            let what = format!("git daemon, {side}, {place}");
            let proxy = FaultProxy::start(daemon.address());
            proxy.add(Fault::new(point, Act::Reset).once());
            let mirror = || match side {
                Side::Source => Mirror::new(&proxy.through(&plain.0), &plain.1),
                Side::Target => Mirror::new(&plain.0, &proxy.through(&plain.1)),
            };
            cut.run(&what, mirror()).await;
            // Also if the daemon's receive-pack still works on what it has got.
            let done = mirror().run().await;
            assert_eq!(done.exit(), 0, "{what}: {:?}", done.report);
            cut.scene.assert_same();
            cut.scene.target.set_ref("refs/heads/main", &cut.old);
        }
    }
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_the_target_untouched() {
    for local in [false, true] {
        let cut = Cut::new();
        // The source stalls in the middle of the pack, and nobody wants it any more.
        let point = Point::Seen {
            direction: Direction::ToClient,
            pattern: b"PACK".to_vec(),
            more: 2 << 20,
        };
        let gate = Gate::new();
        let (proxy, mut mirror) = cut.through(Side::Source);
        proxy.add(Fault::new(point, Act::Hold(gate.clone())));
        if local {
            let path = cut.scene.target.file_url();
            mirror.request.ends.target.url = engine::url::RemoteUrl::parse(&path, "target").unwrap();
        }
        let events = Arc::clone(&mirror.events);
        let run = tokio::spawn(mirror.run());
        gate.arrival().await;
        until("the pack to be on its way", || {
            let relayed = |event: &Event| matches!(event, Event::Relayed { bytes } if *bytes > 1 << 20);
            events.lock().unwrap().iter().any(relayed)
        })
        .await;
        run.abort();
        assert!(run.await.unwrap_err().is_cancelled());
        cut.scene.server.wait_idle();
        assert_eq!(cut.scene.target.resolve("main"), cut.old);
        cut.scene.target.fsck_strict();
        gate.open();
        cut.completes("dropped").await;
    }
}
