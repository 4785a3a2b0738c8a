//! The server at work: it accepts, it ticks, it ends.
//!
//! Everything runs on the thread that calls, so that the hub needs no lock. At the end everyone is
//! told, and given a moment to read it.
//!
//! Nothing here prints, catches signals or reads a file.

mod told;

use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use coax_net::{Address, Listener, Stream, TlsServer};
use rustix::process::{Resource, getrlimit};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet, spawn_blocking, spawn_local};
use tokio::time::{Instant, interval, sleep, timeout};

use crate::certificate::Certificate;
use crate::forgetting::forget;
use crate::gate::{self, Caller, Gate, House, Line, Refusal};
use crate::hub::{Known, Origin};
use crate::memory::Memory;
use crate::metrics::add;
use crate::orders;
use crate::session;
use crate::settings::{Settings, SettingsError};
use crate::switchboard::{Switchboard, Wish};

pub use told::{Control, Ended, Told};

/// How long the last lines may take to be read.
const GOODBYE: Duration = Duration::from_secs(5);

/// How long the disk may take for what is left.
const LAST_WRITE: Duration = Duration::from_secs(15);

/// After an error of accept, which is always one of this machine.
const BREATH: Duration = Duration::from_millis(100);

/// Descriptors that are kept for the history and for files.
const SPARE: u64 = 32;

/// A shortage is said again after this long: a flood must not fill the log as well.
const SAID: Duration = Duration::from_secs(60);

/// Finds the certificate that the settings name, or makes one. It may take a while.
pub type Certify = Arc<dyn Fn(&Settings) -> Result<Certificate, String> + Send + Sync>;

/// A server about to run.
pub struct Serve {
    /// Its settings.
    pub settings: Settings,
    /// Who the server is for those who call with TLS.
    pub certify: Certify,
    /// Where it keeps what it knows.
    pub memory: Rc<Memory>,
    /// Where its owner gives it orders: [`orders::socket_in`] its folder.
    pub orders: Option<Listener>,
    /// What it knew before.
    pub known: Known,
    /// Reads the settings again.
    pub reread: Box<dyn Fn() -> Result<Settings, SettingsError>>,
    /// Is told what happens. It must not wait.
    pub tell: Rc<dyn Fn(Told)>,
}

impl std::fmt::Debug for Serve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serve").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Serve {
    /// Serves until `control` says Stop.
    pub async fn run<C>(self, listeners: Vec<Listener>, control: impl FnMut() -> C) -> Ended
    where
        C: Future<Output = Control>,
    {
        LocalSet::new().run_until(self.run_here(listeners, control)).await
    }

    async fn run_here<C>(
        mut self,
        listeners: Vec<Listener>,
        mut control: impl FnMut() -> C,
    ) -> Ended
    where
        C: Future<Output = Control>,
    {
        let mut server = Server::begin(&mut self, listeners);
        let (why, by_operator) = loop {
            tokio::select! {
                wanted = control() => match wanted {
                    Control::Stop(why) => break (why, false),
                    Control::Reload => server.reload().await,
                },
                wish = server.board.wish() => match wish {
                    Wish::Reload => server.reload().await,
                    Wish::Stop => break ("An operator ended the server".to_owned(), true),
                },
            }
        };
        let memory = server.memory.clone();
        let again = async { while control().await == Control::Reload {} };
        tokio::select! {
            () = server.end(&why) => {}
            // Whoever asks twice does not want to wait for what is left: nor for the store, which
            // would write it before it lets go.
            () = again => std::mem::forget(memory),
        }
        Ended { why, by_operator }
    }
}

/// A server that runs.
struct Server {
    board: Rc<Switchboard>,
    gate: Rc<Gate<Inside>>,
    memory: Rc<Memory>,
    reread: Box<dyn Fn() -> Result<Settings, SettingsError>>,
    certify: Certify,
    certificate: Rc<std::cell::RefCell<Option<Certificate>>>,
    tell: Rc<dyn Fn(Told)>,
    accepting: Vec<JoinHandle<()>>,
    /// Has what is too old looked for at once.
    forgetting: Rc<Notify>,
    /// The first one listened on.
    port: Option<u16>,
}

impl Server {
    fn begin(serve: &mut Serve, listeners: Vec<Listener>) -> Server {
        let port = listeners.iter().flat_map(Listener::addresses).find_map(Address::port);
        name_port(&mut serve.settings, port);
        let (memory, tell) = (serve.memory.clone(), serve.tell.clone());
        let known = std::mem::take(&mut serve.known);
        let board = Switchboard::new(serve.settings.clone(), known, memory.clone());
        let ear = tell.clone();
        board.tell_to(move |note| ear(Told::Note(note)));
        let inside = Inside { board: board.clone(), memory: memory.clone(), tell: tell.clone() };
        let gate = Gate::new(inside, door(&serve.settings), None);
        let accept = |listener| spawn_local(accept(listener, gate.clone(), tell.clone()));
        let accepting = listeners.into_iter().map(accept).collect();
        let reread = std::mem::replace(&mut serve.reread, Box::new(|| Ok(Settings::default())));
        let certify = serve.certify.clone();
        let certificate = Rc::default();
        let forgetting = Rc::new(Notify::new());
        spawn_local(forget(board.clone(), memory.clone(), forgetting.clone(), tell.clone()));
        if let Some(listener) = serve.orders.take() {
            spawn_local(orders::serve(listener, board.clone(), memory.clone()));
        }
        let server = Server {
            board,
            gate,
            memory,
            reread,
            certify,
            certificate,
            tell,
            accepting,
            forgetting,
            port,
        };
        server.gate.expect_certificate();
        spawn_local(server.identify(serve.settings.clone()));
        spawn_local(server.board.clone().send());
        server.memory.begin_check();
        spawn_local(tick(server.board.clone(), server.memory.clone(), server.tell.clone()));
        server
    }

