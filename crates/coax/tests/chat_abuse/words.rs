//! What strangers write: controls, letters that turn the line around, names that look like others.
//!
//! No byte of it ends a line or begins one for anybody else, and a terminal sees none of it. Names are
//! refused where text is cleaned: a name is what others trust.
//!
//! What the page shows is tested with the page.

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

#[test]
fn what_would_move_a_terminal_never_reaches_one() {
    const EVIL: &str = r"
evil = b''.join(bytes([n]) for n in range(1, 32) if n not in (10, 13)) + b'\x7f' + '\x80\x9b2J\x85\u061c\u200e\u202e\u2066\u2028\u2029\u0600'.encode()
s = irc('talker', 'JOIN #den')
plain = dial()
plain.sendall(b'/join #den\n')
heard = until(plain, b'you talk in #den')
def line(text):
    s.sendall(text + b'\r\n')
line(b'PRIVMSG #den :one ' + evil)
line(b'NOTICE #den :two ' + evil)
line(b'PRIVMSG #den :\x01ACTION three ' + evil + b'\x01')
line(b'TOPIC #den :four ' + evil)
line(b'KICK #den nobody :' + evil)
line(b'MODE #den +k five' + evil)
line(b'MODE #den +b *!*@six' + evil)
line(b'SETNAME :' + evil)
line(b'AWAY :' + evil)
line(b'PRIVMSG #den :' + b'\xff\xfe not text')
line(b'PART #den :' + evil)
line(b'JOIN #den')
line(b'QUIT :' + evil)
heard += until(plain, b'is gone')
plain.sendall(b'/join #d\x1b[2Jen\n/nick a\x1bb\n/me six ' + evil + b'\n/quit ' + evil + b'\n')
heard += ended(plain)
text = heard.decode()
say(*[word for word in ('one', 'two', 'three', 'four') if word in text])
say(sorted(set(hex(ord(c)) for c in text if c != '\n' and (ord(c) < 32 or 127 <= ord(c) < 160 or c in '\u061c\u200e\u202e\u2066\u2028\u2029'))))
";
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    attack(&server, EVIL).unwrap().wait().exits(0).prints("one two three four\n[]\n");
    bystander.was_heard();
}

#[test]
fn nothing_that_is_said_ends_a_line_for_somebody_else() {
    const BREAKS: &str = r"
def hear(how):
    s = websocket(dial()) if how == 'page' else dial()
    send = (lambda line: s.sendall(frame(line))) if how == 'page' else (lambda line: s.sendall(line + b'\r\n'))
    for line in (b'CAP REQ :message-tags setname away-notify', b'NICK ' + how.encode(), b'USER u 0 * :r', b'CAP END', b'JOIN #den'):
        send(line)
    until(s, b' 366 ')
    return s
irc_hears, page_hears = hear('irc'), hear('page')
s = irc('talker', 'CAP REQ :message-tags', 'JOIN #den')
plain = dial()
plain.sendall(b'/join #den\n')
until(plain, b'you talk in #den')
for evil in (b'a\rPRIVMSG #den :forged', b'a\0b', b'\r\r', b'\rQUIT', b'\0'):
    for start in (b'PRIVMSG #den :', b'@+x=', b'TOPIC #den :', b'AWAY :', b'SETNAME :', b'PART #nowhere :', b'NICK ', b'JOIN #'):
        s.sendall(start + evil + b' TAGMSG #den\r\n')
    plain.sendall(b'hello ' + evil + b'\n/me ' + evil + b'\n/nick ' + evil + b'\n')
s.sendall(b'@+x=a\\r\\nPRIVMSG\\s#den\\s:forged TAGMSG #den\r\n')
plain.sendall(b'last\n')
for hearer in (irc_hears, page_hears):
    heard = until(hearer, b':last')
    lines = heard.split(b'\r\n')
    words = [line.split(b' ')[1:4] for line in lines]
    say(b'\0' in heard, heard.count(b'\r') == heard.count(b'\n'), [word for word in words if b':forged' in word or b'QUIT' in word])
";
    let server = Server::start("[limits]\nflood-burst = 0");
    let Some(bystander) = Bystander::of(&server) else { return };
    let told = "False True []\n".repeat(2);
    attack(&server, BREAKS).unwrap().wait().exits(0).prints(told);
    bystander.was_heard();
}

#[test]
fn names_that_hide_something_are_refused() {
    const NAMES: &str = r"
s = irc('namer')
hidden = ['\u202e', '\u2066', '\u200e', '\u061c', '\x1b', '\x7f', '\x07', '\x85', '\u2028']
invisible = ['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u00a0', '\u3000', '\u115f', '\u3164']
let = []
for letter in hidden + invisible + ['\u0430', '\u0391', '\uff41', '\u0131', '\u00e9', '\U0001d41a']:
    s.sendall(('NICK ad%sa\r\nPING end\r\n' % letter).encode())
    if b' 432 ' not in until(s, b'PONG'):
        let.append('nick U+%04X' % ord(letter))
for letter in hidden:
    s.sendall(('JOIN #ca%slm\r\nPING end\r\n' % letter).encode())
    heard = until(s, b'PONG')
    if b' JOIN ' in heard:
        let.append('channel U+%04X' % ord(letter))
for nick in ('NickServ', 'nickserv', 'CHANSERV', '*', '#a', '@a', '+a', '~a', '&a', '%a', ':a', 'a b', '1a', '-a', 'a!b', 'a@b', 'a' * 33, '$a', 'a,b', 'a.b'):
    s.sendall(('NICK %s\r\nPING end\r\n' % nick).encode())
    if b' NICK ' in until(s, b'PONG') and nick not in ('a b', ':a'):
        let.append('nick ' + nick)
say('let in:', *let)
";
    let server = Server::start("[limits]\nflood-burst = 0");
    let Some(names) = attack(&server, NAMES) else { return };
    // Two letters that languages with Latin letters have. What looks like them is refused beside them.
    names.wait().exits(0).prints("let in: nick U+0131 nick U+00E9\n");
}
