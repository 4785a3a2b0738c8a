//! Asking a UDP port: the questions of its service in turn, until something comes back.
//!
//! Only what comes from the address that was asked counts. A lost datagram is no silence, so six
//! go out in the time there is, and an answer may be to any of those sent so far.
//!
//! Nothing here knows what the questions and answers mean: `payload` and `reply` do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use coax_addr::{Endpoint, Host, Options, Place, Transport};
use coax_net::{Address, Datagrams, Inbox, Origin, SystemResolver, UdpAnswers, Wanted};
use tokio::time::{Instant, timeout_at};

use super::channel::dial;
use super::reply::recognise_reply;
use super::{BANNER_LIMIT, Hearing, Identity};
use crate::payload::{answers_at, payload};

/// How often it is asked: the questions to a port of which nothing is known are six.
const TIMES: u32 = 6;
/// More datagrams from others than chance brings; who floods us must not hold us.
const STRAYS: usize = 1000;

pub(super) async fn identify(address: SocketAddr, until: Instant) -> Identity {
    let socket = match open(address, until).await {
        Ok(socket) => socket,
        Err(why) => return Identity::not_reached(why),
    };
    let part = until.saturating_duration_since(Instant::now()) / TIMES;
    let mut best = Identity::default();
    for turn in 0..TIMES {
        let question = payload(address.port(), turn);
        if let Err(error) = socket.send(question, Some(&Origin::from(Address::Ip(address)))).await {
            return best.or_not_reached(error.cause());
        }
        let turn_until = if turn + 1 == TIMES { until } else { Instant::now() + part };
        match timeout_at(turn_until, answer(&socket, address)).await {
            Ok(Ok(banner)) => {
                let found = heard(address.port(), turn, banner);
                if found.service.is_some() {
                    return found;
                }
                // An answer to the wrong question may be followed by one to the right one.
                if best.hearing == Hearing::Silent {
                    best = found;
                }
            }
            Ok(Err(why)) => return best.or_not_reached(why),
            Err(_) => {}
        }
    }
    best
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

/// What came back after the questions up to this one.
fn heard(port: u16, turn: u32, banner: Vec<u8>) -> Identity {
    let asked = (0..=turn).rev().map(|turn| payload(port, turn));
    let known = { asked }.find_map(|asked| recognise_reply(port, asked, &banner));
    let (service, product) = known.map(|it| (it.service, it.product)).unzip();
    let (product, hearing) = (product.flatten(), Hearing::Answered);
    Identity { service, product, banner, tls: None, hearing }
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
