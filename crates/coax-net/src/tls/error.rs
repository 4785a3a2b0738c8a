//! Why there is no TLS, in words and for programs.
//!
//! A certificate that is not believed has one reason here, so that advice fits it: what helps
//! against an unknown issuer does not help against an expired date.
//!
//! Nothing here speaks TLS.

use std::fmt;
use std::io;

use coax_addr::Host;
use rustls::{AlertDescription, CertificateError, Error as Why};

use super::config::Distrust;
use crate::cause_in_words;

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// Empty where no host is to blame.
    host: String,
    kind: TlsErrorKind,
    why: String,
    fault: Option<CertificateFault>,
    fingerprint: Option<String>,
}

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// The certificate is not believed.
    Untrusted,
    /// The peer wants a certificate of this client: it got none, or does not believe it.
    ClientCertificate,
    /// The peer speaks something else, or refuses to speak with us.
    Protocol,
    /// The connection broke.
    Connection,
    /// This machine cannot speak it, or not with a host of such a name.
    Machine,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Its issuer is not known here; it may be its own.
    UnknownIssuer,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotValidYet,
    /// It is for another name.
    OtherName,
    /// It is not the one that was named by its fingerprint.
    OtherFingerprint,
    /// Something else: revoked, or malformed.
    Other,
}

impl TlsError {
    /// This machine cannot speak it.
    pub(super) fn machine(why: String) -> TlsError {
        TlsError::new(TlsErrorKind::Machine, why)
    }

    /// What TLS says of a connection that broke behind the handshake; `None` where TLS is not why.
    /// In TLS 1.3 a server that wants a certificate says so only then.
    pub fn of(error: &io::Error) -> Option<TlsError> {
        let (kind, why) = error.get_ref().and_then(tls_cause)?;
        Some(TlsError::new(kind, why))
    }

    /// A handshake failed; `asked` says whether a certificate was asked for that there is not.
    pub(super) fn of_handshake(error: &io::Error, asked: bool) -> TlsError {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Why>());
        let failed = match inner {
            // TLS 1.2 has no alert of its own for this.
            Some(Why::AlertReceived(_)) if asked => {
                TlsError::new(TlsErrorKind::ClientCertificate, WANTS_CERTIFICATE)
            }
            Some(error) => {
                let (kind, why) = cause(error);
                TlsError::new(kind, why)
            }
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                TlsError::new(TlsErrorKind::Connection, "closed during the TLS handshake")
            }
            None => TlsError::new(TlsErrorKind::Connection, cause_in_words(error)),
        };
        match inner {
            Some(Why::InvalidCertificate(bad)) => {
                let fingerprint = Distrust::of(bad).map(|bad| bad.fingerprint.clone());
                TlsError { fault: Some(fault(bad)), fingerprint, ..failed }
            }
            _ => failed,
        }
    }

    /// The same, at this host.
    pub(super) fn with(self, host: &Host) -> TlsError {
        TlsError { host: host.to_string(), ..self }
    }

    fn new(kind: TlsErrorKind, why: impl Into<String>) -> TlsError {
        TlsError { host: String::new(), kind, why: why.into(), fault: None, fingerprint: None }
    }

    /// Who is at fault.
    pub fn kind(&self) -> TlsErrorKind {
        self.kind
    }

    /// What is wrong with the certificate, where that is why.
    pub fn fault(&self) -> Option<CertificateFault> {
        self.fault
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
        if self.host.is_empty() {
            f.write_str(&self.why)
        } else {
            write!(f, "cannot speak TLS with {}: {}", self.host, self.why)
        }
    }
}

impl std::error::Error for TlsError {}

const WANTS_CERTIFICATE: &str = "it wants a certificate of its client, and got none";

/// Why TLS failed, in words, for a caller that speaks it through another library of the same
/// provider. `None` where `error` is none of TLS.
pub fn tls_cause(
    error: &(dyn std::error::Error + Send + Sync + 'static),
) -> Option<(TlsErrorKind, &'static str)> {
    error.downcast_ref().map(cause)
}

fn cause(error: &Why) -> (TlsErrorKind, &'static str) {
    use TlsErrorKind::{Machine, Protocol, Untrusted};
    match error {
        Why::InvalidCertificate(bad) => (Untrusted, distrust(bad)),
        Why::NoCertificatesPresented => (Untrusted, "it has no certificate"),
        Why::AlertReceived(alert) => refused(*alert),
        Why::InvalidMessage(_) => (Protocol, "what it speaks is not TLS"),
        Why::PeerIncompatible(_) => (Protocol, "it speaks no version of TLS that is safe"),
        Why::FailedToGetCurrentTime => (Machine, "this machine does not know the time"),
        _ => (Protocol, "the TLS handshake failed"),
    }
}

/// What the peer's last word means (RFC 8446 §6.2).
fn refused(alert: AlertDescription) -> (TlsErrorKind, &'static str) {
    use AlertDescription as Alert;
    use TlsErrorKind::{ClientCertificate, Protocol};
    match alert {
        Alert::CertificateRequired => (ClientCertificate, WANTS_CERTIFICATE),
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA => (ClientCertificate, "it does not trust this client's certificate"),
        Alert::ProtocolVersion => (Protocol, "it speaks no version of TLS that is safe"),
        Alert::UnrecognisedName => (Protocol, "it refused TLS: it serves no such name"),
        Alert::NoApplicationProtocol => (Protocol, "it refused TLS: it speaks no such protocol"),
        _ => (Protocol, "it refused the TLS handshake"),
    }
}

fn distrust(bad: &CertificateError) -> &'static str {
    use CertificateError as Bad;
    match reason(bad) {
        Bad::ApplicationVerificationFailure => "its certificate has another fingerprint",
        Bad::Expired | Bad::ExpiredContext { .. } => "its certificate has expired",
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "its certificate is not valid yet",
        Bad::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "its certificate names no host (it has no subjectAltName)"
        }
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        Bad::UnknownIssuer => "nobody this machine trusts signed its certificate",
        Bad::Revoked => "its certificate was revoked",
        other if is_authority(other) => {
            "its certificate is an authority's, not a server's, as self-signed ones often are"
        }
        _ => "its certificate is not valid",
    }
}

fn fault(bad: &CertificateError) -> CertificateFault {
    use CertificateError as Bad;
    match reason(bad) {
        Bad::ApplicationVerificationFailure => CertificateFault::OtherFingerprint,
        Bad::Expired | Bad::ExpiredContext { .. } => CertificateFault::Expired,
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => CertificateFault::NotValidYet,
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => CertificateFault::OtherName,
        Bad::UnknownIssuer => CertificateFault::UnknownIssuer,
        other if is_authority(other) => CertificateFault::UnknownIssuer,
        _ => CertificateFault::Other,
    }
}

fn reason(bad: &CertificateError) -> &CertificateError {
    Distrust::of(bad).map_or(bad, |distrust| &distrust.why)
}

/// webpki's word for an authority that is used as a server: how openssl signs by default.
pub(super) fn is_authority(bad: &CertificateError) -> bool {
    matches!(bad, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}
