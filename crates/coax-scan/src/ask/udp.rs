//! Asking by a datagram, and what came back: a datagram, an ICMP message, or nothing.
//!
//! Each port has a socket of its own for as long as it is asked, so an answer to the first question
//! still counts when the third one has left. Each attempt sends the next of the port's questions.
//!
//! Nothing here tells an answer from another, or silence from a closed port that may not speak.

use coax_net::{UdpHeard, UdpProbe};

use super::{Attempt, Line, ends, reason_of_late};
use crate::Reason;
use crate::payload::{answers_at, payload};
use crate::questions::Question;
use crate::verdict::reason_of;

/// Sends what the question sends after `before` others, by the socket of these if there was one.
pub(super) fn ask(question: &Question, before: u32, line: Option<UdpProbe>) -> Attempt {
    let port = question.to.port();
    let opened = line.map_or_else(|| UdpProbe::open(&question.to, answers_at(port)), Ok);
    let probe = match opened {
        Ok(probe) => probe,
        Err(error) => return Attempt::Heard(reason_of(&error)),
    };
    let sent = probe.send(payload(port, before));
    // The loopback answers at once, and a message about the attempt before shows as an error.
    match (hear(&probe), sent) {
        (Some(reason), _) => Attempt::Heard(reason),
        (None, Ok(())) => Attempt::Waits(Line::Udp(probe)),
        (None, Err(error)) => Attempt::Heard(reason_of(&error)),
    }
}

/// What has come. Of an answer one byte is enough.
pub(super) fn hear(probe: &UdpProbe) -> Option<Reason> {
    while let Some(report) = probe.report() {
        if ends(&report) {
            return Some(Reason::Icmp(report));
        }
    }
    match probe.hear(&mut [0]) {
        UdpHeard::Waiting => None,
        UdpHeard::Reply(_) if probe.met_itself() => Some(Reason::MetItself),
        UdpHeard::Reply(_) => Some(Reason::UdpReply),
        // The message may have come between the two looks.
        UdpHeard::Failed(error) => match probe.report() {
            Some(report) => ends(&report).then_some(Reason::Icmp(report)),
            // Refused, but by whom? Asking again will tell.
            None => Some(reason_of_late(&error)).filter(|&reason| reason != Reason::Reset),
        },
    }
}
