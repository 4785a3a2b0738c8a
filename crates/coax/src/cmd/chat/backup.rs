//! `coax chat backup`: a copy of everything, while the server goes on writing.
//!
//! The copy is what the chat was at one moment. It has its name only once it is whole and on disk;
//! what a signal interrupts leaves nothing behind.
//!
//! Nothing here decides when a copy is due.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use coax_net::cause_in_words;
use coax_store::{StoreError, StoreErrorKind};
use schemars::JsonSchema;
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::folder::{Folder, stored};
use crate::cli::EXIT_STATUS;
use crate::duration;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report};
use crate::session::is_terminal;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat backup monday.db                a copy, while the server runs
    coax chat backup /mnt/monday.db -d /srv/chat
    coax chat backup - | gzip > monday.db.gz  to stdout; a copy is made in TMPDIR first

    A copy becomes a chat again in a folder of its own, under the name chat.db:
    mkdir again && cp monday.db again/chat.db
    coax chat serve --data again
";

/// Copy everything to a file, while the server runs
///
/// History, accounts and channels, as they are at one moment. The certificate of the server is not
/// part of it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// The copy; there must be no file of that name. - is stdout
    file: PathBuf,
    #[command(flatten)]
    folder: Folder,
}

/// A copy is whole.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BackupReport {
    file: String,
    bytes: u64,
    seconds: f64,
    #[serde(skip)]
    took: String,
}

impl Report for BackupReport {
    const EVENT: &'static str = "backup";
    fn human(&self) -> Human {
        let megabytes = self.bytes as f64 / 1e6;
        Human::Talk(format!("{}: {megabytes:.1} MB in {}", self.file, self.took))
    }
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let reader = args.folder.reader()?;
    let signals = [SIGINT, SIGTERM].map(|signal| (signal, Arc::new(AtomicBool::new(false))));
    for (signal, came) in &signals {
        signal_hook::flag::register(*signal, came.clone()).map_err(|error| {
            let cause = cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot catch signals: {cause}"))
        })?;
    }
    let came = || signals.iter().find(|(_, came)| came.load(Ordering::Relaxed));
    let begun = Instant::now();
    let to_stdout = args.file.as_os_str() == "-";
    let place = if to_stdout { Some(Place::new(out)?) } else { None };
    let file = place.as_ref().map_or(args.file.clone(), |place| place.0.join("chat.db"));
    let done = reader.backup(&file, |_| match came() {
        Some(_) => ControlFlow::Break(()),
        None => ControlFlow::Continue(()),
    });
    match (done.map_err(|error| failed(&error))?, came()) {
        (None, Some((signal, _))) => Err(Failure::signal(*signal)),
        _ if to_stdout => give_out(&file, || came().map(|(signal, _)| *signal)),
        _ => out.report(&args.report(begun)),
    }
}

/// A folder of one's own for a copy that goes on to stdout: pages are not copied in their order.
struct Place(PathBuf);

impl Place {
    fn new(out: &Out) -> Result<Place, Failure> {
        if out.is_json() {
            return Err(Failure::new(Exit::Usage, "the copy and --json both go to stdout")
                .hint("name a file, or leave --json out"));
        }
        if is_terminal(io::stdout()) {
            return Err(Failure::new(Exit::Usage, "a copy is nothing for a terminal")
                .hint("coax chat backup - > monday.db"));
        }
        let path = std::env::temp_dir().join(format!("coax-backup-{}", std::process::id()));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| {
            let cause = cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot make {}: {cause}", path.display()))
                .hint("TMPDIR names the folder for it")
        })?;
        Ok(Place(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn give_out(file: &Path, came: impl Fn() -> Option<i32>) -> Result<(), Failure> {
    let unread = |error: io::Error| {
        let cause = cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot read {}: {cause}", file.display()))
    };
    let (mut file, mut stdout) = (File::open(file).map_err(unread)?, io::stdout().lock());
    let mut buffer = vec![0; 256 << 10];
    loop {
        if let Some(signal) = came() {
            return Err(Failure::signal(signal));
        }
        match file.read(&mut buffer).map_err(unread)? {
            0 => return Ok(stdout.flush()?),
            read => stdout.write_all(&buffer[..read])?,
        }
    }
}

/// What the store advises is meant for a server.
fn failed(error: &StoreError) -> Failure {
    match error.kind() {
        StoreErrorKind::DiskFull => Failure::new(Exit::Machine, error.to_string())
            .hint("free some space, or copy to another disk; nothing was left behind"),
        _ => stored(error),
    }
}

impl Args {
    fn report(&self, begun: Instant) -> BackupReport {
        let took = begun.elapsed();
        BackupReport {
            file: self.file.display().to_string(),
            bytes: fs::metadata(&self.file).map_or(0, |file| file.len()),
            seconds: took.as_secs_f64(),
            took: duration::words(took),
        }
    }
}
