//! A file that is not whole yet: `NAME.part`, and beside it what is there of it.
//!
//! Under its own name a file appears only when it is whole and on the disk; until then whatever was
//! there before stays. What was written is written down at once, so that nothing of it is fetched
//! again. One process at a time works on it. A file of such a name that is not proved to be ours is
//! left alone, and another name is taken.
//!
//! Nothing here knows where the bytes come from.

mod place;
pub(crate) mod state;

use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::download::DownloadError;
use crate::ranges::Ranges;
use place::Place;
use state::{Claim, Identity, Known, State};

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
    inode: u64,
    /// Whether a state file lies beside it.
    is_claimed: bool,
    /// Other names of the file that this one took the name of.
    other_names: u64,
    /// Whether what lies there is of this run.
    ours: bool,
    /// Whether a file that has the name already keeps it.
    spares: bool,
}

impl Part {
    /// Opens what is there of `target`, or begins it. One that is `light` has arrived already, so
    /// nothing needs to be written down of it.
    pub(crate) fn open(target: &Path, light: bool) -> Result<Part, DownloadError> {
        let Place { file, path, state_path, size, inode, has_state } = place::open(target, light)?;
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
            inode,
            is_claimed: has_state,
            other_names: 0,
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
        (self.have, self.synced, self.since_sync) = Default::default();
        if self.size > 0 {
            self.file.set_len(0).map_err(|error| self.trouble(&error))?;
            self.size = 0;
        }
        // What a state says of bytes that are gone does not count, so the order is right.
        if self.is_claimed {
            let claimed = state::write_claim(&self.state_path, self.inode);
            claimed.map_err(|error| DownloadError::disk(&self.state_path, &error))?;
        }
        self.state = None;
        Ok(())
    }

    /// From now on what is there is written down.
    pub(crate) fn keep_state(&mut self, identity: &Identity) -> Result<(), DownloadError> {
        if !self.is_claimed && !matches!(state::claim(&self.state_path), Ok(Claim::Free)) {
            // What lies there is not ours, so nothing is written down.
            return Ok(());
        }
        let made = State::create(&self.state_path, identity, self.inode);
        self.state = made.map_err(|error| DownloadError::disk(&self.state_path, &error))?;
        self.is_claimed |= self.state.is_some();
        self.note()
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
        if !self.is_still_ours() {
            return Err(DownloadError::replaced(&self.path));
        }
        self.take_over();
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
        self.forget_state();
        Ok(self.target.clone())
    }

    /// Other names of the file that had the name before: they still have what was there.
    pub(crate) fn other_names(&self) -> u64 {
        self.other_names
    }

    /// A file that is replaced leaves its mode, and where that may be its owner, to the new one.
    fn take_over(&mut self) {
        if self.spares {
            return;
        }
        let old = fs::symlink_metadata(&self.target).ok().filter(fs::Metadata::is_file);
        let Some(old) = old else { return };
        self.other_names = old.nlink().saturating_sub(1);
        let same =
            self.file.metadata().is_ok_and(|it| (it.uid(), it.gid()) == (old.uid(), old.gid()));
        let owned = same || fchown(&self.file, Some(old.uid()), Some(old.gid())).is_ok();
        // What a program may do as its owner is not given to the file of another owner.
        let mode = old.mode() & if owned { 0o7777 } else { 0o777 };
        let _ = self.file.set_permissions(fs::Permissions::from_mode(mode));
    }

