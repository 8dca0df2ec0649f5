//! What a process does without being asked, and what its log says of what it could not do.

use std::time::Duration;

use testkit::{ObjectFormat, Repo, Serve, tmp, until};

use crate::REFSYNC;

const PATIENCE: Duration = Duration::from_secs(60);

/// A one-way mirror, as the file has it.
fn mirror(name: &str, source: &Repo, target: &Repo, keys: &str) -> String {
    format!(
        "  - {{name: {name}, source: \"{}\", target: \"{}\", {keys}}}\n",
        source.path().display(),
        target.path().display()
    )
}

fn repo() -> Repo {
    Repo::init(ObjectFormat::Sha1)
}

#[test]
fn what_runs_by_hand_alone_writes_nothing_until_somebody_asks() {
    let (folder, source, swept, by_hand) = (tmp(), repo(), repo(), repo());
    source.commit("main", "one");
    let file = format!(
        "mirrors:\n{}{}",
        mirror("by-hand", &source, &by_hand, "triggers: [manual]"),
        mirror("swept", &source, &swept, "sweep: 1s")
    );
    let serve = Serve::new(REFSYNC, folder.path(), &file).start();
    until("the first sweep", PATIENCE, || swept.refs() == source.refs());
    source.commit("main", "two");
    until("the second sweep", PATIENCE, || swept.refs() == source.refs());
    assert!(by_hand.refs().is_empty(), "{}", serve.log());

    let bearer = format!("Bearer {}", serve.token());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let asked = serve.request("POST", "/api/v1/mirrors/by-hand/runs", &headers, "{}");
    assert_eq!(asked.status, 202, "{}", asked.body);
    until("what was asked for", PATIENCE, || by_hand.refs() == source.refs());
}

#[test]
fn a_log_tells_what_a_run_left_to_people() {
    let (folder, source, target) = (tmp(), repo(), repo());
    source.commit("main", "one");
    target.commit("main", "another");
    let file = format!("mirrors:\n{}", mirror("app", &source, &target, "sweep: 1s"));
    let serve = Serve::new(REFSYNC, folder.path(), &file).start();
    let told = || {
        let log = serve.log();
        let line = log.lines().find(|line| line.contains("not written"));
        line.map(str::to_owned)
    };
    until("a line about it", PATIENCE, || told().is_some());
    let line = told().expect("it was there");
    for part in ["WARN", "run=", "mirror=\"app\"", "reference=\"refs/heads/main\""] {
        assert!(line.contains(part), "{part} in {line}");
    }
}
