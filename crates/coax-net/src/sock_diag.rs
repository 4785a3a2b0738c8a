//! What this machine's table of sockets says: who has a port, and whether a peer here has closed.
//!
//! Asked over netlink (sock_diag(7)), as `ss` does: one socket by both its names, or all with a
//! port. A machine that does not answer knows nothing, and the callers go on without it.
//!
//! Nothing here opens a connection or knows which process a socket belongs to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rustix::net::netlink;

use crate::netlink::{Answers, number};

/// `struct inet_diag_msg`.
const SOCKET_SIZE: usize = 72;

const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// Which table is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Tcp,
    Udp,
}

/// Where a socket stands: the states that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its side has ended, and it waits for the other.
    Closing,
    /// Both sides have ended; its names are kept from new connections for a while.
    TimeWait,
    /// It accepts connections, or is a datagram socket without a peer.
    Listening,
    /// Anything else.
    Open,
}

/// A socket of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) state: State,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// Until its timer, which in `TimeWait` is its end.
    pub(crate) expires: Duration,
    pub(crate) uid: u32,
    /// 0 once no process has it.
    pub(crate) inode: u32,
}

/// The TCP socket of this machine that is called `local` and connected to `peer`.
pub(crate) fn connection(local: SocketAddr, peer: SocketAddr) -> io::Result<Option<Entry>> {
    let found = ask(Table::Tcp, local, Some(peer))?;
    // A zone is not part of what the kernel says.
    let name = |address: SocketAddr| (address.ip(), address.port());
    let same = |entry: &Entry| [entry.local, entry.peer].map(name) == [local, peer].map(name);
    Ok(found.into_iter().find(same))
}

/// Every socket that has the port of `local`, in its family.
pub(crate) fn on_port(table: Table, local: SocketAddr) -> io::Result<Vec<Entry>> {
    let mut found = ask(table, local, None)?;
    found.retain(|entry| entry.local.port() == local.port());
    Ok(found)
}

fn ask(table: Table, local: SocketAddr, peer: Option<SocketAddr>) -> io::Result<Vec<Entry>> {
    let (request, mut found) = (request(table, local, peer), Vec::new());
    let answers = if peer.is_some() { Answers::One } else { Answers::All };
    crate::netlink::ask(
        Some(netlink::SOCK_DIAG),
        SOCK_DIAG_BY_FAMILY,
        &request,
        answers,
        |kind, body| {
            if kind == SOCK_DIAG_BY_FAMILY && body.len() >= SOCKET_SIZE {
                found.extend(entry(body));
            }
        },
    )?;
    Ok(found)
}

/// `struct inet_diag_req_v2`.
fn request(table: Table, local: SocketAddr, peer: Option<SocketAddr>) -> Vec<u8> {
    let mut body = Vec::with_capacity(56);
    body.push(if local.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET } as u8);
    body.push(if table == Table::Tcp { libc::IPPROTO_TCP } else { libc::IPPROTO_UDP } as u8);
    body.extend([0; 2]);
    let every_state = u32::MAX;
    body.extend(every_state.to_ne_bytes());
    body.extend(local.port().to_be_bytes());
    body.extend(peer.map_or(0, |peer| peer.port()).to_be_bytes());
    body.extend(octets(peer.map(|_| local)));
    body.extend(octets(peer));
    let (any_interface, no_cookie) = (0_u32, u64::MAX);
    body.extend(any_interface.to_ne_bytes());
    body.extend(no_cookie.to_ne_bytes());
    body
}

fn octets(address: Option<SocketAddr>) -> [u8; 16] {
    let mut octets = [0; 16];
    match address.map(|address| address.ip()) {
        Some(IpAddr::V4(address)) => octets[..4].copy_from_slice(&address.octets()),
        Some(IpAddr::V6(address)) => octets = address.octets(),
        None => {}
    }
    octets
}

fn entry(body: &[u8]) -> Option<Entry> {
    let state = match body[1] {
        4 | 5 | 11 => State::Closing,
        6 => State::TimeWait,
        7 | 10 => State::Listening,
        _ => State::Open,
    };
    let is_v6 = i32::from(body[0]) == libc::AF_INET6;
    let place = |port: usize, at: usize| {
        let octets: [u8; 16] = body[at..at + 16].try_into().ok()?;
        let address = if is_v6 {
            IpAddr::from(Ipv6Addr::from(octets))
        } else {
            IpAddr::from(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]))
        };
        Some(SocketAddr::new(address, u16::from_be_bytes([body[port], body[port + 1]])))
    };
    Some(Entry {
        state,
        local: place(4, 8)?,
        peer: place(6, 24)?,
        expires: Duration::from_millis(number(body, 52).into()),
        uid: number(body, 64),
        inode: number(body, 68),
    })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_is_found_by_both_its_names_and_a_listener_by_its_port() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(host).unwrap();
            let here = listener.local_addr().unwrap();
            let client = TcpStream::connect(here).unwrap();
            let (server, there) = listener.accept().unwrap();
            let found = connection(there, here).unwrap().expect("the client's socket");
            assert_eq!((found.state, found.inode == 0), (State::Open, false));
            let on_port = on_port(Table::Tcp, here).unwrap();
            assert!(on_port.iter().any(|entry| entry.state == State::Listening), "{on_port:?}");
            drop(client);
            // While the kernel puts a small socket in its place, it shows neither.
            let mut looks = (0..10_000).filter_map(|_| connection(there, here).unwrap());
            let found = looks.find(|entry| entry.inode == 0).expect("what is left of it");
            assert_eq!(found.state, State::Closing);
            drop(server);
            let nobody = SocketAddr::new(here.ip(), 1);
            assert!(connection(nobody, here).unwrap().is_none());
        }
    }
}
