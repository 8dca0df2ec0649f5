//! The rules of the inputs, one by one.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use clap::Parser;
use engine::decide::{Force, OldValue};
use gitwire::{RefName, parse_oid};
use secrecy::ExposeSecret;
use tempfile::NamedTempFile;

use super::*;

mod addresses;
mod references;
mod secrets;

const SHA: &str = "1234567890123456789012345678901234567890";
const ZEROS: &str = "0000000000000000000000000000000000000000";
const CANARY: &str = "canary-7f3a";

/// The inputs as somebody types and sets them; both addresses are given by variables.
struct Given {
    arguments: Vec<String>,
    variables: Vec<(&'static str, OsString)>,
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

fn given(arguments: &[&str]) -> Given {
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    Given {
        arguments,
        variables: Vec::new(),
    }
    .with("SOURCE_URL", "https://source.example/app.git")
    .with("TARGET_URL", "https://target.example/app.git")
}

impl Given {
    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.retain(|(other, _)| *other != name);
        self.variables.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(other, _)| *other != name);
        self
    }

    fn request(&self) -> Result<Request, UsageError> {
        let line = Line::parse_from(std::iter::once(&"test".to_owned()).chain(&self.arguments));
        let look = |name: &str| {
            self.variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.clone())
        };
        Variables::read(look).and_then(|variables| request(&line.flags, &variables))
    }

    fn accepted(&self) -> Request {
        self.request().unwrap_or_else(|error| panic!("refused: {error}"))
    }

    fn refused(&self) -> UsageError {
        self.request().expect_err("these inputs are wrong")
    }
}

fn name(name: &str) -> RefName {
    RefName::new(name).unwrap()
}

fn at(hex: &str) -> OldValue {
    OldValue::At(parse_oid(hex.as_bytes()).unwrap())
}

fn told(request: &Request, reference: &str) -> Option<OldValue> {
    request.hints.get(&name(reference)).and_then(|hints| hints.person)
}

fn token_and_user(credentials: &Credentials) -> (Option<&str>, Option<&str>) {
    match credentials {
        Credentials::Token { user, token, .. } => (Some(token.expose_secret()), user.as_deref()),
        _ => (None, None),
    }
}

#[test]
fn variables_alone_make_a_run_of_all_branches_and_tags() {
    let request = given(&[]).accepted();
    assert_eq!(
        request.ends.source.url.to_string(),
        "https://source.example/app.git"
    );
    assert_eq!(
        request.ends.target.url.to_string(),
        "https://target.example/app.git"
    );
    assert_eq!(request.scope.patterns(), ["refs/heads/*", "refs/tags/*"]);
    assert_eq!(
        (request.direction, request.policy),
        (Direction::OneWay, Policy::default())
    );
    assert!(request.hints.is_empty() && !request.atomic && !request.dry_run);
    assert_eq!(request.timeouts, Timeouts::default());
    assert!(matches!(request.ends.source.credentials, Credentials::Helpers));
}

#[test]
fn a_flag_wins_over_its_variable() {
    let request = given(&[
        "--source-url",
        "/flag.git",
        "-r",
        "refs/heads/flag",
        "--sync-delete=false",
    ])
    .with("REFERENCE", "refs/heads/variable")
    .with("SYNC_DELETE", "true")
    .accepted();
    assert_eq!(request.ends.source.url.to_string(), "/flag.git");
    assert_eq!(request.scope.patterns(), ["refs/heads/flag"]);
    assert!(!request.policy.sync_delete.target);
    let argument = given(&["/argument.git", "/other.git"]).accepted();
    assert_eq!(argument.ends.source.url.to_string(), "/argument.git");
    assert_eq!(argument.ends.target.url.to_string(), "/other.git");
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let request = given(&[])
        .with("SOURCE_TOKEN", "")
        .with("SOURCE_USERNAME", "")
        .with("REFERENCE_SHA_OLD", "")
        .with("SYNC_DELETE", "")
        .accepted();
    assert!(matches!(request.ends.source.credentials, Credentials::Helpers));
    assert!(request.hints.is_empty() && !request.policy.sync_delete.target);
}

#[test]
fn an_unresolved_expression_names_its_variable_and_not_its_value() {
    for variable in [
        "SOURCE_URL",
        "TARGET_URL",
        "SOURCE_TOKEN",
        "TARGET_TOKEN",
        "SOURCE_USERNAME",
        "TARGET_USERNAME",
        "REFERENCE",
        "REFERENCE_SHA_OLD",
        "SYNC_DELETE",
    ] {
        let error = given(&[]).with(variable, format!("<+{CANARY}>")).refused();
        assert_eq!(error, UsageError::Unresolved(variable));
        assert!(!error.to_string().contains(CANARY));
        let error = given(&[])
            .with(variable, OsString::from_vec(b"\xff".to_vec()))
            .refused();
        assert_eq!(error, UsageError::NotUtf8(variable));
    }
}

