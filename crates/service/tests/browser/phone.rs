//! What people do on a phone.

use crate::browser::PHONE;
use crate::world::{World, commit, mirror};

#[test]
fn on_a_phone_mirrors_are_ticked_and_paused_together() {
    let world = World::new(&[mirror("app", ""), mirror("web", "")].concat());
    for name in ["app", "web"] {
        let pair = world.pair(name);
        commit(&pair.source, "refs/heads/main", "Ada", "first", 600);
    }
    let browser = world.browser();
    browser.size(PHONE);
    browser.go("/");
    for name in ["app", "web"] {
        browser.click(&format!("input[name=name][value={name}]"));
    }
    browser.press("Pause");
    for name in ["app", "web"] {
        world.wait_for_state(name, "paused");
    }
}
