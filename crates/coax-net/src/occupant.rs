//! Why an address is in use: the process that has it, or the connection that keeps it from new ones.
//!
//! What the system does not show (another user's processes, a system without `/proc`) is not said.
//!
//! Nothing here binds anything, or changes what has the address.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use coax_addr::UnixName;

use crate::sock_diag::{self, Entry, State, Table};
use crate::{Address, Kind};

/// The reason in words; `None` where it cannot be known.
pub(crate) fn of(address: &Address, kind: Kind) -> Option<String> {
    match (address, kind) {
        (Address::Ip(address), Kind::Stream) => of_port(Table::Tcp, *address),
        (Address::Ip(address), Kind::Dgram) => of_port(Table::Udp, *address),
        (Address::Unix(name), _) => of_name(name),
        _ => None,
    }
}

fn of_port(table: Table, address: SocketAddr) -> Option<String> {
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let each = any.map(|any| sock_diag::on_port(table, SocketAddr::new(any, address.port())));
    let mut found: Vec<Entry> = each.into_iter().flatten().flatten().collect();
    found.retain(|entry| overlap(entry.local.ip(), address.ip()));
    // Who has it now comes first; of connections that are over, the one that stays longest.
    found.sort_by_key(|entry| {
        let rank = match entry.state {
            State::Listening => 0,
            State::Open | State::Closing if entry.inode != 0 => 1,
            _ => 2,
        };
        (rank, std::cmp::Reverse(entry.expires))
    });
    found.first().map(|entry| in_words(table, entry))
}

fn overlap(taken: IpAddr, wanted: IpAddr) -> bool {
    let (taken, wanted) = (taken.to_canonical(), wanted.to_canonical());
    taken == wanted || taken.is_unspecified() || wanted.is_unspecified()
}

fn in_words(table: Table, entry: &Entry) -> String {
    let peer = entry.peer;
    match entry.state {
        State::Listening => {
            let does = if table == Table::Tcp { "listens there" } else { "receives there" };
            format!("{} {does}", process(entry.inode, Some(entry.uid)))
        }
        State::TimeWait => format!(
            "an earlier connection with {peer} is in TIME_WAIT for another {} s",
            entry.expires.as_millis().div_ceil(1000)
        ),
        _ if entry.inode == 0 => format!("an earlier connection with {peer} is still closing"),
        _ => format!(
            "{} has a connection from there with {peer}",
            process(entry.inode, Some(entry.uid))
        ),
    }
}

/// Who has the Unix socket, of those in `/proc/net/unix` the one that accepts connections.
fn of_name(name: &UnixName) -> Option<String> {
    /// `__SO_ACCEPTCON` (include/linux/net.h).
    const ACCEPTS: &str = "00010000";
    let wanted = Address::Unix(name.clone()).to_string();
    let table = fs::read_to_string("/proc/net/unix").ok()?;
    let rows = table.lines().skip(1).filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let flags = words.nth(3)?;
        let inode = words.nth(2)?.parse::<u32>().ok()?;
        // A name may have spaces in it.
        (line.split_once(&format!(" {inode} "))?.1 == wanted).then_some((flags == ACCEPTS, inode))
    });
    let (accepts, inode) = rows.max()?;
    let does = if accepts { "listens there" } else { "has it" };
    Some(format!("{} {does}", process(inode, None)))
}

/// `nc (process 4711)`, or what can be said of it.
fn process(inode: u32, uid: Option<u32>) -> String {
    let ours = rustix::process::geteuid().as_raw();
    match (holder(inode), uid) {
        (Some((id, name)), _) => format!("{name} (process {id})"),
        (None, Some(uid)) if uid != ours => format!("a process of user {uid}"),
        (None, _) => "another process".to_owned(),
    }
}

/// The process with the lowest number that has the socket open.
fn holder(inode: u32) -> Option<(u32, String)> {
    let link = format!("socket:[{inode}]");
    let mut ids: Vec<u32> = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    ids.sort_unstable();
    let has = |id: &u32| {
        let open = fs::read_dir(format!("/proc/{id}/fd")).ok().into_iter().flatten().flatten();
        let mut links = open.filter_map(|file| fs::read_link(file.path()).ok());
        links.any(|to| to.to_str() == Some(&link))
    };
    let id = ids.into_iter().find(has)?;
    let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
    Some((id, name.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn the_process_that_has_an_address_is_named() {
        let me = format!("(process {})", std::process::id());
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("[::1]:0").unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a socket");
        let _unix = UnixListener::bind(&path).unwrap();
        let (tcp, udp) = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
        for (address, kind, does) in [
            (Address::Ip(tcp), Kind::Stream, "listens there"),
            (Address::Ip(udp), Kind::Dgram, "receives there"),
            (Address::Unix(UnixName::Path(path)), Kind::Stream, "listens there"),
        ] {
            let said = of(&address, kind).unwrap_or_else(|| panic!("nothing about {address}"));
            assert!(said.contains(&me) && said.ends_with(does), "{said}");
        }
        assert_eq!(of(&Address::Ip("127.0.0.1:1".parse().unwrap()), Kind::Stream), None);
    }
}
