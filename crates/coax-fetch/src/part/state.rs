//! What is known of a file that is only partly there, kept beside it.
//!
//! Two pages are written in turns, each with a number and a sum; a reader takes the newest that is
//! whole, so a process may be killed at any moment, and a machine lose power, without a lie. What was
//! written survives the process, not the machine: after another start of the machine only what was
//! synced before counts.
//!
//! A state is there from the moment that the file is, and names its inode: that proves whose the
//! file is, before anything is known of it.
//!
//! Nothing here looks at the file itself.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use rustix::fs::OFlags;

use crate::ranges::Ranges;
use crate::validator::Validator;

/// A page of memory: the kernel copies one without interruption.
const PAGE: usize = 4096;
/// The first line of every page.
const TITLE: &str = "coax part 2";

/// The line of a file that the server gives over one connection alone.
const NOT_SPLITTABLE: &str = "not splittable";

/// Which file it is that is partly there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Without user, password and fragment.
    pub(crate) url: String,
    pub(crate) validator: Validator,
    pub(crate) length: u64,
}

/// The state file.
#[derive(Debug)]
pub(crate) struct State {
    file: File,
    /// The lines that never change.
    head: String,
    turn: u64,
}

/// What a state file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) identity: Identity,
    pub(crate) have: Ranges,
    /// What of it was put on the disk for good.
    pub(crate) synced: Ranges,
    /// Whether it may be asked for over several connections.
    pub(crate) splits: bool,
    /// Which file it is about: its inode. Another file of that name is not ours.
    pub(crate) inode: u64,
    /// The number of the page that says so.
    turn: u64,
}

/// Whose a state file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// There is none.
    Free,
    /// Ours, about the file with this inode. None was written down where the run that made it was
    /// killed in that moment: the file that it made has no bytes then.
    Ours(Option<u64>),
    /// It says nothing that we write.
    Foreign,
}

/// Whose the file at `path` is.
pub(crate) fn claim(path: &Path) -> io::Result<Claim> {
    let bytes = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Claim::Free),
        Err(error) => return Err(error),
        Ok(found) if !found.is_file() || found.len() > 2 * PAGE as u64 => {
            return Ok(Claim::Foreign);
        }
        Ok(_) => fs::read(path)?,
    };
    if bytes.is_empty() {
        return Ok(Claim::Ours(None));
    }
    let inode = bytes.chunks(PAGE).find_map(|page| {
        let text = std::str::from_utf8(page).ok()?;
        body(text)?.lines().find_map(|line| line.strip_prefix("inode "))?.parse().ok()
    });
    Ok(inode.map_or(Claim::Foreign, |inode| Claim::Ours(Some(inode))))
}

/// Writes at `path` that the file with this inode is ours, and no more.
pub(crate) fn write_claim(path: &Path, inode: u64) -> io::Result<()> {
    let text = format!("{TITLE}\ninode {inode}\n");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let file = options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
    file.write_all_at(&sealed(text), 0)
}

impl State {
    /// A new one at `path` for the file with this inode, in place of a bare claim. `None` where it
    /// would not fit on its page: such a file cannot be continued.
    pub(crate) fn create(
        path: &Path,
        identity: &Identity,
        inode: u64,
    ) -> io::Result<Option<State>> {
        State::open(path, identity, inode, 0)
    }

    /// Goes on with the one at `path`. What it says stays true until the next page is whole.
    pub(crate) fn go_on(path: &Path, known: &Known) -> io::Result<Option<State>> {
        State::open(path, &known.identity, known.inode, known.turn)
    }

    fn open(path: &Path, identity: &Identity, inode: u64, turn: u64) -> io::Result<Option<State>> {
        let boot = boot();
        let Some(head) = head(identity, inode, &boot) else { return Ok(None) };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
        Ok(Some(State { file, head, turn }))
    }

    /// Writes down what is there.
    pub(crate) fn write(
        &mut self,
        written: &Ranges,
        synced: &Ranges,
        splits: bool,
    ) -> io::Result<()> {
        self.turn += 1;
        let page = page(&self.head, self.turn, written, synced, splits);
        self.file.write_all_at(&page, (self.turn % 2) * PAGE as u64)
    }

    /// The boot it belongs to.
    #[cfg(test)]
    fn set_boot(&mut self, identity: &Identity, boot: &str) {
        self.head = head(identity, 7, boot).unwrap();
    }
}

