//! Dialling real sockets through a resolver that says what the test wants.
//!
//! The clock is paused: an address that never answers costs no time.

#![allow(clippy::unwrap_used)]

use std::future::{Future, pending};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use coax_addr::{Endpoint, Host, Options, Place, Transport};
use coax_net::{
    Address, Addresses, AttemptOutcome, Dial, DialErrorKind, Dialed, Family, Kind, Resolve,
    ResolveError, ResolveErrorKind, Socket, SocketErrorKind, Wanted,
};

type Answer = Result<Addresses, ResolveError>;

/// Answers every name alike; `Silent` never answers.
enum Names {
    Are(Vec<IpAddr>),
    Fail(ResolveErrorKind),
    Silent,
}

impl Resolve for Names {
    fn resolve<'a>(
        &'a self,
        name: &'a str,
        _: Wanted,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            match self {
                Names::Are(addresses) => {
                    Ok(Addresses { canonical: None, addresses: addresses.clone() })
                }
                Names::Fail(kind) => {
                    Err(ResolveError { name: name.to_owned(), kind: kind.clone() })
                }
                Names::Silent => pending().await,
            }
        })
    }
}

fn are(addresses: &[&str]) -> Names {
    Names::Are(addresses.iter().map(|address| address.parse().unwrap()).collect())
}

fn endpoint(transport: Transport, host: Host, port: u16) -> Endpoint {
    let place = Place::Net { transport, host, port, path: String::new() };
    Endpoint { place, options: Options::default() }
}

fn tcp(host: &str, port: u16) -> Endpoint {
    let host = host.parse().map_or_else(|_| Host::Name(host.to_owned()), Host::Ip);
    endpoint(Transport::Tcp, host, port)
}

fn ip(ip: impl Into<IpAddr>, port: u16) -> Address {
    Address::Ip(SocketAddr::new(ip.into(), port))
}

fn bound(at: &Address) -> (Socket, u16) {
    let v6 = matches!(at.ip(), Some(IpAddr::V6(_)));
    let family = if v6 { Family::Inet6 } else { Family::Inet };
    let socket = Socket::new(family, Kind::Stream, None).unwrap();
    socket.bind(at).unwrap();
    let port = socket.local_name().unwrap().port().unwrap();
    (socket, port)
}

fn listener(at: &Address) -> (Socket, u16) {
    let (socket, port) = bound(at);
    socket.listen(16).unwrap();
    (socket, port)
}

/// A port of `at` where a listener's queue is full, so that the system drops every further SYN.
fn silent(at: &Address) -> (Vec<Socket>, u16) {
    let (socket, port) = bound(at);
    socket.listen(0).unwrap();
    let mut open = vec![socket];
    for _ in 0..64 {
        let client = Socket::new(open[0].family().unwrap(), Kind::Stream, None).unwrap();
        client.set_nonblocking(true).unwrap();
        let _ = client.try_connect(&open[0].local_name().unwrap());
        let connected = client.peer_name().is_ok();
        open.push(client);
        if !connected {
            return (open, port);
        }
    }
    panic!("64 connections fit into a queue of none");
}

fn works(dialed: &Dialed, listener: &Socket) {
    let (server, from) = listener.accept().unwrap();
    assert_eq!(from, dialed.local);
    let name = server.local_name().unwrap();
    assert_eq!((name.ip(), name.port()), (dialed.peer.ip(), dialed.peer.port()));
    assert!(dialed.connected && dialed.socket.nonblocking().unwrap());
    dialed.socket.send_all(b"hello").unwrap();
    assert_eq!(server.recv(16).unwrap(), b"hello");
}

