//! The programs that are measured: how each listens and connects.
//!
//! A contender is data. Each gets the same files and pipes and a port that was free a moment ago;
//! nobody connects before it said that it listens.
//!
//! Nothing here knows what is measured.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::coax;

/// A program, and its words.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    pub(super) listen: &'static str,
    /// What it says on stderr once it listens.
    pub(super) ready: &'static str,
    pub(super) connect: &'static str,
}

pub(super) const COAX: Contender = Contender {
    name: "coax",
    program: "coax",
    listen: "listen 127.0.0.1:PORT",
    ready: "listening on",
    connect: "connect 127.0.0.1:PORT",
};

pub(super) const NC: Contender = Contender {
    name: "nc",
    program: "nc.openbsd",
    listen: "-dlvn 127.0.0.1 PORT",
    ready: "Listening on",
    connect: "-nN 127.0.0.1 PORT",
};

pub(super) const NCAT: Contender = Contender {
    name: "ncat",
    program: "ncat",
    listen: "-lvn --recv-only 127.0.0.1 PORT",
    ready: "Listening on",
    connect: "-n --send-only 127.0.0.1 PORT",
};

pub(super) const SOCAT: Contender = Contender {
    name: "socat -b1048576",
    program: "socat",
    listen: "-d -d -u -b1048576 TCP-LISTEN:PORT,bind=127.0.0.1 STDOUT",
    ready: "listening on",
    connect: "-u -b1048576 STDIN TCP:127.0.0.1:PORT",
};

impl Contender {
    /// Starts the listening side and returns when it listens.
    pub(super) fn listen(&self, port: u16, stdout: Stdio) -> Result<Child, String> {
        let mut command = self.command(self.listen, port);
        command.stdin(Stdio::null()).stdout(stdout);
        started(command, self.ready)
    }

    /// Starts the calling side.
    pub(super) fn connect(&self, port: u16, stdin: Stdio) -> Result<Child, String> {
        let mut command = self.command(self.connect, port);
        command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::inherit());
        command.spawn().map_err(|error| format!("{}: {error}", self.program))
    }

    fn command(&self, words: &str, port: u16) -> Command {
        let mut command = match self.program {
            "coax" => Command::new(coax()),
            program => Command::new(program),
        };
        command.args(words.replace("PORT", &port.to_string()).split(' '));
        command
    }
}

/// Starts `command` and waits until a line of its stderr contains `ready`.
pub(super) fn started(mut command: Command, ready: &str) -> Result<Child, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("{name}: {error}"))?;
    let stderr = child.stderr.take().ok_or("stderr is piped")?;
    let mut lines = BufReader::new(stderr).lines();
    let said = lines.by_ref().map_while(Result::ok).find(|line| line.contains(ready));
    // Nobody may stand still because its talk is not read.
    thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    match said {
        Some(_) => Ok(child),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            Err(format!("{name}: ended before it listened"))
        }
    }
}

/// A port of 127.0.0.1 that nobody used a moment ago.
pub(super) fn unused_port() -> Result<u16, String> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}
