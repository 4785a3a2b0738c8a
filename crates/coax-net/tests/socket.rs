//! The Berkeley calls against the system's own sockets: IPv4, IPv6 and Unix alike.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use coax_addr::UnixName;
use coax_net::{
    Address, ConnectOutcome, Family, Kind, Protocol, Shutdown, Socket, SocketError, SocketErrorKind,
};

/// A deadline for a test that would otherwise wait for ever.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

fn ip(text: &str) -> Address {
    Address::Ip(text.parse::<SocketAddr>().unwrap())
}

fn path(path: &Path) -> Address {
    Address::Unix(UnixName::Path(path.to_owned()))
}

fn fresh_abstract_name(name: &str) -> Address {
    Address::Unix(UnixName::Abstract(format!("coax-{name}-{}", std::process::id()).into_bytes()))
}

fn open(family: Family, kind: Kind) -> Socket {
    let socket = Socket::new(family, kind, None).unwrap();
    socket.set_timeout(PATIENCE).unwrap();
    socket
}

/// A listener on `at`, a client connected to it, and the server's end of that.
fn connected(family: Family, kind: Kind, at: &Address) -> (Socket, Socket, Socket) {
    let listener = open(family, kind);
    listener.bind(at).unwrap();
    listener.listen(5).unwrap();
    let client = open(family, kind);
    client.connect(&listener.local_name().unwrap()).unwrap();
    let (server, from) = listener.accept().unwrap();
    assert_eq!(from, client.local_name().unwrap());
    server.set_timeout(PATIENCE).unwrap();
    (listener, client, server)
}

fn converse(one: &Socket, other: &Socket) {
    assert_eq!(one.send(b"hello").unwrap(), 5);
    assert_eq!(other.recv(1024).unwrap(), b"hello");
    other.send_all(b"and you").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(one.recv_into(&mut buffer).unwrap(), 7);
    assert_eq!(&buffer[..7], b"and you");
}

#[test]
fn streams_connect_over_ipv4_ipv6_and_unix() {
    let folder = tempfile::tempdir().unwrap();
    for (family, at) in [
        (Family::Inet, ip("127.0.0.1:0")),
        (Family::Inet6, ip("[::1]:0")),
        (Family::Unix, path(&folder.path().join("s"))),
        (Family::Unix, fresh_abstract_name("stream")),
    ] {
        let (listener, client, server) = connected(family, Kind::Stream, &at);
        converse(&client, &server);
        assert_eq!(client.peer_name().unwrap(), listener.local_name().unwrap());
        assert_eq!(client.family().unwrap(), family);
    }
}

#[test]
fn datagrams_go_to_whom_they_are_sent_and_say_who_sent_them() {
    let folder = tempfile::tempdir().unwrap();
    for (family, here, there) in [
        (Family::Inet, ip("127.0.0.1:0"), ip("127.0.0.1:0")),
        (Family::Inet6, ip("[::1]:0"), ip("[::1]:0")),
        (Family::Unix, path(&folder.path().join("a")), path(&folder.path().join("b"))),
        (Family::Unix, Address::Unnamed, fresh_abstract_name("dgram")),
    ] {
        let (one, other) = (open(family, Kind::Dgram), open(family, Kind::Dgram));
        one.bind(&here).unwrap();
        other.bind(&there).unwrap();
        let (one_name, other_name) = (one.local_name().unwrap(), other.local_name().unwrap());
        assert_eq!(one.send_to(b"question", &other_name).unwrap(), 8);
        let (question, from) = other.recv_from(1024).unwrap();
        assert_eq!((question.as_slice(), &from), (b"question".as_slice(), &one_name));
        other.send_to(b"answer", &from).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(one.recv_from_into(&mut buffer).unwrap(), (6, other_name));
    }
}