    /// Whether the name still leads to the file that was opened.
    fn is_still_ours(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|it| it.ino() == self.inode)
    }

    /// Takes away what cannot be continued and so is of no use.
    pub(crate) fn discard(&mut self) {
        self.forget_state();
        if self.is_still_ours() {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Leaves what a later run can go on from, and takes away the rest. What an earlier run left of
    /// something else is not touched.
    pub(crate) fn leave(&mut self) {
        let useful = self.state.is_some() && self.have.total() > 0;
        if (self.ours && !useful) || self.size == 0 {
            self.discard();
        }
    }

    fn forget_state(&mut self) {
        self.state = None;
        if std::mem::take(&mut self.is_claimed) {
            let _ = fs::remove_file(&self.state_path);
        }
    }

    fn trouble(&self, error: &io::Error) -> DownloadError {
        DownloadError::disk(&self.path, error)
    }
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
        let mut part = Part::open(&target, false).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["ab".into(), "c".into()]).unwrap();
        part.write(7, &["hij".into()]).unwrap();
        drop(part);
        let mut part = Part::open(&target, false).unwrap();
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
        let mut part = Part::open(&target, false).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["abcdef".into()]).unwrap();
        part.file.set_len(4).unwrap();
        drop(part);
        let part = Part::open(&target, false).unwrap();
        assert_eq!(part.known().unwrap().have.prefix(), 4);
        part.file.set_len(0).unwrap();
        drop(part);
        assert_eq!(Part::open(&target, false).unwrap().known(), None);
    }

    #[test]
    fn what_an_earlier_run_left_of_something_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target, false).unwrap();
        part.leave();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut part = Part::open(&target, false).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["abcdef".into()]).unwrap();
        part.leave();
        drop(part);
        let mut part = Part::open(&target, false).unwrap();
        part.leave();
        assert_eq!(part.known().unwrap().have.total(), 6);
        part.begin().unwrap();
        part.leave();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mine = |name: &str| assert_eq!(fs::read(at(name)).unwrap(), b"mine", "{name}");
        // One that lies there, one with two names, a link, and a state that says nothing.
        fs::write(at("a.part"), "mine").unwrap();
        fs::write(at("mine"), "mine").unwrap();
        fs::hard_link(at("mine"), at("b.part")).unwrap();
        std::os::unix::fs::symlink(at("mine"), at("c.part")).unwrap();
        fs::write(at("d.part.state"), "mine").unwrap();
        fs::create_dir(at("e.part")).unwrap();
        for name in ["a", "b", "c", "d", "e"] {
            let mut part = Part::open(&at(name), false).unwrap();
            part.begin().unwrap();
            part.keep_state(&identity(3)).unwrap();
            part.write(0, &["new".into()]).unwrap();
            part.finish(3, false).unwrap();
            assert_eq!(fs::read(at(name)).unwrap(), b"new");
        }
        for name in ["a.part", "mine", "b.part", "c.part", "d.part.state"] {
            mine(name);
        }
        assert!(at("e.part").is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 11);
    }

    #[test]
    fn a_file_that_was_put_in_the_place_of_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target, false).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["abcdef".into()]).unwrap();
        drop(part);
        let path = folder.path().join("x.part");
        fs::write(folder.path().join("own"), "mine").unwrap();
        fs::rename(folder.path().join("own"), &path).unwrap();
        let mut part = Part::open(&target, false).unwrap();
        assert_eq!(part.known(), None);
        part.leave();
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn a_file_that_is_replaced_leaves_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        for mode in [0o600, 0o755] {
            fs::write(&target, "old").unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
            let mut part = Part::open(&target, false).unwrap();
            part.write(0, &["new".into()]).unwrap();
            part.finish(3, false).unwrap();
            assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, mode);
        }
        fs::hard_link(&target, folder.path().join("also")).unwrap();
        let mut part = Part::open(&target, false).unwrap();
        part.finish(0, false).unwrap();
        assert_eq!(part.other_names(), 1);
    }

    #[test]
    fn two_do_not_work_on_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let first = Part::open(&target, false).unwrap();
        assert!(Part::open(&target, false).is_err());
        drop(first);
        assert!(Part::open(&target, false).is_ok());
    }

    #[test]
    fn what_is_begun_anew_has_nothing_of_before() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target, false).unwrap();
        part.keep_state(&identity(10)).unwrap();
        part.write(0, &["abcdef".into()]).unwrap();
        part.begin().unwrap();
        assert!(part.size() == 0 && part.known().is_none());
        part.write(0, &["xy".into()]).unwrap();
        part.finish(2, true).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"xy");
    }
}
