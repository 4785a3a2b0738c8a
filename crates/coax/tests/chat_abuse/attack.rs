//! Attackers: scripts in Python, with a few words that all of them use.
//!
//! They run at a low priority: what is measured is the server, not who gets the processor. No call
//! waits longer than 30 seconds.
//!
//! Nothing here knows what an attack is.

use testkit::{Program, Running, peer_or_skip};

use crate::{DEADLINE, Server};

/// `dial`, `irc` (somebody who is in), `until` (reads on until it has come), `ended` (reads to the end),
/// `rush` (does something for all of a list at once, on threads).
const PRELUDE: &str = r#"
import base64, hashlib, os, resource, select, socket, ssl, struct, sys, threading, time
os.nice(10)
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
socket.setdefaulttimeout(30)
port = int(sys.argv[1])
def say(*words):
    print(*words, flush=True)
def dial(source=None, receive=None):
    s = socket.socket()
    if receive:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    s.settimeout(30)
    if source:
        s.bind((source, 0))
    s.connect(('127.0.0.1', port))
    return s
def tls(s):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(s)
UPGRADE = (b'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')
def frame(data, first=0x81):
    short = struct.pack('!BB', first, 0x80 | len(data)) if len(data) < 126 else struct.pack('!BBH', first, 0xfe, len(data))
    return short + bytes(4) + data
def websocket(s):
    s.sendall(UPGRADE + b'\r\n')
    until(s, b'\r\n\r\n')
    return s
def until(s, what):
    heard = b''
    while what not in heard:
        more = s.recv(65536)
        if not more:
            raise EOFError(heard[-500:])
        heard += more
    return heard
def irc(nick, *lines, s=None):
    s = s or dial()
    s.sendall(b'NICK %s\r\nUSER u 0 * :r\r\n' % nick.encode())
    until(s, b' 422 ')
    for line in lines:
        s.sendall(line.encode() + b'\r\n')
    if lines:
        s.sendall(b'PING through\r\n')
        until(s, b'through')
    return s
def ended(s):
    heard = b''
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return heard
            heard += more
    except ConnectionError:
        return heard + b'(reset)'
def rush(what, many):
    failed = []
    def one(n):
        try:
            what(n)
        except Exception as error:
            failed.append(repr(error))
    threads = [threading.Thread(target=one, args=(n,)) for n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit('%d of %d failed: %s' % (len(failed), many, failed[0]))
"#;

/// Starts an attack; its first argument is the port. `None` where Python is missing.
#[track_caller]
pub fn attack(server: &Server, script: &str) -> Option<Running> {
    let python = Program::new(peer_or_skip("python3")?);
    let script = format!("{PRELUDE}\n{script}\n");
    let program = python.args(["-u", "-c", &script]).arg(server.port.to_string());
    Some(program.deadline(DEADLINE).start())
}
