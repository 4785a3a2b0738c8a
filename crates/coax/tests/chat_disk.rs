//! `coax chat serve` on disks that are full, read-only or damaged: who has to know is told, and the
//! talk goes on.
//!
//! Small disks are tmpfs in a mount namespace of the test's own thread, which the server inherits.
//! Foreign files are made by Python's SQLite.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use rustix::process::Signal;
use tempfile::TempDir;
use testkit::{Program, Running, peer_or_skip, python};

/// A small disk that only this thread sees, and the servers it starts.
struct Disk {
    at: TempDir,
}

impl Disk {
    fn or_skip(size: &str) -> Option<Disk> {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNS) {
            let test = std::env::args().next().unwrap_or_default();
            testkit::skip(&format!("a disk of one's own needs root ({error}): sudo {test}"));
            return None;
        }
        let (none, flags) = (None::<&str>, MsFlags::empty());
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        let at = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        mount(Some("coax"), at.path(), Some("tmpfs"), flags, Some(&*options)).unwrap();
        Some(Disk { at })
    }

    fn data(&self) -> PathBuf {
        self.at.path().join("data")
    }

    fn turn_read_only(&self) {
        let (none, flags) = (None::<&str>, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY);
        mount(none, self.at.path(), none, flags, none).unwrap();
    }

    /// Takes all the room there is. Less than a page of it stays.
    fn fill(&self) -> Ballast {
        let path = self.at.path().join("ballast");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        Ballast(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = umount2(self.at.path(), MntFlags::MNT_DETACH);
    }
}

struct Ballast(PathBuf);

impl Ballast {
    fn go(self) {
        fs::remove_file(self.0).unwrap();
    }
}

/// A server whose settings lie elsewhere than its data.
struct Server {
    running: Running,
    _settings: TempDir,
}

const LIMITS: &str = "[limits]\nflood-burst = 0\n[operators]\nroot = \"secret\"\n";

/// The words to type, and where the settings lie meanwhile.
fn words(data: &Path, ack: &str) -> (Vec<OsString>, TempDir) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("chat.toml");
    let history = format!("[history]\nack = \"{ack}\"\npage = 10000\n");
    fs::write(&file, format!("{LIMITS}{history}")).unwrap();
    let words =
        [env!("CARGO_BIN_EXE_coax"), "chat", "serve", "--listen", "127.0.0.1:0", "--config"];
    let mut words = words.map(OsString::from).to_vec();
    words.extend([file.into(), "--data".into(), data.into()]);
    (words, place)
}

/// A start that is refused, with the machine's code, this line and this hint.
fn refused(data: &Path, line: &str, hint: &str) {
    let (words, _place) = words(data, "memory");
    let outcome = Program::new(&words[0]).args(&words[1..]).run().fails(5, line);
    assert!(outcome.err().contains(&format!("hint: {hint}")), "{}", outcome.shown());
}

impl Server {
    fn start(data: &Path, ack: &str) -> Server {
        let (words, settings) = words(data, ack);
        let running = Program::new(&words[0]).args(&words[1..]).start();
        running.listening();
        Server { running, _settings: settings }
    }

    /// Ends it in order; what it said on stderr.
    fn end(self) -> String {
        self.running.signal(Signal::TERM);
        self.running.wait().exits(143).speaks_plainly().err()
    }

    fn kill(self) {
        self.running.signal(Signal::KILL);
        self.running.wait().exits(137);
    }
}

/// Somebody in `#disk`.
struct Person {
    lines: BufReader<TcpStream>,
}

