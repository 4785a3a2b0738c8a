//! A stranger's page in somebody's browser: what it can have the browser send here.
//!
//! A browser reaches this machine and a house's network, where the page's author does not. So nothing
//! that a page can send is talk, and only our own page opens a WebSocket.
//!
//! That browsers keep away from some ports is their business, and not relied on.

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

#[test]
fn commands_in_the_body_of_a_form_are_not_said() {
    const FORMS: &str = r"
body = b'NICK evil\r\nUSER evil 0 * :evil\r\nJOIN #den\r\nPRIVMSG #den :from a page\r\n/join #den\r\n/me from a page\r\n'
head = b'Host: localhost\r\nOrigin: http://evil.example\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n' % len(body)
long = b'/' + b'a' * 3000
starts = [b'POST / HTTP/1.1', b'POST / HTTP/1.0', b'POST / HTTP/0.9', b'POST ' + long + b' HTTP/1.1', b'GET ' + long + b' HTTP/1.1',
    b'PATCH / HTTP/1.1', b'PATCH ' + long + b' HTTP/1.1', b'NICK / HTTP/1.1', b'NICK ' + long + b' HTTP/1.1',
    b'QUIT / HTTP/1.1', b'USER / HTTP/1.1', b'PASS ' + long + b' HTTP/1.1', b'CAP /LS HTTP/1.1', b'OPTIONS * HTTP/1.1']
watcher = irc('watcher', 'JOIN #den', 'JOIN #lobby')
def one(n):
    start, secure = starts[n // 2], n % 2
    s = tls(dial()) if secure else dial()
    s.sendall(start + b'\r\n' + head)
    try:
        s.sendall(body)
    except ConnectionError:
        pass
    heard = ended(s)
    if not heard.startswith(b'HTTP/1.') or heard[9:10] != b'4' or b' 001 ' in heard or b'welcome' in heard:
        raise ValueError(start[:40], heard[:200])
rush(one, 2 * len(starts))
watcher.sendall(b'ISON evil\r\nLUSERS\r\nPING end\r\n')
heard = until(watcher, b'end')
say(heard.count(b'JOIN'), heard.count(b'PRIVMSG'), b'303 watcher :\r\n' in heard)
";
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    attack(&server, FORMS).unwrap().wait().exits(0).prints("0 0 True\n");
    bystander.was_heard();
}

#[test]
fn only_our_own_page_opens_a_websocket() {
    const ORIGINS: &str = r"
def status(host, origin, secure=False):
    s = tls(dial()) if secure else dial()
    host = host.replace('PORT', str(port))
    head = UPGRADE.replace(b'Host: localhost', b'Host: ' + host.encode())
    if origin is not None:
        head += b'Origin: ' + origin.replace('PORT', str(port)).encode() + b'\r\n'
    s.sendall(head + b'\r\n')
    return s.recv(12)[9:].decode()
for host, origin in [
    ('localhost:PORT', 'http://localhost:PORT'), ('127.0.0.1:PORT', 'http://127.0.0.1:PORT'),
    ('[::1]:PORT', 'http://[::1]:PORT'), ('laptop:PORT', 'http://laptop:PORT'),
    ('localhost:PORT', 'https://chat.example'), ('chat.example', 'https://chat.example'), ('localhost:PORT', None),
]:
    say(host.split(':')[0], origin and origin.split('/')[2].split(':')[0], status(host, origin))
for host, origin in [
    ('localhost:PORT', 'http://evil.example'), ('localhost:PORT', 'null'), ('localhost:PORT', ''),
    ('localhost:PORT', 'http://localhost:1'), ('localhost:PORT', 'http://localhost:PORT.evil.example'),
    ('localhost:PORT', 'http://evil.example/localhost:PORT'), ('localhost:PORT', 'http://evil.example#@localhost:PORT'),
    ('localhost:PORT', 'file://'), ('localhost:PORT', 'https://chat.example.evil.example'),
    # A name that its owner points here: to the browser it is the page's own.
    ('evil.example:PORT', 'http://evil.example:PORT'), ('evil.example:PORT', None),
    ('127.0.0.1.evil.example', 'http://127.0.0.1.evil.example'), ('localhost.evil.example.', 'http://localhost.evil.example.'),
]:
    for secure in (False, True):
        refused = status(host, origin, secure)
        if refused not in ('403', '421'):
            say('let in:', host, origin, refused)
";
    let server = Server::start("[listen]\norigins = [\"https://chat.example\"]");
    let Some(origins) = attack(&server, ORIGINS) else { return };
    origins.wait().exits(0).prints(
        "localhost localhost 101\n127.0.0.1 127.0.0.1 101\n[ [ 101\nlaptop laptop 101\n\
         localhost chat.example 101\nchat.example chat.example 101\nlocalhost None 101\n",
    );
}
