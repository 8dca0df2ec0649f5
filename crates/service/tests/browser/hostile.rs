//! Names and words that mean harm, wherever somebody else can write them.

use std::fs;

use serde_json::{Value, json};
use testkit::until;

use crate::browser::{Browser, PHONE, SOON};
use crate::checks;
use crate::world::{HOSTS, Pair, World, commit, pair, push};

const MAIN: &str = "refs/heads/main";

/// Markup that would leave a trace, in text and in an attribute.
const MARKUP: &str = "<script>window.harmed=1</script><b id=injected>\"onfocus='window.harmed=1'&lt;";

/// What turns text around, hides and controls: none may reach a page as it is.
const TURNING: &str = "gpj\u{202e}\u{2067}\u{200f}\u{200b}\u{1b}[31m\u{7}\u{9b}\u{feff}";

/// Letters of a language that is written from right to left: shown, and kept from turning what is beside them.
const HEBREW: &str = "שלום";

/// What a reference may be called (`git-check-ref-format(1)`).
fn names() -> Vec<String> {
    let long = vec!["x".repeat(99); 40].join("/");
    vec![
        "refs/heads/<script>window.harmed=1</script>".into(),
        "refs/heads/\"><b/id=injected>'&amp;".into(),
        "refs/heads/javascript%3Aalert(1)".into(),
        "refs/heads/a\u{202e}b\u{2066}c\u{200f}d\u{200b}e\u{feff}f".into(),
        format!("refs/heads/{HEBREW}"),
        format!("refs/heads/{long}"),
    ]
}

/// Sets references that are too long for the file system.
fn pack(it: &Pair, names: &[String], value: &str) {
    let mut sorted = names.to_vec();
    sorted.push(MAIN.into());
    sorted.sort();
    let lines: String = sorted.iter().map(|name| format!("{value} {name}\n")).collect();
    let text = format!("# pack-refs with: peeled fully-peeled sorted \n{lines}");
    fs::write(it.source.git_dir().join("packed-refs"), text).unwrap();
}

fn world() -> World {
    let [source, target] = HOSTS;
    // The configuration refuses control characters, and descriptions of more than 1,000 bytes.
    let words = quoted(&format!(
        "{MARKUP}\u{202e}\u{2067}\u{200f}{HEBREW}{}",
        "y".repeat(800)
    ));
    let label = quoted(&format!("<b>\"\u{202e}{HEBREW}{}", "y".repeat(150)));
    let mirrors = format!(
        "  - name: one\n    source: http://{source}/acme/one.git\n    target: http://{target}/acme/one.git\n    sweep: 1h\n    description: {words}\n    labels: {{\"team\": {label}}}\n  \
           - name: two\n    direction: two-way\n    source: http://{source}/acme/two.git\n    target: http://{target}/acme/two.git\n    sweep: 1h\n"
    );
    World::with(&mirrors, |directory| {
        let one = pair(directory, "one");
        let value = commit(&one.source, MAIN, "Ada", "first", 600);
        pack(&one, &names(), &value);
        one.target.hook(
            "update",
            &format!(
                "printf '%s\\n' '{}' >&2; case $1 in *script*) exit 1;; esac",
                MARKUP.replace('\'', "") + TURNING + "w".repeat(4_000).as_str()
            ),
        );
        let two = pair(directory, "two");
        commit(&two.source, MAIN, "Ada", "first", 600);
        two.source.set_ref("refs/heads/<b/id=injected>", &value_of(&two));
    })
}