impl Person {
    fn join(server: &Server, nick: &str) -> Person {
        let stream = TcpStream::connect(("127.0.0.1", server.running.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut person = Person { lines: BufReader::new(stream) };
        let caps = "CAP REQ :echo-message batch draft/chathistory\r\nCAP END";
        person.say(&format!("NICK {nick}\r\nUSER u 0 * :r\r\n{caps}\r\nJOIN #disk"));
        person.hear(" 366 ");
        person
    }

    fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    /// Reads on until a line has one of these in it.
    fn hear_any(&mut self, parts: &[&str]) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the end, before {parts:?}");
            if parts.iter().any(|part| line.contains(part)) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn hear(&mut self, part: &str) -> String {
        self.hear_any(&[part])
    }

    /// Says it; whether it was kept.
    fn says_kept(&mut self, number: usize) -> bool {
        self.say(&format!("PRIVMSG #disk :{}", text(number)));
        let heard = self.hear_any(&[" PRIVMSG #disk ", "FAIL"]);
        let failed = heard.contains("FAIL");
        if failed {
            let told = "FAIL PRIVMSG NOT_STORED :It was said, and could not be kept";
            assert!(heard.ends_with(told), "{heard}");
        }
        !failed
    }

    /// The numbers of all the texts that the history has.
    fn history(&mut self) -> Vec<usize> {
        self.say("CHATHISTORY LATEST #disk * 10000\r\nPING done");
        let mut numbers = Vec::new();
        loop {
            let line = self.hear_any(&[" PRIVMSG #disk ", "done"]);
            let Some((_, text)) = line.split_once(" PRIVMSG #disk :") else { return numbers };
            numbers.push(text.split(' ').next().unwrap().parse().unwrap());
        }
    }
}

/// A long text that begins with its number.
fn text(number: usize) -> String {
    format!("{number} {}", format!("word{number} ").repeat(40))
}

const NOT_KEPT: &str = "what is said is passed on but not kept: cannot write to ";
const AGAIN: &str = "what is said is kept again; lost for the history: ";
const SPACE: &str = "free some space; writing goes on by itself as soon as there is some";

#[test]
fn on_a_full_disk_each_sender_is_told_and_the_talk_goes_on() {
    let Some(disk) = Disk::or_skip("6m") else { return };
    let server = Server::start(&disk.data(), "disk");
    let (mut ada, mut bob) = (Person::join(&server, "ada"), Person::join(&server, "bob"));
    let mut kept = (0..5).filter(|number| ada.says_kept(*number)).collect::<Vec<_>>();
    assert_eq!(kept, [0, 1, 2, 3, 4]);
    let ballast = disk.fill();
    // The log may have some room left in what it has already.
    let (more, less): (Vec<_>, Vec<_>) = (5..2000).partition(|number| ada.says_kept(*number));
    assert!(less.len() > 1000, "the disk is not full: {} were kept", more.len());
    kept.extend(more);
    let told = server.running.expect_part(NOT_KEPT);
    assert!(told.ends_with("data/chat.db: the disk is full"), "{told}");
    server.running.expect_err(&format!("hint: {SPACE}"));
    bob.hear(" PRIVMSG #disk :1999 ");
    // Somebody who has not asked for echoes is told as well.
    bob.say("CAP REQ :-echo-message");
    bob.hear(" ACK ");
    bob.say(&format!("PRIVMSG #disk :{}", text(2000)));
    bob.hear("FAIL PRIVMSG NOT_STORED");
    ballast.go();
    assert!(ada.says_kept(2001), "there is room again");
    bob.hear(" PRIVMSG #disk :2001 ");
    kept.push(2001);
    let lost = server.running.expect_part(AGAIN);
    assert_eq!(lost, (less.len() + 1).to_string());
    assert_eq!(bob.history(), kept);
    let said = server.end();
    assert_eq!(said.matches(NOT_KEPT).count(), 1, "{said}");
    let server = Server::start(&disk.data(), "disk");
    assert_eq!(Person::join(&server, "eve").history(), kept);
}

#[test]
fn on_a_full_disk_the_operator_is_told_once_when_nobody_waits_for_the_disk() {
    let Some(disk) = Disk::or_skip("6m") else { return };
    let server = Server::start(&disk.data(), "memory");
    let (mut ada, mut root) = (Person::join(&server, "ada"), Person::join(&server, "root"));
    root.say("OPER root secret");
    root.hear(" 381 ");
    let ballast = disk.fill();
    for number in 0..5000 {
        assert!(ada.says_kept(number), "an echo is no promise here");
    }
    server.running.expect_part(NOT_KEPT);
    root.hear("NOTICE root :what is said is passed on but not kept: cannot write to ");
    ballast.go();
    ada.says_kept(5000);
    let lost = server.running.expect_part(AGAIN).parse::<usize>().unwrap();
    root.hear(&format!("NOTICE root :{AGAIN}{lost}"));
    let history = ada.history();
    assert_eq!(history.last(), Some(&5000));
    assert_eq!(history.len() + lost, 5001, "what was not kept was counted");
    let said = server.end();
    assert_eq!(said.matches(NOT_KEPT).count(), 1, "{said}");
    assert_eq!(said.matches(AGAIN).count(), 1, "{said}");
}

#[test]
fn what_was_lost_to_the_end_is_told_at_the_end() {
    let Some(disk) = Disk::or_skip("6m") else { return };
    let server = Server::start(&disk.data(), "disk");
    let mut ada = Person::join(&server, "ada");
    let _ballast = disk.fill();
    let kept = (0..1000).filter(|number| ada.says_kept(*number)).collect::<Vec<_>>();
    let said = server.end();
    let (_, lost) = said.split_once("lost for the history, since the trouble began: ").unwrap();
    // That she left could not be kept either.
    let lost = lost.lines().next().unwrap().parse::<usize>().unwrap();
    assert!((1000 - kept.len()..1010 - kept.len()).contains(&lost), "{lost} and {}", kept.len());
}

#[test]
fn on_a_disk_with_no_room_at_all_the_server_does_not_start() {
    let Some(disk) = Disk::or_skip("64k") else { return };
    let ballast = disk.fill();
    refused(&disk.data(), "the disk is full", SPACE);
    ballast.go();
    mount(None::<&str>, disk.at.path(), None::<&str>, MsFlags::MS_REMOUNT, Some("size=8m"))
        .unwrap();
    Server::start(&disk.data(), "disk").end();
}

#[test]
fn a_read_only_disk_or_folder_is_refused_with_its_name() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let line = format!("cannot write to {}/lock: permission denied", folder.display());
    let (words, _settings) = words(&folder, "memory");
    // Root may write anywhere, but for the one privilege that says so.
    let Some(setpriv) = peer_or_skip("setpriv") else { return };
    let drop = ["--bounding-set", "-dac_override", "--inh-caps", "-dac_override"];
    let outcome = match fs::write(folder.join("probe"), "") {
        Ok(()) => Program::new(setpriv).args(drop).args(words).run(),
        Err(_) => Program::new(&words[0]).args(&words[1..]).run(),
    };
    let outcome = outcome.fails(5, &line);
    assert!(
        outcome.err().contains("hint: choose another folder: --data DIR"),
        "{}",
        outcome.shown()
    );
    let Some(disk) = Disk::or_skip("6m") else { return };
    Server::start(&disk.data(), "disk").end();
    disk.turn_read_only();
    let line = format!("cannot write to {}/lock: the disk is read-only", disk.data().display());
    refused(&disk.data(), &line, "choose another folder: --data DIR");
}

/// A folder with some talk in it, whose server ended in order.
fn talked(data: &Path, messages: usize) -> PathBuf {
    let server = Server::start(data, "disk");
    let mut ada = Person::join(&server, "ada");
    for number in 0..messages {
        assert!(ada.says_kept(number));
    }
    server.end();
    data.join("chat.db")
}

#[test]
fn a_file_with_a_damaged_beginning_or_end_is_refused_and_left_alone() {
    type Damage = fn(&fs::File);
    let damages: [(Damage, &str); 4] = [
        (|file| file.write_all_at(b"???", 0).unwrap(), "its beginning is not that of a database"),
        (|file| file.write_all_at(&[0x5a; 200], 100).unwrap(), "its pages contradict"),
        (
            |file| file.set_len(file.metadata().unwrap().len() / 2).unwrap(),
            "it is shorter than it says",
        ),
        (|file| file.set_len(50).unwrap(), "it ends within its header"),
    ];
    let place = tempfile::tempdir().unwrap();
    let file = talked(&place.path().join("data"), 50);
    let whole = fs::read(&file).unwrap();
    for (damage, what) in damages {
        fs::write(&file, &whole).unwrap();
        damage(&OpenOptions::new().write(true).open(&file).unwrap());
        let damaged = fs::read(&file).unwrap();
        let line = format!("{} is damaged: {what}", file.display());
        refused(file.parent().unwrap(), &line, "move the file away together with its -wal");
        assert!(fs::read(&file).unwrap() == damaged, "a damaged file was written to");
    }
    fs::write(&file, &whole).unwrap();
    let server = Server::start(file.parent().unwrap(), "disk");
    assert_eq!(Person::join(&server, "eve").history().len(), 50);
}

/// Flips bytes in every third page of the second half.
fn scribble(file: &Path) {
    let out = OpenOptions::new().write(true).open(file).unwrap();
    let pages = out.metadata().unwrap().len() / 4096;
    for page in (pages / 2..pages).step_by(3) {
        for place in [0, 3, 9, 100, 2000] {
            out.write_all_at(&[0xa5; 7], page * 4096 + place).unwrap();
        }
    }
}

#[test]
fn damage_within_is_found_while_the_talk_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    scribble(&talked(&data, 300));
    let server = Server::start(&data, "memory");
    let told = server.running.expect_part("the history cannot be read: ");
    assert!(told.contains("chat.db is damaged: ") && !told.contains("***"), "{told}");
    server.running.expect_err("hint: move the file away together with its -wal");
    let (mut ada, mut bob) = (Person::join(&server, "ada"), Person::join(&server, "bob"));
    ada.say("CHATHISTORY LATEST #disk * 10000\r\nPRIVMSG #disk :after all");
    bob.hear(" PRIVMSG #disk :after all");
    assert!(server.running.is_running());
    let said = server.end();
    assert_eq!(said.matches("the history cannot be read: ").count(), 1, "{said}");
}

