//! `coax chat account`: who may sign in is decided beside the server, and holds at once.
//!
//! The same orders are given to a folder with a server on it and to one without, and must come out
//! the same.
//!
//! How a password is checked is the business of coax-chat.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use testkit::{Outcome, Program, Running};

/// A folder of data and a file of settings, with or without a server.
struct Chat {
    place: tempfile::TempDir,
    server: Option<Running>,
}

impl Chat {
    fn new(settings: &str) -> Chat {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("data")).unwrap();
        let cheap = "password-memory = 8\npassword-passes = 1\n";
        let text = format!("[accounts]\n{cheap}{settings}");
        fs::write(place.path().join("chat.toml"), text).unwrap();
        Chat { place, server: None }
    }

    fn serving(settings: &str) -> Chat {
        let mut chat = Chat::new(settings);
        chat.start();
        chat
    }

    fn start(&mut self) {
        let server = self.coax(&["serve"]).args(["--listen", "127.0.0.1:0"]).start();
        server.listening();
        self.server = Some(server);
    }

    fn stop(&mut self) {
        let server = self.server.take().unwrap();
        server.signal(Signal::TERM);
        assert!(server.ends_within(Duration::from_secs(10)));
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    fn coax(&self, words: &[&str]) -> Program {
        let program = Program::new(env!("CARGO_BIN_EXE_coax")).arg("chat").args(words);
        let program = program.arg("--data").arg(self.data()).env("TZ", "UTC");
        program.arg("--config").arg(self.place.path().join("chat.toml"))
    }

    fn account(&self, words: &[&str], password: &str) -> Outcome {
        self.coax(&[&["account"], words].concat()).run_with(password)
    }

    /// What NickServ says to somebody who signs in like that.
    fn identify(&self, name: &str, password: &str) -> String {
        let port = self.server.as_ref().unwrap().port();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut lines = BufReader::new(stream);
        let words = format!("NICK guest\r\nUSER u 0 * :r\r\nNS IDENTIFY {name} {password}\r\n");
        lines.get_mut().write_all(words.as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the end");
            if line.contains("NickServ!") {
                return line.trim_end().rsplit(" :").next().unwrap().to_owned();
            }
        }
    }
}

const IN: &str = "You are now identified for ada";
const OUT: &str = "Invalid account or password";

#[test]
fn an_account_that_is_added_while_a_server_runs_holds_at_once_and_for_good() {
    // Nobody may register in the chat; whoever owns the folder decides.
    let mut chat = Chat::serving("register = false");
    assert_eq!(chat.identify("ada", "sesame"), OUT);
    let added = chat.account(&["add", "ada"], "sesame\n").exits(0);
    assert_eq!(added.err(), "added the account ada; the running server knows\n");
    assert_eq!(chat.identify("ada", "sesame"), IN);
    chat.account(&["passwd", "ADA"], "open sesame, please\n").exits(0);
    assert_eq!(chat.identify("ada", "sesame"), OUT);
    chat.account(&["passwd", "ada"], "another").exits(0);
    assert_eq!(chat.identify("ada", "another"), IN);
    let running = chat.account(&["list"], "").exits(0).out();
    chat.stop();
    assert_eq!(chat.account(&["list"], "").exits(0).out(), running);
    chat.start();
    assert_eq!(chat.identify("ada", "another"), IN);
    assert_eq!(chat.identify("ada", "sesame"), OUT);
}

