//! `coax chat join`: what is typed is said once or named, and what is read is only text.
//!
//! The other side is the chat server of coax with people who nobody here wrote (`nc`, Python), or a
//! server of a few lines of Python that behaves as the test needs it.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Program, Running, peer_or_skip, python};

const DEADLINE: Duration = Duration::from_secs(90);

fn serve(data: &Path) -> Running {
    let running = Program::new(env!("CARGO_BIN_EXE_coax"))
        .args(["chat", "serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .deadline(DEADLINE)
        .start();
    running.port();
    running
}

fn join(port: u16, nick: &str, more: &[&str]) -> Program {
    let place = format!("127.0.0.1:{port}/#lobby");
    let words = ["chat", "join", &place, "--nick", nick];
    Program::new(env!("CARGO_BIN_EXE_coax")).args(words).args(more).deadline(DEADLINE)
}

/// Somebody in #lobby who prints every line, and says what is typed.
fn member(port: u16) -> Option<Running> {
    const SCRIPT: &str = "
s = dial(sys.argv[1])
s.settimeout(None)
def hear():
    for line in s.makefile('rb'):
        if line.startswith(b'PING'):
            s.sendall(b'PONG' + line[4:])
        say(line.decode().rstrip())
threading.Thread(target=hear, daemon=True).start()
s.sendall(b'NICK member\\r\\nUSER m 0 * :m\\r\\nJOIN #lobby\\r\\n')
for line in sys.stdin.buffer:
    s.sendall(b'PRIVMSG #lobby :' + line.rstrip(b'\\n') + b'\\r\\n')
";
    let member = python(SCRIPT, [port.to_string()])?;
    member.expect_out("366 member #lobby");
    Some(member)
}

/// What the member heard, without who said it.
fn heard(member: &Running) -> Vec<String> {
    let out = member.out();
    let texts = out.lines().filter_map(|line| line.split_once("PRIVMSG #lobby :"));
    texts.map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn a_pipe_is_talk() {
    let data = TempDir::new().unwrap();
    let server = serve(data.path());
    let Some(member) = member(server.port()) else { return };
    let lines = "GET ok\n/nick evil\n/msg member secret\n/usr/bin/foo: not found\n//x\n\n/quit\n";
    join(server.port(), "tailer", &["--once"]).run_with(lines).exits(0).prints("");
    member.expect_out(":tailer!~tailer@127.0.0.1 QUIT");
    let said: Vec<_> = lines.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    assert_eq!(heard(&member), said);
    assert!(!member.out().contains("evil!"), "nobody was renamed");
    // Without --once as well.
    let mut piped = join(server.port(), "piped", &[]).start();
    piped.send("/me not a command\n");
    member.expect_out(":piped!~piped@127.0.0.1 PRIVMSG #lobby :/me not a command");
}

#[test]
fn commands_from_a_pipe_are_asked_for_and_a_wrong_one_is_no_success() {
    let data = TempDir::new().unwrap();
    let server = serve(data.path());
    let Some(member) = member(server.port()) else { return };
    let flags = ["--once", "--commands"];
    join(server.port(), "bot", &flags).run_with("/me waves\n/usr/bin/x is talk\n").exits(0);
    member.expect_out("QUIT");
    assert_eq!(heard(&member), ["\u{1}ACTION waves\u{1}", "/usr/bin/x is talk"]);
    let wrong = join(server.port(), "bot", &flags).run_with("/dance\n");
    wrong.fails(1, "there is no /dance");
}

#[test]
fn many_with_one_nick_are_all_heard() {
    let data = TempDir::new().unwrap();
    let server = serve(data.path());
    let Some(member) = member(server.port()) else { return };
    let mut jobs =
        (0..8).map(|_| join(server.port(), "member", &["--once"]).start()).collect::<Vec<_>>();
    for (number, job) in jobs.iter_mut().enumerate() {
        job.send(format!("job {number}\n"));
        job.end_input();
    }
    for job in jobs {
        job.wait().exits(0);
    }
    for number in 0..8 {
        member.expect_out(&format!("PRIVMSG #lobby :job {number}"));
    }
}

#[test]
fn a_long_text_is_whole_and_the_next_one_finds_the_nick_free() {
    let data = TempDir::new().unwrap();
    let server = serve(data.path());
    let Some(member) = member(server.port()) else { return };
    let lines = (0..60).map(|number| format!("line {number}")).collect::<Vec<_>>();
    join(server.port(), "reader", &["--once"]).run_with(lines.join("\n")).exits(0);
    for number in 0..3 {
        join(server.port(), "reader", &["--once"]).run_with(format!("again {number}")).exits(0);
    }
    member.expect_out("again 2");
    let all = [lines, (0..3).map(|number| format!("again {number}")).collect()].concat();
    assert_eq!(heard(&member), all, "each once, in order");
    let out = member.out();
    assert!(
        out.lines()
            .filter(|line| line.contains("PRIVMSG #lobby"))
            .all(|line| line.starts_with(":reader!"))
    );
}

/// A server that lets `coax` in, and goes on as `then` says: `f` reads lines, `tell` sends one.
fn server(then: &str) -> Option<Running> {
    let begin = "
c, _ = listen().accept()
f = c.makefile('rb')
def tell(*lines):
    c.sendall(b''.join(line.encode() + b'\\r\\n' for line in lines))
def until(word):
    got = []
    while True:
        line = f.readline().decode().rstrip()
        assert line, ('it closed', got)
        got.append(line)
        if word in line:
            return got
";
    python(&format!("{begin}{then}"), [""; 0])
}

#[test]
fn one_line_takes_three_round_trips() {
    // Connecting is the first. Each `until` waits without answering: whoever waits for an answer in
    // between never ends.
    let Some(slow) = server(
        "
say(*until('CAP END'))
tell(':s CAP * ACK :echo-message', ':s 001 ada :Welcome')
got = until('QUIT')
say(*got)
mark = [line for line in got if line.startswith('PING')][0].split(' ')[1]
tell(':ada!a@h JOIN #lobby', ':s 366 ada #lobby :End', ':ada!a@h PRIVMSG #lobby :backup is done', ':s PONG s :' + mark, 'ERROR :bye')
c.close()
",
    ) else {
        return;
    };
    join(slow.port(), "ada", &["--once"]).run_with("backup is done\n").exits(0).prints("");
    let said = slow.wait().exits(0).out();
    assert!(said.contains("JOIN #lobby PRIVMSG #lobby :backup is done PING"), "{said}");
}

#[test]
fn what_was_not_confirmed_is_named() {
    let Some(short) = server(
        "
until('CAP END')
tell(':s CAP * ACK :echo-message', ':s 001 ada :Welcome')
until(':three')
tell(':ada!a@h JOIN #lobby', ':ada!a@h PRIVMSG #lobby :one')
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
c.close()
",
    ) else {
        return;
    };
    let ended = join(short.port(), "ada", &["--once"]).run_with("one\ntwo\nthree\n");
    let ended = ended.exits(3);
    assert!(ended.err().contains("not confirmed: two\nnot confirmed: three\n"), "{}", ended.err());
    assert!(ended.err().contains("; 2 lines are not confirmed"), "{}", ended.err());
    assert!(!ended.err().contains("not confirmed: one"), "{}", ended.err());
}

#[test]
fn a_line_that_the_server_does_not_take_is_no_success() {
    let Some(deaf) = server(
        "
until('CAP END')
tell(':s CAP * ACK :echo-message', ':s 001 ada :Welcome')
got = until('QUIT')
mark = [line for line in got if line.startswith('PING')][0].split(' ')[1]
tell(':ada!a@h JOIN #lobby', ':ada!a@h PRIVMSG #lobby :one', ':s 404 ada #lobby :Cannot send to channel', ':s PONG s :' + mark)
c.close()
",
    ) else {
        return;
    };
    let ended = join(deaf.port(), "ada", &["--once"]).run_with("one\ntwo\n");
    let ended = ended.exits(1);
    assert!(ended.err().contains("not confirmed: two"), "{}", ended.err());
    assert!(ended.err().contains("not said: #lobby: Cannot send to channel"), "{}", ended.err());
}

#[test]
fn lines_typed_on_a_line_that_breaks_are_named_as_json_too() {
    let Some(short) = server(
        "
until('USER')
tell(':s 001 ada :Welcome')
until('JOIN')
tell(':ada!a@h JOIN #lobby')
until(':two')
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
c.close()
",
    ) else {
        return;
    };
    let mut talk = join(short.port(), "ada", &["--json"]).start();
    talk.send("one\ntwo\n");
    let ended = talk.wait();
    assert_eq!(ended.code(), 3);
    for line in ["one", "two"] {
        let event = format!(
            "\"kind\":\"unconfirmed\",\"nick\":\"ada\",\"target\":\"#lobby\",\"text\":\"{line}\""
        );
        assert!(ended.out().contains(&event), "{}", ended.out());
    }
    assert!(ended.err().contains("; 2 lines are not confirmed"), "{}", ended.err());
}

#[test]
fn who_comes_sees_what_was_said_before_without_its_colours() {
    let data = TempDir::new().unwrap();
    let server = serve(data.path());
    let Some(mut member) = member(server.port()) else { return };
    let watch = join(server.port(), "watch", &[]).start();
    watch.expect_out("you talk in #lobby now");
    for number in 0..11 {
        member.send(format!("line {number}\n"));
    }
    member.send("\u{3}04red\u{3} and \u{1b}]0;title\u{7}\u{1b}[31mescaped\u{1b}[0m\n");
    watch.expect_out("\nmember: red and escaped\n");
    let mut talk = join(server.port(), "ada", &[]).start();
    talk.expect_out(" UTC] member: red and escaped");
    let lines = talk.out();
    let earlier = lines.lines().filter(|line| line.starts_with('[')).count();
    assert_eq!(earlier, 10, "a little of it: {lines}");
    assert!(!lines.contains("line 1\n") && lines.contains(" UTC] member: line 2\n"), "{lines}");
    talk.send("and now\n");
    member.expect_out("PRIVMSG #lobby :and now");
    let Some(nc) = peer_or_skip("nc") else { return };
    let mut nc = Program::new(nc).args(["127.0.0.1", &server.port().to_string()]).start();
    nc.send("hello\n");
    nc.expect_out(" UTC] member: red and escaped\n");
    nc.expect_out(" UTC] ada: and now\n");
    nc.send("/usr/bin/foo: not found\n");
    member.expect_out("PRIVMSG #lobby :/usr/bin/foo: not found");
    member.send("\u{3}12blue\n");
    nc.expect_out("member: blue\n");
    let quiet = join(server.port(), "json", &["--json"]).start();
    quiet.expect_out("\"kind\":\"earlier\"");
    assert!(!quiet.out().contains("\"kind\":\"message\""), "a program does not answer it again");
}

#[test]
fn an_account_is_proved_and_the_password_is_not_sent() {
    let Some(listening) = server(
        "
until('USER')
tell(':s CAP * LS :sasl=PLAIN,SCRAM-SHA-256')
until('CAP REQ'); tell(':s CAP * ACK :sasl')
say(*until('AUTHENTICATE')); tell('AUTHENTICATE +')
say(*until('AUTHENTICATE'))
tell(':s 904 * :SASL authentication failed')
say(f.readline().decode()); c.close()
",
    ) else {
        return;
    };
    let joined = join(listening.port(), "ada", &["--once", "--account", "ada"]);
    joined.env("COAX_CHAT_PASSWORD", "secret").run_with("x\n");
    let said = listening.wait().out();
    assert!(said.starts_with("AUTHENTICATE SCRAM-SHA-256\nAUTHENTICATE biws"), "{said}");
    // And the server of coax takes the proof.
    let data = TempDir::new().unwrap();
    let chat = serve(data.path());
    let Some(member) = member(chat.port()) else { return };
    let account =
        Program::new(env!("CARGO_BIN_EXE_coax")).args(["chat", "account", "add", "ada", "--data"]);
    account.arg(data.path()).run_with("enigma-1843\n").exits(0);
    let flags = ["--once", "--account", "ada"];
    let right = join(chat.port(), "ada", &flags).env("COAX_CHAT_PASSWORD", "enigma-1843");
    right.run_with("proved\n").exits(0);
    member.expect_out(":ada!~ada@127.0.0.1 PRIVMSG #lobby :proved");
    let wrong = join(chat.port(), "ada", &flags).env("COAX_CHAT_PASSWORD", "not-that-word");
    let refused = wrong.run_with("never\n").exits(1);
    assert!(refused.err().contains("coax: not let in: "), "{}", refused.err());
}
