//! Where the part of a file lies: beside it, under a name that nothing else has.
//!
//! `NAME.part` is taken where nothing has that name, or where the state beside it proves that it is
//! what an earlier run left: it names the inode. Anything else of that name is somebody's own, and
//! `NAME.part.1` is tried, and so on. The state is made first, so that a run that is killed leaves
//! nothing that the next one does not know as its own.
//!
//! Nothing here reads or writes what is in the file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, FlockOperation, OFlags, Stat, flock, fstat, lstat};
use rustix::io::Errno;

use super::state::{self, Claim};
use crate::download::DownloadError;

/// Names that are tried. Who has so many files of such names has made them on purpose.
const NAMES: usize = 100;

/// A part that this process alone works on.
pub(super) struct Place {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) state_path: PathBuf,
    /// How long the file is.
    pub(super) size: u64,
    pub(super) inode: u64,
    /// Whether a file beside it says that it is ours.
    pub(super) has_state: bool,
}

/// Opens what an earlier run left of `target`, or begins it. One that is `light` is whole at once,
/// and so has no state.
pub(super) fn open(target: &Path, light: bool) -> Result<Place, DownloadError> {
    for number in 0..NAMES {
        let suffix = if number == 0 { ".part".to_owned() } else { format!(".part.{number}") };
        let path = beside(target, &suffix);
        let state_path = beside(&path, ".state");
        match attempt(&path, &state_path, light) {
            Ok(Some(found)) => {
                let Found { file, size, inode, has_state } = found;
                return Ok(Place { file, path, state_path, size, inode, has_state });
            }
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(DownloadError::busy(&path));
            }
            Err(error) => return Err(DownloadError::disk(&path, &error)),
        }
    }
    Err(DownloadError::disk(&beside(target, ".part"), &io::ErrorKind::AlreadyExists.into()))
}

struct Found {
    file: File,
    size: u64,
    inode: u64,
    has_state: bool,
}

/// `None` where a file has the name that is not ours. "Would block" is another process at work.
fn attempt(path: &Path, state_path: &Path, light: bool) -> io::Result<Option<Found>> {
    if light && let Ok(file) = options().create_new(true).open(path) {
        // Many small files come in a second, and a name that was free needs no proof.
        lock(&file)?;
        let inode = fstat(&file)?.st_ino;
        return Ok(Some(Found { file, size: 0, inode, has_state: false }));
    }
    let claim = state::claim(state_path)?;
    let file = match lstat(path) {
        Ok(found) => match reopened(path, &found, claim)? {
            Some(file) => file,
            None => return Ok(None),
        },
        Err(Errno::NOENT) if claim == Claim::Foreign => return Ok(None),
        Err(Errno::NOENT) => {
            if claim == Claim::Free && !light {
                File::create_new(state_path)?;
            }
            let made = options().create_new(true).open(path);
            if made.is_err() && claim == Claim::Free && !light {
                let _ = fs::remove_file(state_path);
            }
            let file = made?;
            lock(&file)?;
            file
        }
        Err(error) => return Err(error.into()),
    };
    let (status, has_state) = (fstat(&file)?, claim != Claim::Free || !light);
    let inode = status.st_ino;
    // Another process may have given it its name between the calls above.
    if !lstat(path).is_ok_and(|found| found.st_ino == inode) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    if has_state && claim != Claim::Ours(Some(inode)) {
        state::write_claim(state_path, inode)?;
    }
    Ok(Some(Found { file, size: status.st_size.unsigned_abs(), inode, has_state }))
}

/// The file that an earlier run left, if that is what it is.
fn reopened(path: &Path, found: &Stat, claim: Claim) -> io::Result<Option<File>> {
    let ours = match claim {
        Claim::Ours(Some(inode)) => inode == found.st_ino,
        Claim::Ours(None) => found.st_size == 0,
        Claim::Free | Claim::Foreign => false,
    };
    if !FileType::from_raw_mode(found.st_mode).is_file() || found.st_nlink != 1 {
        return Ok(None);
    }
    if ours {
        let file = options().open(path)?;
        lock(&file)?;
        return Ok(Some(file));
    }
    // Another process may be about to write down that it is its own.
    match File::open(path) {
        Ok(file) => lock(&file).map(|()| None),
        Err(_) => Ok(None),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Nobody may lead us elsewhere with a link in a folder that others can write.
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed();
    options.read(true).write(true).custom_flags(flags);
    options
}

/// A file system that has no locks is used without.
fn lock(file: &File) -> io::Result<()> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

/// `NAME` with more behind it, whatever bytes the name has.
fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
