//! `coax chat import`: what `coax chat export` printed, into a channel of another chat.
//!
//! The file is read twice: nothing is changed before all of it is understood. A history is in the order
//! in which the server got it, so what is imported stands behind what is there; where that would be the
//! wrong order, it is refused. Messages keep their ids, so a second run finds that it has nothing to do,
//! and one that was interrupted goes on.
//!
//! Nothing here knows how a line is written: that is `line.rs`.

mod line;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::PathBuf;

use coax_irc::{Casemapping, check_channel};
use coax_net::cause_in_words;
use coax_store::{Import, Kept, Options, Page, Reader, SaveChannel, Slice, Store, Target};
use coax_store::{StoreError, StoreErrorKind};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::folder::{Folder, stored, upgrading};
use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, clean};
use line::Line;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat export --channel lobby > lobby.ndjson    on the one machine
    coax chat import lobby.ndjson lobby                on the other, without a server
    coax chat import lobby.ndjson old-lobby -d /srv/chat
";

/// Kept together.
const CHUNK: usize = 500;

/// A longer line is none that was exported.
const LONGEST: u64 = 512 << 10;

/// Take in what coax chat export printed
///
/// The messages and events of one channel, in their order, once each: what is there already is not
/// taken in again. The server must not run meanwhile. What is imported has to be later than what the
/// channel has. Members of a registered channel read it as well; in other channels but the default
/// one it is found by coax chat history and search alone.
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// What coax chat export printed of one channel
    file: PathBuf,
    /// Where it goes (lobby is #lobby)
    channel: String,
    #[command(flatten)]
    folder: Folder,
}

/// A file was imported.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ImportReport {
    file: String,
    channel: String,
    /// How many entries are new.
    imported: u64,
    /// How many were there before.
    known: u64,
}

impl Report for ImportReport {
    const EVENT: &'static str = "import";
    fn human(&self) -> Human {
        let ImportReport { channel, imported, known, .. } = self;
        let rest = if *known == 0 { String::new() } else { format!("; {known} were there before") };
        Human::Talk(format!("{imported} entries are in {} now{rest}", clean(channel)))
    }
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let settings = args.folder.settings().map_err(|error| args.folder.failure(error))?;
    let channel = args.channel()?;
    let target = Target::channel(Casemapping::Rfc7613.fold_text(&channel));
    let mut file = args.open()?;
    let path = args.folder.existing()?;
    // It says so if there is no chat; a store would begin one.
    args.folder.reader()?;
    let store = Store::open_telling(&path, &Options::default(), &mut upgrading(out, || {}));
    let store = store.map_err(|error| stored(&error))?;
    let plan = Plan::of(args.entries(&mut file, &channel)?, store.reader(), &target)?;
    let mut new = Vec::with_capacity(CHUNK);
    for kept in args.entries(&mut file, &channel)?.skip(plan.known) {
        new.push(kept?);
        if new.len() == CHUNK {
            store.apply(Import(std::mem::take(&mut new))).map_err(|error| not_taken(&error))?;
        }
    }
    store.apply(Import(new)).map_err(|error| not_taken(&error))?;
    let fold = |name: &str| Casemapping::Rfc7613.fold_text(name);
    let is_default = fold(&settings.default_channel) == fold(&channel);
    let is_read = plan.show(&store, &target, is_default)?;
    store.close().map_err(|error| stored(&error))?;
    if !is_read {
        out.talk(&format!(
            "{} is not registered: its members do not read what was said before it began",
            clean(&channel)
        ));
    }
    let days = settings.history_days;
    if days > 0 && plan.first.is_some_and(|first| first < days_ago(days)) {
        out.talk(&format!("what is older than {days} days (history.days) is forgotten again"));
    }
    let (imported, known) = ((plan.all - plan.known) as u64, plan.known as u64);
    out.report(&ImportReport { file: args.file.display().to_string(), channel, imported, known })
}

/// In milliseconds since 1970.
fn days_ago(days: u64) -> i64 {
    let millis = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(24 * 60 * 60 * 1000);
    Timestamp::now().as_millisecond().saturating_sub(millis)
}

/// What is to be done, once all was read.
#[derive(Default)]
struct Plan {
    all: usize,
    /// So many at the beginning are there already.
    known: usize,
    /// When the first was said.
    first: Option<i64>,
}

