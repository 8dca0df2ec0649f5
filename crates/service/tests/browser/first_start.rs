//! From an empty server to a mirror that is in sync, as a newcomer goes.

use crate::checks;
use crate::world::{HOSTS, World, commit};

#[test]
fn a_newcomer_goes_from_the_first_start_to_the_first_mirror_in_sync() {
    let world = World::new("");
    let pair = world.pair("app");
    let value = commit(&pair.source, "refs/heads/main", "Ada", "first", 60);
    let browser = world.stranger();
    browser.go("/");
    browser.fill("#token", &world.serve.token());
    browser.press("Sign in");
    browser.wait("main", "No mirrors are configured.");
    browser.press("make one here");

    browser.fill("#name", "app");
    browser.fill("#source", &format!("http://{}/acme/app.git", HOSTS[0]));
    browser.fill("#target", &format!("http://{}/acme/ap.git", HOSTS[1]));
    browser.press("Test and show what changes");
    browser.wait(".checks", "target");
    assert!(
        browser.count(".checks .failed") > 0,
        "a misspelt address is told before it is saved:\n{}",
        browser.page()
    );
    checks::page(&browser);
    browser.fill("#target", &format!("http://{}/acme/app.git", HOSTS[1]));
    browser.press("Test and show what changes");
    browser.wait(".diff", &format!("+ target: http://{}/acme/app.git", HOSTS[1]));
    assert_eq!(browser.count(".checks .failed"), 0, "{}", browser.page());
    assert!(
        browser.text(".diff").contains("+ name: app"),
        "{}",
        browser.page()
    );
    checks::page(&browser);

    browser.press("Save");
    browser.wait("#head .state", "in sync");
    assert_eq!(browser.path(), "/mirrors/app");
    assert_eq!(pair.target.get("refs/heads/main").as_ref(), Some(&value));
    browser.go("/");
    assert!(browser.text("#mirrors").contains("app"), "{}", browser.page());
    assert!(browser.text("#inbox").contains("Nothing waits for a person."));
}

#[test]
fn both_sides_are_tried_as_soon_as_they_are_filled_in() {
    let world = World::new("");
    let pair = world.pair("app");
    commit(&pair.source, "refs/heads/main", "Ada", "first", 60);
    let browser = world.browser();
    browser.go("/new");
    browser.fill("#source", &format!("http://{}/acme/app.git", HOSTS[0]));
    browser.fill("#target", &format!("http://{}/acme/ap.git", HOSTS[1]));
    assert_eq!(browser.text("#tried"), "");
    browser.click("#name");
    browser.wait("#tried .checks .failed", "target");
    browser.fill("#target", &format!("http://{}/acme/app.git", HOSTS[1]));
    browser.click("#name");
    browser.wait("#tried .checks", "target: ");
    browser.wait_for("a target that is there", |browser| {
        browser.count("#tried .checks li") > 0 && browser.count("#tried .checks .failed") == 0
    });
    browser.fill("#source", "no address");
    browser.click("#name");
    browser.wait("#tried", "cannot be tried yet");
    assert_eq!(browser.count("#tried .checks"), 0, "{}", browser.page());
    assert_eq!(browser.path(), "/new");
    assert_eq!(browser.complaints(), [""; 0]);
}
