//! Questions and answers over a connection: TCP, TLS, HTTPS.
//!
//! One connection per server carries many questions at once. It is opened when first needed, and
//! once more when the server closed it between two questions.
//!
//! hickory-net speaks the protocols; the connections come from `sockets`. How long to wait is
//! the caller's business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_net::h2::HttpsClientStream;
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, Message};
use hickory_net::tcp::TcpClientStream;
use hickory_net::tls::tls_exchange;
use hickory_net::xfer::{DnsExchange, FirstAnswer};
use hickory_net::{DnsHandle, NetError};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::sync::{Mutex, Semaphore};

use crate::AskErrorKind;
use crate::sockets::{Machine, NoConnection};

/// hickory refuses more than 32 questions waiting to be sent; a few less leave it room.
const AT_ONCE: usize = 24;
/// Only a bound for what hickory keeps: each asker brings a shorter deadline.
const LONGEST: Duration = Duration::from_secs(300);

/// What is spoken over the connection.
#[derive(Debug)]
pub(crate) enum Way {
    Tcp,
    Tls { name: ServerName<'static>, config: Arc<ClientConfig> },
    Https { name: Arc<str>, path: Arc<str>, config: Arc<ClientConfig> },
}

/// One server, asked over a connection.
pub(crate) struct Stream {
    server: SocketAddr,
    way: Way,
    /// Holds the tasks that serve the connection: without it they end.
    machine: Machine,
    open: Mutex<Option<DnsExchange<Machine>>>,
    turns: Semaphore,
}

impl Stream {
    /// Opens nothing yet; connecting will take at most `patience`.
    pub(crate) fn new(server: SocketAddr, way: Way, patience: Duration) -> Stream {
        let (machine, open) = (Machine::new(patience), Mutex::new(None));
        Stream { server, way, machine, open, turns: Semaphore::new(AT_ONCE) }
    }

    /// The bytes of the answer, or why there is none.
    pub(crate) async fn ask(&self, message: Message) -> Result<Vec<u8>, AskErrorKind> {
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        let (exchange, fresh) = self.exchange(false).await?;
        match send(&exchange, message.clone()).await {
            Err(error) if !fresh && is_closed(&error) => {
                let (exchange, _) = self.exchange(true).await?;
                send(&exchange, message).await.map_err(in_words)
            }
            outcome => outcome.map_err(in_words),
        }
    }

    /// The connection, and whether it was opened for this call.
    async fn exchange(&self, renew: bool) -> Result<(DnsExchange<Machine>, bool), AskErrorKind> {
        let mut open = self.open.lock().await;
        if let Some(exchange) = open.as_ref().filter(|_| !renew) {
            return Ok((exchange.clone(), false));
        }
        *open = None;
        let exchange = self.connect().await.map_err(in_words)?;
        Ok((open.insert(exchange).clone(), true))
    }

    async fn connect(&self) -> Result<DnsExchange<Machine>, NetError> {
        let (server, machine) = (self.server, self.machine.clone());
        match &self.way {
            Way::Tcp => {
                TcpClientStream::exchange(server, None, LONGEST, Some(AT_ONCE * 2), machine).await
            }
            Way::Tls { name, config } => {
                let config = config.as_ref().clone();
                let name = name.clone();
                tls_exchange(server, name, config, LONGEST, Some(AT_ONCE * 2), machine).await
            }
            Way::Https { name, path, config } => {
                let https = HttpsClientStream::builder(config.clone(), machine);
                https.exchange(server, name.clone(), path.clone()).await
            }
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("server", &self.server).field("way", &self.way).finish()
    }
}

async fn send(exchange: &DnsExchange<Machine>, message: Message) -> Result<Vec<u8>, NetError> {
    let request = DnsRequest::new(message, DnsRequestOptions::default());
    Ok(exchange.send(request).first_answer().await?.into_buffer())
}

/// The server closed an idle connection, as it may at any time (RFC 7766 §6.2.3).
fn is_closed(error: &NetError) -> bool {
    // hickory has no variant for its own task that ended with the connection.
    error.is_connection_closed() || matches!(error, NetError::Message(_) | NetError::Msg(_))
}

fn in_words(error: NetError) -> AskErrorKind {
    match &error {
        NetError::Timeout => AskErrorKind::TimedOut,
        NetError::Io(io) => io_in_words(io),
        NetError::RustlsError(tls) => {
            let why = coax_net::tls_cause(tls).map_or("the TLS handshake failed", |(_, why)| why);
            AskErrorKind::Untrusted(why.to_owned())
        }
        NetError::Proto(_) => AskErrorKind::Malformed("the answer cannot be read".to_owned()),
        NetError::RequestTooLarge => AskErrorKind::Malformed("the answer is too long".to_owned()),
        NetError::H2(h2) if !h2.is_io() => {
            AskErrorKind::Malformed("it broke the rules of HTTP/2".to_owned())
        }
        NetError::Msg(text) => message_in_words(text),
        _ => AskErrorKind::Unreachable("the connection was closed".to_owned()),
    }
}

fn io_in_words(error: &std::io::Error) -> AskErrorKind {
    let inner = error.get_ref();
    if let Some((_, why)) = inner.and_then(coax_net::tls_cause) {
        return AskErrorKind::Untrusted(why.to_owned());
    }
    match inner.and_then(|inner| inner.downcast_ref::<NoConnection>()) {
        Some(NoConnection::NoAnswer) => AskErrorKind::TimedOut,
        Some(NoConnection::Failed(why)) => AskErrorKind::Unreachable(why.clone()),
        None if error.kind() == std::io::ErrorKind::TimedOut => AskErrorKind::TimedOut,
        // Only hickory's own errors are text: the connection ended before the answer did.
        None if inner.is_some() => {
            AskErrorKind::Unreachable("the connection was closed".to_owned())
        }
        None => AskErrorKind::Unreachable(coax_net::cause_in_words(error)),
    }
}

/// hickory tells HTTP's failures as text.
fn message_in_words(text: &str) -> AskErrorKind {
    if let Some(rest) = text.strip_prefix("http unsuccessful code: ") {
        let code: String = rest.chars().take_while(char::is_ascii_digit).collect();
        return AskErrorKind::Unreachable(format!("it answered HTTP {code}"));
    }
    if text.starts_with("ContentType") || text.starts_with("bad headers") {
        return AskErrorKind::Malformed("what it sent is not a DNS message".to_owned());
    }
    AskErrorKind::Unreachable("the connection was closed".to_owned())
}
