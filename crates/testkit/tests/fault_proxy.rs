//! The proxy, by bytes through a socket and by pushes of real git.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Output;
use std::thread;
use std::time::Duration;

use testkit::{
    Act, Direction, Fault, FaultProxy, Gate, HttpServer, ObjectFormat, Point, RefusedPort, Repo, git, until,
};

const LONG: Duration = Duration::from_secs(30);

/// A server that sends back what it receives, and a proxy in front of it.
fn echo() -> FaultProxy {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let proxy = FaultProxy::start(listener.local_addr().expect("the socket is bound"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut reader = stream.try_clone().expect("a socket can be cloned");
                let mut writer = stream;
                let _ = std::io::copy(&mut reader, &mut writer);
                let _ = writer.shutdown(Shutdown::Write);
            });
        }
    });
    proxy
}

/// Sends bytes and the end, and reads what comes back.
fn exchange(proxy: &FaultProxy, bytes: &[u8]) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
    stream
        .set_read_timeout(Some(LONG))
        .expect("the timeout is not zero");
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut back = Vec::new();
    let error = stream.read_to_end(&mut back).err();
    (back, error.map(|error| error.kind()))
}

#[test]
fn without_faults_everything_passes_and_is_counted() {
    let proxy = echo();
    assert_eq!(exchange(&proxy, b"hello"), (b"hello".to_vec(), None));
    assert_eq!(exchange(&proxy, b"again!"), (b"again!".to_vec(), None));
    assert_eq!(proxy.connections(), 2);
    assert_eq!(
        (proxy.bytes(Direction::ToServer), proxy.bytes(Direction::ToClient)),
        (11, 11)
    );
    until("both connections to end", LONG, || proxy.open_connections() == 0);
}

