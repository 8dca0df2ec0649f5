//! An HTTP server around `git http-backend` whose behaviour a test decides, request by request.

mod backend;
mod handler;
mod open;
mod request;
mod rule;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::Request as HttpRequest;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::background::Background;
use crate::http::backend::Backends;
use crate::http::open::Gauge;
use crate::http::rule::Rule;
use crate::tls::Certificates;
use crate::wait::{DEADLINE, until};

pub use request::{Request, Service};
pub use rule::{Answer, Credentials, Then, When};

/// A smart-HTTP server (`gitprotocol-http(5)`) for all repositories below a directory, in this process.
///
/// Without rules it serves everything to everybody, reading and writing, in protocol version 0 to 2, over
/// HTTP/1.1 and HTTP/2. Bodies stream both ways; a cut request closes git's input, as web servers do.
/// Dropping it closes all connections and kills what runs.
///
/// ```
/// use testkit::{HttpServer, ObjectFormat, Repo, Service, Then, When};
///
/// let repo = Repo::init(ObjectFormat::Sha1);
/// let server = HttpServer::start(repo.root());
/// server.once(When::call(Service::ReceivePack), Then::status(503));
/// assert!(server.url("repo.git").starts_with("http://127.0.0.1:"));
/// ```
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    certificates: Option<Certificates>,
    shared: Arc<Shared>,
    /// Dropped last, after the backends are killed.
    _background: Background,
}

/// What all connections of a server share.
#[derive(Debug)]
struct Shared {
    root: PathBuf,
    rules: Mutex<Vec<Rule>>,
    log: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    /// Requests and backends that have not ended.
    busy: AtomicUsize,
    open: Arc<Gauge>,
    backends: Arc<Backends>,
}

impl HttpServer {
    /// Serves the repositories below `root` over plain HTTP.
    pub fn start(root: impl AsRef<Path>) -> HttpServer {
        HttpServer::serve(root.as_ref(), None)
    }

    /// Serves them over HTTPS, HTTP/2 and HTTP/1.1, with a certificate of its own authority:
    /// [`ca_pem_path`](HttpServer::ca_pem_path).
    pub fn start_tls(root: impl AsRef<Path>) -> HttpServer {
        HttpServer::serve(root.as_ref(), Some(Tls::of(&["h2", "http/1.1"])))
    }

    /// Serves them over HTTPS with HTTP/1.1 alone.
    pub fn start_tls_http1(root: impl AsRef<Path>) -> HttpServer {
        HttpServer::serve(root.as_ref(), Some(Tls::of(&["http/1.1"])))
    }

    /// Serves them over HTTPS with HTTP/1.1 alone to clients that show a certificate of the same authority, such as
    /// [`client_pem_path`](HttpServer::client_pem_path), and to nobody else.
    pub fn start_mutual_tls(root: impl AsRef<Path>) -> HttpServer {
        let tls = Tls {
            asks_clients: true,
            ..Tls::of(&["http/1.1"])
        };
        HttpServer::serve(root.as_ref(), Some(tls))
    }

