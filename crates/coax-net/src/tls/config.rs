//! What rustls is told before it speaks: who is believed, and what is spoken inside.
//!
//! The machine's own authorities are believed, those of the web where it has none, and those of a
//! file that the caller names besides. Nothing is believed without a signature that fits.
//!
//! Nothing here opens a connection.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

use super::error::is_authority;
use super::{ASKED, TlsIdentity, TlsOptions};
use crate::cause_in_words;

/// Loads what `options` name; the error is in words.
pub(super) fn build(options: &TlsOptions) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let algorithms = provider.signature_verification_algorithms;
    let belief = match (options.insecure, options.fingerprint) {
        (true, _) => Belief::Anybody,
        (false, Some(fingerprint)) => Belief::Pinned(fingerprint),
        (false, None) => {
            let (roots, trusted) = trusted(&options.authorities)?;
            Belief::signed(roots, trusted, provider)?
        }
    };
    let verifier = Arc::new(Verifier { belief, algorithms });
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match &options.identity {
        Some(identity) => {
            let (chain, key) = load(identity)?;
            builder.with_client_auth_cert(chain, key).map_err(|_| {
                let TlsIdentity { certificate, key } = identity;
                let (certificate, key) = (certificate.display(), key.display());
                format!("the key in {key} does not belong to the certificate in {certificate}")
            })?
        }
        None => builder.with_client_cert_resolver(Arc::new(NoIdentity)),
    };
    config.alpn_protocols.clone_from(&options.protocols);
    Ok(Arc::new(config))
}

/// Whom a client believes that trusts these issuers, and these certificates themselves. For whoever
/// speaks TLS through another library of the same provider.
///
/// # Errors
///
/// There is no issuer.
pub fn certificate_verifier(
    roots: RootCertStore,
    trusted: Vec<CertificateDer<'static>>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let belief = Belief::signed(roots, trusted, provider)?;
    Ok(Arc::new(Verifier { belief, algorithms }))
}

/// The machine's certificates, those of the web where it has none, and those in `files`; as
/// issuers, and as they are.
fn trusted(files: &[PathBuf]) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let mut roots = RootCertStore::empty();
    let mut all = rustls_native_certs::load_native_certs().certs;
    // Some machines hold a certificate that cannot be read; the others still count.
    let (mine, _) = roots.add_parsable_certificates(all.iter().cloned());
    if mine == 0 {
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    for file in files {
        let why = |why: String| format!("cannot use the authorities in {}: {why}", file.display());
        let more = certificates(file).map_err(why)?;
        if roots.add_parsable_certificates(more.iter().cloned()).0 == 0 {
            return Err(why("it has no certificate in PEM".to_owned()));
        }
        all.extend(more);
    }
    Ok((roots, all))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn load(identity: &TlsIdentity) -> Result<Identity, String> {
    let TlsIdentity { certificate, key } = identity;
    let why =
        |why: String| format!("cannot use the certificate in {}: {why}", certificate.display());
    let chain = certificates(certificate).map_err(why)?;
    if chain.is_empty() {
        return Err(why("it has no certificate in PEM".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
        let why = match error {
            pem::Error::Io(error) => cause_in_words(&error),
            // What a key needs a password for is PEM, too, but no key that can be used.
            _ => "it has no key in PEM without a password".to_owned(),
        };
        format!("cannot use the key in {}: {why}", key.display())
    })?;
    Ok((chain, key))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let in_words = |error| match error {
        pem::Error::Io(error) => cause_in_words(&error),
        _ => "it is not PEM".to_owned(),
    };
    let found = CertificateDer::pem_file_iter(file).map_err(in_words)?;
    found.collect::<Result<_, _>>().map_err(in_words)
}

/// The SHA-256 of a certificate, in hexadecimal.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let hash = digest::digest(&digest::SHA256, certificate);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
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
        let distrust = Arc::new(Distrust { why, fingerprint: fingerprint(certificate) });
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(distrust)))
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl std::error::Error for Distrust {}

/// Who is believed. Whoever it is, what the peer signs must fit the certificate.
#[derive(Debug)]
struct Verifier {
    belief: Belief,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Belief {
    /// Whoever somebody trusted has signed, or who is trusted itself, for the name that was
    /// dialled.
    Signed {
        by: Arc<WebPkiServerVerifier>,
        trusted: Vec<CertificateDer<'static>>,
    },
    /// Whoever shows the certificate with this SHA-256, whatever it says.
    Pinned([u8; 32]),
    Anybody,
}

impl Belief {
    fn signed(
        roots: RootCertStore,
        trusted: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Belief, String> {
        let by = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Belief::Signed { by: by.map_err(|error| error.to_string())?, trusted })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let hash = || digest::digest(&digest::SHA256, certificate);
        let verified = match &self.belief {
            Belief::Anybody => Ok(ServerCertVerified::assertion()),
            Belief::Pinned(wanted) if hash().as_ref() == wanted => {
                Ok(ServerCertVerified::assertion())
            }
            Belief::Pinned(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Belief::Signed { by, trusted } => {
                let signed = by.verify_server_cert(certificate, others, name, stapled, now);
                signed.or_else(|error| itself_trusted(error, trusted, certificate, name))
            }
        };
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
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// A certificate that is trusted itself needs no signature of another. webpki looks at the dates
/// before it looks for an issuer, so where one of these two is the error, the dates are right.
fn itself_trusted(
    error: rustls::Error,
    trusted: &[CertificateDer<'_>],
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
) -> Result<ServerCertVerified, rustls::Error> {
    match &error {
        rustls::Error::InvalidCertificate(bad)
            if (*bad == CertificateError::UnknownIssuer || is_authority(bad))
                && trusted.contains(certificate) =>
        {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            Ok(ServerCertVerified::assertion())
        }
        _ => Err(error),
    }
}

/// Has no certificate to show, and remembers that one was asked for.
#[derive(Debug)]
struct NoIdentity;

impl ResolvesClientCert for NoIdentity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        ASKED.set(true);
        None
    }

    fn has_certs(&self) -> bool {
        // With false the question is not even put.
        true
    }
}
