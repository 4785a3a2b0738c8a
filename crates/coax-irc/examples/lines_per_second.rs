//! How many lines a second are cut, read and written on one core.
//!
//! `cargo run --release -p coax-irc --example lines_per_second`. Each figure is the best of five runs,
//! since a busy machine only ever makes one slower.
//!
//! A yardstick for changes, not a promise.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use coax_irc::{Framer, Line, LineBudget, Message};

const LINES: usize = 1_000_000;

const PLAIN: &[u8] = b"PRIVMSG #coax :the quick brown fox jumps over the lazy dog, twice";
const TAGGED: &[u8] = b"@time=2026-11-21T15:04:05.678Z;msgid=abc;account=ada \
    :ada!ada@user/ada PRIVMSG #coax :the quick brown fox jumps over the lazy dog, twice";

fn main() {
    measure("parse, plain", || parse(PLAIN));
    measure("parse, tagged", || parse(TAGGED));
    let stream = [PLAIN, b"\r\n"].concat().repeat(LINES);
    measure("cut and parse", || frame(&stream));
    measure("write", write);
}

fn measure(name: &str, mut run: impl FnMut()) {
    let best = (0..5).map(|_| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    });
    let best = best.min().unwrap_or_default();
    println!("{name}: {:.1} M lines/s", LINES as f64 / best.as_secs_f64() / 1e6);
}

fn parse(line: &[u8]) {
    for _ in 0..LINES {
        let message = Message::parse(black_box(line));
        black_box(message.map(|it| it.params.get(1).map(<[u8]>::len)).ok());
    }
}

fn frame(stream: &[u8]) {
    let mut framer = Framer::new(LineBudget::CLIENT);
    for mut chunk in stream.chunks(16 * 1024) {
        while let Some(line) = framer.next(&mut chunk) {
            black_box(
                line.ok().and_then(|line| Message::parse(line).ok()).map(|it| it.params.len()),
            );
        }
    }
}

fn write() {
    let mut out = Vec::with_capacity(512);
    for _ in 0..LINES {
        out.clear();
        let line = Line::new(&mut out).source(black_box(b"ada!ada@user/ada")).command("PRIVMSG");
        line.param(b"#coax").text(black_box(&PLAIN[15..]));
        black_box(&out);
    }
}
