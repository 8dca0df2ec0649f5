//! Names and addresses as they may be shown on a terminal and typed into a shell.

use bstr::ByteSlice;
use gitwire::RefName;
use gitwire::message::sanitize;

/// Bytes from a server as visible text, without loss: what is invisible, deceptive or not UTF-8 is written as `\u{202e}`
/// or `\xff`.
///
/// A reference name holds no backslash, so two names never look the same.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_harmless(c) {
                text.push(c);
            } else {
                text.extend(c.escape_unicode());
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Whether a character neither controls a terminal nor changes how what surrounds it looks.
pub(crate) fn is_harmless(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && !sanitize(c.to_string()).is_empty())
}

/// The name that people say, without `refs/heads/` and the like.
pub(crate) fn short(name: &RefName) -> String {
    visible(name.short())
}

/// A word for a POSIX shell, in quotes where it needs them; `None` if it cannot be shown and typed as it is.
pub(crate) fn shell_word(bytes: &[u8]) -> Option<String> {
    let text = bytes.to_str().ok().filter(|text| text.chars().all(is_harmless))?;
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ':' | '@' | '=' | ',' | '+' | '%')
    };
    if !text.is_empty() && text.chars().all(plain) {
        return Some(text.to_owned());
    }
    Some(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay() {
        assert_eq!(
            visible("refs/heads/grüße/名前".as_bytes()),
            "refs/heads/grüße/名前"
        );
    }

    #[test]
    fn nothing_deceptive_reaches_a_terminal() {
        assert_eq!(visible(b"a\x1b[31mb\x07"), r"a\u{1b}[31mb\u{7}");
        assert_eq!(visible("main\u{202e}gpj".as_bytes()), r"main\u{202e}gpj");
        assert_eq!(visible("a\u{9b}b\u{200b}c".as_bytes()), r"a\u{9b}b\u{200b}c");
        assert_eq!(visible(b"caf\xe9\xff"), r"caf\xe9\xff");
        assert_eq!(visible(b"tab\there"), r"tab\u{9}here");
    }

    #[test]
    fn names_are_quoted_for_a_shell() {
        assert_eq!(shell_word(b"refs/heads/main").unwrap(), "refs/heads/main");
        assert_eq!(
            shell_word(b"refs/heads/$(reboot)").unwrap(),
            "'refs/heads/$(reboot)'"
        );
        assert_eq!(
            shell_word(b"refs/heads/it's;x").unwrap(),
            r"'refs/heads/it'\''s;x'"
        );
        assert_eq!(shell_word(b"^refs/heads/*").unwrap(), "'^refs/heads/*'");
        assert_eq!(shell_word(b"").unwrap(), "''");
    }

    #[test]
    fn what_cannot_be_shown_cannot_be_typed() {
        assert_eq!(shell_word(b"caf\xe9"), None);
        assert_eq!(shell_word("a\u{202e}b".as_bytes()), None);
    }
}
