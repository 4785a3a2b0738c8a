//! A crowd in one channel of any IRC server: how fast what some say reaches all.
//!
//! `cargo run --release -p coax-chat --example crowd -- PORT MEMBERS TALKERS OUTSTANDING SECONDS [PID]`
//!
//! Closed loop: so many lines of each talker are on their way at once. With the server's PID, the CPU it took for each delivery is told as well. With no
//! talkers, everyone sits there, in no channel.

#![allow(clippy::print_stdout, reason = "a tool for people at a terminal")]
#![allow(clippy::disallowed_methods, reason = "a load is no part of what is measured")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a tool that ends when anything fails")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::{LocalSet, spawn_local};

#[derive(Default)]
struct Count {
    joined: Cell<u64>,
    lines: Cell<u64>,
}

/// What the command line asks for.
struct Load {
    port: u16,
    members: u64,
    talkers: u64,
    outstanding: u64,
    seconds: u64,
    server: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    let number = |at: usize| words[at].parse::<u64>().expect("a number");
    let load = Load {
        port: u16::try_from(number(0)).expect("a port"),
        members: number(1),
        talkers: number(2),
        outstanding: number(3),
        seconds: number(4),
        server: words.get(5).cloned(),
    };
    LocalSet::new().run_until(crowd(load)).await;
}

async fn crowd(load: Load) {
    let count = Rc::new(Count::default());
    let before = load.server.as_deref().map(resident);
    let mut talkers = gather(&load, &count).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    if let (Some(server), Some(before)) = (&load.server, before) {
        let bytes = resident(server).saturating_sub(before) * 1024 / load.members;
        println!("{bytes} bytes of memory each");
    }
    if load.talkers > 0 {
        talk(&load, &count, &mut talkers).await;
    }
}

/// Everyone joins; those who will talk give back their way to do it.
async fn gather(load: &Load, count: &Rc<Count>) -> Vec<OwnedWriteHalf> {
    let started = Instant::now();
    let mut talkers = Vec::new();
    for at in 0..load.members {
        let stream = TcpStream::connect(("127.0.0.1", load.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (reading, mut writing) = stream.into_split();
        let join = if load.talkers > 0 { "JOIN #crowd\r\n" } else { "NAMES #crowd\r\n" };
        let hello = format!("NICK n{at}\r\nUSER u 0 * :r\r\n{join}");
        writing.write_all(hello.as_bytes()).await.unwrap();
        spawn_local(listen(reading, count.clone()));
        talkers.push(writing);
        // A backlog is not endless.
        while count.joined.get() + 200 < at {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    while count.joined.get() < load.members {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("{} joined in {:?}", load.members, started.elapsed());
    talkers
}

async fn talk(load: &Load, count: &Count, talkers: &mut [OwnedWriteHalf]) {
    let line = format!("PRIVMSG #crowd :{:>60}\r\n", "talk");
    let (from, cpu) = (count.lines.get(), load.server.as_deref().map(cpu_ticks));
    let (began, each) = (Instant::now(), load.members - 1);
    let mut said = 0;
    while began.elapsed() < Duration::from_secs(load.seconds) {
        let arrived = count.lines.get() - from;
        while said * each < arrived + load.talkers * load.outstanding * each {
            let talker = usize::try_from(said % load.talkers).unwrap();
            talkers[talker].write_all(line.as_bytes()).await.unwrap();
            said += 1;
        }
        tokio::task::yield_now().await;
    }
    let lines = count.lines.get() - from;
    let rate = lines as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} deliveries a second");
    if let (Some(server), Some(cpu)) = (&load.server, cpu) {
        let micros = (cpu_ticks(server) - cpu) as f64 * 10_000.0;
        println!("{:.2} microseconds of the server's time each", micros / lines as f64);
    }
}

async fn listen(mut reading: OwnedReadHalf, count: Rc<Count>) {
    let mut buffer = vec![0; 16 << 10];
    let mut joined = false;
    loop {
        let length = reading.read(&mut buffer).await.unwrap();
        assert!(length > 0, "a member was dropped");
        let text = &buffer[..length];
        if !joined && text.windows(5).any(|it| it == b" 366 ") {
            joined = true;
            count.joined.set(count.joined.get() + 1);
        }
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        count.lines.set(count.lines.get() + lines as u64);
    }
}

fn resident(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn cpu_ticks(pid: &str) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().collect::<Vec<_>>();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