#[test]
fn a_connection_is_cut_at_the_exact_byte() {
    let proxy = echo();
    proxy.add(Fault::new(Point::Bytes(Direction::ToClient, 4), Act::Close).on_connection(0));
    proxy.add(Fault::new(Point::Bytes(Direction::ToServer, 0), Act::Reset).on_connection(1));
    proxy.add(Fault::new(Point::Accept, Act::Reset).on_connection(2));
    assert_eq!(exchange(&proxy, b"123456"), (b"1234".to_vec(), None));
    assert_eq!(
        exchange(&proxy, b"123456"),
        (Vec::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(
        exchange(&proxy, b"123456"),
        (Vec::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(exchange(&proxy, b"123456"), (b"123456".to_vec(), None));
    assert_eq!(proxy.bytes(Direction::ToClient), 10);
}

#[test]
fn bytes_are_added_changed_and_swallowed_where_a_pattern_passed() {
    let proxy = echo();
    let after = |pattern: &[u8]| Point::seen(Direction::ToClient, pattern);
    proxy.add(Fault::new(after(b"PACK"), Act::Inject(b"<garbage>".to_vec())).once());
    assert_eq!(
        exchange(&proxy, b"..PACK.."),
        (b"..PACK<garbage>..".to_vec(), None)
    );
    proxy.heal();
    proxy.add(Fault::new(after(b"PACK"), Act::Corrupt));
    assert_eq!(
        exchange(&proxy, b"PACK\x00\x00"),
        (b"PACK\xff\x00".to_vec(), None)
    );
    proxy.heal();
    proxy.add(Fault::new(after(b"PACK"), Act::Inject(b"bye".to_vec())));
    proxy.add(Fault::new(after(b"PACK"), Act::Close));
    assert_eq!(exchange(&proxy, b"PACK and more"), (b"PACKbye".to_vec(), None));
}

#[test]
fn an_answer_is_cut_before_its_first_byte() {
    let proxy = echo();
    proxy.add(Fault::new(Point::answer_to(*b"question"), Act::Close));
    assert_eq!(exchange(&proxy, b"greeting"), (b"greeting".to_vec(), None));
    assert_eq!(exchange(&proxy, b"a question"), (Vec::new(), None));
}

#[test]
fn a_gate_holds_one_direction_until_it_opens() {
    let proxy = echo();
    let gate = Gate::new();
    proxy.add(Fault::new(
        Point::Bytes(Direction::ToClient, 2),
        Act::Hold(gate.clone()),
    ));
    thread::scope(|scope| {
        let back = scope.spawn(|| exchange(&proxy, b"1234"));
        gate.wait_for_arrival();
        assert_eq!(proxy.bytes(Direction::ToClient), 2);
        gate.open();
        assert_eq!(back.join().unwrap(), (b"1234".to_vec(), None));
    });
}

#[test]
fn a_stalled_connection_ends_when_its_sender_gives_up() {
    let proxy = echo();
    proxy.add(Fault::new(Point::Bytes(Direction::ToServer, 1), Act::Stall));
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(b"1234").unwrap();
    until("the first byte to pass", LONG, || {
        proxy.bytes(Direction::ToServer) == 1
    });
    assert_eq!(proxy.open_connections(), 1);
    drop(stream);
    until("the proxy to notice", LONG, || proxy.open_connections() == 0);
    assert_eq!(proxy.bytes(Direction::ToServer), 1);
}

#[test]
fn a_flood_goes_on_until_the_client_has_had_enough() {
    let proxy = echo();
    proxy.add(Fault::new(
        Point::Bytes(Direction::ToClient, 1),
        Act::Flood(b"0005x".to_vec()),
    ));
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(b"12").unwrap();
    let mut back = vec![0; 1 + 5 * 100_000];
    stream.read_exact(&mut back).unwrap();
    assert!(back[1..].chunks(5).all(|chunk| chunk == b"0005x"));
    drop(stream);
    until("the flood to end", LONG, || proxy.open_connections() == 0);
}

#[test]
fn trickled_bytes_arrive_whole_and_late() {
    let proxy = echo();
    proxy.add(Fault::new(
        Point::Bytes(Direction::ToClient, 0),
        Act::Trickle(1_000),
    ));
    let start = std::time::Instant::now();
    assert_eq!(exchange(&proxy, &[7; 200]), (vec![7; 200], None));
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_refused_port_refuses() {
    let port = RefusedPort::take();
    let error = TcpStream::connect(port.address()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// A source with a history, a target behind a proxy, and a push through it.
struct Scenario {
    source: Repo,
    target: Repo,
    server: HttpServer,
    proxy: FaultProxy,
}

impl Scenario {
    fn new() -> Scenario {
        let source = Repo::init(ObjectFormat::Sha1);
        source.history("main", 200);
        let target = Repo::init(ObjectFormat::Sha1);
        let server = HttpServer::start(target.root());
        let proxy = FaultProxy::start(server.address());
        Scenario {
            source,
            target,
            server,
            proxy,
        }
    }

    fn push(&self) -> Output {
        let url = self.proxy.through(&self.server.url("repo.git"));
        let mut push = git(self.source.path());
        let output = push
            .args(["push", "-q", &url, "main"])
            .output()
            .expect("git can be started");
        self.server.wait_idle();
        output
    }
}

#[test]
fn a_push_cut_inside_the_pack_changes_nothing_and_the_next_one_works() {
    for act in [Act::Reset, Act::Close, Act::Corrupt] {
        let scenario = Scenario::new();
        let middle = Point::Seen {
            direction: Direction::ToServer,
            pattern: b"PACK".to_vec(),
            more: 5_000,
        };
        // In every connection: curl tries a second time by itself.
        scenario.proxy.add(Fault::new(middle, act));
        assert!(!scenario.push().status.success());
        assert!(scenario.target.refs().is_empty());
        scenario.target.fsck_strict();
        scenario.proxy.heal();
        assert!(scenario.push().status.success());
        assert_eq!(scenario.target.refs(), scenario.source.refs());
    }
}

#[test]
fn a_push_cut_before_its_report_is_done_all_the_same() {
    let scenario = Scenario::new();
    scenario.proxy.add(Fault::new(
        Point::before(Direction::ToClient, *b"unpack ok"),
        Act::Reset,
    ));
    let output = scenario.push();
    assert!(!output.status.success());
    assert_eq!(scenario.target.refs(), scenario.source.refs());
    scenario.target.fsck_strict();
}
