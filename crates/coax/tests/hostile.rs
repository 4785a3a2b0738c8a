//! Every verb of a client beside servers that mean harm or are broken.
//!
//! Whatever a server does, the client ends: with a documented code, without a panic, and within a
//! bound of memory that a server which never stops sending would exceed.
//!
//! What each verb makes of such an answer is tested with the verb.

#![allow(clippy::unwrap_used)]

use testkit::{Outcome, Program, Running, peer_or_skip, python};

/// Runs its argument for each connection. `push` sends and does not mind that the client left.
const SCRIPT: &str = "
import struct, threading
s = listen()
def push(c, what):
    try: c.sendall(what)
    except OSError: return False
    return True
def pour(c, what):
    while push(c, what): pass
def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    c.close()
def serve(c):
    try: exec(sys.argv[1])
    except OSError: pass
while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
";

/// The words of each verb; PLACE is the server. All have a limit of time, or have their own.
const CLIENTS: [&str; 9] = [
    "connect PLACE --recv-only --deadline 1s -o /dev/null",
    "ask PLACE hello --wait 1s",
    "ask PLACE hello --framing len32 --wait 1s",
    "get http://PLACE/x --retries 0 --deadline 2s -o FILE",
    "get https://PLACE/x --retries 0 --deadline 2s -o FILE",
    "wait http://PLACE/ --timeout 1s",
    "wait tls://PLACE --timeout 1s",
    "wait redis://PLACE --timeout 1s",
    "scan HOST -p PORT --banner",
];

/// Address space, bytes: far more than any of these needs, far less than a server can send in the
/// time that it has.
const MEMORY: &str = "--as=1600000000";

fn serving(what: &str) -> Option<Running> {
    python(SCRIPT, [what])
}

fn client(words: &str, server: &Running, prlimit: &std::path::Path) -> Outcome {
    let place = server.listening();
    let (host, port) = place.rsplit_once(':').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out").display().to_string();
    let words = words.replace("PLACE", &place).replace("HOST", host).replace("PORT", port);
    let coax = Program::new(prlimit).args([MEMORY, "--", env!("CARGO_BIN_EXE_coax")]);
    coax.args(words.replace("FILE", &file).split(' ')).run()
}

/// Every client ends in order beside a server that does `what` with each connection.
#[track_caller]
fn ends_beside(what: &str) {
    let Some(prlimit) = peer_or_skip("prlimit") else { return };
    let Some(server) = serving(what) else { return };
    for words in CLIENTS {
        let outcome = client(words, &server, &prlimit);
        assert!((0..=5).contains(&outcome.code()), "{}", outcome.shown());
        assert!(!outcome.err().contains("panicked"), "{}", outcome.shown());
    }
}

#[test]
fn a_server_that_says_nothing() {
    ends_beside("c.recv(1); threading.Event().wait()");
}

#[test]
fn a_server_that_closes_at_once() {
    ends_beside("c.close()");
}

#[test]
fn a_server_that_resets_at_once() {
    ends_beside("reset(c)");
}

#[test]
fn a_server_that_resets_within_an_answer() {
    ends_beside("push(c, b'HTTP/1.1 200 OK\\r\\nContent-Le'); reset(c)");
}

#[test]
fn a_server_that_pours_bytes_without_a_line() {
    ends_beside("pour(c, b'\\xff\\x00\\x1b[2J' * 999)");
}

#[test]
fn a_server_that_pours_lines() {
    ends_beside("pour(c, b':x PRIVMSG #lobby :\\xe2\\x80\\xae\\x1b]0;x\\x07\\r\\n' * 99)");
}

#[test]
fn a_server_that_pours_a_head_without_end() {
    ends_beside("push(c, b'HTTP/1.1 200 OK\\r\\n'); pour(c, b'a: b\\r\\n' * 999)");
}

#[test]
fn a_server_that_announces_far_too_much() {
    ends_beside(
        "push(c, b'HTTP/1.1 200 OK\\r\\nContent-Length: 99999999999999999999999\\r\\n\\r\\n'); \
         pour(c, b'\\x16\\x03\\x03\\xff\\xff' * 99)",
    );
}
