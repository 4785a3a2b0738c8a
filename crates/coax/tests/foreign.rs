//! Programs nobody here wrote, on the other end, both ways round.
//!
//! OpenBSD nc, ncat, socat, and Python scripts as people write them: they send without a newline,
//! `recv(1024)` and compare, answer once and never close.
//!
//! A missing program skips its tests and says what to install.

use std::ffi::OsString;
use std::time::Duration;

use testkit::{Program, Wires, peer_or_skip, python, unused_port};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// How a foreign program listens, how it says so, and how it connects.
struct Peer {
    program: &'static str,
    listens: fn(port: u16) -> Vec<OsString>,
    says: &'static str,
    connects: fn(port: u16) -> Vec<OsString>,
}

fn words(text: String) -> Vec<OsString> {
    text.split(' ').map(OsString::from).collect()
}

const NC: Peer = Peer {
    program: "nc",
    listens: |port| words(format!("-lvnN 127.0.0.1 {port}")),
    says: "Listening on",
    connects: |port| words(format!("-nN 127.0.0.1 {port}")),
};

const NCAT: Peer = Peer {
    program: "ncat",
    listens: |port| words(format!("-lv 127.0.0.1 {port}")),
    says: "Ncat: Listening on",
    connects: |port| words(format!("127.0.0.1 {port}")),
};

const SOCAT: Peer = Peer {
    program: "socat",
    listens: |port| words(format!("-d -d -t 20 TCP-LISTEN:{port},bind=127.0.0.1 STDIO")),
    says: "listening on",
    connects: |port| words(format!("-t 20 STDIO TCP:127.0.0.1:{port}")),
};

/// coax calls; each side says one thing, then both are done.
fn coax_connects(peer: &Peer) {
    let Some(program) = peer_or_skip(peer.program) else { return };
    let port = unused_port();
    let mut there = Program::new(program).args((peer.listens)(port)).start();
    there.expect_err(peer.says);
    let mut here = coax(&["connect", "127.0.0.1", &port.to_string()]).start();
    here.send("from coax\n");
    there.expect_out("from coax\n");
    there.send("from the peer\n");
    here.expect_out("from the peer\n");
    here.end_input();
    there.end_input();
    here.wait().exits(0).prints("from the peer\n");
    there.wait().exits(0).prints("from coax\n");
}

/// coax is called.
fn coax_listens(peer: &Peer) {
    let Some(program) = peer_or_skip(peer.program) else { return };
    let mut here = coax(&["listen", "127.0.0.1:0"]).start();
    let mut there = Program::new(program).args((peer.connects)(here.port())).start();
    there.send("from the peer\n");
    here.expect_out("from the peer\n");
    here.send("from coax\n");
    there.expect_out("from coax\n");
    there.end_input();
    here.end_input();
    there.wait().exits(0).prints("from coax\n");
    here.wait().exits(0).prints("from the peer\n");
}

#[test]
fn openbsd_nc_listens() {
    coax_connects(&NC);
}

#[test]
fn openbsd_nc_connects() {
    coax_listens(&NC);
}

#[test]
fn ncat_listens() {
    coax_connects(&NCAT);
}

#[test]
fn ncat_connects() {
    coax_listens(&NCAT);
}

#[test]
fn socat_listens() {
    coax_connects(&SOCAT);
}

#[test]
fn socat_connects() {
    coax_listens(&SOCAT);
}

#[test]
fn socat_and_nc_connect_to_a_unix_socket() {
    for (program, args) in [("socat", vec!["-t", "20", "STDIO"]), ("nc", vec!["-N", "-U"])] {
        let Some(program_path) = peer_or_skip(program) else { return };
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("s").display().to_string();
        let mut here = coax(&["listen", &path]).start();
        here.listening();
        let target = if program == "socat" { format!("UNIX-CONNECT:{path}") } else { path };
        let there = Program::new(program_path).args(args).arg(target).start();
        here.send("from coax\n");
        there.expect_out("from coax\n");
        here.end_input();
        let mut there = there;
        there.end_input();
        there.wait().exits(0);
        here.wait().exits(0);
    }
}

#[test]
fn socat_reaches_an_abstract_name() {
    let Some(socat) = peer_or_skip("socat") else { return };
    let name = format!("coax-test-{}", std::process::id());
    let mut here = coax(&["listen", &format!("@{name}")]).start();
    here.listening();
    let target = format!("ABSTRACT-CONNECT:{name}");
    let mut there = Program::new(socat).args(["-t", "20", "STDIO", &target]).start();
    there.send("by name\n");
    here.expect_out("by name\n");
    there.end_input();
    here.end_input();
    there.wait().exits(0);
    here.wait().exits(0);
}

/// A teaching server: one `recv`, one comparison, one answer, and it never closes.
const COMPARES: &str = "
c, _ = listen(host=sys.argv[1]).accept()
while True:
    word = c.recv(1024)
    if not word: break
    c.sendall(b'pong' if word == b'ping' else b'what is ' + repr(word).encode())
time.sleep(25)
";

#[test]
fn ask_gets_the_answer_of_a_peer_that_never_closes() {
    for host in ["127.0.0.1", "::1"] {
        let Some(peer) = python(COMPARES, [host]) else { return };
        let port = peer.port();
        let endpoint = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let outcome = coax(&["ask", &endpoint, "ping"]).run();
        assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
        outcome.exits(0).prints("pong\n");
    }
}

