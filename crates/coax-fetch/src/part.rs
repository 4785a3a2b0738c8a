//! A file that is not whole yet: `NAME.part`, and beside it what is there of it.
//!
//! Under its own name a file appears only when it is whole and on the disk; until then whatever was
//! there before stays. What was written is written down at once, so that nothing of it is fetched
//! again. One process at a time works on it.
//!
//! Nothing here knows where the bytes come from.

pub(crate) mod state;

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock, fstat, lstat, renameat_with};
use rustix::io::Errno;

use crate::download::DownloadError;
use crate::ranges::Ranges;
use state::{Identity, Known, State};

/// So much is written before it is put on the disk for good: more is lost only by a machine that
/// loses power.
const SYNC_EVERY: u64 = 64 << 20;

/// A file that is not whole yet.
#[derive(Debug)]
pub(crate) struct Part {
    file: Arc<File>,
    /// The name it is to have.
    target: PathBuf,
    path: PathBuf,
    state_path: PathBuf,
    state: Option<State>,
    have: Ranges,
    synced: Ranges,
    since_sync: u64,
    /// How long the file is.
    size: u64,
    /// Whether it may be asked for over several connections.
    splits: bool,
    /// Whether what lies there is of this run.
    ours: bool,
    /// Whether a file that has the name already keeps it.
    spares: bool,
}

impl Part {
    /// Opens what is there of `target`, or begins it.
    pub(crate) fn open(target: &Path) -> Result<Part, DownloadError> {
        let (path, state_path) = (beside(target, ".part"), beside(target, ".part.state"));
        let opened = open_locked(&path).map_err(|error| DownloadError::disk(&path, &error))?;
        let (file, size) = opened.ok_or_else(|| DownloadError::busy(&path))?;
        Ok(Part {
            file: Arc::new(file),
            target: target.to_owned(),
            path,
            state_path,
            state: None,
            have: Ranges::default(),
            synced: Ranges::default(),
            since_sync: 0,
            size,
            splits: true,
            ours: false,
            spares: false,
        })
    }

    /// The same, which takes no name from a file that has it.
    pub(crate) fn sparing_others(self) -> Part {
        Part { spares: true, ..self }
    }

    /// What an earlier run left of it, as far as the file itself bears it out.
    pub(crate) fn known(&self) -> Option<Known> {
        if self.size == 0 {
            return None;
        }
        let mut known = state::read(&self.state_path)?;
        let length = self.size;
        let runs = known.have.runs().iter();
        known.have = runs.map(|run| run.start.min(length)..run.end.min(length)).collect();
        (known.have.total() > 0).then_some(known)
    }

    /// How long the file is, whatever is known of it.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether what is there is written down.
    pub(crate) fn has_state(&self) -> bool {
        self.state.is_some()
    }

    /// Goes on where an earlier run stopped.
    pub(crate) fn go_on(&mut self, known: &Known) -> Result<(), DownloadError> {
        self.ours = true;
        self.have = known.have.clone();
        self.synced = known.synced.clone();
        self.splits = known.splits;
        let opened = State::go_on(&self.state_path, known);
        self.state = opened.map_err(|error| DownloadError::disk(&self.state_path, &error))?;
        self.note()
    }

    /// Begins anew, with nothing.
    pub(crate) fn begin(&mut self) -> Result<(), DownloadError> {
        self.ours = true;
        self.splits = true;
        self.forget_state()?;
        (self.have, self.synced, self.since_sync) = Default::default();
        if self.size > 0 {
            self.file.set_len(0).map_err(|error| self.trouble(&error))?;
            self.size = 0;
        }
        Ok(())
    }

    /// From now on what is there is written down.
    pub(crate) fn keep_state(&mut self, identity: &Identity) -> Result<(), DownloadError> {
        let made = State::create(&self.state_path, identity);
        self.state = made.map_err(|error| DownloadError::disk(&self.state_path, &error))?;
        Ok(())
    }

    /// Writes `pieces` at `at`, one after the other.
    pub(crate) fn write(&mut self, at: u64, pieces: &[Bytes]) -> Result<(), DownloadError> {
        let end = write_at(&self.file, at, pieces).map_err(|error| self.trouble(&error))?;
        self.have.insert(at..end);
        self.size = self.size.max(end);
        self.since_sync += end - at;
        self.note()
    }

    fn note(&mut self) -> Result<(), DownloadError> {
        let Some(state) = &mut self.state else { return Ok(()) };
        let noted = state.write(&self.have, &self.synced, self.splits);
        noted.map_err(|error| DownloadError::disk(&self.state_path, &error))
    }

    /// Whether it may be asked for over several connections.
    pub(crate) fn splits(&self) -> bool {
        self.splits
    }

    /// The server has shown that it may not. That is written down with the next bytes.
    pub(crate) fn never_split(&mut self) {
        self.splits = false;
    }

    /// What is there.
    pub(crate) fn have(&self) -> &Ranges {
        &self.have
    }

    /// Enough was written that it should be put on the disk: the file, and what that makes safe.
    pub(crate) fn due_to_sync(&mut self) -> Option<(Arc<File>, Ranges)> {
        let due = self.state.is_some() && self.since_sync >= SYNC_EVERY;
        due.then(|| {
            self.since_sync = 0;
            (Arc::clone(&self.file), self.have.clone())
        })
    }

    /// So much is on the disk for good.
    pub(crate) fn synced(&mut self, safe: Ranges) {
        self.synced = safe;
    }

