//! How soon a chat server greets its first guest: from the start of the program to the welcome.
//!
//! The guest calls as soon as the server says that it listens; the time is that of its welcome, so a
//! server that listens before it can greet gains nothing. With an empty folder the server makes its database, its secret and its
//! certificate; with a kept one it reads them.
//!
//! Nothing here measures what a server does afterwards.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::table::{Cell, Table};
use super::super::{coax, quantile};
use super::folder;

const ROUNDS: usize = 30;
/// How long a server may take at the most.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(show: &mut dyn FnMut(Table)) -> Result<(), String> {
    super::super::prepare()?;
    let (mut empty, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let data = folder();
        let _ = fs::remove_dir_all(&data);
        empty.push(turn(&data)?);
        kept.push(turn(&data)?);
        let _ = fs::remove_dir_all(&data);
    }
    let title = format!("chat: from the start of the server to its first welcome, {ROUNDS} times");
    let mut table = Table::new(title, &["folder", "p50 ms", "p95 ms", "most ms"]);
    for (what, mut times) in [("empty", empty), ("kept", kept)] {
        let mut at = |place| Cell::Number(quantile(&mut times, place), 1);
        table.rows.push(vec![Cell::text(what), at(0.5), at(0.95), at(1.0)]);
    }
    show(table);
    Ok(())
}

/// Milliseconds until the welcome.
fn turn(data: &Path) -> Result<f64, String> {
    let begun = Instant::now();
    let mut server = Command::new(coax());
    server.args(["chat", "serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let quiet = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = quiet.spawn().map_err(|error| format!("coax: {error}"))?;
    let greeted = greeted(&mut server).map_err(|error| format!("coax: {error}"));
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    let _ = server.kill();
    let _ = server.wait();
    greeted.map(|()| took)
}

fn greeted(server: &mut Child) -> io::Result<()> {
    let early = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let said = BufReader::new(server.stderr.take().ok_or_else(early)?).lines();
    let mut said = said.map_while(Result::ok);
    let address = said.find_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()));
    let mut guest = TcpStream::connect(address.ok_or_else(early)?)?;
    guest.set_read_timeout(Some(PATIENCE))?;
    guest.write_all(b"NICK guest\r\nUSER guest 0 * :guest\r\n")?;
    let heard = BufReader::new(guest).lines().map_while(Result::ok);
    let welcome = heard.filter(|line| line.contains(" 001 ")).take(1).count();
    if welcome == 1 { Ok(()) } else { Err(early()) }
}
