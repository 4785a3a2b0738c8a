//! How fast a client may send commands.
//!
//! So many at once, and so many each second after that. Whoever sends more is not refused: the rest
//! is read later, and the network holds it back. A line that names a hundred channels is more than
//! one command, so is one whose answer is long, and so is a line that never ends.
//!
//! Nothing here knows what a command does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Bytes that count as a command of their own, on their way in: a line with all the tags it may have.
const BYTES_IN: usize = 8 << 10;

/// And on their way out, as the answer to what was asked. A crowd's NAMES is a few of these.
const BYTES_OUT: usize = 32 << 10;

/// Things in one list that count as a command of their own.
const LISTED: usize = 4;

/// How many commands a line is: `JOIN #a,#b,#c,#d,#e` is two.
pub(super) fn price(line: &[u8]) -> usize {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).peekable();
    for mark in [b'@', b':'] {
        words.next_if(|word| word[0] == mark);
    }
    let named = words.take_while(|word| word[0] != b':');
    1 + named.flatten().filter(|byte| **byte == b',').count() / LISTED
}

/// A client's allowance.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Commands at once; 0 is no limit.
    burst: u32,
    each: Duration,
    /// When the allowance would be full again. It has commands left while this is near enough.
    full_at: Option<Instant>,
    /// Bytes in and out that do not make a command yet.
    read: usize,
    answered: usize,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(crate) fn new((burst, per_second): (u32, u32)) -> Pace {
        let each = Duration::from_secs(1) / per_second.max(1);
        Pace { burst, each, full_at: None, read: 0, answered: 0, sleep: None }
    }

    /// So many commands were said.
    pub(crate) fn spend(&mut self, commands: usize) {
        if self.burst > 0 && commands > 0 {
            let now = Instant::now();
            let commands = u32::try_from(commands).unwrap_or(u32::MAX);
            let price = self.each.saturating_mul(commands);
            self.full_at = Some(self.full_at.map_or(now, |at| at.max(now)) + price);
        }
    }

    /// So many bytes came.
    pub(super) fn read(&mut self, bytes: usize) {
        self.read += bytes;
        self.spend(self.read / BYTES_IN);
        self.read %= BYTES_IN;
    }

    /// The answer to a command was so long.
    pub(super) fn answered(&mut self, bytes: usize) {
        self.answered += bytes;
        self.spend(self.answered / BYTES_OUT);
        self.answered %= BYTES_OUT;
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.next().is_some()
    }

    /// When the next command may come, if not now.
    fn next(&self) -> Option<Instant> {
        let next = self.full_at?.checked_sub(self.each * self.burst)?;
        (next > Instant::now()).then_some(next)
    }

    /// Waits until there is something left.
    pub(crate) async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll(context)).await;
    }

    /// Ready when there is something left.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(next) = self.next() {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(next)));
            sleep.as_mut().reset(next);
            ready!(sleep.as_mut().poll(context));
        }
        self.sleep = None;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BYTES_IN, BYTES_OUT, Pace, price};

    #[test]
    fn a_list_is_more_than_one_command_and_what_is_said_is_not_a_list() {
        for (line, commands) in [
            ("PING", 1),
            ("JOIN #a,#b,#c,#d", 1),
            ("JOIN #a,#b,#c,#d,#e", 2),
            ("PRIVMSG #a :one, two, three, four, five, six", 1),
            (&format!("@+a=b :x JOIN {}", vec!["#a"; 101].join(",")), 26),
        ] {
            assert_eq!(price(line.as_bytes()), commands, "{line}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_costs_more_than_is_left_is_waited_for() {
        let mut pace = Pace::new((4, 2));
        pace.spend(4);
        assert!(!pace.is_spent());
        pace.read(BYTES_IN - 1);
        assert!(!pace.is_spent(), "not yet a command");
        pace.read(1);
        assert!(pace.is_spent());
        let begun = tokio::time::Instant::now();
        std::future::poll_fn(|context| pace.poll(context)).await;
        assert!(begun.elapsed() >= Duration::from_millis(500));
        pace.answered(3 * BYTES_OUT);
        std::future::poll_fn(|context| pace.poll(context)).await;
        assert!(begun.elapsed() >= Duration::from_secs(2));
    }

    #[test]
    fn without_a_limit_nothing_costs() {
        let mut pace = Pace::new((0, 1));
        pace.spend(usize::MAX);
        pace.read(1 << 30);
        assert!(!pace.is_spent());
    }
}
