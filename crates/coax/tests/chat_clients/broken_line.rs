//! The line breaks: nothing that was said on the page is lost, and nothing is said twice.
//!
//! The page goes through a relay that can be cut, so the test decides when it comes back.

use std::fs;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::Server;
use crate::clients::ten_lines;
use crate::page::Page;

#[test]
fn a_page_outlives_a_server_that_is_killed() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.say("before");
    page.until("!document.querySelector('.pending') && document.querySelector('.say')");
    page.ask("cut");
    page.until("!document.querySelector('#line').hidden");
    let server = server.killed_and_started(data.path());
    for number in 0..3 {
        page.say(&format!("meanwhile {number}"));
    }
    // Somebody has to be there already, or nobody hears it.
    let Some(ten) = ten_lines(server.port) else { return };
    page.ask("mend");
    for number in 0..3 {
        ten.shown.expect_out(&format!("PRIVMSG #lobby :meanwhile {number}"));
    }
    page.until("!document.querySelector('.pending') && document.querySelector('#line').hidden");
    page.say("after");
    ten.shown.expect_out("PRIVMSG #lobby :after");
    page.until_shown("after");
    let said = ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2", "after"];
    let shown =
        page.log().into_iter().filter_map(|line| line.strip_prefix("ada ").map(str::to_owned));
    let came = |line: &String| line == "joined" || line.starts_with("left the server");
    let shown = shown.filter(|line| !came(line)).collect::<Vec<_>>();
    assert_eq!(shown, said, "the page shows each once, in order");
    let heard = ten.shown.out();
    let heard = heard.lines().filter_map(|line| line.split_once("PRIVMSG #lobby :"));
    let heard = heard.map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(heard, said[1..], "others heard each once, in order");
    page.is_clean();
}

#[test]
fn a_reload_comes_back_to_the_same_channel() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#tea");
    page.ask("open");
    page.until("!chat.hidden && document.querySelector('#room-name').textContent === '#tea'");
    page.until("document.querySelector('#me').innerText === 'ada'");
    page.is_clean();
}

/// A server that has stopped still; the page has said "in doubt", and its line broke before the echo.
fn in_doubt(server: &Server, page: &mut Page) {
    page.join("ada", "#lobby");
    page.say("before");
    page.until("!document.querySelector('.pending') && document.querySelector('.say')");
    server.running.signal(Signal::STOP);
    page.ask("send in doubt");
    page.ask("cut");
    page.until("!document.querySelector('#line').hidden");
}

#[test]
fn what_arrived_though_its_echo_was_lost_is_not_said_again() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(ten) = ten_lines(server.port) else { return };
    let Some(mut page) = Page::open(server.port) else { return };
    in_doubt(&server, &mut page);
    server.running.signal(Signal::CONT);
    ten.shown.expect_out("PRIVMSG #lobby :in doubt");
    page.ask("mend");
    page.until("!document.querySelector('.pending') && document.querySelector('#line').hidden");
    page.say("after");
    ten.shown.expect_out("PRIVMSG #lobby :after");
    page.until_shown("after");
    assert_eq!(ten.shown.out().matches("in doubt").count(), 1, "others heard it once");
    let shown = page.log().into_iter().filter(|line| line.ends_with("in doubt")).count();
    assert_eq!(shown, 1, "the page shows it once");
    page.is_clean();
}

#[test]
fn without_a_history_the_reader_is_asked_what_to_say_again() {
    let data = TempDir::new().unwrap();
    let settings = data.path().join("chat.toml");
    fs::write(&settings, "[history]\nkeep = false\n").unwrap();
    let server = Server::with(&settings, data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    in_doubt(&server, &mut page);
    page.say("never sent");
    let server = server.killed_and_started(data.path());
    let Some(ten) = ten_lines(server.port) else { return };
    page.ask("mend");
    ten.shown.expect_out("PRIVMSG #lobby :never sent");
    page.until("document.querySelector('[data-doubt=again]')");
    assert!(!ten.shown.out().contains("in doubt"), "it is not said again by itself");
    page.ask("click [data-doubt=again]");
    ten.shown.expect_out("PRIVMSG #lobby :in doubt");
    page.until("!document.querySelector('[data-doubt]') && !document.querySelector('.pending')");
    page.is_clean();
}

/// The page as `traveller`, on a line that has stopped still after a line was typed.
fn stalled(page: &mut Page, freeze: &str) {
    page.join("traveller", "#lobby");
    page.say("before");
    page.until("!document.querySelector('.pending') && document.querySelector('.say')");
    page.ask(freeze);
    page.say("said once");
    // The network changed: the page asks the server whether it is still there, and gives the line up.
    page.ask("js dispatchEvent(new Event('online'))");
}

fn said_once(page: &mut Page, ten: &crate::clients::Client) {
    page.until("document.querySelector('#me').innerText === 'traveller' && document.querySelector('#line').hidden && !document.querySelector('.pending')");
    page.say("after");
    ten.shown.expect_out("PRIVMSG #lobby :after");
    page.until_shown("traveller after");
    assert_eq!(ten.shown.out().matches("said once").count(), 1, "others heard it once");
    let shown = page.log().into_iter().filter(|line| line.ends_with("said once")).count();
    assert_eq!(shown, 1, "the page shows it once");
    page.is_clean();
}

fn settings(data: &TempDir, keep: bool) -> std::path::PathBuf {
    let settings = data.path().join("chat.toml");
    fs::write(&settings, format!("[history]\nkeep = {keep}\n")).unwrap();
    settings
}

#[test]
fn what_arrives_late_on_the_old_line_was_said_on_the_new_one_already() {
    for keep in [true, false] {
        let data = TempDir::new().unwrap();
        let server = Server::with(&settings(&data, keep), data.path());
        let Some(ten) = ten_lines(server.port) else { return };
        let Some(mut page) = Page::open(server.port) else { return };
        stalled(&mut page, "freeze");
        ten.shown.expect_out(":traveller_!~traveller@127.0.0.1 PRIVMSG #lobby :said once");
        page.until("document.querySelector('#line').innerText === 'traveller is taken. You are traveller_ until it is free.'");
        page.ask("thaw");
        said_once(&mut page, &ten);
    }
}

#[test]
fn what_arrived_on_the_old_line_is_not_said_on_the_new_one() {
    for keep in [true, false] {
        let data = TempDir::new().unwrap();
        let server = Server::with(&settings(&data, keep), data.path());
        let Some(ten) = ten_lines(server.port) else { return };
        let Some(mut page) = Page::open(server.port) else { return };
        stalled(&mut page, "freeze shut");
        page.until("document.querySelector('#line.broken:not([hidden])')");
        page.until("document.querySelector('#line').innerText.startsWith('The connection broke')");
        page.ask("thaw");
        ten.shown.expect_out(":traveller!~traveller@127.0.0.1 PRIVMSG #lobby :said once");
        page.ask("mend");
        said_once(&mut page, &ten);
    }
}

#[test]
fn a_broken_line_shows_until_it_is_mended() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.ask("cut");
    page.until("document.querySelector('#line.broken:not([hidden])')");
    page.say("typed meanwhile");
    page.until_shown("typed meanwhile");
    assert_eq!(
        page.value("document.querySelector('#line').hidden"),
        false,
        "typing changes nothing"
    );
    page.ask("mend");
    page.until("document.querySelector('#line').hidden && !document.querySelector('.pending')");
    page.is_clean();
}