/// What the state file at `path` says; `None` where there is none, or none that is whole.
pub(crate) fn read(path: &Path) -> Option<Known> {
    let bytes = fs::read(path).ok().filter(|bytes| bytes.len() <= 2 * PAGE)?;
    let boot = boot();
    let pages = bytes.chunks(PAGE).filter_map(|page| parse(page, &boot));
    pages.max_by_key(|(turn, _)| *turn).map(|(_, known)| known)
}

/// Changes with every start of the machine; empty where the system does not say.
fn boot() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

fn head(identity: &Identity, inode: u64, boot: &str) -> Option<String> {
    let Identity { url, validator, length } = identity;
    let kind = match validator {
        Validator::Tag(_) => "tag",
        Validator::Date(_) => "date",
    };
    let text = validator.text();
    let head =
        format!("{TITLE}\nurl {url}\n{kind} {text}\nlength {length}\ninode {inode}\nboot {boot}\n");
    let lines = head.lines().count() == 6 && !text.contains('\n');
    // The rest of the page is for what is there.
    (lines && head.len() <= PAGE / 2).then_some(head)
}

fn page(head: &str, turn: u64, written: &Ranges, synced: &Ranges, splits: bool) -> Vec<u8> {
    let mut text = String::with_capacity(PAGE);
    text.push_str(head);
    let _ = writeln!(text, "turn {turn}");
    for (name, ranges) in [("written", written), ("synced", synced)] {
        text.push_str(name);
        for Range { start, end } in ranges.runs() {
            // To claim less than there is loses bytes, never truth.
            if text.len() > PAGE - 200 {
                break;
            }
            let _ = write!(text, " {start}-{end}");
        }
        text.push('\n');
    }
    if !splits {
        text.push_str(NOT_SPLITTABLE);
        text.push('\n');
    }
    sealed(text)
}

/// With its sum, as long as a page.
fn sealed(mut text: String) -> Vec<u8> {
    let _ = writeln!(text, "sum {}", sum(&text));
    let mut page = text.into_bytes();
    page.resize(PAGE, b'\n');
    page
}

/// What a page says, if it is whole and ours.
fn body(text: &str) -> Option<&str> {
    let end = text.rfind("\nsum ")? + 1;
    let said = text[end..].lines().next()?.strip_prefix("sum ")?;
    let body = &text[..end];
    (said == sum(body) && body.lines().next() == Some(TITLE)).then_some(body)
}

/// Enough to tell a page that was torn from one that is whole.
fn sum(text: &str) -> String {
    HEXLOWER.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..8])
}

fn parse(page: &[u8], boot: &str) -> Option<(u64, Known)> {
    let text = std::str::from_utf8(page).ok()?;
    let mut lines = body(text)?.lines().skip(1);
    let mut line = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix([' ']);
    let url = line("url")?.to_owned();
    let (kind, text) = lines.next()?.split_once(' ')?;
    let validator = match kind {
        "tag" => Validator::Tag(text.to_owned()),
        "date" => Validator::Date(text.to_owned()),
        _ => return None,
    };
    let mut line = |name: &str| lines.next()?.strip_prefix(name);
    let length = line("length ")?.parse().ok()?;
    let inode = line("inode ")?.parse().ok()?;
    let same = line("boot ")? == boot && !boot.is_empty();
    let turn = line("turn ")?.parse().ok()?;
    let (written, synced) = (runs(line("written")?, length)?, runs(line("synced")?, length)?);
    let splits = lines.next() != Some(NOT_SPLITTABLE);
    let have = if same { written } else { synced.clone() };
    let identity = Identity { url, validator, length };
    Some((turn, Known { identity, have, synced, splits, inode, turn }))
}

