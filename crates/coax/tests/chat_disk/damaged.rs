//! A file that is not what was written: what can be seen at the start is refused, and the rest is told
//! while the talk goes on.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use testkit::Program;

use crate::scene::{Person, Server, refused, talked, words};

#[test]
fn a_file_with_a_damaged_beginning_or_end_is_refused_and_left_alone() {
    type Damage = fn(&fs::File);
    let damages: [(Damage, &str); 4] = [
        (|file| file.write_all_at(b"???", 0).unwrap(), "its beginning is not that of a database"),
        (|file| file.write_all_at(&[0x5a; 200], 100).unwrap(), "its pages contradict"),
        (
            |file| file.set_len(file.metadata().unwrap().len() / 2).unwrap(),
            "it is shorter than it says",
        ),
        (|file| file.set_len(50).unwrap(), "it ends within its header"),
    ];
    let place = tempfile::tempdir().unwrap();
    let file = talked(&place.path().join("data"), 50);
    let whole = fs::read(&file).unwrap();
    for (damage, what) in damages {
        fs::write(&file, &whole).unwrap();
        damage(&OpenOptions::new().write(true).open(&file).unwrap());
        let damaged = fs::read(&file).unwrap();
        let line = format!("{} is damaged: {what}", file.display());
        refused(file.parent().unwrap(), &line, "move the file away together with its -wal");
        assert!(fs::read(&file).unwrap() == damaged, "a damaged file was written to");
    }
    fs::write(&file, &whole).unwrap();
    let server = Server::start(file.parent().unwrap(), "disk");
    assert_eq!(Person::join(&server, "eve").history().len(), 50);
}

/// Flips bytes in every third page of the second half.
fn scribble(file: &Path) {
    let out = OpenOptions::new().write(true).open(file).unwrap();
    let pages = out.metadata().unwrap().len() / 4096;
    for page in (pages / 2..pages).step_by(3) {
        for place in [0, 3, 9, 100, 2000] {
            out.write_all_at(&[0xa5; 7], page * 4096 + place).unwrap();
        }
    }
}

#[test]
fn damage_within_is_found_while_the_talk_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    scribble(&talked(&data, 300));
    let server = Server::start(&data, "memory");
    let told = server.running.expect_part("the history cannot be read: ");
    assert!(told.contains("chat.db is damaged: ") && !told.contains("***"), "{told}");
    server.running.expect_err("hint: move the file away together with its -wal");
    let (mut ada, mut bob) = (Person::join(&server, "ada"), Person::join(&server, "bob"));
    ada.say("CHATHISTORY LATEST #disk * 10000\r\nPRIVMSG #disk :after all");
    bob.hear(" PRIVMSG #disk :after all");
    assert!(server.running.is_running());
    let said = server.end();
    assert_eq!(said.matches("the history cannot be read: ").count(), 1, "{said}");
}

#[test]
fn a_flipped_byte_anywhere_is_refused_in_one_line_or_ends_nothing() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let file = talked(&data, 200);
    let whole = fs::read(&file).unwrap();
    let header = [16, 18, 20, 24, 28, 44, 52, 56, 68, 100, 103, 105, 107];
    let pages = (1..16).map(|part| whole.len() / 4096 * part / 16 * 4096 + part * 37 % 13);
    for at in header.into_iter().chain(pages) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&file, &damaged).unwrap();
        let (words, settings) = words(&data, "disk");
        let server = Program::new(&words[0]).args(&words[1..]).start();
        if !server.listens() {
            let outcome = server.wait().fails(5, "chat.db");
            assert!(outcome.err().contains("hint: "), "byte {at}: {}", outcome.shown());
            continue;
        }
        let server = Server { running: server, _settings: settings };
        let (mut ada, mut bob) = (Person::join(&server, "ada"), Person::join(&server, "bob"));
        ada.say("CHATHISTORY LATEST #disk * 10000\r\nPRIVMSG #disk :after all");
        bob.hear(" PRIVMSG #disk :after all");
        ada.hear_any(&[" PRIVMSG #disk :after all", "FAIL PRIVMSG NOT_STORED"]);
        server.end();
    }
}

#[test]
fn damage_is_looked_for_before_the_start_after_a_kill() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let file = talked(&data, 300);
    let server = Server::start(&data, "disk");
    assert!(Person::join(&server, "ada").says_kept(300));
    server.kill();
    scribble(&file);
    let line = format!("{} is damaged: ", file.display());
    refused(&data, &line, "move the file away together with its -wal");
}
