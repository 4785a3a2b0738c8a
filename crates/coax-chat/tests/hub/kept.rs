//! What is confirmed is on disk: a disk that takes nothing makes a server say so, and nothing that it
//! confirmed is gone after a restart.

use coax_chat::hub::{ClientId, Input};

use crate::bench::{Bench, msgid};

const NOT_CHANGED: &str = "nothing was changed: try again later";
const TRIED_AGAIN: &str =
    "could not be kept: it is tried again, and lost if the server ends before";

/// What a line brings while the disk takes nothing.
fn refused(bench: &mut Bench, who: ClientId, line: &str) -> String {
    bench.disk_fails = true;
    let lines = bench.ask(who, line);
    bench.disk_fails = false;
    lines.join("\n")
}

/// What a line brings.
fn said(bench: &mut Bench, who: ClientId, line: &str) -> String {
    bench.ask(who, line).join("\n")
}

#[test]
fn an_account_that_is_not_on_disk_is_not_made() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    let told = refused(&mut bench, ada, "REGISTER * * sesame");
    assert!(told.contains("FAIL REGISTER TEMPORARILY_UNAVAILABLE ada "), "{told}");
    assert!(told.ends_with("The account could not be kept: try again later"), "{told}");
    let told = refused(&mut bench, ada, "NS REGISTER sesame");
    assert!(told.ends_with("The account could not be kept: try again later"), "{told}");
    assert_eq!(bench.hub.account(ada), None);
    let told = said(&mut bench, ada, "REGISTER * * sesame");
    assert!(told.contains("REGISTER SUCCESS ada"), "{told}");
    let mut bench = bench.restarted("");
    bench.signed_in("ada");
}

#[test]
fn an_account_is_known_though_its_maker_left_before_the_disk_answered() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    bench.answers = false;
    bench.say(ada, "REGISTER * * sesame");
    bench.answer();
    bench.gone(ada);
    bench.answer();
    bench.answers = true;
    assert_eq!(bench.hub.account_count(), 1);
    bench.signed_in("ada");
}

#[test]
fn what_belongs_to_an_account_stays_as_it_is_on_disk() {
    let mut bench = Bench::new("");
    let ada = bench.signed_in("ada");
    bench.say(ada, "NICK ada2");
    let certificate = "a".repeat(64);
    let add = format!("NS CERT ADD {certificate}");
    for line in ["NS PASSWD sesame open-sesame", "NS GROUP", &add] {
        let told = refused(&mut bench, ada, line);
        assert!(told.ends_with(NOT_CHANGED), "{line}: {told}");
    }
    assert!(
        refused(&mut bench, ada, "NS DROP ada").ends_with("the account stays: try again later")
    );
    let told = said(&mut bench, ada, "NS INFO");
    assert!(told.ends_with("Nicks: ada"), "{told}");
    for (line, done) in [
        ("NS PASSWD sesame open-sesame", "Password changed"),
        ("NS GROUP", "ada2 is now one of your nicks"),
        (&add, "Certificate added"),
        (&format!("NS CERT DEL {certificate}"), "Certificate removed"),
        ("NS DROP ada", "The account is gone"),
    ] {
        let told = said(&mut bench, ada, line);
        assert!(told.ends_with(done), "{line}: {told}");
    }
    assert_eq!((bench.hub.account(ada), bench.hub.account_count()), (None, 0));
    assert_eq!(bench.store.reader().accounts().unwrap(), []);
}

#[test]
fn a_channel_that_is_not_on_disk_is_not_registered() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.signed_in("ada"), bench.signed_in("bob"));
    bench.say(ada, "JOIN #den");
    assert!(refused(&mut bench, ada, "CS REGISTER #den").ends_with(NOT_CHANGED));
    assert!(said(&mut bench, ada, "CS INFO #den").ends_with("#den is not registered"));
    assert!(said(&mut bench, ada, "CS REGISTER #den").ends_with("successfully registered"));
    assert!(refused(&mut bench, ada, "CS ACCESS #den ADD bob op").ends_with(NOT_CHANGED));
    assert!(said(&mut bench, ada, "CS ACCESS #den LIST").ends_with("End of access list"));
    bench.say(bob, "JOIN #den");
    assert!(said(&mut bench, bob, "CS OP #den").ends_with("You have no such access"));
    assert!(refused(&mut bench, ada, "CS DROP #den").ends_with(NOT_CHANGED));
    assert!(said(&mut bench, ada, "CS INFO #den").contains("#den belongs to ada"));
    assert!(said(&mut bench, ada, "CS DROP #den").ends_with("The channel is nobody's now"));
    let bench = bench.restarted("");
    assert!(!bench.hub.has_channel("#den"));
}

#[test]
fn a_topic_a_mode_and_a_ban_hold_are_said_not_to_be_kept_and_are_tried_again() {
    let mut bench = Bench::new("");
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #den");
    bench.say(ada, "CS REGISTER #den");
    bench.say(ada, "OPER root secret");
    for line in ["TOPIC #den :new", "MODE #den +m", "KLINE eve!*@*", "HS SET ada user/ada"] {
        let told = refused(&mut bench, ada, line);
        assert!(told.contains(TRIED_AGAIN), "{line}: {told}");
    }
    bench.disk_fails = true;
    for _ in 0..3 {
        bench.now += 10_000;
        bench.apply(Input::Tick);
    }
    assert_eq!(bench.store.reader().shelf("kept-out").unwrap(), []);
    bench.disk_fails = false;
    bench.now += 10_000;
    bench.apply(Input::Tick);
    let mut bench = bench.restarted("");
    let bob = bench.plain("bob");
    bench.say(bob, "JOIN #den");
    let told = bench.hear(bob).join("\n");
    assert!(told.contains(" 332 bob #den :new"), "{told}");
    let told = said(&mut bench, bob, "PRIVMSG #den :x");
    assert!(told.contains(" 404 "), "{told}");
    let eve = bench.arrive();
    bench.say(eve, "NICK eve");
    let told = said(&mut bench, eve, "USER u 0 * :r");
    assert!(told.contains("You are kept out of this server"), "{told}");
    assert!(bench.hub.has_channel("#den"));
}

#[test]
fn a_message_that_the_disk_still_has_is_not_taken_back() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.modern("ada"), bench.modern("bob"));
    for who in [ada, bob] {
        bench.say(who, "JOIN #den");
        bench.say(who, "CAP REQ draft/message-redaction");
    }
    bench.hear(ada);
    bench.say(ada, "PRIVMSG #den :oops");
    let id = msgid(bench.hear_all(ada).last().unwrap()).to_owned();
    bench.hear(bob);
    let told = refused(&mut bench, ada, &format!("REDACT #den {id}"));
    assert!(told.contains(&format!("FAIL REDACT NOT_STORED #den {id} ")), "{told}");
    assert_eq!(bench.hear(bob), [""; 0], "nobody is told that it is gone");
    bench.say(ada, &format!("REDACT #den {id}"));
    assert!(bench.hear(bob).join("\n").contains(&format!("REDACT #den {id}")));
}
