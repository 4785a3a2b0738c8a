//! Asking the ports of this machine, and believing nobody else.
//!
//! Raw sockets need CAP_NET_RAW; without it these tests say so and do nothing.

use std::net::{TcpListener, UdpSocket};

use proptest::prelude::*;

use super::sockets::Ports;
use super::*;

/// Far more than the loopback needs.
const PATIENCE: Duration = Duration::from_secs(10);

fn open(v4: bool) -> Option<SynSocket> {
    match SynSocket::open(v4) {
        Ok(socket) => Some(socket),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            eprintln!("skipped: raw sockets need CAP_NET_RAW: sudo -E cargo test");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Waits for as many answers.
fn answers(socket: &SynSocket, count: usize) -> Vec<SynAnswer> {
    let mut answers = Vec::new();
    let end = Instant::now() + PATIENCE;
    while answers.len() < count {
        assert!(Instant::now() < end, "{answers:?}");
        let mut fds = [PollFd::new(socket, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 1, tv_nsec: 0 })).unwrap();
        socket.receive(&mut answers);
    }
    answers.sort_by_key(|answer| answer.number);
    answers
}

fn closed(host: &str) -> SocketAddr {
    TcpListener::bind(host).unwrap().local_addr().unwrap()
}

fn send(socket: &mut SynSocket) {
    let mut refused = Vec::new();
    socket.flush(&mut refused);
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(socket.pending(), 0);
}

#[test]
fn an_open_port_and_a_closed_one_answer_with_their_numbers() {
    for (v4, host) in [(true, "127.0.0.1:0"), (false, "[::1]:0")] {
        let Some(mut socket) = open(v4) else { return };
        let listener = TcpListener::bind(host).unwrap();
        let (heard, refusing) = (listener.local_addr().unwrap(), closed(host));
        socket.push(&heard, 7, 0).unwrap();
        socket.push(&refusing, (1 << 31) - 1, 9).unwrap();
        send(&mut socket);
        let last = (1 << 31) - 1;
        let expected = [
            SynAnswer { from: heard, number: 7, attempt: 0, said: SynSaid::SynAck },
            SynAnswer { from: refusing, number: last, attempt: 1, said: SynSaid::Reset },
        ];
        assert_eq!(answers(&socket, 2), expected);
        listener.set_nonblocking(true).unwrap();
        let accepted = listener.accept().unwrap_err();
        assert_eq!(accepted.kind(), io::ErrorKind::WouldBlock, "the kernel took it back");
    }
}

#[test]
fn more_than_a_batch_is_answered() {
    for (v4, host) in [(true, "127.0.0.1:0"), (false, "[::1]:0")] {
        let Some(mut socket) = open(v4) else { return };
        let refusing = closed(host);
        let count = 3 * BATCH + 5;
        (0..count as u32).for_each(|number| socket.push(&refusing, number, 0).unwrap());
        assert_eq!(socket.pending(), count);
        send(&mut socket);
        let numbers = answers(&socket, count).into_iter().map(|answer| answer.number);
        assert!(numbers.eq(0..count as u32));
    }
}

#[test]
fn each_attempt_in_a_row_is_answered_and_told_from_the_others() {
    for (v4, host) in [(true, "127.0.0.1:0"), (false, "[::1]:0")] {
        let Some(mut socket) = open(v4) else { return };
        let listener = TcpListener::bind(host).unwrap();
        let to = listener.local_addr().unwrap();
        (0..SynSocket::ATTEMPTS).for_each(|attempt| socket.push(&to, 3, attempt).unwrap());
        send(&mut socket);
        let mut answers = answers(&socket, SynSocket::ATTEMPTS as usize);
        answers.sort_by_key(|answer| answer.attempt);
        for (answer, attempt) in answers.into_iter().zip(0..) {
            let expected = SynAnswer { from: to, number: 3, attempt, said: SynSaid::SynAck };
            assert_eq!(answer, expected);
        }
    }
}

#[test]
fn a_socket_that_asks_its_own_ports_finds_them_closed() {
    for (v4, host) in [(true, "127.0.0.1"), (false, "::1")] {
        let Some(mut socket) = open(v4) else { return };
        for attempt in 0..SynSocket::ATTEMPTS {
            let port = socket.ear.ports.of(attempt);
            let own = SocketAddr::new(host.parse().unwrap(), port);
            socket.push(&own, 1, 0).unwrap();
            send(&mut socket);
            let said = SynSaid::Reset;
            let expected = SynAnswer { from: own, number: 1, attempt: 0, said };
            assert_eq!(answers(&socket, 1), [expected]);
            assert!(TcpListener::bind(own).is_err(), "the port is taken");
        }
    }
}

#[test]
fn what_cannot_be_sent_says_why() {
    let Some(mut socket) = open(true) else { return };
    let broadcast = SocketAddr::from(([255, 255, 255, 255], 80));
    let error = socket.push(&broadcast, 1, 0).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NetworkUnreachable, "as TCP says");
    assert!(socket.push(&"[::1]:80".parse().unwrap(), 1, 0).is_err(), "the other family");
    assert_eq!(socket.pending(), 0);
}

