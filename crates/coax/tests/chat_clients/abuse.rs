//! Callers who mean harm, on real sockets: floods, endless requests, lines too long.
//!
//! Somebody harmless talks before, meanwhile and after; what the server takes for the others is
//! measured from outside.

use std::fs;

use tempfile::TempDir;
use testkit::{Program, Running, peer_or_skip, python};

use crate::clients::ten_lines;
use crate::{DEADLINE, Server};

/// What a flood may cost the server in all, in KiB: less than 20 for each of its callers.
const FLOOD_COST: usize = 60 << 10;

/// `many` connections at once, each with the first bytes of something and then silence. Says when they
/// stand, and when the server has ended them all.
const FLOOD: &str = r"
import resource, select, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
port, many, beginning = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
calls, ended = select.epoll(), 0
crowd = {}
for n in range(many):
    s = socket.create_connection(('127.0.0.1', port), 30)
    s.sendall(beginning)
    crowd[s.fileno()] = s
    calls.register(s, select.EPOLLIN | select.EPOLLRDHUP)
print('the flood stands', flush=True)
while crowd:
    for number, _ in calls.poll(30):
        try:
            over = not crowd[number].recv(4096)
        except ConnectionError:
            over = True
        if over:
            calls.unregister(number)
            crowd.pop(number).close()
print('the flood is over', flush=True)
";

/// Kibibytes of memory that the server holds.
fn memory(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.running.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// One comes in, says a line that `here` hears, and leaves.
#[track_caller]
fn somebody_comes(server: &Server, here: &Running, word: &str) {
    const SCRIPT: &str = r"
s = dial(sys.argv[1])
s.sendall(b'NICK visitor\r\nUSER v 0 * :v\r\nJOIN #lobby\r\nPRIVMSG #lobby :%s\r\nQUIT\r\n' % sys.argv[2].encode())
while s.recv(4096):
    pass
";
    let visitor = python(SCRIPT, [&server.port.to_string(), word]).unwrap();
    here.expect_out(&format!("PRIVMSG #lobby :{word}"));
    visitor.wait().exits(0);
}

fn flooded(beginning: &[u8], many: usize) {
    let data = TempDir::new().unwrap();
    let settings = data.path().join("chat.toml");
    fs::write(&settings, "[limits]\nregistration-seconds = 5\n").unwrap();
    let server = Server::with(&settings, data.path());
    let Some(here) = ten_lines(server.port) else { return };
    somebody_comes(&server, &here.shown, "before");
    let alone = memory(&server);
    let hex = beginning.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let flood = Program::new(peer_or_skip("python3").unwrap())
        .args(["-u", "-c", FLOOD])
        .args([server.port.to_string(), many.to_string(), hex])
        .deadline(DEADLINE)
        .start();
    flood.expect_out("the flood stands");
    somebody_comes(&server, &here.shown, "meanwhile");
    let cost = memory(&server).saturating_sub(alone);
    assert!(cost < FLOOD_COST, "{many} callers took {cost} KiB");
    flood.expect_out("the flood is over");
    flood.wait().exits(0);
    somebody_comes(&server, &here.shown, "after");
    assert!(server.running.is_running());
}

#[test]
fn a_flood_of_silent_callers_ends() {
    flooded(b"", 4000);
}

#[test]
fn a_flood_of_half_tls_hellos_ends() {
    let mut hello = vec![0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3];
    hello.resize(1000, 7);
    flooded(&hello, 3000);
}

#[test]
fn a_flood_of_half_requests_ends() {
    flooded(b"GET / HTTP/1.1\r\nHost: x\r\nX: ", 3000);
}

#[test]
fn a_flood_of_half_registrations_ends() {
    flooded(b"CAP LS 302\r\nNICK nobody\r\nAUTHENTICATE ", 3000);
}

#[test]
fn a_hundred_thousand_headers_are_refused_in_words() {
    const SCRIPT: &str = r"
s = dial(sys.argv[1])
try:
    s.sendall(b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 100000 + b'\r\n')
except ConnectionError:
    say('cut off')
say(s.makefile('rb').readline().decode().strip())
";
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(client) = python(SCRIPT, [server.port.to_string()]) else { return };
    client.wait().exits(0).prints("HTTP/1.1 431 Request Header Fields Too Large\n");
}

#[test]
fn lines_of_eight_kibibytes_are_refused_and_harm_nobody() {
    const SCRIPT: &str = r"
s = dial(sys.argv[1])
long = b'x' * 8192
s.sendall(b'NICK long\r\nUSER l 0 * :l\r\nJOIN #lobby\r\nPRIVMSG #lobby :' + long + b'\r\n')
s.sendall(b'@' + b'a=b;' * 100000 + b' PRIVMSG #lobby :tags\r\nPRIVMSG #lobby :still here\r\n')
for line in s.makefile('rb'):
    words = line.split()
    if words[1] == b'417':
        say('too long')
    if words[0] == b'PING':
        s.sendall(b'PONG ' + words[1] + b'\r\n')
";
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(here) = ten_lines(server.port) else { return };
    let long = python(SCRIPT, [server.port.to_string()]).unwrap();
    here.shown.expect_out("PRIVMSG #lobby :still here");
    long.expect_out("too long\ntoo long\n");
    assert!(!here.shown.out().contains("xxxx"), "nothing of the long line was said");
    somebody_comes(&server, &here.shown, "after");
}
