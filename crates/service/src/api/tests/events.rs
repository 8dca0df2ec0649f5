use futures_util::StreamExt;

use super::*;
use crate::live::Happened;

/// The events of a stream, as they come.
struct Events {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Events {
    async fn open(bench: &Bench, token: &str, path: &str, after: Option<&str>) -> Self {
        let request = Request::builder()
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {token}"));
        let request = match after {
            Some(after) => request.header("last-event-id", after),
            None => request,
        };
        let response = bench
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The name and data of the next event; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines.find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
                };
                let found = (field("event:"), field("data:"));
                self.text = rest.to_owned();
                if let (Some(name), Some(data)) = found {
                    return Some((name, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.body.next()).await;
            let chunk = chunk.expect("an event comes in time")?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_finished_run_is_told_whole_and_goes_on_where_it_was_left() {
    let bench = Bench::new().await;
    let run = bench.ran("app", State::Succeeded, vec![], vec![]).await;
    let path = format!("/runs/{}/events", run.id);
    let mut events = Events::open(&bench, &bench.admin, &path, None).await;
    let mut seen = Vec::new();
    while let Some((name, _)) = events.next().await {
        seen.push(name);
    }
    assert_eq!(seen, ["log", "log", "state", "end"]);
    let mut events = Events::open(&bench, &bench.admin, &path, Some("1")).await;
    assert_eq!(events.next().await.unwrap().1["text"], "done");
    let path = format!("{path}?after=1");
    let mut events = Events::open(&bench, &bench.admin, &path, None).await;
    assert_eq!(events.next().await.unwrap().1["text"], "done");
    let mut events = Events::open(&bench, &bench.admin, &path, Some("2")).await;
    assert_eq!(
        events.next().await.unwrap().0,
        "state",
        "who connects again has both lines"
    );
}

#[tokio::test]
async fn a_run_is_watched_from_its_beginning_to_its_end() {
    let bench = Bench::new().await;
    let run = bench.post("/mirrors/app/runs", json!({})).await.expect(202);
    let id = run["id"].as_str().unwrap().to_owned();
    let mut events = Events::open(&bench, &bench.admin, &format!("/runs/{id}/events"), None).await;
    assert_eq!(events.next().await.unwrap().1["state"], "queued");
    bench.app.live.tell(Happened::Progress {
        id: id.clone(),
        stage: "relay",
        bytes: 7,
    });
    assert_eq!(
        events.next().await.unwrap(),
        ("progress".into(), json!({"stage": "relay", "bytes": 7}))
    );
    let claim = bench.claim().await;
    let Work::Asked(run) = &claim.work else {
        panic!("{claim:?}")
    };
    let run = Run {
        state: State::Running,
        ..Run::clone(run)
    };
    bench.app.store.begin_run(&claim, &run).await.unwrap();
    assert_eq!(
        events.next().await.unwrap().1["state"],
        "running",
        "another process's doings are found"
    );
    bench.app.live.tell(Happened::Log {
        id: id.clone(),
        line: line(1, "heard"),
    });
    assert_eq!(events.next().await.unwrap().1["text"], "heard");
    bench
        .app
        .store
        .append_log(&id, &[line(1, "heard"), line(2, "stored")])
        .await
        .unwrap();
    assert_eq!(events.next().await.unwrap().1["text"], "stored", "no line twice");
    bench.app.store.cancel_run(&id, "x", Time::now()).await.unwrap();
    let finished = Finished {
        run: Run {
            state: State::Cancelled,
            ended: Some(Time::now()),
            ..run
        },
        references: vec![],
        log: vec![line(3, "cut")],
    };
    let outcome = Outcome {
        run: Some(finished),
        ..Outcome::default()
    };
    bench
        .app
        .store
        .finish(&claim, &outcome, Time::now())
        .await
        .unwrap();
    let mut last = Vec::new();
    while let Some((name, data)) = events.next().await {
        last.push((name, data["state"].clone()));
    }
    assert_eq!(last.first().unwrap().0, "log");
    assert_eq!(last.last().unwrap(), &("end".into(), json!("cancelled")));
}

#[tokio::test]
async fn who_watches_all_hears_of_what_they_see() {
    let bench = Bench::new().await;
    let core = bench.token(Role::Read, Some(("team", "core"))).await;
    let mut all = Events::open(&bench, &bench.admin, "/events", None).await;
    let mut some = Events::open(&bench, &core, "/events", None).await;
    for name in ["app", "web"] {
        bench.app.live.tell(Happened::Mirror { name: name.into() });
        bench.app.live.tell(Happened::Run {
            id: name.into(),
            mirror: Some(name.into()),
            state: State::Queued,
        });
    }
    bench.app.live.tell(Happened::Run {
        id: "one-off".into(),
        mirror: None,
        state: State::Queued,
    });
    bench.app.live.tell(Happened::Mirror { name: "web".into() });
    for expected in [
        json!({"name": "app"}),
        json!({"id": "app", "mirror": "app", "state": "queued"}),
        json!({"name": "web"}),
    ] {
        assert_eq!(all.next().await.unwrap().1, expected);
    }
    for expected in [
        json!({"name": "web"}),
        json!({"id": "web", "mirror": "web", "state": "queued"}),
        json!({"name": "web"}),
    ] {
        assert_eq!(some.next().await.unwrap().1, expected);
    }
}

#[tokio::test]
async fn who_watches_all_looks_anew_when_the_configuration_is_another() {
    let bench = Bench::new().await;
    let mut events = Events::open(&bench, &bench.admin, "/events", None).await;
    reload::take_made(&bench.app).await.unwrap();
    assert_eq!(events.next().await.unwrap().0, "resync");
}

#[tokio::test]
async fn streams_end_when_the_process_stops() {
    let bench = Bench::new().await;
    let mut events = Events::open(&bench, &bench.admin, "/events", None).await;
    bench.app.stopping.cancel();
    assert_eq!(events.next().await, None);
}
