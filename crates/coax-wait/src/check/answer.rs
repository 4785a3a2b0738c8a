//! Asking by datagram: only an answer shows that somebody is there.
//!
//! A question is asked three times before it counts as unanswered, because datagrams get lost. A
//! refusal (ICMP port unreachable) is an answer of its own: nobody is there.
//!
//! Nothing here reads the answer.

use std::time::Duration;

use coax_addr::Endpoint;
use coax_net::{Address, Datagrams, Inbox, SocketError};
use tokio::time::{Instant, timeout_at};

use super::{Check, Evidence, Open, Verdict, of_socket};
use crate::question::question;

/// How often a question is asked.
const TIMES: u32 = 3;
/// Longer than an answer takes from anywhere on Earth.
const PATIENCE: Duration = Duration::from_millis(500);

impl Check<'_> {
    pub(super) async fn answer(
        &self,
        endpoint: &Endpoint,
        port: u16,
        limit: Duration,
    ) -> Result<Verdict, Verdict> {
        let until = Instant::now() + limit;
        let dialed = self.dial(endpoint, limit).await?;
        let mut talk =
            Datagrams::towards(dialed).map_err(|error| Verdict::Unclear(error.to_string()))?;
        let message = self.question.unwrap_or_else(|| question(port));
        for _ in 0..TIMES {
            let soon = until.min(Instant::now() + PATIENCE);
            if let Ok(heard) = timeout_at(soon, ask(&mut talk, message)).await {
                let from = heard.map_err(|error| of_socket(&error))?;
                return Ok(Verdict::There(Evidence::of("it answers", from), Open::Nothing));
            }
        }
        Err(Verdict::Silent("no answer to a datagram".to_owned()))
    }
}

/// Whoever answers; an address of a name that refuses is followed by the next.
async fn ask(talk: &mut Datagrams, message: &[u8]) -> Result<Address, SocketError> {
    let mut inbox = Inbox::for_one(1);
    let mut asked = talk.send(message, None).await;
    loop {
        let heard = match asked {
            Ok(()) => talk.receive(&mut inbox, 1).await,
            refused => refused,
        };
        match heard {
            Ok(()) => break,
            Err(_) if talk.fail_over().await => asked = Ok(()),
            Err(error) => return Err(error),
        }
    }
    let from = inbox.datagrams().next().map(|(_, origin)| origin.from.clone());
    Ok(from.or(talk.peer().cloned()).unwrap_or(Address::Unnamed))
}
