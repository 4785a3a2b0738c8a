//! `coax chat export`: everything that was said, as one JSON object a line.
//!
//! Entries are read a few at a time and written as they come, in the order in which the server got
//! them, so an export of any length needs no more memory than a short one. The same history gives
//! the same lines.
//!
//! Nothing here needs a running server, or disturbs one.

use std::io::{self, BufWriter, Write};

use coax_store::{Kept, Reader, Target};

use super::conversation::find;
use super::entry::EntryReport;
use super::folder::{Folder, stored};
use super::when::Between;
use crate::cli::EXIT_STATUS;
use crate::failure::Failure;
use crate::out::Out;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat export > talk.ndjson              all that was said in channels
    coax chat export --private > all.ndjson     in the talk of two as well
    coax chat export --channel lobby | jq .text
    coax chat export --since 1d | gzip > day.gz
";

/// Written at once.
const CHUNK: usize = 64 << 10;

/// Print everything that was said, as JSON lines
///
/// Each line is an entry event, as --json prints it; coax schema says what it holds. Its "at" is
/// when it was said. Joins, topics and the like are part of it; who left is, too. For a copy of
/// accounts and channels as well, see coax chat backup.
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Of this channel alone; may be given several times
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    #[command(flatten)]
    between: Between,
    /// The talk of two as well
    #[arg(long)]
    private: bool,
    #[command(flatten)]
    folder: Folder,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let reader = args.folder.reader()?;
    let mut targets = Vec::new();
    for channel in &args.channel {
        targets.extend(find(&reader, channel)?.into_iter().map(Some));
    }
    if targets.is_empty() {
        targets.push(None);
    }
    let mut stdout = BufWriter::with_capacity(CHUNK, io::stdout().lock());
    let mut count = 0;
    for target in targets {
        count += args.export(&reader, target, out, &mut stdout)?;
    }
    stdout.flush()?;
    if out.is_verbose() {
        out.talk(&format!("{count} entries"));
    }
    Ok(())
}

impl Args {
    fn export(
        &self,
        reader: &Reader,
        target: Option<Target>,
        out: &Out,
        to: &mut impl Write,
    ) -> Result<u64, Failure> {
        let everywhere = target.is_none();
        let mut count = 0;
        for kept in reader.export(target) {
            let kept = kept.map_err(|error| stored(&error))?;
            if self.is_wanted(&kept, everywhere) {
                out.stream(&EntryReport::new(kept), to)?;
                count += 1;
            }
        }
        Ok(count)
    }

    fn is_wanted(&self, kept: &Kept, everywhere: bool) -> bool {
        let (after, before) = self.between.open();
        let is_private = matches!(kept.entry.target, Target::Private(..));
        let in_time = after < kept.entry.time && kept.entry.time < before;
        in_time && (self.private || !everywhere || !is_private)
    }
}
