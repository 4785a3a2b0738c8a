//! A server that is killed at any moment keeps its word.
//!
//! The test runs itself again as a child that writes and says which receipts it got; kills it in
//! the middle, two hundred times over the same folder; and looks at what is there.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use coax_store::{Entry, Kind, Options, Reader, Store, StoreErrorKind, Target};
use rusqlite::Connection;

const ROUNDS: usize = 200;
const FOLDER: &str = "COAX_STORE_CRASH";

#[test]
fn what_was_receipted_survives_two_hundred_kills_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut receipted = BTreeMap::new();
    for round in 0..ROUNDS {
        receipted.insert(round, killed_after(folder.path(), round, lines_of(round)));
    }
    assert!(receipted.values().sum::<usize>() > ROUNDS * 20, "hardly anything was written");
    assert_sound(&folder.path().join("chat.db"));
    let mut stored: BTreeMap<usize, usize> = BTreeMap::new();
    for kept in Reader::open(folder.path()).unwrap().export(None) {
        let kept = kept.unwrap();
        let (round, number) = kept.entry.msgid.split_once('-').unwrap();
        let next = stored.entry(round.parse().unwrap()).or_default();
        // Once, in order, without a gap.
        assert_eq!(number.parse::<usize>().unwrap(), *next, "round {round}");
        assert_eq!(kept.entry.text, text(*next));
        *next += 1;
    }
    for (round, receipted) in receipted {
        let stored = stored.get(&round).copied().unwrap_or(0);
        assert!(stored >= receipted, "round {round}: {receipted} receipts, {stored} stored");
    }
}

/// How many lines are awaited before the kill: from none, so that the opening is hit, to many.
fn lines_of(round: usize) -> usize {
    match (round % 5, round % 2) {
        (0, _) => round / 5 % 3,
        (_, 0) => round * 7919 % 31,
        _ => round * 7919 % 1499,
    }
}

/// Starts the child, kills it after so many lines; how many receipts it got, all in order.
fn killed_after(folder: &Path, round: usize, lines: usize) -> usize {
    let mut child = child(folder, round);
    let mut said = BufReader::new(child.stdout.take().unwrap()).split(b'\n').map(Result::unwrap);
    let mut heard: Vec<_> = said.by_ref().take(lines + 1).collect();
    child.kill().unwrap();
    // What it said before it died counts as well; a line it did not finish does not.
    heard.extend(said);
    child.wait().unwrap();
    let receipts = heard.iter().filter_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        line.strip_prefix("kept ")?.strip_suffix('.').map(|it| it.parse::<usize>().unwrap())
    });
    let receipts: Vec<_> = receipts.collect();
    assert!(receipts.iter().copied().eq(0..receipts.len()), "round {round}: {receipts:?}");
    receipts.len()
}

fn child(folder: &Path, round: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "the_child", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env("COAX_STORE_ROUND", round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn text(number: usize) -> String {
    format!("some words of message {number} {}", "and more ".repeat(number % 40))
}

#[test]
#[ignore = "what the crash test kills: it would run for ever"]
fn the_child() {
    let folder = std::env::var_os(FOLDER).expect("the crash test starts this");
    let round: usize = std::env::var("COAX_STORE_ROUND").unwrap().parse().unwrap();
    say("opening");
    let store = Store::open(Path::new(&folder), &Options::default()).unwrap();
    say("open");
    for number in 0.. {
        let entry = Entry {
            target: Target::channel(format!("#{}", number % 7)),
            time: 1_000_000 * round as i64 + number as i64,
            msgid: format!("{round}-{number}"),
            kind: if number % 11 == 0 { Kind::Join } else { Kind::Message },
            sender: "ada!ada@host".to_owned(),
            account: None,
            text: text(number),
            tags: Vec::new(),
        };
        match round % 2 {
            0 => one_by_one(&store, entry, number),
            _ => all_at_once(&store, &entry, number),
        }
    }
}

fn one_by_one(store: &Store, entry: Entry, number: usize) {
    store.apply(entry).unwrap();
    say(&format!("kept {number}."));
}

fn all_at_once(store: &Store, entry: &Entry, number: usize) {
    let receipt = move |kept: Result<_, coax_store::StoreError>| {
        kept.unwrap();
        say(&format!("kept {number}."));
    };
    while let Err(error) = store.send(entry.clone(), receipt) {
        assert_eq!(error.kind(), StoreErrorKind::Busy);
        std::thread::yield_now();
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Every page, every index, and the words of every message.
fn assert_sound(file: &Path) {
    let conn = Connection::open(file).unwrap();
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    conn.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", []).unwrap();
}
