//! The queue, its receipts and its end; forgetting; copies.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::time::Duration;

use coax_store::{
    Entry, Keep, Kind, Options, Page, Progress, Put, Reader, Retention, Search, Slice, Store,
    StoreError, StoreErrorKind, Target,
};
use rusqlite::Connection;

fn entry(number: usize) -> Entry {
    Entry {
        target: Target::channel("#lobby"),
        time: number as i64,
        msgid: format!("m{number}"),
        kind: Kind::Message,
        sender: "ada!ada@host".to_owned(),
        account: None,
        text: format!("word number {number}"),
        tags: Vec::new(),
    }
}

fn numbers(reader: &Reader, channel: &str) -> Vec<i64> {
    let target = Target::channel(channel);
    let page = Page { target, slice: Slice::Latest, limit: usize::MAX, events: true };
    reader.page(&page).unwrap().into_iter().map(|row| row.entry.time).collect()
}

fn sound(file: &Path) {
    let conn = Connection::open(file).unwrap();
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    conn.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", []).unwrap();
}

#[test]
fn a_full_queue_is_said_at_once_and_costs_nobody_else_anything() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options { queue: 2, ..Options::default() }).unwrap();
    let (hold, held) = sync_channel::<()>(0);
    let (tell, told) = channel();
    // The writer waits in the first receipt, so the next two fill the queue.
    store.send(entry(0), move |_| held.recv().unwrap()).unwrap();
    let mut refused = Vec::new();
    let mut taken = Vec::new();
    for number in 1..6 {
        let tell = tell.clone();
        match store.send(entry(number), move |kept| tell.send((number, kept.is_ok())).unwrap()) {
            Ok(()) => taken.push((number, true)),
            Err(error) => refused.push((number, error)),
        }
    }
    drop(tell);
    assert!(refused.len() >= 2, "{refused:?}");
    assert_eq!(refused[0].1.kind(), StoreErrorKind::Busy);
    assert_eq!(refused[0].1.to_string(), "the disk does not keep up: 2 changes wait for it");
    hold.send(()).unwrap();
    // A refused one has no receipt; all others have exactly one.
    assert_eq!(told.iter().collect::<Vec<_>>(), taken);
}

#[test]
fn closing_writes_what_was_queued_and_refuses_what_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    let (tell, told) = channel();
    for number in 0..5000 {
        let tell = tell.clone();
        store.send(entry(number), move |kept| tell.send(kept.is_ok()).unwrap()).unwrap();
    }
    store.close().unwrap();
    assert!(told.try_iter().eq(std::iter::repeat_n(true, 5000)));
    assert_eq!(store.send(entry(1), |_| ()).unwrap_err(), store.apply(entry(1)).unwrap_err());
    assert_eq!(store.apply(entry(1)).unwrap_err().kind(), StoreErrorKind::Closed);
    store.close().unwrap();
    assert!(!folder.path().join("chat.db-wal").exists(), "the log was left");
    let again = Store::open(folder.path(), &Options::default()).unwrap();
    assert!(numbers(again.reader(), "#lobby").into_iter().eq(0..5000));
}

#[test]
fn a_clean_end_is_clean_even_while_somebody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    store.apply(entry(1)).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    assert_eq!(numbers(&reader, "#lobby"), [1]);
    store.close().unwrap();
    let again = Store::open(folder.path(), &Options { check: 0, ..Options::default() }).unwrap();
    assert!(!again.is_unchecked());
    again.apply(entry(2)).unwrap();
    assert_eq!(numbers(&reader, "#lobby"), [1, 2]);
}

#[test]
fn a_receipt_that_panics_harms_nobody_else() {
    let store = Store::in_memory().unwrap();
    store.send(entry(1), |_| panic!("a caller's bug")).unwrap();
    store.apply(entry(2)).unwrap();
    assert_eq!(numbers(store.reader(), "#lobby"), [1, 2]);
}

#[test]
fn a_question_sees_what_was_receipted() {
    let store = Store::in_memory().unwrap();
    for number in 0..200 {
        store.apply(entry(number)).unwrap();
        let search = Search { words: format!("{number} word"), limit: 9, ..Search::default() };
        assert_eq!(store.reader().search(&search).unwrap().len(), 1);
    }
}

#[test]
fn a_shelf_keeps_what_is_put_there() {
    let store = Store::in_memory().unwrap();
    let put = |key: &str, value: Option<&[u8]>| {
        let (shelf, key) = ("bans".to_owned(), key.to_owned());
        store.apply(Put { shelf, key, value: value.map(<[u8]>::to_vec) }).unwrap();
    };
    put("b", Some(b"1"));
    put("a", Some(b"2"));
    put("b", Some(b"3"));
    put("c", Some(b"4"));
    put("c", None);
    let expected = [("a".to_owned(), b"2".to_vec()), ("b".to_owned(), b"3".to_vec())];
    assert_eq!(store.reader().shelf("bans").unwrap(), expected);
    assert_eq!(store.reader().on_shelf("bans", "b").unwrap(), Some(b"3".to_vec()));
    assert_eq!(store.reader().on_shelf("other", "b").unwrap(), None);
}

