//! `coax chat import`: what one chat exported is in another one, once and in order.
//!
//! Python says it on the one server and reads it on the other.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tempfile::TempDir;
use testkit::{Outcome, Program, Running, peer_or_skip};

const SETTINGS: &str = "[operators]\nroot = \"secret\"\n\
                        [accounts]\npassword-memory = 8\npassword-passes = 1\n\
                        [limits]\nflood-burst = 0\n";

fn chat(verb: &str, data: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(["chat", verb, "--data"]).arg(data)
}

fn serve(data: &Path) -> Running {
    let file = data.with_extension("toml");
    fs::write(&file, SETTINGS).unwrap();
    let program = chat("serve", data).args(["--listen", "127.0.0.1:0", "--config"]).arg(file);
    let running = program.start();
    running.listening();
    running
}

fn stop(server: Running) {
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), 143);
}

fn import(data: &Path, file: &Path, channel: &str) -> Outcome {
    chat("import", data).arg(file).arg(channel).run()
}

/// What a channel's entries are, without where they stand.
fn exported(data: &Path, channel: &str) -> Vec<serde_json::Value> {
    let out = chat("export", data).args(["--channel", channel]).run().out();
    let lines = out.lines().map(|line| {
        let mut value = serde_json::from_str::<serde_json::Value>(line).unwrap();
        value.as_object_mut().unwrap().retain(|key, _| key != "sequence" && key != "channel");
        value
    });
    lines.collect()
}

const PRELUDE: &str = r#"
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
lines = s.makefile("r", encoding="utf-8")
def ask(*words):
    s.sendall("".join(word + "\r\n" for word in (*words, "PING done")).encode())
    heard = ""
    for line in lines:
        heard += line
        if " PONG " in line: return heard
    sys.exit(heard)
ask("NICK ada", "USER u 0 * :r", "CAP REQ :batch server-time message-tags echo-message draft/chathistory draft/message-redaction")
def register():
    s.sendall(b"NS REGISTER sesame\r\n")
    for line in lines:
        if " 900 " in line: break
    ask("JOIN #den", "CS REGISTER #den")
"#;

const TALK: &str = r##"
register()
ask("TOPIC #den :tea", "PRIVMSG #den :\x01ACTION waves\x01", "NOTICE #den :done")
said = ask("PRIVMSG #den :oops").split("msgid=")[1].split(" ")[0].split(";")[0]
ask("REDACT #den " + said, "MODE #den +m", "@+draft/reply=x PRIVMSG #den :東京 %s" % "last")
for number in range(1200): ask("PRIVMSG #den :%d" % number)
"##;

const READ: &str = r##"
heard = ask("NICK reader", "CAP END", "JOIN #den", "CHATHISTORY AFTER #den timestamp=2001-01-01T00:00:00.000Z 20")
for part in ("ACTION waves", "NOTICE #den :done", "+draft/reply=x", ":東京 last", "PRIVMSG #den :0"):
    assert part in heard, (part, heard)
assert "oops" not in heard
ask("PRIVMSG #den :new here")
"##;

fn people(server: &Running, python: &Path, story: &str) {
    let script = format!("{PRELUDE}{story}");
    let program = Program::new(python).args(["-c", &script, &server.port().to_string()]);
    let outcome = program.run();
    assert_eq!(outcome.code(), 0, "{}", outcome.err());
}

/// A chat in which `story` was told, and which is over.
fn told(place: &TempDir, name: &str, python: &Path, story: &str) -> PathBuf {
    let data = place.path().join(name);
    let server = serve(&data);
    people(&server, python, story);
    stop(server);
    data
}

