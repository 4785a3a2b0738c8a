//! The standard streams, taken over for one conversation.
//!
//! Each is moved to a descriptor of its own and `/dev/null` takes its place, so that dropping it
//! really closes it: that is how the reader of our stdout learns that nothing more comes.
//!
//! Nothing here knows what is read or written.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use coax_net::{Descriptor, cause_in_words};
use rustix::fs::{Access, OFlags, fcntl_getfl};
use rustix::io::fcntl_dupfd_cloexec;

use crate::failure::{Exit, Failure};

/// Above the three standard descriptors.
const FIRST_FREE: i32 = 3;

pub(crate) fn is_terminal(stream: impl AsFd) -> bool {
    rustix::termios::isatty(stream)
}

pub(crate) fn take_stdin() -> Result<Descriptor, Failure> {
    open_for(
        rustix::stdio::stdin(),
        OFlags::WRONLY,
        "cannot read standard input: it is not open for reading",
    )?;
    taken(rustix::stdio::stdin(), |null| rustix::stdio::dup2_stdin(null))
        .map_err(|error| refused("read standard input", &error))
}

pub(crate) fn take_stdout() -> Result<Descriptor, Failure> {
    writable_stdout()?;
    taken(rustix::stdio::stdout(), |null| rustix::stdio::dup2_stdout(null))
        .map_err(|error| refused("write standard output", &error))
}

/// Standard output, which stays where it is: reports are still to follow.
pub(crate) fn share_stdout() -> Result<Descriptor, Failure> {
    writable_stdout()?;
    fcntl_dupfd_cloexec(rustix::stdio::stdout(), FIRST_FREE)
        .map_err(io::Error::from)
        .and_then(Descriptor::new)
        .map_err(|error| refused("write standard output", &error))
}

/// A file that takes the place of standard output; `-` is standard output itself.
pub(crate) fn open_file(path: &Path) -> Result<Descriptor, Failure> {
    if path == Path::new("-") {
        return share_stdout();
    }
    let opened = OpenOptions::new().write(true).create(true).truncate(true).open(path);
    opened
        .and_then(|file| Descriptor::new(OwnedFd::from(file)))
        .map_err(|error| refused(&format!("write {}", path.display()), &error))
}

/// Whether [`open_file`] will succeed, without making or emptying anything yet.
pub(crate) fn check_file(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let checked = match path.metadata() {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => access(path, Access::WRITE_OK),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            access(folder.unwrap_or(Path::new(".")), Access::WRITE_OK | Access::EXEC_OK)
        }
        Err(error) => Err(error),
    };
    checked.map_err(|error| refused(&format!("write {}", path.display()), &error))
}

fn access(path: &Path, how: Access) -> io::Result<()> {
    Ok(rustix::fs::access(path, how)?)
}

fn writable_stdout() -> Result<(), Failure> {
    let why = "cannot write standard output: it is not open for writing";
    open_for(rustix::stdio::stdout(), OFlags::RDONLY, why)
}

/// A stream that is open the other way alone fails late, and looks as if the peer had: `splice`
/// does not say which end it could not use.
fn open_for(stream: BorrowedFd<'_>, wrong: OFlags, why: &str) -> Result<(), Failure> {
    match fcntl_getfl(stream) {
        Ok(flags) if flags & OFlags::RWMODE == wrong => Err(Failure::new(Exit::Machine, why)),
        _ => Ok(()),
    }
}

fn taken(
    stream: BorrowedFd<'_>,
    replace: impl FnOnce(&OwnedFd) -> rustix::io::Result<()>,
) -> io::Result<Descriptor> {
    let owned = fcntl_dupfd_cloexec(stream, FIRST_FREE)?;
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    replace(&OwnedFd::from(null))?;
    Descriptor::new(owned)
}

fn refused(what: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Machine, format!("cannot {what}: {}", cause_in_words(error)))
}
