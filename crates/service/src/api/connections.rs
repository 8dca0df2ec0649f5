//! Connections: how many, for how long they may be silent, and how they end when the process stops.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::share::Share;
use crate::app::App;

/// What a connection may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// For the whole head of a request, and between two requests.
    pub(crate) head: Duration,
    /// For the next bytes of a body.
    pub(crate) body: Duration,
    /// Headers of a request.
    pub(crate) headers: usize,
    /// Bytes of a request's head.
    pub(crate) head_bytes: usize,
    /// How long what is under way may go on once the process stops.
    pub(crate) end: Duration,
    /// Whether clients of this machine have a share of the connections as others have, and no more.
    pub(crate) shares_loopback: bool,
}

/// What a client hears that holds as many connections as one may.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

impl Default for Manners {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            body: Duration::from_secs(15),
            headers: 100,
            head_bytes: 32 * 1024,
            end: Duration::from_secs(10),
            shares_loopback: false,
        }
    }
}

/// Serves until the process stops, then lets requests under way end.
pub(crate) async fn serve(listener: TcpListener, router: Router, app: Arc<App>) {
    serve_with(listener, router, app, Manners::default()).await;
}

/// As [`serve`], with other manners.
pub(crate) async fn serve_with(listener: TcpListener, router: Router, app: Arc<App>, manners: Manners) {
    let router = router.layer(RequestBodyTimeoutLayer::new(manners.body));
    let connections = app.loaded().config.limits.connections.max(1);
    let slots = Arc::new(Semaphore::new(connections));
    let share = Share::of(connections, manners.shares_loopback);
    let open = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = app.stopping.cancelled() => break,
            // Who comes when all are taken waits in the system's queue.
            accepted = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (Ok(slot), Ok((stream, peer))) => {
                let Some(guest) = share.enter(peer.ip()) else {
                    // Nobody waits for who takes nothing.
                    let _ = stream.try_write(TOO_MANY);
                    tracing::debug!(%peer, "a client has as many connections as one may have");
                    continue;
                };
                let connection = converse(
                    stream,
                    peer,
                    router.clone(),
                    Arc::clone(&app),
                    manners,
                    cut.clone(),
                );
                open.spawn(async move {
                    connection.await;
                    drop((guest, slot));
                });
            }
            (_, Err(error)) => refused(&error).await,
            (Err(_), _) => break,
        }
    }
    drop(listener);
    open.close();
    tokio::select! {
        () = open.wait() => return,
        () = tokio::time::sleep(manners.end) => {}
        // A second signal.
        () = app.cut.cancelled() => {}
    }
    cut.cancel();
    open.wait().await;
}

/// A connection that could not be taken: of no account if only that one is broken, else the process is short of something.
async fn refused(error: &io::Error) {
    if matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    ) {
        return;
    }
    tracing::warn!(%error, "cannot take connections: trying again in a second");
    tokio::time::sleep(Duration::from_secs(1)).await;
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    app: Arc<App>,
    manners: Manners,
    cut: CancellationToken,
) {
    let _counted = app.metrics.connected();
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let begun = Begun {
        requests: TaskTracker::new(),
        cut: cut.clone(),
    };
    let served = begun.clone();
    let service =
        service_fn(move |request: Request<Incoming>| answer(router.clone(), request, peer, served.clone()));
    // HTTP/2 without TLS is what no browser and no host speaks; telling the two apart would need a limit of its own.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(manners.head)
        .max_headers(manners.headers)
        .max_buf_size(manners.head_bytes)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return begun.end().await,
        () = app.stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection.as_mut() => {}
        () = cut.cancelled() => {}
    }
    begun.end().await;
}

/// What the requests of one connection began. What changes something comes to its end though its client goes away in the middle: dropped
/// between two steps, a change would be made, and neither be in the audit list nor told to those who watch. It keeps its
/// connection's place meanwhile, so that nobody begins more by going away.
#[derive(Clone)]
struct Begun {
    requests: TaskTracker,
    /// The end of the process's patience.
    cut: CancellationToken,
}

impl Begun {
    async fn finish(&self, answer: impl Future<Output = Response> + Send + 'static) -> Response {
        let task = self
            .requests
            .spawn(self.cut.clone().run_until_cancelled_owned(answer));
        match task.await {
            Ok(Some(response)) => response,
            // The connection is cut as well.
            Ok(None) => std::future::pending().await,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => std::future::pending().await,
            },
        }
    }

    async fn end(self) {
        self.requests.close();
        self.requests.wait().await;
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    begun: Begun,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut router = router;
    let only_reads = request.method().is_safe();
    let answer = router.as_service::<Body>().ready().await?.call(request);
    if only_reads {
        return answer.await;
    }
    let answer = async { answer.await.unwrap_or_else(|never| match never {}) };
    Ok(begun.finish(answer).await)
}
