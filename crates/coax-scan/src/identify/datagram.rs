//! Asking a UDP port: the question of its service, and again if nothing comes back.
//!
//! Only what comes from the address that was asked counts. A lost datagram is no silence, so the
//! question goes out three times in the time there is.
//!
//! Nothing here knows what the answer means: that is `reply`'s.

use std::net::SocketAddr;

use coax_addr::{Endpoint, Host, Options, Place, Transport};
use coax_net::{Address, Datagrams, SystemResolver, Wanted};
use tokio::time::{Instant, timeout_at};

use super::channel::dial;
use super::reply::recognise_reply;
use super::{BANNER_LIMIT, Hearing, Identity, question};

/// How often it is asked.
const TIMES: u32 = 3;
/// TFTP answers from another port (RFC 1350 §4), which a connected socket would not hear.
const TFTP: u16 = 69;

pub(super) async fn identify(address: SocketAddr, until: Instant) -> Identity {
    let socket = match open(address, until).await {
        Ok(socket) => socket,
        Err(why) => return Identity::not_reached(why),
    };
    let question = question::datagram(address.port());
    let part = until.saturating_duration_since(Instant::now()) / TIMES;
    for turn in 1..=TIMES {
        if let Err(error) = socket.send(&question, Some(&Address::Ip(address))).await {
            return Identity::not_reached(error.cause());
        }
        let turn_until = if turn == TIMES { until } else { Instant::now() + part };
        match timeout_at(turn_until, answer(&socket, address)).await {
            Ok(Ok(banner)) => return heard(address.port(), &question, banner),
            Ok(Err(why)) => return Identity::not_reached(why),
            Err(_) => {}
        }
    }
    Identity::default()
}

fn heard(port: u16, question: &[u8], banner: Vec<u8>) -> Identity {
    let known = recognise_reply(port, question, &banner);
    let (service, product) = known.map(|it| (it.service, it.product)).unzip();
    let (product, hearing) = (product.flatten(), Hearing::Answered);
    Identity { service, product, banner, tls: None, hearing }
}

async fn open(address: SocketAddr, until: Instant) -> Result<Datagrams, String> {
    if address.port() != TFTP {
        let dialed = dial(Transport::Udp, address, until).await?;
        return Datagrams::towards(dialed).map_err(|error| error.to_string());
    }
    let any = match address {
        SocketAddr::V4(_) => Host::Ip(std::net::Ipv4Addr::UNSPECIFIED.into()),
        SocketAddr::V6(_) => Host::Ip(std::net::Ipv6Addr::UNSPECIFIED.into()),
    };
    let place = Place::Net { transport: Transport::Udp, host: any, port: 0, path: String::new() };
    let endpoint = Endpoint { place, options: Options::default() };
    let resolver = SystemResolver::default();
    Datagrams::at(&endpoint, Wanted::Both, &resolver).await.map_err(|error| error.to_string())
}

/// The first datagram from `address`, cut to what is kept; in words what was heard instead.
async fn answer(socket: &Datagrams, address: SocketAddr) -> Result<Vec<u8>, String> {
    let mut buffer = vec![0; BANNER_LIMIT];
    loop {
        let (count, from) = socket.receive(&mut buffer).await.map_err(|error| error.cause())?;
        if from.ip() == Some(address.ip()) {
            buffer.truncate(count);
            return Ok(buffer);
        }
    }
}
