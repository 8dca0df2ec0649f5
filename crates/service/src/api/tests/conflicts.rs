use super::*;

async fn with_conflict() -> Bench {
    let bench = Bench::new().await;
    let standing = vec![waiting("main", Why::Conflict), waiting("gone", Why::Deletion)];
    bench.ran("app", State::Refused, vec![], standing).await;
    bench
}

#[tokio::test]
async fn a_conflict_is_listed_shown_and_settled_as_it_was_shown() {
    let bench = with_conflict().await;
    assert_eq!(
        bench.get("/conflicts").await.names("reference"),
        ["refs/heads/main"]
    );
    let conflict = bench
        .get("/mirrors/app/conflict?reference=refs/heads/main")
        .await
        .expect(200);
    assert_eq!(conflict["source"], "b".repeat(40));
    assert_eq!(conflict["choices"], json!(["source", "target"]));
    bench
        .get("/mirrors/app/conflict?reference=refs/heads/gone")
        .await
        .expect(404);
    let (b, c) = ("b".repeat(40), "c".repeat(40));
    let resolve = |shown: Value| {
        bench.post(
            "/mirrors/app/resolve",
            json!({"reference": "refs/heads/main", "take": "target", "keepBoth": true, "shown": shown}),
        )
    };
    resolve(json!({"source": b, "target": "d".repeat(40)}))
        .await
        .expect(409);
    resolve(json!({"source": null, "target": c})).await.expect(409);
    let run = resolve(json!({"source": b, "target": c})).await.expect(202);
    assert_eq!(
        run["inputs"]["order"],
        json!({"kind": "resolve", "reference": "refs/heads/main", "take": "target", "keepBoth": true, "source": b, "target": c})
    );
    assert_eq!(run["trigger"], "resolve");
}

#[tokio::test]
async fn a_conflict_over_a_name_that_is_not_utf_8_is_settled_as_it_is_shown() {
    let bench = Bench::new().await;
    let conflict = Standing {
        name: RefName::new(b"refs/heads/caf\xe9".as_slice()).unwrap(),
        ..waiting("main", Why::Conflict)
    };
    bench.ran("app", State::Refused, vec![], vec![conflict]).await;
    let shown = bench.get("/conflicts").await.expect(200)["items"][0]["reference"].clone();
    assert_eq!(shown, "refs/heads/caf\\xe9");
    let ask = json!({"reference": shown, "take": "source"});
    let run = bench.post("/mirrors/app/resolve", ask).await.expect(202);
    assert_eq!(run["inputs"]["order"]["reference"], shown);
}

#[tokio::test]
async fn a_one_way_mirror_has_one_choice() {
    let bench = Bench::new().await;
    bench
        .ran(
            "web",
            State::Refused,
            vec![],
            vec![waiting("main", Why::Conflict)],
        )
        .await;
    assert_eq!(
        bench.get("/conflicts?mirror=web").await.expect(200)["items"][0]["choices"],
        json!(["source"])
    );
    let ask = |body: Value| bench.post("/mirrors/web/resolve", body);
    ask(json!({"reference": "refs/heads/main", "take": "target"}))
        .await
        .expect(409);
    ask(json!({"reference": "refs/heads/main", "take": "source", "keepBoth": true}))
        .await
        .expect(409);
    ask(json!({"reference": "refs/heads/main", "take": "source"}))
        .await
        .expect(202);
}

#[tokio::test]
async fn references_are_merged_from_what_is_remembered_and_what_waits() {
    let bench = with_conflict().await;
    let all = bench.get("/mirrors/app/references").await.expect(200);
    let states: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [("refs/heads/gone", "deletion"), ("refs/heads/main", "conflict")]
    );
    assert_eq!(all["next"], Value::Null);
    let mut after = String::new();
    let mut names = Vec::new();
    loop {
        let page = bench
            .get(&format!("/mirrors/app/references?limit=1{after}"))
            .await
            .expect(200);
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["name"].clone()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
        assert!(names.len() < 10, "pages end");
    }
    assert_eq!(names, ["refs/heads/gone", "refs/heads/main"]);
    let drift = bench.get("/mirrors/app/diff").await.expect(200);
    assert_eq!(
        (
            drift["live"].as_bool(),
            drift["references"].as_array().unwrap().len()
        ),
        (Some(false), 2)
    );

    // What was told and not looked at differs, too, since it was told.
    let told = store::queue::Due {
        name: Some(RefName::new("refs/heads/told").unwrap()),
        event: None,
        trigger: "webhook".into(),
        delivery: None,
    };
    let since = Time(1_700_000_000_000);
    bench.app.store.mark_due("app", &[told], since).await.unwrap();
    let drift = bench.get("/mirrors/app/diff").await.expect(200);
    let told = &drift["references"][2];
    assert_eq!(
        (&told["name"], &told["state"]),
        (&"refs/heads/told".into(), &"behind".into())
    );
    assert_eq!(told["since"], "2023-11-14T22:13:20.000Z", "{told}");
}

#[tokio::test]
async fn a_reference_that_was_told_to_have_changed_is_behind_in_the_list_of_all() {
    let bench = Bench::new().await;
    bench.ran("app", State::Succeeded, vec![], vec![]).await;
    let told = ["a", "main", "z"].map(|short| store::queue::Due {
        name: Some(name(short)),
        event: None,
        trigger: "webhook".into(),
        delivery: None,
    });
    bench.app.store.mark_due("app", &told, Time::now()).await.unwrap();
    let all = bench.get("/mirrors/app/references").await.expect(200);
    let states = |page: &Value| -> Vec<(String, String)> {
        let items = page["items"].as_array().unwrap();
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        items
            .iter()
            .map(|one| (text(one, "name"), text(one, "state")))
            .collect()
    };
    let behind = |short: &str| (format!("refs/heads/{short}"), "behind".to_owned());
    assert_eq!(states(&all), [behind("a"), behind("main"), behind("z")]);
    assert_eq!(all["next"], Value::Null);
    // Page by page it is the same, to the last that only a webhook told of.
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = bench
            .get(&format!("/mirrors/app/references?limit=1{after}"))
            .await
            .expect(200);
        found.extend(states(&page));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
        assert!(found.len() < 10, "pages end");
    }
    assert_eq!(found, states(&all));
}

#[tokio::test]
async fn a_drift_report_says_when_nobody_knows() {
    let bench = Bench::new().await;
    let claim = bench.claim().await;
    let path = format!("/mirrors/{}/diff", claim.mirror.as_deref().unwrap());
    let report = async || bench.get(&path).await.expect(200);
    assert_eq!(report().await["unsure"], "no run has looked at both sides yet");
    let failing = Outcome {
        error: Some("the host is down".into()),
        ..Outcome::default()
    };
    bench
        .app
        .store
        .finish(&claim, &failing, Time::now())
        .await
        .unwrap();
    assert_eq!(report().await["unsure"], "the last run failed: the host is down");
}