#[test]
fn sync_delete_is_true_or_false_and_the_error_lists_the_values() {
    for (value, expected) in [
        ("true", true),
        ("false", false),
        ("null", false),
        ("", false),
        (" true\n", true),
    ] {
        let request = given(&[]).with("SYNC_DELETE", value).accepted();
        assert_eq!(
            request.policy.sync_delete,
            Both {
                source: false,
                target: expected
            },
            "{value:?}"
        );
    }
    for value in ["yes", "1", "TRUE", "True", "on"] {
        let error = given(&[]).with("SYNC_DELETE", value).refused().to_string();
        assert!(
            error.contains("true, false, null or empty") && error.contains("SYNC_DELETE"),
            "{error}"
        );
    }
    assert!(given(&["--sync-delete"]).accepted().policy.sync_delete.target);
    assert!(
        given(&["--sync-delete=true"])
            .accepted()
            .policy
            .sync_delete
            .target
    );
    assert!(matches!(
        given(&["--sync-delete=maybe"]).refused(),
        UsageError::SyncDelete { .. }
    ));
}

#[test]
fn sync_delete_does_not_swallow_the_next_argument() {
    let request = given(&["--sync-delete", "/a.git", "/b.git"]).accepted();
    assert_eq!(request.ends.source.url.to_string(), "/a.git");
}

#[test]
fn two_way_takes_nothing_that_would_have_to_guess_a_side() {
    let lease = format!("--force-with-lease=refs/heads/main:{SHA}");
    for (argument, origin) in [
        (lease.as_str(), "--force-with-lease"),
        ("--force=always", "--force=always"),
        ("--atomic", "--atomic"),
        ("--sync-delete", "--sync-delete"),
    ] {
        assert_eq!(
            given(&["--two-way", argument]).refused(),
            UsageError::TwoWay(origin)
        );
    }
    let old = given(&["--two-way", "-r", "refs/heads/main"]).with("REFERENCE_SHA_OLD", SHA);
    assert_eq!(old.refused(), UsageError::TwoWay("REFERENCE_SHA_OLD"));
    assert_eq!(
        given(&["--two-way"]).with("SYNC_DELETE", "true").refused(),
        UsageError::TwoWay("SYNC_DELETE=true")
    );

    let request = given(&["--two-way", "--force=never", "--sync-delete=false"])
        .with("REFERENCE_SHA_OLD", "null")
        .accepted();
    assert_eq!(
        (request.direction, request.policy.force),
        (Direction::TwoWay, Force::Never)
    );
}

#[test]
fn times_are_read_as_people_write_them() {
    let request = given(&[
        "--connect-timeout",
        "3",
        "--idle-timeout",
        "2m",
        "--report-timeout",
        "1h",
    ])
    .accepted();
    let expected = Timeouts {
        connect: Duration::from_secs(3),
        idle: Duration::from_secs(120),
        report: Duration::from_secs(3600),
    };
    assert_eq!(request.timeouts, expected);
    for (text, milliseconds) in [
        ("10s", 10_000),
        ("30min", 1_800_000),
        ("250ms", 250),
        (" 5 s", 5_000),
        ("7sec", 7_000),
    ] {
        assert_eq!(
            time::parse("idle-timeout", text).unwrap(),
            Duration::from_millis(milliseconds),
            "{text}"
        );
    }
    for text in [
        "",
        "s",
        "0",
        "0s",
        "-1",
        "1.5s",
        "10 parsecs",
        "99999999999999999999",
        "18446744073709551615h",
        "9999999h",
    ] {
        assert!(
            matches!(time::parse("idle-timeout", text), Err(UsageError::Time { .. })),
            "{text}"
        );
    }
}

#[test]
fn other_flags_reach_the_request() {
    let request = given(&[
        "-n",
        "--atomic",
        "--force",
        "always",
        "-o",
        "ci.skip",
        "--push-option=a=b",
    ])
    .accepted();
    assert!(request.dry_run && request.atomic);
    assert_eq!(request.policy.force, Force::Always);
    assert_eq!(request.push_options, ["ci.skip", "a=b"]);
    assert_eq!(given(&["-o", "a\nb"]).refused(), UsageError::PushOption);

    let file = NamedTempFile::new().unwrap();
    let request = given(&["--ca-file", file.path().to_str().unwrap()]).accepted();
    assert_eq!(request.ends.target.ca_file.as_deref(), Some(file.path()));
    assert!(matches!(
        given(&["--ca-file", "/does/not/exist"]).refused(),
        UsageError::CaFile { .. }
    ));
}
