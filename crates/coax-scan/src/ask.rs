//! The ways to ask a port.
//!
//! One of them makes an attempt and hands back either what was heard at once, or the line on which
//! more may come. Whatever is heard is a [`Reason`].
//!
//! Nothing here waits, or decides whether to ask again.

mod connect;
mod udp;

use std::io;

use coax_addr::Protocol;
use coax_net::{ConnectProbe, IcmpReport, UdpProbe};
use rustix::event::epoll::EventFlags;
use rustix::fd::{AsFd, BorrowedFd};

use crate::Reason;
use crate::questions::Question;
use crate::verdict::reason_of;

/// How one thread asks.
#[derive(Debug, Default)]
pub(crate) struct Asker {
    connect: connect::Asker,
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
}

impl Asker {
    /// Asks, after having asked `before` times; `line` is that of the attempt before.
    pub(crate) fn ask(&mut self, question: &Question, before: u32, line: Option<Line>) -> Attempt {
        match (question.protocol, line) {
            (Protocol::Udp, Some(Line::Udp(probe))) => udp::ask(question, before, Some(probe)),
            (Protocol::Udp, _) => udp::ask(question, before, None),
            _ => self.connect.ask(&question.to),
        }
    }

    /// What has come on `line`.
    pub(crate) fn hear(&mut self, question: &Question, line: &Line) -> Option<Reason> {
        match line {
            Line::Connect(probe) => connect::hear(probe, &question.to),
            Line::Udp(probe) => udp::hear(probe),
        }
    }

    /// `line` has brought what it can.
    pub(crate) fn done(&mut self, line: Line, heard: Reason) {
        match line {
            Line::Connect(probe) => self.connect.done(probe, heard),
            Line::Udp(_) => {}
        }
    }
}

impl Line {
    /// The descriptor to watch.
    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        match self {
            Line::Connect(probe) => probe.as_fd(),
            Line::Udp(probe) => probe.as_fd(),
        }
    }

    /// What to watch for; errors are told in any case.
    pub(crate) fn news(&self) -> EventFlags {
        match self {
            Line::Connect(_) => EventFlags::OUT | EventFlags::ET,
            Line::Udp(_) => EventFlags::IN | EventFlags::ET,
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
