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
        Credentials::Token { user, token } => (Some(token.expose_secret()), user.as_deref()),
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
fn the_argument_and_the_flag_must_agree() {
    assert_eq!(
        given(&["/a.git", "--source-url", "/b.git"]).refused(),
        UsageError::TwoUrls(Side::Source)
    );
    assert_eq!(
        given(&["/a.git", "/b.git", "--target-url", "/c.git"]).refused(),
        UsageError::TwoUrls(Side::Target)
    );
    given(&["/a.git", "--source-url", "/a.git"]).accepted();
}

#[test]
fn a_missing_address_is_wrong_usage_and_comes_with_an_example() {
    for empty in ["", "  ", "null"] {
        let error = given(&[]).with("SOURCE_URL", empty).refused();
        assert_eq!(error, UsageError::NoUrl(Side::Source), "{empty:?}");
        assert!(error.hint().unwrap().contains("refsync sync https://"));
    }
    assert_eq!(
        given(&[]).without("TARGET_URL").refused(),
        UsageError::NoUrl(Side::Target)
    );
    assert_eq!(given(&["", "/b.git"]).refused(), UsageError::NoUrl(Side::Source));
}

#[test]
fn addresses_are_judged_before_the_run() {
    assert_eq!(
        given(&["/a.git", "git://host/app"]).refused(),
        UsageError::ReadOnly(Side::Target)
    );
    given(&["git://host/app", "/b.git"]).accepted();
    assert_eq!(
        given(&["git://host/app", "/b.git", "--two-way"]).refused(),
        UsageError::ReadOnly(Side::Source)
    );
    let error = given(&["https://me:s3cret@host/app", "/b.git"]).refused();
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn a_repository_is_not_mirrored_to_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for (source, target) in [
        ("https://host/app.git", "https://me@host/app.git/"),
        ("git@host:app.git", "git@host:app.git"),
        (path, &format!("file://{path}")),
        (
            path,
            &format!(
                "{path}/../{}",
                directory.path().file_name().unwrap().to_str().unwrap()
            ),
        ),
    ] {
        assert_eq!(
            given(&[source, target]).refused(),
            UsageError::SameRepository,
            "{source} {target}"
        );
    }
    given(&["https://host/app.git", "https://host/app2.git"]).accepted();
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
fn reference_never_means_everything_by_accident() {
    for empty in ["", "  ", "null", " null\n"] {
        assert!(
            matches!(
                given(&[]).with("REFERENCE", empty).refused(),
                UsageError::EmptyReference(_)
            ),
            "{empty:?}"
        );
    }
    assert_eq!(
        given(&[]).with("REFERENCE", "<+trigger.ref>").refused(),
        UsageError::Unresolved("REFERENCE")
    );
    for empty in ["", "null", "<+x>", "main", "refs/heads/a b", "^refs/heads/x"] {
        assert!(
            matches!(given(&["-r", empty]).refused(), UsageError::Reference { .. }),
            "{empty:?}"
        );
    }
    let mixed = given(&[]).with("REFERENCE", "refs/heads/main null");
    assert!(matches!(
        mixed.refused(),
        UsageError::Reference {
            origin: "REFERENCE",
            ..
        }
    ));
}

#[test]
fn reference_may_hold_several_names_and_patterns() {
    let request = given(&[])
        .with("REFERENCE", " refs/heads/* ^refs/heads/wip/*\n\trefs/tags/v1 ")
        .accepted();
    assert_eq!(
        request.scope.patterns(),
        ["refs/heads/*", "^refs/heads/wip/*", "refs/tags/v1"]
    );
    let flags = given(&["-r", "refs/heads/main", "--reference", "refs/tags/*"]).accepted();
    assert_eq!(flags.scope.patterns(), ["refs/heads/main", "refs/tags/*"]);
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
fn an_old_sha_is_a_hint_for_the_one_reference() {
    let main = |sha: &str| {
        given(&["-r", "refs/heads/main"])
            .with("REFERENCE_SHA_OLD", sha)
            .accepted()
    };
    assert_eq!(told(&main(SHA), "refs/heads/main"), Some(at(SHA)));
    assert_eq!(
        told(&main(&format!(" {SHA}\n")), "refs/heads/main"),
        Some(at(SHA))
    );
    assert_eq!(told(&main(ZEROS), "refs/heads/main"), Some(OldValue::Absent));
    assert_eq!(
        told(&main(&"0".repeat(64)), "refs/heads/main"),
        Some(OldValue::Absent)
    );
    assert_eq!(
        told(&main(&"Ab".repeat(32)), "refs/heads/main"),
        Some(at(&"ab".repeat(32)))
    );
    for unknown in ["", "null", " "] {
        assert_eq!(told(&main(unknown), "refs/heads/main"), None, "{unknown:?}");
    }
    let variables = given(&[])
        .with("REFERENCE", "refs/tags/v1")
        .with("REFERENCE_SHA_OLD", SHA)
        .accepted();
    assert_eq!(told(&variables, "refs/tags/v1"), Some(at(SHA)));
    let flag = given(&["-r", "refs/heads/main", "--reference-sha-old", ZEROS])
        .with("REFERENCE_SHA_OLD", SHA)
        .accepted();
    assert_eq!(told(&flag, "refs/heads/main"), Some(OldValue::Absent));
}

#[test]
fn an_old_sha_needs_exactly_one_full_name() {
    let wrong = |arguments: &[&str]| given(arguments).with("REFERENCE_SHA_OLD", SHA).refused();
    let needs = UsageError::OldValueNeedsOneName("REFERENCE_SHA_OLD");
    assert_eq!(wrong(&[]), needs);
    assert_eq!(wrong(&["-r", "refs/heads/*"]), needs);
    assert_eq!(wrong(&["-r", "refs/heads/a", "-r", "refs/heads/b"]), needs);
    assert_eq!(wrong(&["-r", "refs/heads/a", "-r", "refs/tags/*"]), needs);
    given(&["-r", "refs/heads/a", "-r", "refs/heads/a"])
        .with("REFERENCE_SHA_OLD", SHA)
        .accepted();
    // Not known: nothing to apply to anything.
    given(&[]).with("REFERENCE_SHA_OLD", "null").accepted();
}

#[test]
fn a_malformed_old_sha_is_wrong_usage() {
    for sha in [
        "main",
        "1234567",
        &SHA[1..],
        &format!("{SHA}0"),
        "g234567890123456789012345678901234567890",
        "0",
        "nil",
    ] {
        let error = given(&["-r", "refs/heads/main"])
            .with("REFERENCE_SHA_OLD", sha)
            .refused();
        assert_eq!(
            error,
            UsageError::OldValue {
                origin: "REFERENCE_SHA_OLD",
                value: sha.to_owned()
            }
        );
    }
    let flag = given(&["-r", "refs/heads/main", "--reference-sha-old", "x"]).refused();
    assert!(matches!(
        flag,
        UsageError::OldValue {
            origin: "--reference-sha-old",
            ..
        }
    ));
}

#[test]
fn leases_are_hints_for_any_reference_in_scope() {
    let lease = |value: &str| format!("--force-with-lease={value}");
    let request = given(&[
        &lease(&format!("refs/heads/a:{SHA}")),
        &lease("refs/heads/b:"),
        &lease(&format!("refs/tags/v1:{ZEROS}")),
    ])
    .accepted();
    assert_eq!(told(&request, "refs/heads/a"), Some(at(SHA)));
    assert_eq!(told(&request, "refs/heads/b"), Some(OldValue::Absent));
    assert_eq!(told(&request, "refs/tags/v1"), Some(OldValue::Absent));

    assert!(matches!(
        given(&[&lease("refs/heads/a")]).refused(),
        UsageError::Lease(_)
    ));
    assert!(matches!(
        given(&[&lease(&format!("a:{SHA}"))]).refused(),
        UsageError::Lease(_)
    ));
    for malformed in ["x", "null", "1234567"] {
        let error = given(&[&lease(&format!("refs/heads/a:{malformed}"))]).refused();
        assert!(
            matches!(
                error,
                UsageError::OldValue {
                    origin: "--force-with-lease",
                    ..
                }
            ),
            "{malformed}"
        );
    }
    let outside = given(&["-r", "refs/heads/b", &lease(&format!("refs/heads/a:{SHA}"))]).refused();
    assert_eq!(outside, UsageError::LeaseOutOfScope("refs/heads/a".into()));
}

#[test]
fn two_old_values_for_one_reference_must_agree() {
    let twice = |one: &str, other: &str| {
        let (one, other) = (
            format!("--force-with-lease=refs/heads/a:{one}"),
            format!("--force-with-lease=refs/heads/a:{other}"),
        );
        given(&[&one, &other])
    };
    assert_eq!(
        twice(SHA, "").refused(),
        UsageError::TwoOldValues("refs/heads/a".into())
    );
    twice(SHA, SHA).accepted();
    let both = [
        "-r",
        "refs/heads/a",
        "--reference-sha-old",
        ZEROS,
        &format!("--force-with-lease=refs/heads/a:{SHA}"),
    ];
    assert_eq!(
        given(&both).refused(),
        UsageError::TwoOldValues("refs/heads/a".into())
    );
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
fn tokens_come_from_variables_or_files() {
    let request = given(&[])
        .with("SOURCE_TOKEN", format!("{CANARY}\n"))
        .with("TARGET_TOKEN", "null")
        .accepted();
    assert_eq!(
        token_and_user(&request.ends.source.credentials),
        (Some(CANARY), None)
    );
    assert!(matches!(request.ends.target.credentials, Credentials::Helpers));

    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"  from-file\r\n").unwrap();
    let path = file.path().to_str().unwrap();
    let request = given(&["--target-token-file", path])
        .with("TARGET_TOKEN", CANARY)
        .accepted();
    assert_eq!(
        token_and_user(&request.ends.target.credentials),
        (Some("from-file"), None)
    );

    let missing = given(&["--source-token-file", "/does/not/exist"]).refused();
    assert!(matches!(missing, UsageError::TokenFile { .. }));
}

#[test]
fn an_empty_token_file_is_no_token() {
    let file = NamedTempFile::new().unwrap();
    let request = given(&["--source-token-file", file.path().to_str().unwrap()]).accepted();
    assert!(matches!(request.ends.source.credentials, Credentials::Helpers));
}

#[test]
fn a_token_file_is_read_up_to_a_limit() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&[b'x'; 65 << 10]).unwrap();
    let error = given(&["--source-token-file", file.path().to_str().unwrap()]).refused();
    assert!(error.to_string().contains("too large"), "{error}");
}

