//! What happens is seen without loading a page again.

use serde_json::{Value, json};
use testkit::{Gate, Service, Then, When};

use crate::browser::Browser;
use crate::world::{Pair, World, commit, mirror};

const MAIN: &str = "refs/heads/main";

/// A mirror in sync, and its first value.
fn scene() -> (World, Pair, String) {
    let world = World::new(&mirror("app", ""));
    let pair = world.pair("app");
    let value = commit(&pair.source, MAIN, "Ada", "first", 600);
    world.api("POST", "/mirrors/app/runs", &json!({}));
    world.wait_for_state("app", "in-sync");
    (world, pair, value)
}

/// A page that is loaded again loses it.
fn mark(browser: &Browser) {
    browser.run("window.loadedOnce = true;", &[]);
}

fn is_marked(browser: &Browser) -> bool {
    browser.run("return window.loadedOnce === true;", &[]) == Value::Bool(true)
}

#[test]
fn a_push_arrives_on_the_overview_without_a_reload() {
    let (world, pair, old) = scene();
    let browser = world.browser();
    browser.wait("#mirrors .state", "in sync");
    mark(&browser);
    let gate = Gate::new();
    world.forges[1].on(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    let new = commit(&pair.source, MAIN, "Ada", "second", 0);
    world.tell("app", 0, MAIN, &old, &new);
    browser.wait("#mirrors .state", "moving");
    browser.wait("#counts .moving b", "1");
    gate.open();
    browser.wait("#mirrors .state", "in sync");
    browser.wait("#counts .in-sync b", "1");
    assert!(is_marked(&browser), "the page was loaded again");
    assert_eq!(pair.target.get(MAIN).as_ref(), Some(&new));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_run_is_followed_live_to_its_end() {
    let (world, pair, old) = scene();
    let gate = Gate::new();
    world.forges[1].on(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    let new = commit(&pair.source, MAIN, "Ada", "second", 0);
    world.tell("app", 0, MAIN, &old, &new);
    gate.wait_for_arrival();
    let browser = world.browser();
    browser.go("/mirrors/app");
    browser.wait("#runs tbody .state", "running");
    browser.click("#runs tbody a.name");
    browser.wait("#head .state", "running");
    browser.wait("#log", "waiting for the report");
    assert_eq!(browser.count("#log-part .error"), 0, "{}", browser.page());
    mark(&browser);
    gate.open();
    browser.wait("#head .state", "succeeded");
    browser.wait("#outcomes", MAIN);
    browser.wait("#outputs", "1 reference written");
    assert!(browser.count("#timeline svg rect") >= 3, "{}", browser.page());
    assert!(is_marked(&browser), "the page was loaded again");

    let shown = "#log li:not([hidden])";
    let lines = browser.count(shown);
    browser.fill("[data-search=log]", "no line has these words");
    browser.wait_for("no line to be left", |browser| browser.count(shown) == 0);
    browser.fill("[data-search=log]", "waiting for the report");
    browser.wait_for("the lines that have the words", |browser| {
        (1..lines).contains(&browser.count(shown))
    });
    browser.go(&format!("{}#L1", browser.path()));
    assert_eq!(browser.count("#L1:target"), 1);
    assert_eq!(browser.complaints(), [""; 0]);
}
