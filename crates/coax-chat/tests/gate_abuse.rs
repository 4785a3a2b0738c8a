//! Callers who mean harm, on in-memory streams and a clock that runs by itself.
//!
//! Each is turned away or bounded, at a time that is known, and with a reason where there is one.
//!
//! What is said to those who are let in is the hub's.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use coax_chat::Certificate;
use coax_chat::gate::{Caller, Gate, House, Line, Settings, Way};
use coax_net::TlsServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};

struct Inside(UnboundedSender<(Caller, Line)>);

impl House for Inside {
    fn welcome(&self, caller: Caller, line: Line) {
        self.0.send((caller, line)).expect("the test listens");
    }

    fn metrics(&self) -> String {
        "coax_chat_connections 0\n".to_owned()
    }
}

struct Door {
    gate: Rc<Gate<Inside>>,
    inside: UnboundedReceiver<(Caller, Line)>,
}

impl Door {
    fn new(settings: Settings) -> Door {
        let (came, inside) = unbounded_channel();
        let made = Certificate::made("test").expect("a certificate");
        let tls = TlsServer::new(&made.chain, &made.key).expect("a TLS server");
        Door { gate: Gate::new(Inside(came), settings, Some(tls)), inside }
    }

    fn call(&self) -> (DuplexStream, JoinHandle<io::Result<()>>) {
        let (caller, stream) = duplex(64 * 1024);
        let admitted = self.gate.clone().admit(stream, "127.0.0.1:5000".parse().ok());
        (caller, spawn_local(admitted))
    }
}

async fn here(test: impl Future<Output = ()>) {
    tokio::time::pause();
    LocalSet::new().run_until(test).await;
}

/// A whole TLS record with a hello that goes on and on.
fn endless_hello() -> Vec<u8> {
    let mut hello = vec![0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3];
    hello.resize(16_000, 7);
    hello
}

