//! One delivery from its headers and body to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hosts::Provider;
use hosts::webhook::{self, Headers, Push};
use http::{HeaderMap, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use store::Time;
use store::delivery::{Arrival, Delivered, Delivery};

use super::Hooks;
use super::answer::{Answer, Disposition, Refusal};
use super::blank::{blank, blanked};
use super::body::Held;
use super::endpoint::{Endpoint, State, values};
use super::route::{Routed, route};
use crate::api::rate::{Buckets, Client, Rate};
use crate::app::Loaded;
use crate::live::Happened;

/// The most bytes of a body that are kept of a delivery that was refused or changed nothing.
const KEPT_BODY: usize = 64 * 1024;

/// The most bytes of one header's value that are kept.
const KEPT_HEADER: usize = 1_000;

/// Refused deliveries of one endpoint that are kept: who has no secret cannot push out what others sent.
const NOTES: Rate = Rate {
    each_second: 0.1,
    burst: 10.0,
};

/// How many seconds' worth of deliveries one address may send at once: a push to many branches, a forge that comes back.
const BURST: f64 = 4.0;

/// How often refused deliveries were kept, by endpoint.
#[derive(Debug, Default)]
pub(super) struct Notes(Buckets<String>);

/// A request as it came.
pub(super) struct Request {
    /// The address it came from.
    pub(super) from: Option<IpAddr>,
    pub(super) headers: HeaderMap,
    /// What stood after `?`.
    pub(super) query: Option<String>,
    pub(super) body: Body,
}

/// Takes a delivery and answers it. An endpoint that is not there is answered without a trace: anybody can ask for one.
pub(super) async fn take(
    hooks: &Hooks,
    loaded: &Arc<Loaded>,
    endpoint: Result<Endpoint, Refusal>,
    request: Request,
) -> Response {
    let endpoint = match limited(hooks, loaded, request.from).and(endpoint) {
        Ok(endpoint) => endpoint,
        Err(refusal) => {
            hooks.app.metrics.delivered("unknown", refusal.status.as_u16());
            return refusal.into_response();
        }
    };
    let visit = Visit {
        hooks,
        loaded,
        endpoint: &endpoint,
        from: request
            .from
            .map_or_else(|| "unknown".to_owned(), |from| from.to_string()),
        headers: lowered(&request.headers),
    };
    let answered = match visit.body(&request.headers, request.body).await {
        Ok(held) => {
            let secret = query_secret(endpoint.provider, request.query.as_deref());
            visit.judge(&held, secret.as_ref()).await
        }
        Err(refusal) => {
            visit.note(&refusal, &[], &[]);
            Err(refusal)
        }
    };
    let response = match answered {
        Ok((status, answer)) => (status, Json(answer)).into_response(),
        Err(refusal) => refusal.into_response(),
    };
    let status = response.status().as_u16();
    hooks.app.metrics.delivered(endpoint.provider.word(), status);
    response
}

/// Refuses who sends too often. Its signature, which costs, was not looked at, and nothing is answered of its endpoint.
fn limited(hooks: &Hooks, loaded: &Loaded, from: Option<IpAddr>) -> Result<(), Refusal> {
    let Some(from) = from else { return Ok(()) };
    let each_second = f64::from(loaded.config.limits.hook_rate.max(1));
    let rate = Rate {
        each_second,
        burst: BURST * each_second,
    };
    let taken = hooks.rates.take(Client::at(from), rate, Instant::now());
    taken.map_err(|wait| Refusal {
        retry_after: Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)),
        ..Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "more than {each_second} deliveries a second came from your address (limits.hookRate): send this one again later"
            ),
        )
    })
}

/// One delivery at its endpoint.
struct Visit<'a> {
    hooks: &'a Hooks,
    loaded: &'a Arc<Loaded>,
    endpoint: &'a Endpoint,
    from: String,
    headers: Headers,
}

