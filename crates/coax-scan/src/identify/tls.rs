//! Looking at the TLS of whoever answers: version, protocol, certificate.
//!
//! **For inspection alone.** Every certificate is taken, whoever signed it and whatever its name,
//! because the question is what is there and not whether to trust it. Nothing but a polite
//! question is ever sent inside, and nothing heard is believed.
//!
//! rustls's types go no further than this file. There is one provider, aws-lc-rs.

use std::io::{self, Read, Write};
use std::sync::Arc;

use coax_net::Stream;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    ProtocolVersion, SignatureScheme,
};
use tokio::time::{Instant, timeout_at};

use super::channel::{End, Said};
use super::{BANNER_LIMIT, Certificate};

/// What is taken at most, in bytes: many times the longest chain of certificates. A server that
/// never stops would otherwise keep the runtime from looking at the clock.
const MOST: usize = 256 << 10;
/// One read's worth: a whole record fits.
const PIECE: usize = 18 << 10;

/// A server's side of a TLS handshake. It is what the server says: nothing of it was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsIdentity {
    /// `TLSv1.3` or `TLSv1.2`; `None` where the handshake did not come so far.
    pub version: Option<&'static str>,
    /// The protocol inside, where the server chose one (RFC 7301), such as `http/1.1`.
    pub alpn: Option<String>,
    /// Its certificate.
    pub certificate: Option<Certificate>,
    /// Why the handshake failed, in words, where it did: `protocol version`.
    pub refusal: Option<String>,
}

/// How a handshake ended.
pub(super) enum Handshake {
    Done(Box<TlsChannel>, TlsIdentity),
    /// It speaks TLS, but not with us.
    Refused(TlsIdentity),
    /// It was offered a protocol it does not have inside, and insists.
    WrongProtocol(TlsIdentity),
    /// What it said is not TLS.
    NotTls(Said),
    /// It repeats what it hears.
    Echo(Said),
}

/// A connection with TLS on it.
pub(super) struct TlsChannel {
    stream: Stream,
    session: ClientConnection,
    /// The first of what came, as it came, for the case that it is not TLS.
    raw: Vec<u8>,
    taken: usize,
}

/// Says hello over `stream`. `name` is for servers with many certificates, `inside` what is going
/// to be spoken.
pub(super) async fn handshake(
    stream: Stream,
    name: Option<&str>,
    inside: Option<&'static str>,
    until: Instant,
) -> Handshake {
    let session = server_name(&stream, name).and_then(|name| session(name, inside));
    let Some(session) = session else {
        return Handshake::NotTls(Said::nothing(End::Closed));
    };
    let mut channel = Box::new(TlsChannel { stream, session, raw: Vec::new(), taken: 0 });
    let outcome = match timeout_at(until, channel.complete()).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Trouble::Io(io::ErrorKind::TimedOut.into())),
    };
    let identity = channel.identity();
    match outcome {
        Ok(()) => Handshake::Done(channel, identity),
        // No server says a ClientHello.
        Err(trouble) if matches!(channel.raw[..], [0x16, 3, _, _, _, 1, ..]) => {
            Handshake::Echo(Said { bytes: channel.raw, end: trouble.end() })
        }
        Err(trouble) if is_record(&channel.raw) => {
            let refused = TlsIdentity { refusal: Some(trouble.in_words()), ..identity };
            match trouble {
                Trouble::Tls(Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
                    Handshake::WrongProtocol(refused)
                }
                _ => Handshake::Refused(refused),
            }
        }
        Err(trouble) => Handshake::NotTls(Said { bytes: channel.raw, end: trouble.end() }),
    }
}

/// Whether this is how an answer in TLS begins: an alert or a handshake record (RFC 8446 §5.1).
pub(super) fn is_record(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 3, 0..=4, length, ..] if *length <= 0x41)
}

/// What cannot be a server's name is not asked for.
fn server_name(stream: &Stream, name: Option<&str>) -> Option<ServerName<'static>> {
    let named = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    named.or_else(|| stream.peer().ip().map(|ip| ServerName::IpAddress(ip.into())))
}

fn session(name: ServerName<'static>, inside: Option<&'static str>) -> Option<ClientConnection> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(TakesAll { provider: provider.clone() });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols.extend(inside.map(|name| name.as_bytes().to_vec()));
    ClientConnection::new(Arc::new(config), name).ok()
}

