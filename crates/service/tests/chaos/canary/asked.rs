//! What people ask for, over the API, in a browser, with commands: all that is answered.

use testkit::{Run, until};

use super::{PATIENCE, REFSYNC, Scene, assert_clean};

impl Scene {
    /// What people ask for: hooks, a run without a mirror, a look at both sides.
    pub(super) fn ask(&self) {
        let token = format!("Bearer {}", self.serve.token());
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
        ];
        let post = |path: &str, body: String, expected: u16| {
            let answer = self.serve.request("POST", path, &headers, &body);
            assert_eq!(answer.status, expected, "{path}: {answer:?}");
            assert_clean(path, &format!("{}\n{}", answer.head, answer.body));
            answer.body
        };
        let registered = post("/api/v1/mirrors/app/hooks", "{}".into(), 200);
        let shown = |request: &testkit::Request| request.path.ends_with("/hooks") && request.is_authorized();
        assert!(
            self.servers[0].requests().iter().any(shown),
            "no hook was registered: {registered}"
        );
        post("/api/v1/mirrors/app/check", "{}".into(), 200);
        let drift = self
            .serve
            .request("GET", "/api/v1/mirrors/app/diff?live=true", &headers[..1], "");
        assert_eq!(drift.status, 200, "{drift:?}");
        assert_clean("a drift report", &drift.body);
        let [source, _, target] = &self.servers;
        let (source, target) = (source.url("acme/repo.git"), target.url("acme/repo.git"));
        let run = post(
            "/api/v1/runs",
            format!("{{\"sourceUrl\": \"{source}\", \"targetUrl\": \"{target}\"}}"),
            202,
        );
        let run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
        let path = format!(
            "/api/v1/runs/{}",
            run["id"].as_str().unwrap_or_else(|| panic!("{run}"))
        );
        until("the one-off run", PATIENCE, || {
            let answer = self.serve.request("GET", &path, &headers[..1], "");
            ["succeeded", "refused", "failed", "held"]
                .iter()
                .any(|state| answer.body.contains(&format!("\"state\":\"{state}\"")))
        });
    }

    /// Every page, as somebody sees it who signed in.
    pub(super) fn pages(&self) -> String {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let wrong = self
            .serve
            .request("POST", "/sign-in", &[form], "token=canary-caller&next=/");
        assert_eq!(wrong.status, 401, "{wrong:?}");
        let body = format!("token={}&next=/", self.serve.token());
        let entered = self.serve.request("POST", "/sign-in", &[form], &body);
        let cookie = entered
            .head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next())
            .unwrap_or_else(|| panic!("{entered:?}"));
        let page = |path: &str| {
            let answer = self.serve.request("GET", path, &[("cookie", cookie)], "");
            let expected: &[u16] = match path.ends_with("/compare") {
                // What asks a host is told no while its token is refused.
                true => &[200, 502],
                false => &[200],
            };
            assert!(
                expected.contains(&answer.status),
                "{path}: {}\n{}",
                answer.status,
                answer.body
            );
            answer.body
        };
        let mut all = wrong.body;
        for path in [
            "/",
            "/mirrors/app",
            "/mirrors/app/compare",
            "/mirrors/app/run",
            "/mirrors/proxied",
            "/new",
            "/runs",
            "/conflicts",
            "/conflicts/view?mirror=app&reference=refs/heads/clash",
            "/deliveries",
            "/audit",
        ] {
            all += &page(path);
        }
        for list in ["runs", "deliveries"] {
            let token = format!("Bearer {}", self.serve.token());
            let path = format!("/api/v1/{list}?limit=20");
            let answer = self.serve.request("GET", &path, &[("authorization", &token)], "");
            let items: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
            for item in items["items"].as_array().expect("a page") {
                all += &page(&format!("/{list}/{}", item["id"].as_str().expect("an id")));
            }
        }
        let (_, session) = cookie.split_once('=').expect("a cookie has a value");
        assert!(!all.contains(session), "the session is in a page");
        all
    }

    /// The command line, with a token that is right and one that is not; a copy of the database.
    pub(super) fn commands(&self) -> String {
        let command = |words: &[&str], token: &str| {
            let ended = Run::new(REFSYNC)
                .args(words)
                .directory(self.serve.directory())
                .env("REFSYNC_URL", self.serve.url(""))
                .env("REFSYNC_TOKEN", token)
                .env("PASSWORD", "canary-database-password")
                .run();
            (ended.code, format!("{}{}", ended.stdout, ended.stderr))
        };
        let token = self.serve.token();
        let mut all = String::new();
        for words in [
            &["mirror", "list"][..],
            &["mirror", "view", "app"],
            &["run", "list", "-o", "json"],
            &["audit", "list"],
            &["webhook", "deliveries", "app"],
        ] {
            let (code, told) = command(words, &token);
            assert_eq!(code, Some(0), "{words:?}: {told}");
            let (code, refused) = command(words, "canary-caller");
            assert_ne!(code, Some(0), "{words:?}: {refused}");
            all += &(told + &refused);
        }
        let (code, told) = command(&["db", "backup", "copy.db"], "");
        assert_eq!(code, Some(0), "{told}");
        all + &told
    }
}