impl Visit<'_> {
    /// What can be told from the headers alone, and the body.
    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Held, Refusal> {
        if let State::Disabled(why) = &self.endpoint.state {
            return Err(Refusal::new(StatusCode::FORBIDDEN, why.clone()));
        }
        is_json(headers)?;
        let limit = self.loaded.config.limits.hook_bytes;
        self.hooks.room.read(headers, body, limit).await
    }

    async fn judge(
        &self,
        held: &Held,
        query_secret: Option<&SecretString>,
    ) -> Result<(StatusCode, Answer), Refusal> {
        let known = match self.verify(&held.bytes, query_secret).await {
            Ok(known) => known,
            Err(refusal) => {
                self.note(&refusal, &[], &[]);
                return Err(refusal);
            }
        };
        let endpoint = self.endpoint;
        let trigger = endpoint.trigger.as_ref();
        let read = webhook::read(endpoint.provider, trigger, &self.headers, None, &held.bytes);
        match read {
            Ok(delivery) => self.write(held, delivery, &known).await,
            Err(malformed) => {
                let refusal = Refusal::new(StatusCode::BAD_REQUEST, malformed.to_string());
                self.note(&refusal, &held.bytes, &known);
                Err(refusal)
            }
        }
    }

    /// Gives the secrets that the endpoint knows.
    async fn verify(
        &self,
        body: &[u8],
        query_secret: Option<&SecretString>,
    ) -> Result<Vec<SecretString>, Refusal> {
        let State::Signed(secrets) = &self.endpoint.state else {
            return Ok(Vec::new());
        };
        let values = values(&self.hooks.app, &self.endpoint.shown(), secrets).await?;
        hosts::signature::verify(
            self.endpoint.provider,
            self.endpoint.trigger.as_ref(),
            &values,
            &self.headers,
            query_secret.map(ExposeSecret::expose_secret),
            body,
            Time::now().0.div_euclid(1_000),
        )
        .map_err(|unsigned| Refusal::new(StatusCode::UNAUTHORIZED, unsigned.to_string()))?;
        Ok(values)
    }

    /// Writes down what came, with what it makes due.
    async fn write(
        &self,
        held: &Held,
        read: webhook::Delivery,
        known: &[SecretString],
    ) -> Result<(StatusCode, Answer), Refusal> {
        let mut row = self.row(held.bytes.to_vec(), known);
        let sides = self.hooks.index.of(self.loaded);
        let reading = Reading::of(self.loaded, &sides, self.endpoint, read, &row.id);
        if reading.is_quiet() {
            row.body.truncate(KEPT_BODY);
        }
        row.event = reading.event();
        row.status = reading.status().as_u16();
        let reading = Arc::new(reading);
        let began = Instant::now();
        let delivered = self.hooks.writer.write(arrival(row.clone(), &reading)).await;
        let runs = self.loaded.config.limits.runs;
        self.hooks.app.pace.waited(began.elapsed(), runs, Instant::now());
        let delivered = delivered?;
        tell(&self.hooks.app, &row.id, &reading);
        Ok((reading.status(), reading.answer(&row.id, &delivered)))
    }

    /// What is kept of it: nothing of the secrets that the endpoint knows, which some hosts repeat in what they send.
    fn row(&self, mut body: Vec<u8>, known: &[SecretString]) -> Delivery {
        let (mirror, side, credential) = self.endpoint.columns();
        let provider = self.endpoint.provider;
        blank(&mut body, known);
        Delivery {
            id: uuid::Uuid::now_v7().to_string(),
            mirror,
            side,
            credential,
            provider: provider.word().to_owned(),
            host_id: webhook::delivery_id(provider, &self.headers, &body),
            event: None,
            at: self.hooks.app.store.now(),
            from: self.from.clone(),
            headers: kept(&self.headers, self.endpoint, known),
            body,
            status: StatusCode::ACCEPTED.as_u16(),
            disposition: String::new(),
            repeats: None,
        }
    }

    /// Keeps a refused delivery, so that a person can see why nothing arrives. Nobody waits for it, and nothing of it is due.
    fn note(&self, refusal: &Refusal, body: &[u8], known: &[SecretString]) {
        let endpoint = self.endpoint.shown();
        let (status, detail) = (refusal.status.as_u16(), refusal.detail.as_str());
        // Whoever sends rubbish fills neither the log nor the database.
        if self
            .hooks
            .notes
            .0
            .take(endpoint.clone(), NOTES, Instant::now())
            .is_err()
        {
            return tracing::debug!(
                endpoint,
                from = self.from,
                status,
                detail,
                "a delivery was refused"
            );
        }
        tracing::warn!(
            endpoint,
            from = self.from,
            status,
            detail,
            "a delivery was refused"
        );
        if refusal.retry_after.is_some() {
            return;
        }
        let mut row = self.row(body.to_vec(), known);
        row.body.truncate(KEPT_BODY);
        row.host_id = None;
        row.status = refusal.status.as_u16();
        let disposition = serde_json::to_string(&refusal.problem()).unwrap_or_default();
        row.disposition.clone_from(&disposition);
        let writer = self.hooks.writer.clone();
        tokio::spawn(async move {
            let answer: store::delivery::Answering = Box::new(move |_| disposition.clone());
            // What cannot be written was logged.
            let _ = writer
                .write(Arrival {
                    delivery: row,
                    due: Vec::new(),
                    answer,
                })
                .await;
        });
    }
}

/// What a delivery turned out to be.
#[derive(Debug)]
pub(super) enum Reading {
    /// References changed.
    Push { push: Push, routed: Routed },
    /// Nothing changed.
    Quiet {
        disposition: Disposition,
        event: String,
        why: Option<String>,
    },
}

