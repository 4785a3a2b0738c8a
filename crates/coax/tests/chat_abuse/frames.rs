//! Frames of a WebSocket that lie about their length, their kind, their mask, their text.
//!
//! Each ends the connection with the code of RFC 6455 §7.4.1 for it, and nothing of it is said.
//!
//! Nothing here knows IRC beyond one line.

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

/// Every lie, with the code that it is answered with. Each is sent whole, and byte by byte.
const LIES: &str = r"
talk = b'PRIVMSG #calm :a lie'
lies = [
    ('no mask', b'\x81' + bytes([len(talk)]) + talk, 1002),
    ('an unknown kind', frame(talk, 0x83), 1002),
    ('an unknown control', frame(b'', 0x8b), 1002),
    ('the first reserved bit', frame(talk, 0xc1), 1002),
    ('the third reserved bit', frame(talk, 0x91), 1002),
    ('more of nothing', frame(talk, 0x80), 1002),
    ('a beginning within', frame(b'a', 0x01) + frame(talk, 0x81), 1002),
    ('a ping in pieces', frame(b'a', 0x09), 1002),
    ('a long ping', frame(b'a' * 126, 0x89), 1002),
    ('a long goodbye', frame(b'\x03\xe8' + b'a' * 124, 0x88), 1002),
    ('half a code', frame(b'\x03', 0x88), 1002),
    ('a code nobody may send', frame(struct.pack('!H', 1005), 0x88), 1002),
    ('a reason that is no text', frame(b'\x03\xe8\xff', 0x88), 1007),
    ('bytes that are no text', frame(b'PRIVMSG #calm :\xff'), 1007),
    ('half a letter', frame(b'\xe2\x82'), 1007),
    ('half a letter in the last piece', frame(b'\xe2', 0x01) + frame(b'\x82', 0x80), 1007),
    ('more than a line', frame(b'a' * 20000), 1009),
    ('more than there is', b'\x81\xff' + struct.pack('!Q', 2 ** 62) + bytes(4), 1009),
    ('a negative length', b'\x81\xff' + b'\xff' * 8 + bytes(4), (1002, 1009)),
    ('pieces without end', frame(b'a' * 100, 0x01) + frame(b'a' * 100, 0x00) * 400, 1009),
]
def one(n):
    name, lie, code = lies[n % len(lies)]
    s = websocket(dial())
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pieces = [lie] if n < len(lies) else [lie[at:at + 1] for at in range(min(len(lie), 600))]
    if n >= len(lies) and len(lie) > 600:
        pieces.append(lie[600:])
    try:
        for piece in pieces:
            s.sendall(piece)
    except ConnectionError:
        pass
    heard = ended(s)
    codes = code if isinstance(code, tuple) else (code,)
    if heard[:1] != b'\x88' or struct.unpack('!H', heard[2:4])[0] not in codes:
        raise ValueError(name, heard)
rush(one, 2 * len(lies))
say('every lie was called one')
";

#[test]
fn every_lie_of_a_frame_ends_it_with_the_reason() {
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let lies = attack(&server, LIES).unwrap();
    lies.wait().exits(0).prints("every lie was called one\n");
    memory.grew_less_than(8 << 10);
    bystander.was_heard();
}

#[test]
fn pings_whose_answers_nobody_reads_are_not_kept() {
    const PINGS: &str = r"
def one(n):
    s = websocket(dial(receive=4096))
    for line in (b'NICK pings%d' % n, b'USER u 0 * :r'):
        s.sendall(frame(line))
    until(s, b' 422 ')
    s.settimeout(0.5)
    pings, until_then = frame(b'p' * 125, 0x89) * 500, time.monotonic() + 2
    while time.monotonic() < until_then:
        try:
            s.send(pings)
        except (TimeoutError, ConnectionError):
            pass
rush(one, 20)
say('over')
";
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    attack(&server, PINGS).unwrap().wait().exits(0).prints("over\n");
    memory.grew_less_than(8 << 10);
    bystander.was_heard();
}

#[test]
fn a_message_is_as_many_lines_as_it_holds_and_each_keeps_the_rules() {
    const LINES: &str = r"
hearer = irc('hearer', 'JOIN #den')
s = websocket(dial())
for line in (b'NICK page\r\nUSER u 0 * :r', b'JOIN #den\nPRIVMSG #den :one\r\nPRIVMSG #den :two',
        b'PRIVMSG #den :a\rQUIT :b', b'PRIVMSG #den :nul\0', b'PRIVMSG #den :' + b'x' * 600, b'PRIVMSG #den :last'):
    s.sendall(frame(line))
heard = until(hearer, b':last\r\n')
say(*[line.decode().split(':')[-1] for line in heard.split(b'\r\n') if b'PRIVMSG' in line])
say(heard.count(b'\r') == heard.count(b'\n'), b'\0' in heard)
";
    let server = Server::start("");
    let Some(lines) = attack(&server, LINES) else { return };
    lines.wait().exits(0).prints("one two last\nTrue False\n");
}
