//! TLS over an open connection, on the server's side.
//!
//! The caller may prove itself with a certificate of its own. Nobody vouches for it: what counts is
//! that the caller holds its key, so a certificate that was seen before is the same caller again.
//! There is one provider, aws-lc-rs.
//!
//! rustls's types go no further than this file.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;

use crate::tls::fingerprint;

/// Who a server is: its certificate and the key to it. Clones share it.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
    fingerprint: Arc<str>,
}

/// A connection that the peer opened with a TLS handshake.
#[derive(Debug)]
pub struct TlsCall<S> {
    inner: tokio_rustls::server::TlsStream<S>,
}

/// Why a certificate and a key make no server: words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsServerError(String);

impl fmt::Display for TlsServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsServerError {}

impl TlsServer {
    /// A server with this chain of certificates, its own first, and the key to the first; both PEM.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<TlsServer, TlsServerError> {
        let wrong = |what: &str| TlsServerError(what.to_owned());
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| wrong("the certificate is not PEM"))?;
        if chain.is_empty() {
            return Err(wrong("the file of the certificate holds none"));
        }
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| wrong("the file of the key holds none"))?;
        let fingerprint = fingerprint(&chain[0]).into();
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let callers = Arc::new(AnyCertificate::new(&provider));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsServerError(error.to_string()))?
            .with_client_cert_verifier(callers)
            .with_single_cert(chain, key)
            .map_err(|_| wrong("the key does not belong to the certificate"))?;
        // A ticket holds what a resumed session needs, so the server keeps no memory of sessions.
        config.send_tls13_tickets = 1;
        Ok(TlsServer { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint })
    }

    /// The SHA-256 of its own certificate, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.to_string()
    }

    /// Shakes hands with a caller. Safe to cancel: the connection is closed then.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsCall<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        Ok(TlsCall { inner: self.acceptor.accept(stream).await? })
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsServer")
    }
}

impl<S> TlsCall<S> {
    /// The SHA-256 of the certificate that the caller showed, in hexadecimal. The caller holds its
    /// key.
    pub fn fingerprint(&self) -> Option<String> {
        let (_, session) = self.inner.get_ref();
        let certificate = session.peer_certificates()?.first()?;
        Some(fingerprint(certificate))
    }
}

/// Takes any certificate whose key the caller holds; its issuer and dates say nothing here.
#[derive(Debug)]
struct AnyCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyCertificate {
    fn new(provider: &CryptoProvider) -> AnyCertificate {
        AnyCertificate { algorithms: provider.signature_verification_algorithms }
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsCall<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsCall<S> {
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
