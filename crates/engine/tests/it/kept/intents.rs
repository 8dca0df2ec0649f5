//! Writes are written down before they are made, and what a run that was cut left behind is found out.

use super::*;

#[tokio::test]
async fn intents_are_recorded_before_the_push_and_done_with_after_it() {
    for two_way in [false, true] {
        let (scene, known) = branches(1);
        let old = value(&scene.target, MAIN);
        scene.source.commit("main", "on");
        scene.source.delete_ref("refs/heads/b0");
        let gone = value(&scene.target, "refs/heads/b0");
        let notes = Arc::new(Notes::default());
        let mirror = scene.mirror().sync_delete().with(|request| {
            request.keep_bases = true;
            request.bases = known;
        });
        let mirror = if two_way { mirror.two_way() } else { mirror };
        let done = noted(mirror, &notes).run().await.ok();
        let mut intents = notes.intents.lock().unwrap().clone();
        intents.sort_by(|one, other| one.0.cmp(&other.0));
        let intent = |old, new| Intent {
            to: Side::Target,
            old,
            new,
        };
        let expected = [
            (name("refs/heads/b0"), intent(gone, None)),
            (name(MAIN), intent(old, value(&scene.source, MAIN))),
        ];
        assert_eq!(intents, expected);
        let done: Vec<String> = done.report.intents_done.iter().map(ToString::to_string).collect();
        assert_eq!(done, ["refs/heads/b0", MAIN]);
        scene.assert_same();
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_written() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "on");
    let before = scene.target.refs();
    let notes = Arc::new(Notes {
        refuse: Some("the claim is lost"),
        ..Notes::default()
    });
    let done = noted(scene.mirror(), &notes).run().await;
    assert!(
        done.error().contains("could not be recorded: the claim is lost"),
        "{}",
        done.error()
    );
    assert_eq!(done.outcome(MAIN), Outcome::NotWritten);
    assert_eq!((scene.target.refs(), scene.pushes().len()), (before, 0));
}

/// A two-way mirror that finds an intent for `main`, from what both had to this value on the target.
fn left_behind(scene: &Scene, base: Base, new: &str) -> Mirror {
    let Base::Agreed(old) = base else {
        panic!("{base:?}")
    };
    let new = Some(gitwire::parse_oid(new.as_bytes()).unwrap());
    let to = Side::Target;
    scene.mirror().two_way().base(MAIN, base).with(|request| {
        request.intents.insert(name(MAIN), Intent { to, old, new });
    })
}

#[tokio::test]
async fn a_write_that_was_made_and_not_recorded_is_the_base() {
    // We wrote the new value to the target and died. A person reset the source.
    let scene = Scene::mirrored();
    let base = agreed(&scene.source, MAIN);
    let new = scene.source.commit("main", "on");
    scene.copy();
    scene.source.set_ref(MAIN, &scene.source.resolve("main~1"));
    let done = left_behind(&scene, base, &new).run().await.ok();
    assert_eq!(done.report.references[0].to, Side::Target);
    assert_eq!(done.outcome(MAIN).to_string(), "forced, lease held");
    assert_eq!(bases(&done), BTreeMap::new(), "it is what it was");
    assert_eq!(done.report.intents_done.len(), 1);
    scene.assert_same();
}

#[tokio::test]
async fn a_write_that_may_not_have_been_made_leaves_nothing_to_rely_on() {
    // The target has the old value: nobody knows whether a person put it back. A rewrite of the source does not go there.
    let scene = Scene::mirrored();
    let base = agreed(&scene.source, MAIN);
    let new = scene.source.commit_onto("main", None, "rewritten");
    let done = left_behind(&scene, base, &new).run().await;
    assert_eq!(done.outcome(MAIN), Outcome::Refused(Refusal::Conflict));
    assert_eq!(bases(&done), BTreeMap::from([(MAIN.to_owned(), Base::Void)]));
    assert_eq!(done.report.intents_done.len(), 1);
}

#[tokio::test]
async fn an_intent_is_done_with_once_both_sides_agree() {
    let scene = Scene::mirrored();
    let base = agreed(&scene.source, MAIN);
    let new = scene.source.resolve("main");
    let done = left_behind(&scene, base, &new).run().await.ok();
    assert_eq!(done.report.in_sync, 1);
    assert_eq!(done.report.intents_done.len(), 1);
}

#[tokio::test]
async fn bases_that_are_older_than_the_repositories_delete_and_rewrite_nothing() {
    for two_way in [false, true] {
        let (scene, known) = branches(2);
        scene.source.commit_onto("main", None, "rewritten");
        scene.source.delete_ref("refs/heads/b0");
        scene.source.commit("b1", "on");
        let before = scene.target.get(MAIN);
        let mirror = scene.mirror().sync_delete().with(|request| {
            request.keep_bases = true;
            request.bases = void(&known);
        });
        let mirror = if two_way { mirror.two_way() } else { mirror };
        let done = mirror.run().await;
        assert!(
            matches!(done.outcome(MAIN), Outcome::Refused(_)),
            "{:?}",
            done.report
        );
        // What only one side has may be new there, or gone on the other: both ways a person decides.
        let alone = match two_way {
            true => Outcome::Refused(Refusal::Conflict),
            false => Outcome::LeftAlone,
        };
        assert_eq!(done.outcome("refs/heads/b0"), alone);
        assert_eq!(done.outcome("refs/heads/b1").to_string(), "fast-forwarded");
        assert_eq!(scene.target.get(MAIN), before);
        assert!(scene.target.get("refs/heads/b0").is_some());
        let bases = bases(&done);
        // They stay so: one reference in question keeps no other from its base.
        assert!(
            !bases.contains_key(MAIN) && !bases.contains_key("refs/heads/b0"),
            "{bases:?}"
        );
        assert_eq!(bases["refs/heads/b1"], agreed(&scene.source, "refs/heads/b1"));
    }
}

