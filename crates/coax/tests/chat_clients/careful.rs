//! The page with what is easily lost or shown: who is signed in, passwords, talk of two, what was taken
//! back, where an error belongs.

use serde_json::json;
use tempfile::TempDir;

use crate::Server;
use crate::clients::ten_lines;
use crate::page::Page;

const PASSWORD: &str = "enigma-1843";

/// The page of `carol`, who has an account.
fn signed_in(server: &Server) -> Option<Page> {
    let mut page = Page::open(server.port)?;
    page.ask("type #nick carol");
    page.ask("click summary");
    page.ask(&format!("type #password {PASSWORD}"));
    page.ask("click #register");
    page.ask("click #enter");
    page.until("!chat.hidden && document.querySelector('#me').innerText.includes('signed in')");
    Some(page)
}

#[test]
fn a_reload_stays_signed_in_and_keeps_no_password() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = signed_in(&server) else { return };
    page.say("/quit");
    page.until("!door.hidden && !enter.disabled");
    // By the account that there is now: proved, not told.
    page.ask("js document.querySelector('details').open = true");
    page.ask("js const send = WebSocket.prototype.send; window.said = []; WebSocket.prototype.send = function (text) { window.said.push(text); return send.call(this, text) }");
    page.ask("js document.querySelector('#register').checked = false");
    page.ask(&format!("type #password {PASSWORD}"));
    page.ask("click #enter");
    page.until("!chat.hidden && document.querySelector('#me').innerText === 'carol\\nsigned in'");
    let said = page.value("window.said.filter((line) => line.startsWith('AUTHENTICATE'))[0]");
    assert_eq!(said, "AUTHENTICATE SCRAM-SHA-256");
    let plain = page.value("btoa('carol\\0carol\\0enigma-1843')");
    let told = page.value(&format!(
        "window.said.some((line) => line.includes({plain}) || line.includes('{PASSWORD}'))"
    ));
    assert_eq!(told, false);
    page.ask("open");
    page.until("!chat.hidden && document.querySelector('#me').innerText === 'carol\\nsigned in'");
    let kept = page.value("JSON.stringify([{...sessionStorage}, {...localStorage}])");
    assert!(!kept.to_string().contains(PASSWORD), "{kept}");
    assert_eq!(
        page.value("localStorage.coax.includes('salt')"),
        false,
        "and nothing for other windows"
    );
    page.is_clean();
}

#[test]
fn talk_of_two_is_there_again_after_signing_in() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(ten) = ten_lines(server.port) else { return };
    let Some(mut page) = signed_in(&server) else { return };
    page.say("/msg ten just for you");
    ten.shown.expect_out("PRIVMSG ten :just for you");
    page.until_shown("just for you");
    page.ask("js sessionStorage.coax = JSON.stringify({ ...JSON.parse(sessionStorage.coax), rooms: [] })");
    page.ask("open");
    page.until("document.querySelector('[data-room=ten]')");
    page.ask("click [data-room=ten]");
    page.until_shown("just for you");
    page.is_clean();
}

#[test]
fn a_reserved_name_is_called_so() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = signed_in(&server) else { return };
    page.say("/quit");
    page.until("!door.hidden && !enter.disabled");
    page.join("carol", "#lobby");
    page.until("document.querySelector('#status').innerText.includes('carol is reserved')");
    page.until("document.querySelector('#line').hidden");
    assert_eq!(page.value("document.querySelector('#me').innerText"), "carol_");
    page.is_clean();
}

#[test]
fn a_password_for_a_service_stands_nowhere() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    for line in [
        "/msg NickServ REGISTER hidden-word",
        " /msg nickserv IDENTIFY hidden-word",
        "/ns IDENTIFY ada hidden-word",
        "/quote NICKSERV IDENTIFY ada hidden-word",
        "/quote PRIVMSG NickServ :IDENTIFY hidden-word",
        "/oper root hidden-word",
    ] {
        page.say(line);
        page.say("/msg NickServ");
        // Typed into the room of the service itself.
        page.say("IDENTIFY hidden-word");
        page.until("document.querySelectorAll('#log .entry').length > 0");
        page.ask("keys #message up");
        assert_eq!(page.value("message.value.includes('hidden-word')"), false, "{line}");
        page.ask("js message.value = ''");
    }
    page.say("/join #lobby");
    page.until("document.querySelector('#room-name').textContent === '#lobby'");
    page.say("the end");
    page.until_shown("ada the end");
    let rooms = page
        .value("[...document.querySelectorAll('#room-list button')].map((it) => it.dataset.room)");
    for room in rooms.as_array().unwrap() {
        let room = room.as_str().unwrap();
        page.ask(&format!(
            "js document.querySelector(\"#room-list [data-room='{room}']\").click()"
        ));
        assert_eq!(page.value("document.body.innerText.includes('hidden-word')"), false, "{room}");
    }
    page.is_clean();
}

