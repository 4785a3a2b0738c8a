//! A command for each connection: what the peer sends is its input, its output is sent.
//!
//! The command runs in `sh -c` with `COAX_REMOTE_ADDR`, `COAX_REMOTE_PORT`, `COAX_LOCAL_ADDR`,
//! `COAX_LOCAL_PORT` and `COAX_CONNECTION` in its environment; what it prints as an error goes
//! where ours does. Each direction ends on its own: the end of its output half-closes, and what
//! the peer sends is still its input, until nothing of it reads any longer. When the connection is
//! over, the command is asked to end too, with everything it started.
//!
//! Nothing here knows how many connections there are.

mod group;

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use coax_net::{
    Address, Descriptor, Ending, Endings, Filter, Framing, How, Local, OnReaderLeft, Stream,
    cause_in_words, relay,
};
use tokio::process::Command;
use tokio::time::{Instant, sleep_until};

use crate::failure::{Exit, Failure};
use crate::session::{CommandEnd, SessionArgs, Shown};

use group::Group;

/// A command that was asked to end at the deadline has this long.
const LAST_MOMENT: Duration = Duration::from_millis(50);

/// A socket, the two pipes, and the process itself.
pub(super) const DESCRIPTORS: usize = 4;

pub(super) async fn run(
    stream: Stream,
    id: u64,
    command: &str,
    session: &SessionArgs,
    framing: Framing,
    mut endings: Endings,
    stop: impl Future<Output = ()>,
) -> Result<(Ending, CommandEnd), Failure> {
    let (group, local) = start(&stream, id, command).map_err(|error| {
        let cause = cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot run '{command}': {cause}"))
    })?;
    let mut outward = session.outward(framing);
    let mut inward = session.inward(framing, Shown::AsTheyAre);
    let local = Local {
        outward: outward.as_mut().map(|filter| filter as &mut dyn Filter),
        inward: inward.as_mut().map(|filter| filter as &mut dyn Filter),
        read_size: session.read_size.map(|size| size as usize),
        ..local
    };
    // A command that reads no more, or has ended, breaks nothing: its answer is still on its way.
    endings.on_reader_left = OnReaderLeft::Discard;
    let ending = relay(local, stream, endings, stop).await;
    let late = endings.deadline.map(|deadline| deadline + LAST_MOMENT);
    let finish = tokio::select! {
        finish = group.end(matches!(ending.how, How::Stopped | How::Deadline)) => finish,
        () = until(late) => CommandEnd::Stopped,
    };
    Ok((ending, finish))
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// What a command's end says about a run that served it alone.
pub(super) fn verdict(finish: CommandEnd, command: &str) -> Result<(), Failure> {
    let CommandEnd::Ended(status) = finish else { return Ok(()) };
    let failure = |exit, how: String| Err(Failure::new(exit, format!("'{command}' {how}")));
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        // As shells have it: found and not executable, or not found.
        (Some(code @ (126 | 127)), _) => {
            failure(Exit::Machine, format!("could not be run (status {code})"))
        }
        (Some(code), _) => failure(Exit::No, format!("ended with status {code}")),
        (_, signal) => {
            failure(Exit::No, format!("was killed by signal {}", signal.unwrap_or_default()))
        }
    }
}

fn start(stream: &Stream, id: u64, command: &str) -> io::Result<(Group, Local<'static>)> {
    let (input, to_input) = io::pipe()?;
    let (from_output, output) = io::pipe()?;
    let local = Local {
        source: Some(Descriptor::new(OwnedFd::from(from_output))?),
        sink: Some(Descriptor::new(OwnedFd::from(to_input))?),
        ..Local::default()
    };
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::from(input)).stdout(Stdio::from(output));
    shell.env("COAX_CONNECTION", id.to_string());
    introduce(&mut shell, "REMOTE", stream.peer());
    introduce(&mut shell, "LOCAL", stream.local());
    Ok((Group::spawn(shell)?, local))
}

fn introduce(shell: &mut Command, side: &str, address: &Address) {
    let port = format!("COAX_{side}_PORT");
    match address.port() {
        Some(number) => shell.env(port, number.to_string()),
        // One of ours, if we run below another coax.
        None => shell.env_remove(port),
    };
    let place = address.ip().map_or_else(|| address.to_string(), |ip| ip.to_string());
    shell.env(format!("COAX_{side}_ADDR"), place);
}