#[test]
fn age_is_forgotten_by_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    for number in 0..1000 {
        for (offset, channel) in ["#lobby", "#short", "#kept"].into_iter().enumerate() {
            let kind = if number % 3 == 0 { Kind::Join } else { Kind::Message };
            let (target, time) = (Target::channel(channel), number as i64);
            let entry = Entry { target, time, kind, ..entry(number * 10 + offset) };
            store.send(entry, |kept| assert!(kept.is_ok())).unwrap();
        }
    }
    // Behind all of them in the queue.
    store.apply(Put { shelf: String::new(), key: String::new(), value: None }).unwrap();
    let retention = Retention {
        age: Some(Duration::from_millis(500)),
        bytes: None,
        exceptions: vec![
            (Target::channel("#short"), Keep::For(Duration::from_millis(10))),
            (Target::channel("#kept"), Keep::Forever),
        ],
    };
    assert_eq!(store.prune(&retention, 0).unwrap().entries, 0);
    assert_eq!(store.prune(&retention, 1000).unwrap().entries, 500 + 990);
    assert!(numbers(store.reader(), "#lobby").into_iter().eq(500..1000));
    assert!(numbers(store.reader(), "#short").into_iter().eq(990..1000));
    assert!(numbers(store.reader(), "#kept").into_iter().eq(0..1000));
    assert_eq!(store.prune(&retention, 1000).unwrap().entries, 0);
    // A conversation that is gone altogether can begin anew.
    assert_eq!(store.prune(&retention, 9000).unwrap().entries, 510);
    store.apply(entry(100_000)).unwrap();
    assert_eq!(numbers(store.reader(), "#lobby"), [100_000]);
    let search = |words: &str| {
        let search = Search { words: words.to_owned(), limit: 9999, ..Search::default() };
        store.reader().search(&search).unwrap().len()
    };
    assert_eq!(search("word"), 1 + 666);
    store.close().unwrap();
    sound(&folder.path().join("chat.db"));
}

#[test]
fn too_much_goes_oldest_first_and_the_file_gets_smaller() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    let spared = Target::channel("#kept");
    store.apply(Entry { target: spared.clone(), ..entry(0) }).unwrap();
    for number in 1..20_000 {
        let text = format!("{} {}", entry(number).text, "some more to read ".repeat(10));
        while store.send(Entry { text: text.clone(), ..entry(number) }, |_| ()).is_err() {
            std::thread::yield_now();
        }
    }
    store.apply(entry(20_000)).unwrap();
    let before = store.reader().figures().unwrap();
    let bytes = before.used / 2;
    let exceptions = vec![(spared, Keep::Forever)];
    let retention = Retention { age: None, bytes: Some(bytes), exceptions };
    let gone = store.prune(&retention, 0).unwrap().entries;
    let after = store.reader().figures().unwrap();
    assert!(after.used <= bytes, "{after:?} of {before:?}");
    assert!(after.used > bytes / 2, "far too much went: {after:?} of {before:?}");
    assert!(after.free <= (after.used / 10).max(1 << 20) + 4096, "{after:?}");
    let left = numbers(store.reader(), "#lobby");
    assert_eq!(left.len() as u64, 20_000 - gone);
    assert!(left.into_iter().eq(gone as i64 + 1..20_001));
    assert_eq!(numbers(store.reader(), "#kept"), [0]);
    store.close().unwrap();
    let file = folder.path().join("chat.db");
    assert_eq!(std::fs::metadata(&file).unwrap().len(), after.used + after.free);
    sound(&file);
}

#[test]
fn a_backup_is_one_moment_while_writing_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    for number in 0..3000 {
        let text = "x".repeat(4000);
        store.send(Entry { text, ..entry(number) }, |kept| assert!(kept.is_ok())).unwrap();
    }
    store.apply(entry(3000)).unwrap();
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    let (mut steps, mut written) = (0, 3000);
    let progress = |_: Progress| {
        // Something is said between any two steps.
        written += 1;
        store.apply(entry(written)).unwrap();
        steps += 1;
        ControlFlow::Continue(())
    };
    let done = store.reader().backup(&copy.join("chat.db"), progress).unwrap();
    assert_eq!(done, Some(()));
    assert!(steps > 1, "it was one step");
    assert!(numbers(store.reader(), "#lobby").into_iter().eq(0..=written as i64));
    assert_eq!(std::fs::read_dir(&copy).unwrap().count(), 1, "something was left beside it");
    sound(&copy.join("chat.db"));
    let restored = Store::open(&copy, &Options::default()).unwrap();
    assert!(numbers(restored.reader(), "#lobby").into_iter().eq(0..=3000));
}

#[test]
fn a_backup_that_is_called_off_or_in_the_way_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    for number in 0..3000 {
        let text = "x".repeat(4000);
        store.send(Entry { text, ..entry(number) }, |kept| assert!(kept.is_ok())).unwrap();
    }
    store.apply(entry(3000)).unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let done = store.reader().backup(&out.join("a"), |_| ControlFlow::Break(())).unwrap();
    assert_eq!(done, None);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
    let go_on = |_| ControlFlow::Continue(());
    let error = store.reader().backup(&out, go_on).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Exists);
    let error = store.reader().backup(&out.join("none/a"), go_on).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Missing, "{error}");
}

#[test]
fn many_read_and_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { readers: 2, ..Options::default() };
    let store = Store::open(folder.path(), &options).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let seen = numbers(store.reader(), "#lobby");
                    assert!(seen.iter().copied().eq(0..seen.len() as i64));
                    assert!(seen.len() >= last, "something is gone");
                    last = seen.len();
                }
            });
        }
        let written = (0..300).try_for_each(|it| store.apply(entry(it)).map(drop));
        done.store(true, Ordering::Relaxed);
        written.unwrap();
    });
    let error: Result<(), StoreError> = store.close();
    error.unwrap();
}
