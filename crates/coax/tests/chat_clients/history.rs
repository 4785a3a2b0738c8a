//! What was said before: on joining, by scrolling back, and after the line broke.

use std::fs;

use tempfile::TempDir;

use crate::Server;
use crate::clients::ten_lines;
use crate::page::Page;

/// The numbers of the lines "line N" that stand in the log, in their order.
fn lines(page: &mut Page) -> Vec<usize> {
    let number = |line: String| line.strip_prefix("ten line ")?.parse().ok();
    page.log().into_iter().filter_map(number).collect()
}

#[test]
fn scrolling_back_brings_what_was_said_before() {
    const ALL: usize = 250;
    let data = TempDir::new().unwrap();
    let settings = data.path().join("chat.toml");
    fs::write(&settings, "[limits]\nflood-burst = 0\n").unwrap();
    let server = Server::with(&settings, data.path());
    let Some(mut ten) = ten_lines(server.port) else { return };
    for number in 0..ALL {
        ten.say(&format!("line {number}"));
    }
    ten.shown.expect_out(&format!("PRIVMSG #lobby :line {}\n", ALL - 1));
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.until_shown(&format!("line {}", ALL - 1));
    let shown = lines(&mut page);
    assert!(shown.len() >= 50 && shown.len() <= 100, "a page of them, not {}", shown.len());
    assert_eq!(shown, (ALL - shown.len()..ALL).collect::<Vec<_>>());
    while lines(&mut page)[0] > 0 {
        let first = format!("line {}", lines(&mut page)[0]);
        page.ask("js document.querySelector('#scroll').scrollTop = 0");
        page.until(&format!("![...document.querySelectorAll('#log .say')].slice(0, 1)[0].innerText.endsWith('ten {first}')"));
    }
    assert_eq!(lines(&mut page), (0..ALL).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(page.value("document.querySelectorAll('.day').length"), 1, "and one day");
    page.is_clean();
}

#[test]
fn what_others_said_while_the_line_was_broken_is_there_once() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut ten) = ten_lines(server.port) else { return };
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    ten.say("line 0");
    page.until_shown("line 0");
    page.ask("cut");
    page.until("!document.querySelector('#line').hidden");
    page.say("line of ada");
    for number in 1..10 {
        ten.say(&format!("line {number}"));
    }
    ten.shown.expect_out("PRIVMSG #lobby :line 9");
    page.ask("mend");
    page.until_shown("line 9");
    page.until("!document.querySelector('.pending')");
    assert_eq!(lines(&mut page), (0..10).collect::<Vec<_>>());
    let own = page.log().into_iter().filter(|line| line == "ada line of ada").count();
    assert_eq!(own, 1, "said once");
    ten.shown.expect_out("PRIVMSG #lobby :line of ada");
    page.is_clean();
}

#[test]
fn an_account_is_made_and_used_on_the_page() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.ask("click #account-open");
    page.ask("type #account-name ada");
    page.ask("type #account-password enigma-1843");
    page.ask("click #register-now");
    page.until("document.querySelector('#me').innerText.includes('signed in')");
    page.ask("chord escape");
    page.say("/quit");
    page.until("!door.hidden && !enter.disabled");
    page.ask("click summary");
    page.ask("type #password wrong-word");
    page.ask("click #enter");
    page.until("!document.querySelector('#welcome-error').hidden && !enter.disabled");
    page.ask("type #password enigma-1843");
    page.ask("click #enter");
    page.until("!chat.hidden && document.querySelector('#me').innerText.includes('signed in')");
    page.is_clean();
}
