//! The folder a chat is kept in, for the verbs that work on it beside the server.
//!
//! It is found as `coax chat serve` finds it: `--data`, then the settings, then the place where
//! programs keep what they know. Whoever only reads needs no server, and disturbs none.
//!
//! Nothing here knows what is read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use coax_addr::{Endpoint, Options, Place, UnixKind, UnixName};
use coax_chat::orders::socket_in;
use coax_chat::settings::{Settings, SettingsError};
use coax_net::cause_in_words;
use coax_store::{Reader, StoreError, StoreErrorKind, Upgrade};

use crate::failure::{Exit, Failure};
use crate::out::{Out, clean};

/// How often it is told how far the indexing is.
const INDEXING_TOLD: Duration = Duration::from_secs(2);

/// Which chat.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Folder {
    /// Where accounts and history are kept
    #[arg(short, long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Settings to read; coax chat config prints them all
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Folder {
    /// The settings of the file, or the defaults.
    pub(super) fn settings(&self) -> Result<Settings, SettingsError> {
        match &self.config {
            Some(file) => Settings::parse(&read(file)?),
            None => Ok(Settings::default()),
        }
    }

    /// What is wrong with the settings, for a person.
    pub(super) fn failure(&self, error: SettingsError) -> Failure {
        let file = self.config.as_deref().unwrap_or(Path::new("")).display();
        let colon = if error.place.is_some() { ":" } else { ": " };
        let failure = Failure::new(Exit::Usage, format!("{file}{colon}{error}"));
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// The file of the settings, as it was given.
    pub(super) fn file(&self) -> Option<String> {
        self.config.as_ref().map(|file| file.display().to_string())
    }

    /// The folder; nothing where this login has no place for one.
    pub(super) fn path(&self, settings: &Settings) -> Option<PathBuf> {
        self.data.clone().or_else(|| settings.data.clone()).or_else(data_folder)
    }

    /// The same, for a verb that is nothing without one.
    pub(super) fn existing(&self) -> Result<PathBuf, Failure> {
        let settings = self.settings().map_err(|error| self.failure(error))?;
        let Some(path) = self.path(&settings) else {
            return Err(Failure::new(
                Exit::Usage,
                "there is no folder to look in: HOME names none",
            )
            .hint("name one with --data DIR"));
        };
        check(&path)?;
        Ok(path)
    }

    /// What is kept there, to be read, whether a server runs on it or not.
    pub(super) fn reader(&self) -> Result<Reader, Failure> {
        let path = self.existing()?;
        Reader::open(&path).map_err(|error| match error.kind() {
            StoreErrorKind::Missing => empty(&path, "no chat is kept in it"),
            _ => stored(&error),
        })
    }
}

/// Where the server of a folder takes orders.
pub(super) fn socket(folder: &Path) -> Endpoint {
    let name = UnixName::Path(socket_in(folder));
    Endpoint { place: Place::Unix { kind: UnixKind::Stream, name }, options: Options::default() }
}

/// What the store says, for a person.
pub(super) fn stored(error: &StoreError) -> Failure {
    let failure = Failure::new(Exit::Machine, error.to_string());
    match (error.kind(), error.advice()) {
        (StoreErrorKind::InUse, _) => {
            failure.hint("stop the other server, or choose another folder: --data DIR")
        }
        (StoreErrorKind::ReadOnly | StoreErrorKind::Foreign, _) => {
            failure.hint("choose another folder: --data DIR")
        }
        (_, Some(advice)) => failure.hint(advice),
        (_, None) => failure,
    }
}

/// Says what becomes of the file of an older version; `busy` is called now and then meanwhile.
pub(super) fn upgrading(out: &Out, mut busy: impl FnMut()) -> impl FnMut(Upgrade<'_>) {
    let mut told: Option<Instant> = None;
    move |news| match news {
        Upgrade::Renamed { old, new } => out.talk(&format!(
            "{} has had the name of another one, in other letters: it is called {} from now on",
            clean(old),
            clean(new)
        )),
        Upgrade::Indexed { done, all }
            if told.is_none_or(|told| told.elapsed() >= INDEXING_TOLD) =>
        {
            let percent = done.saturating_mul(100) / all.max(1);
            out.talk(&format!("indexing {all} messages again, this once: {percent} % done"));
            busy();
            told = Some(Instant::now());
        }
        _ => {}
    }
}

/// A folder that cannot even be listed says so itself, rather than that nothing is in it.
fn check(path: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(empty(path, "there is no such folder"))
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            let line = format!("cannot use {}: it is a file, not a folder", path.display());
            Err(Failure::new(Exit::Usage, line).hint(
                "a copy of a chat is used by a folder of its own, where it is called chat.db",
            ))
        }
        Err(error) => {
            let cause = cause_in_words(&error);
            Err(Failure::new(Exit::Machine, format!("cannot use {}: {cause}", path.display())))
        }
    }
}

fn empty(path: &Path, why: &str) -> Failure {
    let shown = path.display();
    Failure::new(Exit::Usage, format!("cannot use {shown}: {why}"))
        .hint(format!("coax chat serve --data {shown} begins one there"))
}

/// Where programs keep what they know, by the XDG base directory specification.
fn data_folder() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || Some(named("HOME")?.join(".local/share"));
    Some(named("XDG_DATA_HOME").or_else(home)?.join("coax/chat"))
}

fn read(file: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(file).map_err(|error| SettingsError {
        place: None,
        message: format!("cannot be read: {}", cause_in_words(&error)),
        hint: Some("coax chat config prints one to begin with".to_owned()),
    })
}
