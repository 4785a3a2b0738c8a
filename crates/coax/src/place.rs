//! From words on the command line to places.
//!
//! A mistake in them is told in one line, by the grammar itself where it has one.
//!
//! Nothing here looks a name up or opens a socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use coax_addr::Endpoint;
use coax_net::{AttemptOutcome, DialReport, Wanted};

use crate::failure::Failure;
use crate::out::Out;
use crate::{duration, services};

/// One word, or a host and a port.
pub(crate) fn endpoint(first: &str, port: Option<&str>) -> Result<Endpoint, Failure> {
    let services = services::table();
    Ok(match port {
        Some(port) => Endpoint::parse_words(first, port, &services)?,
        None => Endpoint::parse(first, &services)?,
    })
}

/// `-4` and `-6`.
pub(crate) fn wanted(ipv4: bool, ipv6: bool) -> Wanted {
    match (ipv4, ipv6) {
        (true, _) => Wanted::V4,
        (_, true) => Wanted::V6,
        _ => Wanted::Both,
    }
}

/// An address to send from: an address, `:port`, or both. A port alone is for IPv4 unless the
/// other end says otherwise.
pub(crate) fn source(text: &str) -> Result<SocketAddr, String> {
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    if let Some(port) = text.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(any, port));
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    text.parse()
        .or_else(|_| bare.parse().map(|address| SocketAddr::new(address, 0)))
        .map_err(|_| "a source is an address, :port, or address:port".to_owned())
}

/// With `-v`, each address that was tried in vain before one answered.
pub(crate) fn tell_attempts(report: &DialReport, out: &Out) {
    for attempt in report.attempts.iter().filter(|_| out.is_verbose()) {
        let outcome = match &attempt.outcome {
            AttemptOutcome::Connected => continue,
            AttemptOutcome::Failed(error) => error.cause(),
            AttemptOutcome::NoAnswer => "no answer".to_owned(),
            AttemptOutcome::Abandoned => "slower than another".to_owned(),
        };
        let took = duration::words(attempt.took);
        out.talk(&format!("{}: {outcome} after {took}", attempt.address));
    }
}
