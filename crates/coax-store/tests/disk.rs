//! Disks that are full, read-only, failing or damaged: a clear line, and nothing lost in silence.
//!
//! Small disks are tmpfs in a mount namespace of the test's own thread.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;

use coax_store::{
    Entry, Kind, Options, Page, Reader, Slice, Store, StoreError, StoreErrorKind, Target,
};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use rusqlite::Connection;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

fn entry(number: usize, bytes: usize) -> Entry {
    Entry {
        target: Target::channel("#lobby"),
        time: number as i64,
        msgid: format!("m{number}"),
        kind: Kind::Message,
        sender: "ada!ada@host".to_owned(),
        account: None,
        text: format!("word{} ", number).repeat(bytes / 8),
        tags: Vec::new(),
    }
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &Options::default())
}

fn refusal(folder: &Path) -> StoreError {
    open(folder).expect_err("this must not be opened")
}

fn ids(reader: &Reader) -> Vec<String> {
    let target = Target::channel("#lobby");
    let page = Page { target, slice: Slice::Latest, limit: 100_000, events: true };
    reader.page(&page).unwrap().into_iter().map(|row| row.entry.msgid).collect()
}

/// A small disk that only this thread sees, and the threads it starts.
struct Disk {
    at: TempDir,
}

impl Disk {
    fn or_skip(size: &str) -> Option<Disk> {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNS) {
            let test = std::env::args().next().unwrap_or_default();
            testkit::skip(&format!("a disk of one's own needs root ({error}): sudo {test}"));
            return None;
        }
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        let at = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let flags = MsFlags::empty();
        mount(Some("coax"), at.path(), Some("tmpfs"), flags, Some(&*options)).unwrap();
        Some(Disk { at })
    }

    fn path(&self) -> &Path {
        self.at.path()
    }

    fn turn_read_only(&self) {
        let (none, flags) = (None::<&str>, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY);
        mount(none, self.path(), none, flags, none).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = umount2(self.at.path(), MntFlags::MNT_DETACH);
    }
}

#[test]
fn a_full_disk_is_told_to_everybody_and_writing_goes_on_when_it_is_not() {
    let Some(disk) = Disk::or_skip("4m") else { return };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let store = open(&disk.path().join("data")).unwrap();
    let (mut kept, mut number) = (Vec::new(), 0);
    let error = loop {
        match store.apply(entry(number, 8000)) {
            Ok(_) => kept.push(format!("m{number}")),
            Err(error) => break error,
        }
        number += 1;
        assert!(number < 1000, "4 MiB are never full");
    };
    assert_eq!(error.kind(), StoreErrorKind::DiskFull);
    assert!(error.to_string().ends_with("chat.db: the disk is full"), "{error}");
    assert!(error.advice().unwrap().starts_with("free some space"));
    assert!(kept.len() > 20, "only {} were kept", kept.len());
    // All of a batch are told, and what was kept can be read.
    let (tell, told) = channel();
    for more in 5000..5050 {
        let tell = tell.clone();
        let receipt =
            move |kept: Result<_, StoreError>| tell.send(kept.map_err(|it| it.kind())).unwrap();
        store.send(entry(more, 8000), receipt).unwrap();
    }
    drop(tell);
    let told: Vec<_> = told.iter().collect();
    assert_eq!(told.len(), 50);
    let late = told.iter().filter(|it| it.is_ok()).count();
    assert!(told.iter().all(|it| it.is_ok() || *it == Err(StoreErrorKind::DiskFull)), "{told:?}");
    assert_eq!(ids(store.reader()).len(), kept.len() + late);
    fs::remove_file(ballast).unwrap();
    store.apply(entry(9000, 8000)).unwrap();
    assert_eq!(&ids(store.reader())[..kept.len()], kept);
    store.close().unwrap();
    let reader = Reader::open(&disk.path().join("data")).unwrap();
    reader.check().unwrap();
    assert_eq!(ids(&reader).last().unwrap(), "m9000");
}

#[test]
fn a_full_disk_at_the_first_start_is_said() {
    let Some(disk) = Disk::or_skip("64k") else { return };
    let _ = fs::write(disk.path().join("ballast"), vec![1; 1 << 20]);
    let error = refusal(&disk.path().join("data"));
    assert_eq!(error.kind(), StoreErrorKind::DiskFull, "{error}");
    // And once there is room, nothing of it is in the way.
    fs::remove_file(disk.path().join("ballast")).unwrap();
    let _ = mount(None::<&str>, disk.path(), None::<&str>, MsFlags::MS_REMOUNT, Some("size=8m"));
    open(&disk.path().join("data")).unwrap().apply(entry(1, 10)).unwrap();
}

