//! The door, with callers of every kind on in-memory streams and a clock that runs by itself.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use coax_chat::gate::{Caller, Gate, House, Line, Settings, Way};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

struct Inside(UnboundedSender<(Caller, Line)>);

impl House for Inside {
    fn welcome(&self, caller: Caller, line: Line) {
        self.0.send((caller, line)).expect("the test listens");
    }

    fn metrics(&self) -> String {
        "coax_chat_clients 0\n".to_owned()
    }
}

/// Somebody at the door, and what came in behind it.
struct Call {
    caller: DuplexStream,
    inside: UnboundedReceiver<(Caller, Line)>,
    admitted: JoinHandle<io::Result<()>>,
}

fn call(settings: Settings) -> Call {
    let (caller, stream) = duplex(64 * 1024);
    let (came, inside) = unbounded_channel();
    let gate = Gate::new(Inside(came), settings, None);
    let admitted = spawn_local(Rc::clone(&gate).admit(stream, "127.0.0.1:5000".parse().ok()));
    Call { caller, inside, admitted }
}

async fn here(test: impl Future<Output = ()>) {
    tokio::time::pause();
    LocalSet::new().run_until(test).await;
}

async fn text(stream: &mut (impl tokio::io::AsyncRead + Unpin), length: usize) -> String {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.expect("so many bytes");
    String::from_utf8(bytes).expect("text")
}

#[tokio::test(flavor = "current_thread")]
async fn an_irc_client_arrives_with_every_byte_it_sent() {
    here(async {
        let mut call = call(Settings::default());
        for piece in ["NI", "CK ada\r\nUSER a 0", " * :Ada\r\n"] {
            call.caller.write_all(piece.as_bytes()).await.expect("sent");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let (caller, mut line) = call.inside.recv().await.expect("came in");
        assert_eq!(caller.way, Way::Irc);
        let sent = "NICK ada\r\nUSER a 0 * :Ada\r\n";
        assert_eq!(text(&mut line, sent.len()).await, sent);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn silence_and_half_a_hello_end_at_the_deadline() {
    here(async {
        for beginning in
            [b"".as_slice(), &[0x16, 3, 1], b"GET /", b"cap", b"CAP ", b"\x16\x03\x01\x02\x00"]
        {
            let mut call = call(Settings::default());
            call.caller.write_all(beginning).await.expect("sent");
            let start = tokio::time::Instant::now();
            if beginning == b"cap" {
                // Nobody's protocol yet, so a pause makes it words.
                assert_eq!(call.inside.recv().await.expect("came in").0.way, Way::Plain);
                continue;
            }
            let ended = call.admitted.await.expect("no panic").expect_err("turned away");
            assert_eq!(ended.kind(), io::ErrorKind::TimedOut, "{}", beginning.escape_ascii());
            assert!(start.elapsed() <= Settings::default().deadline + Duration::from_secs(1));
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn somebody_who_types_is_translated() {
    here(async {
        let mut call = call(Settings::default());
        call.caller.write_all(b"hello").await.expect("sent");
        let (caller, mut line) = call.inside.recv().await.expect("came in");
        assert_eq!(caller.way, Way::Plain);
        let hello = "CAP REQ :batch draft/chathistory server-time\r\nNICK guest1\r\n\
                     USER plain 0 * :plain lines\r\nCAP END\r\n";
        assert_eq!(text(&mut line, hello.len()).await, hello);
        line.write_all(b":s 001 guest1 :Welcome\r\n").await.expect("said");
        let greeting = "welcome, you are guest1. /help shows what you can type.\n";
        assert_eq!(text(&mut call.caller, greeting.len()).await, greeting);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_browser_gets_the_page_and_nothing_else() {
    here(async {
        for (request, status, within) in [
            (
                "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                "200",
                "content-security-policy: default-src 'none'",
            ),
            (
                "GET /app.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                "200",
                "text/javascript",
            ),
            ("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200", "content-length: "),
            (
                "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                "200",
                "coax_chat_clients 0",
            ),
            ("GET /metrics HTTP/1.0\r\n\r\n", "403", "measurements are for this machine"),
            ("GET /health HTTP/1.0\r\n\r\n", "200", "ok"),
            ("GET /../etc/passwd HTTP/1.0\r\n\r\n", "404", "the chat is at /"),
            ("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", "405", "allow: GET, HEAD"),
        ] {
            let mut call = call(Settings::default());
            call.caller.write_all(request.as_bytes()).await.expect("sent");
            let mut reply = String::new();
            call.caller.read_to_string(&mut reply).await.expect("text, then the end");
            assert_eq!(reply.split(' ').nth(1), Some(status), "{request}");
            assert!(reply.contains(within), "{request}\n{reply}");
            let body = reply.split_once("\r\n\r\n").expect("a head").1;
            assert_eq!(body.is_empty(), request.starts_with("HEAD"), "{request}");
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_websocket_carries_one_line_a_message() {
    here(async {
        let Call { caller, mut inside, .. } = call(Settings::default());
        let mut request = "ws://localhost/".into_client_request().expect("a request");
        let offered = "binary.example, text.ircv3.net".parse().expect("a value");
        request.headers_mut().insert("Sec-WebSocket-Protocol", offered);
        let opening = spawn_local(tokio_tungstenite::client_async(request, caller));
        let (mut socket, reply) = opening.await.expect("no panic").expect("a WebSocket");
        assert_eq!(reply.headers()["sec-websocket-protocol"], "text.ircv3.net");
        let (caller, mut line) = inside.recv().await.expect("came in");
        assert_eq!(caller.way, Way::WebSocket);
        socket.send(Message::text("NICK ada")).await.expect("sent");
        assert_eq!(text(&mut line, 10).await, "NICK ada\r\n");
        line.write_all(b":s NOTICE ada :h\xe9\r\n:s PING x\r\n").await.expect("said");
        let said = [socket.next().await, socket.next().await]
            .map(|message| message.expect("one").expect("right"));
        assert_eq!(said, [Message::text(":s NOTICE ada :h\u{fffd}"), Message::text(":s PING x")]);
        drop(line);
        assert!(matches!(socket.next().await, Some(Ok(Message::Close(_)))), "the end is said");
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_proxy_says_whom_it_brings_or_is_turned_away() {
    here(async {
        let proxied = Settings {
            proxies: vec!["127.0.0.1".parse().expect("an address")],
            ..Settings::default()
        };
        let mut call = call(proxied.clone());
        call.caller
            .write_all(b"PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\nCAP LS\r\n")
            .await
            .expect("sent");
        let (caller, mut line) = call.inside.recv().await.expect("came in");
        assert_eq!(caller.address, "192.0.2.1:5".parse().ok());
        assert_eq!(text(&mut line, 8).await, "CAP LS\r\n");
        let mut liar = self::call(proxied);
        liar.caller.write_all(b"NICK ada\r\n").await.expect("sent");
        assert!(liar.admitted.await.expect("no panic").is_err(), "no header, no entry");
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn every_file_of_the_page_is_served() {
    here(async {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
        for file in std::fs::read_dir(folder).expect("the page's folder") {
            let name = file.expect("a file").file_name().into_string().expect("a plain name");
            let mut call = call(Settings::default());
            let request = format!("HEAD /{name} HTTP/1.0\r\n\r\n");
            call.caller.write_all(request.as_bytes()).await.expect("sent");
            assert!(text(&mut call.caller, 15).await.ends_with("200 OK"), "{name}");
        }
    })
    .await;
}
