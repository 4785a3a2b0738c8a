//! Where one message ends: every framing, both ways, with connections and datagrams.
//!
//! A line typed is a message; a message that came is a line. However the bytes were cut on the
//! way.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use testkit::{DEADLINE, Program, Running, Wire, Wires, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// Calling and being called, with these flags, and the peer.
fn both(flags: &[&str]) -> [(Running, Wire); 2] {
    let port = Wires::Tcp.listen();
    let calls = coax(&["connect", &port.endpoint]).args(flags).start();
    let called = coax(&["listen", "127.0.0.1:0"]).args(flags).start();
    let peer = Wires::Tcp.connect(&called.listening());
    [(calls, port.accept()), (called, peer)]
}

#[test]
fn a_line_typed_is_a_message() {
    let table: [(&[&str], &[u8]); 7] = [
        (&[], b"one\n\nthree"),
        (&["--framing", "raw"], b"one\n\nthree"),
        (&["--crlf"], b"one\r\n\r\nthree"),
        (&["--framing", "line"], b"one\n\nthree\n"),
        (&["--framing", "crlf"], b"one\r\n\r\nthree\r\n"),
        (&["--framing", "nul"], b"one\0\0three\0"),
        (&["--framing", "len32"], b"\0\0\0\x03one\0\0\0\0\0\0\0\x05three"),
    ];
    for (flags, bytes) in table {
        for (mut coax, mut peer) in both(flags) {
            coax.send("one\n\nthree");
            coax.end_input();
            let heard = peer.hear_to_end();
            assert!(heard == bytes, "{flags:?}: {:?}", String::from_utf8_lossy(&heard));
            drop(peer);
            coax.wait().exits(0);
        }
    }
}

#[test]
fn a_message_that_came_is_a_line_however_it_was_cut() {
    let table: [(&str, &[u8]); 4] = [
        ("line", b"one\r\n\nthree\n"),
        ("crlf", b"one\r\n\r\nthree\r\n"),
        ("nul", b"one\0\0three\0"),
        ("len32", b"\0\0\0\x03one\0\0\0\0\0\0\0\x05three"),
    ];
    for (framing, bytes) in table {
        for (coax, mut peer) in both(&["--framing", framing, "--recv-only"]) {
            for byte in bytes {
                peer.say([*byte]);
            }
            drop(peer);
            coax.wait().exits(0).prints("one\n\nthree\n");
        }
    }
}

#[test]
fn a_chunk_is_what_one_read_returned() {
    for (mut coax, mut peer) in both(&["--framing", "chunk"]) {
        peer.say("hello");
        coax.expect_out("hello\n");
        coax.send("typed\n");
        assert_eq!(peer.hear(5), b"typed");
        assert!(peer.is_silent_for(Duration::from_millis(100)), "without its newline");
    }
}

#[test]
fn an_unfinished_message_is_shown_and_a_counted_one_is_a_fault() {
    for (framing, bytes, code) in
        [("line", &b"half"[..], 0), ("nul", b"half", 0), ("len32", b"\0\0\0\x09half", 4)]
    {
        for (coax, mut peer) in both(&["--framing", framing, "--recv-only"]) {
            peer.say(bytes);
            drop(peer);
            let outcome = coax.wait().exits(code).prints("half\n").speaks_plainly();
            assert_eq!(outcome.err().contains("5 bytes before"), code == 4, "{}", outcome.shown());
        }
    }
}

#[test]
fn a_length_beyond_all_reason_ends_it() {
    for (coax, mut peer) in both(&["--framing", "len32", "--recv-only"]) {
        peer.say(b"\0\0\0\x02ok\xff\xff\xff\xff");
        let outcome = coax.wait().exits(4).prints("ok\n").speaks_plainly();
        assert!(outcome.err().contains("over the limit"), "{}", outcome.shown());
    }
}

#[test]
fn an_unknown_framing_names_the_known_ones() {
    coax(&["listen", ":0", "--framing", "xml"])
        .run()
        .fails(2, "raw, line, crlf, nul, chunk, len32, delimiter:TEXT");
}

/// A UDP socket of the test's own.
fn udp(host: &str) -> UdpSocket {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn heard(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 70_000];
    let (count, _) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(count);
    buffer
}

