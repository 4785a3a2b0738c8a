//! Those who are many: they come at once, go at once, or take every place there is.
//!
//! Ten thousand need as many descriptors on both sides; a machine that has fewer skips that test.
//!
//! Nothing here knows how they are counted.

use rustix::process::{Resource, getrlimit};
use testkit::skip;

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

/// Descriptors that ten thousand connections need, with some room.
const NEEDED: u64 = 10_100;

#[test]
fn ten_thousand_that_drop_at_once_are_gone_at_once() {
    const CROWD: &str = r"
import gc
def come(n):
    s = dial(source='127.0.0.%d' % (2 + n % 5))
    s.sendall(b'CAP LS 302\r\n' if n % 5 else b'NICK n%d\r\nUSER u 0 * :r\r\nJOIN #c%d\r\n' % (n, n // 250))
    return s
crowd = [come(n) for n in range(10000)]
for n, s in enumerate(crowd):
    until(s, b'\n' if n % 5 else b' 366 ')
say('they are there')
sys.stdin.readline()
# Half of them leave words unread, which is a reset; the others say goodbye.
for s in crowd[::2]:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
for s in crowd:
    s.close()
say('they are gone')
";
    if getrlimit(Resource::Nofile).maximum.is_some_and(|most| most < NEEDED) {
        return skip("ulimit -n 10100 is more than this machine allows");
    }
    let server = Server::start("[limits]\nregistration-seconds = 90");
    let Some(mut bystander) = Bystander::of(&server) else { return };
    let (memory, before) = (server.memory(), server.descriptors());
    let mut attack = attack(&server, CROWD).unwrap();
    attack.expect_out("they are there");
    assert!(server.descriptors() >= before + 10_000, "{} are there", server.descriptors());
    bystander.is_heard();
    attack.send("now\n");
    attack.expect_out("they are gone");
    let mut words = 0;
    while server.descriptors() > before {
        bystander.is_heard();
        words += 1;
        assert!(words < 100, "{} are still there", server.descriptors() - before);
    }
    // 6 KiB for each while they were there, in a build that was not made small.
    memory.grew_less_than(60 << 10);
    bystander.was_heard();
    attack.wait().exits(0);
}

#[test]
fn a_flood_of_calls_that_end_at_once_leaves_nothing_behind() {
    const CALLS: &str = r"
beginnings = [b'', b'\x16', b'GET / HT', b'NICK flood\r\nUSER u 0 * :r\r\n', b'hello\n', UPGRADE + b'\r\n']
def one(n):
    for m in range(250):
        s = dial()
        if n % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        s.sendall(beginnings[(n + m) % 6])
        s.close()
rush(one, 16)
say('all have called')
";
    let server = Server::start("");
    let Some(mut bystander) = Bystander::of(&server) else { return };
    let (memory, before) = (server.memory(), server.descriptors());
    attack(&server, CALLS).unwrap().wait().exits(0).prints("all have called\n");
    let mut words = 0;
    while server.descriptors() > before {
        bystander.is_heard();
        words += 1;
        assert!(words < 100, "{} are still there", server.descriptors() - before);
    }
    memory.grew_less_than(24 << 10);
    bystander.was_heard();
}

#[test]
fn whoever_is_in_stays_when_there_are_no_descriptors_left() {
    const FULL: &str = r"
crowd = []
turned_away = 0
for n in range(200):
    s = dial()
    try:
        s.sendall(b'CAP LS 302\r\n')
        turned_away += b'ERROR :There is no room' in s.recv(4096)
    except ConnectionError:
        turned_away += 1
    crowd.append(s)
if turned_away < 100:
    sys.exit(turned_away)
say('full')
sys.stdin.readline()
for s in crowd:
    s.close()
irc('visitor', 'JOIN #calm')
say('somebody comes in again')
";
    const HISTORY: &str = r"
s = irc('reader', 'CAP REQ :batch draft/chathistory', 'JOIN #old', 'PRIVMSG #old :once upon a time')
say('in')
sys.stdin.readline()
s.sendall(b'PRIVMSG #old :and then\r\nCHATHISTORY LATEST #old * 10\r\n')
heard = until(s, b'and then')
say(b'once upon a time' in heard, b'and then' in heard)
";
    let Some(server) = Server::with_descriptors(120, "") else { return };
    let Some(mut bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let mut reader = attack(&server, HISTORY).unwrap();
    reader.expect_out("in");
    let mut attack = attack(&server, FULL).unwrap();
    attack.expect_out("full");
    server.running.expect_err("there is no room for more connections (ulimit -n is 120)");
    bystander.is_heard();
    reader.send("now\n");
    reader.wait().exits(0).prints("in\nTrue True\n");
    attack.send("now\n");
    attack.wait().exits(0).prints("full\nsomebody comes in again\n");
    memory.grew_less_than(16 << 10);
    bystander.was_heard();
}
