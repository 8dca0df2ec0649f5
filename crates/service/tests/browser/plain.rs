//! The dashboard without JavaScript.

use testkit::until;

use crate::browser::SOON;
use crate::world::{HOSTS, World, commit};

#[test]
fn everything_important_works_without_scripts() {
    let world = World::new("");
    let pair = world.pair("app");
    let value = commit(&pair.source, "refs/heads/main", "Ada", "first", 600);
    let browser = world.stranger();
    browser.forbid_scripts();
    browser.sign_in(&world.serve.token());
    browser.go("/new");
    browser.fill("#name", "app");
    browser.fill("#source", &format!("http://{}/acme/app.git", HOSTS[0]));
    browser.fill("#target", &format!("http://{}/acme/app.git", HOSTS[1]));
    browser.press("Test and show what changes");
    browser.wait(".diff", "+ name: app");
    browser.press("Save");
    browser.wait("h1", "app");
    assert_eq!(browser.path(), "/mirrors/app");
    world.wait_for_state("app", "in-sync");
    assert_eq!(pair.target.get("refs/heads/main").as_ref(), Some(&value));

    let new = commit(&pair.source, "refs/heads/main", "Ada", "second", 0);
    browser.press("Run now…");
    browser.wait("h1", "Run app now");
    browser.fill("#references", "refs/heads/main");
    browser.press("Show what would happen");
    browser.wait("h1", "Dry run of app");
    browser.wait_for("the dry run to end", |browser| {
        browser.go(&browser.path());
        browser.text("#head").contains("succeeded")
    });
    assert!(
        browser.text("#outcomes").contains(&new[..7]),
        "{}",
        browser.page()
    );
    assert_eq!(pair.target.get("refs/heads/main").as_ref(), Some(&value));
    browser.go("/mirrors/app/run");
    browser.press("Run");
    until("the run to write", SOON, || {
        pair.target.get("refs/heads/main").as_ref() == Some(&new)
    });

    browser.go("/");
    browser.click("input[name=name][value=app]");
    browser.press("Pause");
    world.wait_for_state("app", "paused");
    browser.go("/?state=paused");
    assert!(browser.text("#mirrors").contains("app"), "{}", browser.page());
    browser.go("/mirrors/app");
    browser.press("Resume");
    world.wait_for_state("app", "in-sync");
    browser.wait("#head", "Pause");
    browser.press("Sign out");
    browser.wait("h1", "Sign in");
}
