//! Asking by a connection, as every program does.
//!
//! A refused socket is as good as new and asks the next port; an open connection is closed at
//! once, without a word.
//!
//! Nothing here knows other ways to ask.

use std::net::SocketAddr;

use coax_net::{ConnectProbe, ConnectProgress};

use super::{Attempt, Line, ends, reason_of_late};
use crate::Reason;
use crate::verdict::reason_of;

/// Open ports are left with a FIN, as a polite caller does, which holds a source port for a minute
/// (TIME_WAIT). A machine where everything is open would take them all, so after so many a reset
/// ends the connection.
const POLITE: u64 = 1000;

#[derive(Debug, Default)]
pub(super) struct Asker {
    /// A socket that was refused.
    spare: Option<ConnectProbe>,
    opened: u64,
}

impl Asker {
    pub(super) fn ask(&mut self, to: &SocketAddr) -> Attempt {
        let spare = self.spare.take().filter(|spare| spare.suits(to));
        let probe = match spare.map_or_else(|| ConnectProbe::open(to), Ok) {
            Ok(probe) => probe,
            Err(error) => return Attempt::Heard(reason_of(&error)),
        };
        let heard = match probe.ask(to) {
            ConnectProgress::Waiting => return Attempt::Waits(Line::Connect(probe)),
            ConnectProgress::Open => reason_of_open(&probe),
            ConnectProgress::Failed(error) => {
                probe.report().map_or_else(|| reason_of(&error), Reason::Icmp)
            }
        };
        self.done(probe, heard);
        Attempt::Heard(heard)
    }

    /// What to do with the socket depends on what it brought. Only a reset leaves it as good as new:
    /// after a report the kernel may still be asking the old port, and would not ask the next.
    pub(super) fn done(&mut self, probe: ConnectProbe, heard: Reason) {
        match heard {
            Reason::SynAck if self.opened < POLITE => self.opened += 1,
            Reason::SynAck | Reason::MetItself => probe.abort(),
            Reason::Reset => self.spare = Some(probe),
            _ => drop(probe),
        }
    }
}

/// What has come on a connection that was asked for.
pub(super) fn hear(probe: &ConnectProbe, to: &SocketAddr) -> Option<Reason> {
    match probe.hear(to) {
        ConnectProgress::Open => Some(reason_of_open(probe)),
        ConnectProgress::Waiting => probe.report().filter(ends).map(Reason::Icmp),
        ConnectProgress::Failed(error) => {
            Some(probe.report().map_or_else(|| reason_of_late(&error), Reason::Icmp))
        }
    }
}

fn reason_of_open(probe: &ConnectProbe) -> Reason {
    match probe.met_itself() {
        true => Reason::MetItself,
        false => Reason::SynAck,
    }
}
