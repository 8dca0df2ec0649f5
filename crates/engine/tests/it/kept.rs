//! What a run gives back to whoever keeps bases, and what it takes from them: narrowed runs, intents, waiting references.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use engine::base::Intent;
use engine::decide::{Base, Refusal};
use engine::keeper::Recorder;
use engine::order::Order;
use engine::report::Outcome;
use engine::side::{Both, Side};
use futures_util::future::BoxFuture;
use gitwire::{Oid, RefName};
use testkit::{Repo, Request, Service, Then, When};

use crate::mirror::{Done, Mirror};
use crate::scene::{Scene, push, source};

mod guard;
mod intents;
mod narrowed;
mod orders;
mod standing;

const MAIN: &str = "refs/heads/main";
const TOPIC: &str = "refs/heads/topic";

fn name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

/// The value of a reference.
fn value(repo: &Repo, reference: &str) -> Option<Oid> {
    repo.get(reference)
        .map(|id| gitwire::parse_oid(id.as_bytes()).unwrap())
}

/// What both sides have now.
fn seen(scene: &Scene, reference: &str) -> Both<Option<Oid>> {
    Both {
        source: value(&scene.source, reference),
        target: value(&scene.target, reference),
    }
}

/// A base.
fn agreed(repo: &Repo, reference: &str) -> Base {
    Base::Agreed(value(repo, reference))
}

/// The bases that a run gave back, by the names of their references.
fn bases(done: &Done) -> BTreeMap<String, Base> {
    let bases = done.report.bases.iter();
    bases.map(|(name, base)| (name.to_string(), *base)).collect()
}

impl Mirror {
    /// Bases are wanted, and this is the one of a reference.
    fn base(self, reference: &str, base: Base) -> Self {
        self.with(|request| {
            request.keep_bases = true;
            request.bases.insert(name(reference), base);
        })
    }

    /// Only these references, which no person asked for.
    fn only(self, references: &[&str]) -> Self {
        self.with(|request| {
            request.keep_bases = true;
            request.asked = false;
            request.only = Some(references.iter().map(|it| name(it)).collect());
        })
    }
}

/// `main` on both sides, and branches `b0`, `b1`, …; the bases are what both have.
fn branches(count: usize) -> (Scene, BTreeMap<RefName, Base>) {
    let scene = Scene::new();
    for number in 0..count {
        scene
            .source
            .commit_onto(&format!("b{number}"), Some("main"), "more");
    }
    scene.copy();
    let refs = scene.source.refs();
    let all = refs.keys().filter(|it| it.starts_with("refs/heads/"));
    let bases = all.map(|it| (name(it), agreed(&scene.source, it))).collect();
    (scene, bases)
}

/// Remembers intents, and what the target had when they were recorded; refuses if told to.
#[derive(Debug, Default)]
struct Notes {
    intents: Mutex<Vec<(RefName, Intent)>>,
    refuse: Option<&'static str>,
}

impl Recorder for Notes {
    fn intend<'a>(&'a self, writes: &'a [(RefName, Intent)]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            self.intents.lock().unwrap().extend_from_slice(writes);
            self.refuse.map_or(Ok(()), |words| Err(words.to_owned()))
        })
    }
}

/// A mirror whose intents go into these notes.
fn noted(mirror: Mirror, notes: &Arc<Notes>) -> Mirror {
    let notes = Arc::clone(notes);
    mirror.with(|request| request.recorder = Some(notes))
}

#[tokio::test]
async fn what_both_sides_agree_on_comes_back_if_it_is_news() {
    let (scene, known) = branches(2);
    scene.source.commit("main", "on");
    scene.source.delete_ref("refs/heads/b0");
    scene.target.delete_ref("refs/heads/b0");
    let done = scene.mirror().with(|request| {
        request.keep_bases = true;
        request.bases = known;
        request.bases.remove(&name("refs/heads/b1"));
    });
    let done = done.run().await.ok();
    assert_eq!(done.outcome(MAIN).to_string(), "fast-forwarded");
    let expected = BTreeMap::from([
        (MAIN.to_owned(), agreed(&scene.source, MAIN)),
        // Equal on both sides, and nobody knew; never mentioned among the references.
        ("refs/heads/b1".to_owned(), agreed(&scene.source, "refs/heads/b1")),
        // Neither side lists it any more.
        ("refs/heads/b0".to_owned(), Base::Unknown),
    ]);
    assert_eq!(bases(&done), expected);
    assert_eq!(done.report.references.len(), 1);
    assert_eq!(done.report.scope, Both { source: 2, target: 2 });
}

