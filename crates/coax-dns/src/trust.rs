//! Which certificates are believed.
//!
//! The machine's own authorities, or the bundled ones of the web where the machine has none, and
//! files of the user's choice on top. There is one provider, aws-lc-rs, named at every turn so
//! that no other can slip in.
//!
//! rustls's types go no further than this crate. Nothing is loaded until TLS is spoken.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use coax_net::certificate_verifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Whose word is taken for a server's name.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    extra: Vec<CertificateDer<'static>>,
    built: Arc<OnceLock<(Arc<ClientConfig>, TrustSource)>>,
}

/// Where the authorities came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustSource {
    /// The machine's own.
    Machine,
    /// The machine has none: Mozilla's, as bundled.
    Bundled,
}

/// Why a file of authorities cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustError {
    file: PathBuf,
    reason: String,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot take authorities from {}: {}", self.file.display(), self.reason)
    }
}

impl std::error::Error for TrustError {}

impl Trust {
    /// The machine's authorities and those in `files` (PEM).
    pub fn with_files(files: &[PathBuf]) -> Result<Trust, TrustError> {
        let mut trust = Trust::default();
        for file in files {
            let read = read_pem(file);
            let found = read.map_err(|reason| TrustError { file: file.clone(), reason })?;
            trust.extra.extend(found);
        }
        Ok(trust)
    }

    /// Where the authorities came from, once they were needed.
    pub fn source(&self) -> Option<TrustSource> {
        self.built.get().map(|(_, source)| *source)
    }

    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some((config, _)) = self.built.get() {
            return Ok(config.clone());
        }
        let built = self.build()?;
        Ok(self.built.get_or_init(|| built).0.clone())
    }

    fn build(&self) -> Result<(Arc<ClientConfig>, TrustSource), String> {
        let mut roots = RootCertStore::empty();
        let mut trusted = rustls_native_certs::load_native_certs().certs;
        // Some machines hold a certificate that cannot be read; the others still count.
        let (mine, _) = roots.add_parsable_certificates(trusted.iter().cloned());
        let source = if mine > 0 { TrustSource::Machine } else { TrustSource::Bundled };
        if source == TrustSource::Bundled {
            roots.add_parsable_certificates(
                webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned(),
            );
        }
        roots.add_parsable_certificates(self.extra.iter().cloned());
        trusted.extend(self.extra.iter().cloned());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(certificate_verifier(roots, trusted)?)
            .with_no_client_auth();
        Ok((Arc::new(config), source))
    }
}

fn read_pem(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = std::fs::read(file).map_err(|error| coax_net::cause_in_words(&error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|_| "it is not PEM".to_owned())?;
    let mut probe = RootCertStore::empty();
    match probe.add_parsable_certificates(found.iter().cloned()) {
        (0, _) => Err("it holds no certificate".to_owned()),
        (_, 0) => Ok(found),
        _ => Err("a certificate in it cannot be read".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_says_so() {
        let error = Trust::with_files(&["/dev/null".into()]).unwrap_err().to_string();
        assert_eq!(error, "cannot take authorities from /dev/null: it holds no certificate");
        assert!(Trust::with_files(&["/nonexistent/ca.pem".into()]).is_err());
    }

    #[test]
    fn the_configuration_is_built_once_and_says_where_it_came_from() {
        let trust = Trust::default();
        assert_eq!(trust.source(), None);
        let config = trust.config().unwrap();
        assert!(Arc::ptr_eq(&config, &trust.config().unwrap()));
        assert!(trust.source().is_some());
    }
}
