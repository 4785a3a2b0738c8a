//! The translator at work: a caller's lines on one side, IRC lines on the other.
//!
//! What is typed without an end counts as a line after a short pause. Both sides are bounded: a
//! caller that does not read stops its own line, and nobody else's.
//!
//! What the words mean stands in [`super::plain`].

use std::io;
use std::time::Duration;

use coax_irc_client::Turned;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::time::timeout;

use super::Line;
use super::goodbye::goodbye;
use super::plain::Plain;
use super::relays::Relay;
use crate::session::pace::Pace;

/// What is held between the two languages.
const HELD: usize = 4096;
/// The longest line somebody may type; more is cut into lines of this length.
const LONGEST: usize = 4096;
/// How long a caller may refuse to read; the hub gives up on it long before, by what it queues.
const STALLED: Duration = Duration::from_secs(60);

/// Translates for `caller` until either side ends; returns the side that speaks IRC.
pub(super) fn translate(
    plain: Plain,
    caller: Line,
    pause: Duration,
    pace: Pace,
    relay: Relay,
) -> Line {
    let (ours, theirs) = duplex(HELD);
    tokio::task::spawn_local(async move {
        // Why it ended is the hub's to say; here both sides are simply closed.
        let _ = Translator::new(plain, caller, ours, pace).run(pause).await;
        drop(relay);
    });
    Box::new(theirs)
}

struct Translator {
    plain: Plain,
    caller: ReadHalf<Line>,
    answer: WriteHalf<Line>,
    hub: ReadHalf<DuplexStream>,
    to_hub: WriteHalf<DuplexStream>,
    /// Lines that the hub has not taken yet; nothing more is read from the caller meanwhile.
    waiting: Vec<u8>,
    /// Lines that say nothing are lines as well.
    pace: Pace,
}

impl Translator {
    fn new(plain: Plain, caller: Line, hub: DuplexStream, pace: Pace) -> Self {
        let (caller, answer) = split(caller);
        let (hub, to_hub) = split(hub);
        Self { plain, caller, answer, hub, to_hub, waiting: Vec::new(), pace }
    }

    /// The two directions wait for different things, so that neither can hold up the other.
    async fn run(mut self, pause: Duration) -> io::Result<()> {
        let hello = self.plain.hello();
        self.pass(hello).await?;
        let (mut typed, mut said) = (Vec::new(), Vec::new());
        let mut left = false;
        loop {
            let spent = self.pace.is_spent();
            let ready = !left && !spent && self.waiting.is_empty() && self.plain.is_settled();
            // A pause ends a line only while there is one.
            let quiet = if typed.is_empty() { Duration::MAX } else { pause };
            tokio::select! {
                read = timeout(quiet, self.caller.read_buf(&mut typed)), if ready => match read {
                    Ok(read) => {
                        left = read? == 0;
                        self.lines(&mut typed, left).await?;
                        // The last words count, then the hub is told, and its farewell is read.
                        self.waiting.extend_from_slice(if left { b"QUIT\r\n" } else { b"" });
                    }
                    Err(_) => self.lines(&mut typed, true).await?,
                },
                () = self.pace.ready(), if spent => {}
                written = self.to_hub.write(&self.waiting), if !self.waiting.is_empty() => {
                    self.waiting.drain(..written?);
                }
                read = self.hub.read_buf(&mut said) => match read? {
                    0 => break,
                    _ => self.heard(&mut said).await?,
                },
            }
        }
        goodbye(&mut self.caller.unsplit(self.answer)).await;
        Ok(())
    }

    /// Says what was typed, line by line; `whole`: the last one too, though it has no end.
    async fn lines(&mut self, typed: &mut Vec<u8>, whole: bool) -> io::Result<()> {
        while let Some(length) = line_length(typed, whole) {
            let line = typed.drain(..length).collect::<Vec<_>>();
            self.pace.spend(1);
            let turned = self.plain.typed(&String::from_utf8_lossy(&line));
            self.pass(turned).await?;
        }
        Ok(())
    }

    async fn heard(&mut self, said: &mut Vec<u8>) -> io::Result<()> {
        while let Some(end) = said.iter().position(|&byte| byte == b'\n') {
            let line = said.drain(..=end).collect::<Vec<_>>();
            let turned = self.plain.heard(line.trim_ascii_end());
            self.pass(turned).await?;
        }
        Ok(())
    }

    async fn pass(&mut self, turned: Turned) -> io::Result<()> {
        for line in turned.server {
            self.waiting.extend_from_slice(line.as_bytes());
            self.waiting.extend_from_slice(b"\r\n");
        }
        for line in turned.person {
            let text = format!("{line}\n");
            timeout(STALLED, self.answer.write_all(text.as_bytes())).await??;
        }
        Ok(())
    }
}

/// How much of `typed` is the next line.
fn line_length(typed: &[u8], whole: bool) -> Option<usize> {
    let end = typed.iter().position(|&byte| byte == b'\n').map(|end| end + 1);
    let long = (typed.len() >= LONGEST).then_some(LONGEST.min(typed.len()));
    let rest = (whole && !typed.is_empty()).then_some(typed.len());
    end.or(long).or(rest)
}
