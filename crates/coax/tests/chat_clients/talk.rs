//! What a reader of the page does: talk, see who is there, complete names, come back to what is new.
//!
//! The other one in the channel is a ten-line program, whose words reach the page as they are.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Server;
use crate::clients::{Client, ten_lines};
use crate::page::Page;

/// A server, the page of `ada` in its lobby, and `ten`, who is there as well.
fn two(data: &TempDir) -> Option<(Server, Page, Client)> {
    let server = Server::start(data.path());
    let ten = ten_lines(server.port)?;
    let mut page = Page::open(server.port)?;
    page.join("ada", "#lobby");
    Some((server, page, ten))
}

/// What the log shows after the page joined; before that is what the history had.
fn since_joined(page: &mut Page) -> Vec<String> {
    page.log().into_iter().skip_while(|line| line != "ada joined").skip(1).collect()
}

fn room(page: &mut Page) -> Value {
    page.value("document.querySelector('#room-name').textContent")
}

#[test]
fn the_page_talks_and_shows_who_is_there() {
    let data = TempDir::new().unwrap();
    let Some((_server, mut page, mut ten)) = two(&data) else { return };
    page.until("document.querySelectorAll('#member-list li').length === 2");
    page.say("hello from the page");
    ten.shown.expect_out(":ada!~ada@127.0.0.1 PRIVMSG #lobby :hello from the page");
    page.say("/me waves");
    ten.shown.expect_out("PRIVMSG #lobby :\u{1}ACTION waves\u{1}");
    page.say("/nick countess");
    ten.shown.expect_out("NICK :countess");
    page.until("document.querySelector('#me').innerText === 'countess'");
    page.until("document.querySelector('#member-list').innerText.includes('countess')");
    page.say("/join #tea");
    page.until("document.querySelector('#room-name').textContent === '#tea'");
    page.say("/topic Earl Grey");
    page.until("document.querySelector('#topic').textContent === 'Earl Grey'");
    page.say("/nothing");
    page.until("document.querySelector('#status').innerText.includes('/help')");
    page.say("/leave");
    page.until("document.querySelector('#room-name').textContent === '#lobby'");
    ten.say("and the answer");
    page.until_shown("and the answer");
    assert_eq!(
        since_joined(&mut page),
        ["ada hello from the page", "ada waves", "ada is now countess", "ten and the answer"]
    );
    page.is_clean();
}

#[test]
fn what_others_write_is_only_ever_text() {
    const HOSTILE: [(&str, &str); 5] = [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        (
            "</li><script>document.title='taken'</script>",
            "</li><script>document.title='taken'</script>",
        ),
        ("\u{202e}backwards\u{2066} and \u{7}a bell \u{1b}[31mred", "backwards and a bell red"),
        ("javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x"),
        ("\u{2}bold\u{f} plain", "bold plain"),
    ];
    let data = TempDir::new().unwrap();
    let Some((_server, mut page, mut ten)) = two(&data) else { return };
    let long = "W".repeat(380);
    for (written, _) in HOSTILE {
        ten.say(written);
    }
    ten.say(&long);
    page.until_shown(&long);
    let shown = HOSTILE.iter().map(|(_, shown)| format!("ten {shown}")).collect::<Vec<_>>();
    assert_eq!(since_joined(&mut page)[..HOSTILE.len()], shown);
    let made = page.value("document.querySelectorAll('#log :is(img, script, a, style)').length");
    assert_eq!(made, 0, "no element of theirs, and no link that is none");
    for width in [1200, 360] {
        page.ask(&format!("media {width} 700 light"));
        let wide = page.value("document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll('#scroll')].every((it) => it.scrollWidth <= it.clientWidth)");
        assert_eq!(wide, true, "the longest word fits at {width}");
    }
    page.is_clean();
}

