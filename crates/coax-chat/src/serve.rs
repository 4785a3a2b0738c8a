//! The server at work: it accepts, it ticks, it ends.
//!
//! Everything runs on the thread that calls, so that the hub needs no lock. At the end everyone is
//! told, and given a moment to read it.
//!
//! Nothing here prints, catches signals or reads a file.

use std::rc::Rc;
use std::time::Duration;

use coax_net::{Address, Listener, Stream};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{interval, sleep};

use crate::hub::{Known, Origin};
use crate::memory::Memory;
use crate::session;
use crate::settings::{Settings, SettingsError};
use crate::switchboard::{Switchboard, Wish};

/// How long the last lines may take to be read.
const GOODBYE: Duration = Duration::from_secs(2);

/// After an error of accept, which is always one of this machine.
const BREATH: Duration = Duration::from_millis(100);

/// What whoever runs the server wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// To read the settings again.
    Reload,
    /// To end; everyone reads why.
    Stop(String),
}

/// What is worth telling whoever runs the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Told {
    /// The settings were read again.
    Reloaded,
    /// They could not be, and the old ones stay.
    NotReloaded(SettingsError),
    /// What was to be kept could not be put away in order.
    NotClosed(String),
    /// A connection could not be accepted: descriptors, memory.
    CannotAccept(String),
}

/// A server about to run.
pub struct Serve {
    /// Its settings.
    pub settings: Settings,
    /// Where it keeps what it knows.
    pub memory: Rc<Memory>,
    /// What it knew before.
    pub known: Known,
    /// Reads the settings again.
    pub reread: Box<dyn Fn() -> Result<Settings, SettingsError>>,
    /// Is told what happens.
    pub tell: Rc<dyn Fn(Told)>,
}

impl std::fmt::Debug for Serve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serve").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Serve {
    /// Serves until `control` says Stop, and gives back why.
    pub async fn run<C>(self, listeners: Vec<Listener>, control: impl FnMut() -> C) -> String
    where
        C: Future<Output = Control>,
    {
        LocalSet::new().run_until(self.run_here(listeners, control)).await
    }

    async fn run_here<C>(
        mut self,
        listeners: Vec<Listener>,
        mut control: impl FnMut() -> C,
    ) -> String
    where
        C: Future<Output = Control>,
    {
        let memory = self.memory.clone();
        let board = Switchboard::new(
            self.settings.clone(),
            std::mem::take(&mut self.known),
            memory.clone(),
        );
        for listener in listeners {
            spawn_local(accept(listener, board.clone(), self.tell.clone()));
        }
        spawn_local(tick(board.clone()));
        let why = loop {
            let wanted = tokio::select! {
                wanted = control() => wanted,
                wish = board.wish() => match wish {
                    Wish::Reload => Control::Reload,
                    Wish::Stop => Control::Stop("An operator ended the server".to_owned()),
                },
            };
            match wanted {
                Control::Stop(why) => break why,
                Control::Reload => self.reload(&board),
            }
        };
        board.stop(&why);
        let _ = tokio::time::timeout(GOODBYE, emptied(&board)).await;
        if let Err(error) = memory.close() {
            (self.tell)(Told::NotClosed(error.to_string()));
        }
        why
    }

    fn reload(&self, board: &Rc<Switchboard>) {
        match (self.reread)() {
            Ok(settings) => {
                board.reload(settings);
                (self.tell)(Told::Reloaded);
            }
            Err(error) => (self.tell)(Told::NotReloaded(error)),
        }
    }
}

/// Accepts for ever. Dropped, it stops listening.
async fn accept(listener: Listener, board: Rc<Switchboard>, tell: Rc<dyn Fn(Told)>) {
    loop {
        match listener.accept().await {
            Ok(stream) => welcome(stream, &board),
            Err(error) => {
                tell(Told::CannotAccept(error.to_string()));
                sleep(BREATH).await;
            }
        }
    }
}

fn welcome(stream: Stream, board: &Rc<Switchboard>) {
    // A line should leave when it is written: nobody waits for a second one to fill the packet.
    let _ = rustix::net::sockopt::set_tcp_nodelay(&stream, true);
    let origin = origin_of(stream.peer());
    spawn_local(session::run(board.clone(), stream, origin, Vec::new()));
}

/// Where a plain connection comes from.
pub(crate) fn origin_of(peer: &Address) -> Origin {
    let address = match peer.ip() {
        Some(ip) => ip.to_canonical().to_string(),
        None => "localhost".to_owned(),
    };
    // A parameter of the protocol must not begin with a colon.
    let address = if address.starts_with(':') { format!("0{address}") } else { address };
    Origin { host: address.clone(), address, secure: false, certificate: None }
}

async fn tick(board: Rc<Switchboard>) {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        board.tick();
    }
}

async fn emptied(board: &Switchboard) {
    while board.connected() > 0 {
        sleep(Duration::from_millis(10)).await;
    }
}
