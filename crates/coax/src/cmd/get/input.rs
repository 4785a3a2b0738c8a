//! Files that flags name: bodies, lists, sums.
//!
//! A file that is not there is a slip of who typed; one that cannot be read is this machine's.
//!
//! Nothing here knows what is in them.

use std::fs;
use std::io::{self, ErrorKind, Read, Stdin};
use std::path::Path;

use coax_net::cause_in_words;
use rustix::event::{PollFd, PollFlags, poll};

use crate::failure::{Exit, Failure};

/// A file, or stdin for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let done = if path == Path::new("-") { read_stdin(&io::stdin()) } else { fs::read(path) };
    done.map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory => Exit::Usage,
            _ => Exit::Machine,
        };
        let cause = cause_in_words(&error);
        Failure::new(exit, format!("cannot read {}: {cause}", path.display()))
    })
}

/// Another program may have made it one that does not wait.
fn read_stdin(stdin: &Stdin) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        match stdin.lock().read_to_end(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(stdin, PollFlags::IN)], None)?;
            }
            done => return done.map(|_| bytes),
        }
    }
}
