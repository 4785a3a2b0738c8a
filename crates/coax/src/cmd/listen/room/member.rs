//! One connection in the room: speaking and hearing, side by side.

use std::sync::Arc;

use coax_net::{Decoder, Framing, OnEof, OnPeerClose, Stream, cause_in_words};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Duration, timeout};

use super::Room;
use super::members::{Item, To};
use crate::cmd::listen::{Args, one};
use crate::failure::Failure;
use crate::out::clean;
use crate::session::{Connected, MemberLeft, Shown, message_report};

/// Read at once.
const AT_ONCE: usize = 16 << 10;
/// How long a member that leaves may take to read what was said before.
const FAREWELL: Duration = Duration::from_secs(5);
/// The usual reason to have left.
const ENDED: &str = "ended";

/// Serves one member from arrival to the end.
pub(super) async fn attend(
    room: Arc<Room>,
    id: u64,
    stream: Stream,
    args: Args,
) -> Result<(), Failure> {
    let name = stream.peer().to_string();
    room.out.report(&Connected::of(Some(id), &stream))?;
    if room.terminal && !room.broker {
        room.out.talk(&format!("[{id}] {name} is here"));
    }
    one::greet(&stream, &args, room.framing).await;
    let inbox = room.members.enter(id);
    let member = Member { room: &room, id, name: &name, stream: &stream };
    let left = member.stay(inbox, args.session.idle).await;
    room.members.leave(id);
    let reason = left?;
    if room.terminal && !room.broker {
        room.out.talk(&format!("[{id}] {name} left: {reason}"));
    }
    room.out.report(&MemberLeft { id, peer: name, reason })
}

struct Member<'a> {
    room: &'a Room,
    id: u64,
    name: &'a str,
    stream: &'a Stream,
}

impl Member<'_> {
    /// Until the member has gone; says why. An error is ours, not the member's.
    async fn stay(&self, inbox: Receiver<Item>, idle: Option<Duration>) -> Result<String, Failure> {
        let mut hearing = std::pin::pin!(self.hear(inbox));
        let spoken = tokio::select! {
            spoken = self.speak(idle) => spoken?,
            reason = &mut hearing => return Ok(reason),
        };
        if spoken != ENDED {
            return Ok(spoken);
        }
        if self.room.on_peer_close == OnPeerClose::Drain {
            return Ok(tokio::select! {
                reason = &mut hearing => reason,
                () = self.stream.gone() => ENDED.to_owned(),
            });
        }
        // What was said before it left is still for it to hear.
        self.room.members.leave(self.id);
        let _ = timeout(FAREWELL, hearing).await;
        Ok(spoken)
    }

    /// What it says, until it stops.
    async fn speak(&self, idle: Option<Duration>) -> Result<String, Failure> {
        let mut decoder = Decoder::new(self.room.split());
        let mut buffer = vec![0; AT_ONCE];
        loop {
            let reading = self.stream.descriptor().read(&mut buffer);
            let Ok(read) = timeout(idle.unwrap_or(Duration::MAX), reading).await else {
                return Ok("silent for too long".to_owned());
            };
            let mut messages = Vec::new();
            let fed = match &read {
                Ok(count @ 1..) => decoder.feed(&buffer[..*count], |m| messages.push(m.to_vec())),
                _ => decoder.finish(|message| messages.push(message.to_vec())),
            };
            for message in messages {
                self.said(&message).await?;
            }
            match (read, fed) {
                (Err(error), _) => return Ok(cause_in_words(&error)),
                (_, Err(error)) => return Ok(error.to_string()),
                (Ok(0), _) => return Ok(ENDED.to_owned()),
                _ => {}
            }
        }
    }

    /// One message of this member's, to whoever is to hear it.
    async fn said(&self, message: &[u8]) -> Result<(), Failure> {
        let room = self.room;
        if room.broker {
            let mut bytes = Vec::with_capacity(message.len() + 4);
            // What was decoded by this framing can be encoded by it again.
            if room.framing.encode(message, &mut bytes).is_ok() {
                room.say(&bytes, To::Others(self.id)).await;
            }
        }
        room.print(&self.shown(message)).await
    }

    fn shown(&self, message: &[u8]) -> Vec<u8> {
        match &self.room.shown {
            Shown::Json(_) => message_report(self.name, message),
            Shown::Terminal => {
                let text = String::from_utf8_lossy(message);
                format!("[{}] {}: {}\n", self.id, self.name, clean(&text)).into_bytes()
            }
            Shown::AsTheyAre if self.room.split() == Framing::Raw => message.to_vec(),
            Shown::AsTheyAre => [message, b"\n"].concat(),
        }
    }

    /// What is said to it, until it is over; says why.
    async fn hear(&self, mut inbox: Receiver<Item>) -> String {
        loop {
            match inbox.recv().await {
                Some(Item::Bytes(bytes)) => {
                    if let Err(error) = self.stream.descriptor().write_all(&bytes).await {
                        return cause_in_words(&error);
                    }
                }
                Some(Item::End) => match self.room.on_eof {
                    OnEof::Close => return ENDED.to_owned(),
                    // A member that is gone already cannot be told, and need not be.
                    OnEof::HalfClose => drop(self.stream.end_sending()),
                    OnEof::Keep => {}
                },
                None => return "did not read what was sent".to_owned(),
            }
        }
    }
}
