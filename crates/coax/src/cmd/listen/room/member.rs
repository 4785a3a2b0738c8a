//! One connection in the room: speaking and hearing, side by side.
//!
//! Each direction ends on its own, as in any conversation; the member leaves when both have, or
//! when one of them breaks.
//!
//! Nothing here knows who hears what is said.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use coax_net::{Decoder, Kind, OnEof, OnPeerClose, Stream, cause_in_words, close};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};

use super::Room;
use super::seat::{Item, Ledger};
use super::wire::Wire;
use crate::cmd::listen::stop::Stop;
use crate::cmd::listen::{Args, one};
use crate::failure::Failure;
use crate::session::{Connected, MemberLeft};

/// How long a member that leaves may take to read what was said before.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long closing may take while the member still sends.
const GRACE: Duration = Duration::from_secs(1);
/// The same, when we are asked to end.
const HASTE: Duration = Duration::from_millis(30);
/// On a terminal, the start of a line is shown when its end does not come for this long.
const SETTLE: Duration = Duration::from_millis(100);

/// Why a member left.
enum Left {
    /// In order.
    Ended,
    /// It had ended, perhaps for both directions, and a newcomer waited for its place.
    MadeRoom,
    /// We are to end.
    Stopped,
    /// It does not read.
    Dropped,
    /// In words.
    Broken(String),
}

impl Left {
    fn words(&self) -> &str {
        match self {
            Left::Ended => "ended",
            Left::MadeRoom => "ended, and its place was needed",
            Left::Stopped => "stopped",
            Left::Dropped => "did not read what was sent",
            Left::Broken(why) => why,
        }
    }

    fn grace(&self) -> Duration {
        match self {
            Left::Ended | Left::MadeRoom => GRACE,
            Left::Stopped => HASTE,
            Left::Dropped | Left::Broken(_) => Duration::ZERO,
        }
    }
}

/// How long a member may be silent, and not acknowledge what it was sent.
#[derive(Clone, Copy)]
struct Limits {
    idle: Option<Duration>,
    unacknowledged: Duration,
}

/// Serves one member from arrival to the end.
pub(super) async fn attend(
    room: Arc<Room>,
    id: u64,
    stream: Stream,
    args: Args,
    stop: Stop,
) -> Result<(), Failure> {
    args.keep_alive(&stream);
    let name = stream.peer().to_string();
    room.voice.report(&Connected::of(Some(id), &stream)).await?;
    room.announce(&format!("[{id}] {name} is here"));
    let (ledger, inbox) = room.members.enter(id, one::greeting(&args, room.framing));
    let wire = Wire::new(id, stream.descriptor(), &args.session);
    let member =
        Member { room: &room, id, name: &name, stream: &stream, ledger: &ledger, wire: &wire };
    let limits = Limits { idle: args.session.idle, unacknowledged: args.session.ack_timeout() };
    let left = member.stay(inbox, limits, stop).await;
    room.members.leave(id);
    ledger.close();
    let left = left?;
    let waiting = ledger.waiting();
    if matches!(left, Left::Stopped) {
        room.undelivered.fetch_add(waiting, Ordering::Relaxed);
    }
    let reason = left.words().to_owned();
    room.announce(&format!("[{id}] {name} left: {reason}"));
    let unacknowledged = if matches!(left, Left::Dropped) {
        let unacknowledged = stream.unacknowledged();
        // An end like any other would pass a part for the whole.
        stream.reset();
        unacknowledged
    } else {
        close(stream, left.grace()).await
    };
    let undelivered_bytes = waiting + unacknowledged;
    room.voice.report(&MemberLeft { id, peer: name, reason, undelivered_bytes }).await
}

struct Member<'a> {
    room: &'a Room,
    id: u64,
    name: &'a str,
    stream: &'a Stream,
    ledger: &'a Ledger,
    wire: &'a Wire<'a>,
}

