//! Servers in turns: the next is asked when one fails, or beside one that is silent.
//!
//! A server that was silent may still answer; what it says then counts as well as any other
//! answer.
//!
//! How a server is asked is not known here.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{Answer, AskError, AskErrorKind};

type Outcome = Result<Answer, AskError>;
type Asking<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// The first answer; each of `others` is begun after `attempt` without one, or after a failure.
pub(super) async fn first_answer<F: Future<Output = Outcome> + Send>(
    first: F,
    others: impl Iterator<Item = F> + Send,
    attempt: Duration,
) -> Outcome {
    let mut first = pin!(first);
    let asked = FuturesUnordered::new();
    let mut failed = None;
    match timeout_at(Instant::now() + attempt, first.as_mut()).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => failed = Some(error),
        Err(_) => asked.push(Box::pin(first) as Asking<'_>),
    }
    // Rarely needed, so it is boxed: thousands of these futures exist at once.
    Box::pin(others_too(asked, others, attempt, failed)).await
}

async fn others_too<'a, F: Future<Output = Outcome> + Send + 'a>(
    mut asked: FuturesUnordered<Asking<'a>>,
    mut others: impl Iterator<Item = F> + Send,
    attempt: Duration,
    mut failed: Option<AskError>,
) -> Outcome {
    let mut next = others.next();
    loop {
        if let Some(other) = next.take() {
            asked.push(Box::pin(other));
            next = others.next();
        }
        let patience = Instant::now() + attempt;
        loop {
            let outcome = tokio::select! {
                biased;
                Some(outcome) = asked.next() => outcome,
                () = sleep_until(patience), if next.is_some() => break,
                else => return Err(failed.unwrap_or_else(nobody)),
            };
            match outcome {
                Ok(answer) => return Ok(answer),
                Err(error) => failed = Some(more_telling(failed, error)),
            }
            if next.is_some() {
                break;
            }
        }
    }
}

/// Silence says less than any other failure; of servers that were all silent, all are named.
fn more_telling(before: Option<AskError>, now: AskError) -> AskError {
    let Some(before) = before else { return now };
    match (&before.kind, &now.kind) {
        (AskErrorKind::TimedOut, AskErrorKind::TimedOut) => {
            let server = format!("{}, {}", before.server, now.server);
            AskError { server, kind: AskErrorKind::TimedOut }
        }
        (AskErrorKind::TimedOut, _) => now,
        _ => before,
    }
}

pub(super) fn nobody() -> AskError {
    let kind = AskErrorKind::Unreachable("no name server is known".to_owned());
    AskError { server: "anyone".to_owned(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(server: &str) -> AskError {
        AskError { server: server.to_owned(), kind: AskErrorKind::TimedOut }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_waited_for_beside_the_next() {
        let start = Instant::now();
        let ends = |(name, after): (&'static str, u64)| async move {
            sleep_until(start + Duration::from_secs(after)).await;
            Err(silent(name))
        };
        let others = [("b", 30), ("c", 30)].into_iter().map(ends);
        let outcome = first_answer(ends(("a", 30)), others, Duration::from_secs(5)).await;
        assert_eq!(outcome.unwrap_err(), silent("a, b, c"));
        assert_eq!(start.elapsed(), Duration::from_secs(30));
    }

    #[test]
    fn what_a_server_said_is_worth_more_than_silence() {
        let refused = AskError { kind: AskErrorKind::Malformed("it".to_owned()), ..silent("b") };
        assert_eq!(more_telling(Some(silent("a")), refused.clone()), refused);
        assert_eq!(more_telling(Some(refused.clone()), silent("a")), refused);
    }
}
