//! Whom to believe in TLS, and who we are there: one group of flags for every verb that speaks it.
//!
//! What a failed handshake advises is said here, too, so that it is the same everywhere: advice
//! fits the reason, and an expired certificate is not mended by another authority.
//!
//! Nothing here connects.

use std::path::PathBuf;

use coax_net::{CertificateFault, Tls, TlsError, TlsErrorKind, TlsIdentity, TlsOptions};

use crate::failure::Failure;

/// Whom to believe in TLS.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct TlsArgs {
    /// Trust the certificates in FILE, too
    ///
    /// Authorities, or servers themselves. The machine's own stay trusted. --cacert says the same.
    #[arg(long = "ca", alias = "cacert", value_name = "FILE", conflicts_with_all = ["fingerprint", "insecure"], help_heading = "TLS")]
    authorities: Vec<PathBuf>,
    /// Trust the server with this certificate alone
    ///
    /// HEX is the SHA-256 of the server's certificate, with or without colons. Its issuer, its
    /// dates and its name do not matter then.
    #[arg(long, value_name = "HEX", value_parser = fingerprint, conflicts_with = "insecure", help_heading = "TLS")]
    fingerprint: Option<[u8; 32]>,
    /// Trust any certificate: encrypted, but with anyone
    #[arg(short = 'k', long, help_heading = "TLS")]
    insecure: bool,
    /// Show this certificate to servers that ask (PEM)
    #[arg(long = "cert", value_name = "FILE", help_heading = "TLS")]
    certificate: Option<PathBuf>,
    /// The key to --cert [default: in the same file]
    #[arg(long, value_name = "FILE", requires = "certificate", help_heading = "TLS")]
    key: Option<PathBuf>,
}

impl TlsArgs {
    /// As the library takes them.
    pub(crate) fn options(&self) -> TlsOptions {
        let identity = self.certificate.as_ref().map(|certificate| TlsIdentity {
            certificate: certificate.clone(),
            key: self.key.as_ref().unwrap_or(certificate).clone(),
        });
        TlsOptions {
            authorities: self.authorities.clone(),
            insecure: self.insecure,
            fingerprint: self.fingerprint,
            identity,
            ..TlsOptions::default()
        }
    }

    /// TLS as the flags say. Files that they name are read now, so that a wrong one is told before
    /// anything is sent.
    pub(crate) fn tls(&self) -> Result<Tls, Failure> {
        let tls = Tls::new(self.options());
        if !self.authorities.is_empty() || self.certificate.is_some() {
            tls.load()?;
        }
        Ok(tls)
    }

    /// A flag that was given, for a verb that finds no use for it.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            (!self.authorities.is_empty(), "--ca"),
            (self.fingerprint.is_some(), "--fingerprint"),
            (self.insecure, "--insecure"),
            (self.certificate.is_some(), "--cert"),
        ];
        given.iter().find(|(given, _)| *given).map(|(_, flag)| *flag)
    }
}

/// Adds what helps against `error`, where it is TLS that failed, to the failure it became.
pub(crate) fn advise(failure: Failure, error: Option<&TlsError>) -> Failure {
    match error.and_then(advice) {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

/// What to type where a server wants a certificate.
pub(crate) const SHOW_CERTIFICATE: &str = "--cert FILE --key FILE names the certificate to show";

fn advice(error: &TlsError) -> Option<String> {
    if error.kind() == TlsErrorKind::ClientCertificate {
        return Some(SHOW_CERTIFICATE.to_owned());
    }
    let shown = error.fingerprint()?;
    match error.fault()? {
        CertificateFault::UnknownIssuer => Some(format!(
            "--ca FILE trusts its issuer; --fingerprint {shown} trusts it alone, if its operator confirms it"
        )),
        CertificateFault::OtherFingerprint => Some(format!("it is {shown}; ask its operator")),
        CertificateFault::OtherName => {
            Some(format!("--fingerprint {shown} trusts it alone, if its operator confirms it"))
        }
        _ => None,
    }
}

/// Sixty-four hexadecimal digits, with or without colons between them.
fn fingerprint(text: &str) -> Result<[u8; 32], String> {
    let digits = text.replace(':', "");
    let wrong = || "a SHA-256 has 64 hexadecimal digits".to_owned();
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(wrong());
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}
