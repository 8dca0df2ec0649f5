//! A server on which everything has happened that pages show.

use serde_json::json;
use testkit::{Gate, Service, Then, When, until};

use crate::browser::SOON;
use crate::world::{Pair, World, commit, mirror, pair, push};

const MAIN: &str = "refs/heads/main";
const DAY: u64 = 86_400;

/// A server with mirrors in all states.
#[derive(Debug)]
pub(crate) struct Gallery {
    pub(crate) world: World,
}

impl Gallery {
    pub(crate) fn new() -> Gallery {
        let mirrors = [
            mirror("pay-api", ", labels: {team: payments}, description: \"The public API\""),
            mirror("pay-ledger", ", labels: {team: payments}, direction: two-way, description: \"Both ways, while the teams move\""),
            mirror("pay-web", ", labels: {team: payments}"),
            mirror("core-auth", ", labels: {team: core}, syncDelete: true, inputSets: [{name: releases, references: [\"refs/heads/release/*\"]}]"),
            mirror("core-docs", ", labels: {team: core}"),
            mirror("infra-modules", ", labels: {team: infra}"),
            mirror("infra-state", ", labels: {team: infra}"),
        ]
        .concat();
        let world = World::with(&mirrors, |directory| {
            for (index, name) in [
                "pay-api",
                "pay-ledger",
                "pay-web",
                "core-auth",
                "core-docs",
                "infra-state",
            ]
            .iter()
            .enumerate()
            {
                let it = pair(directory, name);
                commit(
                    &it.source,
                    MAIN,
                    "Ada Lovelace",
                    "Count the cards",
                    30 * DAY + index as u64,
                );
                if *name == "core-auth" {
                    topics(&it);
                }
            }
        });
        let gallery = Gallery { world };
        gallery.settle_in();
        gallery.push();
        gallery.diverge();
        gallery.hold();
        gallery.refuse();
        gallery.make();
        gallery
    }

    fn open(&self, name: &str) -> Pair {
        self.world.open(name)
    }

    fn settle_in(&self) {
        for name in [
            "pay-api",
            "pay-ledger",
            "pay-web",
            "core-auth",
            "core-docs",
            "infra-state",
        ] {
            self.world.wait_for_state(name, "in-sync");
        }
        self.world.wait_for_state("infra-modules", "failed");
        self.world.api("POST", "/mirrors/infra-state/pause", &json!({}));
    }

    /// A few pushes that arrive, and a delivery that is not believed.
    fn push(&self) {
        let it = self.open("pay-api");
        for subject in [
            "Round to the nearest cent",
            "Refuse a card that has expired",
            "Say which card is missing",
        ] {
            let old = it.source.get(MAIN).unwrap();
            let new = commit(&it.source, MAIN, "Ada Lovelace", subject, 60);
            self.world.tell("pay-api", 0, MAIN, &old, &new);
            until("the push to arrive", SOON, || {
                it.target.get(MAIN).as_ref() == Some(&new)
            });
            self.world.wait_for_state("pay-api", "in-sync");
        }
        let value = it.source.get(MAIN).unwrap();
        self.world
            .send("pay-api", 0, &push(MAIN, &value, &value), "a guess");
        self.world
            .api("POST", "/mirrors/pay-api/runs", &json!({"dryRun": true}));
    }

    fn diverge(&self) {
        let it = self.open("pay-ledger");
        let base = it.source.get(MAIN).unwrap();
        commit(
            &it.source,
            MAIN,
            "Ada Lovelace",
            "Round to the nearest cent",
            7_200,
        );
        let new = commit(
            &it.source,
            MAIN,
            "Ada Lovelace",
            "Say which card is missing",
            3_600,
        );
        commit(&it.target, MAIN, "Grace Hopper", "Take the moth out", 1_800);
        self.world.tell("pay-ledger", 0, MAIN, &base, &new);
        self.world.wait_for_state("pay-ledger", "waiting");
    }

    fn hold(&self) {
        let it = self.open("core-auth");
        for number in 0..8 {
            it.source.delete_ref(&format!("refs/heads/topic/{number}"));
        }
        self.world.api("POST", "/mirrors/core-auth/runs", &json!({}));
        self.world.wait_for_state("core-auth", "waiting");
    }

    /// The target's hook refuses a branch.
    fn refuse(&self) {
        let it = self.open("core-docs");
        it.target.hook(
            "update",
            "case $1 in refs/heads/release/*) echo 'release branches are protected: ask #release-managers' >&2; exit 1;; esac",
        );
        let value = it.source.get(MAIN).unwrap();
        let next = commit(&it.source, MAIN, "Ada Lovelace", "Name every step", 300);
        it.source.set_ref("refs/heads/release/2.0", &next);
        self.world.tell("core-docs", 0, MAIN, &value, &next);
        let zero = it.source.zero();
        self.world
            .tell("core-docs", 0, "refs/heads/release/2.0", &zero, &next);
        until("the branch to be refused", SOON, || {
            self.runs("core-docs", "refused").is_some()
        });
    }

