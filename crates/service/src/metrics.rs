//! What Prometheus asks for. Labels are bounded: hosts and mirrors of the configuration, fixed words; nothing in them is secret.
//!
//! Whoever does something calls the recorder named after it; [`gather()`] adds what only the database knows and writes the text.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use labels::{
    ByBuild, ByCredential, ByDelivery, ByHost, ByHostStatus, ByMirror, ByRequest, ByRun, ByState, Names,
    status_class,
};

mod gather;
mod labels;
#[cfg(test)]
mod tests;

pub(crate) use gather::gather;

/// A gauge of seconds and parts of them.
type Seconds = Gauge<f64, std::sync::atomic::AtomicU64>;

/// A family of histograms.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The metrics of a process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    lag: Histogram,
    runs: Family<ByRun, Counter>,
    run_durations: Histogram,
    references: Family<ByState, Counter>,
    bytes: Counter,
    host_requests: Family<ByHostStatus, Counter>,
    host_durations: Histograms<ByHost>,
    deliveries: Family<ByDelivery, Counter>,
    found_by_sweeps: Family<ByCredential, Counter>,
    api_requests: Family<ByRequest, Counter>,
    connections: Gauge,
    hosts: Names,
    /// Held while the gauges of the database are filled in and written.
    stored: tokio::sync::Mutex<Stored>,
}

/// Gauges of what the database knows, filled in when they are asked for.
#[derive(Debug, Clone, Default)]
struct Stored {
    queue_depth: Gauge,
    queue_age: Seconds,
    mirrors: Family<ByState, Gauge>,
    oldest: Seconds,
    mirror_lag: Family<ByMirror, Seconds>,
    refused_secrets: Gauge,
    workers: Gauge,
    configuration_problem: Gauge,
    up: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        // 10 ms to 22 hours: a push is mirrored within a second, a host can be down for a night.
        let lag = Histogram::new(exponential_buckets(0.01, 3.0, 15));
        let metrics = Self {
            registry: Registry::with_prefix("refsync"),
            lag,
            runs: Family::default(),
            run_durations: Histogram::new(exponential_buckets(0.01, 3.0, 13)),
            references: Family::default(),
            bytes: Counter::default(),
            host_requests: Family::default(),
            host_durations: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.005, 3.0, 11))
            }),
            deliveries: Family::default(),
            found_by_sweeps: Family::default(),
            api_requests: Family::default(),
            connections: Gauge::default(),
            hosts: Names::new(200),
            stored: tokio::sync::Mutex::new(Stored::default()),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let build = Family::<ByBuild, Gauge>::default();
        build.get_or_create(&ByBuild::this()).set(1);
        let stored = self.stored.get_mut().clone();
        let to = &mut self.registry;
        to.register("build", "The version of this process; always 1", build);
        to.register_with_unit(
            "lag",
            "From the first sight of a change to the moment it was on the other side",
            Unit::Seconds,
            self.lag.clone(),
        );
        to.register(
            "runs",
            "Finished runs by their end and by what asked for them",
            self.runs.clone(),
        );
        to.register_with_unit("run", "Length of runs", Unit::Seconds, self.run_durations.clone());
        to.register(
            "references",
            "References that runs dealt with, by what became of them",
            self.references.clone(),
        );
        to.register_with_unit(
            "relayed",
            "Bytes of packs relayed",
            Unit::Bytes,
            self.bytes.clone(),
        );
        to.register(
            "host_requests",
            "Requests to hosts, by the class of their status",
            self.host_requests.clone(),
        );
        to.register_with_unit(
            "host_request",
            "Time until a host answered",
            Unit::Seconds,
            self.host_durations.clone(),
        );
        to.register(
            "deliveries",
            "Webhook deliveries by kind of host and the status they were answered with",
            self.deliveries.clone(),
        );
        to.register(
            "found_by_sweeps",
            "Changes that a sweep found and no webhook had told, by the credential of the side that changed",
            self.found_by_sweeps.clone(),
        );
        to.register(
            "api_requests",
            "Requests to the API by method and class of status",
            self.api_requests.clone(),
        );
        to.register(
            "connections",
            "Open connections to this process",
            self.connections.clone(),
        );
        stored.register(to);
        self
    }

    /// A change first seen that long ago is on the other side now.
    pub(crate) fn synced(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// A run ended: how, what asked for it, how long it took, and how many bytes of packs it relayed.
    pub(crate) fn run_ended(&self, state: store::run::State, trigger: &str, took: Duration, bytes: u64) {
        let labels = ByRun::new(state, trigger);
        self.runs.get_or_create(&labels).inc();
        self.run_durations.observe(took.as_secs_f64());
        self.bytes.inc_by(bytes);
    }

    /// What became of a run's references, by the stable word of the outcome.
    pub(crate) fn references_ended(&self, outcome: &str, number: u64) {
        let state = outcome.to_owned();
        self.references.get_or_create(&ByState { state }).inc_by(number);
    }

    /// A host answered, or did not (`None`).
    pub(crate) fn host_answered(&self, host: &str, status: Option<u16>, took: Duration) {
        let host = self.hosts.bounded(host);
        let status = status.map_or("none", status_class).to_owned();
        self.host_durations
            .get_or_create(&ByHost { host: host.clone() })
            .observe(took.as_secs_f64());
        self.host_requests
            .get_or_create(&ByHostStatus { host, status })
            .inc();
    }

    /// A webhook was answered. `provider` is the kind of host of a configured endpoint, or `unknown`.
    pub(crate) fn delivered(&self, provider: &'static str, status: u16) {
        let provider = provider.to_owned();
        let status = u32::from(status);
        self.deliveries
            .get_or_create(&ByDelivery { provider, status })
            .inc();
    }

    /// A sweep found changes that no webhook had told; the credential is one of the configuration.
    pub(crate) fn found_by_sweep(&self, credential: &str, number: u64) {
        let credential = credential.to_owned();
        self.found_by_sweeps
            .get_or_create(&ByCredential { credential })
            .inc_by(number);
    }

    /// The API answered.
    pub(crate) fn api_answered(&self, method: &http::Method, status: u16) {
        let labels = ByRequest::new(method, status);
        self.api_requests.get_or_create(&labels).inc();
    }

    /// A connection was opened; it counts until this is dropped.
    pub(crate) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Stored {
    fn register(&self, to: &mut Registry) {
        to.register(
            "database_up",
            "Whether the database could be asked",
            self.up.clone(),
        );
        to.register(
            "queue_depth",
            "Mirrors and runs that are due",
            self.queue_depth.clone(),
        );
        to.register_with_unit(
            "queue_age",
            "Since when the oldest due thing waits",
            Unit::Seconds,
            self.queue_age.clone(),
        );
        to.register("mirrors", "Mirrors by their state", self.mirrors.clone());
        to.register_with_unit(
            "oldest_unsynced",
            "Since when the oldest change waits that is not on the other side",
            Unit::Seconds,
            self.oldest.clone(),
        );
        to.register_with_unit(
            "mirror_lag",
            "Since when a mirror's oldest change waits; only with metrics.perMirror",
            Unit::Seconds,
            self.mirror_lag.clone(),
        );
        to.register(
            "refused_secrets",
            "Credentials whose secret a host refused",
            self.refused_secrets.clone(),
        );
        to.register(
            "workers",
            "Processes that share the database",
            self.workers.clone(),
        );
        to.register(
            "configuration_problem",
            "1 while a newer configuration is not in force because it is wrong",
            self.configuration_problem.clone(),
        );
    }
}
