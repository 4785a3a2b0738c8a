//! One client's connection, plain or with TLS.
//!
//! TLS shakes hands at once and waits for it; after that, what cannot be sent or is not there yet is
//! no reason to wait. Nobody asks who the server is: it is one of this machine.
//!
//! Nothing here knows what is said.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, LazyLock};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

/// What is under the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Plain,
    Tls,
}

pub(super) struct Wire {
    socket: OwnedFd,
    tls: Option<Box<ClientConnection>>,
}

impl Wire {
    /// Connects to a port of this machine.
    pub(super) fn connect(port: u16, way: Way) -> io::Result<Wire> {
        let flags = SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
        rustix::net::sockopt::set_tcp_nodelay(&socket, true)?;
        match way {
            Way::Plain => Ok(Wire { socket, tls: None }),
            Way::Tls => shake_hands(socket),
        }
    }

    /// Whether all of `text` could be sent.
    pub(super) fn send(&mut self, text: &[u8]) -> bool {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let Some(tls) = &mut self.tls else {
            return rustix::net::send(&self.socket, text, flags) == Ok(text.len());
        };
        let mut sealed = Vec::with_capacity(text.len() + 64);
        let written = tls.writer().write_all(text).and_then(|()| tls.write_tls(&mut sealed));
        written.is_ok() && rustix::net::send(&self.socket, &sealed, flags) == Ok(sealed.len())
    }

    /// Reads what is there: bytes, 0 at the end, none when nothing is.
    pub(super) fn receive(&mut self, room: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let Some(tls) = &mut self.tls else { return receive(&self.socket, room) };
        let Some(count) = receive(&self.socket, room)? else { return Ok(None) };
        let (sealed, mut opened) = (room[..count].to_vec(), Vec::new());
        let mut rest = &sealed[..];
        while !rest.is_empty() {
            tls.read_tls(&mut rest)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            read_opened(tls, &mut opened)?;
        }
        if count > 0 && opened.is_empty() {
            return Ok(None);
        }
        room.resize(room.len().max(opened.len()), 0);
        room[..opened.len()].copy_from_slice(&opened);
        Ok(Some(opened.len()))
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn receive(socket: &OwnedFd, room: &mut [u8]) -> io::Result<Option<usize>> {
    match rustix::net::recv(socket, room, RecvFlags::DONTWAIT) {
        Ok((count, _)) => Ok(Some(count)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(Errno::CONNRESET) => Ok(Some(0)),
        Err(error) => Err(error.into()),
    }
}

fn read_opened(tls: &mut ClientConnection, opened: &mut Vec<u8>) -> io::Result<()> {
    match tls.reader().read_to_end(opened) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

fn shake_hands(socket: OwnedFd) -> io::Result<Wire> {
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(config);
    let name = ServerName::IpAddress(Ipv4Addr::LOCALHOST.into());
    let mut tls = ClientConnection::new(CONFIG.clone(), name).map_err(io::Error::other)?;
    let mut stream = TcpStream::from(socket);
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    Ok(Wire { socket: stream.into(), tls: Some(Box::new(tls)) })
}

fn config() -> Arc<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("the provider has what the versions need")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    Arc::new(config)
}

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
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
