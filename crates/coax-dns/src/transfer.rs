//! A whole zone over TCP, RFC 5936.
//!
//! A zone is many messages on one connection, from its SOA record to the same one again. What comes
//! is bounded, and each message has to come in time.
//!
//! Who may have the zone is the server's business.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::sockets::{NoConnection, connect};
use crate::{AskErrorKind, Question, Record, RecordType, Reply, wire};

/// More than the zones that people keep; what a server may make us hold. A record costs more to hold
/// than it has bytes.
const MAX_ZONE_BYTES: usize = 64 << 20;
const MAX_ZONE_RECORDS: usize = 1 << 20;

/// Brings the zone from `server`; each step may take `patience`, and all of it until `end`.
pub(crate) async fn transfer(
    server: SocketAddr,
    question: &Question,
    patience: Duration,
    end: Option<Instant>,
) -> Result<Reply, AskErrorKind> {
    let until = || {
        let soon = Instant::now() + patience;
        end.map_or(soon, |end| end.min(soon))
    };
    let left = until().saturating_duration_since(Instant::now());
    let mut stream = connect(server, left).await.map_err(|error| match error {
        NoConnection::NoAnswer => AskErrorKind::TimedOut,
        NoConnection::Failed(why) => AskErrorKind::Unreachable(why),
    })?;
    let id: [u8; 2] = rand::random();
    let mut query = wire::query_bytes(question, false);
    query[..2].copy_from_slice(&id);
    // A question has far less than 64 KiB.
    let length = (query.len() as u16).to_be_bytes();
    let message = [&length[..], &query].concat();
    in_time(until(), stream.write_all(&message)).await?;
    let mut zone = Zone::default();
    loop {
        let mut length = [0; 2];
        in_time(until(), stream.read_exact(&mut length)).await?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        in_time(until(), stream.read_exact(&mut message)).await?;
        if message.get(..2) != Some(&id) {
            return Err(malformed("what came does not answer the question"));
        }
        let reply = Reply::read_next(&message, question).map_err(malformed)?;
        if !reply.status.is_answer() {
            return Err(AskErrorKind::Trouble(reply.status));
        }
        zone.bytes += message.len();
        if zone.add(&reply.records)? {
            return Ok(Reply { records: zone.records, ..reply });
        }
    }
}

#[derive(Default)]
struct Zone {
    records: Vec<Record>,
    bytes: usize,
}

impl Zone {
    /// Adds what a message brought; whether the zone is whole.
    fn add(&mut self, records: &[Record]) -> Result<bool, AskErrorKind> {
        if self.bytes > MAX_ZONE_BYTES {
            let most = MAX_ZONE_BYTES >> 20;
            return Err(AskErrorKind::Malformed(format!("the zone is larger than {most} MiB")));
        }
        if self.records.len() > MAX_ZONE_RECORDS {
            return Err(malformed("the zone has more than a million records"));
        }
        if records.is_empty() {
            return Err(malformed("the zone ends without its SOA record"));
        }
        let is_soa = |record: &Record| record.value.record_type() == RecordType::SOA;
        for (index, record) in records.iter().enumerate() {
            match (self.records.is_empty(), is_soa(record)) {
                (true, false) => {
                    return Err(malformed("the zone does not begin with its SOA record"));
                }
                (false, true) => {
                    self.records.push(record.clone());
                    let is_last = index + 1 == records.len();
                    return if is_last {
                        Ok(true)
                    } else {
                        Err(malformed("the zone goes on after its end"))
                    };
                }
                _ => self.records.push(record.clone()),
            }
        }
        Ok(false)
    }
}

async fn in_time<T>(
    until: Instant,
    step: impl Future<Output = std::io::Result<T>>,
) -> Result<T, AskErrorKind> {
    let done = timeout_at(until, step).await.map_err(|_| AskErrorKind::TimedOut)?;
    done.map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => AskErrorKind::Malformed(
            "the connection was closed before the zone was whole".to_owned(),
        ),
        _ => AskErrorKind::Unreachable(coax_net::cause_in_words(&error)),
    })
}

fn malformed(why: &str) -> AskErrorKind {
    AskErrorKind::Malformed(why.to_owned())
}
