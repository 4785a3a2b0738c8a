//! The least that a connect scan can be: two threads of socket, connect, close.
//!
//! It does not even look at the answers. Whoever comes near does nothing in vain.
//!
//! Nothing here is measured: it runs as a process of its own, like every scanner.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::thread;

use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

/// Knocks at all ports of 127.0.0.1.
pub(crate) fn scan() -> Result<(), String> {
    let halves = [1..=32_767, 32_768..=u16::MAX];
    let threads = halves.map(|ports| thread::spawn(move || ports.into_iter().try_for_each(knock)));
    for thread in threads {
        let done = thread.join().map_err(|_| "a thread failed".to_owned())?;
        done.map_err(|error| format!("socket: {error}"))?;
    }
    Ok(())
}

fn knock(port: u16) -> rustix::io::Result<()> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    // Nobody looks at the answer.
    let _ = connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    Ok(())
}
