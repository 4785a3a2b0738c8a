//! Name servers that mean harm, or are broken: what they send is refused in one line, in time.
//!
//! One server does what the first label of the name says, over UDP and over TCP.

use std::time::{Duration, Instant};

use crate::peers::{Peer, python, resolve};

/// `lie(q)` gives what to send for the question `q`, by the name asked for.
const SERVER: &str = r#"
import random, socket, struct, threading, time
while True:
    udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
    udp.bind(("127.0.0.1", 0))
    try:
        tcp.bind(udp.getsockname())
        break
    except OSError:
        udp.close(), tcp.close()
tcp.listen(64)
print(udp.getsockname()[1], flush=True)

def words(q):
    return q[12:q.index(b"\0", 12) + 5]
def head(q, flags=0x8180, answers=1, words_=None):
    return q[:2] + struct.pack("!HHHHH", flags, 1, answers, 0, 0) + (words_ or words(q))
def record(name, kind, data, length=None):
    return name + struct.pack("!HHIH", kind, 1, 60, len(data) if length is None else length) + data
ME, GOOD = b"\xc0\x0c", bytes([10, 1, 2, 3])
def end_of(q):
    return 12 + len(words(q))
LIES = {
    "good": lambda q: head(q) + record(ME, 1, GOOD),
    "garbage": lambda q: q[:2] + random.Random(1).randbytes(400),
    "short": lambda q: q[:5],
    "nothing": lambda q: b"",
    "question": lambda q: q,
    "selfpointer": lambda q: head(q) + record(struct.pack("!H", 0xc000 | end_of(q)), 1, GOOD),
    "forward": lambda q: head(q) + record(b"\xff\xff", 1, GOOD),
    "circle": lambda q: head(q) + record(ME, 5, b"\1a" + struct.pack("!H", 0xc000 | (end_of(q) + 12))),
    "manyanswers": lambda q: head(q, answers=65535) + record(ME, 1, GOOD),
    "beyond": lambda q: head(q) + record(ME, 1, GOOD, 60000),
    "badlabel": lambda q: head(q) + record(b"\x80\0", 1, GOOD),
    "longname": lambda q: head(q) + record((b"\x3f" + b"a" * 63) * 5 + b"\0", 1, GOOD),
    "threebytes": lambda q: head(q) + record(ME, 1, GOOD[:3]),
    "otherid": lambda q: bytes([q[0] ^ 1]) + (head(q) + record(ME, 1, GOOD))[1:],
    "othername": lambda q: head(q, words_=b"\1x\4test\0\0\1\0\1") + record(ME, 1, GOOD),
    "othertype": lambda q: head(q, words_=words(q)[:-4] + b"\0\x0f\0\1") + record(ME, 1, GOOD),
    "formerr": lambda q: head(q, 0x8181, 0),
    "strangecode": lambda q: head(q, 0x818f, 0),
    "bomb": lambda q: head(q, answers=250) + record(ME, 5, ME) * 250,
    "escape": lambda q: head(q) + record(b"\7\x1b[31m\xff\x07" + b"\0", 16, b"\4\x1b]0;"),
}
def answer(q):
    what = q[13:13 + q[12]].decode()
    if what.startswith("tcp"):
        return head(q, 0x8380, 0)
    return LIES[what](q) if what in LIES else None
def over_udp():
    while True:
        q, peer = udp.recvfrom(4096)
        a = answer(q)
        if a is not None:
            udp.sendto(a, peer)
def framed(a):
    return struct.pack("!H", len(a)) + a
SOA = lambda q: record(ME, 6, ME + ME + bytes(20))
def over_tcp(c):
    try:
        length = struct.unpack("!H", c.recv(2, socket.MSG_WAITALL))[0]
        q = c.recv(length, socket.MSG_WAITALL)
        what = q[13:13 + q[12]].decode()
        good = framed(LIES["good"](q))
        say = {
            "tcpgood": lambda: [good],
            "tcpclose": lambda: [],
            "tcpmidlength": lambda: [b"\x01"],
            "tcpmidway": lambda: [good[:-3]],
            "tcpgarbage": lambda: [framed(LIES["garbage"](q))],
            "tcpempty": lambda: [b"\0\0"],
            "tcphuge": lambda: [b"\xff\xff" + q[:2], None],
            "tcpsilent": lambda: [None],
            "tcpcut": lambda: [framed(head(q, 0x8380, 0))],
            "tcppointer": lambda: [framed(LIES["selfpointer"](q))],
            "zonegood": lambda: [framed(head(q, answers=2) + SOA(q) + record(ME, 1, GOOD)), framed(head(q) + SOA(q))],
            "zonestart": lambda: [good],
            "zonemidway": lambda: [framed(head(q, answers=2) + SOA(q) + record(ME, 1, GOOD)), b"\x10"],
            "zonesilent": lambda: [framed(head(q, answers=2) + SOA(q) + record(ME, 1, GOOD)), None],
            "zoneempty": lambda: [framed(head(q, answers=0))],
            "zoneafter": lambda: [framed(head(q, answers=3) + SOA(q) + SOA(q) + record(ME, 1, GOOD))],
            "zoneotherid": lambda: [framed(bytes([q[0] ^ 1]) + (head(q, answers=2) + SOA(q) + SOA(q))[1:])],
            "zonepointer": lambda: [framed(LIES["selfpointer"](q))],
            "zoneendless": lambda: endless(q),
        }
        for piece in say[what]():
            if piece is None:
                c.recv(1)
                return
            c.sendall(piece)
    except OSError:
        pass
    finally:
        c.close()
