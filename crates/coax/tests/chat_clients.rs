//! `coax chat serve`, with clients that nobody here wrote, and with callers who mean harm.
//!
//! One port for all: irssi, weechat, `nc`, `openssl`, a ten-line program, a browser on the page. What
//! is compared is what each of them shows.
//!
//! What IRC's commands do is tested where they stand, in the library.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]
#![allow(unreachable_pub, reason = "the parts are files of this test alone")]

#[path = "chat_clients/abuse.rs"]
mod abuse;
#[path = "chat_clients/behind_proxy.rs"]
mod behind_proxy;
#[path = "chat_clients/broken_line.rs"]
mod broken_line;
#[path = "chat_clients/careful.rs"]
mod careful;
#[path = "chat_clients/clients.rs"]
mod clients;
#[path = "chat_clients/history.rs"]
mod history;
#[path = "chat_clients/one_channel.rs"]
mod one_channel;
#[path = "chat_clients/page.rs"]
mod page;
#[path = "chat_clients/search.rs"]
mod search;
#[path = "chat_clients/talk.rs"]
mod talk;

use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::{Program, Running};

/// A browser starts slowly on a busy machine; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(150);

/// A server that keeps its things in `data`.
struct Server {
    running: Running,
    port: u16,
    /// What it was started with, but for the place.
    settings: Option<PathBuf>,
}

impl Server {
    fn start(data: &Path) -> Server {
        Server::at("127.0.0.1:0", data, None)
    }

    /// With a file of settings.
    fn with(settings: &Path, data: &Path) -> Server {
        Server::at("127.0.0.1:0", data, Some(settings.to_owned()))
    }

    fn at(place: &str, data: &Path, settings: Option<PathBuf>) -> Server {
        let mut program = Program::new(env!("CARGO_BIN_EXE_coax"))
            .args(["chat", "serve", "--listen", place, "--data"])
            .arg(data)
            .deadline(DEADLINE);
        if let Some(settings) = &settings {
            program = program.arg("--config").arg(settings);
        }
        let running = program.start();
        let port = running.port();
        Server { running, port, settings }
    }

    /// Kills it, as a power cut would, and starts it again at the same port.
    fn killed_and_started(self, data: &Path) -> Server {
        let Server { running, port, settings } = self;
        running.signal(rustix::process::Signal::KILL);
        running.wait();
        Server::at(&format!("127.0.0.1:{port}"), data, settings)
    }
}
