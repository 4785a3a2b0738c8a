//! The server at work: it accepts, it ticks, it ends.
//!
//! Everything runs on the thread that calls, so that the hub needs no lock. At the end everyone is
//! told, and given a moment to read it.
//!
//! Nothing here prints, catches signals or reads a file.

use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use coax_net::{Address, Listener, Stream, TlsServer};
use rustix::process::{Resource, getrlimit};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, interval, sleep};

use crate::gate::{self, Caller, Gate, House, Line};
use crate::hub::{Known, Origin};
use crate::memory::Memory;
use crate::session;
use crate::settings::{Settings, SettingsError};
use crate::switchboard::{Switchboard, Wish};

/// How long the last lines may take to be read.
const GOODBYE: Duration = Duration::from_secs(2);

/// After an error of accept, which is always one of this machine.
const BREATH: Duration = Duration::from_millis(100);

/// Descriptors that are kept for the history and for files.
const SPARE: u64 = 32;

/// It is said again after this long: a flood must not fill the log as well.
const SAID: Duration = Duration::from_secs(60);

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
    /// Who the server is for those who call with TLS; without one they are turned away.
    pub tls: Option<TlsServer>,
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
        let gate = Gate::new(Inside(board.clone()), door(&self.settings), self.tls.clone());
        for listener in listeners {
            spawn_local(accept(listener, gate.clone(), self.tell.clone()));
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
async fn accept(listener: Listener, gate: Rc<Gate<Inside>>, tell: Rc<dyn Fn(Told)>) {
    let mut said: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok(stream) if has_room(&stream) => welcome(stream, &gate),
            refused => {
                if said.is_none_or(|said| said.elapsed() > SAID) {
                    tell(Told::CannotAccept(why(&refused)));
                    said = Some(Instant::now());
                }
                match refused {
                    Ok(stream) => turn_away(&stream),
                    Err(_) => sleep(BREATH).await,
                }
            }
        }
    }
}

/// Whether what the server itself opens now and then still finds descriptors: the history above all.
/// The system gives out the lowest number that is free.
fn has_room(stream: &Stream) -> bool {
    let number = u64::try_from(stream.as_fd().as_raw_fd()).unwrap_or_default();
    getrlimit(Resource::Nofile).current.is_none_or(|most| number + SPARE < most)
}

fn why(refused: &Result<Stream, impl std::fmt::Display>) -> String {
    let most = getrlimit(Resource::Nofile).current.unwrap_or_default();
    match refused {
        Ok(_) => format!("there is no room for more connections (ulimit -n is {most})"),
        Err(error) => error.to_string(),
    }
}

/// Says why, if the network takes it at once.
fn turn_away(stream: &Stream) {
    let words = b"ERROR :There is no room for more connections\r\n";
    let flags = rustix::net::SendFlags::DONTWAIT | rustix::net::SendFlags::NOSIGNAL;
    let _ = rustix::net::send(stream, words, flags);
}

fn welcome(stream: Stream, gate: &Rc<Gate<Inside>>) {
    // A line should leave when it is written: nobody waits for a second one to fill the packet.
    let _ = rustix::net::sockopt::set_tcp_nodelay(&stream, true);
    let _ = probe(&stream);
    let address = match stream.peer() {
        Address::Ip(address) => Some(*address),
        _ => None,
    };
    let admitted = gate.clone().admit(stream, address);
    // Whoever was turned away knows it, and nobody else has to.
    spawn_local(async move { admitted.await.ok() });
}

/// A caller whose machine lost its power sends no goodbye. Somebody at a terminal may be silent for
/// days, so only the network can tell: asked after a minute, given up after two.
fn probe(stream: &Stream) -> rustix::io::Result<()> {
    use rustix::net::sockopt;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(60))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(15))?;
    sockopt::set_tcp_keepcnt(stream, 4)
}

/// How the door is kept.
fn door(settings: &Settings) -> gate::Settings {
    gate::Settings {
        deadline: Duration::from_secs(settings.registration_seconds),
        channel: settings.default_channel.clone(),
        proxies: settings.proxies.clone(),
        origins: settings.origins.clone(),
        ..gate::Settings::default()
    }
}

/// The server, behind the door.
struct Inside(Rc<Switchboard>);

impl House for Inside {
    fn welcome(&self, caller: Caller, line: Line) {
        spawn_local(session::run(self.0.clone(), line, origin_of(caller), Vec::new()));
    }

    fn metrics(&self) -> String {
        let connected = self.0.connected();
        format!("# TYPE coax_chat_connections gauge\ncoax_chat_connections {connected}\n")
    }
}

fn origin_of(caller: Caller) -> Origin {
    let address = match caller.address {
        Some(address) => address.ip().to_canonical().to_string(),
        None => "localhost".to_owned(),
    };
    // A parameter of the protocol must not begin with a colon.
    let address = if address.starts_with(':') { format!("0{address}") } else { address };
    Origin {
        host: address.clone(),
        address,
        secure: caller.secure,
        certificate: caller.certificate,
    }
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