#[test]
fn a_line_fills_a_datagram_as_the_framing_says() {
    let table: [(&[&str], &[u8]); 6] = [
        (&[], b"word"),
        (&["--crlf"], b"word\r\n"),
        (&["--framing", "line"], b"word\n"),
        (&["--framing", "nul"], b"word\0"),
        (&["--framing", "len32"], b"\0\0\0\x04word"),
        (&["--framing", "raw"], b"word\n"),
    ];
    for (flags, bytes) in table {
        let mut coax = coax(&["listen", "udp://127.0.0.1:0"]).args(flags).start();
        let peer = udp("127.0.0.1");
        peer.send_to(bytes, ("127.0.0.1", coax.port())).unwrap();
        coax.expect_out("word\n");
        coax.send("word\n");
        assert_eq!(heard(&peer), bytes, "{flags:?}");
    }
}

#[test]
fn a_datagram_of_several_lines_is_several_messages_where_lines_are_messages() {
    let coax = coax(&["listen", "udp://127.0.0.1:0", "--framing", "line", "--count", "1"]).start();
    udp("127.0.0.1").send_to(b"one\ntwo\nthree", ("127.0.0.1", coax.port())).unwrap();
    coax.wait().exits(0).prints("one\ntwo\nthree\n");
}

#[test]
fn datagrams_are_dumped_both_ways() {
    let mut coax = coax(&["listen", "udp://127.0.0.1:0", "--hex"]).start();
    let peer = udp("127.0.0.1");
    peer.send_to(b"hi", ("127.0.0.1", coax.port())).unwrap();
    coax.expect_err("< 00000000  68 69");
    coax.send("ho\n");
    coax.expect_err("> 00000000  68 6f");
    assert_eq!(heard(&peer), b"ho");
}

#[test]
fn datagrams_go_into_a_file() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("said");
    let args = ["listen", "udp://127.0.0.1:0", "--count", "2", "-o", file.to_str().unwrap()];
    let coax = coax(&args).start();
    let (peer, port) = (udp("127.0.0.1"), coax.port());
    peer.send_to(b"one", ("127.0.0.1", port)).unwrap();
    peer.send_to(b"two", ("127.0.0.1", port)).unwrap();
    coax.wait().exits(0).prints("");
    assert_eq!(std::fs::read(file).unwrap(), b"one\ntwo\n");
}

#[test]
fn datagrams_are_echoed_on_both_families_and_nothing_is_printed() {
    let mut coax = coax(&["listen", "udp://:0", "--echo", "--count", "3"]).start();
    let port = coax.port();
    coax.send("nobody typed this\n");
    for host in ["127.0.0.1", "::1", "127.0.0.1"] {
        let peer = udp(host);
        peer.send_to(b"back", (host, port)).unwrap();
        assert_eq!(heard(&peer), b"back", "{host}");
    }
    let outcome = coax.wait().exits(0).prints("");
    assert!(!outcome.err().contains("from "), "{}", outcome.shown());
}

#[test]
fn an_answer_waits_for_somebody_and_one_too_long_is_said_and_ends_nothing() {
    let mut coax = coax(&["listen", "udp://127.0.0.1:0"]).start();
    let port = coax.port();
    coax.send("anyone?\n");
    let gone = udp("127.0.0.1");
    gone.send_to(b"and away", ("127.0.0.1", port)).unwrap();
    coax.expect_out("and away\n");
    assert_eq!(heard(&gone), b"anyone?");
    drop(gone);
    coax.send(format!("{}\n", "x".repeat(65_530)));
    coax.expect_err("coax: not sent: a message of 65530 bytes");
    let next = udp("127.0.0.1");
    next.send_to(b"hello", ("127.0.0.1", port)).unwrap();
    coax.expect_out("hello\n");
    coax.send("hi\n");
    assert_eq!(heard(&next), b"hi");
}

#[test]
fn unix_datagrams_are_answered_and_a_sender_without_a_name_is_not() {
    let place = tempfile::tempdir().unwrap();
    let here = place.path().join("here");
    let endpoint = format!("unix-dgram:{}", here.display());
    let mut coax = coax(&["listen", &endpoint]).start();
    coax.listening();
    let nameless = UnixDatagram::unbound().unwrap();
    nameless.send_to(b"who am I", &here).unwrap();
    coax.expect_out("who am I\n");
    coax.expect_err("this sender has no name, so it cannot be answered");
    let named = UnixDatagram::bind(place.path().join("there")).unwrap();
    named.set_read_timeout(Some(DEADLINE)).unwrap();
    named.send_to(b"it is me", &here).unwrap();
    coax.expect_out("it is me\n");
    coax.send("hello\n");
    let mut buffer = [0; 99];
    let count = named.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"hello");
    coax.signal(rustix::process::Signal::TERM);
    coax.wait().exits(143);
    assert!(!here.exists());
}

