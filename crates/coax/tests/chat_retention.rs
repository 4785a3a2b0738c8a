//! What the settings do not keep goes, while people talk, and nothing else does.
//!
//! Old talk is put into the store before the server starts; what is left is read by
//! `coax chat history`.
//!
//! How entries go is the business of coax-store.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use coax_store::{Entry, Kind, Options, Store, Target};
use rustix::process::Signal;
use testkit::{Program, Running};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// So many days ago, in milliseconds since 1970.
fn ago(days: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap() - days * DAY
}

struct Place(tempfile::TempDir);

impl Place {
    /// A folder in which so many words of each channel are so many days old.
    fn with(talk: &[(&str, i64, usize)], text: &str) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        let store = Store::open(&place.data(), &Options::default()).unwrap();
        for (channel, days, count) in talk {
            for number in 0..*count {
                let entry = Entry {
                    target: Target::channel(*channel),
                    time: ago(*days) + number as i64,
                    msgid: format!("{channel}{days}-{number}"),
                    kind: Kind::Message,
                    sender: "ada!u@host".to_owned(),
                    account: None,
                    text: format!("{days} {text} {number}"),
                    tags: b"\n\n#x\n".to_vec(),
                };
                // The queue of the store is bounded.
                match number % 1000 {
                    0 => drop(store.apply(entry).unwrap()),
                    _ => store.send(entry, |kept| assert!(kept.is_ok())).unwrap(),
                }
            }
        }
        store.close().unwrap();
        place
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn set(&self, settings: &str) {
        fs::write(self.0.path().join("chat.toml"), settings).unwrap();
    }

    fn serve(&self) -> Running {
        let program = Program::new(env!("CARGO_BIN_EXE_coax")).args(["chat", "serve", "-v"]);
        let program = program.args(["--listen", "127.0.0.1:0", "--config"]);
        let program = program.arg(self.0.path().join("chat.toml")).arg("--data").arg(self.data());
        let running = program.deadline(Duration::from_secs(120)).start();
        running.listening();
        running
    }

    /// The first words of what is left of a channel.
    fn left(&self, channel: &str) -> Vec<String> {
        let program = Program::new(env!("CARGO_BIN_EXE_coax")).args(["chat", "history", channel]);
        let log = program.args(["--since", "2000-01-01", "--data"]).arg(self.data()).run().out();
        log.lines().map(|line| line.split(' ').nth(3).unwrap().to_owned()).collect()
    }
}

#[test]
fn what_is_too_old_goes_at_the_start_and_exceptions_stay() {
    let place = Place::with(
        &[("#lobby", 10, 120), ("#lobby", 3, 2), ("#kept", 900, 3), ("#brief", 3, 4)],
        "old",
    );
    place.set("[history]\ndays = 7\nchannels = { \"#Kept\" = 0, \"#brief\" = 2 }");
    let server = place.serve();
    server.expect_err("forgot 124 entries");
    assert_eq!(place.left("lobby"), ["3", "3"]);
    assert_eq!(place.left("kept"), ["900", "900", "900"]);
    assert!(place.left("brief").is_empty());
}

#[test]
fn other_settings_are_followed_as_soon_as_they_are_read() {
    let place = Place::with(&[("#lobby", 10, 3), ("#lobby", 3, 2)], "old");
    place.set("");
    let server = place.serve();
    assert_eq!(place.left("lobby").len(), 5);
    place.set("[history]\ndays = 7");
    server.signal(Signal::HUP);
    server.expect_err("forgot 3 entries");
    assert_eq!(place.left("lobby").len(), 2);
    place.set("[history]\ndays = \"a week\"");
    server.signal(Signal::HUP);
    server.expect_err("history.days is a whole number, 0 or more, not \"a week\"");
    place.set("[history]\nchannels = { lobby = 1 }");
    server.signal(Signal::HUP);
    server.expect_err("history.channels is a table of \"#channel\" = days");
    assert_eq!(place.left("lobby").len(), 2);
}

#[test]
fn too_much_becomes_less_and_the_disk_has_its_room_back() {
    let text = "x".repeat(1000);
    let place = Place::with(&[("#kept", 9, 500), ("#lobby", 8, 6000), ("#new", 1, 500)], &text);
    let size = || fs::metadata(place.data().join("chat.db")).unwrap().len();
    assert!(size() > 7_000_000);
    place.set("[history]\nmegabytes = 3\nchannels = { \"#kept\" = 0 }");
    let server = place.serve();
    server.expect_err("forgot ");
    server.signal(Signal::TERM);
    assert!(server.ends_within(Duration::from_secs(20)));
    let (kept, lobby, new) = (place.left("kept"), place.left("lobby"), place.left("new"));
    assert_eq!((kept.len(), new.len()), (500, 500), "what is spared, and what is newest");
    assert!((500..3000).contains(&lobby.len()), "{} of #lobby are left", lobby.len());
    assert!(size() < 4_500_000, "{} bytes", size());
}

#[test]
fn people_talk_while_much_is_forgotten() {
    let place = Place::with(&[("#lobby", 10, 10_000)], "long ago");
    place.set("[history]\ndays = 7\n[limits]\nflood-burst = 0");
    let server = place.serve();
    let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut lines = BufReader::new(stream);
    lines.get_mut().write_all(b"NICK ada\r\nUSER u 0 * :r\r\nJOIN #lobby\r\n").unwrap();
    for word in 0..100 {
        // What was said is in the history when the answer comes, so the writer took it meanwhile.
        let say = format!("PRIVMSG #lobby :word {word}\r\nCHATHISTORY LATEST #lobby * 1\r\n");
        lines.get_mut().write_all(say.as_bytes()).unwrap();
        let mut line = String::new();
        while !line.ends_with(&format!(" :word {word}\r\n")) {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the end");
        }
    }
    server.expect_err("forgot 10000 entries");
    let left = place.left("lobby");
    assert_eq!((left.len(), &*left[0]), (100, "word"));
}
