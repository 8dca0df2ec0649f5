//! Starting a server program and waiting until it serves.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use crate::port::free_port;
use crate::process::Process;
use crate::wait::{DEADLINE, until};

/// How often a server that ends at once, as when its port is taken, is tried again with another port.
const ATTEMPTS: usize = 5;

/// A server program that listens on a port of 127.0.0.1.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Ends the program when it is dropped.
    _process: Process,
}

impl Server {
    /// Starts the command that `command` makes for a port, and waits until it is `ready` and that port accepts
    /// connections. `log` is what the program has written, for the message of a failure.
    pub(crate) fn start(
        name: &str,
        command: impl Fn(u16) -> Command,
        ready: impl Fn() -> bool,
        log: impl Fn() -> String,
    ) -> Server {
        for _ in 0..ATTEMPTS {
            let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
            let mut process = Process::spawn(command(address.port()));
            let mut listens = false;
            until(name, DEADLINE, || {
                let ended = process.ended().is_some();
                // Somebody else's server would answer as well, but then ours has ended.
                listens =
                    !ended && ready() && TcpStream::connect(address).is_ok() && process.ended().is_none();
                ended || listens
            });
            if listens {
                return Server {
                    address,
                    _process: process,
                };
            }
        }
        panic!("{name} does not start:\n{}", log());
    }
}
