//! The server at work: it accepts, it ticks, it ends.
//!
//! Everything runs on the thread that calls, so that the hub needs no lock. At the end everyone is
//! told, and given a moment to read it.
//!
//! Nothing here prints, catches signals or reads a file.

mod door;
mod told;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use coax_net::{Address, Listener, TlsServer};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{interval, sleep, timeout};

use crate::certificate::Certificate;
use crate::forgetting::forget;
use crate::gate::Gate;
use crate::hub::Known;
use crate::memory::Memory;
use crate::orders;
use crate::settings::{Settings, SettingsError};
use crate::switchboard::{Switchboard, Wish};
use crate::thread;

use door::{Inside, accept, door};
pub use told::{Control, Ended, Told};

/// How long the last lines may take to be read.
const GOODBYE: Duration = Duration::from_secs(5);

/// How long the disk may take for what is left.
const LAST_WRITE: Duration = Duration::from_secs(15);

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
    /// Whether this machine lets the process open what it takes to let anybody in. Otherwise how many
    /// descriptors it may have, and how many it takes.
    ///
    /// # Errors
    ///
    /// The two numbers.
    pub fn enough_descriptors() -> Result<(), (u64, u64)> {
        door::enough_descriptors()
    }

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
        if let Some(ahead) = server.board.doubt() {
            (server.tell)(Told::ClockDoubted(ahead));
        }
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
            let found = thread::run(move || identity(&certify, &settings, before.as_ref())).await;
            let broke_off = || Err("no thread can start, or it broke off".to_owned());
            let found = found.unwrap_or_else(broke_off);
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
        self.board.believe_clock();
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
        let closed = timeout(LAST_WRITE, thread::run(self.memory.closing())).await;
        match closed {
            Ok(Some(Ok(()))) => {}
            Ok(Some(Err(error))) => (self.tell)(Told::NotClosed(error.to_string())),
            // Without a thread it is written here: the end may wait for it.
            Ok(None) => {
                if let Err(error) = self.memory.close() {
                    (self.tell)(Told::NotClosed(error.to_string()));
                }
            }
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

/// Clients that are to come by TLS find it on the port where they are, unless another is named.
fn name_port(settings: &mut Settings, port: Option<u16>) {
    if settings.sts_port == 0 {
        settings.sts_port = port.unwrap_or_default();
    }
}

async fn tick(board: Rc<Switchboard>, memory: Rc<Memory>, tell: Rc<dyn Fn(Told)>) {
    let mut seconds = interval(Duration::from_secs(1));
    let mut jumped = false;
    loop {
        seconds.tick().await;
        board.tick();
        let jump = board.clock_jumped();
        if jump.is_some() != jumped {
            jumped = jump.is_some();
            tell(Told::ClockJumped(jump));
        }
        if let Some(news) = memory.news() {
            board.tell_operators(&news.to_string());
            tell(Told::Memory(news));
        }
    }
}
