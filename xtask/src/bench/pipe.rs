//! 2 GiB over the loopback with a pipe on both sides: `cat FILE | X connect`, `X listen | cat`.
//!
//! The two cats are the same for everyone and not counted; their time is in the clock.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::contender::{COAX, Contender, NC, NCAT, SOCAT, unused_port};
use super::meter::watch;
use super::stream::{Turn, file, finish, report, take_turns};
use super::table::Table;

const SIZE: u64 = 2 << 30;
const ROUNDS: usize = 5;

pub(super) fn run() -> Result<Table, String> {
    let contenders = [COAX, NCAT, NC, SOCAT];
    let path = file()?;
    let turns = take_turns(&contenders, ROUNDS, |contender| turn(contender, &path))?;
    let title = format!("pipe: 2 GiB, cat → loopback → cat, median of {ROUNDS}");
    Ok(report(title, &contenders, &turns, SIZE))
}

fn turn(contender: &Contender, path: &PathBuf) -> Result<Turn, String> {
    let port = unused_port()?;
    let mut drain = cat(Stdio::piped(), Stdio::null())?;
    let into_drain = drain.stdin.take().ok_or("stdin is piped")?;
    let listening = watch(contender.listen(port, into_drain.into())?);
    let input = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let begun = Instant::now();
    let mut source = cat(input.into(), Stdio::piped())?;
    let from_source = source.stdout.take().ok_or("stdout is piped")?;
    let calling = watch(contender.connect(port, from_source.into())?);
    let turn = finish(begun, calling, listening);
    for mut cat in [source, drain] {
        cat.wait().map_err(|error| format!("cat: {error}"))?;
    }
    turn
}

fn cat(stdin: Stdio, stdout: Stdio) -> Result<Child, String> {
    let spawned = Command::new("cat").stdin(stdin).stdout(stdout).spawn();
    spawned.map_err(|error| format!("cat: {error}"))
}
