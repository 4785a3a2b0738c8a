//! Many connections that hear each other, or the person at this terminal.
//!
//! Without `--broker` what they say goes to standard output and what is typed goes to all, or to
//! one with `@2 text`. With it, what one says goes to all the others. Each member has a bounded
//! queue; who does not read is dropped and told so, and never stops the rest.

mod console;
mod member;
mod members;

use std::sync::Arc;

use coax_net::{Descriptor, Framing, Listener, OnEof, OnPeerClose};
use tokio::sync::Mutex;

use super::{Args, serve};
use crate::failure::Failure;
use crate::out::Out;
use crate::session::{self, Shown, Signals};

use members::{Members, To};

/// What all members share.
struct Room {
    members: Members,
    /// `None` when nothing is to be shown.
    stdout: Option<Mutex<Descriptor>>,
    shown: Shown,
    framing: Framing,
    broker: bool,
    crlf: bool,
    /// A person types here, so members are announced and can be addressed.
    terminal: bool,
    on_eof: OnEof,
    on_peer_close: OnPeerClose,
    out: Out,
}

impl Room {
    fn new(listener: &Listener, args: &Args, out: &Out) -> Result<Room, Failure> {
        let terminal = session::is_terminal(std::io::stdin()) && !args.session.recv_only;
        let endings = args.session.endings(terminal && !args.broker);
        let shown = Shown::on(out, args.session.output().is_none(), "");
        let silent = args.session.send_only || (args.broker && !out.is_json());
        Ok(Room {
            members: Members::default(),
            stdout: match silent {
                true => None,
                false => session::sink(&args.session, &shown, out)?.map(Mutex::new),
            },
            shown,
            framing: args.session.framing_for(listener.kind()),
            broker: args.broker,
            crlf: args.session.crlf,
            terminal,
            on_eof: endings.on_eof,
            on_peer_close: endings.on_peer_close,
            out: *out,
        })
    }

    /// How what a member says is cut into messages: on a terminal a line belongs to its speaker.
    fn split(&self) -> Framing {
        match self.framing {
            Framing::Raw if self.shown == Shown::Terminal && !self.broker => Framing::Line,
            framing => framing,
        }
    }

    /// Says `bytes` to `to`, and says whom that cost.
    async fn say(&self, bytes: &[u8], to: To) {
        for id in self.members.say(bytes, to).await {
            self.out.talk(&format!("coax: [{id}] dropped: it does not read what is sent"));
        }
    }

    /// Bytes for standard output. An error is its reader having left, or a full disk.
    async fn print(&self, bytes: &[u8]) -> Result<(), Failure> {
        match &self.stdout {
            Some(stdout) => Ok(stdout.lock().await.write_all(bytes).await?),
            None => Ok(()),
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
    let room = Arc::new(Room::new(listener, args, out)?);
    let typed = console::dictate(room.clone(), args.broker || args.session.recv_only);
    serve::many(listener, args, signals, out, typed, |id, stream| {
        member::attend(room.clone(), id, stream, args.clone())
    })
    .await
}
