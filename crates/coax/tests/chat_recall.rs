//! `coax chat search`, `history`, `export` and `backup`: what was said is found again, with a server
//! on the folder and without one.
//!
//! Talk comes from plain sockets of the test, or straight from the store where there must be much
//! of it; JSON is read by Python.
//!
//! How a word is found is the business of coax-store.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use coax_store::{Entry, Kind, Options, Store, Target};
use rustix::process::Signal;
use testkit::{Outcome, Program, Running, peer_or_skip};

/// 2023-11-14 22:13:20 UTC.
const START: i64 = 1_700_000_000_000;

fn chat(verb: &str, data: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax"))
        .args(["chat", verb, "--data"])
        .arg(data)
        .env("TZ", "UTC")
}

fn run(verb: &str, data: &Path, args: &[&str]) -> Outcome {
    chat(verb, data).args(args).run()
}

fn serve(data: &Path) -> Running {
    let file = data.with_extension("toml");
    fs::write(&file, "[limits]\nflood-burst = 0").unwrap();
    let serve = chat("serve", data).args(["--listen", "127.0.0.1:0", "--config"]);
    let running = serve.arg(file).start();
    running.listening();
    running
}

/// Somebody with a socket.
struct Person(BufReader<TcpStream>);

impl Person {
    fn join(server: &Running, nick: &str) -> Person {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut person = Person(BufReader::new(stream));
        person.say(&format!("NICK {nick}\r\nUSER u 0 * :r\r\nJOIN #lobby"));
        person.hear(" 366 ");
        person
    }

