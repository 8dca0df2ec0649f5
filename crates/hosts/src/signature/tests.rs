use proptest::prelude::*;

use super::*;

const BODY: &[u8] = br#"{"ref":"refs/heads/main"}"#;
const NOW: i64 = 1_800_000_000;

fn secrets(values: &[&str]) -> Vec<SecretString> {
    values.iter().map(|value| SecretString::from(*value)).collect()
}

fn mac(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn signed(secret: &str) -> String {
    hex::encode(mac(secret.as_bytes(), &[BODY]))
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn check(provider: Provider, known: &[&str], pairs: &[(&str, &str)]) -> Result<(), Unsigned> {
    verify(provider, None, &secrets(known), &headers(pairs), None, BODY, NOW)
}

#[test]
fn the_hmac_is_the_one_that_github_documents() {
    // "Testing the webhook payload validation" of GitHub's documentation.
    let headers = headers(&[(
        "x-hub-signature-256",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    )]);
    let known = secrets(&["It's a Secret to Everybody"]);
    let checked = verify(
        Provider::Github,
        None,
        &known,
        &headers,
        None,
        b"Hello, World!",
        NOW,
    );
    assert_eq!(checked, Ok(()));
}

#[test]
fn every_provider_with_an_hmac_takes_its_own_header() {
    let bare = signed("s");
    let prefixed = format!("sha256={bare}");
    for (provider, header, value) in [
        (Provider::Harness, "x-harness-signature", &bare),
        (Provider::Harness, "x-gitness-signature", &bare),
        (Provider::Harness, "x-acme-signature", &bare),
        (Provider::Github, "x-hub-signature-256", &prefixed),
        (Provider::Gitea, "x-gitea-signature", &bare),
        (Provider::Gitea, "x-hub-signature-256", &prefixed),
        (Provider::Forgejo, "x-forgejo-signature", &bare),
        (Provider::Gogs, "x-gogs-signature", &bare),
        (Provider::BitbucketCloud, "x-hub-signature", &prefixed),
        (Provider::BitbucketDataCenter, "x-hub-signature", &prefixed),
    ] {
        assert_eq!(
            check(provider, &["s"], &[(header, value)]),
            Ok(()),
            "{provider} {header}"
        );
        assert_eq!(
            check(provider, &["old", "s"], &[(header, value)]),
            Ok(()),
            "rotation"
        );
        assert_eq!(
            check(provider, &["other"], &[(header, value)]),
            Err(Unsigned::Wrong)
        );
        assert_eq!(check(provider, &[], &[(header, value)]), Err(Unsigned::Wrong));
        assert_eq!(check(provider, &["s"], &[]), Err(Unsigned::Missing));
        assert_eq!(check(provider, &["s"], &[(header, "")]), Err(Unsigned::Empty));
    }
}

#[test]
fn a_prefix_without_a_signature_is_an_empty_signature() {
    for provider in [Provider::Github, Provider::Gitea] {
        let checked = check(provider, &["s"], &[("x-hub-signature-256", "sha256=")]);
        assert_eq!(checked, Err(Unsigned::Empty));
    }
}

#[test]
fn an_empty_secret_signs_nothing() {
    let value = format!("sha256={}", signed(""));
    assert_eq!(
        check(Provider::Github, &[""], &[("x-hub-signature-256", &value)]),
        Err(Unsigned::Wrong)
    );
    assert!(check(Provider::Gitlab, &[""], &[("x-gitlab-token", "")]).is_err());
    assert!(
        verify(
            Provider::Gerrit,
            None,
            &secrets(&[""]),
            &headers(&[]),
            Some(""),
            BODY,
            NOW
        )
        .is_err()
    );
}

#[test]
fn what_is_no_signature_at_all_is_wrong() {
    for value in ["sha256=zz", "sha1=00", "sha256=00", "=", "sha256", &signed("s")] {
        let checked = check(Provider::Github, &["s"], &[("x-hub-signature-256", value)]);
        assert_eq!(checked, Err(Unsigned::Wrong), "{value}");
    }
}

#[test]
fn gitlabs_token_is_compared_whole() {
    let check = |value| check(Provider::Gitlab, &["a", "token"], &[("x-gitlab-token", value)]);
    assert_eq!(check("token"), Ok(()));
    assert_eq!(check("toke"), Err(Unsigned::Wrong));
    assert_eq!(check("tokens"), Err(Unsigned::Wrong));
    assert_eq!(check(""), Err(Unsigned::Empty));
}

fn standard_headers(key: &[u8], at: i64) -> Headers {
    let at = at.to_string();
    let signature = STANDARD.encode(mac(key, &[b"msg_1", b".", at.as_bytes(), b".", BODY]));
    headers(&[
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", &at),
        ("webhook-signature", &format!("v1,AAAA v1a,xx v1,{signature}")),
        ("x-gitlab-token", "token"),
    ])
}

#[test]
fn standard_webhooks_are_verified_within_five_minutes_and_nothing_is_fallen_back_to() {
    let key = b"0123456789abcdef";
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let check = |known: &[&str], at| {
        let known = secrets(known);
        verify(
            Provider::Gitlab,
            None,
            &known,
            &standard_headers(key, at),
            None,
            BODY,
            NOW,
        )
    };
    assert_eq!(check(&[&secret], NOW), Ok(()));
    assert_eq!(check(&[&secret], NOW - 300), Ok(()));
    assert_eq!(check(&[&secret], NOW - 301), Err(Unsigned::Stale));
    assert_eq!(check(&[&secret], NOW + 301), Err(Unsigned::Stale));
    assert_eq!(check(&[&secret], i64::MIN), Err(Unsigned::Stale));
    assert_eq!(
        check(&["token"], NOW),
        Err(Unsigned::Wrong),
        "the plain token is not asked"
    );
    let mut missing = standard_headers(key, NOW);
    missing.remove("webhook-id");
    let checked = verify(
        Provider::Gitlab,
        None,
        &secrets(&[&secret]),
        &missing,
        None,
        BODY,
        NOW,
    );
    assert_eq!(checked, Err(Unsigned::Missing));
}

#[test]
fn basic_credentials_match_by_the_pair_or_the_password() {
    let check = |known, pair: &str| {
        let value = format!("Basic {}", STANDARD.encode(pair));
        check(Provider::AzureDevops, &[known], &[("authorization", &value)])
    };
    assert_eq!(check("ada:pass", "ada:pass"), Ok(()));
    assert_eq!(check("pass", "whoever:pass"), Ok(()));
    assert_eq!(check("pass:word", "ada:pass:word"), Ok(()));
    assert_eq!(check("ada:pass", "bob:pass"), Err(Unsigned::Wrong));
    assert_eq!(check("pass", "pass"), Err(Unsigned::Wrong));
    assert_eq!(check("pass", "pass:"), Err(Unsigned::Empty));
}

#[test]
fn codecommit_comes_with_an_api_key() {
    assert_eq!(check(Provider::Codecommit, &["s"], &[("x-api-key", "s")]), Ok(()));
    assert_eq!(
        check(Provider::Codecommit, &["s"], &[("x-api-key", "t")]),
        Err(Unsigned::Wrong)
    );
    assert_eq!(check(Provider::Codecommit, &["s"], &[]), Err(Unsigned::Missing));
}

#[test]
fn gerrits_secret_stands_in_the_url() {
    let check = |query| {
        verify(
            Provider::Gerrit,
            None,
            &secrets(&["s"]),
            &headers(&[]),
            query,
            BODY,
            NOW,
        )
    };
    assert_eq!(check(Some("s")), Ok(()));
    assert_eq!(check(Some("t")), Err(Unsigned::Wrong));
    assert_eq!(check(None), Err(Unsigned::Missing));
}

#[test]
fn a_custom_signature_is_where_the_trigger_says() {
    let custom = |hmac: Option<&str>, encoding: Option<&str>, prefix: Option<&str>| CustomTrigger {
        when: None,
        reference: "<+trigger.payload.ref>".to_owned(),
        reference_kind: None,
        reference_sha_old: None,
        reference_sha: None,
        signature: Some(CustomSignature {
            header: "X-Other".to_owned(),
            hmac: hmac.map(str::to_owned),
            encoding: encoding.map(str::to_owned),
            prefix: prefix.map(str::to_owned),
        }),
    };
    let check = |trigger: &CustomTrigger, value: &str| {
        let headers = headers(&[("x-other", value)]);
        verify(
            Provider::Custom,
            Some(trigger),
            &secrets(&["s"]),
            &headers,
            None,
            BODY,
            NOW,
        )
    };
    let base64 = STANDARD.encode(mac(b"s", &[BODY]));
    assert_eq!(check(&custom(Some("sha256"), None, None), &signed("s")), Ok(()));
    assert_eq!(
        check(&custom(Some("sha256"), Some("base64"), None), &base64),
        Ok(())
    );
    assert_eq!(
        check(
            &custom(Some("sha256"), None, Some("v=")),
            &format!("v={}", signed("s"))
        ),
        Ok(())
    );
    assert_eq!(
        check(&custom(Some("sha256"), None, Some("v=")), &signed("s")),
        Err(Unsigned::Wrong)
    );
    assert_eq!(check(&custom(None, None, None), "s"), Ok(()));
    assert_eq!(check(&custom(None, None, Some("Bearer ")), "Bearer s"), Ok(()));
    assert_eq!(check(&custom(None, None, None), "t"), Err(Unsigned::Wrong));
}

proptest! {
    #[test]
    fn a_flipped_bit_in_the_body_or_the_signature_never_verifies(
        body in proptest::collection::vec(any::<u8>(), 1..200),
        secret in "[ -~]{1,40}",
        at in any::<proptest::sample::Index>(),
        bit in 0_u8..8,
        in_body in any::<bool>(),
    ) {
        let mut signature = mac(secret.as_bytes(), &[&body]);
        let mut body = body;
        let known = secrets(&[&secret]);
        let check = |signature: &[u8], body: &[u8]| {
            let headers = headers(&[("x-harness-signature", &hex::encode(signature))]);
            verify(Provider::Harness, None, &known, &headers, None, body, NOW)
        };
        prop_assert_eq!(check(&signature, &body), Ok(()));
        let flipped = if in_body { &mut body } else { &mut signature };
        let at = at.index(flipped.len());
        flipped[at] ^= 1 << bit;
        prop_assert_eq!(check(&signature, &body), Err(Unsigned::Wrong));
    }

    #[test]
    fn no_header_panics(
        provider in proptest::sample::select(Provider::ALL),
        value in "\\PC{0,60}",
    ) {
        let names = ["x-harness-signature", "x-hub-signature-256", "x-hub-signature", "webhook-signature",
            "webhook-id", "webhook-timestamp", "authorization", "x-gitlab-token", "x-api-key", "x-gitea-signature"];
        let headers: Headers = names.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
        prop_assert!(verify(provider, None, &secrets(&["s"]), &headers, Some(&value), BODY, NOW).is_err() || value == "s");
    }
}