#[test]
fn the_keyboard_is_enough() {
    let data = TempDir::new().unwrap();
    let Some((_server, mut page, ten)) = two(&data) else { return };
    page.until("document.querySelectorAll('#member-list li').length === 2");
    page.ask("type #message te");
    page.ask("keys #message tab");
    assert_eq!(page.value("message.value"), "ten: ", "a name at the beginning is spoken to");
    page.ask("keys #message hi enter");
    ten.shown.expect_out("PRIVMSG #lobby :ten: hi");
    page.ask("keys #message up");
    assert_eq!(page.value("message.value"), "ten: hi", "what was said comes back");
    page.ask("keys #message down");
    assert_eq!(page.value("message.value"), "");
    page.say("/join #tea");
    page.until("document.querySelector('#room-name').textContent === '#tea'");
    page.ask("chord alt up");
    assert_eq!(room(&mut page), "#lobby");
    page.ask("chord control k");
    assert_eq!(page.value("document.querySelector('#search').open"), true);
    page.ask("chord escape");
    page.until("!document.querySelector('dialog[open]')");
    let nameless = page.value(
        "[...document.querySelectorAll('button, input, textarea')].filter((it) => !(it.innerText?.trim() || it.ariaLabel || it.labels?.length)).map((it) => it.outerHTML)",
    );
    assert_eq!(nameless, json!([]), "everything one can use says what it is");
    page.is_clean();
}

#[test]
fn what_is_new_is_marked_until_it_is_read() {
    let data = TempDir::new().unwrap();
    let Some((_server, mut page, mut ten)) = two(&data) else { return };
    page.say("/join #tea");
    page.until("document.querySelector('#room-name').textContent === '#tea'");
    ten.say("this is for everyone");
    ten.say("this is for ada");
    page.until("document.querySelector('.mention .count')");
    assert_eq!(page.value("document.title"), "(1) #tea · coax");
    page.ask("click [data-room='#lobby']");
    assert_eq!(
        page.value(
            "document.querySelector('.unread-mark + .entry').innerText.includes('everyone')"
        ),
        true
    );
    assert_eq!(page.value("document.querySelectorAll('.count').length"), 0);
    assert_eq!(page.value("document.querySelectorAll('.entry.mention').length"), 1);
    assert_eq!(page.value("document.title"), "#lobby · coax");
    page.is_clean();
}

#[test]
fn a_second_window_is_somebody_else_until_the_name_is_free() {
    let data = TempDir::new().unwrap();
    let Some((_server, mut page, ten)) = two(&data) else { return };
    page.ask("window");
    page.ask("open");
    page.until("nick.value === 'ada'");
    page.join("ada", "#lobby");
    page.until("document.querySelector('#me').innerText === 'ada_'");
    page.say("from the second");
    ten.shown.expect_out(":ada_!~ada@127.0.0.1 PRIVMSG #lobby :from the second");
    page.ask("window 0");
    page.until_shown("from the second");
    page.say("/quit");
    page.until("!door.hidden");
    page.ask("window 1");
    page.until("document.querySelector('#me').innerText === 'ada'");
    page.is_clean();
}

#[test]
fn the_page_talks_by_tls_on_the_same_port() {
    let data = TempDir::new().unwrap();
    let Some((_server, mut page, mut ten)) = two(&data) else { return };
    page.ask("secure");
    page.join("grace", "#lobby");
    assert_eq!(page.value("location.protocol"), "https:");
    page.say("by TLS");
    ten.shown.expect_out(":grace!~grace@127.0.0.1 PRIVMSG #lobby :by TLS");
    ten.say("and back");
    page.until_shown("and back");
    page.is_clean();
}

#[test]
fn help_is_no_news() {
    let data = TempDir::new().unwrap();
    let Some((_server, mut page, _ten)) = two(&data) else { return };
    page.say("/help");
    page.until_shown("come into a channel");
    assert_eq!(page.value("document.querySelectorAll('.count, .unread-mark').length"), 0);
    page.is_clean();
}
