//! The API under `/api/v1`.
//!
//! | method and path | role | body, answer (`model`) |
//! |---|---|---|
//! | `GET /api/v1`, `GET /api/v1/overview` | read | `service::Overview` |
//! | `GET /api/v1/openapi.json` | none | the OpenAPI 3.1 document |
//! | `GET /api/v1/events` | read | server-sent events, `event` |
//! | `GET /api/v1/mirrors` | read | `MirrorQuery` → page of `Mirror` |
//! | `POST /api/v1/mirrors` | admin | `MirrorSpec` → `Mirror`, 201 |
//! | `GET /api/v1/mirrors/{name}` | read | `Mirror` with its spec; `ETag` |
//! | `PUT /api/v1/mirrors/{name}` | admin | `If-Match`, `MirrorSpec` → `Mirror` |
//! | `DELETE /api/v1/mirrors/{name}` | admin | 204 |
//! | `GET /api/v1/mirrors/{name}/references` | read | `ReferenceQuery` → page of `Reference` |
//! | `GET /api/v1/mirrors/{name}/diff` | read (`live=true`: operate) | `DriftQuery` → `Drift` |
//! | `POST /api/v1/mirrors/{name}/check` | operate | `CheckReport` |
//! | `GET /api/v1/mirrors/{name}/input-sets` | read | page of `InputSet` |
//! | `POST /api/v1/mirrors/{name}/runs` | operate | `RunRequest` → `Run`, 202 |
//! | `POST /api/v1/mirrors/{name}/pause`, `…/resume` | operate | `Mirror` |
//! | `GET /api/v1/mirrors/{name}/hooks` | read | page of `Hook` |
//! | `POST /api/v1/mirrors/{name}/hooks` | admin | `RegisterRequest` → page of `Registration` |
//! | `GET /api/v1/mirrors/{name}/conflict?reference=` | read | `Conflict` |
//! | `POST /api/v1/mirrors/{name}/resolve` | operate | `ResolveRequest` → `Run`, 202 |
//! | `GET /api/v1/conflicts` | read | `ConflictQuery` → page of `Conflict` |
//! | `GET /api/v1/runs` | read | `RunQuery` → page of `Run` |
//! | `POST /api/v1/runs` | operate | `OneOffRequest` → `Run`, 202 |
//! | `GET /api/v1/runs/{id}` | read | `Run` |
//! | `GET /api/v1/runs/{id}/references` | read | page of `RunReference` |
//! | `GET /api/v1/runs/{id}/log` | read | `LogQuery` → page of `LogLine` (`next` is a number as text) |
//! | `GET /api/v1/runs/{id}/events` | read | server-sent events: `log`, `progress`, `state`, `end` |
//! | `POST /api/v1/runs/{id}/cancel` | operate | `Run` |
//! | `POST /api/v1/runs/{id}/approve`, `…/undo`, `…/rerun` | operate | `Run` (the new one), 202 |
//! | `GET /api/v1/deliveries` | read | `DeliveryQuery` → page of `Delivery` |
//! | `GET /api/v1/deliveries/{id}` | read | `Delivery` with headers and body |
//! | `POST /api/v1/deliveries/{id}/redeliver` | operate | `Delivery` (the new one), 202 |
//! | `GET /api/v1/tokens` | admin | page of `Token` |
//! | `POST /api/v1/tokens` | admin | `TokenRequest` → `MadeToken`, 201 |
//! | `DELETE /api/v1/tokens/{id}` | admin | 204 |
//! | `GET /api/v1/audit` | admin | `AuditQuery` → page of `AuditEntry` |
//! | `POST /api/v1/config/reload` | admin | `ReloadRequest` → `Reloaded` |
//! | `GET /healthz`, `/readyz`, `/metrics` | none | text, `Readiness`, Prometheus' text |
//!
//! Errors are `problem::Problem`.

mod answer;
mod auth;
mod connections;
mod extract;
mod first_token;
mod handlers;
mod json;
pub(crate) mod model;
pub(crate) mod rate;
mod refusal;
mod routes;
mod share;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use connections::serve;
pub(crate) use first_token::first_token;
pub(crate) use routes::{live, router};
