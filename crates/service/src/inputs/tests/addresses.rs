//! The two repositories.

use super::*;

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
