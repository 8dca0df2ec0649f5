//! What must hold on every page.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::browser::{Browser, DESK, PHONE};

/// The checker of accessibility, as a script: <https://github.com/dequelabs/axe-core>.
static AXE: LazyLock<String> = LazyLock::new(|| {
    std::fs::read_to_string(installed("axe-core/axe.min.js")).expect("it was just seen to be there")
});

/// Something that `package.json` beside this file names. `cargo xtask test` installs it below `target`.
///
/// # Panics
///
/// When it is not there, with what to do: a test never skips in silence.
pub(crate) fn installed(file: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let path = target.join("browser/node_modules").join(file);
    assert!(
        path.exists(),
        "this test needs {}; `cargo xtask test` installs it, once",
        path.display()
    );
    path
}

/// Checks the page that the browser shows, on a desk and a phone, in light and dark.
#[track_caller]
pub(crate) fn page(browser: &Browser) {
    let found = problems(browser);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is wrong with the page that the browser shows, on a desk and a phone, in light and dark.
pub(crate) fn problems(browser: &Browser) -> Vec<String> {
    let mut found = noise(browser);
    for scheme in ["light", "dark"] {
        if scheme == "dark" {
            browser.dark();
        }
        browser.size(DESK);
        found.extend(overflow(browser, DESK.0));
        // Another scheme has other colours and nothing else.
        let rules = if scheme == "dark" {
            json!(["color-contrast"])
        } else {
            Value::Null
        };
        found.extend(
            barriers(browser, rules)
                .into_iter()
                .map(|one| format!("in {scheme}: {one}")),
        );
        browser.size(PHONE);
        found.extend(overflow(browser, PHONE.0));
    }
    browser.light();
    browser.size(DESK);
    let path = browser.path();
    found.into_iter().map(|one| format!("{path}: {one}")).collect()
}

/// What was refused or complained about, and what came from elsewhere.
fn noise(browser: &Browser) -> Vec<String> {
    let mut found = browser.complaints();
    let script = "
        const names = performance.getEntriesByType('resource').map((one) => one.name);
        return names.filter((name) => !name.startsWith(location.origin + '/'));
    ";
    found.extend(texts(&browser.run(script, &[])).map(|name| format!("asks another host: {name}")));
    found
}

/// What makes the page wider than the window.
pub(crate) fn overflow(browser: &Browser, width: u32) -> Option<String> {
    let script = "
        const width = document.documentElement.scrollWidth;
        if (width <= arguments[0]) return null;
        const wide = [...document.querySelectorAll('main *, header *')].filter((it) => it.getBoundingClientRect().right > arguments[0] + 1);
        return width + ' pixels: ' + wide.slice(0, 8).map((it) => it.outerHTML.slice(0, 160)).join('\\n');
    ";
    let wide = browser.run(script, &[width.into()]);
    let wide = wide.as_str()?;
    Some(format!("scrolls sideways in a window of {width} pixels: {wide}"))
}

/// What keeps people out, by all rules or these.
fn barriers(browser: &Browser, rules: Value) -> Vec<String> {
    if browser.run("return typeof axe === 'undefined';", &[]) == Value::Bool(true) {
        browser.run(&format!("{}\nwindow.axe = axe;", *AXE), &[]);
    }
    let script = "
        const done = arguments[arguments.length - 1];
        const node = (it) => `    ${it.html.slice(0, 300)}\\n      ${it.failureSummary.replaceAll('\\n', ' ')}`;
        const said = (one) => `${one.impact} ${one.id}: ${one.help}\\n` + one.nodes.slice(0, 5).map(node).join('\\n');
        axe.run(document, {resultTypes: ['violations'], ...(arguments[0] && {runOnly: arguments[0]})}).then((it) => done(it.violations.map(said)), (error) => done([String(error)]));
    ";
    texts(&browser.run_async(script, &[rules])).collect()
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    let list = list.as_array().cloned().unwrap_or_default();
    list.into_iter().filter_map(|one| one.as_str().map(str::to_owned))
}