    fn say(&mut self, line: &str) {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    /// Reads on until a line has this in it.
    fn hear(&mut self, part: &str) {
        let mut line = String::new();
        while !line.contains(part) {
            line.clear();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the end, before {part:?}");
        }
    }

    /// Says it, and waits until it is in the history.
    fn tell(&mut self, text: &str) {
        self.say(&format!("PRIVMSG #lobby :{text}\r\nCHATHISTORY LATEST #lobby * 1"));
        self.hear(&format!("PRIVMSG #lobby :{text}"));
    }
}

fn entry(number: usize, target: Target, sender: &str, text: &str) -> Entry {
    Entry {
        target,
        time: START + number as i64 * 1000,
        msgid: format!("m{number}"),
        kind: Kind::Message,
        sender: format!("{sender}!u@host"),
        account: None,
        text: text.to_owned(),
        tags: b"\n\n#x\n".to_vec(),
    }
}

/// A folder with this in it, and no server.
fn kept(entries: impl IntoIterator<Item = Entry>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    for entry in entries {
        store.send(entry, |kept| assert!(kept.is_ok())).unwrap();
    }
    store.close().unwrap();
    folder
}

fn some_talk() -> tempfile::TempDir {
    let lobby = || Target::channel("#lobby");
    let ops = || Target::channel("#ops");
    let joined = Entry { kind: Kind::Join, ..entry(7, lobby(), "eve", "") };
    kept([
        entry(1, lobby(), "ada", "the backup is done"),
        entry(2, ops(), "bob", "which backup?"),
        entry(3, ops(), "ada", "\u{1}ACTION points at the backup\u{1}"),
        entry(4, Target::private("ada", "~bob"), "ada", "the secret backup"),
        entry(5, Target::private("~bob", "~ada"), "bob", "as a guest"),
        entry(6, lobby(), "Bob", "backups of Käse"),
        joined,
    ])
}

#[test]
fn what_was_said_is_found_while_a_server_runs_and_after() {
    let place = tempfile::tempdir().unwrap();
    let data = &place.path().join("data");
    let server = serve(data);
    let mut ada = Person::join(&server, "ada");
    ada.tell("the tea is ready");
    ada.tell("\u{1}ACTION pours tea\u{1}");
    let found = || {
        let history = run("history", data, &["lobby"]).exits(0).out();
        let search = run("search", data, &["TEA"]).exits(0).out();
        let export = run("export", data, &[]).exits(0).out();
        (history, search, export)
    };
    let running = found();
    let lines = running.0.lines().map(|line| &line[20..]).collect::<Vec<_>>();
    assert_eq!(lines, ["ada: the tea is ready", "* ada pours tea"]);
    let lines = running.1.lines().map(|line| &line[20..]).collect::<Vec<_>>();
    assert_eq!(lines, ["#lobby ada: the tea is ready", "#lobby * ada pours tea"]);
    server.signal(Signal::TERM);
    assert!(server.ends_within(Duration::from_secs(10)));
    assert_eq!(found(), running, "the same without a server, to the last byte");
    // A server that was killed leaves its log behind.
    let server = serve(data);
    Person::join(&server, "bob").tell("and one more");
    server.signal(Signal::KILL);
    assert!(server.ends_within(Duration::from_secs(10)));
    assert!(run("history", data, &["lobby"]).exits(0).out().contains("bob: and one more"));
}

#[test]
fn every_script_is_found_in_the_chat_and_beside_it() {
    let place = tempfile::tempdir().unwrap();
    let data = &place.path().join("data");
    let server = serve(data);
    let mut ada = Person::join(&server, "ada");
    ada.say("CAP REQ :batch soju.im/search message-tags");
    ada.hear(" ACK ");
    for (text, part) in [
        ("我家在上海东边。", "上海"),
        ("東京で会議", "会議"),
        ("회의는 세 시에", "회의"),
        ("ภาษาไทย", "ไทย"),
        ("done 🎉", "🎉"),
        ("Die Straße", "strasse"),
        ("Ещё раз", "еще"),
    ] {
        ada.tell(text);
        ada.say(&format!("SEARCH text={part}"));
        ada.hear(" BATCH +");
        ada.hear(&format!(":{text}"));
        let found = run("search", data, &[part]).exits(0).out();
        assert!(found.ends_with(&format!(" ada: {text}\n")), "{part}: {found}");
    }
}

#[test]
fn a_search_is_narrowed_by_every_flag() {
    let place = some_talk();
    let numbers = |args: &[&str]| {
        let found = run("search", place.path(), args).exits(0).out();
        // The seconds say which entry it is.
        let seconds = found.lines().map(|line| line[17..19].parse::<u32>().unwrap() - 20);
        seconds.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
    };
    for (args, expected) in [
        (&["backup"][..], "1 2 3"),
        (&["backup", "--private"], "1 2 3 4"),
        (&["back*"], "1 2 3 6"),
        (&["backup", "the"], "1 3"),
        (&["backup", "--channel", "ops"], "2 3"),
        (&["backup", "--channel", "OPS", "--channel", "#lobby"], "1 2 3"),
        (&["backup", "--channel", "bob,ADA"], "4"),
        (&["--from", "bob"], "2 6"),
        (&["kase", "--from", "BOB"], "6"),
        (&["backup", "--since", "2023-11-14T22:13:22"], "2 3"),
        (&["backup", "--until", "2023-11-14 22:13:22"], "1"),
        (&["back*", "--limit", "2"], "3 6"),
    ] {
        assert_eq!(numbers(args), expected, "{args:?}");
    }
    let cut = run("search", place.path(), &["back*", "--limit", "2"]);
    assert_eq!(cut.err(), "these are the newest 2; there are more (--limit, --until)\n");
}

#[test]
fn a_log_holds_what_was_asked_for_in_order() {
    let place = some_talk();
    run("history", place.path(), &["lobby"]).exits(0).prints(
        "2023-11-14 22:13:21 ada: the backup is done\n2023-11-14 22:13:26 Bob: backups of Käse\n",
    );
    run("history", place.path(), &["#lobby", "--limit", "2", "--events"])
        .exits(0)
        .prints("2023-11-14 22:13:26 Bob: backups of Käse\n2023-11-14 22:13:27 * eve joined\n");
    let two = "2023-11-14 22:13:24 ada: the secret backup\n2023-11-14 22:13:25 bob: as a guest\n";
    run("history", place.path(), &["bob,ada"]).exits(0).prints(two);
    run("history", place.path(), &["ada,bob", "--since", "2023-11-14"]).exits(0).prints(two);
    // A sign before a name means somebody without an account, and nobody else.
    run("history", place.path(), &["~ada,bob"]).exits(0).prints(&two[43..]);
    let list = "2023-11-14 22:13:23  #ops\n2023-11-14 22:13:27  #lobby\n";
    run("history", place.path(), &[]).exits(0).prints(list);
    assert_eq!(run("history", place.path(), &["--private"]).exits(0).out().lines().count(), 4);
}

#[test]
fn all_since_then_is_all_and_in_order() {
    let place = kept((0..1701).map(|it| entry(it, Target::channel("#a"), "ada", &it.to_string())));
    let all = run("history", place.path(), &["a", "--since", "2023-11-14"]).exits(0).out();
    let numbers = all.lines().map(|line| line[25..].parse::<usize>().unwrap());
    assert!(numbers.eq(0..1701), "{all}");
    let usual = run("history", place.path(), &["a"]).exits(0);
    assert_eq!(usual.out().lines().count(), 50);
    assert_eq!(usual.err(), "these are the newest 50; there are older ones (--limit)\n");
    let some = ["a", "--since", "2023-11-14T22:13:30Z", "--until", "2023-11-14T22:13:33Z"];
    let some = run("history", place.path(), &some).exits(0).out();
    assert_eq!(some.lines().map(|line| &line[25..]).collect::<Vec<_>>(), ["10", "11", "12"]);
}

#[test]
fn what_is_not_there_says_so_and_what_to_type() {
    let place = some_talk();
    let nowhere = place.path().join("nowhere");
    let file = place.path().join("chat.db");
    let (data, empty) = (place.path(), tempfile::tempdir().unwrap());
    for (verb, data, args, code, words, hint) in [
        ("search", data, &["nobody"][..], 1, "nothing was found with 'nobody'", "--private looks"),
        ("search", data, &["--from", "zoe"], 1, "nothing was found by zoe", "--private looks"),
        ("search", data, &[], 2, "a search needs a word", "coax chat search WORD"),
        ("search", data, &["ab*"], 2, "a star needs 3 letters", "coax chat search WORD"),
        ("search", data, &["x", "--channel", "lobi"], 1, "nothing is kept of #lobi", "mean lobby?"),
        ("history", data, &["loby"], 1, "nothing is kept of #loby", "did you mean lobby?"),
        ("history", data, &["zoo"], 1, "nothing is kept of #zoo", "coax chat history lists"),
        ("history", data, &["ada,eve"], 1, "nothing is kept of ada,eve", "coax chat history"),
        ("history", data, &["ops", "--since", "1h"], 1, "in #ops in that time", "--events shows"),
        ("history", data, &["ops", "--since", "soon"], 2, "'soon'", "coax chat history --help"),
        (
            "history",
            data,
            &["ops", "-n", "0"],
            2,
            "it is a number from 1",
            "coax chat history --help",
        ),
        ("search", data, &["x", "--limit", "-1"], 2, "'-1'", "coax chat search --help"),
        ("export", data, &["--channel", "zoo"], 1, "nothing is kept of #zoo", "coax chat history"),
        ("export", &nowhere, &[], 2, "there is no such folder", "coax chat serve --data"),
        ("history", &file, &[], 2, "it is a file, not a folder", "a folder of its own"),
        ("search", empty.path(), &["x"], 2, "no chat is kept in it", "coax chat serve --data"),
        ("backup", &nowhere, &["x.db"], 2, "there is no such folder", "coax chat serve --data"),
    ] {
        let outcome = run(verb, data, args).fails(code, words);
        assert!(outcome.err().contains("hint: "), "{}", outcome.shown());
        assert!(outcome.err().contains(hint), "{}", outcome.shown());
        assert_eq!(outcome.out(), "");
    }
}

#[test]
fn the_folder_is_found_through_the_settings() {
    let place = some_talk();
    let file = place.path().join("chat.toml");
    fs::write(&file, format!("[server]\ndata = {:?}", place.path())).unwrap();
    let coax = |verb: &str, word: &str| {
        let program = Program::new(env!("CARGO_BIN_EXE_coax")).args(["chat", verb, word]);
        program.arg("--config").arg(&file).env("HOME", "/nowhere").run()
    };
    assert_eq!(coax("search", "Käse").exits(0).out().lines().count(), 1);
    fs::write(&file, "[sever]").unwrap();
    coax("search", "Käse").fails(2, "there is no setting 'sever'");
}

#[test]
fn what_others_wrote_reaches_a_pipe_as_it_is_and_no_terminal() {
    let lobby = || Target::channel("#lobby");
    let evil = "clear \u{1b}[2J\u{9b}31m and \u{202e}turn";
    let topic = Entry { kind: Kind::Topic, ..entry(2, lobby(), "eve\u{7}", evil) };
    let place = kept([entry(1, lobby(), "eve", evil), topic]);
    for (verb, args) in [
        ("history", &["lobby", "--events"][..]),
        ("search", &["clear"]),
        ("history", &["lobby", "--since", "2023-01-01"]),
    ] {
        let piped = run(verb, place.path(), args).exits(0).out();
        assert!(piped.contains(evil), "{piped:?}");
        let shown = chat(verb, place.path()).args(args).on_terminal().run().exits(0).out();
        let raw = ['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}'];
        assert!(!shown.contains(raw), "{shown:?}");
        assert!(shown.contains(r"clear \u{1b}[2J\u{9b}31m and \u{202e}turn"), "{shown:?}");
    }
    let export = chat("export", place.path()).on_terminal().run().exits(0).out();
    assert!(!export.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']), "{export:?}");
}

/// Checks each line, and prints what the lines say together.
const READ: &str = "
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding='utf-8')]
assert all(e['v'] == 1 and e['event'] == 'entry' and e['at'].endswith('Z') for e in lines)
assert [e['sequence'] for e in lines] == sorted({e['sequence'] for e in lines})
print(len(lines), sorted({e['kind'] for e in lines}), sum(len(e['text']) for e in lines))
";

