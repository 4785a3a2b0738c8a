//! Connecting to a Unix socket.
//!
//! A datagram client is given a name of its own, since without one nobody can answer it. A stream
//! whose listener is busy is waited for, as a blocking connect would.
//!
//! Nothing here removes or makes files.

use std::time::Duration;

use coax_addr::{Endpoint, Options, UnixKind, UnixName};

use super::error::Trouble;
use super::race::{Attempt, AttemptOutcome};
use super::{Clock, DialReport, Found};
use crate::address::Address;
use crate::socket::{ConnectOutcome, Family, Kind, Socket, SocketError, SocketErrorKind};

/// How long to leave a listener whose queue is full; Linux tells nobody when there is room again.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn connect(
    kind: UnixKind,
    name: &UnixName,
    endpoint: &Endpoint,
    clock: Clock,
    report: &mut DialReport,
) -> Result<Found, Trouble> {
    let Options { mode, owner, group, .. } = &endpoint.options;
    if mode.is_some() || owner.is_some() || group.is_some() {
        let why = "mode, owner and group are for listening: they are given to the file it makes";
        return Err(Trouble::Invalid(why.into()));
    }
    let to = Address::Unix(name.clone());
    let started = clock.start.elapsed();
    let ended = clock.within(wait(kind, &to, endpoint)).await;
    let (outcome, found) = ended.map_or((AttemptOutcome::NoAnswer, None), AttemptOutcome::of);
    let took = clock.start.elapsed().saturating_sub(started);
    report.attempts.push(Attempt { address: to, started, took, outcome });
    found.ok_or(Trouble::AllFailed)
}

async fn wait(kind: UnixKind, to: &Address, endpoint: &Endpoint) -> Result<Found, SocketError> {
    let socket = open(kind, endpoint)?;
    let mut pause = FIRST_PAUSE;
    loop {
        match socket.try_connect(to) {
            ConnectOutcome::Failed(error) if error.kind() == SocketErrorKind::WouldBlock => {}
            ConnectOutcome::Failed(error) => return Err(error),
            ConnectOutcome::Connected | ConnectOutcome::InProgress => {
                return Found::new(socket, to.clone());
            }
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

fn open(kind: UnixKind, endpoint: &Endpoint) -> Result<Socket, SocketError> {
    let socket = match kind {
        UnixKind::Stream => Socket::new(Family::Unix, Kind::Stream, None)?,
        UnixKind::Seqpacket => Socket::new(Family::Unix, Kind::Seqpacket, None)?,
        UnixKind::Dgram => Socket::new(Family::Unix, Kind::Dgram, None)?,
    };
    if kind == UnixKind::Dgram {
        socket.bind(&Address::Unnamed)?;
    }
    if let Some(bytes) = endpoint.options.sndbuf {
        socket.set_send_buffer(bytes as usize)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
