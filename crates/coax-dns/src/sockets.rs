//! The only place where this crate opens a socket.
//!
//! UDP sockets are connected, so the kernel drops what comes from another address and reports a
//! port that nobody listens on; their local port is the kernel's random choice. hickory opens
//! nothing itself: it gets its TCP connections here.
//!
//! What travels through them is the callers' business.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use hickory_net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_net::runtime::{RuntimeProvider, TokioHandle, TokioTime};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// Room for the answers to many questions at once: each counts with its kernel bookkeeping, about
/// a KiB. The kernel may give less, which costs a retransmission.
const RECEIVE_BUFFER: usize = 4 << 20;

/// A UDP socket that talks to `server` alone, from a port nobody can foretell.
pub(crate) fn udp(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(server), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&SockAddr::from(SocketAddr::new(any(server), 0)))?;
    socket.connect(&SockAddr::from(server))?;
    UdpSocket::from_std(socket.into())
}

fn any(server: SocketAddr) -> std::net::IpAddr {
    match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

async fn tcp(server: SocketAddr) -> io::Result<TcpStream> {
    let socket = match server {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_nodelay(true)?;
    socket.connect(server).await
}

/// hickory's view of the machine.
#[derive(Clone, Default)]
pub(crate) struct Machine(TokioHandle);

impl RuntimeProvider for Machine {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = UdpSocket;
    type Tcp = AsyncIoTokioAsStd<TcpStream>;

    fn create_handle(&self) -> TokioHandle {
        self.0.clone()
    }

    /// Without a deadline of its own: the caller's holds for the whole exchange.
    fn connect_tcp(
        &self,
        server: SocketAddr,
        _from: Option<SocketAddr>,
        _deadline: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        Box::pin(async move { Ok(AsyncIoTokioAsStd(tcp(server).await?)) })
    }

    /// Never asked for: `udp` has its own way.
    fn bind_udp(
        &self,
        _local: SocketAddr,
        _server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<UdpSocket>>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
}
