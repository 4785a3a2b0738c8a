//! Listening: every address at once, files that come and go, nobody kept waiting.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::future::{Future, pending};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use coax_addr::{Endpoint, Host, Options, Place, Transport, UnixKind, UnixName};
use coax_net::{
    Address, Addresses, Kind, Listen, ListenError, Listener, Resolve, ResolveError,
    SocketErrorKind, Stream, Wanted,
};
use tokio::time::timeout;

/// Far more than a loopback needs.
const AGES: Duration = Duration::from_secs(20);

/// Every name has these addresses.
struct Names(Vec<IpAddr>);

impl Resolve for Names {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        Box::pin(async { Ok(Addresses { canonical: None, addresses: self.0.clone() }) })
    }
}

fn tcp(host: Host, port: u16) -> Endpoint {
    let place = Place::Net { transport: Transport::Tcp, host, port, path: String::new() };
    Endpoint { place, options: Options::default() }
}

fn unix(kind: UnixKind, name: UnixName) -> Endpoint {
    Endpoint { place: Place::Unix { kind, name }, options: Options::default() }
}

fn file(path: &Path) -> Endpoint {
    unix(UnixKind::Stream, UnixName::Path(path.to_owned()))
}

async fn on(endpoint: &Endpoint, wanted: Wanted) -> Result<Listener, ListenError> {
    Listen { wanted, ..Listen::default() }.on(endpoint, &Names(Vec::new())).await
}

async fn both() -> Listener {
    on(&tcp(Host::Any, 0), Wanted::Both).await.unwrap()
}

fn port(listener: &Listener) -> u16 {
    listener.addresses().next().unwrap().port().unwrap()
}

async fn accepted(listener: &Listener) -> Stream {
    timeout(AGES, listener.accept()).await.expect("somebody connected").unwrap()
}

#[tokio::test]
async fn any_host_is_both_families_on_one_port() {
    let listener = both().await;
    let addresses: Vec<_> = listener.addresses().cloned().collect();
    assert_eq!(addresses.len(), 2);
    assert_eq!(addresses[0].port(), addresses[1].port());
    for host in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
        let client = TcpStream::connect((host, port(&listener))).unwrap();
        let stream = accepted(&listener).await;
        assert_eq!(*stream.peer(), Address::Ip(client.local_addr().unwrap()));
        assert_eq!(*stream.local(), Address::Ip(client.peer_addr().unwrap()));
    }
}

#[tokio::test]
async fn one_family_leaves_the_other_to_others() {
    let six = on(&tcp(Host::Any, 0), Wanted::V6).await.unwrap();
    let four = on(&tcp(Host::Any, port(&six)), Wanted::V4).await.unwrap();
    TcpStream::connect((Ipv4Addr::LOCALHOST, port(&six))).unwrap();
    assert!(accepted(&four).await.peer().ip().unwrap().is_ipv4());
}

#[tokio::test]
async fn an_address_of_the_family_that_is_not_wanted_is_refused() {
    for (host, wanted) in
        [(IpAddr::from(Ipv4Addr::LOCALHOST), Wanted::V6), (Ipv6Addr::LOCALHOST.into(), Wanted::V4)]
    {
        let error = on(&tcp(Host::Ip(host), 0), wanted).await.unwrap_err();
        assert!(matches!(error, ListenError::WrongFamily(address) if address == host), "{error}");
    }
}

#[tokio::test]
async fn a_name_is_all_its_addresses() {
    let hosts = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)].map(IpAddr::from);
    let endpoint = tcp(Host::Name("here".into()), 0);
    let listener = Listen::default().on(&endpoint, &Names(hosts.to_vec())).await.unwrap();
    for host in hosts {
        let _client = TcpStream::connect((host, port(&listener))).unwrap();
        assert_eq!(accepted(&listener).await.local().ip(), Some(host));
    }
}

#[tokio::test]
async fn a_name_without_addresses_is_no_place() {
    let endpoint = tcp(Host::Name("nowhere".into()), 0);
    let error = Listen::default().on(&endpoint, &Names(Vec::new())).await.unwrap_err();
    assert!(matches!(error, ListenError::Resolve(_)), "{error}");
}

#[tokio::test]
async fn a_crowd_at_one_door_keeps_nobody_waiting_at_the_other() {
    let listener = both().await;
    let at = port(&listener);
    let _crowd: Vec<_> =
        (0..40).map(|_| TcpStream::connect((Ipv6Addr::LOCALHOST, at)).unwrap()).collect();
    let _one = TcpStream::connect((Ipv4Addr::LOCALHOST, at)).unwrap();
    let mut before = 0;
    while accepted(&listener).await.peer().ip().unwrap().is_ipv6() {
        before += 1;
    }
    assert!(before < 4, "{before} of the crowd went first");
}

