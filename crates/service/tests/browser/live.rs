//! What happens is seen without loading a page again.

use serde_json::{Value, json};
use testkit::{Act, Direction, Fault, FaultProxy, Gate, Point, Service, Then, When};
use tokio_util::sync::CancellationToken;

use crate::browser::Browser;
use crate::world::{HOSTS, Pair, World, commit, mirror};

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

/// A push to the source that is told of, and whose way to the target is held at the gate; with its value.
fn held_push(world: &World, pair: &Pair, old: &str) -> (Gate, String) {
    let gate = Gate::new();
    world.forges[1].on(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    let new = commit(&pair.source, MAIN, "Ada", "second", 0);
    world.tell("app", 0, MAIN, old, &new);
    (gate, new)
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
    let (gate, new) = held_push(&world, &pair, &old);
    browser.wait("#mirrors .state", "moving");
    browser.wait("#counts .moving b", "1");
    // Nothing happens any more, and the time goes on all the same.
    let back = "
        const it = document.querySelector('#mirrors [data-since]');
        if (it) it.dataset.since = new Date(Date.now() - 7500000).toISOString();
    ";
    browser.wait_for("the time that it is behind to go on", |browser| {
        browser.run(back, &[]);
        browser
            .text_of("#mirrors [data-since]")
            .is_some_and(|text| text == "2 h")
    });
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
    let (gate, _) = held_push(&world, &pair, &old);
    gate.wait_for_arrival();
    let browser = world.browser();
    browser.go("/mirrors/app");
    browser.wait("#runs tbody .state", "running");
    browser.click("#runs tbody a.name");
    browser.wait("#head .state", "running");
    browser.wait("#log", "waiting for the report");
    assert_eq!(browser.count("#log .error"), 0, "{}", browser.page());
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

#[test]
fn a_run_that_fails_while_it_is_followed_says_why_without_a_reload() {
    let (world, pair, old) = scene();
    pair.target
        .hook("update", "echo 'only the release managers push here' >&2; exit 1");
    let (gate, _) = held_push(&world, &pair, &old);
    gate.wait_for_arrival();
    let browser = world.browser();
    browser.go("/mirrors/app");
    browser.click("#runs tbody a.name");
    browser.wait("#head .state", "running");
    assert_eq!(browser.count("#failure[hidden]"), 1);
    mark(&browser);
    gate.open();
    browser.wait("#failure:not([hidden])", "only the release managers push here");
    browser.wait("#head .state", "refused");
    assert!(is_marked(&browser), "the page was loaded again");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn the_first_mirror_appears_on_an_empty_overview_without_a_reload() {
    let world = World::new("");
    let pair = world.pair("app");
    commit(&pair.source, MAIN, "Ada", "first", 600);
    let browser = world.browser();
    browser.wait("#mirrors", "No mirrors are configured.");
    assert_eq!(browser.count("#counts[hidden]"), 1);
    mark(&browser);
    let [source, target] = HOSTS.map(|host| format!("http://{host}/acme/app.git"));
    let app = json!({"name": "app", "source": source, "target": target});
    world.api("POST", "/mirrors", &app);
    browser.wait("#mirrors", "app");
    browser.wait("#counts:not([hidden]) .in-sync b", "1");
    browser.wait("#filters:not([hidden])", "Filter");
    assert!(is_marked(&browser), "the page was loaded again");
}

#[test]
fn a_page_whose_news_are_refused_says_so_and_listens_again() {
    let (world, pair, old) = scene();
    let upstream = world.serve.url("").replace("http://", "").parse().unwrap();
    let proxy = FaultProxy::start(upstream);
    let refusal = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let asked = Point::answer_to(*b"GET /live/events");
    proxy.add(Fault::new(asked, Act::Inject(refusal.into())).once());
    let browser = Browser::new(&proxy.through(&world.serve.url("")));
    browser.sign_in(&world.serve.token());
    browser.wait("#not-live", "Not live");
    mark(&browser);
    browser.wait_for("the page to be live again", |browser| {
        browser.text("#not-live").is_empty()
    });
    let (gate, _) = held_push(&world, &pair, &old);
    browser.wait("#mirrors .state", "moving");
    gate.open();
    browser.wait("#mirrors .state", "in sync");
    assert!(is_marked(&browser), "the page was loaded again");
}

#[test]
fn a_run_that_is_followed_tells_its_step_its_bytes_and_their_rate() {
    let (world, pair, old) = scene();
    let (reading, writing) = (Gate::new(), Gate::new());
    world.forges[0].on(When::call(Service::UploadPack), Then::Hold(reading.clone()));
    world.forges[1].on(When::call(Service::ReceivePack), Then::Hold(writing.clone()));
    pair.source.big_blob("main", "big", 4 << 20);
    let new = pair.source.get(MAIN).unwrap();
    world.tell("app", 0, MAIN, &old, &new);
    reading.wait_for_arrival();
    let browser = world.browser();
    browser.go("/mirrors/app");
    browser.click("#runs tbody a.name");
    browser.wait("#progress", "under way");
    mark(&browser);
    reading.open();
    browser.wait("#steps [data-step=relay].now", "relay");
    browser.wait("#progress", "so far");
    let passed = "
        progress({stage: arguments[0], bytes: 0});
        return [...document.querySelectorAll('#steps .done')].map((step) => step.dataset.step).join(' ');
    ";
    let passed = |stage: &str| browser.run(passed, &[stage.into()]);
    assert_eq!(passed("observe"), "");
    assert_eq!(passed("report"), "observe decide relay");
    assert_eq!(browser.count("#steps .now"), 1);
    // What comes over a wire as fast as this has no rate: the same words, told more slowly.
    let tell = "progress({stage: 'relay', bytes: arguments[0] << 20});";
    browser.run(tell, &[1.into()]);
    browser.wait_for("a rate", |browser| {
        browser.run(tell, &[3.into()]);
        let text = browser.text("#progress");
        text.starts_with("3.0 MiB, ") && text.ends_with("/s so far")
    });
    writing.open();
    browser.wait("#head .state", "succeeded");
    assert!(is_marked(&browser), "the page was loaded again");
}

#[test]
fn what_happens_between_a_page_and_its_news_is_seen_without_a_reload() {
    let (world, pair, old) = scene();
    let (writing, _) = held_push(&world, &pair, &old);
    writing.wait_for_arrival();
    let upstream = world.serve.url("").replace("http://", "").parse().unwrap();
    let proxy = FaultProxy::start(upstream);
    let listening = Gate::new();
    let asked = Point::before(Direction::ToServer, *b"GET /live/events");
    proxy.add(Fault::new(asked, Act::Hold(listening.clone())).once());
    let browser = Browser::new(&proxy.through(&world.serve.url("")));
    browser.sign_in(&world.serve.token());
    browser.wait("#mirrors .state", "moving");
    mark(&browser);
    listening.wait_for_arrival();
    writing.open();
    world.wait_for_state("app", "in-sync");
    // Nothing happens any more.
    listening.open();
    browser.wait("#mirrors .state", "in sync");
    assert!(is_marked(&browser), "the page was loaded again");
}

#[test]
fn a_page_is_read_again_though_more_happens_all_the_time() {
    let (world, ..) = scene();
    let browser = world.browser();
    browser.wait("#mirrors .state", "in sync");
    mark(&browser);
    let reads = |browser: &Browser| {
        let script = "return performance.getEntriesByType('resource').filter((one) => one.initiatorType === 'fetch').length;";
        browser.run(script, &[]).as_u64().unwrap()
    };
    let is_over = CancellationToken::new();
    std::thread::scope(|threads| {
        let _end = is_over.clone().drop_guard();
        // Never longer apart than the page waits for more.
        for _ in 0..4 {
            threads.spawn(|| {
                while !is_over.is_cancelled() {
                    for act in ["pause", "resume"] {
                        world.api("POST", &format!("/mirrors/app/{act}"), &Value::Null);
                    }
                }
            });
        }
        let before = reads(&browser);
        browser.wait_for("the page to be read again and again", |browser| {
            reads(browser) >= before + 3
        });
    });
    assert!(is_marked(&browser), "the page was loaded again");
}

#[test]
fn the_end_of_a_run_is_seen_though_the_page_could_not_be_read_when_it_was_told() {
    let (world, pair, old) = scene();
    let (gate, _) = held_push(&world, &pair, &old);
    gate.wait_for_arrival();
    let browser = world.browser();
    browser.go("/mirrors/app");
    browser.click("#runs tbody a.name");
    browser.wait("#head .state", "running");
    browser.wait("#log", "waiting for the report");
    mark(&browser);
    let refuse = "
        const read = window.fetch;
        window.refused = Infinity;
        window.fetch = () => { window.refused = performance.now(); return Promise.resolve(new Response('', { status: 503 })); };
        window.heal = () => { window.fetch = read; };
    ";
    browser.run(refuse, &[]);
    gate.open();
    world.wait_for_state("app", "in-sync");
    // No event is left that would have it read again.
    browser.wait_for("the page to be refused, and all to be quiet", |browser| {
        browser.run("return performance.now() - window.refused > 2000;", &[]) == Value::Bool(true)
    });
    assert_eq!(browser.text("#head .state"), "running");
    browser.run("window.heal();", &[]);
    browser.wait("#head .state", "succeeded");
    assert!(is_marked(&browser), "the page was loaded again");
}
