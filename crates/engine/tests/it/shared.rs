//! What runs share, and what they show to whom.

use std::path::Path;
use std::time::Duration;

use engine::Clients;
use engine::error::Fault;
use engine::event::Event;
use engine::request::{Credentials, TokenStyle};
use testkit::{HttpServer, Sshd, Then, When};

use crate::mirror::{Mirror, token};
use crate::scene::{Scene, source};

fn sharing(mirror: Mirror, clients: &Clients) -> Mirror {
    mirror.with(|request| request.clients = clients.clone())
}

/// `run` can be spawned: all that it holds while it waits can go to another thread.
#[tokio::test]
async fn a_run_can_be_a_task_of_its_own() {
    let scene = Scene::new();
    let request = scene.mirror().request;
    let task = tokio::spawn(async move {
        engine::run(&request, &engine::event::Listener::none())
            .await
            .exit()
    });
    assert_eq!(task.await.unwrap() as u8, 0);
}

#[tokio::test]
async fn connections_are_used_again_by_the_next_run() {
    let scene = Scene::new();
    let clients = Clients::default();
    for _ in 0..6 {
        scene.source.commit("main", "on");
        sharing(scene.mirror(), &clients).run().await.ok();
    }
    scene.assert_same();
    // A run needs two at a time, and the next one may begin before the answers to it are read to their very end.
    let before = scene.server.connections();
    assert!(before <= 4, "{before}");
    scene.source.commit("main", "alone");
    scene.mirror().run().await.ok();
    assert!(
        scene.server.connections() > before,
        "another Clients shares nothing"
    );
}

#[tokio::test]
async fn a_server_of_an_old_dialect_is_asked_optimistically_once() {
    let scene = Scene::mirrored();
    scene.server.on(source(When::any()), Then::Version0);
    let clients = Clients::default();
    let calls = || {
        let requests = scene.server.requests();
        scene.server.forget();
        requests
            .iter()
            .filter(|it| it.path.starts_with("/source.git"))
            .count()
    };
    sharing(scene.mirror(), &clients).run().await.ok();
    assert_eq!(calls(), 2, "optimistically, then properly");
    sharing(scene.mirror(), &clients).run().await.ok();
    assert_eq!(calls(), 1);
}

#[tokio::test]
async fn another_authority_or_reach_shares_no_connection() {
    let scene = Scene::new();
    let clients = Clients::default();
    sharing(scene.mirror(), &clients).run().await.ok();
    let before = scene.server.connections();
    let only = scene.server.address().to_string().parse().unwrap();
    let limited = sharing(scene.mirror(), &clients).with(|request| {
        let reach = engine::reach::Reach::Only(vec![only]);
        request.ends.source.reach = reach.clone();
        request.ends.target.reach = reach;
    });
    limited.run().await.ok();
    assert!(scene.server.connections() > before);
}

#[tokio::test]
async fn a_bearer_token_is_shown_as_one() {
    let scene = Scene::new();
    let only = testkit::Credentials::bearer("s3cret");
    scene.server.on(When::any(), Then::Authorize(only));
    let credentials = Credentials::Token {
        user: None,
        token: "s3cret".to_owned().into(),
        style: TokenStyle::Bearer,
    };
    let mirror = scene.mirror().with(|request| {
        request.ends.source.credentials = credentials.clone();
        request.ends.target.credentials = credentials;
    });
    mirror.run().await.ok();
    scene.assert_same();
}

#[tokio::test]
async fn a_proxy_that_is_given_is_used() {
    let scene = Scene::new();
    // A server that is asked for a whole address takes it for the path of this one.
    let proxy = HttpServer::start(scene.folder.path());
    let mirror = Mirror::new(
        "http://nowhere.invalid/source.git",
        "http://nowhere.invalid/target.git",
    );
    let mirror = mirror.with(|request| {
        request.ends.source.proxy = Some(proxy.base_url().into());
        request.ends.target.proxy = Some(proxy.base_url().into());
    });
    mirror.run().await.ok();
    scene.assert_same();
    assert!(proxy.requests().len() >= 4);
}

