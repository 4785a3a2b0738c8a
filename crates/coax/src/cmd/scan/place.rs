//! A file that is replaced whole.
//!
//! It is written under another name beside its place, put on the disk, then renamed, so whoever
//! reads it sees the old one or the new one, even after the power failed. What cannot be renamed
//! over, such as /dev/stdout, is written as it is.
//!
//! Nothing here knows what is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};

/// Where a file goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// As it was typed.
    shown: String,
    /// The file itself, links followed.
    path: PathBuf,
    /// Beside it, for as long as it is being written. `None` where it cannot be replaced.
    beside: Option<PathBuf>,
}

impl Place {
    /// The place at `path`, which `flag` named. Nothing is written, but it could be.
    pub(super) fn new(flag: &str, path: &Path) -> Result<Place, Failure> {
        let shown = path.display().to_string();
        if path == Path::new("-") {
            let message = format!("{flag} writes a file, and '-' is none");
            return Err(Failure::new(Exit::Usage, message).hint(format!("{flag} /dev/stdout")));
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let place = match fs::metadata(&path) {
            Ok(there) if there.is_dir() => {
                return Err(refused(&shown, &rustix::io::Errno::ISDIR.into()));
            }
            Ok(there) if !there.is_file() => Place { shown, path, beside: None },
            _ => Place { shown, beside: Some(beside(&path)), path },
        };
        place.try_out().map_err(|error| refused(&place.shown, &error))?;
        Ok(place)
    }

    /// Whether it can be written more than once.
    pub(super) fn can_be_replaced(&self) -> bool {
        self.beside.is_some()
    }

    fn try_out(&self) -> io::Result<()> {
        let Some(beside) = &self.beside else { return Ok(()) };
        File::create(beside)?;
        fs::remove_file(beside)
    }

    /// Writes the file anew.
    pub(super) fn write(
        &self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let written = match &self.beside {
            Some(beside) => self.replace(beside, content).inspect_err(|_| {
                let _ = fs::remove_file(beside);
            }),
            None => {
                let file = OpenOptions::new().write(true).open(&self.path);
                file.and_then(|file| fill(file, content)).map(drop)
            }
        };
        match written {
            // A reader that has enough is no fault.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| refused(&self.shown, &error)),
        }
    }

    fn replace(
        &self,
        beside: &Path,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let file = File::create(beside)?;
        if let Ok(there) = fs::metadata(&self.path) {
            file.set_permissions(there.permissions())?;
        }
        fill(file, content)?.sync_all()?;
        fs::rename(beside, &self.path)?;
        // Not every file system can; then it has to be enough that the file itself is there.
        let folder = beside.parent().filter(|folder| !folder.as_os_str().is_empty());
        let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

fn fill(file: File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut to = BufWriter::with_capacity(1 << 16, file);
    content(&mut to)?;
    Ok(to.into_inner()?)
}

/// The process's number keeps two scans into one file apart: the last one wins, whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// A path that can never be a file is a slip; the rest is this machine's refusal.
fn refused(shown: &str, error: &io::Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => Exit::Usage,
        ErrorKind::InvalidFilename | ErrorKind::InvalidInput => Exit::Usage,
        _ => Exit::Machine,
    };
    Failure::new(exit, format!("cannot write {shown}: {}", coax_net::cause_in_words(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.xml");
        let place = Place::new("--xml", &path).unwrap();
        assert!(!path.exists());
        place.write(|to| to.write_all(b"first")).unwrap();
        let broken = place.write(|to| {
            to.write_all(b"sec")?;
            Err(rustix::io::Errno::NOSPC.into())
        });
        let failure = broken.unwrap_err();
        assert_eq!(failure.exit, Exit::Machine);
        assert!(failure.message.contains("no space left on"), "{}", failure.message);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link_and_a_mode_stays_as_it_was() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        Place::new("--grep", &link).unwrap().write(|to| to.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_can_never_be_a_file_is_a_slip() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("no/such"), PathBuf::from("-")] {
            assert_eq!(Place::new("--xml", &path).unwrap_err().exit, Exit::Usage, "{path:?}");
        }
    }
}
