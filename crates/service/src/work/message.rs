//! What people are sent of a cause: the words, and the forms they go out in. Pure.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use config::checked::NotificationEvent;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Time;
use store::notice::Notice;

/// How many mirrors are named in the words. A webhook has them all beside them.
const NAMED: usize = 20;

/// A message about the beginning or the end of a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The same for each attempt to send it, and another for every other message.
    pub(super) id: String,
    /// What it is about.
    pub(super) event: NotificationEvent,
    /// A sentence or two.
    pub(super) text: String,
    /// The mirrors it concerns.
    mirrors: Vec<String>,
    since: Time,
}

/// The body of a webhook.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    text: &'a str,
    mirrors: &'a [String],
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

/// The headers of a webhook, as <https://www.standardwebhooks.com> has them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// `webhook-id`.
    pub(super) id: String,
    /// `webhook-timestamp`: seconds since 1970.
    pub(super) timestamp: String,
    /// `webhook-signature`: `v1,` and the base64 of an HMAC-SHA256.
    pub(super) signature: String,
}

impl Message {
    /// Of a cause's beginning, or of its end; `None` where nobody is told of the end.
    pub(super) fn of(notice: &Notice, end: bool) -> Option<Self> {
        let event = match (notice.event.as_str(), end) {
            ("conflict", false) => NotificationEvent::Conflict,
            ("held", false) => NotificationEvent::Held,
            ("failure", false) => NotificationEvent::Failure,
            ("failure", true) => NotificationEvent::Recovery,
            _ => return None,
        };
        let named = &notice.mirrors[..notice.mirrors.len().min(NAMED)];
        let list = match notice.mirrors.len() - named.len() {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        };
        let text = match event {
            NotificationEvent::Recovery => format!("over: {} ({list})", notice.text),
            NotificationEvent::Failure => format!("{} ({list})", notice.text),
            NotificationEvent::Conflict | NotificationEvent::Held => notice.text.clone(),
        };
        let seed = format!("{}\n{}\n{end}", notice.cause, notice.since.0);
        Some(Self {
            id: format!("msg_{}", hex::encode(&Sha256::digest(seed)[..16])),
            event,
            text,
            mirrors: notice.mirrors.clone(),
            since: notice.since,
        })
    }

    /// The body of a webhook; `url` leads people to the service.
    pub(super) fn body(&self, url: Option<&str>, now: Time) -> String {
        let body = Body {
            r#type: match self.event {
                NotificationEvent::Conflict => "conflict",
                NotificationEvent::Held => "held",
                NotificationEvent::Failure => "failure",
                NotificationEvent::Recovery => "recovery",
            },
            timestamp: moment(now),
            data: Data {
                text: &self.text,
                mirrors: &self.mirrors,
                since: moment(self.since),
                url,
            },
        };
        // Strings and numbers always have a text.
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// The body that Slack, Mattermost and others take. What their markup would read as a link or a mention is not one.
    pub(super) fn slack(&self, url: Option<&str>) -> String {
        let text = self
            .text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let text = match url {
            Some(url) => format!("refsync: {text}\n{url}"),
            None => format!("refsync: {text}"),
        };
        serde_json::json!({ "text": text }).to_string()
    }
}

/// Signs a webhook. The secret is `whsec_` and base64; without the prefix it is base64 all the same.
pub(super) fn sign(id: &str, body: &str, secret: &SecretString, now: Time) -> Result<Signed, &'static str> {
    let text = secret.expose_secret().trim();
    let key = BASE64_STANDARD
        .decode(text.strip_prefix("whsec_").unwrap_or(text))
        .map_err(|_| "the secret of a notification is not base64 after whsec_")?;
    let timestamp = now.0.div_euclid(1000).to_string();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&key).map_err(|_| "the secret of a notification is no key")?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Ok(Signed {
        id: id.to_owned(),
        timestamp,
        signature: format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())),
    })
}

/// RFC 3339, to the second.
fn moment(time: Time) -> String {
    let second = jiff::Timestamp::from_second(time.0.div_euclid(1000));
    second.map_or_else(|_| String::new(), |second| second.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(event: &str, mirrors: usize) -> Notice {
        Notice {
            cause: "credential ghe 401".into(),
            event: event.into(),
            text: "the host refuses the token of the credential `ghe` (401)".into(),
            mirrors: (0..mirrors).map(|number| format!("app-{number:03}")).collect(),
            since: Time(1_700_000_000_000),
            told: None,
            over: None,
        }
    }

    #[test]
    fn three_hundred_mirrors_are_one_message_that_names_twenty() {
        let message = Message::of(&notice("failure", 300), false).unwrap();
        assert!(message.text.contains("app-000, app-001"), "{}", message.text);
        assert!(
            message.text.ends_with("app-019 and 280 more)"),
            "{}",
            message.text
        );
    }

    #[test]
    fn the_end_of_a_failure_is_a_recovery_and_other_ends_are_no_message() {
        let end = Message::of(&notice("failure", 1), true).unwrap();
        assert_eq!(end.event, NotificationEvent::Recovery);
        assert_ne!(end.id, Message::of(&notice("failure", 1), false).unwrap().id);
        assert_eq!(Message::of(&notice("conflict", 1), true), None);
        assert_eq!(Message::of(&notice("held", 1), true), None);
    }

    #[test]
    fn a_message_keeps_its_id_when_it_is_sent_again() {
        let (one, other) = (notice("failure", 1), notice("failure", 2));
        assert_eq!(
            Message::of(&one, false).unwrap().id,
            Message::of(&other, false).unwrap().id
        );
    }

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signed = sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            r#"{"test": 2432232314}"#,
            &secret,
            Time(1_614_265_330_000),
        )
        .unwrap();
        assert_eq!(
            signed.signature,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(signed.timestamp, "1614265330");
    }

    #[test]
    fn a_name_cannot_mention_anybody_in_slack() {
        let mut notice = notice("conflict", 1);
        notice.text = "refs/heads/<!channel> of a&b".into();
        let text = Message::of(&notice, false).unwrap().slack(None);
        assert_eq!(
            text,
            r#"{"text":"refsync: refs/heads/&lt;!channel&gt; of a&amp;b"}"#
        );
    }
}
