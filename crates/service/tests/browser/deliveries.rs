//! What hosts sent.

use serde_json::json;

use crate::world::{World, commit, mirror, push};

#[test]
fn a_webhook_is_sent_once_more_by_a_person() {
    let world = World::new(&mirror("app", ""));
    let pair = world.pair("app");
    let old = commit(&pair.source, "refs/heads/main", "Ada", "first", 600);
    world.api("POST", "/mirrors/app/runs", &json!({}));
    world.wait_for_state("app", "in-sync");
    let forged = world.send("app", 0, &push("refs/heads/main", &old, &old), "a guess");
    assert_eq!(forged.status, 401);
    let new = commit(&pair.source, "refs/heads/main", "Ada", "second", 0);
    world.tell("app", 0, "refs/heads/main", &old, &new);

    let browser = world.browser();
    browser.go("/deliveries");
    browser.wait("#deliveries tbody tr:nth-child(2)", "401");
    assert_eq!(
        browser.count("#deliveries form"),
        1,
        "only what was believed is sent once more"
    );
    browser.click("#deliveries tbody tr:first-child a.name");
    browser.wait("main", "refs/heads/main");
    assert!(
        browser.text("main").contains(&new),
        "the payload is shown:\n{}",
        browser.page()
    );
    let first = browser.path();
    browser.press("Redeliver");
    browser.wait_for("the delivery that repeats it", |browser| {
        browser.path() != first || browser.count("#deliveries tbody tr") == 3
    });
    browser.go("/deliveries");
    assert_eq!(browser.count("#deliveries tbody tr"), 3, "{}", browser.page());
    browser.click("#deliveries tbody tr:first-child a.name");
    browser.wait("main", "Repeats an earlier one");
}

#[test]
fn the_keyboard_stays_on_the_button_of_its_delivery_when_others_come_in() {
    let world = World::new(&mirror("app", ""));
    let pair = world.pair("app");
    let mut old = commit(&pair.source, "refs/heads/main", "Ada", "first", 600);
    let mut push_next = |subject: &str| {
        let new = commit(&pair.source, "refs/heads/main", "Ada", subject, 0);
        world.tell("app", 0, "refs/heads/main", &old, &new);
        old = new;
    };
    push_next("second");
    push_next("third");

    let browser = world.browser();
    browser.go("/deliveries");
    let last = "#deliveries tbody tr:last-child form";
    let of_second = browser.attribute(last, "action").unwrap();
    browser.run(
        "document.querySelector(arguments[0]).focus();",
        &[format!("{last} button").into()],
    );
    push_next("fourth");
    browser.wait_for("the third delivery", |browser| {
        browser.count("#deliveries tbody tr") == 3
    });
    assert_eq!(
        browser.attribute("#deliveries form:focus-within", "action"),
        Some(of_second)
    );
}