#[test]
fn a_read_only_disk_is_refused_with_its_name() {
    let Some(disk) = Disk::or_skip("4m") else { return };
    let folder = disk.path().join("data");
    open(&folder).unwrap().close().unwrap();
    disk.turn_read_only();
    let error = refusal(&folder);
    assert_eq!(error.kind(), StoreErrorKind::ReadOnly);
    let expected = format!("cannot write to {}/lock: the disk is read-only", folder.display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_copy_on_a_read_only_disk_is_read_as_it_lies() {
    let Some(disk) = Disk::or_skip("4m") else { return };
    // What a URI would take for something else.
    let folder = disk.path().join("50% of #1?");
    let store = open(&folder).unwrap();
    store.apply(entry(1, 10)).unwrap();
    store.close().unwrap();
    disk.turn_read_only();
    assert_eq!(ids(&Reader::open(&folder).unwrap()), ["m1"]);
}

#[test]
fn a_log_on_a_read_only_disk_is_not_passed_over() {
    let Some(disk) = Disk::or_skip("4m") else { return };
    let folder = disk.path().join("data");
    let store = open(&folder).unwrap();
    store.apply(entry(1, 10)).unwrap();
    let killed = disk.path().join("killed");
    fs::create_dir(&killed).unwrap();
    for name in ["chat.db", "chat.db-wal"] {
        fs::copy(folder.join(name), killed.join(name)).unwrap();
    }
    store.close().unwrap();
    disk.turn_read_only();
    let error = Reader::open(&killed).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Disk, "{error}");
}

#[test]
fn a_disk_that_fails_is_told_and_writing_goes_on_when_it_does_not() {
    // A limit on the size of files makes writes fail as a disk does. The signal that comes with it
    // must be ignored from the start, which only a shell can do here.
    let test = std::env::current_exe().unwrap();
    let line = "trap '' XFSZ; exec \"$0\" --ignored --exact on_a_disk_that_fails --nocapture";
    let run = Command::new("sh").args(["-c", line]).arg(test).output().unwrap();
    assert!(run.status.success(), "{run:#?}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("1 passed"), "{run:#?}");
}

#[test]
#[ignore = "run by the test above, with a signal ignored"]
fn on_a_disk_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.apply(entry(0, 10)).unwrap();
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(300_000), maximum }).unwrap();
    let mut kept = vec!["m0".to_owned()];
    let error = (1..1000)
        .find_map(|number| match store.apply(entry(number, 4000)) {
            Ok(_) => {
                kept.push(format!("m{number}"));
                None
            }
            Err(error) => Some(error),
        })
        .unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Disk, "{error}");
    assert!(error.to_string().ends_with("chat.db: the disk reports an error"), "{error}");
    assert_eq!(ids(store.reader()), kept);
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    store.apply(entry(2000, 4000)).unwrap();
    kept.push("m2000".to_owned());
    store.close().unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    reader.check().unwrap();
    assert_eq!(ids(&reader), kept);
}

/// A store with some messages, closed.
fn closed(folder: &Path) -> PathBuf {
    let store = open(folder).unwrap();
    for number in 0..300 {
        store.apply(entry(number, 400)).unwrap();
    }
    store.close().unwrap();
    folder.join("chat.db")
}

#[test]
fn a_damaged_beginning_or_end_is_found_at_once() {
    type Damage = fn(&Path);
    let damages: [(Damage, &str); 3] = [
        (
            |file| {
                OpenOptions::new().write(true).open(file).unwrap().write_all_at(b"???", 0).unwrap()
            },
            "its beginning is not that of a database",
        ),
        (
            |file| OpenOptions::new().write(true).open(file).unwrap().set_len(50_000).unwrap(),
            "it is shorter than it says",
        ),
        (
            |file| OpenOptions::new().write(true).open(file).unwrap().set_len(50).unwrap(),
            "it ends within its header",
        ),
    ];
    for (damage, what) in damages {
        let folder = tempfile::tempdir().unwrap();
        let file = closed(folder.path());
        damage(&file);
        let before = fs::read(&file).unwrap();
        let error = refusal(folder.path());
        assert_eq!(error.kind(), StoreErrorKind::Damaged);
        assert_eq!(error.to_string(), format!("{} is damaged: {what}", file.display()));
        assert!(error.advice().unwrap().contains("backup"));
        assert!(fs::read(&file).unwrap() == before, "a damaged file was written to");
    }
}

