//! References, old values and leases.

use super::*;

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
