//! How many connections one client may hold: who opens all it can keeps nobody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::rate::Client;

/// One client's connections, by client.
#[derive(Debug)]
pub(crate) struct Share {
    each: usize,
    /// Those who come from this machine, too.
    all: bool,
    open: Mutex<HashMap<Client, usize>>,
}

/// A connection that counts; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Guest(Option<(Arc<Share>, Client)>);

impl Share {
    /// Three quarters of all connections, so that a proxy in front, behind which all people have one address, is not cut short. One on
    /// this machine may have them all, unless `all` says otherwise.
    pub(crate) fn of(connections: usize, all: bool) -> Arc<Self> {
        Arc::new(Self {
            each: (connections - connections / 4).max(1),
            all,
            open: Mutex::default(),
        })
    }

    /// Counts a connection; `None` if its client has as many as one may have.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Guest> {
        if peer.to_canonical().is_loopback() && !self.all {
            return Some(Guest(None));
        }
        let client = Client::at(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let number = open.entry(client.clone()).or_default();
        if *number >= self.each {
            return None;
        }
        *number += 1;
        Some(Guest(Some((Arc::clone(self), client))))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some((share, client)) = &self.0 else { return };
        let mut open = share.open.lock().unwrap_or_else(PoisonError::into_inner);
        let left = open.get(client).map_or(0, |number| number.saturating_sub(1));
        // Nothing is remembered of who is gone.
        match left {
            0 => drop(open.remove(client)),
            _ => drop(open.insert(client.clone(), left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_client_holds_three_quarters_of_all_connections_at_most() {
        let share = Share::of(8, false);
        let mut held: Vec<Guest> = (0..6).filter_map(|_| share.enter(at("192.0.2.1"))).collect();
        assert_eq!(held.len(), 6);
        assert!(share.enter(at("192.0.2.1")).is_none());
        assert!(share.enter(at("::ffff:192.0.2.1")).is_none(), "the same address");
        assert!(share.enter(at("192.0.2.2")).is_some());
        held.pop();
        assert!(share.enter(at("192.0.2.1")).is_some());
        held.clear();
        assert!(share.open.lock().unwrap().is_empty(), "nobody is remembered");
        assert!(Share::of(1, false).enter(at("192.0.2.1")).is_some());
    }

    #[test]
    fn who_has_one_address_of_a_network_has_all() {
        let share = Share::of(2, false);
        let _held = [share.enter(at("2001:db8::1")), share.enter(at("2001:db8::2"))];
        assert!(share.enter(at("2001:db8::3")).is_none());
        assert!(share.enter(at("2001:db8:0:1::3")).is_some());
    }

    #[test]
    fn a_proxy_on_this_machine_speaks_for_everybody() {
        let share = Share::of(1, false);
        let held: Vec<_> = (0..9).map(|_| share.enter(at("127.0.0.1"))).collect();
        assert!(held.iter().all(Option::is_some));
    }
}
