//! Those who come into a busy channel and read nothing.
//!
//! Each is put out when more waits for it than may, with the reason for the others to read, and the
//! channel talks on.
//!
//! How much the kernel holds for a connection is not the server's.

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

/// Twenty-five who do not read, and somebody who talks until the last of them is gone.
const DEAF: &str = r"
def come(n):
    s = dial(receive=4096)
    if WAY == 'irc':
        s.sendall(b'NICK deaf%d\r\nUSER u 0 * :r\r\nJOIN #busy\r\n' % n)
    elif WAY == 'plain':
        s.sendall(b'/join #busy\n/nick deaf%d\n' % n)
    elif WAY == 'tls':
        s = tls(s)
        s.sendall(b'NICK deaf%d\r\nUSER u 0 * :r\r\nJOIN #busy\r\n' % n)
    else:
        s = websocket(s if WAY == 'websocket' else tls(s))
        s.sendall(b''.join(frame(line) for line in (b'NICK deaf%d' % n, b'USER u 0 * :r', b'JOIN #busy')))
    return s
talker = irc('talker', 'JOIN #busy')
deaf = [come(n) for n in range(25)]
heard = b''
while len(set(word.split(b'!')[0] for word in heard.split(b':') if b' JOIN #busy' in word)) < 25:
    heard += talker.recv(65536)
lines = b''.join(b'PRIVMSG #busy :%d %s\r\n' % (n, b'x' * 380) for n in range(250))
gone, rounds, why = 0, 0, b''
while gone < 25 and rounds < 400:
    talker.sendall(lines + b'PING round%d.\r\n' % rounds)
    heard = until(talker, b'round%d.' % rounds)
    gone += heard.count(b' QUIT ')
    why = why or b''.join(line for line in heard.split(b'\r\n') if b' QUIT ' in line)
    rounds += 1
say(gone, 'are gone:', why.decode().split(':')[-1])
";

fn deaf(way: &str) {
    let server = Server::start("[limits]\nsendq = 131072\nflood-burst = 0");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let attack = attack(&server, &format!("WAY = '{way}'\n{DEAF}")).unwrap();
    attack.wait().exits(0).prints("25 are gone: SendQ exceeded\n");
    // 25 times what may wait, its places in the queue, and what TLS and the gate hold.
    memory.grew_less_than(24 << 10);
    bystander.was_heard();
}

#[test]
fn irc_clients_that_do_not_read_are_put_out() {
    deaf("irc");
}

#[test]
fn plain_callers_that_do_not_read_are_put_out() {
    deaf("plain");
}

#[test]
fn pages_that_do_not_read_are_put_out() {
    deaf("websocket");
}

#[test]
fn those_who_do_not_read_inside_tls_are_put_out() {
    deaf("tls");
}

#[test]
fn pages_that_do_not_read_inside_tls_are_put_out() {
    deaf("websocket in tls");
}

#[test]
fn whoever_asks_and_does_not_read_is_asked_to_wait() {
    const QUESTIONS: &str = r"
crowd = [irc('crowd%d' % n, 'JOIN #crowd') for n in range(150)]
for s in crowd[:30]:
    s.sendall(b'WHO *\r\n' * 40 + b'NAMES #crowd\r\n' * 100)
for s in crowd[30:40]:
    s.sendall(b'PING end\r\n')
    until(s, b'end')
say('all have asked')
";
    let server = Server::start("[limits]\nflood-burst = 1000");
    let Some(mut bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let attack = attack(&server, QUESTIONS).unwrap();
    attack.expect_out("all have asked");
    bystander.is_heard();
    // 150 clients, and little more than 64 KiB for each of the 30: 40 answers would be 600.
    memory.grew_less_than(8 << 10);
    bystander.was_heard();
    attack.wait().exits(0);
}
