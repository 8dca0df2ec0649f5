//! Conflicts and held runs: a person looks, decides, and sees it done.

use serde_json::{Value, json};
use testkit::until;

use crate::browser::{Browser, SOON};
use crate::checks;
use crate::world::{Pair, World, commit, mirror, pair};

const MAIN: &str = "refs/heads/main";

/// A mirror whose sides have both moved on from what they agreed on.
pub(crate) struct Diverged {
    pub(crate) world: World,
    pub(crate) pair: Pair,
    pub(crate) source: String,
    pub(crate) target: String,
}

impl Diverged {
    pub(crate) fn new() -> Diverged {
        let world = World::new(&mirror("app", ", direction: two-way"));
        let pair = world.pair("app");
        let base = commit(&pair.source, MAIN, "Ada Lovelace", "Count the cards", 86_400);
        world.api("POST", "/mirrors/app/runs", &json!({}));
        world.wait_for_state("app", "in-sync");
        commit(
            &pair.source,
            MAIN,
            "Ada Lovelace",
            "Round to the nearest cent",
            7_200,
        );
        let source = commit(
            &pair.source,
            MAIN,
            "Ada Lovelace",
            "Say which card is missing",
            3_600,
        );
        let target = commit(&pair.target, MAIN, "Grace Hopper", "Take the moth out", 1_800);
        world.tell("app", 0, MAIN, &base, &source);
        world.wait_for_state("app", "waiting");
        Diverged {
            world,
            pair,
            source,
            target,
        }
    }

    /// The source's value as the server shows it.
    fn shown(&self) -> Value {
        self.world.get("/conflicts?mirror=app")["items"][0]["source"].clone()
    }
}

#[test]
fn a_conflict_is_seen_from_both_sides_settled_after_a_confirmation_and_gone() {
    let it = Diverged::new();
    let browser = it.world.browser();
    browser.wait("#inbox", MAIN);
    browser.press("Settle…");
    browser.wait("h2#choices", "Settle it");
    for words in [
        "Round to the nearest cent",
        "Say which card is missing",
        "Ada Lovelace",
        "Take the moth out",
        "Grace Hopper",
        &it.source[..7],
        &it.target[..7],
    ] {
        assert!(
            browser.text("main").contains(words),
            "{words}: {}",
            browser.page()
        );
    }
    assert_eq!(browser.count(".divergence svg .tip"), 2, "both values are drawn");
    browser.press("Take the source's…");
    browser.wait("h1", "Settle refs/heads/main?");
    let written = browser.text("main table");
    assert!(
        written.contains("target") && written.contains(&it.target[..7]) && written.contains(&it.source[..7]),
        "what is written where, and on which lease: {written}"
    );
    assert_eq!(
        it.pair.target.get(MAIN).as_ref(),
        Some(&it.target),
        "not before it is confirmed"
    );
    browser.press("Write it");
    browser.wait("#head .state", "succeeded");
    assert_eq!(it.pair.source.get(MAIN).as_ref(), Some(&it.source));
    assert_eq!(it.pair.target.get(MAIN).as_ref(), Some(&it.source));
    browser.go("/conflicts");
    browser.wait("#conflicts", "No conflict is open.");
}

/// Up to the confirmation that shows the source's value.
fn about_to_take_the_sources(it: &Diverged) -> Browser {
    let browser = it.world.browser();
    browser.go(&format!("/conflicts/view?mirror=app&reference={MAIN}"));
    browser.press("Take the source's…");
    browser.wait("main table", &it.source[..7]);
    browser
}

#[test]
fn settling_is_refused_with_the_new_picture_if_a_value_moved_meanwhile() {
    let it = Diverged::new();
    let browser = about_to_take_the_sources(&it);
    let newer = commit(&it.pair.source, MAIN, "Ada Lovelace", "Sort the cards", 0);
    it.world.tell("app", 0, MAIN, &it.source, &newer);
    until("the server to know the new value", SOON, || {
        it.shown() == newer.as_str()
    });
    browser.press("Write it");
    browser.wait("[role=alert]", "nothing was written");
    assert!(
        browser.text("main").contains("Sort the cards"),
        "{}",
        browser.page()
    );
    assert!(browser.text("main").contains(&newer[..7]), "{}", browser.page());
    checks::page(&browser);
    assert_eq!(it.pair.target.get(MAIN).as_ref(), Some(&it.target));
}

#[test]
fn settling_writes_nothing_if_a_value_moved_and_nobody_told() {
    let it = Diverged::new();
    let browser = about_to_take_the_sources(&it);
    let newer = commit(&it.pair.target, MAIN, "Grace Hopper", "Sort the cards", 0);
    browser.press("Write it");
    browser.wait("#head .state", "refused");
    assert_eq!(
        it.pair.target.get(MAIN).as_ref(),
        Some(&newer),
        "nobody's commit is lost"
    );
    assert_eq!(it.pair.source.get(MAIN).as_ref(), Some(&it.source));
    checks::page(&browser);
}

#[test]
fn what_the_guard_holds_is_written_once_a_person_has_approved_it() {
    let world = World::new(&mirror("app", ", syncDelete: true"));
    let pair = world.pair("app");
    let value = commit(&pair.source, MAIN, "Ada", "first", 600);
    for number in 0..9 {
        pair.source.set_ref(&format!("refs/heads/topic/{number}"), &value);
    }
    world.api("POST", "/mirrors/app/runs", &json!({}));
    until("the first mirroring", SOON, || pair.target.refs().len() == 10);
    world.wait_for_state("app", "in-sync");
    for number in 0..7 {
        pair.source.delete_ref(&format!("refs/heads/topic/{number}"));
    }
    world.api("POST", "/mirrors/app/runs", &json!({}));
    world.wait_for_state("app", "waiting");
    assert_eq!(pair.target.refs().len(), 10);

    let browser = world.browser();
    browser.press("Look");
    browser.wait("#head .state", "held");
    browser.press("Approve…");
    browser.wait("h1", "Approve what run");
    assert_eq!(browser.count("main table tbody tr"), 7, "{}", browser.page());
    checks::page(&browser);
    browser.press("Approve and write");
    browser.wait("#head .state", "succeeded");
    assert_eq!(pair.target.refs(), pair.source.refs());
    browser.go("/");
    browser.wait("#inbox", "Nothing waits for a person.");
}

#[test]
fn what_a_server_said_when_it_refused_is_told_first() {
    let world = World::with(&mirror("app", ""), |directory| {
        let it = pair(directory, "app");
        commit(&it.source, MAIN, "Ada", "first", 600);
        it.target
            .hook("update", "echo 'only the release managers push here' >&2; exit 1");
    });
    until("a run to be refused", SOON, || {
        world.get("/runs?mirror=app&state=refused")["items"][0].is_object()
    });
    let browser = world.browser();
    browser.go("/runs?state=refused");
    browser.click("#runs tbody a.name");
    browser.wait("#failure", "only the release managers push here");
    checks::page(&browser);
}
