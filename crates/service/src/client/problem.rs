//! From an answer that is no success to an error with advice.

use reqwest::StatusCode;

use super::ClientError;
use crate::api::model::problem::Problem;

/// Reads problem+json (RFC 9457). What is none of refsync's, such as a proxy's page, is told by its status alone.
pub(super) fn read(status: StatusCode, body: &[u8], server: &str, with_token: bool) -> ClientError {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return ClientError::Problem {
            status,
            kind: String::new(),
            detail: format!("{server} answers {status}, and not as refsync does"),
            hint: hint(status, with_token).or_else(|| Some("does REFSYNC_URL name a refsync server?".into())),
        };
    };
    let mut detail = problem.detail;
    for error in problem.errors {
        // The detail may be about the very field.
        if !detail.contains(&error.message) {
            detail.push_str(&format!("; {}: {}", error.path, error.message));
        }
    }
    ClientError::Problem {
        status,
        kind: problem.kind,
        detail,
        hint: hint(status, with_token),
    }
}

fn hint(status: StatusCode, with_token: bool) -> Option<String> {
    let text = match status {
        StatusCode::UNAUTHORIZED if with_token => {
            "the token of REFSYNC_TOKEN or REFSYNC_TOKEN_FILE is unknown, expired or revoked"
        }
        StatusCode::UNAUTHORIZED => {
            "set REFSYNC_TOKEN, or REFSYNC_TOKEN_FILE to the file that refsync serve named in its log when it first started"
        }
        StatusCode::FORBIDDEN => {
            "refsync token create NAME --role operate|admin makes a token that may do more"
        }
        StatusCode::PRECONDITION_FAILED => "somebody else changed it meanwhile: look at it again",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "try again in a moment",
        status if status.is_redirection() => "set REFSYNC_URL to the address that it leads to",
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str, with_token: bool) -> (String, Option<String>) {
        let status = StatusCode::from_u16(status).unwrap();
        let error = read(status, body.as_bytes(), "http://host", with_token);
        (error.to_string(), error.hint())
    }

    #[test]
    fn a_missing_token_names_the_variable_and_a_wrong_one_too() {
        let body = r#"{"type":"urn:refsync:unauthorized","title":"Unauthorized","status":401,"detail":"a token is needed"}"#;
        let (text, hint) = of(401, body, false);
        assert_eq!(text, "a token is needed");
        assert!(
            hint.unwrap()
                .starts_with("set REFSYNC_TOKEN, or REFSYNC_TOKEN_FILE")
        );
        assert!(of(401, body, true).1.unwrap().contains("expired or revoked"));
    }

    #[test]
    fn every_wrong_field_is_told() {
        let body = r#"{"type":"urn:refsync:invalid","title":"Invalid","status":422,"detail":"the mirror is not valid",
            "errors":[{"path":"source.url","message":"no such host"},{"path":"name","message":"is taken"}]}"#;
        let (text, hint) = of(422, body, true);
        assert_eq!(
            text,
            "the mirror is not valid; source.url: no such host; name: is taken"
        );
        assert_eq!(hint, None);
    }

    #[test]
    fn a_page_of_another_server_is_not_repeated() {
        let (text, hint) = of(502, "<html>Bad Gateway \u{1b}[31m</html>", true);
        assert_eq!(
            text,
            "http://host answers 502 Bad Gateway, and not as refsync does"
        );
        assert!(hint.unwrap().contains("REFSYNC_URL"));
    }
}
