//! nginx in front of the chat, as people set it up: everybody is themselves, and the page lives under
//! a path.
//!
//! nginx listens on a Unix socket and is told by the PROXY protocol who calls, so that callers of one
//! machine have the addresses of many.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use testkit::{Program, Running, peer_or_skip};

use crate::clients::ten_lines;
use crate::page::Page;
use crate::{DEADLINE, Server};

const CONFIGURATION: &str = "
daemon off; master_process off; pid PLACE/pid; error_log stderr notice;
events { worker_connections 256; }
http {
    access_log off; client_body_temp_path PLACE/t1; proxy_temp_path PLACE/t2;
    fastcgi_temp_path PLACE/t3; uwsgi_temp_path PLACE/t4; scgi_temp_path PLACE/t5;
    server {
        listen unix:PLACE/nginx.socket proxy_protocol;
        set_real_ip_from unix:; real_ip_header proxy_protocol;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        location /chat/ { proxy_pass http://127.0.0.1:PORT/; }
        location /left/ { proxy_pass http://127.0.0.1:PORT; }
        location /nameless/ { proxy_pass http://127.0.0.1:PORT/;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
    }
    server {
        listen unix:PLACE/bare.socket proxy_protocol;
        location / { proxy_pass http://127.0.0.1:PORT; }
    }
}
";

const SETTINGS: &str = "
[listen]
http-proxies = [\"127.0.0.1\"]
path = \"/left/\"
[limits]
per-address = 2
[operators]
root = \"secret\"
";

/// Callers of nginx: `get SOCKET PATH` prints the status and the body, `talk SOCKET ADDRESS NICK
/// [HEADER]` comes in by a WebSocket and prints what it hears.
const CALLER: &str = r##"
import base64, os, socket, sys
what, path, address, place, *more = sys.argv[1:]
s = socket.socket(socket.AF_UNIX); s.connect(path); s.settimeout(60)
s.sendall(b'PROXY TCP4 %s 127.0.0.1 4711 80\r\n' % address.encode())
if what == 'get':
    s.sendall(b'GET %s HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n' % place.encode())
    heard = b''
    while part := s.recv(65536):
        heard += part
    head, _, body = heard.partition(b'\r\n\r\n')
    print(head.split(b' ')[1].decode(), body.decode()[:300], flush=True)
    sys.exit()
forged = ''.join(line + '\r\n' for line in more)
s.sendall(('GET /chat/ HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n' % (base64.b64encode(os.urandom(16)).decode(), forged)).encode())
f = s.makefile('rb')
while f.readline().strip(): pass
def say(line):
    data = line.encode()
    try:
        s.sendall(bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data)
    except OSError:
        pass  # It was turned away already; why is still to be read.
for line in ('NICK ' + place, 'USER u 0 * :u', 'JOIN #lobby'): say(line)
while True:
    head = f.read(2)
    if len(head) < 2: break
    length = head[1] & 127
    if length == 126: length = int.from_bytes(f.read(2), 'big')
    data = f.read(length)
    if head[0] & 15 == 8: break
    text = data.decode()
    if text.startswith('PING'): say('PONG' + text[4:])
    print(text, flush=True)
print('closed', flush=True)
"##;

struct Front {
    server: Server,
    place: TempDir,
    _nginx: Running,
}

impl Front {
    fn start(settings: &str) -> Option<Front> {
        let nginx = peer_or_skip("nginx")?;
        peer_or_skip("python3")?;
        let place = TempDir::new().unwrap();
        let chat = place.path().join("chat.toml");
        fs::write(&chat, settings).unwrap();
        let server = Server::with(&chat, &place.path().join("data"));
        let text = CONFIGURATION
            .replace("PLACE", &place.path().display().to_string())
            .replace("PORT", &server.port.to_string());
        let path = place.path().join("nginx.conf");
        fs::write(&path, text).unwrap();
        let nginx = Program::new(nginx).arg("-c").arg(&path).deadline(DEADLINE).start();
        // It says so once its sockets listen.
        nginx.expect_err("getrlimit");
        Some(Front { server, place, _nginx: nginx })
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn call(&self, what: &str, socket: &str, rest: &[&str]) -> Running {
        let python = Program::new("python3").args(["-u", "-c", CALLER, what]);
        python.arg(self.socket(socket)).args(rest).deadline(DEADLINE).start()
    }

    fn talk(&self, address: &str, nick: &str, forged: &[&str]) -> Running {
        self.call("talk", "nginx.socket", &[&[address, nick], forged].concat())
    }

    fn get(&self, socket: &str, path: &str) -> String {
        self.call("get", socket, &["192.0.2.1", path]).wait().out()
    }
}

#[test]
fn behind_a_proxy_everybody_has_their_own_address() {
    let Some(front) = Front::start(SETTINGS) else { return };
    let Some(mut ten) = ten_lines(front.server.port) else { return };
    let bob = front.talk(
        "192.0.2.7",
        "bob",
        &["X-Forwarded-For: 203.0.113.1", "Forwarded: for=203.0.113.2", "X-Real-IP: 203.0.113.3"],
    );
    ten.shown.expect_out(":bob!~u@192.0.2.7 JOIN #lobby");
    let eve = front.talk("192.0.2.8", "eve", &[]);
    ten.shown.expect_out(":eve!~u@192.0.2.8 JOIN #lobby");
    // The third from one address is one too many; another address is not.
    let _second = front.talk("192.0.2.8", "eve2", &[]);
    ten.shown.expect_out(":eve2!~u@192.0.2.8 JOIN #lobby");
    front.talk("192.0.2.8", "eve3", &[]).expect_out("Too many connections from your address");
    let root = front.talk("192.0.2.9", "root", &[]);
    ten.shown.expect_out(":root!~u@192.0.2.9 JOIN #lobby");
    // Who is kept out is one of them.
    ban(front.server.port, "*@192.0.2.7");
    bob.expect_out("You are kept out of this server");
    bob.expect_out("closed");
    ten.say("still here?");
    for other in [&eve, &root] {
        other.expect_out("PRIVMSG #lobby :still here?");
    }
}

/// An operator keeps somebody out.
fn ban(port: u16, mask: &str) {
    const SCRIPT: &str = r"
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 60)
s.sendall(b'NICK operator\r\nUSER u 0 * :u\r\nOPER root secret\r\nKLINE %s :go\r\nQUIT\r\n' % sys.argv[2].encode())
while s.recv(65536): pass
";
    let python = Program::new("python3").args(["-c", SCRIPT, &port.to_string(), mask]);
    assert_eq!(python.run().code(), 0);
}

#[test]
fn the_page_lives_under_a_path() {
    let Some(front) = Front::start(SETTINGS) else { return };
    let Some(mut ten) = ten_lines(front.server.port) else { return };
    for path in ["chat/", "left/"] {
        let socket = front.socket("nginx.socket");
        let Some(mut page) = Page::open_through(&socket, "192.0.2.7", path) else { return };
        page.join("ada", "#lobby");
        page.say(&format!("from {path}"));
        ten.shown.expect_out(&format!(":ada!~ada@192.0.2.7 PRIVMSG #lobby :from {path}"));
        ten.say(&format!("to {path}"));
        page.until_shown(&format!("ten to {path}"));
        page.is_clean();
    }
}

#[test]
fn a_page_that_may_not_talk_says_why() {
    let Some(front) = Front::start(SETTINGS) else { return };
    let socket = front.socket("nginx.socket");
    let Some(mut page) = Page::open_through(&socket, "192.0.2.7", "nameless/") else { return };
    page.ask("type #nick ada");
    page.ask("click #enter");
    page.until("document.querySelector('#welcome-error').innerText.includes('proxy_set_header Host $http_host')");
    let port = front.server.port;
    page.until(&format!(
        "document.querySelector('#welcome-error').innerText.includes('asks for 127.0.0.1:{port}')"
    ));
}

#[test]
fn the_measurements_are_not_for_those_who_come_through_a_proxy() {
    for settings in [SETTINGS, ""] {
        let Some(front) = Front::start(settings) else { return };
        assert!(front.get("nginx.socket", "/chat/health").starts_with("200 "), "it answers");
        assert!(front.get("nginx.socket", "/chat/metrics").starts_with("403 "));
        let bare = front.get("bare.socket", "/metrics");
        assert!(bare.starts_with("403 "), "without a header of nginx: {bare}");
        let url = format!("http://127.0.0.1:{}/metrics", front.server.port);
        let Some(curl) = peer_or_skip("curl") else { return };
        let here = Program::new(curl).args(["-sS", &url]).run().exits(0);
        assert!(here.out().contains("coax_chat_"), "{}", here.out());
    }
}

#[test]
fn a_proxy_that_is_not_named_is_told_of_in_the_log() {
    let Some(front) = Front::start("") else { return };
    let bob = front.talk("192.0.2.7", "bob", &[]);
    bob.expect_out(":bob!~u@127.0.0.1 JOIN #lobby");
    front.server.running.expect_err("listen.http-proxies = [\"127.0.0.1\"]");
}