    /// The file, for whoever reads it back.
    pub(crate) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// The name it has now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whole and right: gives it its name, and with `sync` puts it on the disk before. Blocks.
    pub(crate) fn finish(&mut self, length: u64, sync: bool) -> Result<PathBuf, DownloadError> {
        let trouble = |error: &io::Error| DownloadError::disk(&self.path, error);
        if self.size != length {
            self.file.set_len(length).map_err(|error| trouble(&error))?;
        }
        if sync {
            self.file.sync_all().map_err(|error| trouble(&error))?;
        }
        let named = match self.spares {
            false => fs::rename(&self.path, &self.target),
            true => rename_to_free(&self.path, &self.target),
        };
        named.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if self.spares => DownloadError::exists(&self.target),
            _ => DownloadError::disk(&self.target, &error),
        })?;
        // Last, so that no crash leaves a part without its state.
        if self.state.is_some() {
            let _ = fs::remove_file(&self.state_path);
        }
        Ok(self.target.clone())
    }

    /// Takes away what cannot be continued and so is of no use.
    pub(crate) fn discard(&mut self) {
        let _ = self.forget_state();
        let _ = fs::remove_file(&self.path);
    }

    /// Leaves what a later run can go on from, and takes away the rest. What an earlier run left of
    /// something else is not touched.
    pub(crate) fn leave(&mut self) {
        let useful = self.state.is_some() && self.have.total() > 0;
        let nothing = self.size() == 0 && !self.state_path.exists();
        if (self.ours && !useful) || nothing {
            self.discard();
        }
    }

    fn forget_state(&mut self) -> Result<(), DownloadError> {
        self.state = None;
        match fs::remove_file(&self.state_path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(DownloadError::disk(&self.state_path, &error))
            }
            _ => Ok(()),
        }
    }

    fn trouble(&self, error: &io::Error) -> DownloadError {
        DownloadError::disk(&self.path, error)
    }
}

/// Opens or makes the file at `path`, for this process alone; how long it is. `None` while another
/// process is at it.
fn open_locked(path: &Path) -> io::Result<Option<(File, u64)>> {
    let mut options = OpenOptions::new();
    // Nobody may lead us elsewhere with a link in a folder that others can write.
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed();
    options.read(true).write(true).create(true).truncate(false).custom_flags(flags);
    let file = options.open(path)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(None);
    }
    let status = fstat(&file)?;
    // Whoever had it may have given it its name between the two calls above.
    let ours = status.st_size == 0 || lstat(path).is_ok_and(|it| it.st_ino == status.st_ino);
    Ok(ours.then_some((file, status.st_size.unsigned_abs())))
}

/// Gives the file `from` the name `to`, unless one has it.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system can tell in one step.
        Err(Errno::INVAL | Errno::NOSYS) => match to.symlink_metadata() {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(from, to),
        },
        done => Ok(done?),
    }
}

/// `NAME` with more behind it, whatever bytes the name has.
fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// All of `pieces`; where they end.
fn write_at(file: &File, mut at: u64, pieces: &[Bytes]) -> io::Result<u64> {
    let mut slices = pieces.iter().map(|piece| IoSlice::new(piece)).collect::<Vec<_>>();
    let mut left = slices.as_mut_slice();
    while left.iter().any(|slice| !slice.is_empty()) {
        match rustix::io::pwritev(file, left, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                at += written as u64;
                IoSlice::advance_slices(&mut left, written);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validator::Validator;

    fn identity(length: u64) -> Identity {
        let validator = Validator::Tag("\"a\"".into());
        Identity { url: "http://h/x".into(), validator, length }
    }

    #[test]
    fn a_part_is_continued_where_it_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["ab".into(), "c".into()]).unwrap();
        part.write(7, &["hij".into()]).unwrap();
        drop(part);
        let mut part = Part::open(&target).unwrap();
        let known = part.known().unwrap();
        assert_eq!(known.have.runs(), [0..3, 7..10]);
        part.go_on(&known).unwrap();
        part.write(3, &["defg".into()]).unwrap();
        part.finish(10, true).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"abcdefghij");
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "the part and its state are gone");
    }

    #[test]
    fn a_state_does_not_make_up_for_bytes_that_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["abcdef".into()]).unwrap();
        part.file.set_len(4).unwrap();
        drop(part);
        let part = Part::open(&target).unwrap();
        assert_eq!(part.known().unwrap().have.prefix(), 4);
        part.file.set_len(0).unwrap();
        drop(part);
        assert_eq!(Part::open(&target).unwrap().known(), None);
    }

    #[test]
    fn what_an_earlier_run_left_of_something_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target).unwrap();
        part.leave();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut part = Part::open(&target).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["abcdef".into()]).unwrap();
        part.leave();
        drop(part);
        let mut part = Part::open(&target).unwrap();
        part.leave();
        assert_eq!(part.known().unwrap().have.total(), 6);
        part.begin().unwrap();
        part.leave();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn two_do_not_work_on_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let first = Part::open(&target).unwrap();
        assert!(Part::open(&target).is_err());
        drop(first);
        assert!(Part::open(&target).is_ok());
    }

    #[test]
    fn what_is_begun_anew_has_nothing_of_before() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["abcdef".into()]).unwrap();
        part.begin().unwrap();
        assert!(part.size() == 0 && part.known().is_none());
        part.write(0, &["xy".into()]).unwrap();
        part.finish(2, true).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"xy");
    }
}