#[test]
fn an_unnamed_unix_socket_is_given_a_name_when_bound_to_nothing() {
    let socket = open(Family::Unix, Kind::Dgram);
    socket.bind(&Address::Unnamed).unwrap();
    assert!(matches!(socket.local_name().unwrap(), Address::Unix(UnixName::Abstract(_))));
}

/// 108 bytes fill `sun_path` with no room for a NUL; Linux takes them.
#[test]
fn a_name_as_long_as_names_can_be_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let mut longest = folder.path().join("x").into_os_string();
    longest.push("x".repeat(108 - longest.len()));
    let longest = path(Path::new(&longest));
    let client = open(Family::Unix, Kind::Stream);
    client.bind(&longest).unwrap();
    let listener = open(Family::Unix, Kind::Stream);
    let at = fresh_abstract_name("longest");
    listener.bind(&at).unwrap();
    listener.listen(1).unwrap();
    client.connect(&at).unwrap();
    assert_eq!(listener.accept().unwrap().1, longest);
    assert_eq!(client.local_name().unwrap(), longest);
    drop(client);
    if let Address::Unix(UnixName::Path(path)) = &longest {
        std::fs::remove_file(path).unwrap();
    }
    let sender = open(Family::Unix, Kind::Dgram);
    sender.bind(&longest).unwrap();
    let receiver = open(Family::Unix, Kind::Dgram);
    receiver.bind(&fresh_abstract_name("receiver")).unwrap();
    sender.send_to(b"hello", &receiver.local_name().unwrap()).unwrap();
    assert_eq!(receiver.recv_from(16).unwrap().0, b"hello");
}

#[test]
fn every_name_comes_back_as_it_was_given() {
    for name in [b"".as_slice(), b"a\0b", &[0; 107], b"\xff"] {
        let name = [name, &std::process::id().to_be_bytes()].concat();
        let name = Address::Unix(UnixName::Abstract(name[name.len().saturating_sub(107)..].into()));
        let socket = open(Family::Unix, Kind::Dgram);
        socket.bind(&name).unwrap();
        assert_eq!(socket.local_name().unwrap(), name);
    }
}

#[test]
fn sequenced_packets_keep_their_boundaries() {
    let at = fresh_abstract_name("seqpacket");
    let (_listener, client, server) = connected(Family::Unix, Kind::Seqpacket, &at);
    client.send_all(b"one").unwrap();
    client.send_all(b"two").unwrap();
    assert_eq!(server.recv(1024).unwrap(), b"one");
    assert_eq!(server.recv(1024).unwrap(), b"two");
}

#[test]
fn pairs_are_connected_to_each_other() {
    for (family, kind) in [
        (Family::Inet, Kind::Stream),
        (Family::Inet6, Kind::Stream),
        (Family::Unix, Kind::Stream),
        (Family::Inet, Kind::Dgram),
        (Family::Inet6, Kind::Dgram),
        (Family::Unix, Kind::Dgram),
        (Family::Unix, Kind::Seqpacket),
    ] {
        let (one, other) = Socket::pair(family, kind).unwrap();
        one.set_timeout(PATIENCE).unwrap();
        other.set_timeout(PATIENCE).unwrap();
        converse(&one, &other);
    }
}

#[test]
fn a_pair_that_cannot_be_made_says_so() {
    let error = Socket::pair(Family::Inet6, Kind::Raw).unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::NotSupported);
    assert_eq!(
        error.to_string(),
        "cannot make a pair of IPv6 raw sockets: only TCP and UDP can be paired over IP"
    );
}

#[test]
fn ending_one_direction_leaves_the_other() {
    for family in [Family::Inet, Family::Inet6, Family::Unix] {
        let (one, other) = Socket::pair(family, Kind::Stream).unwrap();
        one.send_all(b"last words").unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        assert_eq!(other.recv(1024).unwrap(), b"last words");
        assert_eq!(other.recv(1024).unwrap(), b"", "the end, not an error");
        other.send_all(b"reply").unwrap();
        assert_eq!(one.recv(1024).unwrap(), b"reply");
        let error = one.send(b"more").unwrap_err();
        assert_eq!(error.kind(), SocketErrorKind::BrokenPipe);
    }
}

