//! `coax chat serve` with `history.ack = "disk"`, killed under load: what a sender read back is kept.
//!
//! Over one data folder, again and again: people talk into a channel as fast as the server takes it,
//! the server gets SIGKILL, the next one is asked for the history. Each echo is in there, once, in
//! order, and so is the rest, in the order in which a listener heard it. At the end other programs look
//! at the file.
//!
//! 25 times here. `COAX_KILLS=200 cargo test -p coax --test chat_kill` takes some minutes.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use testkit::{Program, Running, python};

const SENDERS: usize = 3;
const SETTINGS: &str = "
[limits]
flood-burst = 0
sendq = 16777216
[history]
ack = \"disk\"
page = 2000
";

/// What was said: in which round, by whom, the how many'th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    round: usize,
    sender: usize,
    number: usize,
}

impl Said {
    fn read(text: &str) -> Option<Said> {
        let mut numbers = text.strip_prefix("said ")?.split(' ').map(str::parse::<usize>);
        let mut next = || numbers.next()?.ok();
        Some(Said { round: next()?, sender: next()?, number: next()? })
    }
}

#[test]
fn what_was_echoed_survives_every_kill_once_and_in_order() {
    let kills = std::env::var("COAX_KILLS").map_or(25, |text| text.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("chat.toml"), SETTINGS).unwrap();
    let mut all = Vec::new();
    for round in 0..kills {
        let server = start(&place);
        let heard = talk_until_killed(&server, round, (round * 7919) % 400);
        drop(server);
        let server = start(&place);
        let stored = history(&server, round);
        check(round, &heard, &stored);
        all.extend(stored);
        // The one that answered is killed as well, with nothing to do.
        server.signal(Signal::KILL);
    }
    assert!(all.len() > kills * 100, "hardly anything was said: {}", all.len());
    eprintln!("{kills} kills under load, {} messages kept", all.len());
    look_at_the_file(&place, &all);
}

