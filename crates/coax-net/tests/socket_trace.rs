//! Every call is told once, with its arguments and its result.

#![allow(clippy::unwrap_used)]

use std::fmt::Debug;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coax_net::{Address, Family, Keepalive, Kind, Shutdown, Socket};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

const SECOND: Duration = Duration::from_secs(1);

/// Writes down `call(args) = result` of each event.
#[derive(Clone, Default)]
struct Scribe(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Line {
    call: String,
    args: String,
    result: String,
    timed: bool,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "call" => self.call = value.into(),
            "args" => self.args = value.into(),
            "result" => self.result = value.into(),
            other => panic!("unknown field {other}"),
        }
    }
    fn record_u64(&mut self, field: &Field, _: u64) {
        self.timed = field.name() == "micros";
    }
    fn record_debug(&mut self, field: &Field, _: &dyn Debug) {
        panic!("unknown field {field}");
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "coax::socket"
    }
    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        assert!(line.timed);
        let text = format!("{}({}) = {}", line.call, line.args, line.result);
        self.0.lock().unwrap().push(text);
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_conversation_reads_like_the_textbook() {
    let scribe = Scribe::default();
    let heard = scribe.0.clone();
    let expected = tracing::subscriber::with_default(scribe, || {
        let socket = Socket::new(Family::Inet, Kind::Stream, None).unwrap();
        socket.bind(&Address::Ip("127.0.0.1:0".parse().unwrap())).unwrap();
        let nobody = socket.local_name().unwrap();
        let client = Socket::new(Family::Inet, Kind::Stream, None).unwrap();
        let _ = client.try_connect(&nobody);
        socket.listen(5).unwrap();
        client.set_nodelay(true).unwrap();
        client.set_nonblocking(true).unwrap();
        let _ = client.try_connect(&nobody);
        let (server, from) = socket.accept().unwrap();
        client.take_error().unwrap();
        let probes = Keepalive { idle: SECOND * 60, interval: SECOND * 5, count: 3 };
        client.set_keepalive_timing(probes).unwrap();
        client.send(b"hello").unwrap();
        server.recv(1024).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let (s, c, a) = (socket.as_raw_fd(), client.as_raw_fd(), server.as_raw_fd());
        server.close().unwrap();
        vec![
            format!("socket(AF_INET, SOCK_STREAM) = {s}"),
            format!("bind({s}, 127.0.0.1:0) = ok"),
            format!("getsockname({s}) = {nobody}"),
            format!("socket(AF_INET, SOCK_STREAM) = {c}"),
            format!("connect({c}, {nobody}) = refused"),
            format!("listen({s}, 5) = ok"),
            format!("setsockopt({c}, TCP_NODELAY, on) = ok"),
            format!("fcntl({c}, O_NONBLOCK, on) = ok"),
            format!("connect({c}, {nobody}) = in progress"),
            format!("accept({s}) = {a} from {from}"),
            format!("getsockopt({c}, SO_ERROR) = no error"),
            format!("setsockopt({c}, TCP_KEEPIDLE, 60s idle, every 5s, 3 times) = ok"),
            format!("send({c}, 5 bytes) = 5"),
            format!("recv({a}, 1024) = 5"),
            format!("shutdown({a}, SHUT_WR) = ok"),
            format!("close({a}) = ok"),
        ]
    });
    assert_eq!(*heard.lock().unwrap(), expected);
}