#[test]
fn an_export_is_json_that_python_reads_and_always_the_same() {
    let Some(python) = peer_or_skip("python3") else { return };
    let place = kept((0..3000).map(|it| {
        let target = match it % 3 {
            0 => Target::private("ada", "bob"),
            _ => Target::channel(format!("#c{}", it % 3)),
        };
        let text = format!("word \u{1} \"{it}\" \\ \u{2028} 🦀");
        let kind = if it % 10 == 7 { Kind::Kick } else { Kind::Message };
        Entry { kind, tags: b"B\n+a=1\n#c1\nbob".to_vec(), ..entry(it, target, "ada", &text) }
    }));
    let file = place.path().join("out.ndjson");
    let read = |args: &[&str]| {
        fs::write(&file, run("export", place.path(), args).exits(0).stdout).unwrap();
        Program::new(&python).args(["-c", READ]).arg(&file).run().exits(0).out()
    };
    assert!(read(&["--private"]).starts_with("3000 ['kick', 'message']"));
    assert!(read(&[]).starts_with("2000 ['kick', 'message']"));
    assert!(read(&["--channel", "c2"]).starts_with("1000 "));
    assert!(read(&["--since", "2023-11-14T22:13:30Z"]).starts_with("1994 "));
    let first = run("export", place.path(), &[]).stdout;
    assert_eq!(first, run("export", place.path(), &["--json"]).stdout);
    let searched = run("search", place.path(), &["2999", "--json"]).exits(0).out();
    assert!(searched.contains(r#""found":["2999"]"#), "{searched}");
}

#[test]
fn an_export_ends_quietly_when_its_reader_leaves() {
    let place = kept((0..5000).map(|it| entry(it, Target::channel("#a"), "ada", "word")));
    let line = "set -o pipefail; \"$0\" chat export --data \"$1\" | head -n 1";
    let args = [env!("CARGO_BIN_EXE_coax"), place.path().to_str().unwrap()];
    let outcome = Program::shell(line, args).run().exits(0);
    assert_eq!((outcome.out().lines().count(), outcome.err()), (1, String::new()));
}

#[test]
fn a_copy_made_while_people_talk_is_a_chat_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = serve(&data);
    let mut ada = Person::join(&server, "ada");
    ada.say("NS REGISTER sesame");
    ada.hear("Account created");
    ada.tell("line 0");
    let copy = place.path().join("copy.db");
    let port = server.port();
    let talking = std::thread::spawn(move || {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut bob = Person(BufReader::new(stream));
        bob.say("NICK bob\r\nUSER u 0 * :r\r\nJOIN #lobby");
        (1..400).for_each(|line| bob.say(&format!("PRIVMSG #lobby :line {line}")));
        bob.say("PING :all");
        bob.hear("all");
    });
    let outcome = chat("backup", &data).arg(&copy).run().exits(0);
    assert!(outcome.err().contains("copy.db: 0."), "{}", outcome.shown());
    talking.join().unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&copy).unwrap());
    assert_eq!(mode & 0o777, 0o600, "accounts are nobody else's business");
    chat("backup", &data).arg(&copy).run().fails(5, "exists: a backup needs a new name");
    let again = place.path().join("again");
    fs::create_dir(&again).unwrap();
    fs::rename(&copy, again.join("chat.db")).unwrap();
    // What was said up to one moment, and nothing after it.
    let log = run("history", &again, &["lobby", "--since", "1h"]).exits(0).out();
    let lines = log.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap());
    assert!(lines.eq(0..log.lines().count()), "{log}");
    let server = serve(&again);
    let mut ada = Person::join(&server, "ada2");
    ada.say("NS IDENTIFY ada sesame");
    ada.hear("You are now identified for ada");
    ada.tell("on the copy");
}

#[test]
fn a_copy_goes_to_stdout_and_leaves_nothing_behind() {
    let Some(python) = peer_or_skip("python3") else { return };
    let folder = some_talk();
    let place = tempfile::tempdir().unwrap();
    let line = r#"set -e
"$0" chat backup - --data "$1" > "$2/copy.db"
"$3" -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM message").fetchone())' "$2/copy.db"
ls "$TMPDIR""#;
    let coax = env!("CARGO_BIN_EXE_coax").into();
    let words = [coax, folder.path().to_owned(), place.path().to_owned(), python];
    let spare = tempfile::tempdir().unwrap();
    let outcome = Program::shell(line, words).env("TMPDIR", spare.path()).run().exits(0);
    assert_eq!(outcome.out(), "(7,)\n");
    run("backup", folder.path(), &["-", "--json"]).fails(2, "both go to stdout");
}