impl Reading {
    pub(super) fn of(
        loaded: &Loaded,
        sides: &super::index::Sides,
        endpoint: &Endpoint,
        read: webhook::Delivery,
        id: &str,
    ) -> Self {
        match read {
            webhook::Delivery::Push(push) => Self::Push {
                routed: route(loaded, sides, endpoint, &push, id),
                push,
            },
            webhook::Delivery::Ping => Self::Quiet {
                disposition: Disposition::Ping,
                event: "ping".to_owned(),
                why: None,
            },
            webhook::Delivery::Ignored { event, why } => Self::Quiet {
                disposition: Disposition::IgnoredEvent,
                event,
                why: Some(why),
            },
        }
    }

    fn is_quiet(&self) -> bool {
        matches!(self, Self::Quiet { .. })
    }

    pub(super) fn event(&self) -> Option<String> {
        match self {
            Self::Push { push, .. } => Some(push.event.clone()),
            Self::Quiet { event, .. } => Some(event.clone()),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Quiet {
                disposition: Disposition::Ping,
                ..
            } => StatusCode::OK,
            _ => StatusCode::ACCEPTED,
        }
    }

    /// The answer, once it is written down.
    pub(super) fn answer(&self, id: &str, delivered: &Delivered) -> Answer {
        let mut answer = Answer {
            delivery: id.to_owned(),
            repeats: delivered.repeats.clone(),
            event: self.event(),
            disposition: None,
            why: None,
            references: Vec::new(),
            more: 0,
            invalid: Vec::new(),
        };
        match self {
            Self::Push { push, routed } => {
                (answer.references, answer.more) = routed.references(&delivered.marked);
                answer.invalid.clone_from(&push.invalid);
            }
            Self::Quiet { disposition, why, .. } => {
                answer.disposition = Some(*disposition);
                answer.why.clone_from(why);
            }
        }
        answer
    }
}

/// A delivery as the database takes it: what it is answered with is written in the same transaction.
pub(super) fn arrival(delivery: Delivery, reading: &Arc<Reading>) -> Arrival {
    let due = match &**reading {
        Reading::Push { routed, .. } => routed.due.clone(),
        Reading::Quiet { .. } => Vec::new(),
    };
    let (reading, id) = (Arc::clone(reading), delivery.id.clone());
    Arrival {
        delivery,
        due,
        answer: Box::new(move |delivered| {
            serde_json::to_string(&reading.answer(&id, delivered)).unwrap_or_default()
        }),
    }
}

/// Tells those who watch.
pub(super) fn tell(app: &crate::app::App, id: &str, reading: &Reading) {
    app.live.tell(Happened::Delivery { id: id.to_owned() });
    if let Reading::Push { routed, .. } = reading {
        for mirror in routed.mirrors() {
            app.live.tell(Happened::Mirror {
                name: mirror.to_owned(),
            });
        }
    }
}

/// Refuses what is not JSON by its own account. Hosts that say nothing, or something general, are given the benefit of the doubt.
fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let told = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let kind = told(header::CONTENT_TYPE).to_ascii_lowercase();
    let encoding = told(header::CONTENT_ENCODING).to_ascii_lowercase();
    if kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/") {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is form-encoded: set the content type to application/json",
        ));
    }
    if !matches!(encoding.as_str(), "" | "identity") {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is compressed: send it as it is, without a content encoding",
        ));
    }
    Ok(())
}

/// Headers by lower-case name; the first of several counts.
fn lowered(headers: &HeaderMap) -> Headers {
    let mut lowered = Headers::new();
    for (name, value) in headers {
        lowered
            .entry(name.as_str().to_owned())
            .or_insert_with(|| String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    lowered
}

/// The headers that may be kept, as JSON, without these secrets.
fn kept(headers: &Headers, endpoint: &Endpoint, known: &[SecretString]) -> String {
    // A header that the configuration calls a signature is one, whatever its name.
    let signature = endpoint
        .trigger
        .as_ref()
        .and_then(|trigger| trigger.signature.as_ref())
        .map(|signature| signature.header.to_ascii_lowercase());
    let kept: Headers = headers
        .iter()
        .filter(|(name, _)| webhook::may_keep(name) && Some(*name) != signature.as_ref())
        .map(|(name, value)| {
            // Before it is cut: a part of a secret would not be found.
            let value = blanked(value.clone(), known);
            let value: String = value.chars().take(KEPT_HEADER).collect();
            (name.clone(), gitwire::message::sanitize(value))
        })
        .collect();
    serde_json::to_string(&kept).unwrap_or_default()
}

/// The secret of the URL, for the hosts that can put one nowhere else.
fn query_secret(provider: Provider, query: Option<&str>) -> Option<SecretString> {
    if !matches!(provider, Provider::Gerrit | Provider::Custom) {
        return None;
    }
    let value = query?.split('&').find_map(|pair| pair.strip_prefix("secret="))?;
    let value = value.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&value).decode_utf8().ok()?;
    Some(SecretString::from(decoded.into_owned()))
}
