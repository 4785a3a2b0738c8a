//! The way in: connections are accepted, and let in to talk.
//!
//! Some descriptors are kept for the history and for files. Who finds no room is told so.
//!
//! Nothing here knows what a caller speaks; that is the gate's.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use coax_net::{Address, Listener, Stream};
use rustix::process::{Resource, getrlimit};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};

use super::Told;
use crate::gate::{self, Caller, Gate, House, Line, Refusal};
use crate::hub::{Origin, shown_address};
use crate::memory::Memory;
use crate::metrics::add;
use crate::session;
use crate::settings::Settings;
use crate::switchboard::Switchboard;

/// After an error of accept, which is always one of this machine.
const BREATH: Duration = Duration::from_millis(100);

/// Descriptors that are kept for the history and for files.
const SPARE: u64 = 32;

/// A shortage is said again after this long: a flood must not fill the log as well.
const SAID: Duration = Duration::from_secs(60);

/// Accepts for ever. Dropped, it stops listening.
pub(super) async fn accept(listener: Listener, gate: Rc<Gate<Inside>>, tell: Rc<dyn Fn(Told)>) {
    let mut said: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok(stream) if has_room(&stream) => welcome(stream, &gate, &tell),
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

/// Whether there are descriptors enough to let anybody in; otherwise how many there are, and how many
/// it takes.
pub(super) fn enough_descriptors() -> Result<(), (u64, u64)> {
    let Some(most) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    // The next one that the system would give out says how many are taken.
    let next = rustix::fs::open("/", rustix::fs::OFlags::PATH, rustix::fs::Mode::empty());
    let taken = next.map_or(most, |next| u64::try_from(next.as_raw_fd()).unwrap_or_default());
    let needed = taken + SPARE + LEAST;
    if most < needed { Err((most, needed)) } else { Ok(()) }
}

/// Callers that must find room for a server to be worth starting.
const LEAST: u64 = 8;

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

fn welcome(stream: Stream, gate: &Rc<Gate<Inside>>, tell: &Rc<dyn Fn(Told)>) {
    // A line should leave when it is written: nobody waits for a second one to fill the packet.
    let _ = rustix::net::sockopt::set_tcp_nodelay(&stream, true);
    let _ = probe(&stream);
    let address = match stream.peer() {
        Address::Ip(address) => Some(*address),
        _ => None,
    };
    let (gate, tell) = (gate.clone(), tell.clone());
    spawn_local(async move {
        let board = gate.house().board.clone();
        add(&board.metrics().callers, 1);
        let admitted = gate.admit(stream, address).await;
        let callers = &board.metrics().callers;
        callers.set(callers.get() - 1);
        if let Err(error) = admitted {
            let why = Refusal::of(&error);
            board.metrics().refused(why.name());
            tell(Told::Refused { address, why });
        }
    });
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
pub(super) fn door(settings: &Settings) -> gate::Settings {
    gate::Settings {
        deadline: Duration::from_secs(settings.registration_seconds),
        flood: (settings.flood_burst, settings.flood_per_second),
        channel: settings.default_channel.clone(),
        proxies: settings.proxies.clone(),
        names: names(settings),
        http_proxies: settings.http_proxies.clone(),
        http_proxies_header: settings.http_proxies_header,
        web_path: settings.web_path.clone(),
        origins: settings.origins.clone(),
        metrics: settings.metrics.clone(),
        ..gate::Settings::default()
    }
}

/// What the server is called: as the settings say, and as this machine calls itself.
fn names(settings: &Settings) -> Vec<String> {
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_string_lossy().into_owned();
    // The name that every server has at first is nobody's own.
    let own = Some(&settings.server_name).filter(|name| **name != Settings::default().server_name);
    settings.hosts.iter().chain(own).cloned().chain([machine]).collect()
}

/// The server, behind the door.
pub(super) struct Inside {
    pub(super) board: Rc<Switchboard>,
    pub(super) memory: Rc<Memory>,
    pub(super) tell: Rc<dyn Fn(Told)>,
}

impl House for Inside {
    fn welcome(&self, caller: Caller, line: Line) {
        let Caller { address, way, secure, .. } = caller;
        self.board.metrics().accepted(way, secure);
        (self.tell)(Told::Connected { address, way, secure });
        spawn_local(session::run(self.board.clone(), line, origin_of(caller), Vec::new()));
    }

    fn metrics(&self) -> String {
        self.board.page(&self.memory.figures())
    }

    fn answered(&self, status: u16) {
        self.board.metrics().answered(status);
    }

    fn turned_away(&self, address: Option<SocketAddr>, why: Refusal) {
        self.board.metrics().refused(why.name());
        (self.tell)(Told::Refused { address, why });
    }

    fn unnamed_proxy(&self, address: Option<IpAddr>) {
        (self.tell)(Told::UnnamedProxy(address));
    }
}

fn origin_of(caller: Caller) -> Origin {
    let address = match caller.address {
        Some(address) => shown_address(address.ip()),
        None => "localhost".to_owned(),
    };
    Origin {
        host: address.clone(),
        address,
        secure: caller.secure,
        certificate: caller.certificate,
        way: caller.way,
    }
}
