//! What routers, firewalls and hosts report about packets that they did not deliver.
//!
//! A socket that asked for them (`IP_RECVERR`, ip(7)) keeps these messages in its error queue, in
//! order, so no privilege is needed to read them, and a report is told from an answer.
//!
//! Nothing here judges what a report means.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};

use nix::libc;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};

/// An ICMP message about something that a socket sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IcmpReport {
    /// Whether it is a message of ICMPv6.
    pub v6: bool,
    /// The type, RFC 792 or RFC 4443.
    pub kind: u8,
    /// The code within the type.
    pub code: u8,
    /// Who sent it: the asked host itself, or somebody on the way.
    pub from: Option<IpAddr>,
}

impl IcmpReport {
    /// Whether `host` itself says that nobody holds the port.
    pub fn is_port_unreachable_from(&self, host: IpAddr) -> bool {
        let port = if self.v6 { (1, 4) } else { (3, 3) };
        (self.kind, self.code) == port && self.from == Some(host)
    }
}

/// Asks the kernel to keep reports for this socket.
pub(crate) fn keep_reports(socket: &impl AsFd, v4: bool) -> io::Result<()> {
    match v4 {
        true => setsockopt(socket, Ipv4RecvErr, &true)?,
        false => setsockopt(socket, Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// Takes the next report about what this socket sent, if there is one.
pub(crate) fn next_report(socket: &impl AsFd) -> Option<IcmpReport> {
    let mut room = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let fd = socket.as_fd().as_raw_fd();
    let heard = recvmsg::<SockaddrStorage>(fd, &mut [], Some(&mut room), flags).ok()?;
    heard.cmsgs().ok()?.find_map(|message| read(&message))
}

/// The report in a control message; errors of this machine are none.
pub(crate) fn read(message: &ControlMessageOwned) -> Option<IcmpReport> {
    let (error, from) = match message {
        ControlMessageOwned::Ipv4RecvErr(error, from) => {
            let from = from.map(|from| IpAddr::from(from.sin_addr.s_addr.to_ne_bytes()));
            (error, from)
        }
        ControlMessageOwned::Ipv6RecvErr(error, from) => {
            (error, from.map(|from| IpAddr::from(from.sin6_addr.s6_addr)))
        }
        _ => return None,
    };
    let v6 = error.ee_origin == libc::SO_EE_ORIGIN_ICMP6;
    let from = from.filter(|from| !from.is_unspecified());
    (v6 || error.ee_origin == libc::SO_EE_ORIGIN_ICMP).then_some(IcmpReport {
        v6,
        kind: error.ee_type,
        code: error.ee_code,
        from,
    })
}
