//! Asking a UDP port: the questions of its service in turn, until something comes back.
//!
//! Only what comes from the address that was asked counts. A lost datagram is no silence, so several
//! go out in the time there is, and an answer may be to any of those sent so far.
//!
//! Nothing here knows what the questions and answers mean: `payload` and `reply` do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use coax_addr::{Endpoint, Host, Options, Place, Transport};
use coax_net::{Address, Datagrams, Inbox, Origin, SystemResolver, UdpAnswers, Wanted};
use tokio::time::{Instant, timeout_at};

use super::channel::dial;
use super::reply::recognise_reply;
use super::{BANNER_LIMIT, Hearing, Identity};
use crate::payload::{answers_at, questions};

/// How often a port is asked at least, so that a lost datagram is no silence.
const TIMES: usize = 6;
/// All the questions to a port of which nothing is known go out in this part of the time, and
/// again after it.
const FIRST_ROUND: u32 = 3;
/// More datagrams from others than chance brings; who floods us must not hold us.
const STRAYS: usize = 1000;

pub(super) async fn identify(address: SocketAddr, until: Instant) -> Identity {
    let socket = match open(address, until).await {
        Ok(socket) => socket,
        Err(why) => return Identity::not_reached(why),
    };
    let questions = questions(address.port());
    let gap = gap(questions.len(), until);
    let mut best = Identity::default();
    for (turn, question) in questions.iter().cycle().take(questions.len().max(TIMES)).enumerate() {
        if let Err(error) = socket.send(question, Some(&Origin::from(Address::Ip(address)))).await {
            return best.or_not_reached(error.cause());
        }
        let is_last = turn + 1 == questions.len().max(TIMES);
        let asked = &questions[..questions.len().min(turn + 1)];
        let turn_until = if is_last { until } else { until.min(Instant::now() + gap) };
        while let Ok(answer) = timeout_at(turn_until, answer(&socket, address)).await {
            let found = match answer {
                Ok(banner) => heard(address.port(), asked, banner),
                Err(why) => return best.or_not_reached(why),
            };
            if found.service.is_some() {
                return found;
            }
            // An answer to the wrong question may be followed by one to the right one.
            if best.hearing == Hearing::Silent {
                best = found;
            }
        }
    }
    best
}

/// How long the next question waits. The questions of one protocol are few, and use all of the time.
fn gap(questions: usize, until: Instant) -> Duration {
    let left = until.saturating_duration_since(Instant::now());
    match questions > TIMES {
        true => left / FIRST_ROUND / u32::try_from(questions).unwrap_or(u32::MAX),
        false => left / TIMES as u32,
    }
}

impl Identity {
    /// What was heard before an error, or the error.
    fn or_not_reached(self, why: String) -> Identity {
        match self.hearing {
            Hearing::Silent => Identity::not_reached(why),
            _ => self,
        }
    }
}

/// What came back after these questions.
fn heard(port: u16, asked: &[&[u8]], banner: Vec<u8>) -> Identity {
    let known = asked.iter().rev().find_map(|asked| recognise_reply(port, asked, &banner));
    Identity { banner, hearing: Hearing::Answered, ..Identity::default() }.with(known)
}

/// A socket that hears what this port sends. One that is connected hears refusals too.
async fn open(address: SocketAddr, until: Instant) -> Result<Datagrams, String> {
    if answers_at(address.port()) == UdpAnswers::FromThePort {
        let dialed = dial(Transport::Udp, address, until).await?;
        return Datagrams::towards(dialed).map_err(|error| error.to_string());
    }
    let any = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let (transport, host, path) = (Transport::Udp, Host::Ip(any), String::new());
    let place = Place::Net { transport, host, port: 0, path };
    let endpoint = Endpoint { place, options: Options::default() };
    let resolver = SystemResolver::default();
    Datagrams::at(&endpoint, Wanted::Both, &resolver).await.map_err(|error| error.to_string())
}

/// The first datagram from `address`, cut to what is kept; in words what was heard instead.
async fn answer(socket: &Datagrams, address: SocketAddr) -> Result<Vec<u8>, String> {
    let mut inbox = Inbox::for_one(BANNER_LIMIT);
    for _ in 0..STRAYS {
        socket.receive(&mut inbox, 1).await.map_err(|error| error.cause())?;
        let its = inbox.datagrams().find(|(_, from)| from.from.ip() == Some(address.ip()));
        if let Some((banner, _)) = its {
            return Ok(banner.to_vec());
        }
    }
    Err("others answer in its place".to_owned())
}