#[tokio::test(flavor = "current_thread")]
async fn a_byte_now_and_then_holds_no_place_on_any_protocol() {
    here(async {
        let http = [b"GET / HTTP/1.1\r\n".as_slice(), &b"X: y\r\n".repeat(9999)].concat();
        let irc = [b"CAP ".as_slice(), &[b'L'; 9999]].concat();
        for (bytes, each) in [
            (endless_hello(), Duration::from_secs(3)),
            (http, Duration::from_secs(1)),
            (irc, Duration::from_secs(1)),
            (vec![b'h'; 9999], Duration::from_millis(150)),
        ] {
            let door = Door::new(Settings::default());
            let (mut caller, admitted) = door.call();
            let start = Instant::now();
            let ended = async {
                for byte in &bytes {
                    if caller.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    sleep(each).await;
                }
            };
            ended.await;
            // HTTP has the time once more, from the moment when it is known to be HTTP.
            assert!(start.elapsed() <= 3 * Settings::default().deadline, "{:?}", start.elapsed());
            assert!(admitted.await.expect("no panic").is_err(), "turned away");
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_silent_crowd_pushes_out_its_own() {
    here(async {
        let mut door = Door::new(Settings { crowd: 8, ..Settings::default() });
        let mut crowd = (0..100).map(|_| door.call()).collect::<Vec<_>>();
        let (mut real, _) = door.call();
        real.write_all(b"NICK ada\r\n").await.expect("sent");
        let start = Instant::now();
        let (caller, _line) = door.inside.recv().await.expect("came in");
        assert_eq!(caller.way, Way::Irc);
        assert!(start.elapsed() < Duration::from_secs(1), "and at once");
        sleep(Duration::from_millis(1)).await;
        let standing = crowd.iter().filter(|(_, admitted)| !admitted.is_finished()).count();
        assert_eq!(standing, 7, "of eight places one was the real caller's");
        let (first, _) = &mut crowd[0];
        assert_eq!(first.read(&mut [0]).await.expect("an end"), 0, "who came first had to go");
    })
    .await;
}

/// Opens a WebSocket by hand, so that every byte after it is the test's.
async fn socket(door: &mut Door) -> (DuplexStream, Line) {
    let (mut caller, _) = door.call();
    let head = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    caller.write_all(head.as_bytes()).await.expect("sent");
    let (_, line) = door.inside.recv().await.expect("came in");
    let mut reply = Vec::new();
    while !reply.ends_with(b"\r\n\r\n") {
        reply.push(caller.read_u8().await.expect("a reply"));
    }
    assert!(reply.starts_with(b"HTTP/1.1 101"), "{}", reply.escape_ascii());
    (caller, line)
}

/// A frame whose mask is zero, so that its bytes stand as they are.
fn frame(first: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a short frame");
    let length = length.to_be_bytes();
    [&[first, 0x80 | 126, length[0], length[1], 0, 0, 0, 0], bytes].concat()
}

#[tokio::test(flavor = "current_thread")]
async fn frames_that_lie_end_the_websocket_with_the_reason() {
    here(async {
        let fragments =
            [frame(0x01, &[b'a'; 1000]), frame(0x00, &[b'a'; 1000]).repeat(100)].concat();
        let huge = [0x81, 0x80 | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        for (name, bytes, code) in [
            ("unmasked", b"\x81\x02hi".to_vec(), 1002_u16),
            ("an unknown kind", frame(0x83, b"hi"), 1002),
            ("reserved bits", frame(0xf1, b"hi"), 1002),
            ("an end that never began", frame(0x80, b"hi"), 1002),
            ("a ping in pieces", frame(0x09, b"hi"), 1002),
            ("bad UTF-8", frame(0x81, b"\xff\xfe"), 1007),
            ("a message too long", frame(0x81, &[b'a'; 10_000]), 1009),
            ("a length of 2^63", huge.to_vec(), 1009),
            ("pieces for ever", fragments, 1009),
        ] {
            let mut door = Door::new(Settings::default());
            let (mut caller, mut line) = socket(&mut door).await;
            let _ = caller.write_all(&bytes).await;
            let mut rest = Vec::new();
            let ended = timeout(Duration::from_secs(10), caller.read_to_end(&mut rest)).await;
            ended.expect("in time").expect("an end");
            let [a, b] = code.to_be_bytes();
            assert_eq!(rest, [0x88, 2, a, b], "{name}");
            assert_eq!(
                line.read(&mut [0; 64]).await.expect("an end"),
                0,
                "{name}: nothing came in"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn empty_pieces_and_pings_for_ever_harm_nobody() {
    here(async {
        let mut door = Door::new(Settings::default());
        let (mut caller, _line) = socket(&mut door).await;
        let flood =
            [frame(0x01, b""), frame(0x00, b"").repeat(1000), frame(0x89, b"p").repeat(1000)];
        spawn_local(async move {
            let flood = flood.concat();
            while caller.write_all(&flood[8..]).await.is_ok() {}
        });
        let (mut real, _) = door.call();
        real.write_all(b"NICK ada\r\n").await.expect("sent");
        let came = timeout(Duration::from_secs(1), door.inside.recv()).await;
        assert_eq!(came.expect("in time").expect("came in").0.way, Way::Irc);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn no_request_is_smuggled_in_another() {
    here(async {
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100_000));
        let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
        let inner = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        let chunk = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
        let with =
            |headers: &str, body: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}");
        let length = inner.len();
        for (request, status) in [
            (with("Content-Length: 0\r\nContent-Length: 5\r\n", inner), "400"),
            (with(&format!("Content-Length: {length}\r\n"), inner), "400"),
            (with("Transfer-Encoding: chunked\r\n", &chunk), "400"),
            (with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &chunk), "400"),
            (with("Transfer-Encoding: chunked, identity\r\n", &chunk), "400"),
            (with("Content-Length: +5\r\n", inner), "400"),
            (with("Content-Length : 5\r\n", inner), "400"),
            (with("X: y\r\n z\r\n", inner), "400"),
            (format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{inner}"), "400"),
            (many, "431"),
            (long, "431"),
        ] {
            let door = Door::new(Settings::default());
            let (mut caller, _) = door.call();
            let sending = async {
                let _ = caller.write_all(request.as_bytes()).await;
            };
            let _ = timeout(Duration::from_secs(10), sending).await;
            let mut reply = String::new();
            let read = timeout(Duration::from_secs(60), caller.read_to_string(&mut reply)).await;
            read.expect("an end, in time").expect("text");
            let shown = &request[..request.len().min(100)];
            assert_eq!(reply.split(' ').nth(1), Some(status), "{shown}\n{reply}");
            assert_eq!(reply.matches("HTTP/1.1").count(), 1, "{shown}\n{reply}");
            assert!(!reply.contains("coax_chat_connections"), "{shown}\n{reply}");
        }
    })
    .await;
}

/// Both sides say much before they read: neither waits for the other.
async fn both_talk_at_once(
    mut caller: DuplexStream,
    mut line: Line,
    hub_first: &str,
    say: Vec<u8>,
) {
    const LINES: usize = 300;
    let told = format!(":a!b@c PRIVMSG #lobby :{}\r\n", "x".repeat(400)).repeat(LINES);
    line.write_all(hub_first.as_bytes()).await.expect("said");
    let hub = spawn_local(async move {
        line.write_all(told.as_bytes()).await.expect("told");
        line.flush().await.expect("told");
        let mut heard = vec![0; 20_000];
        line.read_exact(&mut heard).await.expect("heard");
        line
    });
    let person = spawn_local(async move {
        caller.write_all(&say).await.expect("said");
        let mut shown = vec![0; LINES * 400];
        caller.read_exact(&mut shown).await.expect("shown");
        caller
    });
    timeout(Duration::from_secs(30), async {
        let _both = (hub.await.expect("the hub"), person.await.expect("the person"));
    })
    .await
    .expect("nobody waits for ever");
}

#[tokio::test(flavor = "current_thread")]
async fn a_page_that_talks_is_told_things_meanwhile() {
    here(async {
        let mut door = Door::new(Settings::default());
        let (caller, line) = socket(&mut door).await;
        let say = frame(0x81, &[b'y'; 1000]).repeat(40);
        both_talk_at_once(caller, line, "", say).await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn somebody_who_types_is_told_things_meanwhile() {
    here(async {
        let mut door = Door::new(Settings::default());
        let (mut caller, _) = door.call();
        caller.write_all(b"hello\n").await.expect("sent");
        let (_, line) = door.inside.recv().await.expect("came in");
        let settled = ":s 001 guest1 :hi\r\n:guest1!p@h JOIN #lobby\r\n";
        let say = [[b'y'; 999].as_slice(), b"\n"].concat().repeat(40);
        both_talk_at_once(caller, line, settled, say).await;
    })
    .await;
}