#[tokio::test]
async fn the_address_of_a_proxy_is_not_repeated_in_errors() {
    let scene = Scene::new();
    let mirror = scene.mirror().with(|request| {
        request.ends.source.proxy = Some("no:s3cret@such proxy".to_owned().into());
    });
    assert!(!format!("{:?}", mirror.request).contains("s3cret"));
    let done = mirror.run().await;
    assert!(
        done.error().contains("the address of the proxy") && !done.error().contains("s3cret"),
        "{}",
        done.error()
    );
}

#[tokio::test]
async fn a_client_certificate_that_is_none_is_named() {
    let scene = Scene::new();
    let secure = HttpServer::start_tls(scene.folder.path());
    let file = scene.folder.path().join("client.pem");
    std::fs::write(&file, "hello").unwrap();
    let mirror = Mirror::new(&secure.url("source.git"), &secure.url("target.git")).with(|request| {
        request.ends.source.client_cert = Some(file.clone());
    });
    let done = mirror.ca(&secure.ca_pem_path()).run().await;
    assert!(
        done.error()
            .contains("client.pem holds no certificate with its key in PEM"),
        "{}",
        done.error()
    );
}

#[tokio::test]
async fn a_token_that_goes_in_clear_to_another_machine_is_warned_of() {
    let warned = async |mirror: Mirror| {
        let mirror = mirror.with(|request| {
            request.ends.source.credentials = token("s3cret");
            request.timeouts.connect = Duration::from_millis(50);
        });
        let done = mirror.run().await;
        let words = done.events.into_iter().filter_map(|event| match event {
            Event::Warning(words) => Some(words),
            _ => None,
        });
        words.collect::<Vec<String>>()
    };
    let scene = Scene::new();
    assert_eq!(
        warned(scene.mirror()).await,
        Vec::<String>::new(),
        "to this machine"
    );
    let target = scene.server.url("target.git");
    let clear = warned(Mirror::new("http://nowhere.invalid/app.git", &target)).await;
    assert!(
        clear[0].contains("the source's token goes over plain http://"),
        "{clear:?}"
    );
    let encrypted = warned(Mirror::new("https://nowhere.invalid/app.git", &target)).await;
    assert_eq!(encrypted, Vec::<String>::new());
}

/// A mirror to a repository behind ssh, with a key and known hosts of its own and nothing of the machine's configuration.
fn over_ssh(scene: &Scene, sshd: &Sshd, key: &Path, known_hosts: &Path) -> Mirror {
    let target = sshd.url(scene.target.path());
    let mirror = Mirror::new(&scene.server.url("source.git"), &target);
    mirror.with(|request| {
        request.ends.target.ssh_key = Some(key.to_owned());
        request.ends.target.known_hosts = Some(known_hosts.to_owned());
    })
}

#[tokio::test]
async fn the_key_and_the_known_hosts_that_are_given_are_the_only_ones() {
    let (scene, sshd) = (Scene::new(), Sshd::start());
    let of_server = |name: &str| sshd.ssh_config().with_file_name(name);
    // A path with a space and a percent sign, which mean something in an option of ssh.
    let folder = scene.folder.path().join("of refsync 100%h");
    std::fs::create_dir(&folder).unwrap();
    let [key, known, none] = ["key", "known hosts", "none"].map(|name| folder.join(name));
    std::fs::copy(of_server("identity"), &key).unwrap();
    std::fs::copy(of_server("known_hosts"), &known).unwrap();
    std::fs::write(&none, "").unwrap();

    let unknown = over_ssh(&scene, &sshd, &key, &none).run().await;
    let error = unknown.report.error.as_ref().unwrap();
    assert!(matches!(error.kind, Fault::HostKey { .. }), "{error}");
    let missing = over_ssh(&scene, &sshd, &folder.join("gone"), &known).run().await;
    assert!(missing.error().contains("cannot read"), "{}", missing.error());
    assert!(scene.target.refs().is_empty());

    over_ssh(&scene, &sshd, &key, &known).run().await.ok();
    scene.assert_same();
}