    /// A mirror that is not in the file.
    fn make(&self) {
        let it = self.world.pair("site");
        commit(&it.source, MAIN, "Grace Hopper", "Begin", 5 * DAY);
        let [source, target] = crate::world::HOSTS.map(|host| format!("http://{host}/acme/site.git"));
        let site = json!({"name": "site", "source": source, "target": target, "labels": {"team": "web"}});
        self.world.api("POST", "/mirrors", &site);
        self.world.wait_for_state("site", "in-sync");
    }

    /// From here on a run of `pay-web` goes on, and never ends.
    pub(crate) fn leave_one_running(&self) {
        let gate = Gate::new();
        self.world.forges[1].on(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
        let it = self.open("pay-web");
        let old = it.source.get(MAIN).unwrap();
        let new = commit(&it.source, MAIN, "Ada Lovelace", "Show the total first", 30);
        self.world.tell("pay-web", 0, MAIN, &old, &new);
        gate.wait_for_arrival();
        until("a run to go on", SOON, || {
            self.runs("pay-web", "running").is_some()
        });
    }

    /// The newest run of a mirror in a state.
    pub(crate) fn runs(&self, mirror: &str, state: &str) -> Option<String> {
        let page = self.world.get(&format!("/runs?mirror={mirror}&state={state}"));
        page["items"][0]["id"].as_str().map(str::to_owned)
    }

    fn run(&self, mirror: &str, state: &str) -> String {
        let id = self
            .runs(mirror, state)
            .unwrap_or_else(|| panic!("{mirror} has a run that {state}"));
        format!("/runs/{id}")
    }

    /// The newest run of a mirror that wrote something.
    fn wrote(&self, mirror: &str) -> String {
        let page = self.world.get(&format!("/runs?mirror={mirror}&state=succeeded"));
        let runs = page["items"].as_array().unwrap();
        let run = runs.iter().find(|run| run["written"].as_u64() > Some(0)).unwrap();
        format!("/runs/{}", run["id"].as_str().unwrap())
    }

    /// The page of a conflict.
    pub(crate) fn conflict(&self) -> String {
        format!("/conflicts/view?mirror=pay-ledger&reference={MAIN}")
    }

    /// The pages of the README and the documentation, by the names of their pictures.
    pub(crate) fn pictured(&self) -> [(&'static str, String); 4] {
        [
            ("overview", "/".into()),
            ("mirror", "/mirrors/pay-api".into()),
            ("run", self.run("core-docs", "refused")),
            ("conflict", self.conflict()),
        ]
    }

    /// The paths of all pages that somebody who signed in can see.
    pub(crate) fn paths(&self) -> Vec<String> {
        let deliveries = self.world.get("/deliveries");
        let delivery = deliveries["items"][0]["id"].as_str().map(str::to_owned).unwrap();
        let held = self.run("core-auth", "held");
        let mut paths: Vec<String> = [
            "/",
            "/?state=failed",
            "/?search=nothing-has-this-name",
            "/?sort=behind",
            "/mirrors/pay-api",
            "/mirrors/pay-ledger",
            "/mirrors/core-auth",
            "/mirrors/core-docs",
            "/mirrors/infra-modules",
            "/mirrors/infra-state",
            "/mirrors/core-auth/references",
            "/mirrors/core-auth/run",
            "/mirrors/core-auth/run?set=releases",
            "/mirrors/core-auth/inputs",
            "/mirrors/site/inputs",
            "/mirrors/site/inputs/edit",
            "/mirrors/site/inputs/edit?tab=yaml",
            "/mirrors/pay-api/compare",
            "/mirrors/pay-ledger/compare",
            "/mirrors/pay-ledger/run",
            "/mirrors/pay-api/edit",
            "/mirrors/site/edit",
            "/mirrors/site/edit?tab=yaml",
            "/new",
            "/new?tab=yaml",
            "/runs",
            "/runs?state=failed",
            "/conflicts",
            "/conflicts?mirror=pay-ledger",
            "/conflicts/settle?mirror=pay-ledger&reference=refs/heads/main&choice=both-source",
            "/deliveries",
            "/audit",
        ]
        .map(str::to_owned)
        .to_vec();
        paths.extend([
            self.conflict(),
            self.run("pay-api", "succeeded"),
            self.run("core-docs", "refused"),
            self.run("infra-modules", "failed"),
            format!("{held}/approve"),
            held,
            format!("/deliveries/{delivery}"),
            self.wrote("pay-api"),
            format!("{}/undo", self.wrote("pay-api")),
        ]);
        let running = self.runs("pay-web", "running");
        paths.extend(running.map(|id| format!("/runs/{id}")));
        paths
    }
}

fn topics(it: &Pair) {
    let value = it.source.get(MAIN).unwrap();
    for number in 0..12 {
        it.source.set_ref(&format!("refs/heads/topic/{number}"), &value);
    }
    it.source.set_ref("refs/heads/release/1.4", &value);
    it.source.tag_light("v1.4.0", &value);
}