#[test]
fn ask_says_no_when_the_answer_is_not_what_was_expected() {
    let Some(peer) = python(COMPARES, ["127.0.0.1"]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    let outcome = coax(&["ask", &endpoint, "pong?", "--expect", "^pong$"]).run();
    assert!(outcome.out().contains("what is b'pong?'"), "{}", outcome.shown());
    outcome.exits(1).speaks_plainly();
}

#[test]
fn ask_says_yes_when_it_is() {
    let Some(peer) = python(COMPARES, ["127.0.0.1"]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    coax(&["ask", &endpoint, "ping", "--expect", "^pong$"]).run().exits(0).prints("pong\n");
}

#[test]
fn lines_typed_reach_a_peer_that_compares_chunks() {
    let Some(peer) = python(COMPARES, ["127.0.0.1"]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    let mut coax = coax(&["connect", &endpoint, "--framing", "chunk"]).start();
    coax.send("ping\n");
    coax.expect_out("pong\n");
    coax.send("pang\n");
    coax.expect_out("pong\nwhat is b'pang'\n");
}

#[test]
fn a_client_that_sends_without_a_newline_is_answered() {
    let script = "
c = dial(sys.argv[1])
c.sendall(b'who is there')
word = c.recv(1024)
say('right' if word == b'me' else 'wrong: %r' % word)
c.close()
";
    let mut coax = coax(&["listen", "127.0.0.1:0", "--framing", "chunk"]).start();
    let Some(peer) = python(script, [coax.port().to_string()]) else { return };
    coax.expect_out("who is there\n");
    coax.send("me\n");
    peer.wait().exits(0).prints("right\n");
    coax.end_input();
    coax.wait().exits(0).prints("who is there\n");
}

#[test]
fn an_echo_server_answers_many_python_clients_at_once() {
    let script = "
all = [dial(sys.argv[1]) for _ in range(50)]
for n, c in enumerate(all): c.sendall(b'%d' % n)
for n, c in enumerate(all): assert c.recv(1024) == b'%d' % n
for c in all: c.shutdown(socket.SHUT_WR)
for c in all: assert c.recv(1024) == b''
say('all')
";
    let coax = coax(&["listen", "127.0.0.1:0", "--echo", "--keep-open"]).start();
    let Some(peer) = python(script, [coax.port().to_string()]) else { return };
    peer.wait().exits(0).prints("all\n");
    assert!(coax.is_running());
}

#[test]
fn everyone_hears_everyone_else_through_a_broker() {
    let coax = coax(&["listen", "127.0.0.1:0", "--broker", "--greet", "in\n"]).start();
    let address = coax.listening();
    let mut all = (0..3).map(|_| Wires::Tcp.connect(&address)).collect::<Vec<_>>();
    // Who was greeted is in.
    all.iter_mut().for_each(|wire| assert_eq!(wire.hear(3), b"in\n"));
    for speaker in 0..3 {
        let line = format!("I am {speaker}\n");
        all[speaker].say(&line);
        for (_, wire) in all.iter_mut().enumerate().filter(|(who, _)| *who != speaker) {
            assert_eq!(wire.hear(line.len()), line.as_bytes());
        }
    }
    for wire in &all {
        assert!(wire.is_silent_for(Duration::from_millis(200)), "nobody hears themselves");
    }
}

#[test]
fn a_greeting_is_the_first_thing_heard() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--greet", "220 hello\n"]).start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    assert_eq!(peer.hear(10), b"220 hello\n");
    coax.end_input();
    peer.say("then I speak");
    drop(peer);
    coax.wait().exits(0).prints("then I speak");
}

#[test]
fn a_command_talks_to_the_peer_and_knows_who_it_is() {
    let line = "read word; echo \"$word from $COAX_REMOTE_ADDR\"";
    let coax = coax(&["listen", "127.0.0.1:0", "--exec", line]).start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    peer.say("hello\n");
    let heard = String::from_utf8(peer.hear_to_end()).unwrap();
    assert!(heard.starts_with("hello from 127.0.0.1"), "{heard}");
    drop(peer);
    coax.wait().exits(0);
}

#[test]
fn http_asked_by_hand_is_answered_whole() {
    let script = "
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'x' * 200000
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
s = http.server.HTTPServer(('127.0.0.1', 0), Page)
ready('listening on 127.0.0.1:%d' % s.server_port)
s.handle_request()
";
    let Some(peer) = python(script, [""]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    let request = "GET / HTTP/1.0\r\n\r\n";
    let outcome = coax(&["connect", &endpoint]).run_with(request).exits(0);
    let body = outcome.out().split_once("\r\n\r\n").map(|(_, body)| body.len());
    assert_eq!(body, Some(200_000));
    peer.wait().exits(0);
}

#[test]
fn crlf_turns_typed_lines_into_protocol_lines() {
    let port = Wires::Tcp.listen();
    let mut coax = coax(&["connect", &port.endpoint, "--crlf"]).start();
    let mut peer = port.accept();
    coax.send("HELO me\nQUIT\n");
    coax.end_input();
    assert_eq!(peer.hear_to_end(), b"HELO me\r\nQUIT\r\n");
    drop(peer);
    coax.wait().exits(0);
}
