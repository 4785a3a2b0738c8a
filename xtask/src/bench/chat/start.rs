//! How soon a chat server greets its first guest: from the start of the program to the welcome.
//!
//! The guest calls again and again until somebody answers, so a server that listens before it can
//! greet gains nothing. With an empty folder the server makes its database, its secret and its
//! certificate; with a kept one it reads them.
//!
//! Nothing here measures what a server does afterwards.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::contender::unused_port;
use super::super::table::{Cell, Table};
use super::super::{coax, quantile};
use super::folder;

const ROUNDS: usize = 30;
/// How long a server may take at the most.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two calls of the guest.
const AGAIN: Duration = Duration::from_micros(200);

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
    let port = unused_port()?;
    let begun = Instant::now();
    let mut server = Command::new(coax());
    server.args(["chat", "serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
    let quiet = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut server = quiet.spawn().map_err(|error| format!("coax: {error}"))?;
    let greeted = greeted(&mut server, port, begun).map_err(|error| format!("coax: {error}"));
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    let _ = server.kill();
    let _ = server.wait();
    greeted.map(|()| took)
}

fn greeted(server: &mut Child, port: u16, begun: Instant) -> io::Result<()> {
    let mut guest = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(guest) => break guest,
            Err(error) if begun.elapsed() > PATIENCE || server.try_wait()?.is_some() => {
                return Err(error);
            }
            Err(_) => sleep(AGAIN),
        }
    };
    guest.set_read_timeout(Some(PATIENCE))?;
    guest.write_all(b"NICK guest\r\nUSER guest 0 * :guest\r\n")?;
    let welcome =
        BufReader::new(guest).lines().map_while(Result::ok).find(|it| it.contains(" 001 "));
    welcome.map(drop).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
