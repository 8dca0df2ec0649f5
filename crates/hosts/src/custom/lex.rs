//! From the text of an expression to its words.

use super::ExpressionError;

/// The longest expression, in bytes.
pub(super) const MAX_LEN: usize = 4_096;

/// A word of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `<+`
    Open,
    /// `>`
    Close,
    /// A name, `true`, `false` or `null`.
    Name(String),
    /// Text in quotes.
    Text(String),
    /// A number, as written.
    Number(String),
    /// One of `( ) [ ] . , ! == != =~ && || +`.
    Sign(&'static str),
}

const SIGNS: &[&str] = &[
    "==", "!=", "=~", "&&", "||", "(", ")", "[", "]", ".", ",", "!", "+",
];

/// Cuts a text into words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    if text.len() > MAX_LEN {
        return Err(ExpressionError::new(format!(
            "the expression is longer than {MAX_LEN} bytes"
        )));
    }
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("<+") {
            (Token::Open, 2)
        } else if first == '>' {
            (Token::Close, 1)
        } else if first == '"' || first == '\'' {
            quoted(rest, first)?
        } else if first.is_ascii_digit() {
            number(rest)
        } else if is_name(first) {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            (Token::Name(rest[..length].to_owned()), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(ExpressionError::new(format!(
                "{} is not part of an expression",
                shown(first)
            )));
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn shown(c: char) -> String {
    format!("`{}`", c.escape_default())
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$')
}

fn number(text: &str) -> (Token, usize) {
    let length = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let word = &text[..length];
    let token = if word.bytes().all(|byte| byte.is_ascii_digit()) {
        Token::Number(word.to_owned())
    } else {
        // `.0abc` of a path: a name that starts with a digit.
        Token::Name(word.to_owned())
    };
    (token, length)
}

/// Text up to the same quote; a backslash takes what follows as it is.
fn quoted(text: &str, quote: char) -> Result<(Token, usize), ExpressionError> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.next() {
                // Other escapes stay as they are: `\d` of a regular expression needs no second backslash.
                Some((_, next)) if next == quote || next == '\\' => value.push(next),
                Some((_, next)) => value.extend(['\\', next]),
                None => break,
            },
            _ if c == quote => return Ok((Token::Text(value), at + quote.len_utf8())),
            _ => value.push(c),
        }
    }
    Err(ExpressionError::new(format!(
        "a text is not closed: {} is missing",
        shown(quote)
    )))
}
