//! `coax chat serve` under attack: strangers who do not read, do not finish, do not stop, or lie.
//!
//! The attackers are Python and raw sockets. Each test bounds what the server's process holds, and
//! somebody harmless talks the whole time and must go on to be heard.
//!
//! What a client that means well sees is tested in `chat_serve` and `chat_clients`.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]
#![allow(unreachable_pub, reason = "the parts are files of this test alone")]

#[path = "chat_abuse/attack.rs"]
mod attack;
#[path = "chat_abuse/bystander.rs"]
mod bystander;
#[path = "chat_abuse/crowds.rs"]
mod crowds;
#[path = "chat_abuse/floods.rs"]
mod floods;
#[path = "chat_abuse/frames.rs"]
mod frames;
#[path = "chat_abuse/half_done.rs"]
mod half_done;
#[path = "chat_abuse/pages.rs"]
mod pages;
#[path = "chat_abuse/requests.rs"]
mod requests;
#[path = "chat_abuse/slow_readers.rs"]
mod slow_readers;
#[path = "chat_abuse/words.rs"]
mod words;

use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Program, Running, peer_or_skip};

/// Everybody here is slowed by everybody else's tests; none of them waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(100);

/// A server that is attacked.
struct Server {
    running: Running,
    port: u16,
    _place: TempDir,
}

impl Server {
    fn start(settings: &str) -> Server {
        Server::of(Program::new(env!("CARGO_BIN_EXE_coax")), settings)
    }

    /// With no more than so many descriptors.
    fn with_descriptors(most: usize, settings: &str) -> Option<Server> {
        let limit = format!("--nofile={most}:{most}");
        let program = Program::new(peer_or_skip("prlimit")?).arg(limit);
        Some(Server::of(program.arg(env!("CARGO_BIN_EXE_coax")), settings))
    }

    fn of(program: Program, settings: &str) -> Server {
        let place = TempDir::new().unwrap();
        let file = place.path().join("chat.toml");
        fs::write(&file, settings).unwrap();
        let running = program
            .args(["chat", "serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(file)
            .arg("--data")
            .arg(place.path().join("data"))
            .deadline(DEADLINE)
            .start();
        let port = running.port();
        Server { running, port, _place: place }
    }

    /// A number from the status of its process: `VmRSS` and `VmHWM` in KiB, `Threads`.
    fn status(&self, key: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.running.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }

    fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.running.pid())).unwrap().count()
    }

    /// What it holds now, to be compared with the most that it ever held.
    fn memory(&self) -> Memory<'_> {
        Memory { server: self, before: self.status("VmRSS") }
    }
}

/// What the server held before an attack.
struct Memory<'a> {
    server: &'a Server,
    before: usize,
}

impl Memory<'_> {
    /// The attack never made it hold so many KiB more.
    #[track_caller]
    fn grew_less_than(&self, most: usize) {
        let grew = self.server.status("VmHWM").saturating_sub(self.before);
        assert!(grew < most, "the attack took {grew} KiB of {most}");
        assert!(self.server.running.is_running());
    }
}
