//! Asking by datagram: only an answer shows that somebody is there.
//!
//! A question is asked three times before it counts as unanswered, because datagrams get lost. A
//! refusal (ICMP port unreachable) is an answer of its own: nobody is there.
//!
//! Nothing here knows what the answer has to be.

use std::time::Duration;

use coax_addr::Endpoint;
use coax_net::{Address, DATAGRAM_LIMIT, Datagrams, Inbox, SocketError};
use tokio::time::{Instant, timeout_at};

use super::{Check, Evidence, Open, Verdict, of_socket};
use crate::question::{is_known, question};

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
        let (dialed, until) = self.dial(endpoint, limit).await?;
        let mut talk =
            Datagrams::towards(dialed).map_err(|error| Verdict::Unclear(error.to_string()))?;
        let message = self.question.unwrap_or_else(|| question(port));
        for _ in 0..TIMES {
            let soon = until.min(Instant::now() + PATIENCE);
            if let Ok(heard) = timeout_at(soon, ask(&mut talk, message)).await {
                let (answer, from) = heard.map_err(|error| of_socket(&error))?;
                if self.expected.fits(&answer) {
                    return Ok(Verdict::There(Evidence::of("it answers", from), Open::Nothing));
                }
                let words = "it answers, and its answer does not match";
                return Err(Verdict::Absent(Evidence::of(words, from), Open::Nothing));
            }
        }
        let words = match self.question {
            None if !is_known(port) => "no answer to a newline; --send says what it answers to",
            _ => "no answer to a datagram",
        };
        Err(Verdict::Silent(words.to_owned()))
    }
}

/// The answer, and who gave it; an address of a name that refuses is followed by the next.
async fn ask(talk: &mut Datagrams, message: &[u8]) -> Result<(Vec<u8>, Address), SocketError> {
    let mut inbox = Inbox::for_one(DATAGRAM_LIMIT);
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
    let first = inbox.datagrams().next();
    let answer = first.map(|(answer, origin)| (answer.to_vec(), origin.from.clone()));
    Ok(answer.unwrap_or((Vec::new(), Address::Unnamed)))
}