#[test]
fn what_is_taken_back_goes_at_once() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.say("a slip of the tongue");
    page.until("!document.querySelector('.pending') && document.querySelector('.say')");
    let id = page.value("document.querySelector('.entry.say').dataset.id");
    page.say(&format!("/quote REDACT #lobby {} :slip", id.as_str().unwrap()));
    page.until_shown("taken back by ada (slip)");
    assert_eq!(page.value("document.querySelector('#log').innerText.includes('tongue')"), false);
    page.is_clean();
}

#[test]
fn an_answer_and_a_sign_stand_at_what_they_are_about() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.say("who is for tea?");
    page.until("!document.querySelector('.pending') && document.querySelector('.say')");
    let id = page.value("document.querySelector('.entry.say').dataset.id");
    let id = id.as_str().unwrap();
    page.say(&format!("/quote @+draft/reply={id};+draft/react=yes TAGMSG #lobby"));
    page.until("document.querySelector('.signs')?.innerText === 'yes 1'");
    page.say(&format!("/quote @+draft/reply={id} PRIVMSG #lobby :I am"));
    page.until("document.querySelector('.reply')?.innerText === '↪ ada: who is for tea?'");
    page.say(&format!("/quote @+draft/reply={id};+draft/unreact=yes TAGMSG #lobby"));
    page.until("!document.querySelector('.signs')");
    page.is_clean();
}

#[test]
fn a_browser_that_throws_at_a_notification_still_shows_the_line() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut ten) = ten_lines(server.port) else { return };
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    // As Android has it.
    page.ask("js window.Notification = class { static permission = 'granted'; constructor() { throw new TypeError('Illegal constructor') } }; Object.defineProperty(document, 'hidden', { value: true })");
    ten.say("a word for ada");
    page.until("document.querySelector('.entry.mention')");
    page.is_clean();
}

#[test]
fn a_result_leads_to_the_message_however_long_ago() {
    let data = TempDir::new().unwrap();
    let settings = data.path().join("chat.toml");
    std::fs::write(&settings, "[limits]\nflood-burst = 0\n").unwrap();
    let server = Server::with(&settings, data.path());
    let Some(mut ten) = ten_lines(server.port) else { return };
    for number in 0..400 {
        ten.say(if number == 50 { "the needle" } else { "hay" });
    }
    ten.say("the last straw");
    ten.shown.expect_out("the last straw");
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.until_shown("the last straw");
    page.say("/search needle");
    page.until("document.querySelectorAll('#search-results li').length === 1");
    page.ask("click #search-results [data-line]");
    page.until("document.querySelector('.entry.found')?.innerText.includes('the needle')");
    let seen = page.value("(() => { const at = document.querySelector('.found').getBoundingClientRect(); return at.top > 0 && at.bottom < innerHeight })()");
    assert_eq!(seen, true, "it is in sight");
    ten.say("said meanwhile");
    ten.shown.expect_out("said meanwhile");
    assert_eq!(page.value("newest.hidden"), false, "there is a way to the present");
    page.ask("click #newest");
    page.until_shown("said meanwhile");
    page.is_clean();
}

#[test]
fn an_error_stands_where_it_was_asked_for() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.say("/join #tea");
    page.until("document.querySelector('#room-name').textContent === '#tea'");
    page.ask("js document.querySelector('#message').value = '/whois nobody'; document.querySelector('#talk').requestSubmit(); document.querySelector(\"[data-room='#lobby']\").click()");
    page.until("document.querySelector('#room-name').textContent === '#lobby'");
    page.say("/kick nobody");
    page.until("document.querySelector('.entry.error')");
    assert_eq!(
        page.value("document.querySelectorAll('.entry.error').length"),
        1,
        "one error of this room"
    );
    page.is_clean();
}

#[test]
fn leaving_asks_first() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.ask("click #leave");
    page.until("document.querySelector('#leaving').open");
    page.ask("click #leaving button:not([value])");
    page.until("!document.querySelector('#leaving').open");
    assert_eq!(page.value("document.querySelector('#room-name').textContent"), "#lobby");
    page.ask("click #leave");
    page.ask("click #leaving [value=leave]");
    page.until("document.querySelector('#room-name').textContent === 'Server'");
    assert_eq!(page.value("[...document.querySelectorAll('#room-list button')].length"), 1);
    page.is_clean();
}

#[test]
fn a_phone_shows_the_topic() {
    let data = TempDir::new().unwrap();
    let server = Server::start(data.path());
    let Some(mut page) = Page::open(server.port) else { return };
    page.join("ada", "#lobby");
    page.say("/topic Earl Grey and more");
    page.until("document.querySelector('#topic').textContent === 'Earl Grey and more'");
    page.ask("media 360 700 light");
    let width = page.value("document.querySelector('#topic').getBoundingClientRect().width > 200");
    assert_eq!(width, true);
    assert_eq!(page.value("document.documentElement.scrollWidth <= innerWidth"), true);
    assert_eq!(
        page.value("getComputedStyle(document.querySelector('#topic')).display === 'none'"),
        json!(false)
    );
    page.is_clean();
}