#[test]
fn the_reserved_ports_are_given_to_nobody_else() {
    let Some(socket) = open(true) else { return };
    for _ in 0..200 {
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(socket.ear.ports.attempt(port), None, "{port}");
        drop(other);
    }
}

/// The ports of which `port` is one.
fn row(port: u16) -> Ports {
    Ports { first: port & !(Ports::COUNT - 1) }
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader_and_none_are_believed(
        bytes in prop::collection::vec(any::<u8>(), 0..100), v4: bool, host: IpAddr, port: u16,
    ) {
        let host = SocketAddr::new(host, 0);
        let report = IcmpReport { v6: !v4, kind: 3, code: 1, from: None };
        let mut ear = Ear { v4, ports: row(port), secret: Secret::default() };
        prop_assert_eq!(ear.answer(&bytes, host), None);
        prop_assert_eq!(ear.undelivered(&bytes, host, report), None);
        // As if they were meant for us: of the numbers they could bring, half are ill-formed.
        if let Some(&[a, b]) = bytes.get(2..).and_then(|rest| rest.first_chunk()) {
            ear.ports = row(u16::from_be_bytes([a, b]));
            ear.answer(&bytes, host);
        }
        if let Some(&[a, b]) = bytes.first_chunk() {
            ear.ports = row(u16::from_be_bytes([a, b]));
            ear.undelivered(&bytes, host, report);
        }
    }

    #[test]
    fn an_answer_is_believed_from_the_place_asked_alone(
        number in 0_u32..1 << 31, place: (u32, u16), port: u16, counted: bool, flags: u8,
    ) {
        let ear = Ear { v4: false, ports: row(port), secret: Secret::default() };
        let attempt = (port % Ports::COUNT) as u8;
        let (host, to) = (IpAddr::from(place.0.to_be_bytes()), place.1);
        let sequence = ear.secret.sequence(host, to, number);
        let acknowledged = sequence.wrapping_add(u32::from(counted));
        let mut bytes = [0; 20];
        bytes[0..2].copy_from_slice(&to.to_be_bytes());
        bytes[2..4].copy_from_slice(&port.to_be_bytes());
        bytes[8..12].copy_from_slice(&acknowledged.to_be_bytes());
        bytes[13] = flags;
        let heard = ear.answer(&bytes, SocketAddr::new(host, 0));
        let from = SocketAddr::new(host, to);
        let expected = match (flags & 0x16, counted) {
            (0x12, true) => Some(SynAnswer { from, number, attempt, said: SynSaid::SynAck }),
            (0x14, _) => Some(SynAnswer { from, number, attempt, said: SynSaid::Reset }),
            _ => None,
        };
        prop_assert_eq!(heard, expected);
        let elsewhere = IpAddr::from((!place.0).to_be_bytes());
        let told = ear.answer(&bytes, SocketAddr::new(elsewhere, 0));
        prop_assert!(told.is_none_or(|told| told.number != number));
    }
}