#[test]
fn a_flipped_byte_anywhere_is_refused_in_one_line_or_ends_nothing() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let file = talked(&data, 200);
    let whole = fs::read(&file).unwrap();
    let header = [16, 18, 20, 24, 28, 44, 52, 56, 68, 100, 103, 105, 107];
    let pages = (1..16).map(|part| whole.len() / 4096 * part / 16 * 4096 + part * 37 % 13);
    for at in header.into_iter().chain(pages) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&file, &damaged).unwrap();
        let (words, _settings) = words(&data, "disk");
        let server = Program::new(&words[0]).args(&words[1..]).start();
        if !server.listens() {
            let outcome = server.wait().fails(5, "chat.db");
            assert!(outcome.err().contains("hint: "), "byte {at}: {}", outcome.shown());
            continue;
        }
        let server = Server { running: server, _settings };
        let (mut ada, mut bob) = (Person::join(&server, "ada"), Person::join(&server, "bob"));
        ada.say("CHATHISTORY LATEST #disk * 10000\r\nPRIVMSG #disk :after all");
        bob.hear(" PRIVMSG #disk :after all");
        ada.hear_any(&[" PRIVMSG #disk :after all", "FAIL PRIVMSG NOT_STORED"]);
        server.end();
    }
}

#[test]
fn damage_is_looked_for_before_the_start_after_a_kill() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let file = talked(&data, 300);
    let server = Server::start(&data, "disk");
    assert!(Person::join(&server, "ada").says_kept(300));
    server.kill();
    scribble(&file);
    let line = format!("{} is damaged: ", file.display());
    refused(&data, &line, "move the file away together with its -wal");
}

