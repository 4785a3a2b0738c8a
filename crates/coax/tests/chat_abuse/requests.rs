//! Requests of HTTP that mean two things, or one too many.
//!
//! What is not clear is refused and nothing behind it is read: so nobody smuggles a request past
//! whoever stands in front of this server.
//!
//! The same on streams in memory is in the library's `gate_abuse`.

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

/// Every request that is to be refused, once, with nothing behind it read.
const SMUGGLERS: &str = r"
inner = b'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'
chunk = b'%x\r\n%s\r\n0\r\n\r\n' % (len(inner), inner)
length = b'Content-Length: %d\r\n' % len(inner)
chunked = b'Transfer-Encoding: chunked\r\n'
def get(headers, body, start=b'GET / HTTP/1.1'):
    return start + b'\r\nHost: localhost\r\n' + headers + b'\r\n' + body
refused = {
    'two lengths': get(length + b'Content-Length: 0\r\n', inner),
    'one length twice': get(length + length, inner),
    'a list of lengths': get(b'Content-Length: 0, 5\r\n', inner),
    'a length': get(length, inner),
    'a length with a sign': get(b'Content-Length: +5\r\n', inner),
    'a negative length': get(b'Content-Length: -1\r\n', inner),
    'a length in hexadecimal': get(b'Content-Length: 0x5\r\n', inner),
    'a length without end': get(b'Content-Length: 99999999999999999999\r\n', inner),
    'a space before a colon': get(b'Content-Length : 5\r\n', inner),
    'a length and chunks': get(length + chunked, chunk),
    'chunks and a length': get(chunked + b'Content-Length: 4\r\n', chunk),
    'chunks': get(chunked, chunk),
    'chunks of a second kind': get(b'Transfer-Encoding: chunked, identity\r\n', chunk),
    'chunks in capitals': get(b'Transfer-Encoding: CHUNKED\r\n', chunk),
    'chunks behind a tab': get(b'Transfer-Encoding:\tchunked\r\n', chunk),
    'chunks behind a form feed': get(b'Transfer-Encoding: \x0bchunked\r\n', chunk),
    'a line that goes on': get(b'X: y\r\n z\r\n', inner),
    'a lone CR': get(b'X: y\rContent-Length: 5\r\n', inner),
    'a NUL': get(b'X: y\0z\r\n', inner),
    'a name with a space': get(b'X Y: z\r\n', inner),
    'no colon': get(b'X\r\n', inner),
    'two hosts': get(b'Host: evil.example\r\n', inner),
    'a post': get(length, inner, b'POST / HTTP/1.1'),
    'a post in chunks': get(chunked, chunk, b'POST / HTTP/1.1'),
    'a put': get(b'', inner, b'PUT /index.html HTTP/1.1'),
    'a delete': get(b'', inner, b'DELETE / HTTP/1.1'),
    'a tunnel': get(b'', inner, b'CONNECT localhost:22 HTTP/1.1'),
    'a trace': get(b'', inner, b'TRACE / HTTP/1.1'),
    'HTTP/2 as known': b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes(9) + inner,
    'HTTP/3.7': get(b'', inner, b'GET / HTTP/3.7'),
    'a long target': get(b'', inner, b'GET /' + b'a' * 70000 + b' HTTP/1.1'),
    'a long header': get(b'X: ' + b'a' * 70000 + b'\r\n', inner),
    'many headers': get(b'X: y\r\n' * 5000, inner),
    'a stranger as host': b'GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n' + inner,
    'a stranger as target': b'GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' + inner,
}
names = sorted(refused)
def one(n):
    s = dial()
    try:
        s.sendall(refused[names[n]])
    except ConnectionError:
        pass
    heard = ended(s)
    status = heard[9:12]
    if names[n] == 'HTTP/2 as known' and heard == b'':
        return
    if heard.count(b'HTTP/1.1 ') > 1 or b'coax_chat' in heard or not (heard.startswith(b'HTTP/1.') and status in (b'400', b'405', b'414', b'421', b'431', b'505')):
        raise ValueError(names[n], heard[:300])
rush(one, len(names))
say('each was refused once')
";

#[test]
fn no_request_hides_in_another() {
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    attack(&server, SMUGGLERS).unwrap().wait().exits(0).prints("each was refused once\n");
    memory.grew_less_than(8 << 10);
    bystander.was_heard();
}

#[test]
fn requests_one_behind_the_other_are_answered_one_by_one() {
    const PIPELINED: &str = r"
s = dial()
get = b'GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n'
s.sendall(get % (b'/health', b'') + b'HEAD /app.js HTTP/1.1\r\nHost: localhost\r\n\r\n' + get % (b'/../etc/passwd', b'')
    + get % (b'/%2e%2e/etc/passwd', b'') + get % (b'http://localhost/health', b'') + get % (b'/health', b'Connection: close\r\n')
    + get % (b'/metrics', b''))
heard = ended(s)
say(*[part[:3].decode() for part in heard.split(b'HTTP/1.1 ')[1:]])
say(heard.count(b'\r\n\r\nok\n'), b'coax_chat' in heard, b'root:' in heard)
";
    let server = Server::start("");
    let Some(pipelined) = attack(&server, PIPELINED) else { return };
    pipelined.wait().exits(0).prints("200 200 404 404 200 200\n3 False False\n");
}