#[tokio::test]
async fn accepting_can_be_given_up_and_loses_nobody() {
    let listener = both().await;
    for _ in 0..3 {
        let waiting = timeout(Duration::from_millis(1), listener.accept()).await;
        assert!(waiting.is_err(), "nobody has connected");
    }
    let _client = TcpStream::connect((Ipv4Addr::LOCALHOST, port(&listener))).unwrap();
    accepted(&listener).await;
}

#[tokio::test]
async fn a_port_that_is_taken_says_so() {
    let listener = both().await;
    let error = on(&tcp(Host::Any, port(&listener)), Wanted::Both).await.unwrap_err();
    let ListenError::Socket(error) = error else { panic!("{error}") };
    assert_eq!(error.kind(), SocketErrorKind::AddressInUse);
}

#[tokio::test]
async fn dropped_it_refuses_those_who_come_and_those_who_wait() {
    let listener = both().await;
    let at = port(&listener);
    let mut waiting = TcpStream::connect((Ipv4Addr::LOCALHOST, at)).unwrap();
    drop(listener);
    waiting.set_read_timeout(Some(AGES)).unwrap();
    let heard = std::io::Read::read(&mut waiting, &mut [0]);
    assert!(
        heard.is_ok_and(|count| count == 0)
            || TcpStream::connect((Ipv4Addr::LOCALHOST, at)).is_err()
    );
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, at)).is_err());
}

#[tokio::test]
async fn a_socket_file_lives_as_long_as_its_listener() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s");
    for kind in [UnixKind::Stream, UnixKind::Seqpacket] {
        let listener = on(&unix(kind, UnixName::Path(path.clone())), Wanted::Both).await.unwrap();
        let is_packets = listener.kind() == Kind::Seqpacket;
        assert_eq!((path.exists(), is_packets), (true, kind == UnixKind::Seqpacket));
        drop(listener);
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn a_file_that_another_server_made_meanwhile_stays() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s");
    let first = on(&file(&path), Wanted::Both).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let _second = on(&file(&path), Wanted::Both).await.unwrap();
    drop(first);
    assert!(path.exists());
    UnixStream::connect(&path).unwrap();
}

#[tokio::test]
async fn a_stale_file_is_replaced_whatever_kind_it_was() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s");
    drop(std::os::unix::net::UnixDatagram::bind(&path).unwrap());
    drop(on(&file(&path), Wanted::Both).await.unwrap());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let _listener = on(&file(&path), Wanted::Both).await.unwrap();
    UnixStream::connect(&path).unwrap();
}

#[tokio::test]
async fn a_living_server_is_neither_replaced_nor_disturbed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s");
    let living = on(&file(&path), Wanted::Both).await.unwrap();
    for kind in [UnixKind::Stream, UnixKind::Seqpacket] {
        let error = on(&unix(kind, UnixName::Path(path.clone())), Wanted::Both).await.unwrap_err();
        let ListenError::Socket(error) = error else { panic!("{error}") };
        assert_eq!(error.kind(), SocketErrorKind::AddressInUse);
    }
    let nobody = timeout(Duration::from_millis(50), living.accept()).await;
    assert!(nobody.is_err(), "the question whether it lives is no client");
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_never_touched() {
    let file_there = tempfile::NamedTempFile::new().unwrap();
    let error = on(&file(file_there.path()), Wanted::Both).await.unwrap_err();
    assert!(matches!(error, ListenError::NotASocket(_)), "{error}");
    assert!(file_there.path().exists());
}

#[tokio::test]
async fn an_abstract_name_leaves_no_file() {
    let name = UnixName::Abstract(format!("coax-listen-{}", std::process::id()).into_bytes());
    let endpoint = unix(UnixKind::Stream, name.clone());
    let listener = on(&endpoint, Wanted::Both).await.unwrap();
    assert_eq!(listener.addresses().next(), Some(&Address::Unix(name)));
    on(&endpoint, Wanted::Both).await.unwrap_err();
    drop(listener);
    on(&endpoint, Wanted::Both).await.unwrap();
}

#[tokio::test]
async fn what_is_no_place_for_connections_is_refused() {
    let udp =
        Place::Net { transport: Transport::Udp, host: Host::Any, port: 0, path: String::new() };
    let name = UnixName::Abstract(b"x".to_vec());
    for place in [udp, Place::Unix { kind: UnixKind::Dgram, name }, Place::Stdio] {
        let endpoint = Endpoint { place, options: Options::default() };
        let error = on(&endpoint, Wanted::Both).await.unwrap_err();
        assert!(matches!(error, ListenError::Unsupported(_)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_never_answers_can_be_given_up() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(
            &'a self,
            _: &'a str,
            _: Wanted,
        ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
            Box::pin(pending())
        }
    }
    let endpoint = tcp(Host::Name("slow".into()), 0);
    let listening = Listen::default();
    assert!(timeout(AGES, listening.on(&endpoint, &Silent)).await.is_err());
}
