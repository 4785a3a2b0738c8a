//! Slow mode and SHUN, with a client of a few lines of Python.
//!
//! What was confirmed holds on a server that was killed right after it.

use std::fs;

use tempfile::TempDir;
use testkit::{Program, peer_or_skip};

use crate::Server;

const SETTINGS: &str = "[operators]\nroot = \"secret\"\n\
                        [accounts]\npassword-memory = 8\npassword-passes = 1\n";

/// People who say lines and wait for lines.
const PEOPLE: &str = r#"
import socket, sys

class Person:
    def __init__(self, nick):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.say("NICK " + nick, "USER u 0 * :u", "PING here")
        self.heard = self.until("PONG")

    def say(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def until(self, text):
        heard = ""
        for line in self.lines:
            heard += line
            if text in line:
                return heard
        sys.exit(f"no {text!r} in {heard!r}")

    def ask(self, line):
        self.say(line, "PING done")
        return self.until("PONG")
"#;

const BEFORE: &str = r##"
ada, eve, root = Person("ada"), Person("eve"), Person("root")
ada.say("NS REGISTER sesame")
ada.until(" 900 ")
ada.say("JOIN #den", "CS REGISTER #den")
ada.until("successfully registered")
for other in (eve, root):
    other.ask("JOIN #den")
ada.say("MODE #den +W 600")
eve.until("MODE #den +W 600")
assert "404" not in eve.ask("PRIVMSG #den :first")
assert "(+W): one message every 600 s; wait " in eve.ask("PRIVMSG #den :second")
root.say("OPER root secret", "SHUN 60 *!*@127.0.0.1 :noise")
root.until("is muted; 2 here now")
eve.until("You are muted on this server until ")
print("muted")
"##;

const AFTER: &str = r##"
ada, eve = Person("ada2"), Person("eve")
assert ": noise. You can read; nobody reads what you say" in eve.heard, eve.heard
assert "404 eve #den" in eve.ask("JOIN #den") + eve.ask("PRIVMSG #den :third")
assert "531 eve ada2 :You are muted" in eve.ask("PRIVMSG ada2 :psst")
ada.say("JOIN #den", "OPER root secret")
ada.until(" 381 ")
assert "*!*@127.0.0.1 :until " in ada.ask("STATS s")
assert "+ntW 600" in ada.ask("MODE #den")
ada.say("UNSHUN *!*@127.0.0.1")
ada.until("may speak again")
eve.until("You are no longer muted")
eve.ask("PRIVMSG #den :third")
heard = ada.ask("PRIVMSG eve :done")
assert "PRIVMSG #den :third" in heard and "psst" not in heard, heard
"##;

#[test]
fn slow_mode_and_a_mute_hold_on_a_server_that_was_killed() {
    let Some(python) = peer_or_skip("python3") else { return };
    let data = TempDir::new().unwrap();
    let settings = data.path().join("chat.toml");
    fs::write(&settings, SETTINGS).unwrap();
    let people = |server: &Server, story: &str| {
        let script = format!("{PEOPLE}{story}");
        let program = Program::new(&python).args(["-c", &script, &server.port.to_string()]);
        let outcome = program.run();
        assert_eq!(outcome.code(), 0, "{}", outcome.err());
    };
    let server = Server::with(&settings, data.path());
    people(&server, BEFORE);
    let server = server.killed_and_started(data.path());
    people(&server, AFTER);
}
