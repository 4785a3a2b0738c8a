//! A client of web servers, with its choices and its open connections.
//!
//! Every wait has a deadline. Clones share the connections; as many requests may be under way at
//! once as are sent.
//!
//! Nothing here knows files.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use coax_addr::Endpoint;
use coax_net::{Resolve, SystemResolver, Tls, TlsOptions, Wanted};

use crate::cookies::Cookies;
use crate::error::FetchError;
use crate::netrc::Netrc;
use crate::pool::Pool;
use crate::proxies::Proxies;
use crate::request::Request;
use crate::response::Response;
use crate::trip;

/// How pages are fetched. The default is what a person means who names a URL alone.
#[derive(Clone)]
pub struct ClientOptions {
    /// Turns a name into addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Which address families may be used.
    pub wanted: Wanted,
    /// Which HTTP is spoken.
    pub http: HttpVersion,
    /// Which servers are believed in TLS, and who the client is there. Which protocols are offered
    /// follows from [`ClientOptions::http`].
    pub tls: TlsOptions,
    /// What stands between.
    pub proxies: Proxies,
    /// Where the logins of hosts are, if they are to be used.
    pub netrc: Option<Arc<Netrc>>,
    /// One endpoint, usually a Unix socket, that is connected to for every URL. No proxy is before
    /// it.
    pub unix: Option<Endpoint>,
    /// What the client calls itself.
    pub user_agent: String,
    /// For one connection to stand: connect, proxy and TLS together, once the name is resolved.
    pub timeout: Duration,
    /// Whether resolving the name counts, too. Otherwise it takes as long as the resolver does.
    pub timeout_resolving: bool,
    /// How long a server may be silent when it is its turn.
    pub idle: Duration,
    /// How many redirects are followed; 0 gives the first to the caller.
    pub max_redirects: usize,
    /// Whether a redirect may lead from https to http.
    pub may_downgrade: bool,
    /// Bytes that the head of an answer may have.
    pub max_head: usize,
    /// Remembers the headers of each hop, for whoever wants to show them.
    pub remember_headers: bool,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/2 where a server offers it in TLS, else 1.1.
    #[default]
    Auto,
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone: over plain TCP, too, without asking (RFC 9113 §3.3).
    Http2,
}

/// A client of web servers. Clones are the same client.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: ClientOptions,
    pub(crate) tls: Tls,
    /// Where HTTP/2 did not work. What it needs is loaded once it is used.
    pub(crate) tls_http1: Tls,
    pub(crate) pool: Arc<Pool>,
    pub(crate) cookies: Cookies,
}

impl Client {
    /// A client without any connection yet.
    pub fn new(options: ClientOptions) -> Result<Client, FetchError> {
        let tls = |http: HttpVersion| {
            Tls::new(TlsOptions { protocols: http.protocols(), ..options.tls.clone() })
        };
        let (tls, tls_http1) = (tls(options.http), tls(HttpVersion::Http1));
        let (pool, cookies) = (Arc::default(), Cookies::default());
        let shared = Shared { options, tls, tls_http1, pool, cookies };
        Ok(Client { shared: Arc::new(shared) })
    }

    /// Sends `request`, follows redirects, and gives the head of the final answer; its body comes
    /// piece by piece. Any status is an answer, 404 too.
    ///
    /// Needs a tokio runtime with time and I/O enabled. Safe to cancel: what is half done is closed.
    pub async fn send(&self, request: &Request) -> Result<Response, FetchError> {
        trip::send(&self.shared, request).await
    }
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            resolver: Arc::new(SystemResolver::default()),
            wanted: Wanted::Both,
            http: HttpVersion::Auto,
            tls: TlsOptions::default(),
            proxies: Proxies::default(),
            netrc: None,
            unix: None,
            user_agent: concat!("coax/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(30),
            timeout_resolving: false,
            idle: Duration::from_secs(60),
            max_redirects: 20,
            may_downgrade: false,
            max_head: 256 << 10,
            remember_headers: false,
        }
    }
}

impl HttpVersion {
    /// What is offered in TLS, dearest first.
    fn protocols(self) -> Vec<Vec<u8>> {
        let offered: &[&[u8]] = match self {
            HttpVersion::Auto => &[b"h2", b"http/1.1"],
            HttpVersion::Http1 => &[b"http/1.1"],
            HttpVersion::Http2 => &[b"h2"],
        };
        offered.iter().map(|protocol| protocol.to_vec()).collect()
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("wanted", &self.wanted)
            .field("http", &self.http)
            .field("tls", &self.tls)
            .field("unix", &self.unix)
            .field("user_agent", &self.user_agent)
            .field("timeout", &self.timeout)
            .field("idle", &self.idle)
            .field("max_redirects", &self.max_redirects)
            .field("max_head", &self.max_head)
            .finish_non_exhaustive()
    }
}
