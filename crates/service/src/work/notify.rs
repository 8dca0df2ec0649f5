//! Tells people what happened: an outgoing webhook, or a chat. Once for each cause, however many mirrors and retries there are.

use std::collections::{BTreeMap, BTreeSet};
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
    /// The messages that went out, by id, while another recipient lacks them: recipients by their number.
    sent: BTreeMap<String, BTreeSet<usize>>,
    /// Recipients that failed: how often in a row, and when to try again.
    failed: BTreeMap<usize, (u32, Instant)>,
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
            sent: BTreeMap::new(),
            failed: BTreeMap::new(),
        })
    }

    /// Sends what nobody was told of, to all who want it.
    pub(super) async fn tell(&mut self, now: Time) -> Result<(), StoreError> {
        let gather = i64::try_from(self.gather.as_millis()).unwrap_or(i64::MAX);
        let before = Time(now.0.saturating_sub(gather));
        for notice in self.app.store.untold(before, now).await? {
            let end = notice.told.is_some();
            // What is over before anybody heard of it is not told at all.
            let passed = notice.told.is_none() && notice.over.is_some();
            let message = match passed {
                true => None,
                false => Message::of(&notice, end),
            };
            if self.deliver(message.as_ref()).await {
                self.settle(&notice, end, passed, now).await?;
            }
        }
        Ok(())
    }

    async fn settle(
        &mut self,
        notice: &Notice,
        end: bool,
        passed: bool,
        now: Time,
    ) -> Result<(), StoreError> {
        self.app.store.told(&notice.cause, end, now).await?;
        if passed {
            self.app.store.told(&notice.cause, true, now).await?;
        }
        if let Some(message) = Message::of(notice, end) {
            self.sent.remove(&message.id);
        }
        Ok(())
    }

    /// Whether all who want a message have it.
    async fn deliver(&mut self, message: Option<&Message>) -> bool {
        let Some(message) = message else { return true };
        let loaded = self.app.loaded();
        let mut all = true;
        for (number, recipient) in loaded.config.notifications.iter().enumerate() {
            let has = self
                .sent
                .get(&message.id)
                .is_some_and(|sent| sent.contains(&number));
            if has || !wants(recipient, message) {
                continue;
            }
            if self
                .failed
                .get(&number)
                .is_some_and(|(_, again)| *again > Instant::now())
            {
                all = false;
                continue;
            }
            match self
                .send(recipient, message, loaded.config.public_url.as_deref())
                .await
            {
                Ok(()) => {
                    self.failed.remove(&number);
                    self.sent.entry(message.id.clone()).or_default().insert(number);
                }
                Err(reason) => {
                    let failures = self.failed.get(&number).map_or(1, |(failures, _)| failures + 1);
                    let wait = after_failures(failures, Dice::roll());
                    self.failed.insert(number, (failures, Instant::now() + wait));
                    tracing::warn!(
                        reason,
                        "notification {} of the configuration could not be sent: tried again",
                        number + 1
                    );
                    all = false;
                }
            }
        }
        all
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
