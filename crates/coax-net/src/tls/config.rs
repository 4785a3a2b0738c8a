//! What rustls is told before it speaks: who is believed, and what is spoken inside.
//!
//! The machine's own authorities are believed, those of the web where it has none, and those of a
//! file that the caller names besides. Nothing is believed without a signature that fits.
//!
//! Nothing here opens a connection.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::TlsOptions;
use crate::cause_in_words;

/// Loads what `options` name; the error is in words.
pub(super) fn build(options: &TlsOptions) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = match options.insecure {
        true => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        false => builder.with_root_certificates(roots(options.authorities.as_deref())?),
    }
    .with_no_client_auth();
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
