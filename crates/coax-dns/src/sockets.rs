//! hickory's view of the machine: it opens nothing itself and gets its TCP connections here.
//!
//! A connection is `coax-net`'s, so it is narrated, has a deadline, and says in words why there is
//! none.
//!
//! What travels through it is the caller's business. UDP has its own way, in `udp`.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use coax_addr::{Endpoint, Host, Options, Place, Transport};
use coax_net::{AttemptOutcome, Dial, DialError, Stream, SystemResolver};
use hickory_net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_net::runtime::{RuntimeProvider, TokioHandle, TokioTime};
use tokio::net::UdpSocket;

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum NoConnection {
    NoAnswer,
    /// In words.
    Failed(String),
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoConnection::NoAnswer => f.write_str("no answer in time"),
            NoConnection::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NoConnection {}

impl From<DialError> for NoConnection {
    /// The server is an address, so there was one attempt at most.
    fn from(error: DialError) -> NoConnection {
        match error.report().attempts.first().map(|attempt| &attempt.outcome) {
            Some(AttemptOutcome::Failed(error)) => NoConnection::Failed(error.cause()),
            Some(AttemptOutcome::NoAnswer) => NoConnection::NoAnswer,
            _ => NoConnection::Failed(error.to_string()),
        }
    }
}

pub(crate) async fn connect(
    server: SocketAddr,
    patience: Duration,
) -> Result<Stream, NoConnection> {
    let host = match server {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => {
            Host::Zoned { address: *v6.ip(), zone: v6.scope_id().to_string() }
        }
        other => Host::Ip(other.ip()),
    };
    let (transport, port, path) = (Transport::Tcp, server.port(), String::new());
    let options = Options { nodelay: Some(true), ..Options::default() };
    let endpoint = Endpoint { place: Place::Net { transport, host, port, path }, options };
    // An address has no name to resolve: the resolver is never asked.
    let resolver = SystemResolver::default();
    let dial = Dial { timeout: Some(patience), ..Dial::new(&resolver) };
    let dialed = dial.connect(&endpoint).await?;
    Stream::new(dialed.socket, dialed.peer).map_err(|error| NoConnection::Failed(error.cause()))
}

/// Opens connections, each for at most so long.
#[derive(Clone)]
pub(crate) struct Machine {
    handle: TokioHandle,
    patience: Duration,
}

impl Machine {
    pub(crate) fn new(patience: Duration) -> Machine {
        Machine { handle: TokioHandle::default(), patience }
    }
}

impl RuntimeProvider for Machine {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = UdpSocket;
    type Tcp = AsyncIoTokioAsStd<Stream>;

    fn create_handle(&self) -> TokioHandle {
        self.handle.clone()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        _from: Option<SocketAddr>,
        _hickorys_own: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        let patience = self.patience;
        Box::pin(async move {
            connect(server, patience).await.map(AsyncIoTokioAsStd).map_err(io::Error::other)
        })
    }

    /// Never asked for: `udp` has its own way.
    fn bind_udp(
        &self,
        _local: SocketAddr,
        _server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<UdpSocket>>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
}
