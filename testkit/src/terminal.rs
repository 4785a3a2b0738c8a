//! A terminal for a program that thinks a person sits there.
//!
//! The program gets the user side as its controlling terminal, the test holds the other. What is
//! typed is echoed, as on any terminal, so the screen shows both sides of a conversation.
//!
//! Nothing here knows what is shown.

use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

pub(crate) struct Terminal {
    ours: OwnedFd,
    theirs: File,
}

impl Terminal {
    pub(crate) fn open() -> Terminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).expect("the machine has terminals left");
        grantpt(&ours).expect("our own terminal can be granted");
        unlockpt(&ours).expect("our own terminal can be unlocked");
        let name = ptsname(&ours, Vec::new()).expect("a terminal has a name");
        let path = std::ffi::OsStr::from_bytes(name.to_bytes());
        let theirs = OpenOptions::new().read(true).write(true).open(path);
        Terminal { ours, theirs: theirs.expect("our own terminal can be opened") }
    }

    /// `command`, run as the leader of a session that has this terminal.
    pub(crate) fn leading(&self, command: &Command) -> Command {
        let mut leader = Command::new("setsid");
        leader.arg("--ctty").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => leader.env(name, value),
                None => leader.env_remove(name),
            };
        }
        if let Some(path) = command.get_current_dir() {
            leader.current_dir(path);
        }
        leader
    }

    pub(crate) fn user_side(&self) -> Stdio {
        self.theirs.try_clone().expect("a descriptor can be doubled").into()
    }

    pub(crate) fn reader(&self) -> File {
        self.ours.try_clone().expect("a descriptor can be doubled").into()
    }

    pub(crate) fn into_writer(self) -> File {
        self.ours.into()
    }
}
