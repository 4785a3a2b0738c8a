//! The door: one port, and whoever calls is understood.
//!
//! The first bytes tell the protocol. TLS is opened and what is inside is asked again; HTTP gets the
//! page, or a WebSocket; somebody who types lines is translated. What comes out is always the same:
//! a stream of IRC lines, and who is behind it. Silence, rubbish and half a handshake end at a
//! deadline, and everything that is held for a caller is bounded.
//!
//! Nothing here knows what a channel is. It is given a place to bring callers to.

mod crowd;
mod files;
mod forwarded;
mod goodbye;
mod identity;
mod origin;
mod page;
mod plain;
mod prefixed;
mod protocol;
mod proxy_header;
mod refusal;
mod relays;
mod typed;
mod websocket;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use coax_net::TlsServer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use crowd::Crowd;
pub use forwarded::CallerHeader;
use identity::Identity;
use prefixed::Prefixed;
use protocol::LOOK;
pub use protocol::{Protocol, protocol};
pub use proxy_header::{NotAHeader, ProxyHeader};
use relays::Relays;

pub use crate::hub::Way;
pub use refusal::Refusal;

use crate::session::pace::Pace;
use crate::settings::Network;

/// Bytes that come and go.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A caller's stream of IRC lines, whatever is underneath.
pub type Line = Box<dyn Duplex>;

/// Who calls, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Where from; `None` for a Unix socket.
    pub address: Option<SocketAddr>,
    /// Whether nobody between could read along.
    pub secure: bool,
    /// The SHA-256 of the certificate that the caller showed and holds the key to, in hexadecimal.
    pub certificate: Option<String>,
    /// What the caller speaks.
    pub way: Way,
}

/// What is behind the door.
pub trait House {
    /// Takes a caller in. `line` carries IRC lines from now on, and its end is the caller's.
    fn welcome(&self, caller: Caller, line: Line);
    /// The measurements in the text format of Prometheus.
    fn metrics(&self) -> String;
    /// Is told the status of each answer of HTTP.
    fn answered(&self, _status: u16) {}
    /// Is told of a caller of HTTP that may not come in.
    fn turned_away(&self, _address: Option<SocketAddr>, _why: Refusal) {}
    /// Is told, once, that callers come through a web proxy that is not named; none is a Unix socket.
    fn unnamed_proxy(&self, _address: Option<IpAddr>) {}
}

/// How the door is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Until when a caller has to have said what it is.
    pub deadline: Duration,
    /// How many may be at the door who have not; one more, and the one who came first has to go.
    pub crowd: usize,
    /// Quiet after an unfinished line that makes it a whole one.
    pub pause: Duration,
    /// Requests, frames and typed lines that a caller may send at once, and each second after that,
    /// whatever is in them; 0 at once is no limit.
    pub flood: (u32, u32),
    /// Where somebody who types lines begins to talk.
    pub channel: String,
    /// Who brings callers, and has to say whom: by the PROXY protocol, before anything else.
    pub proxies: Vec<IpAddr>,
    /// The names of this server. Addresses and local names are accepted as well.
    pub names: Vec<String>,
    /// Web proxies that say in a header whom they bring.
    pub http_proxies: Vec<Network>,
    /// The header in which they say it.
    pub http_proxies_header: CallerHeader,
    /// What stands before every path, where a proxy leaves it: `/chat`, or nothing.
    pub web_path: String,
    /// Pages of other sites that may open a WebSocket, as `https://chat.example`.
    pub origins: Vec<String>,
    /// Who may read the measurements, besides this machine.
    pub metrics: Vec<Network>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(20),
            crowd: 1024,
            pause: Duration::from_millis(200),
            flood: (40, 10),
            channel: "#lobby".to_owned(),
            proxies: Vec::new(),
            names: Vec::new(),
            http_proxies: Vec::new(),
            http_proxies_header: CallerHeader::default(),
            web_path: String::new(),
            origins: Vec::new(),
            metrics: Vec::new(),
        }
    }
}

/// One door, for every listener that leads to the same house.
pub struct Gate<H> {
    house: H,
    settings: RefCell<Rc<Settings>>,
    identity: Identity,
    relays: Rc<Relays>,
    guests: Cell<u64>,
    crowd: Crowd,
    /// Proxies that are not named and brought somebody.
    noticed: RefCell<BTreeSet<Option<IpAddr>>>,
}