fn scribble(file: &Path) {
    let out = OpenOptions::new().write(true).open(file).unwrap();
    let pages = out.metadata().unwrap().len() / 4096;
    for page in pages / 2..pages {
        out.write_all_at(&[0x5a; 2000], page * 4096 + 8).unwrap();
    }
}

#[test]
fn damage_within_is_found_by_the_check() {
    let folder = tempfile::tempdir().unwrap();
    scribble(&closed(folder.path()));
    let store = open(folder.path()).unwrap();
    assert_eq!(store.reader().check().unwrap_err().kind(), StoreErrorKind::Damaged);
    assert!(!store.is_unchecked());
}

#[test]
fn after_a_crash_the_check_comes_before_the_start() {
    let (folder, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    closed(folder.path());
    let store = open(folder.path()).unwrap();
    store.apply(entry(1000, 10)).unwrap();
    // What a killed server leaves behind: the log next to the file.
    for name in ["chat.db", "chat.db-wal"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let large = Options { check: 1000, ..Options::default() };
    let unchecked = Store::open(crashed.path(), &large).unwrap();
    assert!(unchecked.is_unchecked());
    assert_eq!(ids(unchecked.reader()).len(), 301);
    drop(unchecked);
    for name in ["chat.db", "chat.db-wal"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    scribble(&crashed.path().join("chat.db"));
    assert_eq!(refusal(crashed.path()).kind(), StoreErrorKind::Damaged);
}

#[test]
fn whoever_was_killed_while_it_wrote_the_log_back_starts_again() {
    let (folder, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(folder.path()).unwrap();
    // Somebody who reads keeps what comes from being written back.
    let reading = Connection::open(folder.path().join("chat.db")).unwrap();
    reading.execute_batch("BEGIN; SELECT count(*) FROM message").unwrap();
    for number in 0..300 {
        store.apply(entry(number, 400)).unwrap();
    }
    for name in ["chat.db", "chat.db-wal"] {
        fs::copy(folder.path().join(name), killed.path().join(name)).unwrap();
    }
    drop(reading);
    store.close().unwrap();
    // The first page is written back first, and says how long the file is going to be.
    let whole = fs::read(folder.path().join("chat.db")).unwrap();
    let file = OpenOptions::new().write(true).open(killed.path().join("chat.db")).unwrap();
    assert!(file.metadata().unwrap().len() < whole.len() as u64, "nothing is left to write back");
    file.write_all_at(&whole[..4096], 0).unwrap();
    let store = open(killed.path()).unwrap();
    assert_eq!(ids(store.reader()).len(), 300);
    store.reader().check().unwrap();
}

#[test]
fn a_newer_file_and_a_foreign_one_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = closed(folder.path());
    let conn = Connection::open(&file).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let line =
        format!("{} was written by a newer version (schema 99, this one knows 3)", file.display());
    for error in [refusal(folder.path()), Reader::open(folder.path()).unwrap_err()] {
        assert_eq!((error.kind(), error.to_string()), (StoreErrorKind::Newer, line.clone()));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE bookmarks(url)").unwrap();
    let error = refusal(folder.path());
    assert_eq!(error.kind(), StoreErrorKind::Foreign);
    assert_eq!(error.to_string(), format!("{} is a database of another program", file.display()));
}

#[test]
fn a_second_server_is_refused_and_told_by_whom() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let error = refusal(folder.path());
    assert_eq!(error.kind(), StoreErrorKind::InUse);
    let process = std::process::id();
    let expected =
        format!("{} is used by another server (process {process})", folder.path().display());
    assert_eq!(error.to_string(), expected);
    // Reading needs no lock.
    store.apply(entry(1, 10)).unwrap();
    assert_eq!(ids(&Reader::open(folder.path()).unwrap()), ["m1"]);
    store.close().unwrap();
    open(folder.path()).unwrap();
}

#[test]
fn a_folder_without_history_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = Reader::open(folder.path()).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Missing);
    assert_eq!(error.to_string(), format!("{} holds no history", folder.path().display()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it was made by reading");
}

#[test]
fn nobody_else_may_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let store = open(&data).unwrap();
    store.apply(entry(1, 10)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for name in ["lock", "chat.db", "chat.db-wal", "chat.db-shm"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
}
