//! Asking by the first packet of a connection alone.
//!
//! All ports are asked from one socket of each family: a SYN is prepared, leaves with the next
//! batch, and its answer brings back the slot of the probe and the number of the attempt. So it is
//! known how long the answer took, and an answer to an earlier attempt is late, not lost.
//!
//! Nothing here knows other ways to ask.

use std::io;
use std::net::SocketAddr;

use coax_net::{SynAnswer, SynSaid, SynSocket};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;

use super::{Attempt, Line, ends};
use crate::Reason;
use crate::flight::Slot;
use crate::verdict::reason_of;

/// What epoll tells of the socket of IPv4, and after it that of IPv6: no slot is as large.
const FIRST_TOKEN: u64 = 1 << 32;

#[derive(Debug)]
pub(crate) struct Asker {
    /// That of IPv4 and that of IPv6, or why there is none.
    sockets: [Result<SynSocket, Reason>; 2],
    refused: Vec<(u32, io::Error)>,
    answers: Vec<SynAnswer>,
}

/// What came for a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News {
    pub(crate) slot: Slot,
    pub(crate) from: SocketAddr,
    /// The number of the attempt, modulo [`SynSocket::ATTEMPTS`].
    attempt: u8,
    pub(crate) reason: Reason,
}

impl Asker {
    /// Opens the sockets. It is an error when this process may not; a family that this machine
    /// does not have is trouble with its addresses alone.
    pub(crate) fn open() -> io::Result<Asker> {
        let open = |v4| match SynSocket::open(v4) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
            opened => Ok(opened.map_err(|error| reason_of(&error))),
        };
        let sockets = [open(true)?, open(false)?];
        Ok(Asker { sockets, refused: Vec::new(), answers: Vec::new() })
    }

    /// Has `epoll` tell when answers have come.
    pub(super) fn watch(&self, epoll: &OwnedFd) -> io::Result<()> {
        for (socket, token) in self.sockets.iter().zip(FIRST_TOKEN..) {
            if let Ok(socket) = socket {
                epoll::add(epoll, socket, EventData::new_u64(token), EventFlags::IN)?;
            }
        }
        Ok(())
    }

    pub(super) fn ask(&mut self, to: &SocketAddr, slot: Slot, attempt: u32) -> Attempt {
        let to = plain(*to);
        let socket = &mut self.sockets[usize::from(to.is_ipv6())];
        let pushed = match socket {
            Ok(socket) => socket.push(&to, slot, attempt).map_err(|error| reason_of(&error)),
            Err(reason) => Err(*reason),
        };
        pushed.map_or_else(Attempt::Heard, |()| Attempt::Waits(Line::Syn))
    }

    /// Sends what is prepared, and gives what could not be sent.
    pub(super) fn dispatch(&mut self) -> impl Iterator<Item = (Slot, Reason)> {
        for socket in self.sockets.iter_mut().flatten() {
            socket.flush(&mut self.refused);
        }
        std::mem::take(&mut self.refused).into_iter().map(|(slot, error)| (slot, reason_of(&error)))
    }

    /// What has come on the socket that `token` names; `None` when it names none.
    pub(super) fn hear(&mut self, token: u64) -> Option<impl Iterator<Item = News>> {
        let number = usize::try_from(token.checked_sub(FIRST_TOKEN)?).ok()?;
        let mut answers = std::mem::take(&mut self.answers);
        if let Some(Ok(socket)) = self.sockets.get(number) {
            // What a flood leaves behind waits for the next look.
            socket.receive(&mut answers);
        }
        Some(answers.into_iter().filter_map(news))
    }
}

fn news(answer: SynAnswer) -> Option<News> {
    let reason = match answer.said {
        SynSaid::SynAck => Reason::SynAck,
        SynSaid::Reset => Reason::Reset,
        SynSaid::Icmp(report) if ends(&report) => Reason::Icmp(report),
        SynSaid::Icmp(_) => return None,
    };
    Some(News { slot: answer.number, from: answer.from, attempt: answer.attempt, reason })
}

impl News {
    /// How many attempts followed the one that is answered, where the next has the number `next`.
    pub(crate) fn later_attempts(&self, next: u32) -> u32 {
        next.wrapping_sub(1 + u32::from(self.attempt)) % SynSocket::ATTEMPTS
    }

    /// Whether it is about the port at `to`. The probe that was in the slot before may have been
    /// about another.
    pub(crate) fn is_of(&self, to: &SocketAddr) -> bool {
        let to = plain(*to);
        (self.from.ip(), self.from.port()) == (to.ip(), to.port())
    }
}

/// An IPv4 address in IPv6's clothes (RFC 4291 §2.5.5.2) is asked over IPv4.
fn plain(to: SocketAddr) -> SocketAddr {
    match to.ip().to_canonical() {
        ip if ip.is_ipv4() => SocketAddr::new(ip, to.port()),
        _ => to,
    }
}
