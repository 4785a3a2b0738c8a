//! `coax chat serve` on a machine whose clock is wrong: nothing that was said is erased, hidden or
//! moved by it.
//!
//! The clock is libfaketime's: a start in the future, and one that jumps while the server runs.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use testkit::{Program, Running, peer_or_skip};

/// A machine with a clock of its own.
struct Machine {
    place: tempfile::TempDir,
    library: String,
}

impl Machine {
    fn or_skip(settings: &str) -> Option<Machine> {
        let faketime = peer_or_skip("faketime")?;
        let shown = Program::new(faketime).args(["-f", "+0", "printenv", "LD_PRELOAD"]).run();
        let library = shown.out().trim().to_owned();
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("chat.toml"), settings).unwrap();
        Some(Machine { place, library })
    }

    fn clock(&self) -> PathBuf {
        self.place.path().join("clock")
    }

    /// From now on the clock is so far off: `+0`, `+400d`.
    fn set_clock(&self, off: &str) {
        let new = self.place.path().join("clock.new");
        fs::write(&new, off).unwrap();
        fs::rename(new, self.clock()).unwrap();
    }

    fn serve(&self, off: &str) -> Running {
        self.set_clock(off);
        let data = self.place.path().join("data");
        let program = Program::new(env!("CARGO_BIN_EXE_coax")).args(["chat", "serve"]);
        let program = program.args(["--listen", "127.0.0.1:0", "--config"]);
        let program = program.arg(self.place.path().join("chat.toml")).arg("--data").arg(data);
        let program = program.env("LD_PRELOAD", &self.library);
        let program = program.env("FAKETIME_TIMESTAMP_FILE", self.clock());
        let program =
            program.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let running = program.deadline(Duration::from_secs(120)).start();
        running.listening();
        running
    }

    fn end(server: Running) -> String {
        server.signal(Signal::TERM);
        server.wait().exits(143).err()
    }
}

/// Somebody in `#lobby`.
struct Person(BufReader<TcpStream>);

impl Person {
    fn join(server: &Running, nick: &str) -> Person {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut person = Person(BufReader::new(stream));
        let caps = "CAP REQ :server-time batch draft/chathistory echo-message\r\nCAP END";
        person.say(&format!("NICK {nick}\r\nUSER u 0 * :r\r\n{caps}\r\nJOIN #lobby"));
        person.hear(" 366 ");
        person
    }

    fn say(&mut self, line: &str) {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    fn hear(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the end, before {part}");
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Says it, and the year that it gets.
    fn says(&mut self, text: &str) -> i32 {
        self.say(&format!("PRIVMSG #lobby :{text}"));
        let line = self.hear(&format!(" PRIVMSG #lobby :{text}"));
        line.split_once("time=").unwrap().1[..4].parse().unwrap()
    }

    /// The year that it is for the chat.
    fn year(&mut self) -> i32 {
        self.say("TIME");
        let line = self.hear(" 391 ");
        let time = line.rsplit([' ', ':']).find(|word| word.contains('-'));
        time.unwrap_or(&line)[..4].parse().unwrap()
    }

    /// All that the history has, in its order.
    fn history(&mut self) -> Vec<String> {
        self.say("CHATHISTORY LATEST #lobby * 100\r\nPING done");
        let mut texts = Vec::new();
        loop {
            let line = self.hear(" ");
            match line.split_once(" PRIVMSG #lobby :") {
                Some((_, text)) => texts.push(text.to_owned()),
                None if line.ends_with("done") => return texts,
                None => {}
            }
        }
    }
}

#[test]
fn a_start_with_a_clock_that_is_ahead_forgets_nothing_and_hides_nothing() {
    let settings = "[history]\ndays = 30\nack = \"disk\"";
    let Some(machine) = Machine::or_skip(settings) else { return };
    let server = machine.serve("+0");
    let year = Person::join(&server, "ada").says("before");
    Machine::end(server);
    let server = machine.serve("+400d");
    server.expect_part("this machine's clock is 400 days ahead");
    let mut ada = Person::join(&server, "ada");
    assert!(ada.says("meanwhile") > year);
    // It looks again at once.
    server.signal(Signal::HUP);
    server.expect_part("read the settings again");
    assert_eq!(ada.history(), ["before", "meanwhile"]);
    let said = Machine::end(server);
    assert!(!said.contains("entries of the history"), "{said}");
    // The same again, as a machine does whose clock has no battery.
    let server = machine.serve("+400d");
    server.expect_part("this machine's clock is 400 days ahead");
    Machine::end(server);
    let server = machine.serve("+0");
    let mut ada = Person::join(&server, "ada");
    assert_eq!(ada.says("after"), year);
    assert_eq!(ada.history(), ["before", "meanwhile", "after"]);
    let said = Machine::end(server);
    assert!(!said.contains("entries of the history") && !said.contains("days ahead"), "{said}");
}

#[test]
fn a_clock_that_jumps_thirty_years_and_back_moves_nobody() {
    let Some(machine) = Machine::or_skip("[history]\nack = \"disk\"") else { return };
    let server = machine.serve("+0");
    let mut ada = Person::join(&server, "ada");
    let year = ada.says("one");
    machine.set_clock("+30y");
    server.expect_part("this machine's clock jumped 109");
    assert_eq!(ada.says("two"), year, "nobody was put out for a silence of thirty years");
    machine.set_clock("+0");
    server.expect_part("this machine's clock agrees with the chat's time again");
    assert_eq!(ada.says("three"), year);
    assert_eq!(ada.history(), ["one", "two", "three"]);
    // Who runs it says that the new one is right.
    for (off, expected) in [("+1y", year + 1), ("+0", year)] {
        machine.set_clock(off);
        server.signal(Signal::HUP);
        while ada.year() != expected {}
    }
    assert_eq!(ada.says("four"), year);
    assert_eq!(ada.history(), ["one", "two", "three", "four"]);
    Machine::end(server);
}
