//! A disk, a server on it, and people who talk.
//!
//! Small disks are tmpfs in a mount namespace of the test's own thread, which the server inherits.
//!
//! Nothing here knows what is tested.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use rustix::process::Signal;
use tempfile::TempDir;
use testkit::{Program, Running};

/// A small disk that only this thread sees, and the servers it starts.
pub struct Disk {
    pub at: TempDir,
}

impl Disk {
    pub fn or_skip(size: &str) -> Option<Disk> {
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

    pub fn data(&self) -> PathBuf {
        self.at.path().join("data")
    }

    pub fn turn_read_only(&self) {
        let (none, flags) = (None::<&str>, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY);
        mount(none, self.at.path(), none, flags, none).unwrap();
    }

    /// Takes all the room there is. Less than a page of it stays.
    pub fn fill(&self) -> Ballast {
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

pub struct Ballast(PathBuf);

impl Ballast {
    pub fn go(self) {
        fs::remove_file(self.0).unwrap();
    }
}

/// A server whose settings lie elsewhere than its data.
pub struct Server {
    pub running: Running,
    pub _settings: TempDir,
}

const LIMITS: &str = "[limits]\nflood-burst = 0\n[operators]\nroot = \"secret\"\n";

/// The words to type, and where the settings lie meanwhile.
pub fn words(data: &Path, ack: &str) -> (Vec<OsString>, TempDir) {
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
pub fn refused(data: &Path, line: &str, hint: &str) {
    let (words, _place) = words(data, "memory");
    let outcome = Program::new(&words[0]).args(&words[1..]).run().fails(5, line);
    assert!(outcome.err().contains(&format!("hint: {hint}")), "{}", outcome.shown());
}

impl Server {
    pub fn start(data: &Path, ack: &str) -> Server {
        let (words, settings) = words(data, ack);
        let program = Program::new(&words[0]).args(&words[1..]);
        let running = program.deadline(Duration::from_secs(120)).start();
        running.listening();
        Server { running, _settings: settings }
    }

    /// Ends it in order; what it said on stderr.
    pub fn end(self) -> String {
        self.running.signal(Signal::TERM);
        self.running.wait().exits(143).speaks_plainly().err()
    }

    pub fn kill(self) {
        self.running.signal(Signal::KILL);
        self.running.wait().exits(137);
    }
}

/// Somebody in `#disk`.
pub struct Person {
    lines: BufReader<TcpStream>,
}

impl Person {
    pub fn join(server: &Server, nick: &str) -> Person {
        let stream = TcpStream::connect(("127.0.0.1", server.running.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut person = Person { lines: BufReader::new(stream) };
        let caps = "CAP REQ :echo-message batch draft/chathistory\r\nCAP END";
        person.say(&format!("NICK {nick}\r\nUSER u 0 * :r\r\n{caps}\r\nJOIN #disk"));
        person.hear(" 366 ");
        person
    }

    pub fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    /// Reads on until a line has one of these in it.
    pub fn hear_any(&mut self, parts: &[&str]) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the end, before {parts:?}");
            if parts.iter().any(|part| line.contains(part)) {
                return line.trim_end().to_owned();
            }
        }
    }

    pub fn hear(&mut self, part: &str) -> String {
        self.hear_any(&[part])
    }

    /// Says it; whether it was kept.
    pub fn says_kept(&mut self, number: usize) -> bool {
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
    pub fn history(&mut self) -> Vec<usize> {
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
pub fn text(number: usize) -> String {
    format!("{number} {}", format!("word{number} ").repeat(40))
}

/// A folder with some talk in it, whose server ended in order.
pub fn talked(data: &Path, messages: usize) -> PathBuf {
    let server = Server::start(data, "disk");
    let mut ada = Person::join(&server, "ada");
    for number in 0..messages {
        assert!(ada.says_kept(number));
    }
    server.end();
    data.join("chat.db")
}
