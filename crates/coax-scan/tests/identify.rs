//! Strangers who behave badly, and what is made of them.
//!
//! Each listens where the system chose and ends with the test. Whatever they do, asking them ends
//! in time, keeps little, and is an answer.
//!
//! Nothing here knows real servers: `identify_peers` does.

#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use coax_addr::Protocol;
use coax_scan::{BANNER_LIMIT, Hearing, Identify, Identity};

/// Enough for a loopback, short enough for a test that waits it out.
const PATIENCE: Duration = Duration::from_millis(1500);
/// A slow machine is not a failure; a hang is.
const SLACK: Duration = Duration::from_secs(10);

/// A server whose every connection is handled by `serve`, on a thread of its own.
fn stranger(host: &str, serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn identify(address: SocketAddr, protocol: Protocol) -> Identity {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let how = Identify { patience: PATIENCE, name: None };
    let begun = Instant::now();
    let found = runtime.block_on(how.at(address, protocol));
    assert!(begun.elapsed() < PATIENCE + SLACK, "it took {:?}: {found:?}", begun.elapsed());
    assert!(found.banner.len() <= BANNER_LIMIT);
    found
}

fn ask(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Identity {
    identify(stranger("127.0.0.1", serve), Protocol::Tcp)
}

/// Hears until the other side ends.
fn wait_for_end(mut stream: TcpStream) {
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

/// Waits for a first word, and answers it with `words`.
fn answer(mut stream: TcpStream, words: &[u8]) {
    let mut buffer = [0; 4096];
    if stream.read(&mut buffer).is_ok_and(|count| count > 0) {
        let _ = stream.write_all(words);
        wait_for_end(stream);
    }
}

#[test]
fn one_who_says_nothing_is_silent_and_not_waited_for_longer_than_asked() {
    for host in ["127.0.0.1", "::1"] {
        let found = identify(stranger(host, wait_for_end), Protocol::Tcp);
        assert_eq!(found, Identity::default(), "{host}");
        assert_eq!(found.hearing, Hearing::Silent);
    }
}

#[test]
fn one_who_never_stops_is_heard_so_far() {
    let found = ask(|mut stream| while stream.write_all(&[b'x'; 60_000]).is_ok() {});
    assert_eq!((found.service, found.hearing), (None, Hearing::Greeted));
    assert_eq!(found.banner, [b'x'; BANNER_LIMIT]);
}

#[test]
fn a_head_without_end_is_heard_so_far() {
    let found = ask(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(&b"X: y\r\n".repeat(1000)).is_ok() {}
    });
    assert_eq!((found.service, found.banner.len()), (Some("http"), BANNER_LIMIT));
}

#[test]
fn one_who_closes_and_one_who_resets_are_told_apart() {
    let closed = ask(|stream| {
        let _ = stream.shutdown(std::net::Shutdown::Write);
        wait_for_end(stream);
    });
    assert_eq!(closed, Identity { hearing: Hearing::Closed, ..Identity::default() });
    let reset = ask(|stream| {
        let at_once = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&stream, at_once).unwrap();
    });
    assert_eq!(reset, Identity { hearing: Hearing::Reset, ..Identity::default() });
}

#[test]
fn nobody_there_is_not_reached() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = Hearing::NotReached("refused".to_owned());
    assert_eq!(identify(address, Protocol::Tcp).hearing, refused);
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(identify(address, Protocol::Udp).hearing, refused);
    let sctp = identify(address, Protocol::Sctp).hearing;
    assert_eq!(sctp, Hearing::NotReached("sctp cannot be asked".to_owned()));
}

#[test]
fn half_a_record_is_tls_that_did_not_finish() {
    let found = ask(|stream| answer(stream, b"\x16\x03\x03\0\x50\x02\0\0"));
    let tls = found.tls.expect("it spoke TLS");
    assert_eq!((tls.version, tls.refusal.as_deref()), (None, Some("no answer in time")));
    assert_eq!(found.hearing, Hearing::Answered);
    let gone = ask(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"\x16\x03\x03\0\x50\x02\0\0");
        let _ = stream.shutdown(std::net::Shutdown::Write);
        wait_for_end(stream);
    });
    let why = gone.tls.and_then(|tls| tls.refusal);
    assert_eq!(why.as_deref(), Some("closed during the handshake"));
}

#[test]
fn a_handshake_without_end_is_not_followed() {
    let found = ask(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        // A certificate of 16 MiB that never comes whole, in records of 4 KiB.
        let _ = stream.write_all(b"\x16\x03\x03\x10\0\x0B\xFF\xFF\xFF");
        let _ = stream.write_all(&[0; 4092]);
        let record = [&b"\x16\x03\x03\x10\0"[..], &[0; 4096]].concat();
        while stream.write_all(&record).is_ok() {}
    });
    assert!(found.tls.is_some_and(|tls| tls.refusal.is_some() && tls.certificate.is_none()));
}

#[test]
fn a_server_of_an_older_tls_says_why_it_refuses() {
    let found = ask(|stream| answer(stream, b"\x15\x03\x01\0\x02\x02\x46"));
    let why = found.tls.and_then(|tls| tls.refusal);
    assert_eq!(why.as_deref(), Some("protocol version"));
}

#[test]
fn one_who_drips_is_left_in_time() {
    let found = ask(|mut stream| {
        // A tarpit is slow by nature; the test does not wait for it.
        while stream.write_all(b"x").is_ok() {
            thread::park_timeout(Duration::from_millis(300));
        }
    });
    assert_eq!((found.service, found.hearing), (None, Hearing::Greeted));
    assert!(!found.banner.is_empty() && found.banner.iter().all(|&byte| byte == b'x'));
}

#[test]
fn a_greeting_in_pieces_is_heard_whole() {
    let found = ask(|mut stream| {
        let _ = stream.set_nodelay(true);
        for piece in ["SS", "H-2", ".0-Made", "Of_1.0 pieces\r\n"] {
            let _ = stream.write_all(piece.as_bytes());
            thread::park_timeout(Duration::from_millis(30));
        }
        wait_for_end(stream);
    });
    assert_eq!(found.service, Some("ssh"));
    assert_eq!(found.product.as_deref(), Some("MadeOf_1.0 pieces"));
    assert_eq!(found.banner, b"SSH-2.0-MadeOf_1.0 pieces\r\n");
}

#[test]
fn one_who_repeats_us_is_an_echo() {
    let found = ask(|stream| {
        let mut twin = stream.try_clone().unwrap();
        let _ = std::io::copy(&mut &stream, &mut twin);
    });
    assert_eq!(found.service, Some("echo"));
    assert!(found.banner.starts_with(b"GET / HTTP/1.1\r\n"));
}

#[test]
fn words_of_nothing_known_are_kept_untouched() {
    let found = ask(|stream| answer(stream, b"\x1b[2J\xff what?\0"));
    assert_eq!((found.service, found.product), (None, None));
    assert_eq!(
        (found.hearing, &found.banner[..]),
        (Hearing::Answered, &b"\x1b[2J\xff what?\0"[..])
    );
}

#[test]
fn datagrams_that_mean_nothing_are_kept_and_name_nothing() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&[0xA5; 9000], from);
        }
    });
    let found = identify(address, Protocol::Udp);
    assert_eq!((found.service, found.hearing), (None, Hearing::Answered));
    assert_eq!(found.banner, [0xA5; BANNER_LIMIT]);
}

#[test]
fn a_lost_datagram_is_asked_again() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        let _ = socket.recv_from(&mut buffer);
        if let Ok((count, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..count], from);
        }
    });
    assert_eq!(identify(address, Protocol::Udp).service, Some("echo"));
}
