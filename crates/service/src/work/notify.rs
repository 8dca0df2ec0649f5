//! Tells people what happened: an outgoing webhook, or a chat. Once for each cause, however many mirrors and retries there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::checked::{Notification, NotificationKind};
use secrecy::ExposeSecret;
use store::notice::Notice;
use store::{StoreError, Time};

use super::message::{Message, sign};
use super::retry::{Dice, after_failures};
use crate::app::App;

/// How long a cause gathers mirrors before people are told of it.
pub(super) const GATHER: Duration = Duration::from_secs(5);

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(2);

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sends what nobody was told of.
#[derive(Debug)]
pub(super) struct Teller {
    app: Arc<App>,
    client: reqwest::Client,
    gather: Duration,
    /// Recipients that failed, by their keys: how often in a row, and when to try again.
    failed: BTreeMap<String, (u32, Instant)>,
}

/// Tells for as long as the process lives.
pub(super) async fn keep_telling(app: Arc<App>) {
    let mut teller = match Teller::new(app, GATHER) {
        Ok(teller) => teller,
        Err(error) => {
            tracing::error!(%error, "nobody can be notified");
            return;
        }
    };
    loop {
        if let Err(error) = teller.tell(teller.app.store.now()).await {
            tracing::warn!(%error, "cannot look for what people should be told");
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl Teller {
    /// One that lets causes gather mirrors for so long.
    pub(super) fn new(app: Arc<App>, gather: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            // Its address is a secret: it goes nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("refsync/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            app,
            client,
            gather,
            failed: BTreeMap::new(),
        })
    }

    /// Sends what nobody was told of, to all who want it.
    pub(super) async fn tell(&mut self, now: Time) -> Result<(), StoreError> {
        let gather = i64::try_from(self.gather.as_millis()).unwrap_or(i64::MAX);
        let before = Time(now.0.saturating_sub(gather));
        for notice in self.app.store.untold(before, now).await? {
            let end = notice.over.is_some();
            if self.deliver(&notice, end, now).await? {
                self.app.store.told(&notice.cause, end, now).await?;
            }
        }
        Ok(())
    }

    /// Whether all who want to be told are. Each is told once, whoever else cannot be reached.
    async fn deliver(&mut self, notice: &Notice, end: bool, now: Time) -> Result<bool, StoreError> {
        let Some(message) = Message::of(notice, end) else {
            return Ok(true);
        };
        let loaded = self.app.loaded();
        let sent = self.app.store.sent(&notice.cause).await?;
        let told = |end: bool, key: &str| sent.contains(&(end, key.to_owned()));
        let beginning = Message::of(notice, false);
        let mut all = true;
        for (recipient, number) in loaded.config.notifications.iter().zip(1..) {
            let key = recipient.key();
            if told(end, &key) || !wants(recipient, &message) {
                continue;
            }
            let wanted_beginning = beginning
                .as_ref()
                .is_some_and(|message| wants(recipient, message));
            if end && wanted_beginning && !told(false, &key) {
                continue;
            }
            if self
                .failed
                .get(&key)
                .is_some_and(|(_, again)| *again > Instant::now())
            {
                all = false;
                continue;
            }
            match self
                .send(recipient, &message, loaded.config.public_url.as_deref())
                .await
            {
                Ok(()) => {
                    self.failed.remove(&key);
                    self.app.store.note_sent(&notice.cause, end, &key, now).await?;
                }
                Err(reason) => {
                    let failures = self.failed.get(&key).map_or(1, |(failures, _)| failures + 1);
                    let wait = after_failures(failures, Dice::roll());
                    self.failed.insert(key, (failures, Instant::now() + wait));
                    tracing::warn!(
                        reason,
                        "notification {number} of the configuration could not be sent: tried again"
                    );
                    all = false;
                }
            }
        }
        Ok(all)
    }

    /// Sends one message to one recipient. The error never holds the address: it is a secret.
    async fn send(&self, to: &Notification, message: &Message, link: Option<&str>) -> Result<(), String> {
        let secrets = &self.app.secrets;
        let url = secrets.read(&to.url).await.map_err(|error| error.to_string())?;
        let now = Time::now();
        let request = self
            .client
            .post(url.expose_secret())
            .header("content-type", "application/json");
        let request = match to.kind {
            NotificationKind::Slack => request.body(message.slack(link)),
            NotificationKind::Webhook => {
                let body = message.body(link, now);
                let request = match &to.secret {
                    None => request.header("webhook-id", &message.id),
                    Some(secret) => {
                        let secret = secrets.read(secret).await.map_err(|error| error.to_string())?;
                        let signed = sign(&message.id, &body, &secret, now)?;
                        request
                            .header("webhook-id", signed.id)
                            .header("webhook-timestamp", signed.timestamp)
                            .header("webhook-signature", signed.signature)
                    }
                };
                request.body(body)
            }
        };
        let answer = request
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("it answered {status}")),
        }
    }
}

fn wants(recipient: &Notification, message: &Message) -> bool {
    recipient.events.is_empty() || recipient.events.contains(&message.event)
}
