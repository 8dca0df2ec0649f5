//! Who gets in, and what they may do there.

use serde_json::{Value, json};

use crate::world::{World, commit, mirror};

#[test]
fn a_wrong_token_is_told_and_the_right_one_leads_where_the_person_wanted_to_go() {
    let world = World::new("");
    let browser = world.stranger();
    browser.go("/runs?state=failed");
    assert!(browser.path().starts_with("/sign-in?next="), "{}", browser.path());
    browser.fill("#token", "refsync_wrong");
    browser.press("Sign in");
    browser.wait("[role=alert]", "This token is not valid");
    assert_eq!(browser.count("header nav"), 0);
    browser.fill("#token", &world.serve.token());
    browser.press("Sign in");
    browser.wait("h1", "Runs");
    assert_eq!(browser.path(), "/runs?state=failed");

    browser.press("Sign out");
    browser.wait("h1", "Sign in");
    browser.go("/runs");
    assert!(browser.path().starts_with("/sign-in"), "the session is over");
}

/// Sends a form from within the page, as a forged one would be: with the session's cookie and its value against forgery.
const FORGE: &str = "
    const done = arguments[arguments.length - 1];
    const form = new URLSearchParams({csrf: document.querySelector('input[name=csrf]').value, ...arguments[1]});
    fetch(arguments[0], {method: 'POST', body: form}).then((answer) => done(answer.status), (error) => done(String(error)));
";

#[test]
fn a_token_that_may_read_sees_everything_and_changes_nothing() {
    let world = World::new(&mirror("app", ""));
    let pair = world.pair("app");
    commit(&pair.source, "refs/heads/main", "Ada", "first", 60);
    world.api("POST", "/mirrors/app/runs", &json!({}));
    world.wait_for_state("app", "in-sync");
    let browser = world.stranger();
    browser.sign_in(&world.make_token("grace", "read"));
    browser.wait(".who", "grace");
    for path in [
        "/",
        "/mirrors/app",
        "/mirrors/app/references",
        "/runs",
        "/conflicts",
        "/deliveries",
    ] {
        browser.go(path);
        assert_eq!(
            browser.count("main form[method=post] button:not(:disabled), main a.button.main"),
            0,
            "{path} offers what a token to read may not do:\n{}",
            browser.page()
        );
    }
    browser.go("/mirrors/app");
    let forged = |path: &str, more: Value| browser.run_async(FORGE, &[path.into(), more]);
    assert_eq!(forged("/mirrors/app/pause", json!({})), 403);
    assert_eq!(forged("/mirrors/app/run", json!({"dry_run": "false"})), 403);
    assert_eq!(
        forged("/mirrors/bulk", json!({"name": "app", "act": "pause"})),
        403
    );
    assert_eq!(
        forged(
            "/new",
            json!({"act": "save", "tab": "yaml", "yaml": "name: b\nsource: http://git.example.com/b\ntarget: http://github.example.com/b\n"})
        ),
        403
    );
    assert_eq!(world.get("/mirrors/app")["state"], "in-sync");
    assert_eq!(world.get("/mirrors")["items"].as_array().unwrap().len(), 1);
}
