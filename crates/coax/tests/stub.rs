//! `coax stub`: foreign clients get the replies that a table or rules say, however it is written.
//!
//! Clients are Python scripts as people write them, OpenBSD nc, ncat, and plain sockets of the test.
//!
//! What the rules themselves mean is tested where they are read.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

#[path = "stub/ends.rs"]
mod ends;
#[path = "stub/mistakes.rs"]
mod mistakes;
#[path = "stub/recorded.rs"]
mod recorded;
#[path = "stub/reloaded.rs"]
mod reloaded;
#[path = "stub/said.rs"]
mod said;
#[path = "stub/tables.rs"]
mod tables;
#[path = "stub/watched.rs"]
mod watched;

use std::fs;
use std::path::PathBuf;

use testkit::{Program, Running, Wire, Wires};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// A directory with one file of rules.
struct Rules {
    place: tempfile::TempDir,
    path: PathBuf,
}

impl Rules {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Rules {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(name);
        fs::write(&path, text).unwrap();
        Rules { place, path }
    }

    /// The file as it will be: there is no moment at which half of it is there.
    fn becomes(&self, text: &str) {
        let new = self.place.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.path).unwrap();
    }

    fn file(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    /// A stub that serves it at `endpoint`.
    fn serve(&self, endpoint: &str, args: &[&str]) -> Running {
        coax(&["stub"]).arg(&self.path).arg(endpoint).args(args).start()
    }

    /// A stub on a TCP port of its own, and somebody connected to it.
    fn connected(&self, args: &[&str]) -> (Running, Wire) {
        let stub = self.serve("127.0.0.1:0", args);
        let wire = Wires::Tcp.connect(&stub.listening());
        (stub, wire)
    }
}

/// Sends `request` and hears `reply`.
#[track_caller]
fn gets(wire: &mut Wire, request: impl AsRef<[u8]>, reply: &str) {
    wire.say(request);
    let heard = wire.hear(reply.len());
    assert_eq!(String::from_utf8_lossy(&heard), reply);
}
