//! Encrypted connections to servers whose authority is or is not trusted.

use engine::error::{Fault, Retry, Stage};
use engine::side::Side;
use testkit::HttpServer;

use super::{Says, assert_fails};
use crate::apart;
use crate::mirror::Mirror;
use crate::scene::Scene;

#[tokio::test]
async fn an_authority_that_nobody_trusts_until_it_is_named() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::new();
        let secure = HttpServer::start_tls(scene.folder.path());
        let [from, to] = match side {
            Side::Source => [secure.url("source.git"), scene.server.url("target.git")],
            Side::Target => [scene.server.url("source.git"), secure.url("target.git")],
        };
        let says = Says {
            side,
            stage: Stage::Observe,
            words: ": TLS with 127.0.0.1 failed: ",
            retry: Retry::Never,
            advice: "--ca-file or SSL_CERT_FILE",
        };
        assert_fails(&Mirror::new(&from, &to).run().await, &says);
        assert!(scene.target.refs().is_empty());

        Mirror::new(&from, &to).ca(&secure.ca_pem_path()).run().await.ok();
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::new();
        let mutual = HttpServer::start_mutual_tls(scene.folder.path());
        let [from, to] = match side {
            Side::Source => [mutual.url("source.git"), scene.server.url("target.git")],
            Side::Target => [scene.server.url("source.git"), mutual.url("target.git")],
        };
        let mirror = || Mirror::new(&from, &to).ca(&mutual.ca_pem_path());
        // The server's reason may be heard, or the end of the connection alone.
        let refused = mirror().run().await;
        let error = refused.report.error.as_ref().expect("nobody gets in without one");
        assert_eq!((error.side, error.stage), (side, Stage::Observe), "{error}");
        assert!(
            matches!(error.kind, Fault::Tls { .. } | Fault::HungUp { .. }),
            "{error}"
        );
        assert!(scene.target.refs().is_empty());

        let shown = mirror().with(|request| {
            request.ends.of_mut(side).client_cert = Some(mutual.client_pem_path());
        });
        shown.run().await.ok();
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_file_without_a_certificate_is_no_authority() {
    let scene = Scene::new();
    let secure = HttpServer::start_tls(scene.folder.path());
    let file = scene.folder.path().join("ca.pem");
    let mirror = || Mirror::new(&secure.url("source.git"), &secure.url("target.git")).ca(&file);
    let missing = mirror().run().await;
    assert!(missing.error().contains("cannot read "), "{}", missing.error());
    std::fs::write(&file, "hello\n").unwrap();
    let empty = mirror().run().await;
    assert!(
        empty.error().contains("holds no certificate in PEM"),
        "{}",
        empty.error()
    );
    assert_eq!((missing.exit(), empty.exit()), (1, 1));
}

#[tokio::test]
async fn a_server_that_does_not_encrypt() {
    let scene = Scene::new();
    let url = scene.server.url("source.git").replace("http:", "https:");
    let done = Mirror::new(&url, &scene.server.url("target.git")).run().await;
    let says = Says {
        side: Side::Source,
        stage: Stage::Observe,
        words: ": TLS with 127.0.0.1 failed: ",
        retry: Retry::Never,
        advice: "--ca-file",
    };
    assert_fails(&done, &says);
}

#[test]
fn the_authority_in_ssl_cert_file_is_trusted() {
    apart::test(
        "errors::tls::the_authority_in_ssl_cert_file_is_trusted",
        |apart| {
            let scene = Scene::new();
            let secure = HttpServer::start_tls(scene.folder.path());
            let (source, target) = (secure.url("source.git"), secure.url("target.git"));
            let nobody: [(&str, &str); 0] = [];
            let refused = apart.run(&source, &target, nobody);
            assert!(refused.error.contains(": TLS with "), "{}", refused.error);
            assert_eq!(refused.exit, 1);
            apart
                .run(&source, &target, [("SSL_CERT_FILE", secure.ca_pem_path())])
                .ok();
            scene.assert_same();
        },
    );
}
