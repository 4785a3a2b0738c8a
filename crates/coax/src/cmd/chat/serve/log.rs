//! The log: told by the server's thread, written by one of its own.
//!
//! Whoever reads the log may stop reading, and a chat must not stand still for that. So lines wait in
//! a queue that is bounded; what finds no room is lost, and how much is said.
//!
//! Nothing here knows what is told.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use coax_chat::serve::Told;
use coax_net::cause_in_words;
use rustix::stdio::{dup2_stderr, dup2_stdout};

use super::events::{ChatTrouble, tell};
use crate::failure::{Exit, Failure};
use crate::out::Out;

/// Lines that may wait: some megabytes.
const WAITING: usize = 8192;

/// How long the last lines may take to be read.
const LAST_LINES: Duration = Duration::from_secs(2);

/// The way to the log.
#[derive(Clone)]
pub(super) struct Log {
    queue: SyncSender<Told>,
    lost: Arc<AtomicU64>,
}

/// The log itself.
pub(super) struct Writer(Receiver<()>);

impl Log {
    /// Begins a log; `file` is what the settings are called.
    pub(super) fn begin(file: String, out: Out) -> Result<(Log, Writer), Failure> {
        let (queue, told) = sync_channel(WAITING);
        let (done, ended) = sync_channel::<()>(1);
        let log = Log { queue, lost: Arc::default() };
        let lost = log.lost.clone();
        let write = move || {
            for told in told {
                tell(told, &file, &out);
                let lost = lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let message = format!("events that found no room in the log: {lost}");
                    let _ = out.report(&ChatTrouble { message });
                }
            }
            drop(done);
        };
        // A server of which nothing is told would not be trusted by anybody.
        Builder::new().name("coax-log".to_owned()).spawn(write).map_err(|error| {
            let why = coax_net::no_thread(&error);
            Failure::new(Exit::Machine, format!("cannot write the log: {why}"))
        })?;
        Ok((log, Writer(ended)))
    }

    pub(super) fn tell(&self, told: Told) {
        if self.queue.try_send(told).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The file of a log, which takes the place of stderr, or with `--json` of stdout.
pub(super) struct LogFile(Option<PathBuf>);

impl LogFile {
    /// A file that can be written; none, and all stays where it is.
    pub(super) fn open(path: Option<&Path>, out: &Out) -> Result<LogFile, Failure> {
        let path = path.map(std::path::absolute).transpose();
        let file = LogFile(path.map_err(|error| unusable(Path::new("--log"), &error))?);
        file.opened(out, |_, _| Ok(())).map(|()| file)
    }

    /// From now on all is written there.
    pub(super) fn take_over(&self, out: &Out) -> Result<(), Failure> {
        self.opened(out, |file, out| {
            let result = if out.is_json() { dup2_stdout(file) } else { dup2_stderr(file) };
            result.map_err(io::Error::from)
        })
    }

    /// The file may have been moved away: a new one is begun. If that fails the old one goes on.
    pub(super) fn open_again(&self, out: &Out) {
        if let Err(failure) = self.take_over(out) {
            out.failure(&failure);
        }
    }

    fn opened(
        &self,
        out: &Out,
        then: impl Fn(&File, &Out) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let Some(path) = &self.0 else { return Ok(()) };
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o640);
        let file = options.open(path).and_then(|file| then(&file, out));
        file.map_err(|error| unusable(path, &error))
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    let cause = cause_in_words(error);
    Failure::new(Exit::Machine, format!("cannot write the log to {}: {cause}", path.display()))
}

impl Writer {
    /// Waits until all is written. Every [`Log`] must be gone.
    pub(super) fn end(self) {
        let _ = self.0.recv_timeout(LAST_LINES);
    }
}
