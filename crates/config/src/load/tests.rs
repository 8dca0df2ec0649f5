use std::path::{Path, PathBuf};

use engine::decide::{Direction, Force};

use super::{Config, Mirror, MirrorSpec, Problem, Problems, load, mirror};

/// A directory with files, in which `refsync.yaml` is read.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self) -> Result<Config, Problems> {
        load(&self.path("refsync.yaml"))
    }
}

fn read(text: &str) -> Result<Config, Problems> {
    Files::new(&[("refsync.yaml", text)]).load()
}

/// All problems, each as `line:column: path: message`.
fn problems(text: &str) -> String {
    let files = Files::new(&[("refsync.yaml", text)]);
    let problems = files.load().unwrap_err();
    let prefix = format!("{}:", files.path("refsync.yaml").display());
    let lines = problems.0.iter().map(Problem::to_string);
    let lines: Vec<_> = lines.map(|line| line.replace(&prefix, "")).collect();
    lines.join("\n")
}

const EXAMPLE: &str = include_str!("tests/example.yaml");

#[test]
fn the_example_of_the_documentation_is_read_whole() {
    let config = read(EXAMPLE).unwrap();
    let names: Vec<_> = config.mirrors.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "app",
            "core-auth",
            "from-an-unknown-forge",
            "pay-api",
            "pay-ledger",
            "pay-web"
        ]
    );
    let auth = &config.mirrors["core-auth"];
    assert_eq!(
        auth.ends.source.url.to_string(),
        "https://git.harness.io/acct/org/core/auth.git"
    );
    assert!(auth.policy.sync_delete.target && !auth.policy.sync_delete.source);
    assert_eq!(auth.labels["team"], "core");
    assert_eq!(config.mirrors["pay-web"].labels["team"], "pay");
    assert_eq!(
        auth.scope.patterns(),
        ["refs/heads/*", "refs/tags/*", "^refs/heads/tmp/*"]
    );
    assert_eq!(auth.ends.target.credential.as_ref().unwrap().name, "ghe");
    let app = &config.mirrors["app"];
    assert_eq!(
        (app.direction, app.policy.force),
        (Direction::TwoWay, Force::Lease)
    );
    let names: Vec<_> = app.all_input_sets().into_iter().map(|set| set.name).collect();
    assert_eq!(names, ["forward", "reverse", "releases"]);
    let other = &config.mirrors["from-an-unknown-forge"];
    assert!(other.ends.source.trigger.is_some());
    assert_eq!(auth.origin, "refsync.yaml:39");
}

/// A file with one credential and these mirrors.
fn with_mirrors(mirrors: &str) -> String {
    format!(
        "version: 1\ncredentials:\n  gh: {{host: github.com, token: \"${{env:T}}\"}}\nmirrors:\n{mirrors}"
    )
}

