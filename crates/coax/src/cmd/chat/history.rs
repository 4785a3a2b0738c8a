//! `coax chat history`: what was said in one place, as a log.
//!
//! The newest entries, oldest first, as a person reads them; with `--since` all from then on, read a
//! page at a time. Without a channel it says which conversations there are.
//!
//! Nothing here needs a running server, or disturbs one.

use coax_store::{Anchor, Kept, Page, Reader, Slice, StoreError, Target};

use super::conversation::{ConversationReport, find, shown};
use super::entry::EntryReport;
use super::folder::{Folder, stored};
use super::when::Between;
use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::Out;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat history                          which conversations are kept
    coax chat history lobby                    the newest words of #lobby
    coax chat history lobby --since yesterday  all from then on
    coax chat history lobby --events           who came and left, too
    coax chat history ada,bob                  what two people said to each other
";

/// How many without `--limit` and `--since`.
const USUAL: usize = 50;
/// Read at once.
const PAGE: usize = 500;

/// Print what was said in a channel
///
/// Works on the data folder, with a server running on it or without. Whoever may read that folder
/// may read all that was said; what others wrote is made harmless before a terminal shows it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// A channel (lobby is #lobby), or two people: ada,bob
    channel: Option<String>,
    #[command(flatten)]
    between: Between,
    /// The newest so many [default: 50; all with --since]
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = crate::count::parse::<u32>)]
    limit: Option<u32>,
    /// Who came, left and changed the topic, too
    #[arg(long)]
    events: bool,
    /// List the talk of two as well, where no channel is given
    #[arg(long, conflicts_with = "channel")]
    private: bool,
    #[command(flatten)]
    folder: Folder,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let reader = args.folder.reader()?;
    let Some(channel) = &args.channel else { return list(&reader, args.private, out) };
    let targets = find(&reader, channel)?;
    let told = match args.limit {
        Some(limit) => args.newest(&reader, &targets, limit as usize, out)?,
        None if args.between.since.is_some() => args.all(&reader, &targets, out)?,
        None => args.newest(&reader, &targets, USUAL, out)?,
    };
    match told {
        true => Ok(()),
        false => Err(args.nothing(targets.first().map(shown).unwrap_or_default())),
    }
}

fn list(reader: &Reader, private: bool, out: &Out) -> Result<(), Failure> {
    let mut kept = reader.all_conversations().map_err(|error| stored(&error))?;
    kept.retain(|it| private || matches!(it.target, Target::Channel(_)));
    kept.sort_by_key(|it| it.latest);
    if kept.is_empty() {
        return Err(Failure::new(Exit::No, "no channel has a history yet"));
    }
    kept.iter().try_for_each(|it| out.report(&ConversationReport::new(it)))
}

impl Args {
    /// The newest of all these conversations together; whether there was anything.
    fn newest(
        &self,
        reader: &Reader,
        targets: &[Target],
        limit: usize,
        out: &Out,
    ) -> Result<bool, Failure> {
        let (after, before) = self.between.open();
        let slice = Slice::Between(Anchor::Time(before), Anchor::Time(after));
        let mut rows = Vec::new();
        for target in targets {
            let (target, slice) = (target.clone(), slice.clone());
            // One more, to know whether there are more.
            let page = Page { target, slice, limit: limit.saturating_add(1), events: self.events };
            rows.extend(reader.page(&page).map_err(|error| stored(&error))?);
        }
        rows.sort_by_key(Kept::place);
        let rest = rows.len().saturating_sub(limit);
        if rest > 0 && self.limit.is_none() {
            out.talk(&format!("these are the newest {limit}; there are older ones (--limit)"));
        }
        let told = !rows.is_empty();
        rows.drain(rest..).try_for_each(|row| out.report(&EntryReport::new(row)))?;
        Ok(told)
    }

    /// All of them, in order, a page at a time; whether there was anything.
    fn all(&self, reader: &Reader, targets: &[Target], out: &Out) -> Result<bool, Failure> {
        let pages = |target: &Target| {
            let (after, before) = self.between.open();
            let (target, events) = (target.clone(), self.events);
            let page = Vec::new().into_iter();
            let after = Anchor::Time(after);
            Pages { reader: reader.clone(), target, events, page, after, before }.peekable()
        };
        let mut sources = targets.iter().map(pages).collect::<Vec<_>>();
        let mut told = false;
        loop {
            let heads = sources.iter_mut().enumerate().filter_map(|(at, source)| {
                let head = source.peek()?.as_ref();
                Some((head.ok().map(Kept::place), at))
            });
            let Some((_, oldest)) = heads.min() else { return Ok(told) };
            let Some(next) = sources[oldest].next() else { return Ok(told) };
            out.report(&EntryReport::new(next.map_err(|error| stored(&error))?))?;
            told = true;
        }
    }

    fn nothing(&self, what: String) -> Failure {
        let when = if self.between.is_given() { " in that time" } else { "" };
        let failure = Failure::new(Exit::No, format!("nothing was said in {what}{when}"));
        match self.events {
            true => failure,
            false => failure.hint("--events shows who came and left, too"),
        }
    }
}

/// One conversation from a place on, a page at a time.
struct Pages {
    reader: Reader,
    target: Target,
    events: bool,
    page: std::vec::IntoIter<Kept>,
    after: Anchor,
    before: i64,
}

impl Iterator for Pages {
    type Item = Result<Kept, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 {
            let slice = Slice::Between(self.after.clone(), Anchor::Time(self.before));
            let (target, events) = (self.target.clone(), self.events);
            match self.reader.page(&Page { target, slice, limit: PAGE, events }) {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
        let kept = self.page.next()?;
        self.after = Anchor::Place(kept.place());
        Some(Ok(kept))
    }
}