/// The bases of a database that was restored.
fn void(known: &BTreeMap<RefName, Base>) -> BTreeMap<RefName, Base> {
    known.keys().map(|name| (name.clone(), Base::Void)).collect()
}

#[tokio::test]
async fn a_void_base_is_one_again_once_both_sides_are_equal() {
    let (scene, known) = branches(1);
    let mirror = scene.mirror().with(|request| {
        request.keep_bases = true;
        request.bases = void(&known);
    });
    let done = mirror.run().await.ok();
    let confirmed: BTreeMap<RefName, Base> = done.report.bases;
    assert_eq!(confirmed, known);
}

#[tokio::test]
async fn a_creation_that_was_cut_waits_for_a_person_whatever_is_done_about_deletions() {
    for sync_delete in [false, true] {
        let scene = Scene::mirrored();
        scene.source.commit_onto("topic", Some("main"), "topic");
        let new = value(&scene.source, TOPIC);
        let mirror = || {
            let mirror = scene.mirror().two_way().with(|request| request.keep_bases = true);
            if sync_delete { mirror.sync_delete() } else { mirror }
        };
        scene.server.once(push(), Then::status(504));
        let notes = Arc::new(Notes::default());
        let done = noted(mirror(), &notes).run().await;
        assert_eq!(done.outcome(TOPIC), Outcome::NotWritten, "{:?}", done.report);
        assert!(done.report.intents_done.is_empty());
        assert_eq!(bases(&done).get(TOPIC), None, "nothing is known of it yet");

        let intents = notes.intents.lock().unwrap().clone();
        let later = || mirror().with(|request| request.intents = intents.iter().cloned().collect());
        for _ in 0..2 {
            let done = later().run().await;
            assert_eq!(done.outcome(TOPIC), Outcome::Refused(Refusal::Conflict));
            assert!(done.report.intents_done.is_empty(), "the next run must know, too");
            assert_eq!(bases(&done).get(TOPIC), None);
            assert_eq!(
                value(&scene.target, TOPIC),
                None,
                "it may have been deleted there"
            );
        }
        let take = Order::Take {
            from: Side::Source,
            expect: seen(&scene, TOPIC),
        };
        let ordered = later().with(|request| {
            request.orders.insert(name(TOPIC), take);
        });
        let done = ordered.run().await.ok();
        assert_eq!(done.report.intents_done.len(), 1);
        assert_eq!(bases(&done)[TOPIC], Base::Agreed(new));
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_one_way_push_whose_end_nobody_saw_leaves_its_intent_and_its_base() {
    let scene = Scene::mirrored();
    let base = agreed(&scene.source, MAIN);
    scene.source.commit("main", "on");
    // The push has no report, and nobody can look again.
    let calls = AtomicUsize::new(0);
    let again = move |_: &Request| calls.fetch_add(1, Ordering::SeqCst) > 0;
    let look = crate::scene::target_listing().and(again);
    scene.server.on(look, Then::status(500));
    scene.server.on(push(), Then::status(504));
    let notes = Arc::new(Notes::default());
    let done = noted(scene.mirror().base(MAIN, base), &notes).run().await;
    assert_eq!(done.outcome(MAIN), Outcome::Unknown, "{:?}", done.report);
    assert!(done.report.intents_done.is_empty());
    assert_eq!(bases(&done), BTreeMap::new());

    scene.server.clear_rules();
    scene.source.commit_onto("main", None, "rewritten");
    let intents = notes.intents.lock().unwrap().clone();
    let mirror = scene.mirror().base(MAIN, base);
    let later = mirror.with(|request| request.intents = intents.into_iter().collect());
    let done = later.run().await.ok();
    assert_eq!(done.report.intents_done.len(), 1);
    scene.assert_same();
}

#[tokio::test]
async fn a_run_by_hand_the_other_way_knows_that_people_write_both_sides() {
    // The write from here may have been made and undone by a person: that its old value is there proves nothing.
    for reversed in [false, true] {
        let scene = Scene::mirrored();
        let base = agreed(&scene.source, MAIN);
        let Base::Agreed(old) = base else { panic!() };
        let new = scene.source.commit_onto("main", None, "rewritten");
        let new = Some(gitwire::parse_oid(new.as_bytes()).unwrap());
        let to = Side::Target;
        let mirror = scene.mirror().base(MAIN, base).with(|request| {
            request.reversed = reversed;
            request.intents.insert(name(MAIN), Intent { to, old, new });
        });
        let written = matches!(mirror.run().await.outcome(MAIN), Outcome::Updated(_));
        assert_eq!(written, !reversed);
    }
}
