//! Those who begin something and never finish it, a byte at a time.
//!
//! Each way in has a deadline that no trickle puts off, and each attempt to sign in an end.
//!
//! Nothing here knows what comes after.

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

/// `CALLS` says how each begins and what it sends from then on, a byte at a time. Prints those that the
/// server did not end.
const TRICKLE: &str = r"
calls = {}
for name, source, begin, rest in CALLS:
    for n in range(10):
        s = dial(source)
        s.sendall(begin)
        calls[s] = [name, rest * (5000 // len(rest)), b'']
begun = time.monotonic()
while calls and time.monotonic() - begun < 25:
    for s in select.select(list(calls), [], [], 0.05)[0]:
        try:
            heard = s.recv(65536)
        except ConnectionError:
            heard = b''
        calls[s][2] += heard
        if not heard:
            del calls[s]
    for s, call in calls.items():
        try:
            s.send(call[1][:1])
        except ConnectionError:
            pass
        call[1] = call[1][1:]
say('still there:', *sorted(set(call[0] for call in calls.values())))
";

fn trickle(settings: &str, calls: &str) {
    let server = Server::start(settings);
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let attack = attack(&server, &format!("CALLS = [{calls}]\n{TRICKLE}")).unwrap();
    attack.wait().exits(0).prints("still there:\n");
    memory.grew_less_than(16 << 10);
    bystander.was_heard();
}

#[test]
fn a_byte_now_and_then_holds_no_place_in_any_protocol() {
    trickle(
        "[limits]\nregistration-seconds = 2",
        r"
    ('a line of IRC', None, b'NICK ', b'a'),
    ('a line with tags', None, b'@', b'a=b;'),
    ('no registration', None, b'CAP LS 302\r\n', b'PING x\r\n'),
    ('no end of CAP', None, b'CAP LS 302\r\nNICK n\r\nUSER u 0 * :r\r\n', b'CAP REQ :sasl\r\n'),
    ('no end of SASL', None, b'CAP REQ :sasl\r\nNICK n\r\nUSER u 0 * :r\r\nAUTHENTICATE PLAIN\r\n', b'A'),
    ('a request', None, b'GET / HTTP/1.1\r\nHost: localhost\r\n', b'X: y\r\n'),
    ('a target', None, b'GET /', b'a'),
    ('a handshake of TLS', None, b'\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03', b'a'),
    ('a record of TLS', None, b'\x16\x03', b'\x01'),
    ('a handshake of a WebSocket', None, UPGRADE, b'X: y\r\n'),
    ('a frame', None, UPGRADE + b'\r\n\x81\xfe\x10\x00\x00\x00\x00\x00', b'a'),
    ('pings of a WebSocket', None, UPGRADE + b'\r\n', frame(b'p', 0x89)),
    ('pieces of a WebSocket', None, UPGRADE + b'\r\n' + frame(b'N', 0x01), frame(b'', 0x00)),
",
    );
}

#[test]
fn half_a_proxys_header_is_no_place_either() {
    trickle(
        "[limits]\nregistration-seconds = 2\n[listen]\nproxies = [\"127.0.0.9\"]",
        r"
    ('a line of the proxy', '127.0.0.9', b'PROXY ', b'TCP4 '),
    ('no line of the proxy', '127.0.0.9', b'NICK ada\r\nUSER u 0 * :r\r\n', b'a'),
    ('bytes of the proxy', '127.0.0.9', b'\r\n\r\n\0\r\nQUIT\n\x21\x11\x07\xff', b'a'),
    ('a long lie of the proxy', '127.0.0.9', b'\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff', b'a'),
    ('a header and no more', '127.0.0.9', b'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n', b'\r'),
",
    );
}

#[test]
fn pieces_of_a_sign_in_without_end_are_refused_and_forgotten() {
    const PIECES: &str = r"
def one(n):
    s = dial()
    s.sendall(b'CAP REQ :sasl\r\nNICK half%d\r\nUSER u 0 * :r\r\n' % n)
    heard = b''
    try:
        for attempt in range(100):
            s.sendall(b'AUTHENTICATE PLAIN\r\n' + b'AUTHENTICATE %s\r\n' % (b'A' * 400) * 9)
            heard += s.recv(65536)
    except ConnectionError:
        pass
    heard += ended(s)
    if heard.count(b' 904 ') + heard.count(b' 905 ') != 8 or b'Too many failed attempts' not in heard:
        sys.exit(repr(heard[-500:]))
rush(one, 60)
say('all were put out')
";
    let server = Server::start("[limits]\nflood-burst = 0");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    attack(&server, PIECES).unwrap().wait().exits(0).prints("all were put out\n");
    memory.grew_less_than(8 << 10);
    bystander.was_heard();
}

#[test]
fn guessing_passwords_ends_and_the_owner_comes_in_meanwhile() {
    const GUESSES: &str = r"
owner = irc('owner', 'NS REGISTER sesame-street')
owner.sendall(b'NS LOGOUT\r\nNS IDENTIFY owner sesame-street\r\nNS LOGOUT\r\n')
until(owner, b'identified')
tried, sure = [], []
def one(n):
    if n == 20:
        owner.sendall(b'NS IDENTIFY owner sesame-street\r\n')
        until(owner, b'identified')
        return
    s = dial(source='127.0.0.%d' % (2 + n % 4))
    s.sendall(b'CAP REQ :sasl\r\n')
    heard = b''
    try:
        for attempt in range(30):
            s.sendall(b'AUTHENTICATE PLAIN\r\nAUTHENTICATE %s\r\n' % base64.b64encode(b'\0owner\0guess%d' % attempt))
            heard += until(s, b' 904 ')
    except (EOFError, ConnectionError) as end:
        heard += end.args[0] if isinstance(end, EOFError) else b''
    lines = [line for line in heard.split(b'\r\n') if b' 904 ' in line]
    tried.append(sum(b'try again in' not in line for line in lines))
    sure.append(b' 903 ' in heard)
rush(one, 21)
say(max(tried) <= 8, any(sure))
";
    let settings = "[accounts]\npassword-memory = 4096\n[limits]\nflood-burst = 0";
    let server = Server::start(settings);
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    attack(&server, GUESSES).unwrap().wait().exits(0).prints("True False\n");
    // Two passwords are checked at the same time, each in 4 MiB.
    memory.grew_less_than(20 << 10);
    bystander.was_heard();
}
