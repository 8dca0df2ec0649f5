//! A TCP proxy that breaks connections at exact points.

mod fault;
mod pump;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::background::Background;
use crate::fault_proxy::fault::Trigger;
use crate::fault_proxy::pump::{End, Pump};

pub use fault::{Act, Direction, Fault, Point};

/// Stands in front of any TCP server, passes bytes both ways, and lets go wrong what it is told to.
///
/// Faults added while a connection is open concern later connections only. Dropping the proxy closes all
/// connections.
///
/// ```
/// use testkit::{Act, Direction, Fault, FaultProxy, HttpServer, ObjectFormat, Point, Repo};
///
/// let repo = Repo::init(ObjectFormat::Sha1);
/// let server = HttpServer::start(repo.root());
/// let proxy = FaultProxy::start(server.address());
/// proxy.add(Fault::new(Point::seen(Direction::ToServer, *b"PACK"), Act::Reset));
/// let url = proxy.through(&server.url("repo.git"));
/// assert!(url.contains(&proxy.address().to_string()));
/// ```
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _background: Background,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    faults: Mutex<Vec<Fault>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    to_server: AtomicU64,
    to_client: AtomicU64,
}

impl FaultProxy {
    /// Passes everything to `upstream`.
    pub fn start(upstream: SocketAddr) -> FaultProxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        listener
            .set_nonblocking(true)
            .expect("a socket can be non-blocking");
        let shared = Arc::new(Shared {
            upstream,
            faults: Mutex::default(),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
        });
        let background = Background::start("fault-proxy");
        background.spawn(accept(listener, Arc::clone(&shared)));
        FaultProxy {
            address,
            shared,
            _background: background,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the server behind it, with the proxy's address in place of the server's.
    ///
    /// # Panics
    ///
    /// When the URL does not name the server's address.
    pub fn through(&self, url: &str) -> String {
        let upstream = self.shared.upstream.to_string();
        assert!(
            url.contains(&upstream),
            "{url} is not behind this proxy, which leads to {upstream}"
        );
        url.replacen(&upstream, &self.address.to_string(), 1)
    }

    /// Adds a fault.
    pub fn add(&self, fault: Fault) -> &FaultProxy {
        self.shared
            .faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
        self
    }

    /// Removes all faults, for connections to come.
    pub fn heal(&self) {
        self.shared
            .faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many bytes have passed in a direction, over all connections.
    pub fn bytes(&self, direction: Direction) -> u64 {
        match direction {
            Direction::ToServer => self.shared.to_server.load(Ordering::SeqCst),
            Direction::ToClient => self.shared.to_client.load(Ordering::SeqCst),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes a bound socket");
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        shared.open.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            converse(client, number, &shared).await;
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn converse(mut client: TcpStream, number: usize, shared: &Shared) {
    let faults: Vec<Fault> = {
        let all = shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|fault| fault.concerns(number))
            .cloned()
            .collect()
    };
    let _ = client.set_nodelay(true);
    for fault in faults.iter().filter(|fault| fault.is_on_accept() && fault.take()) {
        if let Some(end) = at_accept(fault.act(), &mut client).await {
            finish(client, None, end).await;
            return;
        }
    }
    let Ok(mut server) = TcpStream::connect(shared.upstream).await else {
        finish(client, None, End::Reset).await;
        return;
    };
    let _ = server.set_nodelay(true);
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    for fault in &faults {
        let (there, back) = Trigger::both(fault);
        to_server.extend(there);
        to_client.extend(back);
    }
    let end = {
        let (client_read, client_write) = client.split();
        let (server_read, server_write) = server.split();
        let there = Pump::new(client_read, server_write, to_server, &shared.to_server);
        let back = Pump::new(server_read, client_write, to_client, &shared.to_client);
        tokio::try_join!(there.run(), back.run()).err()
    };
    if let Some(end) = end {
        finish(client, Some(server), end).await;
    }
}

/// What a fault does to a client that has only connected. `None`: the connection goes on.
async fn at_accept(act: &Act, client: &mut TcpStream) -> Option<End> {
    match act {
        Act::Reset => Some(End::Reset),
        Act::Close => Some(End::Close),
        Act::Stall => std::future::pending().await,
        Act::Hold(gate) => {
            gate.pass().await;
            None
        }
        Act::Inject(bytes) => client.write_all(bytes).await.err().map(End::from),
        Act::Flood(bytes) => loop {
            if let Err(error) = client.write_all(bytes).await {
                return Some(End::from(error));
            }
        },
        Act::Trickle(_) | Act::Corrupt => panic!("{act:?} needs a point in the stream of bytes"),
    }
}

async fn finish(client: TcpStream, server: Option<TcpStream>, end: End) {
    match end {
        End::Reset => {
            for stream in [Some(client), server].into_iter().flatten() {
                let _ = stream.set_zero_linger();
            }
        }
        End::Close => match server {
            None => close(client).await,
            Some(server) => {
                tokio::join!(close(client), close(server));
            }
        },
    }
}

/// Ends the stream, and takes what still comes: closing with unread bytes would be a reset.
async fn close(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = [0; 4096];
    let drain = async { while let Ok(1..) = stream.read(&mut rest).await {} };
    // A peer that never hangs up is let go in the end.
    let _ = timeout(Duration::from_secs(10), drain).await;
}

/// An address of this machine at which connections are refused, as long as the handle lives.
#[derive(Debug)]
pub struct RefusedPort {
    socket: TcpSocket,
}

impl RefusedPort {
    /// Takes a free port without listening on it.
    pub fn take() -> RefusedPort {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        socket.bind(any).expect("the loopback interface has a free port");
        RefusedPort { socket }
    }

    /// The address that refuses.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("a bound socket has an address")
    }
}
