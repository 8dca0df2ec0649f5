//! Ports for servers that cannot choose one themselves.

use std::net::TcpListener;

/// A port of 127.0.0.1 that was free a moment ago. Somebody else may take it before the server does: a
/// server that finds it taken is started again with another.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}
