//! A command for each connection: what the peer sends is its input, its output is sent.
//!
//! The command runs in `sh -c` with `COAX_REMOTE_ADDR`, `COAX_REMOTE_PORT`, `COAX_LOCAL_ADDR`,
//! `COAX_LOCAL_PORT` and `COAX_CONNECTION` in its environment. When its output ends, so does the
//! connection; when the connection ends, the command is asked to end too.

use std::future::Future;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use coax_net::{Address, Descriptor, Ending, Local, OnEof, Stream, cause_in_words, relay};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::failure::{Exit, Failure};
use crate::session::SessionArgs;

/// A command whose connection is over has this long to notice, and as long again to obey SIGTERM.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn run(
    stream: Stream,
    id: u64,
    command: &str,
    session: &SessionArgs,
    stop: impl Future<Output = ()>,
) -> Result<Ending, Failure> {
    let refused = |what: &str, error: &io::Error| {
        let cause = cause_in_words(error);
        Failure::new(Exit::Machine, format!("cannot {what} '{command}': {cause}"))
    };
    let mut child = spawn(&stream, id, command).map_err(|error| refused("run", &error))?;
    let local = pipes(&mut child).map_err(|error| refused("talk to", &error))?;
    let mut endings = session.endings(false);
    // A command that has closed its output has ended, or as good as.
    endings.on_eof = OnEof::Close;
    let ending = relay(local, stream, endings, stop).await;
    end(child).await;
    Ok(ending)
}

fn spawn(stream: &Stream, id: u64, command: &str) -> io::Result<Child> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    for (side, address) in [("REMOTE", stream.peer()), ("LOCAL", stream.local())] {
        let (host, port) = match address {
            Address::Ip(address) => (address.ip().to_string(), address.port().to_string()),
            other => (other.to_string(), String::new()),
        };
        shell.env(format!("COAX_{side}_ADDR"), host).env(format!("COAX_{side}_PORT"), port);
    }
    shell.env("COAX_CONNECTION", id.to_string()).spawn()
}

fn pipes(child: &mut Child) -> io::Result<Local<'static>> {
    let input = child.stdin.take().map(|pipe| pipe.into_owned_fd()).transpose()?;
    let output = child.stdout.take().map(|pipe| pipe.into_owned_fd()).transpose()?;
    Ok(Local {
        source: output.map(Descriptor::new).transpose()?,
        sink: input.map(Descriptor::new).transpose()?,
        ..Local::default()
    })
}

/// Waits for the command, asks it to end, and makes it.
async fn end(mut child: Child) {
    if timeout(PATIENCE, child.wait()).await.is_ok() {
        return;
    }
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