#[test]
fn a_token_that_cannot_be_one_is_refused_unseen() {
    for token in [
        format!("{CANARY}\nx"),
        format!("{CANARY}\u{1b}[0m"),
        format!("a {CANARY}"),
        format!("{CANARY}\u{85}x"),
    ] {
        let error = given(&[]).with("TARGET_TOKEN", token).refused();
        assert_eq!(error, UsageError::Token("TARGET_TOKEN".into()));
        assert!(!error.to_string().contains(CANARY) && !format!("{error:?}").contains(CANARY));
    }
    let mut file = NamedTempFile::new().unwrap();
    write!(file, "<+{CANARY}>").unwrap();
    let error = given(&["--source-token-file", file.path().to_str().unwrap()]).refused();
    assert!(matches!(&error, UsageError::Token(_)) && !error.to_string().contains(CANARY));
}

#[test]
fn a_user_name_goes_beside_the_token_or_into_the_address() {
    let request = given(&["--source-username", "flag"])
        .with("SOURCE_TOKEN", CANARY)
        .with("SOURCE_USERNAME", "variable")
        .accepted();
    assert_eq!(
        token_and_user(&request.ends.source.credentials),
        (Some(CANARY), Some("flag"))
    );

    let request = given(&[]).with("TARGET_USERNAME", "me").accepted();
    assert!(matches!(request.ends.target.credentials, Credentials::Helpers));
    assert!(matches!(&request.ends.target.url, RemoteUrl::Http { user: Some(user), .. } if user == "me"));

    for name in ["a:b", "a\nb", "<+x>"] {
        assert_eq!(
            given(&["--source-username", name]).refused(),
            UsageError::Username(Side::Source),
            "{name:?}"
        );
    }
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