fn start(place: &tempfile::TempDir) -> Running {
    let running = Program::new(env!("CARGO_BIN_EXE_coax"))
        .args(["chat", "serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(place.path().join("chat.toml"))
        .arg("--data")
        .arg(place.path().join("data"))
        // A machine that has much to do is no failure.
        .deadline(Duration::from_secs(120))
        .start();
    running.listening();
    running
}

/// What was heard by whom; the last is the listener, who only hears.
type Heard = BTreeMap<usize, Vec<Said>>;

/// Kills the server after so many echoes. What comes out of the sockets after that counts as well.
fn talk_until_killed(server: &Running, round: usize, echoes: usize) -> Heard {
    let (tell, told) = channel();
    let mut streams = Vec::new();
    for person in 0..=SENDERS {
        let reader = join(server, &format!("p{person}"));
        streams.push(reader.get_ref().try_clone().unwrap());
        listen(person, reader, tell.clone());
    }
    drop(tell);
    for (sender, mut stream) in streams.into_iter().take(SENDERS).enumerate() {
        // Until the server is gone.
        thread::spawn(move || {
            let line = |number| format!("PRIVMSG #kill :said {round} {sender} {number}\r\n");
            (0..).try_for_each(|number| stream.write_all(line(number).as_bytes()))
        });
    }
    let mut heard = Heard::new();
    let mut count = 0;
    while count < echoes {
        let (person, said) = told.recv_timeout(Duration::from_secs(60)).expect("an echo");
        count += usize::from(person == said.sender);
        heard.entry(person).or_default().push(said);
    }
    server.signal(Signal::KILL);
    collect(&told, &mut heard);
    heard
}

fn collect(told: &Receiver<(usize, Said)>, heard: &mut Heard) {
    for (person, said) in told {
        heard.entry(person).or_default().push(said);
    }
}

fn listen(person: usize, reader: BufReader<TcpStream>, tell: Sender<(usize, Said)>) {
    thread::spawn(move || {
        // A line the server did not finish was not said.
        let lines = reader.split(b'\n').map_while(Result::ok).filter(|line| line.ends_with(b"\r"));
        for line in lines {
            let line = String::from_utf8(line).unwrap();
            let text = line.trim_end().split_once(" PRIVMSG #kill :").map(|(_, text)| text);
            text.and_then(Said::read)
                .into_iter()
                .for_each(|said| tell.send((person, said)).unwrap());
        }
    });
}

/// Somebody in the channel, who reads their own messages back and may ask for the history.
fn join(server: &Running, nick: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let caps = "CAP REQ :echo-message batch draft/chathistory\r\nCAP END";
    let hello = format!("NICK {nick}\r\nUSER u 0 * :r\r\n{caps}\r\nJOIN #kill\r\n");
    stream.write_all(hello.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    until(&mut reader, " 366 ");
    reader
}

/// The lines before the one with `part` in it.
fn until(reader: &mut BufReader<TcpStream>, part: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the end, before {part:?}: {lines:?}");
        if line.contains(part) {
            return lines;
        }
        lines.push(line.trim_end().to_owned());
    }
}

/// What the history has of a round.
fn history(server: &Running, round: usize) -> Vec<Said> {
    let mut reader = join(server, "reader");
    reader.get_mut().write_all(b"CHATHISTORY LATEST #kill * 2000\r\nPING done\r\n").unwrap();
    let lines = until(&mut reader, "done");
    let texts = lines.iter().filter_map(|line| Some(line.split_once(" PRIVMSG #kill :")?.1));
    texts.filter_map(Said::read).filter(|said| said.round == round).collect()
}

fn check(round: usize, heard: &Heard, stored: &[Said]) {
    for sender in 0..SENDERS {
        let by = |said: &&Said| said.sender == sender;
        let kept = stored.iter().filter(by).map(|said| said.number).collect::<Vec<_>>();
        assert!(kept.iter().copied().eq(0..kept.len()), "round {round}, {sender}: {kept:?}");
        let echoed = heard.get(&sender).into_iter().flatten().filter(by).map(|said| said.number);
        let echoed = echoed.collect::<Vec<_>>();
        assert!(echoed.iter().copied().eq(0..echoed.len()), "round {round}, {sender}: {echoed:?}");
        let (kept, echoed) = (kept.len(), echoed.len());
        assert!(kept >= echoed, "round {round}, {sender}: {echoed} echoes, {kept} in the history");
    }
    // Others hear it before it is on disk, so neither has to have all of the other.
    let listener = heard.get(&SENDERS).map(Vec::as_slice).unwrap_or_default();
    let both = |one: &[Said], other: &[Said]| {
        let mut known = other.to_vec();
        known.sort_unstable();
        let common = one.iter().filter(|said| known.binary_search(said).is_ok());
        common.copied().collect::<Vec<_>>()
    };
    assert_eq!(both(stored, listener), both(listener, stored), "round {round}: another order");
}

/// By Python's SQLite: all that was read from the server, nothing more, and every page as it should.
fn look_at_the_file(place: &tempfile::TempDir, all: &[Said]) {
    const LOOK: &str = "
import sqlite3
db = sqlite3.connect(sys.argv[1])
say(*db.execute('PRAGMA integrity_check').fetchone())
db.execute(\"INSERT INTO search (search, rank) VALUES ('integrity-check', 1)\")
for row in db.execute('SELECT text FROM message WHERE kind = 0 ORDER BY id'):
    say(*row)
";
    let file = place.path().join("data/chat.db");
    let Some(peer) = python(LOOK, [file]) else { return };
    let outcome = peer.wait().exits(0);
    let out = outcome.out();
    let (first, texts) = out.split_once('\n').unwrap();
    assert_eq!(first, "ok");
    let kept = texts.lines().map(|text| Said::read(text).unwrap()).collect::<Vec<_>>();
    assert!(kept == all, "the file has {} messages, the server told {}", kept.len(), all.len());
}