#[tokio::test(start_paused = true)]
async fn a_literal_is_dialled_without_asking_anyone() {
    for at in [ip(Ipv4Addr::LOCALHOST, 0), ip(Ipv6Addr::LOCALHOST, 0)] {
        let (server, port) = listener(&at);
        let target = tcp(&at.ip().unwrap().to_string(), port);
        let dialed = Dial::new(&Names::Silent).connect(&target).await.unwrap();
        works(&dialed, &server);
        assert_eq!(dialed.report.resolved_in, None);
        assert_eq!(dialed.report.attempts.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_for_a_host_is_this_machine() {
    for at in [ip(Ipv4Addr::LOCALHOST, 0), ip(Ipv6Addr::LOCALHOST, 0)] {
        let (server, port) = listener(&at);
        let target = endpoint(Transport::Tcp, Host::Any, port);
        works(&Dial::new(&Names::Silent).connect(&target).await.unwrap(), &server);
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_refuses_gives_way_to_the_next() {
    let (server, port) = listener(&ip(Ipv4Addr::LOCALHOST, 0));
    let names = are(&["::1", "127.0.0.1"]);
    let dialed = Dial::new(&names).connect(&tcp("db.internal", port)).await.unwrap();
    works(&dialed, &server);
    let attempts = &dialed.report.attempts;
    assert_eq!(attempts[0].address, ip(Ipv6Addr::LOCALHOST, port));
    assert!(matches!(&attempts[0].outcome,
        AttemptOutcome::Failed(error) if error.kind() == SocketErrorKind::Refused));
    assert!(attempts[1].started < Duration::from_millis(250), "no waiting after a refusal");
    assert!(matches!(attempts[1].outcome, AttemptOutcome::Connected));
    assert!(dialed.report.resolved_in.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_silent_is_overtaken() {
    let (_full, port) = silent(&ip(Ipv4Addr::LOCALHOST, 0));
    let (server, _) = listener(&ip(Ipv6Addr::LOCALHOST, port));
    let names = are(&["127.0.0.1", "::1"]);
    let dialed = Dial::new(&names).connect(&tcp("db.internal", port)).await.unwrap();
    works(&dialed, &server);
    assert!(matches!(dialed.report.attempts[0].outcome, AttemptOutcome::Abandoned));
    assert_eq!(dialed.report.attempts[1].started.as_millis(), 250);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_it_and_every_address_is_named() {
    let (_full, port) = silent(&ip(Ipv4Addr::LOCALHOST, 0));
    let names = are(&["::1", "127.0.0.1"]);
    let dial = Dial { timeout: Some(Duration::from_secs(3)), ..Dial::new(&names) };
    let error = dial.connect(&tcp("db.internal", port)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to db.internal:{port}: refused by ::1, no answer from 127.0.0.1 in 3 s"
        )
    );
    assert_eq!(error.kind(), DialErrorKind::Socket(SocketErrorKind::Refused));
    assert_eq!(error.report().attempts.len(), 2);
    let error = dial.connect(&tcp("127.0.0.1", port)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to 127.0.0.1:{port}: no answer in 3 s"));
    assert_eq!(error.kind(), DialErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_short_line() {
    for (at, shown) in
        [(ip(Ipv4Addr::LOCALHOST, 0), "127.0.0.1"), (ip(Ipv6Addr::LOCALHOST, 0), "[::1]")]
    {
        let (_reserved, port) = bound(&at);
        let target = tcp(&at.ip().unwrap().to_string(), port);
        let error = Dial::new(&Names::Silent).connect(&target).await.unwrap_err();
        assert_eq!(error.to_string(), format!("cannot connect to {shown}:{port}: refused"));
        assert_eq!(error.kind(), DialErrorKind::Socket(SocketErrorKind::Refused));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_resolver_says_is_passed_on() {
    use ResolveErrorKind as No;
    let table = [
        (Names::Fail(No::NoSuchName), "no such name", DialErrorKind::NoSuchName),
        (
            Names::Fail(No::NoAddress),
            "the name exists but has no such address",
            DialErrorKind::NoSuchName,
        ),
        (Names::Fail(No::Failed("it is ill".into())), "it is ill", DialErrorKind::Resolver),
        (Names::Silent, "its name was not resolved in time", DialErrorKind::TimedOut),
    ];
    for (names, cause, kind) in table {
        let dial = Dial { timeout: Some(Duration::from_secs(3)), ..Dial::new(&names) };
        let error = dial.connect(&tcp("nope.example", 80)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("cannot connect to nope.example:80: {cause}"));
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_wanted_family_is_tried() {
    let (server, port) = listener(&ip(Ipv4Addr::LOCALHOST, 0));
    let names = are(&["::1", "127.0.0.1"]);
    let dial = Dial { wanted: Wanted::V4, ..Dial::new(&names) };
    let dialed = dial.connect(&tcp("db.internal", port)).await.unwrap();
    works(&dialed, &server);
    assert_eq!(dialed.report.attempts.len(), 1);
    let error = dial.connect(&tcp("::1", port)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot connect to [::1]:{port}: only IPv4 is wanted, and it has no IPv4 address")
    );
    assert_eq!(error.kind(), DialErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn the_source_is_used_and_limits_the_family() {
    let (server, port) = listener(&ip(Ipv4Addr::LOCALHOST, 0));
    let names = are(&["::1", "127.0.0.1"]);
    let from = |text: &str| Dial { source: Some(text.parse().unwrap()), ..Dial::new(&names) };
    let dialed = from("127.0.0.5:0").connect(&tcp("db.internal", port)).await.unwrap();
    works(&dialed, &server);
    assert_eq!(dialed.local.ip(), Some(Ipv4Addr::new(127, 0, 0, 5).into()));
    assert_eq!(dialed.report.attempts.len(), 1, "::1 cannot be reached from 127.0.0.5");

    // Both share the port, so nobody else gets it in between.
    let reserved = Socket::new(Family::Inet, Kind::Stream, None).unwrap();
    reserved.set_reuse_address(true).unwrap();
    reserved.bind(&ip(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let free = reserved.local_name().unwrap().port().unwrap();
    let dialed = from(&format!("0.0.0.0:{free}")).connect(&tcp("db.internal", port)).await.unwrap();
    works(&dialed, &server);
    assert_eq!(dialed.local.port(), Some(free));

    let error = from("127.0.0.5:0").connect(&tcp("::1", port)).await.unwrap_err();
    assert!(
        error.to_string().ends_with("it has no IPv4 address to be reached from 127.0.0.5"),
        "{error}"
    );
    // RFC 5737: no machine has it.
    let error = from("198.51.100.7:0").connect(&tcp("127.0.0.1", port)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to 127.0.0.1:{port}: cannot bind 198.51.100.7:0: address not available \
             (no interface of this machine has it)"
        )
    );
    assert_eq!(error.kind(), DialErrorKind::Socket(SocketErrorKind::AddressNotAvailable));
}

#[tokio::test(start_paused = true)]
async fn options_of_the_endpoint_are_set() {
    let (server, port) = listener(&ip(Ipv4Addr::LOCALHOST, 0));
    let mut target = tcp("127.0.0.1", port);
    target.options = Options {
        bind: Some("127.0.0.6".into()),
        ttl: Some(9),
        nodelay: Some(true),
        keepalive: Some(true),
        sndbuf: Some(32 * 1024),
        ..Options::default()
    };
    let dialed = Dial::new(&Names::Silent).connect(&target).await.unwrap();
    works(&dialed, &server);
    let socket = &dialed.socket;
    assert_eq!(dialed.local.ip(), Some(Ipv4Addr::new(127, 0, 0, 6).into()));
    assert_eq!((socket.ttl().unwrap(), socket.send_buffer().unwrap()), (9, 64 * 1024));
    assert!(socket.nodelay().unwrap() && socket.keepalive().unwrap());

    target.options.bind = Some("nonsense".into());
    let error = Dial::new(&Names::Silent).connect(&target).await.unwrap_err();
    assert!(error.to_string().ends_with("bind=nonsense is not an address, address:port or :port"));
    assert_eq!(error.kind(), DialErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn a_zone_is_an_interface_by_name_or_index() {
    let (server, port) = listener(&ip(Ipv6Addr::LOCALHOST, 0));
    let index = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
    for zone in ["lo", index.trim()] {
        let host = Host::Zoned { address: Ipv6Addr::LOCALHOST, zone: zone.into() };
        let target = endpoint(Transport::Tcp, host, port);
        works(&Dial::new(&Names::Silent).connect(&target).await.unwrap(), &server);
    }
    let host = Host::Zoned { address: "fe80::1".parse().unwrap(), zone: "nope7".into() };
    let error = Dial::new(&Names::Silent).connect(&endpoint(Transport::Tcp, host, 80)).await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect to [fe80::1%nope7]:80: this machine has no interface named nope7"
    );
    assert_eq!(error.kind(), DialErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn a_link_local_address_without_its_interface_says_what_is_missing() {
    let error = Dial::new(&Names::Silent).connect(&tcp("fe80::1", 80)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect to [fe80::1]:80: a link-local address needs its interface, as in \
         fe80::1%eth0"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_dialled_is_said() {
    let places = [
        (endpoint(Transport::Tls, Host::Name("x".into()), 443).place, "tls://x:443", "tls"),
        (endpoint(Transport::Ws, Host::Name("x".into()), 80).place, "ws://x:80", "ws"),
        (endpoint(Transport::Wss, Host::Name("x".into()), 443).place, "wss://x:443", "wss"),
        (Place::Stdio, "stdio:", "stdio"),
        (Place::Exec("cat".into()), "exec:'cat'", "exec"),
        (Place::File("/x".into()), "file:/x", "file"),
    ];
    for (place, shown, scheme) in places {
        let target = Endpoint { place, options: Options::default() };
        let error = Dial::new(&Names::Silent).connect(&target).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot connect to {shown}: this coax dials tcp, udp and Unix sockets, not {scheme}"
            )
        );
        assert_eq!(error.kind(), DialErrorKind::Unsupported);
    }
}