    /// Finds out who the server is, while it is up already: making a key takes longer than starting.
    fn identify(&self, settings: Settings) -> impl Future<Output = ()> + use<> {
        let (certify, kept, gate) =
            (self.certify.clone(), self.certificate.clone(), self.gate.clone());
        let (tell, board) = (self.tell.clone(), self.board.clone());
        async move {
            let before = kept.borrow().clone();
            let found =
                spawn_blocking(move || identity(&certify, &settings, before.as_ref())).await;
            let found = found.unwrap_or_else(|_| Err("it broke off".to_owned()));
            match found {
                Ok(Some((certificate, server))) => {
                    let fingerprint = server.fingerprint();
                    gate.certify(Some(server));
                    let renewed = kept.replace(Some(certificate)).is_some();
                    tell(Told::Certificate { fingerprint, renewed });
                }
                Ok(None) => {}
                Err(why) => {
                    gate.certify(None);
                    board.tell_operators(&format!("There is no new certificate: {why}"));
                    tell(Told::NoCertificate(why));
                }
            }
        }
    }

    async fn reload(&self) {
        let read = (self.reread)();
        self.board.metrics().reloaded(read.is_ok());
        let settings = match read {
            Ok(mut settings) => {
                name_port(&mut settings, self.port);
                settings
            }
            Err(error) => {
                self.board.tell_operators(&format!("The old settings stay: {error}"));
                return (self.tell)(Told::NotReloaded(error));
            }
        };
        let changes = self.board.settings().changes_to(&settings);
        self.gate.keep(door(&settings));
        self.board.reload(settings.clone());
        self.forgetting.notify_one();
        self.board.tell_operators(&format!("The settings were read again: {changes}"));
        (self.tell)(Told::Reloaded(changes));
        self.identify(settings).await;
    }

    /// Tells everyone, waits for those who read it, and puts away what is to be kept.
    async fn end(&mut self, why: &str) {
        self.accepting.drain(..).for_each(|accepting| accepting.abort());
        let connected = self.board.connected();
        (self.tell)(Told::Stopping { why: why.to_owned(), connected });
        self.gate.leave();
        self.board.stop(why);
        let _ = timeout(GOODBYE, self.emptied()).await;
        let closed = timeout(LAST_WRITE, spawn_blocking(self.memory.closing())).await;
        match closed {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => (self.tell)(Told::NotClosed(error.to_string())),
            Ok(Err(_)) => (self.tell)(Told::NotClosed("the store broke off".to_owned())),
            Err(_) => {
                let why = "the disk does not take what is left".to_owned();
                (self.tell)(Told::NotClosed(why));
            }
        }
        if let Some(news) = self.memory.last_news() {
            (self.tell)(Told::Memory(news));
        }
    }

    async fn emptied(&self) {
        while self.board.connected() + self.gate.relays() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A certificate that is another than `before`, and the server it makes.
fn identity(
    certify: &Certify,
    settings: &Settings,
    before: Option<&Certificate>,
) -> Result<Option<(Certificate, TlsServer)>, String> {
    let certificate = certify(settings)?;
    if before == Some(&certificate) {
        return Ok(None);
    }
    let server = TlsServer::new(&certificate.chain, &certificate.key);
    Ok(Some((certificate, server.map_err(|error| error.to_string())?)))
}

/// Accepts for ever. Dropped, it stops listening.
async fn accept(listener: Listener, gate: Rc<Gate<Inside>>, tell: Rc<dyn Fn(Told)>) {
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

/// Clients that are to come by TLS find it on the port where they are, unless another is named.
fn name_port(settings: &mut Settings, port: Option<u16>) {
    if settings.sts_port == 0 {
        settings.sts_port = port.unwrap_or_default();
    }
}

/// How the door is kept.
fn door(settings: &Settings) -> gate::Settings {
    gate::Settings {
        deadline: Duration::from_secs(settings.registration_seconds),
        channel: settings.default_channel.clone(),
        proxies: settings.proxies.clone(),
        origins: settings.origins.clone(),
        metrics: settings.metrics.clone(),
        ..gate::Settings::default()
    }
}

/// The server, behind the door.
struct Inside {
    board: Rc<Switchboard>,
    memory: Rc<Memory>,
    tell: Rc<dyn Fn(Told)>,
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
        way: caller.way,
    }
}

async fn tick(board: Rc<Switchboard>, memory: Rc<Memory>, tell: Rc<dyn Fn(Told)>) {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        board.tick();
        if let Some(news) = memory.news() {
            board.tell_operators(&news.to_string());
            tell(Told::Memory(news));
        }
    }
}
