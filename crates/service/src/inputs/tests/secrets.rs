//! Tokens and user names.

use super::*;

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
