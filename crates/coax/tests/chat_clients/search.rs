//! Looking for what was said: on the page by its form and by a command, and by hand over `nc`.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Server;
use crate::clients::{nc, ten_lines};
use crate::page::Page;

/// What stands in the list of results.
fn results(page: &mut Page) -> Value {
    page.until("document.querySelector('#search-note').textContent !== 'Searching…'");
    page.value("[...document.querySelectorAll('#search-results li')].map((it) => [it.querySelector('.where').innerText.split(' · ')[0], it.querySelector('.who').innerText, it.querySelector('.text').innerText])")
}

fn note(page: &mut Page) -> Value {
    page.value("document.querySelector('#search-note').textContent")
}

#[test]
fn the_page_finds_what_was_said() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut ten) = ten_lines(server.port) else { return };
    let Some(mut page) = Page::open(server.port) else { return };
    ten.say("the <b>needle</b> in the hay");
    ten.say("hay alone");
    page.join("ada", "#lobby");
    page.say("/join #tea");
    page.until("document.querySelector('#room-name').textContent === '#tea'");
    page.say("a needle and tea; no hay");
    page.until_shown("a needle and tea; no hay");
    page.ask("chord control k");
    page.until("document.querySelector('#search').open");
    page.ask("type #search-words needle");
    page.ask("keys #search-words enter");
    let here = json!(["#tea", "ada", "a needle and tea; no hay"]);
    page.until("document.querySelectorAll('#search-results li').length === 1");
    assert_eq!(results(&mut page), json!([here]));
    page.ask("click #search-everywhere");
    page.ask("keys #search-words enter");
    page.until("document.querySelectorAll('#search-results li').length === 2");
    let there = json!(["#lobby", "ten", "the <b>needle</b> in the hay"]);
    assert_eq!(results(&mut page), json!([here, there]), "the newest first, and text as text");
    assert_eq!(note(&mut page), "2 found");
    page.ask("type #search-words tea; no");
    page.ask("keys #search-words enter");
    page.until("document.querySelectorAll('#search-results li').length === 1");
    page.ask("type #search-words camel");
    page.ask("keys #search-words enter");
    page.until("document.querySelector('#search-note').textContent === 'Nothing found.'");
    assert_eq!(results(&mut page), json!([]));
    page.ask("type #search-words c*");
    page.ask("keys #search-words enter");
    page.until("document.querySelector('#search-note').textContent.includes('3 letters')");
    page.ask("chord escape");
    page.until("!document.querySelector('dialog[open]')");
    page.say("/search hay alone");
    page.until("document.querySelector('#search').open && document.querySelectorAll('#search-results li').length === 1");
    assert_eq!(results(&mut page), json!([["#lobby", "ten", "hay alone"]]));
    page.is_clean();
}

#[test]
fn a_result_leads_to_its_channel() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut ten) = ten_lines(server.port) else { return };
    let Some(mut page) = Page::open(server.port) else { return };
    ten.say("the needle");
    page.join("ada", "#lobby");
    page.say("/join #tea");
    page.until("document.querySelector('#room-name').textContent === '#tea'");
    page.say("/search needle");
    page.until("document.querySelectorAll('#search-results li').length === 1");
    page.ask("click #search-results .where button");
    page.until("!document.querySelector('dialog[open]') && document.querySelector('#room-name').textContent === '#lobby'");
    page.is_clean();
}

#[test]
fn a_person_with_nc_finds_what_was_said() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut ten) = ten_lines(server.port) else { return };
    let Some(mut guest) = nc(server.port) else { return };
    ten.say("the needle in the hay");
    guest.shown.expect_out("ten: the needle in the hay");
    guest.say("/search needle; hay");
    guest.shown.expect_out(" UTC #lobby ten: the needle in the hay");
    guest.shown.expect_out("1 found");
    guest.say("/search camel");
    guest.shown.expect_out("Nothing found");
}

#[test]
fn whoever_comes_first_into_a_channel_reads_what_becomes_of_what_is_said() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut guest) = nc(server.port) else { return };
    guest.say("/join #büro");
    guest.shown.expect_out("You are the first in #büro. What was said here before everybody left");
}
