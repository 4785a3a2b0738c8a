//! Whether a file is still the one that was read.
//!
//! An editor may write a file anew or put another in its place; either shows in its times, its
//! size or its number. A file that is gone has a stamp as well; a pipe has always the same, since
//! it is read once.
//!
//! Nothing here reads what is in it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a file looks like from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Option<[i64; 6]>);

impl Stamp {
    /// Of the file at `path`, as it is now. One system call.
    pub fn of(path: &Path) -> Stamp {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file);
        Stamp(found.map(|found| {
            let (inode, size) = (found.ino().cast_signed(), found.size().cast_signed());
            let changed = [found.ctime(), found.ctime_nsec()];
            [inode, size, found.mtime(), found.mtime_nsec(), changed[0], changed[1]]
        }))
    }
}