#[test]
fn a_newer_file_and_one_of_another_program_are_refused() {
    const CHANGE: &str = "
import sqlite3
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])
";
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let file = talked(&data, 1).display().to_string();
    let Some(peer) = python(CHANGE, [&file, "PRAGMA user_version = 99"]) else { return };
    peer.wait().exits(0);
    let line = format!("{file} was written by a newer version (schema 99, this one knows 1)");
    refused(&data, &line, "run the newer version, or put the copy made before");
    let data = place.path().join("bookmarks");
    fs::create_dir(&data).unwrap();
    let file = data.join("chat.db").display().to_string();
    let Some(peer) = python(CHANGE, [&*file, "CREATE TABLE bookmarks (url)"]) else { return };
    peer.wait().exits(0);
    let line = format!("{file} is a database of another program");
    refused(&data, &line, "choose another folder: --data DIR");
}

#[test]
fn a_second_server_in_the_same_folder_is_refused_and_the_first_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(place.path(), "disk");
    let mut ada = Person::join(&server, "ada");
    let line = format!(
        "{} is used by another server (process {})",
        place.path().display(),
        server.running.pid()
    );
    refused(place.path(), &line, "stop the other server, or choose another folder: --data DIR");
    assert!(ada.says_kept(0));
    server.end();
}
