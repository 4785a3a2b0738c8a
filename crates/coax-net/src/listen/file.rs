//! The file that a bound Unix socket leaves in the file system.
//!
//! It is removed when its [`SocketFile`] is dropped, if it is still the one we made. A file whose
//! server is dead is recognised by asking, in a way that a living server does not notice. Anything
//! that is not a socket is never touched.
//!
//! Nothing here binds a socket.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use coax_addr::{Options, UnixName};

use super::ListenError;
use super::access::Access;
use crate::{Address, ConnectOutcome, Family, Kind, Socket, SocketErrorKind};

/// A socket file of ours; dropping it removes it.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode: another server may have taken the path over.
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile { path: path.to_owned(), identity: identity(path)? })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// A socket bound to `name`, replacing a file that nobody serves any more.
pub(super) fn bind(
    kind: Kind,
    name: &UnixName,
    options: &Options,
) -> Result<(Socket, Option<SocketFile>), ListenError> {
    let address = Address::Unix(name.clone());
    let socket = Socket::new(Family::Unix, kind, None)?;
    let UnixName::Path(path) = name else {
        socket.bind(&address)?;
        return Ok((socket, None));
    };
    let access = Access::wanted(options)?;
    access.before_bind(&socket, path)?;
    if let Err(error) = socket.bind(&address) {
        if error.kind() != SocketErrorKind::AddressInUse {
            return Err(error.into());
        }
        remove_stale(path)?;
        socket.bind(&address)?;
    }
    let file = SocketFile::of(path).ok();
    access.after_bind(path)?;
    Ok((socket, file))
}

/// Removes the file at `path` if it is a socket that nobody serves.
///
/// The asker is a datagram socket whatever the server is: a stream server would take a connection
/// of its own kind for a client, and one that waits for a single client would have had it. Another
/// kind is told so (EPROTOTYPE), a datagram server hears nothing, and a dead file refuses all.
fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let found = fs::symlink_metadata(path).map_err(ListenError::Machine)?;
    if !found.file_type().is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    let asker = Socket::new(Family::Unix, Kind::Dgram, None)?;
    asker.set_nonblocking(true)?;
    let address = Address::Unix(UnixName::Path(path.to_owned()));
    match asker.try_connect(&address) {
        ConnectOutcome::Failed(error) if error.kind() == SocketErrorKind::Refused => {
            fs::remove_file(path).map_err(ListenError::Machine)
        }
        // Served, or not ours to judge: binding again says that it is in use.
        _ => Ok(()),
    }
}
