//! Ports for programs that cannot say which port the system chose.
//!
//! A port that was free a moment ago may be taken the next: by a connection that goes out, by a
//! test that binds port 0, by another test that looked at the same time. So these ports come from
//! below the range that the system chooses from, and each is held by a lock on a file until the
//! process of the test ends. A test that needs a port on a busy machine then has it.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use rustix::net::{AddressFamily, SocketType, bind, socket};

/// What Linux chooses from, where it does not say.
const USUAL_LOWEST: u16 = 32768;
/// How many of the ports below are used: above those of well-known servers.
const COUNT: u16 = 20_000;

/// The locks of this process. They go with it.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that nobody uses on any address, over TCP or UDP, and that no other test is given while
/// this process runs.
#[track_caller]
pub fn unused_port() -> u16 {
    let folder = folder();
    let all = range();
    let count = u32::from(all.end - all.start);
    // Tests that start together begin at different places.
    let first = std::process::id().wrapping_mul(2_654_435_761) % count;
    let port = (0..count)
        .filter_map(|step| u16::try_from((first + step) % count).ok())
        .map(|offset| all.start + offset)
        .find(|port| is_unused(*port) && hold(folder.join(port.to_string())));
    port.expect("one of many ports is free")
}

fn range() -> Range<u16> {
    let read = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let lowest = read.split_whitespace().next().and_then(|word| word.parse().ok());
    let lowest = lowest.filter(|lowest| *lowest > COUNT).unwrap_or(USUAL_LOWEST);
    lowest - COUNT..lowest
}

fn folder() -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("testkit-ports-{user}"));
    fs::create_dir_all(&folder).expect("the temporary folder takes a folder");
    folder
}

/// Whether this process has the port from now on.
fn hold(path: PathBuf) -> bool {
    let Ok(file) = OpenOptions::new().create(true).truncate(false).write(true).open(path) else {
        return false;
    };
    let is_ours = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    if is_ours {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }
    is_ours
}

/// Binds without the option to reuse an address, as the strictest server does: a port with an old
/// connection that is not quite over is not free for it.
fn is_unused(port: u16) -> bool {
    let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    [SocketType::STREAM, SocketType::DGRAM].into_iter().all(|kind| {
        [(AddressFamily::INET, v4), (AddressFamily::INET6, v6)].into_iter().all(
            |(family, address)| {
                match socket(family, kind, None) {
                    Ok(socket) => bind(&socket, &address).is_ok(),
                    // A machine without IPv6 has no such port.
                    Err(_) => true,
                }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::unused_port;

    #[test]
    fn a_port_is_given_once() {
        let mut ports = (0..50).map(|_| unused_port()).collect::<Vec<_>>();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }
}
