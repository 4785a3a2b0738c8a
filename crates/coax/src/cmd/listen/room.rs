//! Many connections that hear each other, or the person at this terminal.
//!
//! Without `--broker` what they say goes to standard output and what is typed goes to all, or to
//! one with `@2 text`. With it, what one says goes to all the others. Each member has a bounded
//! queue; who does not read is dropped and told of, and does not stop the rest.
//!
//! Nothing here accepts connections or knows what is said.

mod console;
mod member;
mod members;
mod seat;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use coax_net::{Framing, Kind, Listener, OnEof, OnPeerClose};

use tokio::sync::Notify;

use super::queue::{self, Queue};
use super::voice::Voice;
use super::{Args, serve};
use crate::failure::{Exit, Failure};
use crate::out::{Out, clean};
use crate::session::{self, Shown, Signals, message_report};

use members::{Members, To};

/// Long enough for a reader that pauses, short enough for those who wait for it.
const DROP_AFTER: Duration = Duration::from_secs(5);

/// What all members share.
struct Room {
    members: Members,
    /// Bytes for members that were there to the end and did not get them.
    undelivered: AtomicU64,
    /// Is notified when a newcomer waits for a place.
    full: Arc<Notify>,
    voice: Voice,
    shown: Shown,
    kind: Kind,
    framing: Framing,
    broker: bool,
    crlf: bool,
    /// A person types here, so members are announced and can be addressed.
    terminal: bool,
    on_eof: OnEof,
    on_peer_close: OnPeerClose,
}

impl Room {
    fn new(listener: &Listener, args: &Args, out: &Out) -> Result<Room, Failure> {
        let terminal = session::is_terminal(std::io::stdin()) && !args.session.recv_only;
        let endings = args.session.endings(terminal && !args.broker);
        let shown = Shown::on(out, args.session.output().is_none(), "");
        let silent = args.broker && !out.is_json() && args.session.output().is_none();
        let sink = if silent { None } else { session::sink(&args.session, &shown, out)? };
        Ok(Room {
            members: Members::new(args.drop_after.unwrap_or(DROP_AFTER)),
            undelivered: AtomicU64::new(0),
            full: Arc::default(),
            voice: Voice::over(sink, out),
            shown,
            kind: listener.kind(),
            framing: args.session.framing_for(listener.kind()),
            broker: args.broker,
            crlf: args.session.crlf,
            terminal: terminal && !args.broker,
            on_eof: endings.on_eof,
            on_peer_close: endings.on_peer_close,
        })
    }

    /// Whether lines are cut out of bytes that nobody promised to send in lines: on a terminal a
    /// line belongs to its speaker.
    fn is_loose(&self) -> bool {
        self.framing == Framing::Raw && self.shown == Shown::Terminal && !self.broker
    }

    /// How what a member says is cut into messages.
    fn split(&self) -> Framing {
        if self.is_loose() { Framing::Line } else { self.framing }
    }

    /// Something that a person who types here wants to know.
    fn announce(&self, text: &str) {
        if self.terminal {
            self.voice.talk(text);
        }
    }

    /// Says `bytes` to `to`, and says whom that cost.
    async fn say(&self, bytes: Vec<u8>, to: To) {
        for id in self.members.say(bytes, to).await {
            self.voice.talk(&format!("coax: [{id}] dropped: it does not read what is sent"));
        }
    }

    /// One message of member `id`, to whoever is to hear it.
    async fn said(&self, id: u64, name: &str, message: &[u8]) -> Result<(), Failure> {
        if self.broker {
            let mut bytes = Vec::with_capacity(message.len() + 4);
            // What was decoded by this framing can be encoded by it again.
            if self.framing.encode(message, &mut bytes).is_ok() {
                self.say(bytes, To::Others(id)).await;
            }
        }
        self.voice.print(&self.rendered(id, name, message)).await
    }

    fn rendered(&self, id: u64, name: &str, message: &[u8]) -> Vec<u8> {
        match &self.shown {
            Shown::Json(_) => message_report(name, message),
            Shown::Terminal => {
                let text = String::from_utf8_lossy(message);
                format!("[{id}] {name}: {}\n", clean(&text)).into_bytes()
            }
            Shown::AsTheyAre if self.split() == Framing::Raw => message.to_vec(),
            Shown::AsTheyAre => [message, b"\n"].concat(),
        }
    }
}

/// Serves until a signal, the deadline, or the end of whoever reads our output.
pub(super) async fn serve(
    listener: &Listener,
    args: &Args,
    signals: Signals,
    out: &Out,
) -> Result<(), Failure> {
    queue::widen();
    let room = Arc::new(Room::new(listener, args, out)?);
    let typed = console::dictate(room.clone(), args.broker || args.session.recv_only);
    let queue = Queue::new(listener, args.room(1), out).when_full(room.full.clone());
    serve::many(queue, args.session.deadline, signals, out, typed, |id, stream, stop| {
        member::attend(room.clone(), id, stream, args.clone(), stop)
    })
    .await?;
    match room.undelivered.load(Ordering::Relaxed) {
        0 => Ok(()),
        count => {
            let text = format!("not done in time: {count} bytes did not reach who was here");
            Err(Failure::new(Exit::Network, text))
        }
    }
}