#[test]
fn an_account_that_is_added_before_the_server_starts_is_known_to_it() {
    let mut chat = Chat::new("");
    let added = chat.account(&["add", "Ada"], "sesame\r\n").exits(0);
    assert_eq!(added.err(), "added the account Ada\n");
    let listed = chat.account(&["list", "--json"], "").exits(0).out();
    assert!(listed.contains(r#""event":"account""#) && listed.contains(r#""name":"Ada""#));
    assert!(!listed.contains("argon2"), "what the password is checked against stays where it is");
    chat.start();
    assert_eq!(chat.identify("ada", "sesame"), IN.replace("ada", "Ada"));
    let line = chat.account(&["list"], "").exits(0).out();
    assert!(line.ends_with("  Ada\n"), "{line}");
}

#[test]
fn what_is_refused_is_refused_in_the_same_words_with_a_server_and_without() {
    let (with, without) = (Chat::serving(""), Chat::new(""));
    for chat in [&with, &without] {
        chat.account(&["add", "ada"], "sesame").exits(0);
    }
    for (words, password, code, why) in [
        (&["add", "ada"][..], "sesame", 1, "there is an account 'ada' already"),
        (&["add", "ADA"], "sesame", 1, "there is an account 'ADA' already"),
        (&["passwd", "bob"], "sesame", 1, "there is no account 'bob'"),
        (&["add", "#bob"], "sesame", 2, "no account can be called '#bob': it holds '#'"),
        (&["add", "bob"], "short", 2, "the password is too short: 6 letters are the least"),
        (&["add", "bob"], "", 2, "a password is needed"),
        (&["add", "bob"], "\nsesame", 2, "a password is needed"),
        // Everyone who can see the processes would read it.
        (&["add", "bob", "sesame"], "", 2, "unexpected argument 'sesame'"),
    ] {
        for chat in [&with, &without] {
            chat.account(words, password).fails(code, why);
        }
    }
    assert_eq!(with.account(&["list"], "").exits(0).out().lines().count(), 1);
    Chat::new("").account(&["list"], "").fails(2, "no chat is kept in it");
}

#[test]
fn a_server_that_takes_no_orders_is_said_to_and_nothing_is_changed() {
    let chat = Chat::serving("");
    fs::remove_file(chat.data().join("orders")).unwrap();
    let outcome = chat.account(&["add", "ada"], "sesame").fails(5, "which takes no orders");
    assert!(outcome.err().contains("hint: stop it"), "{}", outcome.shown());
    assert_eq!(chat.identify("ada", "sesame"), OUT);
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let mut chat = Chat::serving("");
    let server = chat.server.take().unwrap();
    server.signal(Signal::KILL);
    assert!(server.ends_within(Duration::from_secs(10)));
    let added = chat.account(&["add", "ada"], "sesame").exits(0);
    assert_eq!(added.err(), "added the account ada\n");
    chat.start();
    chat.account(&["passwd", "ada"], "another").exits(0);
    assert_eq!(chat.identify("ada", "another"), IN);
    chat.stop();
    assert!(!chat.data().join("orders").exists());
}

#[test]
fn a_person_is_asked_twice_and_nothing_is_shown() {
    let mut chat = Chat::new("");
    let mut asked = chat.coax(&["account", "add", "ada"]).on_terminal().start();
    asked.expect_out("password for ada: ");
    asked.send("sesame\n");
    asked.expect_out("the same again: ");
    asked.send("sesame\n");
    asked.expect_out("added the account ada");
    let outcome = asked.wait().exits(0);
    assert!(!outcome.out().contains("sesame"), "{}", outcome.shown());
    chat.start();
    assert_eq!(chat.identify("ada", "sesame"), IN);
    let mut asked = chat.coax(&["account", "passwd", "ada"]).on_terminal().start();
    asked.expect_out("password for ada: ");
    asked.send("another\n");
    asked.expect_out("the same again: ");
    asked.send("anothre\n");
    asked.expect_out("coax: the two passwords are not the same");
    asked.wait().exits(2);
    assert_eq!(chat.identify("ada", "sesame"), IN);
}

#[test]
fn whoever_interrupts_has_a_terminal_that_shows_what_is_typed() {
    let chat = Chat::new("");
    let line = "trap : INT; \"$0\" chat account add ada --data \"$1\"; echo left $?; stty -a";
    let args = [Path::new(env!("CARGO_BIN_EXE_coax")), &chat.data()];
    let mut shell = Program::shell(line, args).on_terminal().start();
    shell.expect_out("password for ada: ");
    shell.send("half a pass\x03");
    shell.expect_out("left 130");
    shell.expect_out(" echo ");
    let outcome = shell.wait().exits(0);
    assert!(!outcome.out().contains("half a pass"), "{}", outcome.shown());
}

#[test]
fn the_hash_that_is_printed_makes_an_operator() {
    let mut chat = Chat::new("");
    let hash = chat.account(&["hash"], "sesame-open\n").exits(0).out();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    let file = chat.place.path().join("chat.toml");
    let settings = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("operators = {{ root = '{}' }}\n{settings}", hash.trim())).unwrap();
    chat.start();
    let port = chat.server.as_ref().unwrap().port();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut lines = BufReader::new(stream);
    let words = "NICK ada\r\nUSER u 0 * :r\r\nOPER root sesame-open\r\n";
    lines.get_mut().write_all(words.as_bytes()).unwrap();
    let mut line = String::new();
    while !line.contains(" 381 ada ") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the end");
        assert!(!line.contains(" 464 "), "{line}");
    }
    chat.account(&["hash"], "\n").fails(2, "a password is needed");
}

#[test]
fn an_account_is_suspended_resumed_and_deleted_with_a_server_and_without() {
    for serving in [true, false] {
        let mut chat = if serving { Chat::serving("") } else { Chat::new("") };
        chat.account(&["add", "ada"], "sesame-open\n").exits(0);
        for (verb, said) in [
            ("suspend", "That account is suspended"),
            ("resume", "You are now identified for ada"),
            ("delete", "Invalid account or password"),
        ] {
            chat.account(&[verb, "Ada"], "").exits(0);
            if !serving {
                chat.start();
            }
            assert_eq!(chat.identify("ada", "sesame-open"), said, "{verb}");
            if verb == "suspend" {
                let listed = chat.account(&["list"], "").exits(0).out();
                assert!(listed.contains("ada  suspended"), "{listed}");
            }
            if !serving {
                chat.stop();
            }
        }
        chat.account(&["delete", "ada"], "").fails(1, "there is no account 'ada'");
    }
}