def endless(q):
    yield framed(head(q) + SOA(q))
    text = record(ME, 16, (b"\xff" + b"x" * 255) * 60)
    while True:
        yield framed(head(q, answers=4) + text * 4)
threading.Thread(target=over_udp, daemon=True).start()
while True:
    threading.Thread(target=over_tcp, args=(tcp.accept()[0],), daemon=True).start()
"#;

/// Runs each name; code and a part of the one line on stderr.
fn refused(server: &Peer, kind: &str, cases: &[(&str, i32, &str)]) {
    let at = server.server();
    for &(name, code, why) in cases {
        let (name, started) = (format!("{name}.test"), Instant::now());
        let heard = resolve(&["-t", kind, "--timeout", "700ms", "--server", &at, &name]);
        assert_eq!((heard.code, heard.stdout.as_str()), (Some(code), ""), "{name} {heard:?}");
        assert!(heard.stderr.contains(why), "{name} {heard:?}");
        assert_eq!(heard.stderr.lines().count(), 1, "{name} {heard:?}");
        assert!(started.elapsed() < Duration::from_secs(8), "{name} {:?}", started.elapsed());
    }
}

#[test]
fn the_servers_honest_answers_are_taken() {
    let Some(server) = python(SERVER) else { return };
    let at = server.server();
    for (kind, name) in [("A", "good.test"), ("A", "tcpgood.test"), ("AXFR", "zonegood.test")] {
        let heard = resolve(&["-t", kind, "--short", "--server", &at, name]);
        assert_eq!(heard.code, Some(0), "{name} {heard:?}");
        assert!(heard.stdout.contains("10.1.2.3\n"), "{name} {heard:?}");
    }
}

#[test]
fn lies_over_udp_are_refused() {
    let Some(server) = python(SERVER) else { return };
    let stray = "what came does not answer the question";
    let broken = "malformed answer from";
    refused(
        &server,
        "A",
        &[
            ("garbage", 4, stray),
            ("short", 4, stray),
            ("question", 4, stray),
            ("otherid", 4, stray),
            ("othername", 4, stray),
            ("othertype", 4, stray),
            ("selfpointer", 4, broken),
            ("forward", 4, broken),
            ("circle", 4, broken),
            ("manyanswers", 4, broken),
            ("beyond", 4, broken),
            ("badlabel", 4, broken),
            ("longname", 4, broken),
            ("threebytes", 4, broken),
            ("formerr", 3, "did not understand the question"),
            ("strangecode", 3, "answered with code 15"),
            ("bomb", 1, "lead in a circle: bomb.test. -> bomb.test."),
            ("nothing", 3, "in time"),
            ("silent", 3, "in time"),
        ],
    );
}

#[test]
fn lies_over_tcp_are_refused() {
    let Some(server) = python(SERVER) else { return };
    refused(
        &server,
        "A",
        &[
            ("tcpclose", 3, "the connection was closed"),
            ("tcpmidlength", 3, "closed"),
            ("tcpmidway", 3, "closed"),
            ("tcpgarbage", 3, "closed"),
            ("tcpempty", 3, "closed"),
            ("tcppointer", 3, "closed"),
            ("tcphuge", 3, "in time"),
            ("tcpsilent", 3, "in time"),
        ],
    );
}

#[test]
fn zones_that_are_none_are_refused() {
    let Some(server) = python(SERVER) else { return };
    refused(
        &server,
        "AXFR",
        &[
            ("zonestart", 4, "does not begin with its SOA record"),
            ("zonemidway", 4, "closed before the zone was whole"),
            ("zoneempty", 4, "ends without its SOA record"),
            ("zoneafter", 4, "goes on after its end"),
            ("zoneotherid", 4, "does not answer the question"),
            ("zonepointer", 4, "malformed answer from"),
            ("zonesilent", 3, "in time"),
        ],
    );
    let words =
        ["-t", "AXFR", "--timeout", "25s", "--server", &server.server(), "zoneendless.test"];
    let heard = resolve(&words);
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(4), ""), "{}", heard.stderr);
    assert!(heard.stderr.contains("the zone is larger than 64 MiB"), "{}", heard.stderr);
}

#[test]
fn what_a_zone_says_cannot_move_a_terminal() {
    let Some(server) = python(SERVER) else { return };
    for words in [&[][..], &["--json"]] {
        let ask = ["-t", "TXT", "--server", &server.server(), "escape.test"];
        let heard = resolve(&[words, &ask].concat());
        assert_eq!(heard.code, Some(0), "{heard:?}");
        let printable = |byte: u8| matches!(byte, b' '..=b'~' | b'\n');
        assert!(heard.stdout.bytes().all(printable), "{heard:?}");
    }
}