fn runs(text: &str, length: u64) -> Option<Ranges> {
    let run = |word: &str| {
        let (start, end) = word.split_once('-')?;
        let (start, end) = (start.parse::<u64>().ok()?, end.parse::<u64>().ok()?);
        (start < end && end <= length).then_some(start..end)
    };
    text.split_whitespace().map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INODE: u64 = 7;

    fn identity() -> Identity {
        let validator = Validator::Tag("\"a b\"".into());
        Identity { url: "http://h/x y".into(), validator, length: 1000 }
    }

    fn set(runs: &[(u64, u64)]) -> Ranges {
        runs.iter().map(|&(start, end)| start..end).collect()
    }

    fn place() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.part.state");
        (folder, path)
    }

    #[test]
    fn the_newest_state_is_read() {
        let (_folder, path) = place();
        let mut state = State::create(&path, &identity(), INODE).unwrap().unwrap();
        assert_eq!(read(&path), None);
        for end in 1..5 {
            state.write(&set(&[(0, end), (500, 600)]), &set(&[]), true).unwrap();
            let have = set(&[(0, end), (500, 600)]);
            let synced = set(&[]);
            assert_eq!(
                read(&path),
                Some(Known {
                    identity: identity(),
                    have,
                    synced,
                    splits: true,
                    inode: INODE,
                    turn: end
                })
            );
        }
    }

    #[test]
    fn whose_a_state_is_can_be_told_at_every_moment() {
        let (_folder, path) = place();
        assert_eq!(claim(&path).unwrap(), Claim::Free);
        fs::write(&path, "").unwrap();
        assert_eq!(claim(&path).unwrap(), Claim::Ours(None));
        write_claim(&path, INODE).unwrap();
        assert_eq!((claim(&path).unwrap(), read(&path)), (Claim::Ours(Some(INODE)), None));
        let mut state = State::create(&path, &identity(), INODE).unwrap().unwrap();
        assert_eq!(claim(&path).unwrap(), Claim::Ours(Some(INODE)));
        state.write(&set(&[(0, 10)]), &set(&[]), true).unwrap();
        assert_eq!(claim(&path).unwrap(), Claim::Ours(Some(INODE)));
        assert_eq!(read(&path).unwrap().have, set(&[(0, 10)]));
        fs::write(&path, "inode 7\nsum of what I have").unwrap();
        assert_eq!(claim(&path).unwrap(), Claim::Foreign);
    }

    #[test]
    fn what_is_known_stays_known_while_it_is_gone_on_with() {
        let (_folder, path) = place();
        let mut state = State::create(&path, &identity(), INODE).unwrap().unwrap();
        state.write(&set(&[(0, 10)]), &set(&[]), true).unwrap();
        let known = read(&path).unwrap();
        let mut state = State::go_on(&path, &known).unwrap().unwrap();
        assert_eq!(read(&path), Some(known), "before the first page is written");
        state.write(&set(&[(0, 20)]), &set(&[]), true).unwrap();
        assert_eq!(read(&path).unwrap().have, set(&[(0, 20)]));
    }

    #[test]
    fn a_file_that_cannot_be_split_is_remembered() {
        let (_folder, path) = place();
        let mut state = State::create(&path, &identity(), INODE).unwrap().unwrap();
        state.write(&set(&[(0, 10)]), &set(&[]), false).unwrap();
        let known = read(&path).unwrap();
        assert!(!known.splits && known.have == set(&[(0, 10)]));
    }

    #[test]
    fn a_page_that_was_torn_leaves_the_one_before() {
        let (_folder, path) = place();
        let mut state = State::create(&path, &identity(), INODE).unwrap().unwrap();
        state.write(&set(&[(0, 10)]), &set(&[]), true).unwrap();
        state.write(&set(&[(0, 20)]), &set(&[]), true).unwrap();
        let whole = fs::read(&path).unwrap();
        let text = whole.windows(2).position(|pair| pair == b"\n\n").unwrap();
        for torn in 0..text {
            let mut bytes = whole.clone();
            bytes[torn] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path).unwrap().have, set(&[(0, 10)]), "byte {torn}");
        }
    }

    #[test]
    fn after_another_start_of_the_machine_only_what_was_synced_counts() {
        let (_folder, path) = place();
        let mut state = State::create(&path, &identity(), INODE).unwrap().unwrap();
        state.set_boot(&identity(), "another");
        state.write(&set(&[(0, 20), (30, 40)]), &set(&[(0, 10)]), true).unwrap();
        assert_eq!(read(&path).unwrap().have, set(&[(0, 10)]));
    }

    #[test]
    fn a_validator_that_does_not_fit_is_not_kept() {
        let (_folder, path) = place();
        let long = Identity { validator: Validator::Tag("x".repeat(3000)), ..identity() };
        assert!(State::create(&path, &long, INODE).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_file_is_a_panic_or_claims_more_than_its_length(
            bytes in proptest::collection::vec(any::<u8>(), 0..300)
        ) {
            prop_assert_eq!(parse(&bytes, "boot"), None);
        }

        #[test]
        fn what_is_written_is_read(runs in proptest::collection::vec((0u64..1000, 1u64..50), 0..300)) {
            let (_folder, path) = place();
            let written = runs.iter().map(|&(at, size)| at..(at + size).min(1000)).collect::<Ranges>();
            let mut state = State::create(&path, &identity(), INODE).unwrap().unwrap();
            state.write(&written, &Ranges::default(), true).unwrap();
            let known = read(&path).unwrap();
            prop_assert_eq!(known.identity, identity());
            for run in known.have.runs() {
                prop_assert_eq!(written.gap(run.start, run.end), None);
            }
        }
    }
}