#[test]
fn what_was_exported_is_imported_once_and_in_order_and_members_read_it() {
    let Some(python) = peer_or_skip("python3") else { return };
    let place = TempDir::new().unwrap();
    let there = told(&place, "there", &python, TALK);
    let here = told(&place, "here", &python, "ask('NICK root', 'JOIN #other')");
    let log = place.path().join("den.ndjson");
    fs::write(&log, chat("export", &there).args(["--channel", "den"]).run().out()).unwrap();
    let wanted = exported(&there, "den");
    let done = import(&here, &log, "den");
    assert_eq!(done.code(), 0, "{}", done.err());
    let count = wanted.len();
    assert!(done.err().contains(&format!("{count} entries are in #den now")), "{}", done.err());
    assert!(done.err().contains("#den is not registered"), "{}", done.err());
    assert_eq!(exported(&here, "den"), wanted);
    // Again it has nothing to do, and the words are found.
    let again = import(&here, &log, "#den");
    assert_eq!(again.code(), 0, "{}", again.err());
    assert!(again.err().contains(&format!("0 entries are in #den now; {count} were there")));
    assert_eq!(exported(&here, "den"), wanted);
    let found = chat("search", &here).arg("東京").run();
    assert!(found.out().contains("last"), "{}", found.err());
    // One that was interrupted goes on; whoever is in the channel reads what came before it was
    // registered here.
    let new = told(&place, "new", &python, "register()\nask('PART #den')");
    let refused = import(&new, &log, "den");
    assert_eq!(refused.code(), 2, "{}", refused.err());
    assert!(refused.err().contains("has later messages than the file"), "{}", refused.err());
    let half = place.path().join("half.ndjson");
    let text = fs::read_to_string(&log).unwrap();
    let lines = text.lines().map(|line| format!("{line}\n")).collect::<Vec<_>>();
    fs::write(&half, lines[..700].concat()).unwrap();
    let empty = told(&place, "empty", &python, "ask('JOIN #other')");
    for (file, told) in [(&half, "700 entries"), (&log, "; 700 were there before")] {
        let done = import(&empty, file, "den");
        assert!(done.err().contains(told), "{}", done.err());
    }
    assert_eq!(exported(&empty, "den"), wanted);
}

#[test]
fn members_of_a_registered_channel_read_what_was_imported() {
    let Some(python) = peer_or_skip("python3") else { return };
    let place = TempDir::new().unwrap();
    let there = told(&place, "there", &python, TALK);
    let log = place.path().join("den.ndjson");
    // As an older chat would have it: before the channel here was registered.
    let text = chat("export", &there).args(["--channel", "den"]).run().out();
    fs::write(&log, text.replace("\"at\":\"202", "\"at\":\"200")).unwrap();
    let quiet = "[history]\nkeep = false\n";
    let here = place.path().join("here");
    let server = serve_with(&here, quiet);
    people(&server, &python, "register()");
    stop(server);
    let done = import(&here, &log, "den");
    assert_eq!(done.code(), 0, "{}", done.err());
    assert!(!done.err().contains("is not registered"), "{}", done.err());
    let server = serve(&here);
    let running = import(&here, &log, "den");
    assert_eq!(running.code(), 5, "{}", running.err());
    assert!(running.err().contains("stop the other server"), "{}", running.err());
    people(&server, &python, READ);
    stop(server);
    // What was said since stands behind it.
    let all = exported(&here, "den");
    let text = |back: usize| all[all.len() - back]["text"].as_str().unwrap();
    assert_eq!((text(2), all[all.len() - 1]["kind"].as_str()), ("new here", Some("quit")));
}

fn serve_with(data: &Path, settings: &str) -> Running {
    let file = data.with_extension("quiet.toml");
    fs::write(&file, format!("{SETTINGS}{settings}")).unwrap();
    let program = chat("serve", data).args(["--listen", "127.0.0.1:0", "--config"]).arg(file);
    let running = program.start();
    running.listening();
    running
}

#[test]
fn other_files_are_refused_with_a_line_and_change_nothing() {
    let Some(python) = peer_or_skip("python3") else { return };
    let place = TempDir::new().unwrap();
    let here = told(&place, "here", &python, "ask('JOIN #a', 'JOIN #b', 'PRIVMSG #a :x')");
    let all = chat("export", &here).run().out();
    let before = exported(&here, "a");
    let first = all.lines().next().unwrap();
    for (text, why) in [
        ("10:00 <ada> hi\n".to_owned(), ":1: this is no line that coax chat export prints"),
        (format!("{first}\nnoise\n"), ":2: this is no line that coax chat export prints"),
        (all.clone(), ": the file has more than one channel: \"#a\" and \"#b\""),
        (format!("{first}\n"), "in another channel of this chat"),
        (first.replace("\"kind\":\"join\"", "\"kind\":\"dance\""), "\"dance\" is no kind of entry"),
    ] {
        let log = place.path().join("log");
        fs::write(&log, &text).unwrap();
        let done = import(&here, &log, "c");
        assert_eq!((done.code(), done.out()), (2, String::new()), "{text}");
        assert!(done.err().contains(why) && done.err().contains("hint: "), "{}", done.err());
    }
    assert_eq!(exported(&here, "a"), before);
    assert_eq!(exported(&here, "c"), [] as [serde_json::Value; 0]);
    for (file, channel, why) in [
        (place.path().join("none"), "c", "no such file"),
        (place.path().to_owned(), "c", "it is no file"),
        (place.path().join("log"), "a b", "'a b' is no channel"),
    ] {
        let done = import(&here, &file, channel);
        assert!(done.code() == 2 && done.err().contains(why), "{}", done.err());
    }
}