impl<H: House + 'static> Gate<H> {
    /// A door to `house`. Without a certificate, who calls with TLS is turned away.
    pub fn new(house: H, settings: Settings, tls: Option<TlsServer>) -> Rc<Self> {
        let crowd = Crowd::new(settings.crowd);
        Rc::new(Self {
            house,
            settings: RefCell::new(Rc::new(settings)),
            identity: Identity::new(tls),
            relays: Rc::default(),
            guests: Cell::new(0),
            crowd,
            noticed: RefCell::default(),
        })
    }

    /// Keeps the door otherwise, for those who come from now on. How many may stand at it stays.
    pub fn keep(&self, settings: Settings) {
        *self.settings.borrow_mut() = Rc::new(settings);
    }

    /// A certificate is on its way: who calls with TLS waits for it.
    pub fn expect_certificate(&self) {
        self.identity.expect();
    }

    /// Who the server is from now on; none is what it was before.
    pub fn certify(&self, tls: Option<TlsServer>) {
        self.identity.set(tls);
    }

    /// The server ends: whoever is told so is told why.
    pub fn leave(&self) {
        self.relays.leave();
    }

    /// How many callers have a relay that has not said its last words.
    pub fn relays(&self) -> usize {
        self.relays.at_work()
    }

    /// What is behind it.
    pub fn house(&self) -> &H {
        &self.house
    }

    fn settings(&self) -> Rc<Settings> {
        self.settings.borrow().clone()
    }

    /// Lets a caller in from `address`; ends when the caller is in, or turned away. Must run within a
    /// `LocalSet`.
    ///
    /// # Errors
    ///
    /// Whatever made it not worth going on: the caller broke off, said nothing in time, or lied, or
    /// too many came after it.
    pub async fn admit<S>(self: Rc<Self>, stream: S, address: Option<SocketAddr>) -> io::Result<()>
    where
        S: Duplex + 'static,
    {
        let place = self.crowd.stand();
        tokio::select! {
            attended = self.clone().attend(stream, address) => attended,
            () = place.turned_away() => Err(Refusal::Crowd.into()),
        }
    }

    async fn attend<S>(self: Rc<Self>, stream: S, address: Option<SocketAddr>) -> io::Result<()>
    where
        S: Duplex + 'static,
    {
        let settings = self.settings();
        let until = Instant::now() + settings.deadline;
        let mut look = Look::new(Box::new(stream), until);
        let mut caller = Caller { address, secure: false, certificate: None, way: Way::Irc };
        if address.is_some_and(|address| settings.proxies.contains(&address.ip().to_canonical())) {
            caller.address = look.proxied().await?.or(address);
        }
        let mut spoken = look.protocol(settings.pause).await?;
        if spoken == Protocol::Tls {
            look = self.unwrap(look, &mut caller).await?;
            spoken = look.protocol(settings.pause).await?;
        }
        self.bring(spoken, caller, look.into_line()).await
    }

    /// Opens TLS; inside it the same question is asked again.
    async fn unwrap(&self, look: Look, caller: &mut Caller) -> io::Result<Look> {
        let until = look.until;
        let server = timeout_at(until, self.identity.server()).await?;
        let server = server.ok_or(Refusal::NoCertificate)?;
        let call = timeout_at(until, server.accept(look.into_line())).await?;
        let call = call.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Refusal::Tls.into(),
            _ => error,
        })?;
        caller.secure = true;
        caller.certificate = call.fingerprint();
        Ok(Look::new(Box::new(call), until))
    }

    async fn bring(self: Rc<Self>, spoken: Protocol, caller: Caller, line: Line) -> io::Result<()> {
        match spoken {
            Protocol::Irc => self.house.welcome(caller, line),
            Protocol::Plain => self.translate(caller, line),
            Protocol::Http => return page::serve(self, caller, line).await,
            Protocol::Tls => return Err(Refusal::Tls.into()),
            Protocol::Unknown => {
                turn_away(line).await;
                return Err(Refusal::Unknown.into());
            }
        }
        Ok(())
    }

    fn translate(&self, caller: Caller, line: Line) {
        self.guests.set(self.guests.get() + 1);
        let settings = self.settings();
        let plain = plain::Plain::new(self.guests.get(), &settings.channel);
        let pace = Pace::new(settings.flood);
        let inner = typed::translate(plain, line, settings.pause, pace, self.relays.begin());
        self.house.welcome(Caller { way: Way::Plain, ..caller }, inner);
    }
}

/// Says what is spoken here, to a program that speaks something else.
async fn turn_away(mut line: Line) {
    let words = b"ERROR :This is a chat: IRC, HTTP, TLS and lines of text are spoken here\r\n";
    // A caller that does not read the answer needs none.
    let _ = timeout(GOODBYE, line.write_all(words)).await;
    goodbye::goodbye(&mut line).await;
}

/// How long a caller who is turned away may take to read why.
const GOODBYE: Duration = Duration::from_secs(1);

/// Somebody at the door: what was heard so far.
struct Look {
    line: Line,
    heard: Vec<u8>,
    until: Instant,
}

impl Look {
    fn new(line: Line, until: Instant) -> Self {
        Self { line, heard: Vec::new(), until }
    }

    /// Whom the proxy brings.
    async fn proxied(&mut self) -> io::Result<Option<SocketAddr>> {
        loop {
            match ProxyHeader::read(&self.heard) {
                Ok(Some(header)) => {
                    self.heard.drain(..header.length);
                    return Ok(header.source);
                }
                Ok(None) => self.more(self.until).await?,
                Err(NotAHeader) => return Err(Refusal::Proxy.into()),
            };
        }
    }

    async fn protocol(&mut self, pause: Duration) -> io::Result<Protocol> {
        let mut paused = false;
        loop {
            if let Some(spoken) = protocol(&self.heard, paused) {
                return Ok(spoken);
            }
            let quiet = Instant::now() + pause;
            // Once paused, and still not told, only more bytes can tell.
            let until =
                if paused || self.heard.is_empty() { self.until } else { quiet.min(self.until) };
            paused = !self.more(until).await? && !self.heard.is_empty();
            if paused && Instant::now() >= self.until {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// Reads on; `false` where nothing came until then.
    async fn more(&mut self, until: Instant) -> io::Result<bool> {
        self.heard.reserve(LOOK);
        match timeout_at(until, self.line.read_buf(&mut self.heard)).await {
            Ok(Ok(0)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read.map(|_| true),
            Err(_) if until >= self.until => Err(io::ErrorKind::TimedOut.into()),
            Err(_) => Ok(false),
        }
    }

    fn into_line(mut self) -> Line {
        if self.heard.is_empty() {
            return self.line;
        }
        self.heard.shrink_to_fit();
        Box::new(Prefixed::new(self.heard, self.line))
    }
}