#[test]
fn a_direction_shut_for_reading_is_at_its_end() {
    for family in [Family::Inet, Family::Inet6, Family::Unix] {
        let (one, _other) = Socket::pair(family, Kind::Stream).unwrap();
        one.set_timeout(PATIENCE).unwrap();
        one.shutdown(Shutdown::Read).unwrap();
        assert_eq!(one.recv(1024).unwrap(), b"");
        one.shutdown(Shutdown::Both).unwrap();
    }
}

#[test]
fn an_error_on_a_lost_connection_still_names_the_peer() {
    let (one, other) = Socket::pair(Family::Inet, Kind::Stream).unwrap();
    let peer = other.local_name().unwrap();
    // Closing over unread data resets the connection.
    one.send_all(b"unread").unwrap();
    other.set_linger(Some(Duration::ZERO)).unwrap();
    other.close().unwrap();
    let error = one.recv(1).unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::Reset);
    assert_eq!(error.to_string(), format!("cannot receive from {peer}: reset by the peer"));
    assert!(error.is_retryable());
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_connection_nobody_listens_for_is_refused() {
    for (family, at) in [(Family::Inet, "127.0.0.1:0"), (Family::Inet6, "[::1]:0")] {
        let placeholder = open(family, Kind::Stream);
        placeholder.bind(&ip(at)).unwrap();
        let nobody = placeholder.local_name().unwrap();
        let error = open(family, Kind::Stream).connect(&nobody).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot connect to {nobody}: refused"));
        assert_eq!((error.kind(), error.address()), (SocketErrorKind::Refused, Some(&nobody)));
        match open(family, Kind::Stream).try_connect(&nobody) {
            ConnectOutcome::Failed(error) => assert_eq!(error.kind(), SocketErrorKind::Refused),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_unix_socket_that_is_not_there_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = path(&folder.path().join("none"));
    let error = open(Family::Unix, Kind::Stream).connect(&nothing).unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::NotFound);
    let stale = path(&folder.path().join("stale"));
    open(Family::Unix, Kind::Stream).bind(&stale).unwrap();
    let error = open(Family::Unix, Kind::Stream).connect(&stale).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to {stale}: refused"));
}

#[test]
fn a_name_too_long_says_how_long_it_may_be() {
    let long = Address::Unix(UnixName::Abstract(vec![b'x'; 200]));
    let error = open(Family::Unix, Kind::Stream).bind(&long).unwrap_err();
    assert!(
        error.to_string().ends_with("name too long (a Unix socket's name has at most 108 bytes)")
    );
    assert_eq!(error.kind(), SocketErrorKind::Invalid);
}

#[test]
fn a_connect_under_way_is_a_value() {
    for (family, at) in [(Family::Inet, "127.0.0.1:0"), (Family::Inet6, "[::1]:0")] {
        let listener = open(family, Kind::Stream);
        listener.bind(&ip(at)).unwrap();
        listener.listen(1).unwrap();
        let client = open(family, Kind::Stream);
        client.set_nonblocking(true).unwrap();
        let to = listener.local_name().unwrap();
        assert!(matches!(client.try_connect(&to), ConnectOutcome::InProgress));
        let _server = listener.accept().unwrap();
        assert!(client.take_error().unwrap().is_none());
        assert!(matches!(client.recv(1).unwrap_err().kind(), SocketErrorKind::WouldBlock));
    }
    let at = fresh_abstract_name("value");
    let listener = open(Family::Unix, Kind::Stream);
    listener.bind(&at).unwrap();
    listener.listen(1).unwrap();
    let outcome = open(Family::Unix, Kind::Stream).try_connect(&at);
    assert!(matches!(outcome, ConnectOutcome::Connected));
}

#[test]
fn a_name_in_use_is_said_to_be() {
    for (family, at) in [(Family::Inet, "127.0.0.1:0"), (Family::Inet6, "[::1]:0")] {
        let first = open(family, Kind::Stream);
        first.bind(&ip(at)).unwrap();
        first.listen(1).unwrap();
        let name = first.local_name().unwrap();
        let error = open(family, Kind::Stream).bind(&name).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("cannot bind {name}: address already in use")), "{text}");
        assert_eq!(error.kind(), SocketErrorKind::AddressInUse);
        assert!(!error.is_retryable());
    }
}

