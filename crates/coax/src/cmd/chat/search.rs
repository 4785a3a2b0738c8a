//! `coax chat search`: who said that, where and when.
//!
//! All the words must be there, in any order and any case; `word*` is any ending. The newest that
//! were found are printed, oldest first, so the last line is the latest word.
//!
//! Nothing here needs a running server, or disturbs one.

use coax_store::{Hit, Search, StoreError, StoreErrorKind};

use super::conversation::find;
use super::entry::EntryReport;
use super::folder::{Folder, stored};
use super::when::Between;
use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::Out;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat search backup                      who said backup
    coax chat search 'back*' disk --channel ops  words that begin so, in #ops
    coax chat search 上海                        any part of a text without spaces
    coax chat search --from ada --since 2h       what ada said lately
    coax chat search backup --private            in the talk of two as well
    coax chat search backup --json               for programs
";

/// Find what was said
///
/// All words must be there, in any order, in any case, with or without accents. A star at the end of
/// a word is any ending; nothing else is syntax. In scripts without spaces (Chinese, Japanese, Korean,
/// Thai ...) any part of a text is a word. Works on the data folder, with a server running on it or
/// without.
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// What to look for; without words, everything --from somebody
    words: Vec<String>,
    /// In this channel alone; may be given several times
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    /// Said under this nick
    #[arg(long, value_name = "NICK")]
    from: Option<String>,
    #[command(flatten)]
    between: Between,
    /// At most so many, the newest
    #[arg(short = 'n', long, value_name = "NUMBER", default_value = "50", value_parser = crate::count::parse::<u32>)]
    limit: u32,
    /// In the talk of two as well
    #[arg(long)]
    private: bool,
    #[command(flatten)]
    folder: Folder,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let reader = args.folder.reader()?;
    let mut search = args.search();
    for channel in &args.channel {
        search.within.extend(find(&reader, channel)?);
    }
    search.channels_only = !args.private && search.within.is_empty();
    let mut hits = reader.search(&search).map_err(|error| refused(&error))?;
    if hits.is_empty() {
        return Err(args.nothing());
    }
    let limit = args.limit as usize;
    if hits.len() > limit {
        hits.truncate(limit);
        out.talk(&format!("these are the newest {limit}; there are more (--limit, --until)"));
    }
    hits.into_iter().rev().try_for_each(|hit| out.report(&report(hit)))
}

fn report(hit: Hit) -> EntryReport {
    let text = &hit.kept.entry.text;
    let found = hit.marks.iter().filter_map(|mark| text.get(mark.clone()).map(str::to_owned));
    let found = found.collect();
    EntryReport::placed(hit.kept).with_found(found)
}

/// What cannot be searched for is a mistake of whoever typed it.
fn refused(error: &StoreError) -> Failure {
    match error.kind() {
        StoreErrorKind::Invalid => Failure::new(Exit::Usage, error.to_string())
            .hint("coax chat search WORD, or --from NICK"),
        _ => stored(error),
    }
}

impl Args {
    fn search(&self) -> Search {
        let (after, before) = self.between.open();
        Search {
            words: self.words.join(" "),
            nick: self.from.clone(),
            after: self.between.since.map(|_| after),
            before: self.between.until.map(|_| before),
            // One more, to know whether there are more.
            limit: (self.limit as usize).saturating_add(1),
            ..Search::default()
        }
    }

    fn nothing(&self) -> Failure {
        let what = match self.words.is_empty() {
            true => String::new(),
            false => format!(" with '{}'", self.words.join(" ")),
        };
        let from = self.from.as_ref().map(|nick| format!(" by {nick}")).unwrap_or_default();
        let failure = Failure::new(Exit::No, format!("nothing was found{what}{from}"));
        let narrowed = !self.channel.is_empty() || self.between.is_given() || self.private;
        match narrowed {
            true => failure,
            false => failure.hint("--private looks into the talk of two as well"),
        }
    }
}
