//! A slow target stalls the source, and memory stays flat.

use std::time::Duration;

use testkit::{Act, Direction, Fault, FaultProxy, Gate, GitDaemon, Point, until};

use crate::apart;
use crate::scene::Scene;

const SIZE: u64 = 40 << 20;

/// What may be on the way between the two proxies: the engine's own buffer is about 1 MiB, the rest is the kernel's.
const ON_THE_WAY: u64 = 24 << 20;

#[test]
fn a_slow_target_stalls_the_source_and_memory_stays_flat() {
    apart::test(
        "memory::a_slow_target_stalls_the_source_and_memory_stays_flat",
        |apart| {
            let scene = Scene::new();
            scene.source.big_blob("main", "huge", SIZE);
            let daemon = GitDaemon::start(scene.folder.path());
            let source = FaultProxy::start(daemon.address());
            let target = FaultProxy::start(scene.server.address());
            let gate = Gate::new();
            let stalls = Point::Seen {
                direction: Direction::ToServer,
                pattern: b"PACK".to_vec(),
                more: 1 << 20,
            };
            target.add(Fault::new(stalls, Act::Hold(gate.clone())));
            let (from, to) = (
                source.through(&daemon.url("source.git")),
                target.through(&scene.server.url("target.git")),
            );
            let outcomes = std::thread::scope(|scope| {
                let run = scope.spawn(|| apart.run(&from, &to, [("RUST_BACKTRACE", "0")]));
                gate.wait_for_arrival();
                // The source comes to a halt, far from its end.
                let mut last = (0, 0);
                until("the source to stall", Duration::from_secs(60), || {
                    let passed = source.bytes(Direction::ToClient);
                    last = if passed == last.0 {
                        (passed, last.1 + 1)
                    } else {
                        (passed, 0)
                    };
                    last.1 == 50
                });
                let ahead = last.0 - target.bytes(Direction::ToServer);
                assert!(ahead < ON_THE_WAY, "the source is {ahead} bytes ahead");
                gate.open();
                run.join().unwrap().ok()
            });
            assert!(outcomes.peak_memory < 32 << 20, "{} bytes", outcomes.peak_memory);
            assert_eq!(scene.target.refs(), scene.source.refs());
        },
    );
}
