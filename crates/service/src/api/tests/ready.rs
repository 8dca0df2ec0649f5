use store::worker::Worker;

use super::*;

async fn plain(bench: &Bench, path: &str) -> Answer {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let response = bench.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        json: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

fn other(fingerprint: String) -> Worker {
    Worker {
        id: "the-other-process".into(),
        fingerprint,
        since: Time::now(),
        seen: Time::now(),
        version: "0".into(),
    }
}

#[tokio::test]
async fn a_process_is_ready_while_others_have_the_same_file() {
    let bench = Bench::new().await;
    assert_eq!(plain(&bench, "/healthz").await.status, StatusCode::OK);
    assert_eq!(
        plain(&bench, "/readyz").await.expect(200),
        json!({"ready": true, "problems": []})
    );
    let own = bench.app.loaded().fingerprint.clone();
    bench.app.store.report_worker(&other(own)).await.unwrap();
    plain(&bench, "/readyz").await.expect(200);
    bench
        .app
        .store
        .report_worker(&other("another".into()))
        .await
        .unwrap();
    let answer = plain(&bench, "/readyz").await;
    assert!(answer.text.contains("the-other-process"), "{}", answer.text);
    answer.expect(503);
    bench.app.store.retire_worker("the-other-process").await.unwrap();
    plain(&bench, "/readyz").await.expect(200);
    bench.app.stopping.cancel();
    plain(&bench, "/readyz").await.expect(503);
}

#[tokio::test]
async fn metrics_tell_what_the_database_knows() {
    let bench = Bench::new().await;
    bench.get("/mirrors").await.expect(200);
    let answer = plain(&bench, "/metrics").await;
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "refsync_database_up 1",
        "refsync_mirrors{state=\"new\"} 2",
        "refsync_mirrors{state=\"failed\"} 0",
        "refsync_api_requests_total{method=\"GET\",status=\"2xx\"} 1",
        "refsync_configuration_problem 0",
    ] {
        assert!(answer.text.contains(line), "{line} is not in\n{}", answer.text);
    }
    assert!(!answer.text.contains("mirror=\""), "per mirror only if asked");
}
