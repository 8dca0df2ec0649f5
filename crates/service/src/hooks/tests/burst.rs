//! Many deliveries at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use http::StatusCode;

use super::scene::{A, B, SECRET, Scene, push, signed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_all_answered_and_all_kept() {
    let scene = Scene::new().await;
    let number = 400;
    let sent: Vec<_> = (0..number)
        .map(|index| {
            let router = scene.router.clone();
            tokio::spawn(async move {
                let body = push("acme/app", &format!("refs/heads/b{index}"), A, B);
                let request = signed("/hooks/app/source", "push", SECRET, &body);
                let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
                response.status()
            })
        })
        .collect();
    for sent in sent {
        assert_eq!(sent.await.unwrap(), StatusCode::ACCEPTED);
    }
    assert_eq!(scene.dues("app").await.names.len(), number);
}

#[tokio::test]
async fn what_is_handed_over_is_written_even_if_nobody_waits() {
    let scene = Scene::new().await;
    let body = push("acme/app", "refs/heads/main", A, B);
    let request = signed("/hooks/app/source", "push", SECRET, &body);
    let router = scene.router.clone();
    let mut answer = Box::pin(tower::ServiceExt::oneshot(router, request));
    // Polled until the delivery is with the writer, and then dropped, as when a host hangs up.
    let handed = tokio::time::timeout(Duration::from_millis(1), &mut answer).await;
    drop(answer);
    let done = handed.is_ok();
    let later = scene
        .push("/hooks/app/source", "acme/app", "refs/heads/other", A, B)
        .await;
    assert_eq!(later.status, StatusCode::ACCEPTED);
    let names = scene.dues("app").await.names.len();
    assert!(names == 2 || !done && names == 1, "{names}");
}

#[tokio::test]
async fn who_sends_more_often_than_the_configuration_allows_is_told_when_to_come_back() {
    let scene = Scene::new().await;
    scene.app.loaded.send_modify(|loaded| {
        Arc::make_mut(loaded).config.limits.hook_rate = 5;
    });
    let send = async |address: [u8; 4]| {
        let body = push("acme/app", "refs/heads/main", A, B);
        let mut request = signed("/hooks/app/source", "push", SECRET, &body);
        let peer = SocketAddr::from((address, 1));
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = tower::ServiceExt::oneshot(scene.router.clone(), request)
            .await
            .unwrap();
        let retry = response.headers().get(http::header::RETRY_AFTER).cloned();
        (response.status(), retry)
    };
    let mut refused = None;
    for _ in 0..1_000 {
        let (status, retry) = send([192, 0, 2, 1]).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(retry);
            break;
        }
        assert_eq!(status, StatusCode::ACCEPTED);
    }
    let retry = refused.expect("twenty at once and five a second are allowed");
    assert_eq!(retry.unwrap(), "1");
    assert_eq!(
        send([192, 0, 2, 2]).await.0,
        StatusCode::ACCEPTED,
        "another address"
    );
}
