//! The ways to ask a port.
//!
//! One of them makes an attempt and hands back either what was heard at once, or the line on which
//! more may come. Whatever is heard is a [`Reason`].
//!
//! Nothing here waits, or decides whether to ask again.

mod connect;
pub(crate) mod syn;
mod udp;

use std::io;

use coax_addr::Protocol;
use coax_net::{ConnectProbe, IcmpReport, UdpProbe};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;

use crate::Reason;
use crate::flight::{Probe, Slot};
use crate::questions::Question;
use crate::verdict::reason_of;

/// How one thread asks.
#[derive(Debug)]
pub(crate) struct Asker {
    connect: connect::Asker,
    /// How TCP ports are asked, if not by connections.
    syn: Option<syn::Asker>,
}

/// What became of an attempt, so far.
pub(crate) enum Attempt {
    /// News may come on this line.
    Waits(Line),
    /// This was heard at once.
    Heard(Reason),
}

/// Where the answer to an attempt comes.
#[derive(Debug)]
pub(crate) enum Line {
    /// A socket of its own.
    Connect(ConnectProbe),
    /// A socket of its own, for all attempts.
    Udp(UdpProbe),
    /// The socket of all SYNs.
    Syn,
}

impl Asker {
    /// One whose sockets for many probes, if it has any, are watched by `epoll`.
    pub(crate) fn new(syn: Option<syn::Asker>, epoll: &OwnedFd) -> io::Result<Asker> {
        if let Some(syn) = &syn {
            syn.watch(epoll)?;
        }
        Ok(Asker { connect: connect::Asker::default(), syn })
    }

    /// Asks for `probe`, which keeps its slot until its verdict. It may leave with the next
    /// [`Asker::dispatch`] only.
    pub(crate) fn ask(&mut self, probe: &mut Probe, slot: Slot) -> Attempt {
        let question = &probe.question;
        match (&mut self.syn, question.protocol, probe.line.take()) {
            (_, Protocol::Udp, Some(Line::Udp(line))) => {
                udp::ask(question, probe.asked, Some(line))
            }
            (_, Protocol::Udp, _) => udp::ask(question, probe.asked, None),
            (Some(syn), ..) => syn.ask(&question.to, slot, probe.attempt()),
            (None, ..) => self.connect.ask(&question.to),
        }
    }

    /// Sends what is only prepared; gives the slots whose packets could not be sent.
    pub(crate) fn dispatch(&mut self) -> Vec<(Slot, Reason)> {
        self.syn.as_mut().map_or_else(Vec::new, |syn| syn.dispatch().collect())
    }

    /// What has come for many probes at once, where `token` is not that of a single one.
    pub(crate) fn hear_many(&mut self, token: u64) -> Option<Vec<syn::News>> {
        Some(self.syn.as_mut()?.hear(token)?.collect())
    }

    /// What has come on `line`.
    pub(crate) fn hear(&mut self, question: &Question, line: &Line) -> Option<Reason> {
        match line {
            Line::Connect(probe) => connect::hear(probe, &question.to),
            Line::Udp(probe) => udp::hear(probe),
            Line::Syn => None,
        }
    }

    /// `line` has brought what it can.
    pub(crate) fn done(&mut self, line: Line, heard: Reason) {
        match line {
            Line::Connect(probe) => self.connect.done(probe, heard),
            Line::Udp(_) | Line::Syn => {}
        }
    }
}

impl Line {
    /// Has `epoll` name `slot` when there is news, unless all lines of its kind are watched at once.
    pub(crate) fn watch(&self, epoll: &OwnedFd, slot: Slot) -> rustix::io::Result<()> {
        let Some(socket) = self.socket() else { return Ok(()) };
        let data = EventData::new_u64(u64::from(slot));
        match epoll::add(epoll, socket, data, self.news()) {
            // A line that is used again.
            Err(Errno::EXIST) => epoll::modify(epoll, socket, data, self.news()),
            done => done,
        }
    }

    /// The descriptor to watch, unless it is watched for all.
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Line::Connect(probe) => Some(probe.as_fd()),
            Line::Udp(probe) => Some(probe.as_fd()),
            Line::Syn => None,
        }
    }

    /// What to watch for; errors are told in any case.
    fn news(&self) -> EventFlags {
        match self {
            Line::Udp(_) => EventFlags::IN | EventFlags::ET,
            _ => EventFlags::OUT | EventFlags::ET,
        }
    }
}

/// An error that came after the packet had left is the network's word, not this machine's.
fn reason_of_late(error: &io::Error) -> Reason {
    match reason_of(error) {
        Reason::NoRoute | Reason::Forbidden => Reason::HostUnreachable,
        reason => reason,
    }
}

/// Whether a message ends the attempt; that a packet was too big (type 3, code 4) does not.
fn ends(report: &IcmpReport) -> bool {
    match (report.v6, report.kind, report.code) {
        (false, 3, code) => code != 4,
        (false, 11, _) | (true, 1 | 3, _) => true,
        _ => false,
    }
}
