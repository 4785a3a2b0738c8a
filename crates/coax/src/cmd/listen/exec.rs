//! A command for each connection: what the peer sends is its input, its output is sent.
//!
//! The command runs in `sh -c` with `COAX_REMOTE_ADDR`, `COAX_REMOTE_PORT`, `COAX_LOCAL_ADDR`,
//! `COAX_LOCAL_PORT` and `COAX_CONNECTION` in its environment; what it prints as an error goes
//! where ours does. When its output ends, so does the connection; when the connection ends, the
//! command is asked to end too, with everything it started.
//!
//! Nothing here knows how many connections there are.

mod group;

use std::future::Future;
use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use coax_net::{
    Address, Descriptor, Ending, Endings, Filter, Framing, How, Local, OnEof, Stream,
    cause_in_words, relay,
};
use tokio::process::Command;

use crate::failure::{Exit, Failure};
use crate::session::{SessionArgs, Shown};

use group::Group;

/// A socket, the two pipes, the end that holds one of them open, and the process itself.
pub(super) const DESCRIPTORS: usize = 5;

/// What the command reads and writes.
struct Pipes {
    local: Local<'static>,
    /// While it is open, a command that has closed its input, or has ended, breaks nothing: what
    /// the peer still says is for nobody, and the answer is still on its way.
    _held: PipeReader,
}

pub(super) async fn run(
    stream: Stream,
    id: u64,
    command: &str,
    session: &SessionArgs,
    framing: Framing,
    mut endings: Endings,
    stop: impl Future<Output = ()>,
) -> Result<Ending, Failure> {
    let (group, pipes) = start(&stream, id, command).map_err(|error| {
        let cause = cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot run '{command}': {cause}"))
    })?;
    let mut outward = session.outward(framing);
    let mut inward = session.inward(framing, Shown::AsTheyAre);
    let local = Local {
        outward: outward.as_mut().map(|filter| filter as &mut dyn Filter),
        inward: inward.as_mut().map(|filter| filter as &mut dyn Filter),
        ..pipes.local
    };
    // A command that has closed its output has ended, or as good as.
    endings.on_eof = OnEof::Close;
    let ending = relay(local, stream, endings, stop).await;
    group.end(matches!(ending.how, How::Stopped)).await;
    Ok(ending)
}

fn start(stream: &Stream, id: u64, command: &str) -> io::Result<(Group, Pipes)> {
    let (input, to_input) = io::pipe()?;
    let (from_output, output) = io::pipe()?;
    let held = input.try_clone()?;
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
    Ok((Group::spawn(shell)?, Pipes { local, _held: held }))
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