#[tokio::test]
async fn without_news_nothing_comes_back() {
    let (scene, known) = branches(2);
    for direction in [Mirror::two_way, |mirror| mirror] {
        let known = known.clone();
        let mirror = direction(scene.mirror()).with(|request| {
            request.keep_bases = true;
            request.bases = known;
        });
        let done = mirror.run().await.ok();
        assert_eq!(bases(&done), BTreeMap::new());
        assert_eq!(done.report.in_sync, 3);
    }
    let unasked = scene.mirror().run().await.ok();
    assert_eq!(bases(&unasked), BTreeMap::new(), "nobody wants them");
}

#[tokio::test]
async fn a_conflict_makes_the_base_void_and_equality_ends_it() {
    let scene = Scene::mirrored();
    let base = agreed(&scene.source, MAIN);
    let ours = scene
        .source
        .commit_onto(MAIN.trim_start_matches("refs/heads/"), None, "ours");
    scene.target.commit("main", "theirs");
    let done = scene.mirror().two_way().base(MAIN, base).run().await;
    assert_eq!(done.outcome(MAIN), Outcome::Refused(Refusal::Conflict));
    assert_eq!(bases(&done), BTreeMap::from([(MAIN.to_owned(), Base::Void)]));
    let report = &done.report.references[0];
    assert_eq!(report.seen, seen(&scene, MAIN));

    scene
        .target
        .git(&["fetch", "-q", &scene.source.file_url(), "main"]);
    scene.target.set_ref(MAIN, &ours);
    let done = scene.mirror().two_way().base(MAIN, Base::Void).run().await.ok();
    assert_eq!(
        bases(&done),
        BTreeMap::from([(MAIN.to_owned(), agreed(&scene.source, MAIN))])
    );
}

#[tokio::test]
async fn a_deletion_that_is_left_alone_makes_the_base_void() {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    let base = agreed(&scene.source, TOPIC);
    scene.source.delete_ref(TOPIC);
    let done = scene.mirror().two_way().base(TOPIC, base).run().await.ok();
    assert_eq!(done.outcome(TOPIC), Outcome::DeletionSkipped);
    assert_eq!(bases(&done).get(TOPIC), Some(&Base::Void));
}

#[tokio::test]
async fn a_report_that_never_comes_makes_a_two_way_base_void_and_leaves_a_one_way_one() {
    for two_way in [true, false] {
        let scene = Scene::mirrored();
        let base = agreed(&scene.source, MAIN);
        scene.source.commit("main", "on");
        scene.server.on(push(), Then::status(504));
        let mirror = scene.mirror().base(MAIN, base);
        let mirror = if two_way { mirror.two_way() } else { mirror };
        let done = mirror.run().await;
        assert_eq!(done.outcome(MAIN), Outcome::NotWritten, "{:?}", done.report);
        assert_eq!(bases(&done).get(MAIN), two_way.then_some(&Base::Void));
    }
}

#[tokio::test]
async fn a_dry_run_agrees_on_nothing() {
    let scene = Scene::mirrored();
    let base = agreed(&scene.source, MAIN);
    scene.source.commit("main", "on");
    let mirror = scene.mirror().base(MAIN, base);
    let done = mirror.with(|request| request.dry_run = true).run().await.ok();
    assert_eq!(bases(&done), BTreeMap::new());
}

#[tokio::test]
async fn a_run_that_fails_before_it_decides_names_what_differed() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "on");
    scene.source.commit_onto("topic", Some("main"), "topic");
    // The listing works; the pack that is asked for ahead does not come.
    let calls = AtomicUsize::new(0);
    let second = move |_: &Request| calls.fetch_add(1, Ordering::Relaxed) > 0;
    let fetch = source(When::call(Service::UploadPack)).and(second);
    scene.server.on(fetch, Then::status(500));
    let done = scene.mirror().only(&[MAIN, TOPIC]).run().await;
    assert!(done.error().contains("500"), "{}", done.error());
    for reference in [MAIN, TOPIC] {
        assert_eq!(done.outcome(reference), Outcome::NotWritten);
    }
    assert_eq!(done.report.references[0].seen, seen(&scene, MAIN));
    assert_eq!(done.report.references[1].to, Side::Target);
}
