use http::Method;
use prometheus_client::encoding::text::encode;
use store::run::State;

use super::*;

impl Metrics {
    /// The names of all series, as Prometheus has them.
    pub(crate) fn names(&self) -> std::collections::BTreeSet<String> {
        record_each(self);
        let text = text(self);
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let name = |line: &str| line.split(['{', ' ']).next().unwrap_or_default().to_owned();
        samples.map(name).collect()
    }
}

/// Families without a label's value are not written.
fn record_each(metrics: &Metrics) {
    metrics.synced(Duration::from_millis(200));
    metrics.run_ended(State::Succeeded, "webhook", Duration::from_secs(1), 4_096);
    metrics.references_ended("created", 3);
    metrics.host_answered("git.example.org", Some(200), Duration::from_millis(20));
    metrics.delivered("github", 202);
    metrics.found_by_sweep("ghe", 2);
    metrics.api_answered(&Method::GET, 404);
    let stored = metrics.stored.try_lock().unwrap();
    let state = "new".to_owned();
    stored.mirrors.get_or_create(&ByState { state }).set(1);
    let mirror = "app".to_owned();
    stored.mirror_lag.get_or_create(&ByMirror { mirror }).set(1.0);
}

fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    encode(&mut text, &metrics.registry).unwrap();
    text
}

#[test]
fn what_was_recorded_is_told() {
    let metrics = Metrics::default();
    record_each(&metrics);
    metrics.host_answered("git.example.org", None, Duration::from_secs(10));
    let text = text(&metrics);
    for line in [
        "refsync_lag_seconds_count 1",
        "refsync_lag_seconds_bucket{le=\"0.27\"} 1",
        "refsync_runs_total{outcome=\"succeeded\",trigger=\"webhook\"} 1",
        "refsync_references_total{state=\"created\"} 3",
        "refsync_relayed_bytes_total 4096",
        "refsync_host_requests_total{host=\"git.example.org\",status=\"2xx\"} 1",
        "refsync_host_requests_total{host=\"git.example.org\",status=\"none\"} 1",
        "refsync_host_request_seconds_count{host=\"git.example.org\"} 2",
        "refsync_deliveries_total{provider=\"github\",status=\"202\"} 1",
        "refsync_found_by_sweeps_total{credential=\"ghe\"} 2",
        "refsync_api_requests_total{method=\"GET\",status=\"4xx\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_connection_counts_until_it_ends() {
    let metrics = Metrics::default();
    let one = metrics.connected();
    let two = metrics.connected();
    assert!(text(&metrics).contains("refsync_connections 2"));
    drop((one, two));
    assert!(text(&metrics).contains("refsync_connections 0"));
}

#[test]
fn labels_that_come_from_outside_are_bounded() {
    let metrics = Metrics::default();
    for number in 0..1_000 {
        metrics.host_answered(&format!("host-{number}"), Some(200), Duration::ZERO);
        let method = Method::from_bytes(format!("METHOD{number}").as_bytes()).unwrap();
        metrics.api_answered(&method, 400);
        metrics.run_ended(State::Failed, &format!("trigger {number}"), Duration::ZERO, 0);
    }
    let text = text(&metrics);
    let lines = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(lines("refsync_host_requests_total"), 201);
    assert_eq!(lines("refsync_api_requests_total"), 1);
    assert_eq!(lines("refsync_runs_total"), 1);
    assert!(text.contains("refsync_host_requests_total{host=\"other\",status=\"2xx\"} 800"));
}