impl TlsChannel {
    async fn complete(&mut self) -> Result<(), Trouble> {
        loop {
            self.send().await?;
            if !self.session.is_handshaking() {
                return Ok(());
            }
            if self.taken >= MOST {
                return Err(Trouble::Io(io::ErrorKind::InvalidData.into()));
            }
            self.receive().await?;
        }
    }

    fn identity(&self) -> TlsIdentity {
        let version = self.session.protocol_version().and_then(|version| match version {
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            _ => None,
        });
        let alpn = self.session.alpn_protocol().and_then(super::text::title);
        let first = self.session.peer_certificates().and_then(<[_]>::first);
        let certificate = first.and_then(|der| Certificate::read(der));
        TlsIdentity { version, alpn, certificate, refusal: None }
    }

    /// Sends what TLS itself wants to say.
    async fn send(&mut self) -> io::Result<()> {
        let mut records = Vec::new();
        while self.session.wants_write() {
            self.session.write_tls(&mut records)?;
        }
        self.stream.descriptor().write_all(&records).await
    }

    /// Takes one read's worth of records.
    async fn receive(&mut self) -> Result<(), Trouble> {
        let mut piece = [0; PIECE];
        let count = self.stream.descriptor().read(&mut piece).await?;
        let room = BANNER_LIMIT.saturating_sub(self.raw.len());
        self.raw.extend_from_slice(&piece[..count.min(room)]);
        self.taken += count;
        let mut rest = &piece[..count];
        loop {
            self.session.read_tls(&mut rest)?;
            if let Err(error) = self.session.process_new_packets() {
                // An alert says to the other side why we go.
                let _ = self.send().await;
                return Err(Trouble::Tls(error));
            }
            if count == 0 {
                return Err(Trouble::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    pub(super) async fn write_all(&mut self, words: &[u8]) -> io::Result<()> {
        self.session.writer().write_all(words)?;
        self.send().await
    }

    /// Reads what is inside; 0 is the end.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Whoever leaves without goodbye has left all the same.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            if self.taken >= MOST {
                return Ok(0);
            }
            match self.receive().await {
                Ok(()) => self.send().await?,
                Err(Trouble::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(0);
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
    }
}

/// Why a handshake failed.
enum Trouble {
    Io(io::Error),
    Tls(Error),
}

impl Trouble {
    fn end(&self) -> End {
        match self {
            Trouble::Io(error) => End::of(error),
            Trouble::Tls(_) => End::Enough,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Trouble::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                "no answer in time".to_owned()
            }
            Trouble::Io(_) => "closed during the handshake".to_owned(),
            Trouble::Tls(Error::AlertReceived(alert)) => alert_in_words(*alert),
            Trouble::Tls(Error::PeerIncompatible(_)) => "no version or cipher in common".to_owned(),
            Trouble::Tls(_) => "it broke the rules of TLS".to_owned(),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

impl From<Trouble> for io::Error {
    fn from(trouble: Trouble) -> io::Error {
        match trouble {
            Trouble::Io(error) => error,
            Trouble::Tls(_) => io::ErrorKind::InvalidData.into(),
        }
    }
}

/// The name RFC 8446 §6 gives it, as words.
fn alert_in_words(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else {
        return format!("alert {}", u8::from(alert));
    };
    let mut words = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// Takes every certificate, unread: see the top of this file.
#[derive(Debug)]
struct TakesAll {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for TakesAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_told_in_words() {
        assert_eq!(alert_in_words(AlertDescription::ProtocolVersion), "protocol version");
        assert_eq!(alert_in_words(AlertDescription::from(250)), "alert 250");
    }

    #[test]
    fn an_alert_or_a_hello_is_a_record_and_text_is_none() {
        for yes in [&[0x15, 3, 1, 0, 2, 2, 70][..], &[0x16, 3, 3, 0, 90, 2]] {
            assert!(is_record(yes), "{yes:?}");
        }
        for no in [&b"HTTP/1.1 400"[..], b"\x15\x03", b"\x16\x03\x03\xff\xff", b""] {
            assert!(!is_record(no), "{no:?}");
        }
    }
}