/// In YAML, with what it cannot hold as an escape.
fn quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        c => format!("\\u{:04x}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

fn value_of(it: &Pair) -> String {
    it.source.get(MAIN).unwrap()
}

/// Both sides of the conflict say what they like, under a name that somebody chose.
fn diverge(world: &World) -> String {
    let name = "refs/heads/<b/id=injected>";
    let it = world.open("two");
    let base = value_of(&it);
    let author = format!("\"{HEBREW}' onfocus=harmed {TURNING} {}", "v".repeat(4_000));
    let subject = format!("{MARKUP} {TURNING} {HEBREW} {}", "z".repeat(4_000));
    let new = commit(&it.source, name, &author, &subject, 60);
    commit(&it.target, name, &author, &format!("{subject} too"), 60);
    world.tell("two", 0, name, &base, &new);
    world.wait_for_state("two", "waiting");
    name.to_owned()
}

/// What a page does that somebody else wrote, and what it lets turn around.
fn harm(browser: &Browser, path: &str) -> Vec<String> {
    browser.go(path);
    let found = browser.run(
        "
        const turning = /[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f\\u061c\\u200b\\ufeff\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]/;
        const found = [];
        if (window.harmed) found.push('a script ran');
        if (document.querySelector('#injected, b[id], main script')) found.push('an element was injected');
        const said = [...document.querySelectorAll('*')].flatMap((it) => ['title', 'aria-label', 'placeholder', 'alt'].map((name) => it.getAttribute(name) || ''));
        for (const text of [document.title, ...said]) if (turning.test(text)) found.push('a character that turns or controls: ' + JSON.stringify(text.slice(0, 200)));
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
            if (turning.test(text.data)) found.push('a character that turns or controls: ' + text.parentElement.outerHTML.slice(0, 200));
            if (!/[\\u0590-\\u05ff]/.test(text.data)) continue;
            const parent = text.parentElement;
            if (['OPTION', 'TITLE'].includes(parent.tagName)) continue;
            const isolated = (it) => it && (['isolate', 'plaintext', 'isolate-override'].includes(getComputedStyle(it).unicodeBidi));
            if (!isolated(parent)) found.push('letters that turn what is beside them: ' + parent.outerHTML.slice(0, 200));
        }
        return found;
        ",
        &[],
    );
    let found = found.as_array().cloned().unwrap_or_default();
    found
        .iter()
        .map(|one| format!("{path}: {}", one.as_str().unwrap_or_default()))
        .collect()
}

#[test]
fn hostile_names_and_words_are_shown_harmlessly_on_every_page() {
    let world = world();
    let conflict = diverge(&world);
    world.wait_for_state("one", "waiting");
    let old = value_of(&world.open("one"));
    let mut payload: Value = serde_json::from_str(&push(&names()[0], &old, &old)).unwrap();
    payload["message"] = json!(format!("{MARKUP}{TURNING}{HEBREW}"));
    let answered = world.send("one", 0, &payload.to_string(), "a guess");
    assert_eq!(answered.status, 401);
    world.tell("one", 0, &names()[0], &old, &old);
    let runs = world.get("/runs?mirror=one");
    let run = runs["items"][0]["id"].as_str().unwrap().to_owned();
    until("the words of the server to be logged", SOON, || {
        world
            .get(&format!("/runs/{run}/log"))
            .to_string()
            .contains("injected")
    });
    let browser = world.browser();
    let reference: String =
        percent_encoding::utf8_percent_encode(&conflict, percent_encoding::NON_ALPHANUMERIC).to_string();
    let mut paths: Vec<String> = [
        "/",
        "/?search=%3Cb%20id%3Dinjected%3E%E2%80%AE",
        "/mirrors/one",
        "/mirrors/one/references",
        "/mirrors/one/edit",
        "/mirrors/one/compare",
        "/mirrors/one/inputs",
        "/mirrors/two",
        "/mirrors/two/compare",
        "/conflicts?mirror=two",
        "/mirrors/one/run",
        "/runs",
        "/runs?mirror=%3Cb%20id%3Dinjected%3E%E2%80%AE",
        "/conflicts",
        "/deliveries",
        "/audit",
        "/mirrors/%3Cb%20id%3Dinjected%3E%E2%80%AE",
        "/sign-in?next=/%22%3E%3Cb%20id%3Dinjected%3E%E2%80%AE",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(["", "/undo", "/approve"].map(|act| format!("/runs/{run}{act}")));
    paths.push(format!("/conflicts/view?mirror=two&reference={reference}"));
    paths.push(format!(
        "/conflicts/settle?mirror=two&reference={reference}&choice=both-source"
    ));
    for delivery in world.get("/deliveries")["items"].as_array().unwrap() {
        paths.push(format!("/deliveries/{}", delivery["id"].as_str().unwrap()));
    }
    let mut found = Vec::new();
    browser.size(PHONE);
    for path in &paths {
        found.extend(harm(&browser, path));
        found.extend(checks::overflow(&browser, PHONE.0).map(|one| format!("{path}: {one}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
