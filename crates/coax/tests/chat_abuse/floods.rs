//! Those who send as fast as they can: bytes, lines, commands, questions.
//!
//! Flood control is as it comes; what is over it stays in the network.
//!
//! Nothing here knows how the pace is kept.

use crate::Server;
use crate::attack::attack;
use crate::bystander::Bystander;

/// Twenty who send `FLOOD` over and over, and read nothing, for two seconds.
const ENDLESS: &str = r"
def one(n):
    s = WAY(irc, n)
    s.settimeout(0.5)
    until_then = time.monotonic() + 2
    while time.monotonic() < until_then:
        try:
            s.send(FLOOD)
        except TimeoutError:
            pass
        except ConnectionError:
            return
rush(one, 20)
say('over')
";

fn endless(way: &str, flood: &str) {
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let script = format!("WAY = {way}\nFLOOD = {flood}\n{ENDLESS}");
    attack(&server, &script).unwrap().wait().exits(0).prints("over\n");
    memory.grew_less_than(12 << 10);
    bystander.was_heard();
}

/// Somebody who is in.
const IRC: &str = "lambda irc, n: irc('flood%d' % n)";

#[test]
fn a_line_without_end_harms_nobody() {
    endless(IRC, "b'x' * 65536");
}

#[test]
fn a_hundred_thousand_tags_harm_nobody() {
    endless(IRC, "b'@' + b'+a;' * 100000 + b' TAGMSG #calm\\r\\n'");
}

#[test]
fn as_many_tags_as_fit_harm_nobody() {
    let caps = "lambda irc, n: irc('flood%d' % n, 'CAP REQ :message-tags')";
    endless(caps, "(b'@' + b'+a;' * 1300 + b' TAGMSG flood1\\r\\n') * 16");
}

#[test]
fn lines_of_eight_kibibytes_harm_nobody() {
    endless(IRC, "(b'PRIVMSG #calm :' + b'x' * 8177 + b'\\r\\n') * 8");
}

#[test]
fn commands_without_pause_harm_nobody() {
    endless(
        IRC,
        "b'PING x\\r\\nNICK a\\r\\nWHOIS ada\\r\\nLIST\\r\\nNAMES #calm\\r\\n\\r\\n' * 1000",
    );
}

#[test]
fn what_a_plain_caller_types_without_pause_harms_nobody() {
    endless("lambda irc, n: dial()", "b'/who\\n/nick ada\\nhello\\n' + b'x' * 9000");
}

#[test]
fn frames_without_pause_harm_nobody() {
    let flood = "(frame(b'p', 0x89) * 100 + frame(b'', 0x01) + frame(b'', 0x00) * 100 + frame(b'', 0x80)) * 50";
    endless("lambda irc, n: websocket(dial())", flood);
}

#[test]
fn requests_without_pause_harm_nobody() {
    endless(
        "lambda irc, n: dial()",
        "b'GET /app.js HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' * 1000",
    );
}

#[test]
fn joining_and_leaving_a_hundred_channels_over_and_over_is_as_many_commands() {
    const JOINS: &str = r"
names = ','.join('#%d' % n for n in range(100))
cycle = ('JOIN %s\r\nPART %s\r\n' % (names, names)).encode()
joined = []
def one(n):
    s = irc('joins%d' % n)
    s.settimeout(0.1)
    until_then, count = time.monotonic() + 2, 0
    mine = b':joins%d!~u@127.0.0.1 JOIN' % n
    while time.monotonic() < until_then:
        try:
            s.send(cycle)
        except TimeoutError:
            pass
        try:
            count += s.recv(1 << 20).count(mine)
        except TimeoutError:
            pass
    joined.append(count)
rush(one, 20)
# The allowance is 40 at once and 10 a second, and each line is 25 of them.
say(min(joined) >= 100, max(joined) <= 500)
";
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    attack(&server, JOINS).unwrap().wait().exits(0).prints("True True\n");
    memory.grew_less_than(24 << 10);
    bystander.was_heard();
}

#[test]
fn a_list_longer_than_anybody_may_join_is_cut() {
    const LISTS: &str = r"
names = ['#%02x' % n for n in range(120)]
def one(n):
    s = irc('lists%d' % n)
    heard = b''
    for start in range(0, 120, 30):
        s.sendall(('JOIN %s\r\n' % ','.join(names[start:start + 30])).encode())
    s.sendall(('JOIN ' + '#,,,' * 12 + '\r\nPING end\r\n').encode())
    heard = until(s, b'PONG')
    mine = b':lists%d!~u@127.0.0.1 JOIN' % n
    if heard.count(mine) != 100 or heard.count(b' 405 ') != 20:
        raise ValueError(heard[-500:])
rush(one, 10)
say('each is in a hundred')
";
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let attack = attack(&server, LISTS).unwrap();
    attack.wait().exits(0).prints("each is in a hundred\n");
    memory.grew_less_than(12 << 10);
    bystander.was_heard();
}

#[test]
fn a_crowd_that_asks_for_history_waits_in_line() {
    const HISTORY: &str = r"
talker = irc('talker', 'JOIN #old', *('PRIVMSG #old :%d %s' % (n, 'x' * 300) for n in range(30)))
crowd = [irc('crowd%d' % n, 'CAP REQ :batch draft/chathistory', 'JOIN #old') for n in range(100)]
for s in crowd:
    s.sendall(b'CHATHISTORY LATEST #old * 100\r\n' * 5)
for s in crowd:
    s.sendall(b'PING through\r\n')
    until(s, b'through')
say('all have read')
";
    let server = Server::start("");
    let Some(bystander) = Bystander::of(&server) else { return };
    let memory = server.memory();
    let threads = server.status("Threads");
    let attack = attack(&server, HISTORY).unwrap();
    attack.expect_out("all have read");
    // Threads that have nothing to do stay for a while: this is how many there were at once.
    let more = server.status("Threads").saturating_sub(threads);
    assert!(more <= 40, "{more} threads for a hundred questions");
    attack.wait().exits(0);
    memory.grew_less_than(16 << 10);
    bystander.was_heard();
}