    fn serve(root: &Path, tls: Option<Tls>) -> HttpServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        listener
            .set_nonblocking(true)
            .expect("a socket can be non-blocking");
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            rules: Mutex::default(),
            log: Mutex::default(),
            connections: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            open: Arc::default(),
            backends: Arc::default(),
        });
        let background = Background::start("http-server");
        let acceptor = tls.as_ref().map(Tls::acceptor);
        background.spawn(accept(listener, acceptor, Arc::clone(&shared)));
        HttpServer {
            address,
            certificates: tls.map(|tls| tls.certificates),
            shared,
            _background: background,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:<port>`, or with `https`.
    pub fn base_url(&self) -> String {
        let scheme = if self.certificates.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    /// The URL of a repository by its path below the root.
    pub fn url(&self, repository: &str) -> String {
        format!("{}/{repository}", self.base_url())
    }

    /// The certificate of the authority that a client has to trust, as a PEM file.
    ///
    /// # Panics
    ///
    /// When the server speaks plain HTTP.
    pub fn ca_pem_path(&self) -> PathBuf {
        self.certificates
            .as_ref()
            .expect("only an HTTPS server has an authority")
            .authority()
    }

    /// A certificate and its key that a server which asks for one accepts, as one PEM file.
    ///
    /// # Panics
    ///
    /// When the server speaks plain HTTP.
    pub fn client_pem_path(&self) -> PathBuf {
        self.certificates
            .as_ref()
            .expect("only an HTTPS server has an authority")
            .client()
    }

    /// Adds a rule for every matching request. Rules apply in the order in which they were added.
    pub fn on(&self, when: When, then: Then) -> &HttpServer {
        self.shared.rules().push(Rule {
            when,
            then,
            times: None,
        });
        self
    }

    /// Adds a rule for the next matching request only.
    pub fn once(&self, when: When, then: Then) -> &HttpServer {
        self.times(1, when, then)
    }

    /// Adds a rule for the next `count` matching requests.
    pub fn times(&self, count: usize, when: When, then: Then) -> &HttpServer {
        self.shared.rules().push(Rule {
            when,
            then,
            times: Some(count),
        });
        self
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.rules().clear();
    }

    /// All requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log().clone()
    }

    /// Forgets the requests and the connections so far. Call it while the server is idle.
    pub fn forget(&self) {
        self.shared.log().clear();
        self.shared.connections.store(0, Ordering::SeqCst);
        self.shared.open.forget();
    }

    /// How many TCP connections it has accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were open at the same time: from their arrival to the end of what is answered.
    pub fn most_at_once(&self) -> usize {
        self.shared.open.most()
    }

    /// Blocks until no request and no git of this server is running: after a cut connection, the moment
    /// from which its repositories no longer change.
    ///
    /// # Panics
    ///
    /// When that takes more than a minute.
    pub fn wait_idle(&self) {
        until("the HTTP server to be idle", DEADLINE, || {
            self.shared.busy.load(Ordering::SeqCst) == 0
        });
    }

    /// What git's backends have written to standard error.
    pub fn complaints(&self) -> String {
        self.shared.backends.complaints()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.backends.kill();
    }
}

impl Shared {
    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Vec<Request>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a server speaks TLS.
struct Tls {
    certificates: Certificates,
    protocols: &'static [&'static str],
    /// Whether clients must show a certificate.
    asks_clients: bool,
}

impl Tls {
    fn of(protocols: &'static [&'static str]) -> Tls {
        Tls {
            certificates: Certificates::make(),
            protocols,
            asks_clients: false,
        }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let read = |path| CertificateDer::from_pem_file(path).expect("we wrote the file");
        let key = PrivateKeyDer::from_pem_file(self.certificates.key()).expect("we wrote the file");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider supports its own protocol versions");
        let builder = match self.asks_clients {
            false => builder.with_no_client_auth(),
            true => {
                let mut roots = RootCertStore::empty();
                roots
                    .add(read(self.certificates.authority()))
                    .expect("the authority is ours");
                let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
                builder.with_client_cert_verifier(clients.expect("the authority is ours"))
            }
        };
        let mut config = builder
            .with_single_cert(vec![read(self.certificates.certificate())], key)
            .expect("the key belongs to the certificate");
        config.alpn_protocols = self
            .protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes a bound socket");
    loop {
        // Only for want of file descriptors; the test then fails by itself.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let connection = shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match acceptor {
                None => converse(stream, connection, shared).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, connection, shared).await;
                    }
                }
            }
        });
    }
}

/// Serves one connection to its end.
async fn converse<S>(stream: S, connection: usize, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: HttpRequest<Incoming>| {
        handler::answer(Arc::clone(&shared), connection, request)
    });
    let server = auto::Builder::new(TokioExecutor::new());
    // A broken connection is the client's business.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}
