//! What rustls is told before it speaks: who is believed, and what is spoken inside.
//!
//! The machine's own authorities are believed, those of the web where it has none, and those of a
//! file that the caller names besides. Nothing is believed without a signature that fits.
//!
//! Nothing here opens a connection.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

use super::TlsOptions;
use crate::cause_in_words;

/// Loads what `options` name; the error is in words.
pub(super) fn build(options: &TlsOptions) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let verifier: Arc<dyn ServerCertVerifier> = match (options.insecure, options.fingerprint) {
        (true, _) => Arc::new(Anybody(provider)),
        (false, Some(fingerprint)) => Arc::new(Pinned { provider, fingerprint }),
        (false, None) => {
            let roots = Arc::new(roots(options.authorities.as_deref())?);
            let signed = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            Arc::new(Signed(signed.map_err(|error| error.to_string())?))
        }
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols.clone_from(&options.protocols);
    Ok(Arc::new(config))
}

fn roots(authorities: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // Some machines hold a certificate that cannot be read; the others still count.
    let (mine, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if mine == 0 {
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    if let Some(file) = authorities {
        let why = |why: String| format!("cannot use the authorities in {}: {why}", file.display());
        let (added, _) = roots.add_parsable_certificates(certificates(file).map_err(why)?);
        if added == 0 {
            return Err(why("it has no certificate in PEM".to_owned()));
        }
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let in_words = |error| match error {
        pem::Error::Io(error) => cause_in_words(&error),
        _ => "it is not PEM".to_owned(),
    };
    let found = CertificateDer::pem_file_iter(file).map_err(in_words)?;
    found.collect::<Result<_, _>>().map_err(in_words)
}

/// Why a certificate is not believed, and which one it is.
#[derive(Debug)]
pub(super) struct Distrust {
    pub(super) why: CertificateError,
    /// SHA-256, in hexadecimal.
    pub(super) fingerprint: String,
}

impl Distrust {
    /// The one inside of an error of rustls.
    pub(super) fn of(bad: &CertificateError) -> Option<&Distrust> {
        match bad {
            CertificateError::Other(OtherError(inner)) => inner.downcast_ref(),
            _ => None,
        }
    }

    fn error(why: CertificateError, certificate: &CertificateDer<'_>) -> rustls::Error {
        let hash = digest::digest(&digest::SHA256, certificate);
        let fingerprint = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let distrust = Arc::new(Distrust { why, fingerprint });
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(distrust)))
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl std::error::Error for Distrust {}

/// Believes what somebody it trusts has signed.
#[derive(Debug)]
struct Signed(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Signed {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.0.verify_server_cert(certificate, others, name, stapled, now);
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(why) => Distrust::error(why, certificate),
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Believes one certificate, whatever it says; what the peer signs must fit it.
#[derive(Debug)]
struct Pinned {
    provider: Arc<CryptoProvider>,
    fingerprint: [u8; 32],
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match digest::digest(&digest::SHA256, certificate).as_ref() == self.fingerprint {
            true => Ok(ServerCertVerified::assertion()),
            false => {
                let why = CertificateError::ApplicationVerificationFailure;
                Err(Distrust::error(why, certificate))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes every certificate, for whatever name; what the peer signs must still fit it.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
