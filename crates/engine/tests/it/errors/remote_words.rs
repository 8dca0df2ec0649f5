//! What servers tell people is shown line by line, and cannot do anything to a terminal.

use engine::event::Event;
use engine::side::Side;

use crate::mirror::Done;
use crate::scene::Scene;

/// The lines of one side.
fn lines(done: &Done, from: Side) -> Vec<&str> {
    let lines = done.events.iter().filter_map(|event| match event {
        Event::Remote { side, line, .. } if *side == from => Some(line.as_str()),
        _ => None,
    });
    lines.collect()
}

const NASTY: &str = r"printf 'plain words\n\033]0;owned\007\033[2Jred \033[31malert\n\302\233K c1 \342\200\256txt\n\n no line break' >&2";

#[tokio::test]
async fn control_characters_of_a_hook_are_removed() {
    for local in [false, true] {
        let scene = Scene::new();
        scene.target.hook("pre-receive", NASTY);
        let mirror = if local { scene.local() } else { scene.mirror() };
        let done = mirror.run().await.ok();
        let said = lines(&done, Side::Target);
        for line in [
            "plain words",
            "]0;owned[2Jred [31malert",
            "K c1 txt",
            " no line break",
        ] {
            assert!(said.contains(&line), "{line} in {said:?}");
        }
        assert!(
            said.iter()
                .all(|line| !line.contains(char::is_control) && !line.contains('\u{202e}')),
            "{said:?}"
        );
        scene.assert_same();
    }
}

#[tokio::test]
async fn the_sides_are_told_apart() {
    let scene = Scene::new();
    scene.target.hook("post-receive", "echo 'deployed' >&2");
    let done = scene.mirror().run().await.ok();
    assert!(lines(&done, Side::Target).contains(&"deployed"));
    let source = lines(&done, Side::Source);
    assert!(
        source
            .iter()
            .any(|line| line.starts_with("Counting objects") || line.starts_with("Enumerating objects")),
        "{source:?}"
    );
    assert!(!source.contains(&"deployed"));
}
