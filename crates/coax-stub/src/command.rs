//! A reply that a command prints.
//!
//! `/bin/sh` runs it with the request as its input and what a regular expression captured as `$1`,
//! `$2` and on; `COAX_REMOTE_ADDR`, `COAX_REMOTE_PORT` and `COAX_CONNECTION` say whom it serves.
//! It has a time limit, and what it started is killed with it. What it prints as an error goes
//! where ours does.
//!
//! Nothing here knows when a command is wanted.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use coax_net::{Address, MESSAGE_LIMIT};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command as Process};
use tokio::time::timeout;

use crate::reply::Command;

/// Whom and what a command serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a [u8],
    pub(crate) captures: &'a [Vec<u8>],
    pub(crate) peer: &'a Address,
    pub(crate) connection: Option<u64>,
}

/// What the command prints. An error says why there is nothing to send.
pub(crate) async fn run(command: &Command, asked: Asked<'_>) -> io::Result<Vec<u8>> {
    let mut group = Group::spawn(process(command, asked))?;
    match timeout(command.limit, group.talk(asked.request)).await {
        Ok(printed) => printed,
        Err(_) => Err(io::Error::other(format!("not done within {:?}", command.limit))),
    }
}

fn process(command: &Command, asked: Asked<'_>) -> Process {
    let mut shell = Process::new("/bin/sh");
    shell.arg("-c").arg(&command.line).arg("coax");
    shell.args(asked.captures.iter().map(|capture| OsStr::from_bytes(capture)));
    let Asked { peer, connection, .. } = asked;
    let place = peer.ip().map_or_else(|| peer.to_string(), |ip| ip.to_string());
    shell.env("COAX_REMOTE_ADDR", place);
    shell.env("COAX_REMOTE_PORT", peer.port().map(|port| port.to_string()).unwrap_or_default());
    let number = connection.map(|number| number.to_string()).unwrap_or_default();
    shell.env("COAX_CONNECTION", number);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped());
    shell
}

/// A command and what it started, in a process group; dropped, all of it is killed.
struct Group {
    leader: Child,
    id: Option<Pid>,
}

impl Group {
    fn spawn(mut shell: Process) -> io::Result<Group> {
        let leader = shell.process_group(0).kill_on_drop(true).spawn()?;
        let id = leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Group { leader, id })
    }

    async fn talk(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let (mut printed, limit) = (Vec::new(), MESSAGE_LIMIT as u64);
        let (input, output) = (self.leader.stdin.take(), self.leader.stdout.take());
        let tell = async {
            // A command need not read what it is asked.
            if let Some(mut input) = input {
                let _ = input.write_all(request).await;
            }
        };
        let hear = async {
            match output {
                Some(output) => output.take(limit + 1).read_to_end(&mut printed).await,
                None => Ok(0),
            }
        };
        let ((), heard) = tokio::join!(tell, hear);
        heard?;
        if printed.len() as u64 > limit {
            return Err(io::Error::other(format!("it printed more than {limit} bytes")));
        }
        self.leader.wait().await?;
        Ok(printed)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What has ended leaves a group that may still hold what it started.
        if let Some(id) = self.id {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