const TO_GROUP: &str = "
group, port = sys.argv[1], int(sys.argv[2])
if ':' in group:
    where = socket.if_nametoindex(sys.argv[3])
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, where)
    s.sendto(b'to all', (group, port, 0, where))
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('127.0.0.1'))
    s.sendto(b'to all', (group, port))
say(s.recvfrom(99)[0].decode())
";

/// An interface with IPv6 groups, which the loopback has not. What is sent to an interface-local
/// group (ff11::, RFC 4291 §2.7) does not leave the machine.
fn interface_with_groups() -> Option<String> {
    let table = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    let names = table.lines().filter(|line| line.starts_with("fe80"));
    names.filter_map(|line| line.split_whitespace().last()).next().map(str::to_owned)
}

#[test]
fn an_ipv6_group_is_joined_as_host_and_by_flag() {
    let Some(name) = interface_with_groups() else {
        return testkit::skip(
            "no interface has an IPv6 link-local address: ip link add … type dummy",
        );
    };
    for (endpoint, flags, group) in [
        (format!("udp://[ff11::7701]:0?interface={name}"), &[][..], "ff11::7701"),
        (format!("udp://[ff11::7702%{name}]:0"), &[], "ff11::7702"),
        (format!("udp://:0?interface={name}"), &["--join", "ff11::7703"], "ff11::7703"),
    ] {
        let mut coax = coax(&["listen", &endpoint]).args(flags).start();
        let args = [group, &coax.port().to_string(), &name];
        let Some(peer) = python(TO_GROUP, args) else { return };
        coax.expect_out("to all\n");
        coax.send("one for you\n");
        peer.wait().exits(0).prints("one for you\n");
    }
}

#[test]
fn an_ipv4_group_is_joined_as_host_and_by_flag() {
    for (endpoint, flags, group) in [
        ("udp://239.255.77.1:0?interface=lo", &[][..], "239.255.77.1"),
        ("udp://:0?interface=lo", &["--join", "239.255.77.2"], "239.255.77.2"),
        ("udp://:0?interface=lo&join=239.255.77.3", &[], "239.255.77.3"),
    ] {
        let mut coax = coax(&["listen", endpoint]).args(flags).start();
        let Some(peer) = python(TO_GROUP, [group, &coax.port().to_string()]) else { return };
        coax.expect_out("to all\n");
        coax.send("one for you\n");
        peer.wait().exits(0).prints("one for you\n");
    }
}

#[test]
fn two_listeners_share_a_group() {
    let group = "239.255.77.9";
    let first = coax(&["listen", &format!("udp://{group}:0?interface=lo"), "--recv-only"]).start();
    let port = first.port();
    let endpoint = format!("udp://:{port}?interface=lo");
    let second = coax(&["listen", &endpoint, "-4", "--join", group, "--echo"]).start();
    second.listening();
    let Some(peer) = python(TO_GROUP, [group, &port.to_string()]) else { return };
    first.expect_out("to all\n");
    peer.wait().exits(0).prints("to all\n");
}

#[test]
fn a_group_that_cannot_be_joined_is_refused() {
    for (args, words) in [
        (&["udp://127.0.0.1:0", "--join", "ff12::1"][..], "nothing here listens on IPv6"),
        (&["udp://:0", "-6", "--join", "239.1.2.3"], "nothing here listens on IPv4"),
        (&["udp://:0", "--join", "10.0.0.1"], "a group is 224.0.0.0 to 239.255.255.255"),
    ] {
        coax(&["listen"]).args(args).run().fails(2, words);
    }
    let odd = coax(&["listen", "udp://239.1.2.3:0?interface=nonesuch"]).run();
    odd.fails(2, "no interface is called nonesuch");
}

#[test]
fn a_broadcast_reaches_a_listener_and_its_answer_comes_back() {
    let mut there = coax(&["listen", "udp://:0", "-4"]).start();
    let endpoint = format!("udp://127.255.255.255:{}?broadcast=yes", there.port());
    let mut here = coax(&["connect", &endpoint]).start();
    here.send("anybody\n");
    there.expect_out("anybody\n");
    there.send("somebody\n");
    here.expect_out("somebody\n");
}
