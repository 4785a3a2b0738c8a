//! Asking by datagram: one message, and as many replies as were asked for.
//!
//! Each reply is whole by nature and told when it comes. An address of a name that refuses is
//! followed by the next.
//!
//! Nothing here connects or prints.

use std::str::FromStr;

use coax_addr::Endpoint;
use coax_net::{Datagrams, Inbox, Kind, Origin, SystemResolver};
use tokio::time::{Instant, timeout};

use super::reply::Hearing;
use super::{Args, Heard};
use crate::datagrams::{is_the_peers, no_address_left};
use crate::duration;
use crate::failure::{Exit, Failure};
use crate::out::Out;

/// How many replies are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replies {
    Count(u64),
    /// Until none comes any more.
    All,
}

impl FromStr for Replies {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Replies, &'static str> {
        match text.parse() {
            _ if text == "all" => Ok(Replies::All),
            Ok(count @ 1..) => Ok(Replies::Count(count)),
            _ => Err("a number from 1, or all"),
        }
    }
}

pub(super) async fn ask(
    args: &Args,
    endpoint: &Endpoint,
    message: &[u8],
    resolver: &SystemResolver,
    out: &Out,
    start: Instant,
) -> Result<(), Failure> {
    let wanted = args.count.unwrap_or(Replies::Count(1));
    let mut sockets = args.reach.datagrams(endpoint, resolver, out).await?;
    let connected = start.elapsed();
    check_length(&sockets, message)?;
    let (mut inbox, mut came) = (Inbox::default(), 0);
    let (mut matched, mut unmatched) = (false, Ok(()));
    let mut question = Some(message);
    while wanted != Replies::Count(came) {
        let next = reply(&mut sockets, question.take(), &mut inbox);
        match timeout(args.wait, next).await {
            Err(_) => {
                late(args, endpoint, wanted, came)?;
                break;
            }
            Ok(done) => done?,
        }
        for (packet, from) in inbox.datagrams() {
            came += 1;
            match tell(args, packet, from, (start, connected), out) {
                Ok(()) => matched = true,
                Err(failure) if failure.exit == Exit::No => unmatched = Err(failure),
                Err(failure) => return Err(failure),
            }
        }
    }
    // One that matches is enough.
    if matched { Ok(()) } else { unmatched }
}

/// Too long for any datagram: refused before anything is sent, with the reason.
fn check_length(sockets: &Datagrams, message: &[u8]) -> Result<(), Failure> {
    let (length, largest) = (message.len(), sockets.largest_message(None));
    if length <= largest {
        return Ok(());
    }
    let why =
        format!("cannot send: a message of {length} bytes, and a datagram holds {largest} here");
    Err(Failure::new(Exit::Machine, why))
}

/// Sends the question, if it is not yet, and waits for one more reply.
async fn reply(
    sockets: &mut Datagrams,
    question: Option<&[u8]>,
    inbox: &mut Inbox,
) -> Result<(), Failure> {
    let mut asked = match question {
        Some(message) => sockets.send(message, None).await,
        None => Ok(()),
    };
    loop {
        let heard = match asked {
            Ok(()) => sockets.receive(inbox, 1).await,
            refused => refused,
        };
        match heard {
            Ok(()) => return Ok(()),
            Err(error) if is_the_peers(error.kind()) && sockets.fail_over().await => asked = Ok(()),
            Err(error) => return Err(no_address_left(sockets, error)),
        }
    }
}

/// No further reply came in time; that is the end where all were asked for.
fn late(args: &Args, endpoint: &Endpoint, wanted: Replies, came: u64) -> Result<(), Failure> {
    let wait = duration::words(args.wait);
    let text = match wanted {
        Replies::All if came > 0 => return Ok(()),
        Replies::Count(wanted) if came > 0 => {
            format!("{endpoint}: {came} of {wanted} replies, and no more within {wait}")
        }
        _ => format!("{endpoint}: no reply within {wait}"),
    };
    Err(Failure::new(Exit::Network, text))
}

fn tell(
    args: &Args,
    packet: &[u8],
    from: &Origin,
    (start, connected): (Instant, std::time::Duration),
    out: &Out,
) -> Result<(), Failure> {
    let from = from.from.to_string();
    let mut hearing = Hearing::new(args.framing, args.patience(Kind::Dgram), &from, start);
    let whole = hearing.packet(packet);
    Heard { from, connected, hearing, whole }.tell(args, out)
}
