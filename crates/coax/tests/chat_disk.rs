//! `coax chat serve` on disks that are full, read-only or damaged: who has to know is told, and the
//! talk goes on.
//!
//! Foreign files are made by Python's SQLite.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]
#![allow(unreachable_pub, reason = "the parts are files of this test alone")]

#[path = "chat_disk/damaged.rs"]
mod damaged;
#[path = "chat_disk/scene.rs"]
mod scene;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::mount::{MsFlags, mount};
use testkit::{Program, peer_or_skip, python};

use scene::{Disk, Person, Server, refused, talked, text, words};

const NOT_KEPT: &str = "what is said is passed on but not kept: cannot write to ";
const AGAIN: &str = "what is said is kept again; lost for the history: ";
const SPACE: &str = "free some space; writing goes on by itself as soon as there is some";

#[test]
fn on_a_full_disk_each_sender_is_told_and_the_talk_goes_on() {
    let Some(disk) = Disk::or_skip("6m") else { return };
    let server = Server::start(&disk.data(), "disk");
    let (mut ada, mut bob) = (Person::join(&server, "ada"), Person::join(&server, "bob"));
    let mut kept = (0..5).filter(|number| ada.says_kept(*number)).collect::<Vec<_>>();
    assert_eq!(kept, [0, 1, 2, 3, 4]);
    let ballast = disk.fill();
    // The log may have some room left in what it has already.
    let (more, less): (Vec<_>, Vec<_>) = (5..600).partition(|number| ada.says_kept(*number));
    assert!(less.len() > 300, "the disk is not full: {} were kept", more.len());
    kept.extend(more);
    let told = server.running.expect_part(NOT_KEPT);
    assert!(told.ends_with("data/chat.db: the disk is full"), "{told}");
    server.running.expect_err(&format!("hint: {SPACE}"));
    bob.hear(" PRIVMSG #disk :599 ");
    // Somebody who has not asked for echoes is told as well.
    bob.say("CAP REQ :-echo-message");
    bob.hear(" ACK ");
    bob.say(&format!("PRIVMSG #disk :{}", text(600)));
    bob.hear("FAIL PRIVMSG NOT_STORED");
    ballast.go();
    assert!(ada.says_kept(601), "there is room again");
    bob.hear(" PRIVMSG #disk :601 ");
    kept.push(601);
    let lost = server.running.expect_part(AGAIN);
    assert_eq!(lost, (less.len() + 1).to_string());
    assert_eq!(bob.history(), kept);
    let said = server.end();
    assert_eq!(said.matches(NOT_KEPT).count(), 1, "{said}");
    let server = Server::start(&disk.data(), "disk");
    assert_eq!(Person::join(&server, "eve").history(), kept);
}

#[test]
fn on_a_full_disk_the_operator_is_told_once_when_nobody_waits_for_the_disk() {
    let Some(disk) = Disk::or_skip("6m") else { return };
    let server = Server::start(&disk.data(), "memory");
    let (mut ada, mut root) = (Person::join(&server, "ada"), Person::join(&server, "root"));
    root.say("OPER root secret");
    root.hear(" 381 ");
    let ballast = disk.fill();
    for number in 0..2000 {
        assert!(ada.says_kept(number), "an echo is no promise here");
    }
    server.running.expect_part(NOT_KEPT);
    root.hear("NOTICE root :what is said is passed on but not kept: cannot write to ");
    ballast.go();
    ada.says_kept(2000);
    let lost = server.running.expect_part(AGAIN).parse::<usize>().unwrap();
    root.hear(&format!("NOTICE root :{AGAIN}{lost}"));
    let history = ada.history();
    assert_eq!(history.last(), Some(&2000));
    // That the two came may not have been kept before the disk was full.
    let counted = history.len() + lost;
    assert!((2001..=2003).contains(&counted), "what was not kept was counted: {counted}");
    let said = server.end();
    assert_eq!(said.matches(NOT_KEPT).count(), 1, "{said}");
    assert_eq!(said.matches(AGAIN).count(), 1, "{said}");
}

#[test]
fn what_was_lost_to_the_end_is_told_at_the_end() {
    let Some(disk) = Disk::or_skip("6m") else { return };
    let server = Server::start(&disk.data(), "disk");
    let mut ada = Person::join(&server, "ada");
    let _ballast = disk.fill();
    let kept = (0..400).filter(|number| ada.says_kept(*number)).collect::<Vec<_>>();
    let said = server.end();
    let (_, lost) = said.split_once("lost for the history, since the trouble began: ").unwrap();
    // That she left could not be kept either.
    let lost = lost.lines().next().unwrap().parse::<usize>().unwrap();
    assert!((400 - kept.len()..410 - kept.len()).contains(&lost), "{lost} and {}", kept.len());
}

