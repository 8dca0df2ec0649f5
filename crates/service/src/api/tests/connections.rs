use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::api::connections::{Manners, serve_with};

async fn serving(bench: &Bench, manners: Manners) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    serving_of(bench, bench.router.clone(), manners).await
}

async fn serving_of(
    bench: &Bench,
    router: Router,
    manners: Manners,
) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(serve_with(listener, router, Arc::clone(&bench.app), manners));
    (address, task)
}

fn impatient() -> Manners {
    Manners {
        head: Duration::from_millis(200),
        body: Duration::from_millis(200),
        end: Duration::from_millis(200),
        ..Manners::default()
    }
}

/// All that is answered before the connection ends.
async fn answered(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut text)).await;
    // That it was reset is an end, too.
    let _ = read.expect("the connection ends");
    text
}

#[tokio::test]
async fn who_sends_a_head_or_a_body_too_slowly_is_cut() {
    let bench = Bench::new().await;
    let (address, _task) = serving(&bench, impatient()).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(answered(&mut silent).await, "");
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        .await
        .unwrap();
    let told = answered(&mut slow).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408"), "{told}");
    let mut half = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/mirrors/app/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        bench.admin
    );
    half.write_all(head.as_bytes()).await.unwrap();
    assert!(answered(&mut half).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_does_not_hold_all_connections() {
    let bench = Bench::with_limits("limits: {connections: 4}\n").await;
    let manners = Manners {
        shares_loopback: true,
        ..Manners::default()
    };
    let (address, _task) = serving(&bench, manners).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        held.push(stream);
    }
    let mut fourth = TcpStream::connect(address).await.unwrap();
    let told = answered(&mut fourth).await;
    assert!(
        told.starts_with("HTTP/1.1 503") && told.contains("retry-after"),
        "{told}"
    );
    // One place is left for others, and whoever lets one go may come again.
    held.pop();
    testkit::until("a connection to be let in", Duration::from_secs(10), || {
        let Ok(mut stream) = std::net::TcpStream::connect(address) else {
            return false;
        };
        let _ = std::io::Write::write_all(&mut stream, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut first = [0; 12];
        std::io::Read::read_exact(&mut stream, &mut first).is_ok() && &first == b"HTTP/1.1 200"
    });
}

#[tokio::test]
async fn heads_have_bounds() {
    let bench = Bench::new().await;
    let (address, _task) = serving(&bench, Manners::default()).await;
    for extra in [
        "X-A: b\r\n".repeat(200),
        format!("X-A: {}\r\n", "b".repeat(64 * 1024)),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{extra}\r\n");
        // The rest of it may not be taken any more.
        let _ = stream.write_all(head.as_bytes()).await;
        let told = answered(&mut stream).await;
        assert!(told.starts_with("HTTP/1.1 431") || told.is_empty(), "{told}");
    }
}

#[tokio::test]
async fn a_stopping_process_takes_no_connection_and_ends_those_that_are_silent() {
    let bench = Bench::new().await;
    let (address, task) = serving(&bench, impatient()).await;
    let mut open = TcpStream::connect(address).await.unwrap();
    open.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    open.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    bench.app.stopping.cancel();
    tokio::time::timeout(Duration::from_secs(10), task)
        .await
        .expect("it ends")
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// What becomes of a request's handler that waits in the middle of its work.
#[derive(Clone, Default)]
struct Halfway {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    done: CancellationToken,
    dropped: CancellationToken,
}

impl Halfway {
    async fn work(self) -> &'static str {
        let dropped = self.dropped.drop_guard();
        self.begun.notify_one();
        self.go_on.notified().await;
        self.done.cancel();
        drop(dropped.disarm());
        "done"
    }

    /// Its client asks with this method, and is gone once the work has begun.
    async fn leave(&self, address: std::net::SocketAddr, method: &str) {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!("{method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        self.begun.notified().await;
    }
}

fn soon<F: Future>(it: F) -> tokio::time::Timeout<F> {
    tokio::time::timeout(Duration::from_secs(10), it)
}

#[tokio::test]
async fn what_a_request_changes_it_finishes_though_its_client_goes_away_in_the_middle() {
    let bench = Bench::new().await;
    let (reads, changes) = (Halfway::default(), Halfway::default());
    let (get, post) = (reads.clone(), changes.clone());
    let router = Router::new().route(
        "/",
        axum::routing::get(move || get.work()).post(move || post.work()),
    );
    let (address, task) = serving_of(&bench, router, impatient()).await;
    changes.leave(address, "POST").await;
    reads.leave(address, "GET").await;
    // By now the server has seen that both clients are gone.
    soon(reads.dropped.cancelled())
        .await
        .expect("nobody waits for what only reads");
    assert!(!changes.dropped.is_cancelled());
    changes.go_on.notify_one();
    soon(changes.done.cancelled()).await.expect("it is finished");

    // One that never ends is cut with the process.
    changes.leave(address, "POST").await;
    bench.app.stopping.cancel();
    soon(task).await.expect("the process ends").unwrap();
    assert!(changes.dropped.is_cancelled());
}
