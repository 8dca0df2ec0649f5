//! Every page, in every state that it has: on a desk and a phone, in light and dark, for people and for machines that read it to them.

use std::fs;
use std::process::Command;

use serde_json::Value;
use testkit::{Answered, require};

use crate::browser::Browser;
use crate::checks;
use crate::gallery::Gallery;
use crate::world::World;

/// What a page may weigh, in bytes.
const MOST: usize = 100_000;

#[test]
fn every_page_fits_desk_and_phone_in_light_and_dark_and_keeps_nobody_out() {
    let gallery = Gallery::new();
    gallery.leave_one_running();
    let browser = gallery.world.stranger();
    browser.go("/sign-in");
    let mut found = checks::problems(&browser);
    browser.sign_in(&gallery.world.serve.token());
    for path in gallery.paths() {
        browser.go(&path);
        found.extend(checks::problems(&browser));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn pages_that_have_nothing_to_show_say_what_to_do() {
    let world = World::new("");
    let browser = world.browser();
    let mut found = Vec::new();
    for (path, words) in EMPTY {
        browser.go(path);
        browser.wait("main", words);
        found.extend(checks::problems(&browser));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    // Chromium itself tells the console of a page that is not there.
    browser.go("/no/such/page");
    browser.wait("h1", "There is no such page");
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|one| one.contains("404")), "{complaints:?}");
    checks::page(&browser);
}

/// Pages of an empty server, and what they say.
const EMPTY: [(&str, &str); 6] = [
    ("/", "No mirrors are configured."),
    ("/runs", "No run fits."),
    ("/conflicts", "No conflict is open."),
    ("/deliveries", "No webhook came in yet."),
    ("/audit", "Nobody changed anything yet."),
    ("/new?tab=yaml", "New mirror"),
];

#[test]
fn every_page_is_valid_html_light_and_forbids_what_it_does_not_need() {
    let gallery = Gallery::new();
    gallery.leave_one_running();
    let browser = gallery.world.browser();
    let mut paths = gallery.paths();
    paths.push("/no/such/page".into());
    let reader = gallery.world.stranger();
    reader.sign_in(&gallery.world.make_token("grace", "read"));
    let mut pages: Vec<(String, Answered)> = Vec::new();
    for (who, cookie) in [("an admin", browser.cookie()), ("a reader", reader.cookie())] {
        pages.extend(paths.iter().map(|path| {
            let serve = &gallery.world.serve;
            let answered = serve.request("GET", path, &[("cookie", &cookie)], "");
            (format!("{path} for {who}"), answered)
        }));
    }
    let signed_out = gallery.world.serve.request("GET", "/sign-in", &[], "");
    pages.push(("/sign-in".into(), signed_out));
    let empty = World::new("");
    let cookie = empty.browser().cookie();
    pages.extend(EMPTY.map(|(path, _)| {
        let answered = empty.serve.request("GET", path, &[("cookie", &cookie)], "");
        (format!("{path} of an empty server"), answered)
    }));
    for (path, answered) in &pages {
        let head = answered.head.to_ascii_lowercase();
        assert!(
            head.contains("content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'"),
            "{path}: {head}"
        );
        assert!(!head.contains("unsafe"), "{path}: {head}");
        assert!(
            answered.body.len() <= MOST,
            "{path}: {} bytes",
            answered.body.len()
        );
    }
    let invalid = invalid_html(&pages);
    assert!(invalid.is_empty(), "{}", invalid.join("\n"));
}

/// What the checker of the HTML standard finds: <https://validator.github.io/validator/>.
fn invalid_html(pages: &[(String, Answered)]) -> Vec<String> {
    let directory = testkit::tmp();
    let files: Vec<_> = (0..pages.len())
        .map(|number| directory.path().join(format!("{number}.html")))
        .collect();
    for (file, (_, answered)) in files.iter().zip(pages) {
        fs::write(file, &answered.body).unwrap();
    }
    let checked = Command::new(require("java"))
        .args(["-Xss1m", "-jar"])
        .arg(checks::installed("vnu-jar/build/dist/vnu.jar"))
        .args(["--format", "json", "--stdout"])
        .args(&files)
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&checked.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&checked.stderr)));
    let about = |message: &Value| {
        let file = message["url"].as_str().unwrap_or_default();
        let number = files
            .iter()
            .position(|path| file.ends_with(&*path.to_string_lossy()));
        let page = number.map_or(file, |number| pages[number].0.as_str());
        format!(
            "{page}: {} {}\n    {}",
            message["type"].as_str().unwrap_or_default(),
            message["message"].as_str().unwrap_or_default(),
            message["extract"].as_str().unwrap_or_default().replace('\n', " ")
        )
    };
    said["messages"].as_array().unwrap().iter().map(about).collect()
}

/// The pages that README and documentation show. `REFSYNC_WRITE_DOCS=1` writes them.
#[test]
fn pictures_of_the_main_pages_are_made() {
    let gallery = Gallery::new();
    let browser = gallery.world.browser();
    for (name, path) in gallery.pictured() {
        browser.go(&path);
        browser.dark();
        picture(&browser, &format!("{name}-dark"));
        browser.light();
        picture(&browser, name);
    }
}

fn picture(browser: &Browser, name: &str) {
    const TALLEST: u64 = 1_100;
    let png = browser.picture(TALLEST);
    assert!(png.starts_with(b"\x89PNG"));
    assert!(png.len() < 150_000, "{name}: {} bytes", png.len());
    if std::env::var_os("REFSYNC_WRITE_DOCS").is_some() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/screenshots");
        fs::create_dir_all(folder).unwrap();
        fs::write(format!("{folder}/{name}.png"), png).unwrap();
    }
}

#[test]
fn a_short_sha_copies_whole() {
    let gallery = Gallery::new();
    let browser = gallery.world.browser();
    browser.go(&gallery.conflict());
    browser.allow_clipboard();
    let whole = browser.attribute("main .sha", "data-copy").unwrap();
    browser.click("main .sha");
    browser.wait("main .sha", "copied");
    let script = "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)));";
    assert_eq!(browser.run_async(script, &[]), Value::from(whole));
}
