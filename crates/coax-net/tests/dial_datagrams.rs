//! Dialling what has no TCP handshake: datagrams, and Unix sockets of each kind.

#![allow(clippy::unwrap_used)]

use std::future::{Future, pending};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use coax_addr::{Endpoint, Host, Options, Place, Transport, UnixKind, UnixName};
use coax_net::{
    Address, Addresses, Dial, DialErrorKind, Dialed, Family, Kind, Resolve, ResolveError, Socket,
    SocketErrorKind, Wanted,
};

/// No test here asks for a name.
struct Nobody;

impl Resolve for Nobody {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        Box::pin(pending())
    }
}

async fn dial(place: Place) -> Result<Dialed, coax_net::DialError> {
    Dial::new(&Nobody).connect(&Endpoint { place, options: Options::default() }).await
}

fn udp(host: IpAddr, port: u16) -> Place {
    Place::Net { transport: Transport::Udp, host: Host::Ip(host), port, path: String::new() }
}

fn unix(kind: UnixKind, name: &UnixName) -> Place {
    Place::Unix { kind, name: name.clone() }
}

fn named(folder: &Path, file: &str) -> [UnixName; 2] {
    let unique = format!("coax-dial-{file}-{}", std::process::id());
    [UnixName::Path(folder.join(file)), UnixName::Abstract(unique.into_bytes())]
}

fn open(family: Family, kind: Kind, at: &Address) -> Socket {
    let socket = Socket::new(family, kind, None).unwrap();
    socket.set_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.bind(at).unwrap();
    socket
}

/// A question and its answer, between a connected datagram socket and one that is not.
fn ask(dialed: &Dialed, server: &Socket) {
    dialed.socket.set_nonblocking(false).unwrap();
    dialed.socket.send_all(b"question").unwrap();
    let (question, from) = server.recv_from(64).unwrap();
    assert_eq!((question.as_slice(), &from), (b"question".as_slice(), &dialed.local));
    server.send_to(b"answer", &from).unwrap();
    assert_eq!(dialed.socket.recv(64).unwrap(), b"answer");
}

#[tokio::test(start_paused = true)]
async fn udp_is_connected_to_the_address() {
    for (family, host) in [
        (Family::Inet, IpAddr::from(Ipv4Addr::LOCALHOST)),
        (Family::Inet6, Ipv6Addr::LOCALHOST.into()),
    ] {
        let server = open(family, Kind::Dgram, &Address::Ip(SocketAddr::new(host, 0)));
        let name = server.local_name().unwrap();
        let dialed = dial(udp(host, name.port().unwrap())).await.unwrap();
        assert!(dialed.connected);
        assert_eq!((&dialed.peer, dialed.report.attempts.len()), (&name, 1));
        ask(&dialed, &server);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_for_a_host_is_this_machine_over_ipv4() {
    let any = Address::Ip(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
    let server = open(Family::Inet, Kind::Dgram, &any);
    let port = server.local_name().unwrap().port().unwrap();
    let host = Host::Any;
    let place = Place::Net { transport: Transport::Udp, host, port, path: String::new() };
    ask(&dial(place).await.unwrap(), &server);
}

#[tokio::test(start_paused = true)]
async fn what_many_hear_is_not_connected_so_that_each_can_answer() {
    let group = IpAddr::from(Ipv4Addr::new(239, 255, 77, 2));
    for host in [IpAddr::from(Ipv4Addr::BROADCAST), group] {
        let dialed = dial(udp(host, 9)).await.unwrap();
        assert!(!dialed.connected);
        assert_eq!(dialed.peer, Address::Ip(SocketAddr::new(host, 9)));
        assert_ne!(dialed.local.port(), Some(0), "bound, so that an answer has a place to go");
        assert_eq!(dialed.socket.broadcast().unwrap(), host != group);
        assert_eq!(dialed.socket.peer_name().unwrap_err().kind(), SocketErrorKind::NotConnected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_unix_datagram_client_can_be_answered() {
    let folder = tempfile::tempdir().unwrap();
    for name in named(folder.path(), "dgram") {
        let server = open(Family::Unix, Kind::Dgram, &Address::Unix(name.clone()));
        let dialed = dial(unix(UnixKind::Dgram, &name)).await.unwrap();
        assert!(matches!(dialed.local, Address::Unix(UnixName::Abstract(_))));
        ask(&dialed, &server);
    }
}

#[tokio::test(start_paused = true)]
async fn unix_streams_and_sequenced_packets_connect() {
    let folder = tempfile::tempdir().unwrap();
    for (unix_kind, kind, file) in [
        (UnixKind::Stream, Kind::Stream, "stream"),
        (UnixKind::Seqpacket, Kind::Seqpacket, "seqpacket"),
    ] {
        for name in named(folder.path(), file) {
            let listener = open(Family::Unix, kind, &Address::Unix(name.clone()));
            listener.listen(4).unwrap();
            let dialed = dial(unix(unix_kind, &name)).await.unwrap();
            let (server, _) = listener.accept().unwrap();
            dialed.socket.send_all(b"hello").unwrap();
            assert_eq!(server.recv(64).unwrap(), b"hello");
            assert_eq!(dialed.peer, Address::Unix(name));
            assert_eq!(dialed.local, Address::Unnamed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_unix_listener_that_is_busy_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    for name in named(folder.path(), "busy") {
        let listener = open(Family::Unix, Kind::Stream, &Address::Unix(name.clone()));
        listener.listen(0).unwrap();
        let place = unix(UnixKind::Stream, &name);
        let first = dial(place.clone()).await.unwrap();
        let options = Options::default();
        let endpoint = Endpoint { place: place.clone(), options };
        let hurried = Dial { timeout: Some(Duration::from_secs(2)), ..Dial::new(&Nobody) };
        let error = hurried.connect(&endpoint).await.unwrap_err();
        let address = Address::Unix(name);
        assert_eq!(error.to_string(), format!("cannot connect to {address}: no answer in 2 s"));
        let accepting = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            listener.accept().unwrap()
        };
        let (second, _) = tokio::join!(dial(place), accepting);
        assert!(second.unwrap().connected);
        drop(first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_unix_socket_that_is_not_there_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none");
    let shown = path.display().to_string();
    let name = UnixName::Path(path);
    let error = dial(unix(UnixKind::Stream, &name)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to {shown}: no such file or directory"));
    assert_eq!(error.kind(), DialErrorKind::Socket(SocketErrorKind::NotFound));
    let _other_kind = open(Family::Unix, Kind::Dgram, &Address::Unix(name.clone()));
    let error = dial(unix(UnixKind::Stream, &name)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot connect to {shown}: the socket there is of another kind")
    );
}
