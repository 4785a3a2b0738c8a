//! `coax chat serve`: people talk over the built binary, and it ends in order.
//!
//! Clients are plain sockets of the test and OpenBSD nc.
//!
//! What each command of IRC does is irctest's business: `cargo xtask conformance`.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;
use testkit::{Program, Running};

/// A server with a folder and a file of settings of its own.
struct Server {
    running: Running,
    place: tempfile::TempDir,
}

impl Server {
    fn start(settings: &str) -> Server {
        let place = tempfile::tempdir().unwrap();
        Server { running: Server::run(&place, settings), place }
    }

    fn run(place: &tempfile::TempDir, settings: &str) -> Running {
        let file = place.path().join("chat.toml");
        fs::write(&file, settings).unwrap();
        let running = Program::new(env!("CARGO_BIN_EXE_coax"))
            .args(["chat", "serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(file)
            .arg("--data")
            .arg(place.path().join("data"))
            .start();
        running.listening();
        running
    }

    fn join(&self, nick: &str) -> Person {
        let stream = TcpStream::connect(("127.0.0.1", self.running.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut person = Person { lines: BufReader::new(stream) };
        person.say(&format!("NICK {nick}\r\nUSER u 0 * :r"));
        person.hear(" 422 ");
        person
    }
}

/// Somebody with a socket.
struct Person {
    lines: BufReader<TcpStream>,
}

impl Person {
    fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    /// Reads on until a line has this in it.
    fn hear(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the end, before {part:?}");
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }
}

impl Person {
    /// Reads on until a line has `end` in it; what was heard of something before.
    fn hear_of(&mut self, part: &str, end: &str) -> Option<String> {
        let mut heard = None;
        loop {
            let line = self.hear("");
            if line.contains(part) {
                heard = Some(line);
            } else if line.contains(end) {
                return heard;
            }
        }
    }
}

#[test]
fn two_people_talk_and_are_told_when_the_server_ends() {
    let server = Server::start("");
    let (mut ada, mut bob) = (server.join("ada"), server.join("bob"));
    ada.say("JOIN #lobby");
    ada.hear(" 366 ");
    bob.say("JOIN #lobby");
    bob.hear(" 366 ");
    ada.hear("bob!~u@127.0.0.1 JOIN #lobby");
    bob.say("PRIVMSG #lobby :hello, world");
    assert_eq!(ada.hear("PRIVMSG"), ":bob!~u@127.0.0.1 PRIVMSG #lobby :hello, world");
    server.running.signal(Signal::TERM);
    assert!(ada.hear("ERROR").contains("The server ends"));
    assert!(server.running.ends_within(Duration::from_secs(10)));
}

#[test]
fn what_was_said_and_who_is_known_outlive_the_server() {
    let mut server = Server::start("[accounts]\npassword-memory = 8\npassword-passes = 1");
    let mut ada = server.join("ada");
    ada.say("NS REGISTER sesame");
    ada.hear("Account created");
    ada.say(
        "JOIN #lobby\r\nCS REGISTER #lobby\r\nTOPIC #lobby :tea\r\nPRIVMSG #lobby :remember me",
    );
    ada.say("PING done");
    ada.hear("done");
    server.running.signal(Signal::TERM);
    ada.hear("ERROR");
    assert!(server.running.ends_within(Duration::from_secs(10)));
    server.running = Server::run(&server.place, "");
    let mut eve = server.join("eve");
    eve.say("NICK ada");
    assert!(eve.hear(" 433 ").contains("reserved"));
    let mut ada = server.join("ada2");
    ada.say("NS IDENTIFY ada sesame\r\nJOIN #lobby");
    assert!(ada.hear(" 332 ").ends_with("#lobby :tea"));
    assert!(ada.hear(" 353 ").contains("~ada2"), "the founder is known again");
    ada.say("CHATHISTORY LATEST #lobby * 5");
    assert!(ada.hear("PRIVMSG").ends_with("#lobby :remember me"));
}

#[test]
fn a_hang_up_reads_the_settings_again_and_drops_nobody() {
    let server = Server::start("");
    let mut ada = server.join("ada");
    let file = server.place.path().join("chat.toml");
    fs::write(&file, "[server]\nmotd = [\"new words\"]").unwrap();
    server.running.signal(Signal::HUP);
    server.running.expect_err("read the settings again");
    ada.say("MOTD");
    assert!(ada.hear(" 372 ").ends_with("new words"));
    fs::write(&file, "[sever]").unwrap();
    server.running.signal(Signal::HUP);
    server.running.expect_err("chat.toml:1:2: there is no setting 'sever'");
    ada.say("MOTD");
    assert!(ada.hear(" 372 ").ends_with("new words"));
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_nobody_else_waits() {
    let server = Server::start("[limits]\nsendq = 262144\nflood-burst = 0");
    let (mut ada, mut bob) = (server.join("ada"), server.join("bob"));
    let mut deaf = server.join("deaf");
    for person in [&mut deaf, &mut bob, &mut ada] {
        person.say("JOIN #c");
        person.hear(" 366 ");
    }
    let line = format!("PRIVMSG #c :{}", "x".repeat(400));
    let mut quit = None;
    // More than every buffer on the way holds: the kernel's grow to some megabytes.
    for round in 0..80 {
        for _ in 0..500 {
            ada.say(&line);
        }
        // He reads as fast as she talks; what he hears on the way is for him to keep.
        ada.say(&format!("PRIVMSG #c :round{round}"));
        quit = quit.or(bob.hear_of("QUIT", &format!("round{round}")));
    }
    ada.say("WHOIS deaf");
    assert!(ada.hear(" 401 ").contains("deaf"), "still there");
    assert!(quit.unwrap().ends_with("SendQ exceeded"));
}

#[test]
fn a_mistake_in_the_settings_is_told_with_what_to_write() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("chat.toml");
    fs::write(&file, "[limits]\nnick-lenght = 9").unwrap();
    let run =
        Program::new(env!("CARGO_BIN_EXE_coax")).args(["chat", "serve", "--config"]).arg(&file);
    let outcome = run.run();
    assert_eq!(outcome.code(), 2);
    let told = outcome.err();
    assert!(told.contains("there is no setting 'limits.nick-lenght'"), "{told}");
    assert!(told.contains("hint: did you mean limits.nick-length?"), "{told}");
}

#[test]
fn whom_an_operator_keeps_out_stays_out_after_a_restart() {
    let settings = "[server]\ncloak = true\n[operators]\nroot = \"secret\"";
    let mut server = Server::start(settings);
    let (mut ada, mut eve) = (server.join("ada"), server.join("eve"));
    ada.say("KLINE eve :enough");
    ada.hear(" 481 ");
    ada.say("OPER root secret\r\nKLINE eve!*@* :enough");
    assert!(eve.hear("ERROR").contains("You are kept out of this server: enough"));
    ada.hear("1 put out");
    ada.say("WHOIS ada");
    assert!(ada.hear(" 311 ").contains(".cloak"), "the address is nobody's business");
    server.running.signal(Signal::TERM);
    ada.hear("ERROR");
    assert!(server.running.ends_within(Duration::from_secs(10)));
    server.running = Server::run(&server.place, settings);
    let stream = TcpStream::connect(("127.0.0.1", server.running.port())).unwrap();
    let mut eve = Person { lines: BufReader::new(stream) };
    eve.say("NICK eve\r\nUSER u 0 * :r");
    assert!(eve.hear(" 465 ").ends_with("enough"));
}