#[test]
fn an_address_of_another_machine_cannot_be_bound() {
    // RFC 5737 and RFC 3849: no machine has these.
    for (family, at) in [(Family::Inet, "198.51.100.7:0"), (Family::Inet6, "[2001:db8::7]:0")] {
        let error = open(family, Kind::Stream).bind(&ip(at)).unwrap_err();
        assert_eq!(error.kind(), SocketErrorKind::AddressNotAvailable);
        assert_eq!(
            error.to_string(),
            format!(
                "cannot bind {at}: address not available (no interface of this machine has it)"
            )
        );
    }
}

#[test]
fn what_the_system_does_not_offer_is_said() {
    for (family, kind, noun) in [
        (Family::Inet, Kind::Rdm, "an IPv4 reliable-datagram socket"),
        (Family::Inet6, Kind::Rdm, "an IPv6 reliable-datagram socket"),
        (Family::Unix, Kind::Rdm, "a Unix reliable-datagram socket"),
    ] {
        let error = Socket::new(family, kind, None).unwrap_err();
        assert_eq!(error.kind(), SocketErrorKind::NotSupported, "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot open {noun}: this system does not offer it (")),
            "{error}"
        );
    }
    let error = Socket::new(Family::Inet, Kind::Stream, Some(Protocol::UDP)).unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::NotSupported);
}

#[test]
fn a_timeout_is_kept_and_named() {
    for family in [Family::Inet, Family::Inet6, Family::Unix] {
        let (one, _other) = Socket::pair(family, Kind::Stream).unwrap();
        one.set_timeout(Some(Duration::from_millis(30))).unwrap();
        let started = Instant::now();
        let error = one.recv(1).unwrap_err();
        assert_eq!(error.kind(), SocketErrorKind::TimedOut);
        assert!(error.to_string().ends_with(": timed out"), "{error}");
        assert!(started.elapsed() >= Duration::from_millis(30));
    }
}

#[test]
fn every_descriptor_stays_out_of_children() {
    let at = fresh_abstract_name("cloexec");
    let (listener, client, server) = connected(Family::Unix, Kind::Stream, &at);
    let (one, other) = Socket::pair(Family::Inet, Kind::Stream).unwrap();
    for socket in [&listener, &client, &server, &one, &other] {
        let flags = rustix::io::fcntl_getfd(socket.as_fd()).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}

#[test]
fn a_descriptor_made_elsewhere_becomes_a_socket_and_back() {
    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    let (one, other) = (Socket::from(OwnedFd::from(one)), Socket::from(OwnedFd::from(other)));
    converse(&one, &other);
    let (one, other) = Socket::pair(Family::Inet, Kind::Stream).unwrap();
    let stream = std::net::TcpStream::from(one);
    assert_eq!(Address::Ip(stream.peer_addr().unwrap()), other.local_name().unwrap());
}

#[test]
fn a_descriptor_that_is_no_socket_gives_errors() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let socket = Socket::from(OwnedFd::from(file));
    let error: SocketError = socket.recv(1).unwrap_err();
    assert_eq!(error.to_string(), "cannot receive on an unnamed socket: not a socket");
}

#[test]
fn asking_for_more_than_memory_holds_is_an_error() {
    let (one, _other) = Socket::pair(Family::Unix, Kind::Stream).unwrap();
    assert_eq!(one.recv(usize::MAX).unwrap_err().kind(), SocketErrorKind::OutOfMemory);
}