#[test]
fn misspelt_keys_and_words_of_all_mirrors_are_told_at_once_with_what_was_meant() {
    let told = problems(
        "version: 1
lisen: 127.0.0.1:80
defaults: {force: alwys}
credentials:
  a: {host: github.com, provider: githup}
mirrors:
  - {name: a, source: https://h/a, target: https://i/a, syncDelet: true}
  - name: b
    source: {url: https://h/b, credentail: a}
    target: https://i/b
    sweep: 5
limits: {runs: many}
",
    );
    insta::assert_snapshot!(told);
}

#[test]
fn what_only_sense_can_tell_is_told_at_once_too() {
    let told = problems(
        "version: 2
listen: localhost:8080
publicUrl: refsync.example
database: mysql://h/d
credentials:
  unknown: {host: git.corp.example}
  url: {host: 'https://github.com'}
allowHosts: ['*']
guard: {percent: 120}
retention: {days: 0}
limits: {lease: 10ms}
notifications:
  - {kind: slack, url: 'https://hooks.slack.com/services/T0/B0/CANARY'}
",
    );
    assert!(!told.contains("CANARY"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn a_mirror_that_makes_no_sense_says_why_and_where() {
    let told = problems(&with_mirrors(
        "  - name: host
    source: https://github.com/a/b
    target: git://other.example/a
    schedule: every day
  - name: two
    direction: two-way
    force: always
    source: {url: 'https://other.example/x', credential: gh}
    target: {url: 'https://github.com/x', credential: hg}
  - name: same
    source: https://github.com/A/b.git
    target: git@github.com:a/B
    syncDelete: {toTarget: true}
    references: [main, 'refs/heads/<+input>']
  - name: sets
    source: https://github.com/c
    target: https://other.example/c
    inputSets:
      - {name: forward}
      - {name: x, reverse: true}
      - {name: x, referenceShaOld: abc}
  - name: '../etc'
    source: https://me:CANARY@github.com/d
    target: ''
",
    ));
    assert!(!told.contains("CANARY"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn variables_are_all_known_and_all_used() {
    let told = problems(
        "version: 1
templates:
  t: {name: '{a}', source: 'https://h/{a}/{reop}', target: 'https://i/{a}'}
mirrors:
  - {template: t, for: [{a: x, repo: y}]}
  - {template: u}
  - {name: plain, source: 'https://h/p', target: 'https://i/p', for: [{team: x}, {syncDelte: true}, {a: []}]}
  - {name: '{x}', source: 'https://h/p', target: 'https://i/p'}
",
    );
    insta::assert_snapshot!(told);
}

#[test]
fn lists_multiply_and_braces_can_be_written() {
    let config = read(
        "version: 1
templates:
  t: {name: '{a}-{b}', description: 'a {{brace}', source: 'https://h/{a}', target: 'https://i/{a}/{b}'}
mirrors:
  - {template: t, for: [{a: [x, y], b: [1.10, 2]}]}
",
    )
    .unwrap();
    let names: Vec<_> = config.mirrors.keys().map(String::as_str).collect();
    assert_eq!(names, ["x-1.10", "x-2", "y-1.10", "y-2"]);
    assert_eq!(config.mirrors["x-2"].description.as_deref(), Some("a {brace}"));
}

#[test]
fn more_than_a_hundred_thousand_mirrors_are_refused_before_they_are_made() {
    let list = (0..400).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let told = problems(&format!(
        "version: 1\nmirrors:\n  - {{name: '{{a}}-{{b}}-{{c}}', source: 'https://h/{{a}}', target: 'https://i/{{a}}', for: [{{a: [{list}], b: [{list}], c: [{list}]}}]}}\n"
    ));
    assert!(told.contains("at most 100000 mirrors"), "{told}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for key in ["token", "hookToken", "webhookSecret"] {
        for value in [
            "CANARY",
            "CANARY${env:X}",
            "${CANARY}",
            "${env:CANARY CANARY}",
            "${env:X",
        ] {
            let told = problems(&format!(
                "version: 1\ncredentials:\n  a: {{host: github.com, {key}: \"{value}\"}}\n"
            ));
            assert!(!told.contains("CANARY"), "{told}");
            assert!(
                told.starts_with("3:") && told.contains(&format!("credentials.a.{key}: ")),
                "{told}"
            );
        }
    }
    for database in ["postgres://me:CANARY@h/d", "postgres://h/d?password=CANARY"] {
        let told = problems(&format!("version: 1\ndatabase: {database}\n"));
        assert!(told.contains("${env:NAME}") && !told.contains("CANARY"), "{told}");
    }
    read("version: 1\ndatabase: 'postgres://me:${env:PW}@h/d'\n").unwrap();
}

#[test]
fn a_list_is_no_map() {
    for (text, place) in [
        ("[]\n", "1:1: found a list"),
        ("version: 1\nguard: [1, 2]\n", "2:8: guard: found a list"),
        ("version: 1\ndefaults: []\n", "2:11: defaults: found a list"),
        (
            "version: 1\ntemplates: {a: []}\n",
            "2:16: templates.a: found a list",
        ),
        ("version: 1\nmirrors: [[a]]\n", "2:11: mirrors[0]: found a list"),
    ] {
        let told = problems(text);
        assert!(told.contains(&format!("{place}, expected a map")), "{told}");
    }
}

#[test]
fn no_value_of_the_wrong_kind_is_repeated() {
    for text in [
        "version: 1\ncredentials: {a: {host: github.com, maxConcurrent: CANARY}}\n",
        "version: 1\ncredentials: {a: {host: github.com, token: {CANARY: x}}}\n",
        "version: 1\ncredentials: {a: {host: github.com, insecure: CANARY}}\n",
        "version: 1\ncredentials: [CANARY]\n",
        "version: CANARY\n",
        "CANARY\n",
        "version: 1\nnotifications: [CANARY]\n",
        "version: 1\nkey: \"CANARY\n",
        "version: 1\ntoken: CANARY: x\n",
    ] {
        let told = problems(text);
        assert!(!told.contains("CANARY"), "{told}");
    }
}

#[test]
fn the_longest_match_picks_the_credential_and_only_for_its_host() {
    let config = read(
        "version: 1
credentials:
  all: {host: github.com, token: '${env:A}'}
  acme: {host: github.com/acme, token: '${env:B}'}
mirrors:
  - {name: a, source: 'https://github.com/acme/x', target: 'https://github.com/other/x'}
  - {name: b, source: 'https://github.com.evil.example/acme/x', target: 'https://github.com:8443/acme/x'}
",
    )
    .unwrap();
    let name = |end: &crate::MirrorEnd| end.credential.as_ref().map(|credential| credential.name.clone());
    let a = &config.mirrors["a"].ends;
    assert_eq!(
        (name(&a.source).as_deref(), name(&a.target).as_deref()),
        (Some("acme"), Some("all"))
    );
    let b = &config.mirrors["b"].ends;
    assert_eq!((name(&b.source), name(&b.target)), (None, None));
}

#[test]
fn of_credentials_that_match_alike_none_is_picked() {
    let with = |source: &str| {
        format!(
            "version: 1\ncredentials: {{a: {{host: github.com, token: '${{env:A}}'}}, b: {{host: 'github.com:443', token: '${{env:B}}'}}}}\n\
             mirrors: [{{name: m, source: {source}, target: 'https://other.example/x'}}]\n"
        )
    };
    let told = problems(&with("'https://github.com/acme/x'"));
    assert_eq!(
        told,
        "3:29: mirrors[0].source: the credentials `a`, `b` match this address alike: name one of them as `credential`"
    );
    let config = read(&with("{url: 'https://github.com/acme/x', credential: a}")).unwrap();
    let chosen = config.mirrors["m"].ends.source.credential.as_ref().unwrap();
    assert_eq!(chosen.name, "a");
}

#[test]
fn a_token_in_clear_text_is_a_warning_unless_it_stays_on_this_machine_or_is_allowed() {
    let warnings = |host: &str, more: &str| {
        let text = format!(
            "version: 1
credentials: {{c: {{host: '{host}', provider: gitea, {more}}}}}
mirrors: [{{name: a, source: 'http://{host}/a', target: 'https://i/a'}}]
"
        );
        read(&text).unwrap().warnings.len()
    };
    assert_eq!(warnings("h", "token: '${env:A}'"), 1);
    assert_eq!(warnings("h", "hookToken: '${env:A}'"), 1);
    assert_eq!(warnings("h", "token: '${env:A}', allowHttp: true"), 0);
    assert_eq!(warnings("h", "insecure: true"), 0);
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(warnings(host, "token: '${env:A}'"), 0, "{host}");
    }
}

#[test]
fn mirrors_that_undo_each_other_are_refused() {
    let opposite = |first: &str, second: &str| {
        with_mirrors(&format!(
            "  - {{name: a, source: 'https://h/x', target: 'https://i/x', references: {first}}}\n  - {{name: b, source: 'https://I/x.git', target: 'https://h/x', references: {second}}}\n"
        ))
    };
    let told = problems(&opposite("['refs/heads/*']", "['refs/heads/main']"));
    assert!(told.contains("two-way") && told.starts_with("6:"), "{told}");
    assert!(
        read(&opposite("['refs/heads/a/*']", "['refs/heads/b/*']"))
            .unwrap()
            .warnings
            .is_empty()
    );
    let kept_apart = read(&opposite(
        "['refs/heads/*', '^refs/heads/b/*']",
        "['refs/heads/b/*']",
    ))
    .unwrap();
    assert_eq!(kept_apart.warnings.len(), 1);
}

#[test]
fn a_schedule_takes_the_place_of_an_inherited_sweep_and_back() {
    let config = read(
        "version: 1
defaults: {schedule: '0 2 * * *'}
mirrors:
  - {name: a, source: 'https://h/a', target: 'https://i/a'}
  - {name: b, source: 'https://h/b', target: 'https://i/b', sweep: 1h30m}
  - {name: c, source: 'https://h/c', target: 'https://i/c', sweep: off}
  - {name: d, source: 'https://h/d', target: 'https://i/d', triggers: [manual]}
",
    )
    .unwrap();
    let when = |name: &str| {
        let mirror = &config.mirrors[name];
        (
            mirror.schedule.is_some(),
            mirror.sweep.map(|sweep| sweep.as_secs()),
            mirror.webhooks,
        )
    };
    assert_eq!(when("a"), (true, None, true));
    assert_eq!(when("b"), (false, Some(5400), true));
    assert_eq!(when("c"), (false, None, true));
    assert_eq!(when("d"), (false, None, false));
}

#[test]
fn included_files_are_read_and_their_problems_are_theirs() {
    let files = Files::new(&[
        (
            "refsync.yaml",
            "version: 1\ninclude: ['mirrors.d/*.yaml', more.yaml]\n",
        ),
        ("mirrors.d/a.yaml", "mirrors:\n  - {name: a, template: t}\n"),
        ("mirrors.d/b.yaml", "# nothing\n"),
        (
            "more.yaml",
            "templates: {t: {source: 'https://h/x', target: 'https://i/x'}}\n",
        ),
    ]);
    let config = files.load().unwrap();
    assert_eq!(config.mirrors["a"].origin, "a.yaml:2");
    assert_eq!(config.files.len(), 4);
    std::fs::write(files.path("mirrors.d/b.yaml"), "listen: 127.0.0.1:80\n").unwrap();
    let problem = &files.load().unwrap_err().0[0];
    assert_eq!(
        (problem.file.as_deref(), problem.at),
        (Some(files.path("mirrors.d/b.yaml").as_path()), Some((1, 1)))
    );
    std::fs::write(
        files.path("mirrors.d/b.yaml"),
        "mirrors: [{name: a, source: 'https://h/y', target: 'https://i/y'}]\n",
    )
    .unwrap();
    assert!(
        files
            .load()
            .unwrap_err()
            .to_string()
            .contains("already, at a.yaml:2")
    );
    std::fs::remove_file(files.path("more.yaml")).unwrap();
    assert!(
        files
            .load()
            .unwrap_err()
            .to_string()
            .contains("there is no file more.yaml")
    );
}

#[test]
fn a_file_that_is_not_there_or_no_text_says_so() {
    let missing = load(Path::new("nowhere/refsync.yaml")).unwrap_err();
    assert!(
        missing
            .to_string()
            .starts_with("nowhere/refsync.yaml: it cannot be read"),
        "{missing}"
    );
    let files = Files::new(&[("refsync.yaml", "")]);
    std::fs::write(files.path("refsync.yaml"), [0xff, 0xfe]).unwrap();
    assert!(files.load().unwrap_err().to_string().contains("not UTF-8"));
}

fn api(json: &str) -> Result<Mirror, String> {
    let config = read(
        "version: 1
credentials: {gh: {host: github.com, token: '${env:T}'}}
allowHosts: ['*.corp.example']
defaults: {sweep: 10m}
",
    )
    .unwrap();
    let spec: MirrorSpec = serde_json::from_str(json).map_err(|error| error.to_string())?;
    mirror(&config, &spec).map_err(|problems| Problems(problems).to_string())
}

#[test]
fn a_mirror_made_over_the_api_has_the_defaults_and_no_powers_of_its_own() {
    let made = api(r#"{"name": "a", "source": "https://github.com/a/{b}", "target": {"url": "https://x.corp.example/b"}}"#).unwrap();
    assert_eq!(made.sweep, Some(std::time::Duration::from_secs(600)));
    assert_eq!(made.origin, "api");
    assert_eq!(made.ends.source.credential.as_ref().unwrap().name, "gh");
    for (json, why) in [
        (
            r#"{"name": "a", "source": "/srv/a", "target": "https://github.com/b"}"#,
            "own disk",
        ),
        (
            r#"{"name": "a", "source": "file:///srv/a", "target": "https://github.com/b"}"#,
            "own disk",
        ),
        (
            r#"{"name": "a", "source": "../a", "target": "https://github.com/b"}"#,
            "own disk",
        ),
        (
            r#"{"name": "a", "source": "ext::sh -c x", "target": "https://github.com/b"}"#,
            "source: ",
        ),
        (
            r#"{"name": "a", "source": "ssh://-oProxyCommand=x/a", "target": "https://github.com/b"}"#,
            "starts with `-`",
        ),
        (
            r#"{"name": "a", "source": "https://10.0.0.1/a", "target": "https://github.com/b"}"#,
            "allowHosts",
        ),
        (
            r#"{"name": "a", "source": {"url": "https://github.com/a", "credential": "x"}, "target": "https://github.com/b"}"#,
            "no credential `x`",
        ),
        (
            r#"{"name": "a", "source": {"url": "https://x.corp.example/a", "credential": "gh"}, "target": "https://github.com/b"}"#,
            "only to its host",
        ),
        (
            r#"{"name": "a", "source": {"url": "https://github.com/a", "token": "t"}, "target": "https://github.com/b"}"#,
            "unknown field",
        ),
    ] {
        let error = api(json).unwrap_err();
        assert!(error.contains(why), "{json}: {error}");
    }
}

#[test]
fn a_fingerprint_tells_how_a_mirror_runs_and_not_where_it_is_written() {
    let text = |mirror: &str| {
        format!(
            "version: 1\ncredentials: {{gh: {{host: github.com, token: '${{env:T}}'}}}}\nmirrors:\n{mirror}"
        )
    };
    let of = |text: &str| read(text).unwrap().mirrors["a"].fingerprint.clone();
    let a = "  - {name: a, source: 'https://github.com/a', target: 'https://i/a'}\n";
    let b = "  - {name: b, source: 'https://github.com/b', target: 'https://i/b'}\n";
    let first = of(&text(a));
    assert_eq!(first, of(&text(&format!("{b}{a}"))));
    assert_eq!(
        first,
        of(&text(&a.replace(
            "name: a",
            "name: a, description: x, labels: {team: y}"
        )))
    );
    assert_eq!(first, of(&text(&a.replace("name: a", "name: a, force: lease"))));
    assert_ne!(first, of(&text(&a.replace("name: a", "name: a, force: never"))));
    assert_ne!(first, of(&text(a).replace("env:T", "env:U")));
    assert_ne!(
        read(&text(a)).unwrap().fingerprint(),
        read(&text(&format!("{b}{a}"))).unwrap().fingerprint()
    );
}

#[test]
fn the_keys_of_a_mirror_are_those_of_its_type() {
    let schema = serde_json::to_value(schemars::schema_for!(MirrorSpec)).unwrap();
    let mut keys: Vec<_> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut known = crate::expand::MIRROR_KEYS.to_vec();
    keys.sort_unstable();
    known.sort_unstable();
    assert_eq!(keys, known);
}

#[test]
fn a_host_whose_credentials_differ_is_asked_as_the_most_modest_of_them_says() {
    let text = [
        "version: 1",
        "credentials:",
        "  all: {host: github.com, token: '${env:T}', maxConcurrent: 6}",
        "  acme: {host: github.com/acme, token: '${env:T}', maxConcurrent: 3}",
        "  other: {host: gitea.example, provider: gitea, token: '${env:T}'}",
    ];
    let config = read(&text.join("\n")).unwrap();
    assert_eq!(config.max_concurrent("github.com"), Some(3));
    assert_eq!(config.max_concurrent("gitea.example"), Some(8));
    assert_eq!(config.max_concurrent("unknown.example"), None);
}
