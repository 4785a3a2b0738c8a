//! Everyone in one channel at once: each sees what the others say, once, in the same order.
//!
//! All talk at the same time. The order that counts is the one of a client that hears its own words
//! back; whoever does not is compared without them.

use tempfile::TempDir;

use crate::Server;
use crate::clients::{Client, irssi, nc, openssl, ten_lines, weechat};
use crate::page::Page;

const EACH: usize = 12;

/// The marked words in the order in which they stand in `text`, but for those of `without`.
fn words(text: &str, without: &str) -> Vec<String> {
    let marked = text.split(|letter: char| letter.is_whitespace() || letter == '\r');
    let marked = marked.map(|word| word.trim_start_matches(':'));
    let marked = marked.filter(|word| word.starts_with("word-") && word.ends_with('!'));
    marked.filter(|word| !word.contains(&format!("-{without}-"))).map(str::to_owned).collect()
}

fn word(nick: &str, number: usize) -> String {
    format!("word-{nick}-{number}!")
}

#[test]
fn foreign_clients_talk_in_one_channel() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(ten) = ten_lines(server.port) else { return };
    let others = [nc, openssl, irssi, weechat].into_iter().filter_map(|come| come(server.port));
    let mut clients = std::iter::once(ten).chain(others).collect::<Vec<_>>();
    let mut page = Page::open(server.port);
    if let Some(page) = &mut page {
        page.join("page", "#lobby");
    }
    for client in &clients {
        clients[0].shown.expect_out(client.nick);
    }
    for number in 0..EACH {
        for client in &mut clients {
            let word = word(client.nick, number);
            client.say(&word);
        }
        if let Some(page) = &mut page {
            page.say(&word("page", number));
        }
    }
    let mut nicks = clients.iter().map(|client| client.nick).collect::<Vec<_>>();
    nicks.extend(page.as_ref().map(|_| "page"));
    for client in &clients {
        heard_all(client, &nicks);
    }
    let order = words(&clients[0].shown.out(), "nobody");
    assert_eq!(order.len(), nicks.len() * EACH, "each word once: {order:?}");
    for client in &clients[1..] {
        let seen = words(&client.shown.out(), client.nick);
        assert_eq!(seen, words(&order.join(" "), client.nick), "what {} saw", client.nick);
    }
    let Some(mut page) = page else { return };
    for nick in &nicks {
        page.until_shown(&word(nick, EACH - 1));
    }
    page.until("!document.querySelector('.pending')");
    assert_eq!(words(&page.log().join("\n"), "nobody"), order, "what the page saw");
    page.is_clean();
}

/// Waits for the last words of everyone else.
#[track_caller]
fn heard_all(client: &Client, nicks: &[&str]) {
    for nick in nicks.iter().filter(|nick| **nick != client.nick) {
        client.shown.expect_out(&word(nick, EACH - 1));
    }
}
