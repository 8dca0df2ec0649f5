use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::config;
use crate::checked::Config;
use crate::load::load_text;

fn read(text: &str) -> Config {
    load_text(Path::new("/etc/refsync/refsync.yaml"), text)
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// All of a configuration but where it was read.
fn meaning(config: &Config) -> String {
    let mut config = config.clone();
    config.files.clear();
    config.includes.clear();
    config.warnings.clear();
    for mirror in config.mirrors.values_mut() {
        std::sync::Arc::make_mut(mirror).origin.clear();
    }
    format!("{config:#?}")
}

fn mostly<T: Strategy<Value = Value> + 'static>(value: T) -> BoxedStrategy<Option<Value>> {
    proptest::option::of(value).boxed()
}

fn one_of(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    proptest::sample::select(words).prop_map(Value::from).boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

/// An object of those keys that have a value.
fn object(keys: Vec<(&'static str, BoxedStrategy<Option<Value>>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    values
        .prop_map(move |values| {
            let pairs = names.iter().zip(values);
            pairs
                .filter_map(|(name, value)| Some(((*name).to_owned(), value?)))
                .collect()
        })
        .prop_map(Value::Object)
        .boxed()
}

fn how() -> Vec<(&'static str, BoxedStrategy<Option<Value>>)> {
    let spans: &[_] = &["1s", "90s", "1h30m", "2d", "1500ms"];
    vec![
        (
            "references",
            mostly(Just(json!([
                "refs/heads/*",
                "refs/heads/a{{b}",
                "^refs/heads/tmp/*"
            ]))),
        ),
        ("force", mostly(one_of(&["lease", "never"]))),
        ("atomic", mostly(flag())),
        (
            "pushOptions",
            mostly(Just(json!(["ci.skip", "a: b # c", "{{x}"]))),
        ),
        ("sweep", mostly(one_of(&["5m", "off", "1h30m"]))),
        (
            "triggers",
            mostly(
                proptest::sample::subsequence(vec!["manual", "webhook", "sweep"], 1..=3)
                    .prop_map(|words| json!(words)),
            ),
        ),
        (
            "guard",
            mostly(
                (0..1000_u64, 0.0..100.0_f64)
                    .prop_map(|(references, percent)| json!({"references": references, "percent": percent})),
            ),
        ),
        (
            "timeouts",
            mostly(object(vec![
                ("connect", mostly(one_of(spans))),
                ("report", mostly(one_of(spans))),
            ])),
        ),
        ("description", mostly("[ -z|}~é]{0,30}".prop_map(Value::from))),
        (
            "labels",
            mostly(Just(json!({"team": "pay", "a/b": "yes", "c": "1.10"}))),
        ),
    ]
}

fn mirror() -> BoxedStrategy<Value> {
    let side = |host: &'static str| {
        let urls = [
            "https://HOST/a%20b/{{c}.git",
            "https://me@HOST/x",
            "git@HOST:acme/x.git",
            "ssh://HOST:2222/~x/y",
            "/srv/x y.git",
        ];
        let urls: Vec<_> = urls.iter().map(|url| url.replace("HOST", host)).collect();
        proptest::sample::select(urls).prop_map(Value::from).boxed()
    };
    let custom = json!({
        "url": "https://custom.example/x", "provider": "custom", "insecure": true,
        "trigger": {"reference": "<+trigger.payload.ref>", "signature": {"header": "X-S", "hmac": "sha256"}},
    });
    let source = prop_oneof![4 => side("github.com"), 1 => Just(custom)];
    let mut keys = how();
    keys.push(("source", source.prop_map(Some).boxed()));
    keys.push((
        "target",
        Just(Some(
            json!({"url": "https://ghe.corp.example/x", "credential": "ghe"}),
        ))
        .boxed(),
    ));
    keys.push(("direction", mostly(one_of(&["one-way", "two-way"]))));
    keys.push(("syncDelete", mostly(flag())));
    keys.push((
        "inputSets",
        mostly(Just(json!([
            {"name": "one", "references": ["refs/heads/x"], "referenceShaOld": "0".repeat(40)},
            {"name": "two", "syncDelete": true},
        ]))),
    ));
    object(keys)
}

fn whole() -> impl Strategy<Value = Value> {
    let defaults = how()
        .into_iter()
        .filter(|(key, _)| !matches!(*key, "description" | "labels"))
        .collect();
    (object(defaults), proptest::collection::vec(mirror(), 0..4), any::<bool>()).prop_map(|(defaults, mirrors, more)| {
        let named = mirrors.into_iter().enumerate().map(|(index, mut mirror)| {
            mirror["name"] = format!("m{index}").into();
            mirror["target"]["url"] = format!("https://ghe.corp.example/x{index}").into();
            mirror
        });
        let mut whole = json!({
            "version": 1,
            "credentials": {
                "gh": {"host": "github.com", "token": "${env:A}", "webhookSecret": ["${env:B}", "${file:c}"]},
                "ghe": {"host": "ghe.corp.example", "provider": "github", "token": "${command:awk '{print $1}' x}", "caFile": "ca.pem"},
            },
            "defaults": defaults,
            "mirrors": named.collect::<Vec<_>>(),
        });
        if more {
            whole["database"] = "postgres://me:${env:PW}@h/d".into();
            whole["hooksListen"] = "0.0.0.0:9000".into();
            whole["publicUrl"] = "https://x.example/".into();
            whole["allowHosts"] = json!(["*.corp.example"]);
            whole["notifications"] = json!([{"kind": "slack", "url": "${env:SLACK}", "events": ["held"]}, {"url": "https://h/x"}]);
            whole["limits"] = json!({"runs": 3, "grace": "1m", "hookRate": 7});
            whole["retention"] = json!({"days": 7});
            whole["metrics"] = json!({"perMirror": true});
        }
        whole
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_rendered_means_the_same(whole in whole()) {
        let first = read(&crate::yaml::emit(&whole).unwrap());
        let text = config(&first);
        let second = read(&text);
        prop_assert_eq!(meaning(&first), meaning(&second), "{}", text);
        prop_assert_eq!(text, config(&second));
    }

    #[test]
    fn no_bytes_make_it_panic(at in 0..4000_usize, with in "\\PC{0,6}") {
        let example = include_str!("../load/tests/example.yaml");
        let cut = (0..=at.min(example.len())).rev().find(|at| example.is_char_boundary(*at)).unwrap();
        let text = format!("{}{with}{}", &example[..cut], &example[cut..]);
        let _ = load_text(Path::new("/etc/refsync/refsync.yaml"), &text);
    }
}

#[test]
fn one_mirror_is_rendered_as_people_write_it() {
    let config = read(include_str!("../load/tests/example.yaml"));
    insta::assert_snapshot!(super::mirror(&config.mirrors["core-auth"]));
    let spec = super::spec(&config.mirrors["app"]);
    let again = crate::load::mirror(&config, &spec).unwrap();
    assert_eq!(again.fingerprint, config.mirrors["app"].fingerprint);
}
