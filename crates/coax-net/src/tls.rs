//! TLS over an open connection, on the client's side.
//!
//! A server is believed if its certificate is for the host that was meant, and signed by the
//! machine's own authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are), or by the
//! bundled ones of the web where the machine has none. There is one provider, aws-lc-rs.
//!
//! rustls's types go no further than this module. Nothing is loaded until TLS is spoken.

mod config;
mod error;

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use coax_addr::Host;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::{Stream, ascii_host_name, relay};
pub use config::certificate_verifier;
pub(crate) use config::fingerprint;
pub use error::{CertificateFault, TlsError, TlsErrorKind, tls_cause};

/// How TLS is spoken by a client. Clones share what was loaded.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    options: Arc<TlsOptions>,
    built: Arc<OnceLock<Arc<ClientConfig>>>,
}

/// What a client may choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// What may be spoken inside, dearest first (ALPN, RFC 7301): `h2`, `http/1.1`. Empty leaves it
    /// unsaid.
    pub protocols: Vec<Vec<u8>>,
    /// PEM files with certificates that are trusted besides the machine's own: authorities, or
    /// servers themselves.
    pub authorities: Vec<PathBuf>,
    /// Believes whoever answers: encrypted, but nobody knows with whom.
    pub insecure: bool,
    /// Believes the server whose own certificate has this SHA-256, whoever signed it and whatever
    /// name it is for, and nobody else.
    pub fingerprint: Option<[u8; 32]>,
    /// Who the client is, for servers that ask.
    pub identity: Option<TlsIdentity>,
}

/// Where the client's own certificate and its key are, both in PEM. One file may hold both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The chain, the client's own certificate first.
    pub certificate: PathBuf,
    /// The key to the first certificate.
    pub key: PathBuf,
}

/// A connection whose peer has proved who it is.
#[derive(Debug)]
pub struct TlsStream {
    inner: tokio_rustls::client::TlsStream<Stream>,
    wants_certificate: bool,
}

thread_local! {
    /// Whether the handshake that is polled now had a request for a certificate that there is none
    /// for. The library that is underneath asks for one in the middle of its poll.
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

impl Tls {
    /// TLS with these choices. Nothing is loaded yet, so a file that cannot be read is found out by
    /// [`Tls::connect`].
    pub fn new(options: TlsOptions) -> Tls {
        Tls { options: Arc::new(options), built: Arc::default() }
    }

    /// Loads the files that the choices name. [`Tls::connect`] does so itself; a caller that wants
    /// to know before it connects calls this.
    ///
    /// # Errors
    ///
    /// A file cannot be read or is of no use. No host stands in the error.
    pub fn load(&self) -> Result<(), TlsError> {
        self.config().map(drop).map_err(TlsError::machine)
    }

    /// Shakes hands over `stream` with `host`, which the certificate has to be for. Safe to
    /// cancel: the connection is closed then.
    pub async fn connect(&self, stream: Stream, host: &Host) -> Result<TlsStream, TlsError> {
        let name = server_name(host).map_err(|why| TlsError::machine(why).with(host))?;
        let connector = TlsConnector::from(self.config().map_err(TlsError::machine)?);
        let mut shaking = pin!(connector.connect(name, stream));
        let mut asked = false;
        let shaken = poll_fn(|context| {
            ASKED.set(false);
            let polled = shaking.as_mut().poll(context);
            asked |= ASKED.get();
            polled
        });
        match shaken.await {
            Ok(inner) => Ok(TlsStream { inner, wants_certificate: asked }),
            Err(error) => Err(TlsError::of_handshake(&error, asked).with(host)),
        }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(config) = self.built.get() {
            return Ok(config.clone());
        }
        let built = config::build(&self.options)?;
        Ok(self.built.get_or_init(|| built).clone())
    }
}

impl TlsStream {
    /// What was agreed to be spoken inside, of what [`TlsOptions::protocols`] offered.
    pub fn protocol(&self) -> Option<&[u8]> {
        self.inner.get_ref().1.alpn_protocol()
    }

    /// What it is spoken over.
    pub fn connection(&self) -> &Stream {
        self.inner.get_ref().0
    }

    /// Whether the peer asked for a certificate of this client, which has none. It may end the
    /// connection for that, or answer without.
    pub fn wants_certificate(&self) -> bool {
        self.wants_certificate
    }

    /// Says goodbye in TLS (`close_notify`) and in TCP, then closes as [`crate::close`] does.
    pub async fn close(mut self, grace: Duration) {
        // A peer that does not read keeps nobody.
        let _ = timeout(grace, self.inner.shutdown()).await;
        relay::close(self.inner.into_inner().0, grace).await;
    }
}

/// Who the certificate has to be for. Nothing, or `*`, was this machine.
fn server_name(host: &Host) -> Result<ServerName<'static>, String> {
    let name = match host {
        Host::Any => "localhost",
        Host::Ip(ip) => return Ok(ServerName::from(*ip)),
        Host::Zoned { address, .. } => return Ok(ServerName::from(IpAddr::V6(*address))),
        Host::Name(name) => name,
    };
    let name = ascii_host_name(name).unwrap_or(name.into());
    // A certificate has no dot at the end of its names.
    let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
    ServerName::try_from(name).map_err(|_| "no certificate can be for such a name".to_owned())
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_for_a_name_or_an_address() {
        let name = |host| server_name(&host).map(|name| name.to_str().into_owned());
        assert_eq!(name(Host::Name("db.".into())), Ok("db".into()));
        assert_eq!(name(Host::Any), Ok("localhost".into()));
        assert_eq!(name(Host::Ip(IpAddr::from([127, 0, 0, 1]))), Ok("127.0.0.1".into()));
        assert_eq!(name(Host::Name("bücher".into())), Ok("xn--bcher-kva".into()));
        assert!(name(Host::Name("a!b".into())).is_err());
    }
}
