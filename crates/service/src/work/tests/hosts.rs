//! What mirrors share of a host: its patience, its pace, and what it wants of its clients.

use engine::side::Side;
use store::Time;
use store::queue::Due;
use store::run::{Inputs, State};
use testkit::{Answer, HttpServer, Then, When};

use super::scene::{Scene, is_over};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_wants_a_certificate_of_its_clients_is_shown_the_credentials_own() {
    let folder = testkit::tmp();
    let target = testkit::Repo::bare(folder.path().join("target.git"));
    let mutual = HttpServer::start_mutual_tls(folder.path());
    let file = |base: &str, more: &str| {
        let host = mutual.address();
        let authority = mutual.ca_pem_path();
        format!(
            "credentials:\n  corp: {{host: \"{host}\", provider: gitea, caFile: \"{}\"{more}}}\n\
             mirrors:\n  - {{name: app, source: {base}/source.git, target: {}, sweep: off}}\n",
            authority.display(),
            mutual.url("target.git")
        )
    };
    let mut scene = Scene::of_file(|base| file(base, "")).await;
    let new = scene.source.commit("main", "one");
    scene.work();
    let refused = scene.made(scene.asked(Inputs::default())).await;
    // The server's reason may be heard, or the end of the connection alone.
    assert_eq!(refused.state, State::Failed);
    let fault = refused.fault.unwrap();
    assert_eq!(fault.side.as_deref(), Some("target"), "{fault:?}");
    assert!(fault.advice.unwrap().contains("clientCert"));

    let shown = format!(", clientCert: \"{}\"", mutual.client_pem_path().display());
    scene.restart(|base| file(base, &shown)).await;
    scene.work();
    let run = scene.made(scene.asked(Inputs::default())).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    assert_eq!(target.get("refs/heads/main"), Some(new));
}

/// Two mirrors on one host.
fn two(base: &str) -> String {
    let mirror = |name: &str| {
        format!("  - {{name: {name}, source: {base}/source.git, target: {base}/{name}.git, sweep: off}}\n")
    };
    format!("mirrors:\n{}{}", mirror("app"), mirror("other"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asks_for_patience_is_left_alone_by_all_mirrors_and_by_the_next_process() {
    let mut scene = Scene::of_file(two).await;
    for name in ["app", "other"] {
        testkit::Repo::bare(scene.directory.path().join(format!("{name}.git")));
    }
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    let busy = Answer::status(429).header("retry-after", "3600");
    // What every run needs: a pack that is asked for ahead may fail without a word.
    let needed = When::discovery(testkit::Service::ReceivePack).under("/app.git");
    scene.server.once(needed, Then::Answer(busy));
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene
        .wait_for("the run that was sent away", async |scene: &Scene| {
            let last = scene.last_run().await;
            last.trigger == "webhook" && is_over(last.state)
        })
        .await;
    assert_eq!(scene.last_run().await.state, State::Failed);
    let next = scene.overview().await.next_at.unwrap();
    assert!(next > Time::now() + std::time::Duration::from_secs(3_000));

    scene.server.wait_idle();
    scene.server.forget();
    let due = Due {
        name: None,
        event: None,
        trigger: "webhook".into(),
        delivery: None,
    };
    scene
        .store()
        .mark_due("other", &[due], Time::now())
        .await
        .unwrap();
    scene
        .wait_for("the other mirror to have come up", async |scene: &Scene| {
            let other = scene.store().mirror("other").await.unwrap();
            other.error.is_some_and(|error| error.contains("patience"))
        })
        .await;

    scene.restart(two).await;
    scene.work();
    let by_hand = scene.made(scene.asked(Inputs::default())).await;
    let fault = by_hand.fault.unwrap();
    assert!(fault.message.contains("patience"), "{fault:?}");
    assert_eq!(by_hand.worker.as_deref(), Some("w2"));
    assert!(scene.server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_host_keeps_no_mirror_between_other_hosts_waiting() {
    // The same server by two names: two hosts.
    let mut scene = Scene::of_file(|base| {
        let slow = base.replace("127.0.0.1", "localhost");
        let mut text = String::from("mirrors:\n");
        for number in 0..20 {
            text.push_str(&format!(
                "  - {{name: a{number:02}, source: {base}/source.git, target: {slow}/slow{number:02}.git, sweep: off}}\n"
            ));
        }
        text.push_str(&format!(
            "  - {{name: swift, source: {base}/source.git, target: {base}/target.git, sweep: off}}\n"
        ));
        text
    })
    .await;
    for number in 0..20 {
        testkit::Repo::bare(scene.directory.path().join(format!("slow{number:02}.git")));
    }
    let gate = testkit::Gate::new();
    let slow = When::is(|request| request.path.contains("/slow"));
    scene.server.on(slow, Then::Hold(gate.clone()));
    scene.source.commit("main", "one");
    scene.work();
    // All of the slow host's come before it in the queue.
    scene
        .wait_for("the mirror between swift hosts", async |scene: &Scene| {
            scene.both("main").1.is_some()
        })
        .await;
    gate.open();
    scene
        .wait_for("the mirrors of the slow host", async |scene: &Scene| {
            scene.store().queue_state(Time::now()).await.unwrap().0 == 0
        })
        .await;
}
