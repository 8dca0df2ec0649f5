//! Secrets of an endpoint that a host repeats in what it sends: blanked out before a delivery is kept. Pure.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bstr::ByteSlice;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// A shorter secret is found by chance, and a delivery that is taken once more would mean something else.
const SHORTEST: usize = 8;

/// What addresses write in other characters (RFC 3986, section 2.3, has the rest).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Blanks out these secrets, as they are and as JSON and addresses write them. What is left is as long as it was.
pub(super) fn blank(bytes: &mut [u8], secrets: &[SecretString]) {
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.len() < SHORTEST {
            continue;
        }
        for form in forms(secret) {
            let places: Vec<usize> = bytes.find_iter(&form).collect();
            for place in places {
                bytes[place..place + form.len()].fill(b'*');
            }
        }
    }
}

/// The same of a text.
pub(super) fn blanked(text: String, secrets: &[SecretString]) -> String {
    let mut bytes = text.into_bytes();
    blank(&mut bytes, secrets);
    String::from_utf8(bytes).unwrap_or_default()
}

fn forms(secret: &str) -> BTreeSet<String> {
    let quoted = serde_json::Value::from(secret).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    // Gitea, Forgejo and Gogs: Go writes what HTML would take for its own by number.
    let go = json
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e");
    let percent = utf8_percent_encode(secret, RESERVED);
    [
        secret.to_owned(),
        json.replace('/', "\\/"),
        percent.to_string(),
        percent.map(lower_escape).collect(),
        go,
        json,
    ]
    .into()
}

/// `%2f` of `%2F`; what is no escape stays as it is.
fn lower_escape(piece: &str) -> Cow<'_, str> {
    match piece.starts_with('%') {
        true => piece.to_ascii_lowercase().into(),
        false => piece.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, secrets: &[&str]) -> String {
        let secrets: Vec<SecretString> = secrets.iter().map(|one| (*one).to_owned().into()).collect();
        blanked(text.to_owned(), &secrets)
    }

    #[test]
    fn a_secret_is_blanked_however_it_is_written() {
        let secret = "A/b\"c d+é<&>";
        for form in [
            "A/b\"c d+é<&>",
            "A/b\\\"c d+é<&>",
            "A\\/b\\\"c d+é<&>",
            "A/b\\\"c d+é\\u003c\\u0026\\u003e",
            "A%2Fb%22c%20d%2B%C3%A9%3C%26%3E",
            "A%2fb%22c%20d%2b%c3%a9%3c%26%3e",
        ] {
            assert_eq!(
                after(&format!("<{form}><{form}>"), &[secret]),
                format!("<{0}><{0}>", "*".repeat(form.len()))
            );
        }
    }

    #[test]
    fn what_is_kept_is_still_json() {
        let body = r#"{"hook":{"config":{"secret":"hunter2hunter2"}},"ref":"refs/heads/main"}"#;
        let blanked: serde_json::Value =
            serde_json::from_str(&after(body, &["other-one", "hunter2hunter2"])).unwrap();
        assert_eq!(blanked["hook"]["config"]["secret"], "**************");
        assert_eq!(blanked["ref"], "refs/heads/main");
    }

    #[test]
    fn what_is_no_more_than_a_word_is_left_alone() {
        assert_eq!(after("refs/heads/main", &["main", ""]), "refs/heads/main");
    }
}
