//! Asking a server, in its own protocol, whether it serves.
//!
//! Nothing here knows what an answer means: the protocol judges.

use std::time::Duration;

use coax_addr::Endpoint;
use coax_net::{Stream, cause_in_words};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

use super::{Check, Evidence, Open, Verdict};
use crate::protocol::{Judged, MAX_ANSWER_BYTES, Protocol};

impl Check<'_> {
    pub(super) async fn service(
        &self,
        endpoint: &Endpoint,
        protocol: Protocol,
        limit: Duration,
    ) -> Result<Verdict, Verdict> {
        let (mut stream, until) = self.stream(endpoint, limit).await?;
        let address = stream.peer().clone();
        let asked = timeout_at(until, ask(&mut stream, protocol)).await;
        let words = match asked {
            Ok(Ok(Judged::Ready)) => {
                return Ok(Verdict::There(Evidence::of("it serves", address), Open::Plain(stream)));
            }
            Ok(Ok(Judged::NotReady(words))) => words,
            Ok(Ok(Judged::Strange | Judged::Unfinished)) => {
                format!("what it answers is not {}", protocol.scheme())
            }
            Ok(Err(error)) => cause_in_words(&error),
            Err(_) => return Err(Verdict::Silent("it does not answer the question".to_owned())),
        };
        Err(Verdict::Absent(Evidence::of(&words, address), Open::Plain(stream)))
    }
}

async fn ask(stream: &mut Stream, protocol: Protocol) -> std::io::Result<Judged> {
    stream.write_all(protocol.question()).await?;
    stream.flush().await?;
    let (mut answer, mut chunk) = (Vec::new(), [0; 1024]);
    loop {
        let count = stream.read(&mut chunk).await?;
        answer.extend_from_slice(&chunk[..count]);
        match protocol.judge(&answer) {
            Judged::Unfinished if count == 0 && answer.is_empty() => {
                return Ok(Judged::NotReady("closed without an answer".to_owned()));
            }
            Judged::Unfinished if count > 0 && answer.len() <= MAX_ANSWER_BYTES => {}
            judged => return Ok(judged),
        }
    }
}