impl Plan {
    fn of(
        entries: impl Iterator<Item = Result<Kept, Failure>>,
        reader: &Reader,
        target: &Target,
    ) -> Result<Plan, Failure> {
        let page = Page { target: target.clone(), slice: Slice::Latest, limit: 1, events: true };
        let mut latest = reader.page(&page).map_err(|error| stored(&error))?.pop();
        let mut plan = Plan::default();
        for kept in entries {
            let entry = kept?.entry;
            plan.first = plan.first.or(Some(entry.time));
            plan.all += 1;
            let known = reader.message(target, &entry.msgid).map_err(|error| stored(&error))?;
            let is_next = plan.known + 1 == plan.all;
            if known.is_some() && is_next {
                plan.known += 1;
                latest.take_if(|latest| latest.entry.msgid == entry.msgid);
            } else if known.is_some() || latest.take().is_some_and(|it| it.entry.time > entry.time)
            {
                return Err(Failure::new(
                    Exit::Usage,
                    "the channel has later messages than the file, and nothing is put before them",
                )
                .hint("import into another channel"));
            }
        }
        Ok(plan)
    }

    /// Has the members of a registered channel read it; whether there is somebody who does.
    fn show(&self, store: &Store, target: &Target, is_default: bool) -> Result<bool, Failure> {
        let Some(first) = self.first.filter(|_| !is_default && self.known < self.all) else {
            return Ok(true);
        };
        let channels = store.reader().channels().map_err(|error| stored(&error))?;
        let is_it = |channel: &coax_store::Channel| *target == Target::channel(&*channel.name.key);
        let Some(mut channel) = channels.into_iter().find(is_it) else { return Ok(false) };
        if channel.registered > first {
            channel.registered = first;
            store.apply(SaveChannel(channel)).map_err(|error| stored(&error))?;
        }
        Ok(true)
    }
}

impl Args {
    fn channel(&self) -> Result<String, Failure> {
        let sign = if self.channel.starts_with('#') { "" } else { "#" };
        let channel = format!("{sign}{}", self.channel);
        match check_channel(channel.as_bytes(), 200) {
            Ok(_) => Ok(channel),
            Err(error) => {
                let line = format!("'{}' is no channel: {error}", clean(&self.channel));
                Err(Failure::new(Exit::Usage, line).hint("lobby is #lobby"))
            }
        }
    }

    fn open(&self) -> Result<File, Failure> {
        let failed = |exit, cause: String| {
            Failure::new(exit, format!("cannot read {}: {cause}", self.file.display()))
        };
        let file = File::open(&self.file);
        let file = file.map_err(|error| failed(Exit::Usage, cause_in_words(&error)))?;
        match file.metadata().is_ok_and(|it| it.is_file()) {
            true => Ok(file),
            false => Err(failed(Exit::Usage, "it is no file, and has to be read twice".to_owned())),
        }
    }

    /// The entries of the file, from the beginning.
    fn entries<'a>(
        &'a self,
        file: &'a mut File,
        channel: &'a str,
    ) -> Result<impl Iterator<Item = Result<Kept, Failure>> + 'a, Failure> {
        let unread = |error: std::io::Error| {
            let (file, cause) = (self.file.display(), cause_in_words(&error));
            Failure::new(Exit::Machine, format!("cannot read {file}: {cause}"))
        };
        file.rewind().map_err(unread)?;
        let mut lines = BufReader::new(file);
        let (mut number, mut source) = (0, None);
        let now = Timestamp::now().as_millisecond();
        Ok(std::iter::from_fn(move || {
            let mut line = Vec::new();
            match lines.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => number += 1,
                Err(error) => return Some(Err(unread(error))),
            }
            let entry = Line::read(&line).and_then(|line| {
                let from = source.get_or_insert_with(|| line.channel.clone());
                line.of_channel(from)?.kept(channel, now)
            });
            Some(entry.map_err(|why| {
                let line = format!("{}:{number}: {why}", self.file.display());
                Failure::new(Exit::Usage, line)
                    .hint("coax chat export --channel lobby > lobby.ndjson prints what is taken in")
            }))
        }))
    }
}

/// The store has none of these messages, since the channel has none; another one may.
fn not_taken(error: &StoreError) -> Failure {
    match error.kind() {
        StoreErrorKind::Exists => {
            Failure::new(Exit::Usage, format!("{error}, in another channel of this chat"))
                .hint("a chat keeps each message once: import it into another chat")
        }
        _ => stored(error),
    }
}
