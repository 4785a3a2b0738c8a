//! TLS over an open connection, on the client's side.
//!
//! A server is believed if its certificate is for the host that was meant, and signed by the
//! machine's own authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are), or by the
//! bundled ones of the web where the machine has none. There is one provider, aws-lc-rs.
//!
//! rustls's types go no further than this module. Nothing is loaded until TLS is spoken.

mod config;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use coax_addr::Host;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::{Stream, cause_in_words, relay};
use config::Distrust;
pub(crate) use config::fingerprint;

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
    /// A PEM file with authorities that are believed besides the machine's own.
    pub authorities: Option<PathBuf>,
    /// Believes whoever answers: encrypted, but nobody knows with whom.
    pub insecure: bool,
    /// Believes the server whose own certificate has this SHA-256, whoever signed it and whatever
    /// name it is for, and nobody else.
    pub fingerprint: Option<[u8; 32]>,
}

/// A connection whose peer has proved who it is.
#[derive(Debug)]
pub struct TlsStream {
    inner: tokio_rustls::client::TlsStream<Stream>,
}

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    host: String,
    kind: TlsErrorKind,
    why: String,
    fingerprint: Option<String>,
}

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// The certificate is not believed.
    Untrusted,
    /// The peer speaks something else, or refuses to speak with us.
    Protocol,
    /// The connection broke.
    Connection,
    /// This machine cannot speak it, or not with a host of such a name.
    Machine,
}

impl TlsError {
    fn new(host: &Host, kind: TlsErrorKind, why: impl Into<String>) -> TlsError {
        TlsError { host: host.to_string(), kind, why: why.into(), fingerprint: None }
    }

    /// Who is at fault.
    pub fn kind(&self) -> TlsErrorKind {
        self.kind
    }

    /// The SHA-256 of the certificate that was not believed, in hexadecimal.
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// The cause alone.
    pub fn cause(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot speak TLS with {}: {}", self.host, self.why)
    }
}

impl std::error::Error for TlsError {}

impl Tls {
    /// TLS with these choices. Nothing is loaded yet, so a file that cannot be read is found out by
    /// [`Tls::connect`].
    pub fn new(options: TlsOptions) -> Tls {
        Tls { options: Arc::new(options), built: Arc::default() }
    }

    /// Shakes hands over `stream` with `host`, which the certificate has to be for. Safe to
    /// cancel: the connection is closed then.
    pub async fn connect(&self, stream: Stream, host: &Host) -> Result<TlsStream, TlsError> {
        let machine = |why: String| TlsError::new(host, TlsErrorKind::Machine, why);
        let name = server_name(host).map_err(machine)?;
        let connector = TlsConnector::from(self.config().map_err(machine)?);
        match connector.connect(name, stream).await {
            Ok(inner) => Ok(TlsStream { inner }),
            Err(error) => {
                let (kind, why) = trouble(&error);
                let fingerprint = shown(&error);
                Err(TlsError { fingerprint, ..TlsError::new(host, kind, why) })
            }
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
    // A certificate has no dot at the end of its names.
    let name = name.strip_suffix('.').unwrap_or(name).to_owned();
    ServerName::try_from(name).map_err(|_| "no certificate can be for such a name".to_owned())
}

fn trouble(error: &io::Error) -> (TlsErrorKind, String) {
    if let Some((kind, why)) = error.get_ref().and_then(tls_cause) {
        return (kind, why.to_owned());
    }
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "closed during the TLS handshake".to_owned(),
        _ => cause_in_words(error),
    };
    (TlsErrorKind::Connection, why)
}

/// The SHA-256 of the certificate that was not believed.
fn shown(error: &io::Error) -> Option<String> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(bad) => Some(Distrust::of(bad)?.fingerprint.clone()),
        _ => None,
    }
}

/// Why TLS failed, in words, for whoever speaks it through another library of the same provider.
/// `None` where `error` is none of TLS.
pub fn tls_cause(
    error: &(dyn std::error::Error + Send + Sync + 'static),
) -> Option<(TlsErrorKind, &'static str)> {
    use TlsErrorKind::{Machine, Protocol, Untrusted};
    use rustls::Error as Why;
    Some(match error.downcast_ref::<Why>()? {
        Why::InvalidCertificate(bad) => (Untrusted, distrust(bad)),
        Why::NoCertificatesPresented => (Untrusted, "it has no certificate"),
        Why::AlertReceived(_) => (Protocol, "it refused the TLS handshake"),
        Why::InvalidMessage(_) => (Protocol, "what it speaks is not TLS"),
        Why::PeerIncompatible(_) => (Protocol, "it speaks no version of TLS that is safe"),
        Why::FailedToGetCurrentTime => (Machine, "this machine does not know the time"),
        _ => (Protocol, "the TLS handshake failed"),
    })
}

fn distrust(bad: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as Bad;
    if let Some(distrusted) = Distrust::of(bad) {
        return distrust(&distrusted.why);
    }
    match bad {
        Bad::ApplicationVerificationFailure => "its certificate has another fingerprint",
        Bad::Expired | Bad::ExpiredContext { .. } => "its certificate has expired",
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "its certificate is not valid yet",
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        Bad::UnknownIssuer => "nobody this machine trusts signed its certificate",
        Bad::Revoked => "its certificate was revoked",
        // webpki's word for an authority that is used as a server: how openssl signs by default.
        Bad::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is an authority's, not a server's, as self-signed ones often are"
        }
        _ => "its certificate is not valid",
    }
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
        assert!(name(Host::Name("bücher".into())).is_err());
    }
}
