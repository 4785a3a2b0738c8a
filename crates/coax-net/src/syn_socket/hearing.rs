//! Hearing what came back: packets, and reports about packets.
//!
//! The filter lets little else through, but nothing is believed for that: port, flags and number
//! are looked at again, and what does not fit is nobody's answer.
//!
//! Nothing here knows whether somebody still waits for the answer.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, recvmsg};

use super::secret::Secret;
use super::segment::{self, ACK, LONGEST_ANSWER, RST, SYN};
use super::sockets::Ports;
use super::{SynAnswer, SynSaid};
use crate::{IcmpReport, icmp, trace};

/// Packets taken in one call.
const BATCH: usize = 64;
/// Calls before the caller is heard again: more packets than anybody has SYNs under way.
const CALLS: usize = 256;

/// What tells an answer to us from everything else.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) v4: bool,
    pub(super) ports: Ports,
    pub(super) secret: Secret,
}

impl Ear {
    /// Takes what has come at `receiver`; `true` when there may be more.
    pub(super) fn receive(&self, receiver: &OwnedFd, answers: &mut Vec<SynAnswer>) -> bool {
        let mut room = [0; BATCH * LONGEST_ANSWER];
        for _ in 0..CALLS {
            match self.packets(receiver, &mut room, answers) {
                Ok(BATCH..) => {}
                Ok(_) => return false,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // The error of a report that has come; the report itself says more.
                Err(_) => self.reports(receiver, answers),
            }
        }
        true
    }

    fn packets(
        &self,
        receiver: &OwnedFd,
        room: &mut [u8],
        answers: &mut Vec<SynAnswer>,
    ) -> io::Result<usize> {
        let fd = receiver.as_raw_fd();
        let args = || format!("{fd}, {BATCH} packets of {LONGEST_ANSWER}");
        trace::call("recvmmsg", args, || {
            let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
            let chunks = room.chunks_exact_mut(LONGEST_ANSWER);
            let mut slices: Vec<_> = chunks.map(|chunk| [IoSliceMut::new(chunk)]).collect();
            let (slices, flags) = (slices.iter_mut(), MsgFlags::MSG_DONTWAIT);
            let mut count = 0;
            for message in recvmmsg(fd, &mut headers, slices, flags, None)? {
                count += 1;
                let packet = message.iovs().next().unwrap_or_default();
                let from = message.address.as_ref().and_then(sender);
                answers.extend(from.and_then(|from| self.answer(packet, from)));
            }
            Ok(count)
        })
    }

    /// What a packet says, if it is an answer.
    pub(super) fn answer(&self, packet: &[u8], from: SocketAddr) -> Option<SynAnswer> {
        let segment = if self.v4 { segment::within_v4(packet)? } else { packet };
        let heard = segment::answer(segment)?;
        let attempt = self.ports.attempt(heard.to_port)?;
        if heard.flags & ACK == 0 {
            return None;
        }
        let number = |sequence| self.secret.number(from.ip(), heard.from_port, sequence);
        let asked = number(heard.acknowledged.wrapping_sub(1));
        let (number, said) = match heard.flags & (SYN | RST) {
            SYN => (asked?, SynSaid::SynAck),
            // Some do not count the SYN itself, as they should (RFC 9293 §3.5.2).
            RST => (asked.or_else(|| number(heard.acknowledged))?, SynSaid::Reset),
            _ => return None,
        };
        Some(SynAnswer { from: at(from, heard.from_port), number, attempt, said })
    }

    /// Takes all reports.
    fn reports(&self, receiver: &OwnedFd, answers: &mut Vec<SynAnswer>) {
        for _ in 0..BATCH * CALLS {
            let mut bytes = [0; LONGEST_ANSWER];
            let Some((report, to, count)) = report(receiver, &mut bytes) else { return };
            let quote = bytes.get(..count).unwrap_or_default();
            if let (Some(report), Some(to)) = (report, to) {
                answers.extend(self.undelivered(quote, to, report));
            }
        }
    }

    /// Whose SYN to `to` is quoted.
    pub(super) fn undelivered(
        &self,
        quote: &[u8],
        to: SocketAddr,
        report: IcmpReport,
    ) -> Option<SynAnswer> {
        let quoted = segment::quoted(quote)?;
        let attempt = self.ports.attempt(quoted.from_port)?;
        let number = self.secret.number(to.ip(), quoted.to_port, quoted.sequence)?;
        let said = SynSaid::Icmp(report);
        Some(SynAnswer { from: at(to, quoted.to_port), number, attempt, said })
    }
}

/// A message of the error queue: the report in it, where the packet was sent, and how many bytes
/// of the packet are quoted into `quote`. `None` when there is no message.
fn report(
    receiver: &OwnedFd,
    quote: &mut [u8],
) -> Option<(Option<IcmpReport>, Option<SocketAddr>, usize)> {
    let mut room = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let mut slices = [IoSliceMut::new(quote)];
    let fd = receiver.as_raw_fd();
    let heard = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut room), flags).ok()?;
    let report = heard.cmsgs().ok().and_then(|mut all| all.find_map(|one| icmp::read(&one)));
    Some((report, heard.address.as_ref().and_then(sender), heard.bytes))
}

/// The address, with its scope, that the kernel gives with a packet.
fn sender(name: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = name.as_sockaddr_in().map(|name| SocketAddr::new(IpAddr::V4(name.ip()), 0));
    v4.or_else(|| {
        let name = name.as_sockaddr_in6()?;
        Some(SocketAddrV6::new(name.ip(), 0, 0, name.scope_id()).into())
    })
}

fn at(mut host: SocketAddr, port: u16) -> SocketAddr {
    host.set_port(port);
    host
}