impl Member<'_> {
    /// Until the member has gone. An error is ours, not the member's.
    async fn stay(
        &self,
        inbox: UnboundedReceiver<Item>,
        limits: Limits,
        mut stop: Stop,
    ) -> Result<Left, Failure> {
        let mut speaking = std::pin::pin!(self.speak());
        let mut hearing = std::pin::pin!(self.hear(inbox));
        let (mut spoke, mut heard, mut elsewhere) = (false, false, false);
        loop {
            tokio::select! {
                end = &mut speaking, if !spoke => match end? {
                    Left::Ended => {
                        spoke = true;
                        elsewhere = !self.stream.is_from_here();
                    }
                    broken => return Ok(broken),
                },
                end = &mut hearing, if !heard => match end {
                    Some(left) => return Ok(left),
                    None => heard = true,
                },
                // The one that ended first is the first to be notified.
                () = self.room.full.notified(), if elsewhere => return Ok(Left::MadeRoom),
                () = self.stream.left(), if spoke => return Ok(Left::Ended),
                () = self.stream.abandoned(limits.unacknowledged) => {
                    return Ok(Left::Broken("no sign of it".into()));
                }
                () = self.silence(limits.idle) => return Ok(Left::Broken("silent for too long".into())),
                () = self.ledger.dropped() => return Ok(Left::Dropped),
                () = stop.asked() => return Ok(Left::Stopped),
            }
            if spoke && heard {
                return Ok(Left::Ended);
            }
            if spoke && self.room.on_peer_close == OnPeerClose::Exit {
                // What was said before it left is still for it to hear.
                self.room.members.leave(self.id);
                let _ = timeout(FAREWELL, hearing).await;
                return Ok(Left::Ended);
            }
        }
    }

    /// Completes when nothing went either way for `idle`.
    async fn silence(&self, idle: Option<Duration>) {
        let Some(idle) = idle else { return std::future::pending().await };
        loop {
            let over = self.wire.last() + idle;
            if over <= Instant::now() {
                return;
            }
            sleep_until(over).await;
        }
    }

    /// What it says, until it stops; says how.
    async fn speak(&self) -> Result<Left, Failure> {
        let packets = self.room.kind == Kind::Seqpacket;
        let mut decoder = Decoder::new(self.room.split());
        loop {
            let reading = self.wire.read(packets);
            let read = match self.room.is_loose() && decoder.is_amid_message() {
                true => timeout(SETTLE, reading).await,
                false => Ok(reading.await),
            };
            let mut messages = Vec::new();
            let fed = match &read {
                Ok(Ok(bytes)) if !bytes.is_empty() => {
                    decoder.feed(bytes, |message| messages.push(message.to_vec()))
                }
                _ => decoder.finish(|message| messages.push(message.to_vec())),
            };
            for message in messages {
                self.room.said(self.id, self.name, &message).await?;
            }
            match (read, fed) {
                (_, Err(error)) => return Ok(Left::Broken(error.to_string())),
                (Ok(Err(error)), _) => return Ok(Left::Broken(cause_in_words(&error))),
                (Ok(Ok(bytes)), _) if bytes.is_empty() => return Ok(Left::Ended),
                _ => {}
            }
        }
    }

    /// What is said to it. `None` when nothing more is, and it may still speak.
    async fn hear(&self, mut inbox: UnboundedReceiver<Item>) -> Option<Left> {
        while let Some(item) = inbox.recv().await {
            match item {
                Item::Bytes(bytes, _room) => {
                    if let Err(error) = self.wire.write(&bytes, self.ledger).await {
                        return Some(Left::Broken(cause_in_words(&error)));
                    }
                }
                Item::End => match self.room.on_eof {
                    OnEof::Close => return Some(Left::Ended),
                    OnEof::HalfClose => {
                        // A member that is gone already cannot be told, and need not be.
                        let _ = self.stream.end_sending();
                        return None;
                    }
                    OnEof::Keep => return None,
                },
            }
        }
        None
    }
}
