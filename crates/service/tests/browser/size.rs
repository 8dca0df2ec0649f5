//! What the overview weighs with a thousand mirrors.

use std::time::{Duration, Instant};

use testkit::until;

use crate::world::{World, mirror};

/// What a page may weigh, in bytes.
const MOST: usize = 100_000;

/// How long a thousand first looks may take, on a loaded machine.
const LONG: Duration = Duration::from_secs(300);

#[test]
fn the_overview_of_a_thousand_mirrors_stays_light() {
    let mirrors: String = (0..1_000)
        .map(|number| {
            mirror(
                &format!("service-{number:04}"),
                &format!(", labels: {{team: t{:02}}}", number % 40),
            )
        })
        .collect();
    let world = World::new(&mirrors);
    // None of the repositories is there: all rows have a run, an error and the time since, as heavy as rows are.
    until("every mirror to have failed", LONG, || {
        world.get("")["mirrors"]["failed"] == 1_000
    });
    let browser = world.browser();
    let script = "return [...document.querySelectorAll('#counts b')].reduce((sum, it) => sum + Number(it.innerText), 0);";
    assert_eq!(browser.run(script, &[]), 1_000);
    let cookie = browser.cookie();
    let get = |path: &str| world.serve.request("GET", path, &[("cookie", &cookie)], "");
    let mut times = Vec::new();
    for path in [
        "/",
        "/?sort=name",
        "/?sort=behind",
        "/?search=service-05",
        "/?label=team%3Dt07",
        "/runs",
    ] {
        let begun = Instant::now();
        let page = get(path);
        times.push(format!(
            "{path} {} ms, {} bytes",
            begun.elapsed().as_millis(),
            page.body.len()
        ));
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.len() <= MOST, "{path}: {} bytes", page.body.len());
        assert_eq!(
            page.body.matches(r#"class="small failed-text""#).count() > 0,
            path != "/runs",
            "rows without an error are too light to tell: {path}"
        );
    }
    // Told, not asserted: a loaded machine takes longer. `--nocapture` shows it.
    eprintln!("{}", times.join("\n"));
}
