//! Making a connection along a route: dial, tunnel, TLS, and the HTTP that is agreed on.
//!
//! One deadline holds over all of it. Each phase writes down when it was over, also if a later one
//! fails. Dropping the future closes what was half done.
//!
//! Nothing here knows what will be asked for.

mod tunnel;

use std::time::Duration;

use coax_addr::Endpoint;
use coax_net::{Address, Dial, Dialed, Stream};
use tokio::time::{Instant, timeout_at};

use crate::client::{HttpVersion, Shared};
use crate::connection::Connection;
use crate::error::{FetchErrorKind, Trouble};
use crate::h1::Wire;
use crate::h2::Session;
use crate::io::Io;
use crate::origin::Origin;
use crate::response::Hop;
use crate::route::Route;

/// When the request was sent off: what all times are counted from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(pub(crate) Instant);

impl Clock {
    pub(crate) fn now(self) -> Duration {
        self.0.elapsed()
    }
}

/// A connection in the making.
pub(crate) struct Making<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) clock: Clock,
    /// Learns how it came about.
    pub(crate) hop: &'a mut Hop,
    until: Instant,
    /// HTTP/2 is not offered.
    http1: bool,
}

impl<'a> Making<'a> {
    pub(crate) fn new(shared: &'a Shared, clock: Clock, hop: &'a mut Hop) -> Making<'a> {
        let now = Instant::now();
        // A deadline too far away to be counted is as good as a year.
        let year = Duration::from_secs(365 * 24 * 3600);
        let until = now.checked_add(shared.options.timeout).unwrap_or(now + year);
        Making { shared, clock, hop, until, http1: false }
    }

    /// Connects along `route`.
    pub(crate) async fn connect(mut self, route: &Route) -> Result<Connection, Trouble> {
        let auto = self.shared.options.http == HttpVersion::Auto;
        self.http1 = auto && self.shared.pool.is_http1(route);
        let io = match route {
            Route::Direct(origin) => {
                let stream = self.dial(&origin.endpoint()).await?;
                self.secured(stream, origin).await?
            }
            Route::Unix(origin) => {
                let endpoint = self.shared.options.unix.clone();
                let stream = self.dial(&endpoint.unwrap_or(origin.endpoint())).await?;
                self.secured(stream, origin).await?
            }
            Route::Forward(proxy) => Io::Plain(self.dial_proxy(&proxy.origin).await?),
            Route::Tunnel(proxy, origin) => {
                let stream = self.dial_proxy(&proxy.origin).await?;
                let stream = self.tunnel(stream, proxy, origin).await?;
                self.hop.phases.tunnelled = Some(self.clock.now());
                self.secured(stream, origin).await?
            }
        };
        self.agreed(io, route.forwards().is_some()).await
    }

    async fn dial(&mut self, endpoint: &Endpoint) -> Result<Stream, Trouble> {
        let options = &self.shared.options;
        let left = self.until.saturating_duration_since(Instant::now());
        let dial = Dial {
            wanted: options.wanted,
            timeout: options.timeout_resolving.then_some(left),
            connect_timeout: Some(left),
            ..Dial::new(&*options.resolver)
        };
        let began = self.clock.now();
        let dialed = dial.connect(endpoint).await;
        let report = match &dialed {
            Ok(dialed) => &dialed.report,
            Err(error) => error.report(),
        };
        let phases = &mut self.hop.phases;
        phases.named = report.resolved_in.map(|took| began + took);
        if !options.timeout_resolving {
            self.until += report.resolved_in.unwrap_or_default();
        }
        let Dialed { socket, peer, .. } = dialed.map_err(|error| Trouble::from(&error))?;
        phases.connected = Some(self.clock.now());
        self.hop.peer = Some(peer.clone());
        Stream::new(socket, peer).map_err(|error| Trouble::from(&error))
    }

    /// The URL in an error is the page's, so the proxy has to be named.
    async fn dial_proxy(&mut self, proxy: &Origin) -> Result<Stream, Trouble> {
        let dialed = self.dial(&proxy.endpoint()).await;
        dialed.map_err(|trouble| {
            // A proxy without a name is no page without one: it may be there another time.
            let kind = match trouble.kind {
                FetchErrorKind::Name => FetchErrorKind::Proxy,
                other => other,
            };
            Trouble::new(kind, format!("cannot connect to its proxy {proxy}: {}", trouble.why))
        })
    }

    async fn secured(&mut self, stream: Stream, origin: &Origin) -> Result<Io, Trouble> {
        if !origin.secure {
            return Ok(Io::Plain(stream));
        }
        let name = origin.name();
        let tls = if self.http1 { &self.shared.tls_http1 } else { &self.shared.tls };
        let shaking = tls.connect(stream, &name);
        let silent = "it does not answer the TLS handshake";
        let stream = self.in_time(shaking, silent).await?.map_err(|error| Trouble::from(&error))?;
        self.hop.phases.secured = Some(self.clock.now());
        self.hop.certificate_wanted = stream.wants_certificate();
        Ok(Io::Secure(Box::new(stream)))
    }

    /// Begins the HTTP that both sides speak.
    async fn agreed(&self, io: Io, forwarded: bool) -> Result<Connection, Trouble> {
        let offered = match &io {
            Io::Secure(stream) => stream.protocol() == Some(b"h2"),
            // Nobody asks in the clear: who speaks it must know it. Proxies do not.
            Io::Plain(_) => !forwarded && self.shared.options.http == HttpVersion::Http2,
        };
        let peer = self.hop.peer.clone().unwrap_or(Address::Unnamed);
        if offered {
            let number = self.shared.pool.next_number();
            let longest = self.shared.options.max_head;
            let begin = Session::begin(io, peer, number, longest);
            return self.in_time(begin, "it does not begin HTTP/2").await?.map(Connection::Two);
        }
        match (io, self.shared.options.http) {
            (Io::Secure(_), HttpVersion::Http2) => Err(Trouble::protocol("it speaks no HTTP/2")),
            (io, _) => Ok(Connection::One(Wire::new(io, peer))),
        }
    }

    /// What `future` gives before the connection has to stand.
    async fn in_time<T>(&self, future: impl Future<Output = T>, late: &str) -> Result<T, Trouble> {
        let timed = timeout_at(self.until, future).await;
        timed.map_err(|_| Trouble::new(FetchErrorKind::Timeout, late))
    }
}
