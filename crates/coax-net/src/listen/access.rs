//! Who may use the file of a Unix socket: its mode, owner and group.
//!
//! With a mode, the file is never open to more than that, not for a moment: it is made for its owner
//! alone, given to its owner and group, and opened to them last. It is changed by a descriptor of
//! the file itself, so that nothing else can take its name in between.
//!
//! Nothing here binds a socket.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use coax_addr::Options;
use nix::unistd::{Group, User};
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};

use super::ListenError;
use crate::{Socket, cause_in_words, trace};

/// What was asked for.
#[derive(Debug)]
pub(super) struct Access {
    mode: Option<Mode>,
    owner: Option<Uid>,
    group: Option<Gid>,
}

impl Access {
    /// Looks the names up.
    pub(super) fn wanted(options: &Options) -> Result<Access, ListenError> {
        let user = |name: &str| Ok(User::from_name(name)?.map(|user| user.uid.as_raw()));
        let group = |name: &str| Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()));
        Ok(Access {
            mode: options.mode.map(Mode::from_raw_mode),
            owner: number(options.owner.as_deref(), "user", user)?.map(Uid::from_raw),
            group: number(options.group.as_deref(), "group", group)?.map(Gid::from_raw),
        })
    }

    fn is_nothing(&self) -> bool {
        self.mode.is_none() && self.owner.is_none() && self.group.is_none()
    }

    /// The file that bind makes has the mode of the socket, less the umask (unix(7)).
    pub(super) fn before_bind(&self, socket: &Socket, path: &Path) -> Result<(), ListenError> {
        let Some(mode) = self.mode else { return Ok(()) };
        let closed = mode & Mode::RWXU;
        let args = || format!("{}, {:04o}", trace::number(socket), closed.bits());
        let done = trace::call("fchmod", args, || Ok(rustix::fs::fchmod(socket, closed)?));
        done.map_err(|error| cannot("set the mode of", path, &error))
    }

    /// Gives the file away, then opens it.
    pub(super) fn after_bind(&self, path: &Path) -> Result<(), ListenError> {
        if self.is_nothing() {
            return Ok(());
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty());
        let file = file.map_err(|error| cannot("open", path, &error.into()))?;
        if self.owner.is_some() || self.group.is_some() {
            self.give(&file).map_err(|error| cannot("set the owner or group of", path, &error))?;
        }
        match self.mode {
            Some(mode) => {
                open_to(&file, mode).map_err(|error| cannot("set the mode of", path, &error))
            }
            None => Ok(()),
        }
    }
}

impl Access {
    fn give(&self, file: &OwnedFd) -> io::Result<()> {
        let (owner, group) = (self.owner, self.group);
        let told = |id: Option<u32>| id.map_or("-1".to_owned(), |id| id.to_string());
        let args = || {
            let (owner, group) = (owner.map(Uid::as_raw), group.map(Gid::as_raw));
            format!("{}, {}, {}", trace::number(file), told(owner), told(group))
        };
        trace::call("fchown", args, || {
            Ok(rustix::fs::chownat(file, "", owner, group, AtFlags::EMPTY_PATH)?)
        })
    }
}

/// `chmod` takes no descriptor that only names a file, but its name under `/proc`.
fn open_to(file: &OwnedFd, mode: Mode) -> io::Result<()> {
    let name = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    trace::call(
        "chmod",
        || format!("{name}, {:04o}", mode.bits()),
        || Ok(rustix::fs::chmod(&name, mode)?),
    )
}

/// A number as it stands, or what `look_up` knows of the name.
fn number(
    name: Option<&str>,
    what: &'static str,
    look_up: impl Fn(&str) -> io::Result<Option<u32>>,
) -> Result<Option<u32>, ListenError> {
    let Some(name) = name else { return Ok(None) };
    if let Ok(number) = name.parse() {
        return Ok(Some(number));
    }
    match look_up(name).map_err(ListenError::Machine)? {
        Some(number) => Ok(Some(number)),
        None => Err(ListenError::NoAccount { what, name: name.to_owned() }),
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> ListenError {
    ListenError::File(format!("cannot {what} {}: {}", path.display(), cause_in_words(error)))
}