#[test]
fn on_a_failing_disk_nothing_is_confirmed_that_is_gone_after_a_restart() {
    let Some(strace) = peer_or_skip("strace") else { return };
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, "disk");
    let mut ada = Person::join(&server, "ada");
    ada.say("NS REGISTER sesame");
    ada.hear(":Account created");
    ada.say("OPER root secret");
    ada.hear(" 381 ");
    assert!(ada.says_kept(1), "what was before is on disk");
    let failing = Program::new(strace).args(["-f", "-o", "/dev/null", "-e"]);
    let failing = failing.args(["inject=pwrite64:error=ENOSPC", "-p"]);
    let failing = failing.arg(server.running.pid().to_string()).start();
    failing.expect_part("attached");
    for (line, answer) in [
        ("NS PASSWD sesame open-sesame", "nothing was changed: try again later"),
        ("CS REGISTER #disk", "nothing was changed: try again later"),
        ("KLINE eve!*@*", "is kept out; 0 put out; it could not be kept"),
    ] {
        ada.say(line);
        ada.hear(answer);
    }
    let mut bob = Person::join(&server, "bob");
    bob.say("REGISTER * * sesame");
    bob.hear("FAIL REGISTER TEMPORARILY_UNAVAILABLE bob :The account could not be kept");
    server.kill();
    failing.wait();
    let server = Server::start(&data, "disk");
    let mut ada = Person::join(&server, "ada2");
    ada.say("NS IDENTIFY ada sesame");
    ada.hear("You are now identified for ada");
    ada.say("CS INFO #disk");
    ada.hear("#disk is not registered");
    ada.say("NS PASSWD sesame open-sesame");
    ada.hear("Password changed");
    ada.say("JOIN #own");
    ada.say("CS REGISTER #own");
    ada.hear("successfully registered");
    server.kill();
    // What was confirmed outlives a server that is killed at once.
    let server = Server::start(&data, "disk");
    let mut ada = Person::join(&server, "ada2");
    ada.say("NS IDENTIFY ada open-sesame");
    ada.hear("You are now identified for ada");
    ada.say("CS INFO #own");
    ada.hear("#own belongs to ada");
}

#[test]
fn a_disk_that_cannot_be_read_is_not_called_a_damaged_file() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    talked(&data, 3);
    let Some(strace) = peer_or_skip("strace") else { return };
    let (words, _settings) = words(&data, "memory");
    for (inject, line) in [
        ("pread64:error=EIO:when=8+", "chat.db: the disk reports an error"),
        ("flock:error=ENOLCK", "lock: no locks available"),
    ] {
        let program = Program::new(&strace).args(["-f", "-qq", "-o", "/dev/null", "-e"]);
        let program = program.arg(format!("inject={inject}")).args(&words);
        let outcome = program.run().exits(5);
        assert!(outcome.err().contains(line), "{}", outcome.shown());
        assert!(!outcome.err().contains("damaged"), "{}", outcome.shown());
    }
}

#[test]
fn on_a_disk_with_no_room_at_all_the_server_does_not_start() {
    let Some(disk) = Disk::or_skip("64k") else { return };
    let ballast = disk.fill();
    refused(&disk.data(), "the disk is full", SPACE);
    ballast.go();
    mount(None::<&str>, disk.at.path(), None::<&str>, MsFlags::MS_REMOUNT, Some("size=8m"))
        .unwrap();
    Server::start(&disk.data(), "disk").end();
}

#[test]
fn a_read_only_disk_or_folder_is_refused_with_its_name() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let line = format!("cannot write to {}/lock: permission denied", folder.display());
    let (words, _settings) = words(&folder, "memory");
    // Root may write anywhere, but for the one privilege that says so.
    let Some(setpriv) = peer_or_skip("setpriv") else { return };
    let drop = ["--bounding-set", "-dac_override", "--inh-caps", "-dac_override"];
    let outcome = match fs::write(folder.join("probe"), "") {
        Ok(()) => Program::new(setpriv).args(drop).args(words).run(),
        Err(_) => Program::new(&words[0]).args(&words[1..]).run(),
    };
    let outcome = outcome.fails(5, &line);
    assert!(
        outcome.err().contains("hint: choose another folder: --data DIR"),
        "{}",
        outcome.shown()
    );
    let Some(disk) = Disk::or_skip("6m") else { return };
    Server::start(&disk.data(), "disk").end();
    disk.turn_read_only();
    let line = format!("cannot write to {}/lock: the disk is read-only", disk.data().display());
    refused(&disk.data(), &line, "choose another folder: --data DIR");
}

#[test]
fn a_newer_file_and_one_of_another_program_are_refused() {
    const CHANGE: &str = "
import sqlite3
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])
";
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let file = talked(&data, 1).display().to_string();
    let Some(peer) = python(CHANGE, [&file, "PRAGMA user_version = 99"]) else { return };
    peer.wait().exits(0);
    let line = format!("{file} was written by a newer version (schema 99, this one knows 3)");
    refused(&data, &line, "run the newer version, or put the copy made before");
    let data = place.path().join("bookmarks");
    fs::create_dir(&data).unwrap();
    let file = data.join("chat.db").display().to_string();
    let Some(peer) = python(CHANGE, [&*file, "CREATE TABLE bookmarks (url)"]) else { return };
    peer.wait().exits(0);
    let line = format!("{file} is a database of another program");
    refused(&data, &line, "choose another folder: --data DIR");
}

#[test]
fn a_second_server_in_the_same_folder_is_refused_and_the_first_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(place.path(), "disk");
    let mut ada = Person::join(&server, "ada");
    let line = format!(
        "{} is used by another server (process {})",
        place.path().display(),
        server.running.pid()
    );
    refused(place.path(), &line, "stop the other server, or choose another folder: --data DIR");
    assert!(ada.says_kept(0));
    server.end();
}
