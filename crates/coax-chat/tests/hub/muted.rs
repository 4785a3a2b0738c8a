//! SHUN: a muted person stays and reads, and nothing in their own words reaches others.

use coax_chat::hub::{ClientId, Input};

use crate::bench::{Bench, msgid, talk};

/// An operator, a muted person, and one who hears both; all in #den.
fn muted(bench: &mut Bench) -> [ClientId; 3] {
    let root = bench.modern("root");
    let (eve, bob) = (bench.signed_in("eve"), bench.modern("bob"));
    bench.say(root, "OPER root secret");
    for who in [root, eve, bob] {
        bench.say(who, "CAP REQ :away-notify setname draft/message-redaction invite-notify");
        bench.say(who, "JOIN #den");
    }
    bench.say(root, "MODE #den -t+h eve");
    for who in [root, eve, bob] {
        bench.hear(who);
    }
    let told = bench.ask(root, "SHUN 10 eve!*@* :noise").join("\n");
    assert!(told.ends_with("NOTICE root :eve!*@* is muted; 1 here now"), "{told}");
    [root, eve, bob]
}

const WHY: &str = "You are muted on this server until 2023-11-14T22:23:";

#[test]
fn nothing_that_others_would_read_leaves_a_muted_person() {
    let mut bench = Bench::new("");
    let [_, eve, bob] = muted(&mut bench);
    let told = bench.hear(eve).join("\n");
    assert!(told.contains(&format!("NOTICE eve :{WHY}")), "{told}");
    assert!(told.ends_with(": noise. You can read; nobody reads what you say"), "{told}");
    for (line, numeric) in [
        ("PRIVMSG #den :x", " 404 eve #den :"),
        ("PRIVMSG bob :x", " 531 eve bob :"),
        ("PRIVMSG bob,#den :x", " 531 eve bob :"),
        ("@+draft/react=x TAGMSG #den", " 404 eve #den :"),
        ("TOPIC #den :x", "FAIL TOPIC MUTED :"),
        ("NICK x", "FAIL NICK MUTED :"),
        ("SETNAME :x", "FAIL SETNAME MUTED :"),
        ("AWAY :x", "FAIL AWAY MUTED :"),
        ("INVITE bob #den", "FAIL INVITE MUTED :"),
        ("RENAME #den #x", "FAIL RENAME MUTED :"),
    ] {
        let told = bench.ask(eve, line);
        assert!(told[0].contains(&format!("{numeric}{WHY}")), "{line}: {told:?}");
        assert_eq!(bench.hear(bob), [""; 0], "{line}");
    }
    for line in ["NOTICE #den :x", "NOTICE bob :x", "@+typing=active TAGMSG #den"] {
        assert_eq!(bench.ask(eve, line), [""; 0], "{line}");
        assert_eq!(bench.hear(bob), [""; 0], "{line}");
    }
}

#[test]
fn a_reason_is_left_out_and_the_rest_is_done() {
    let mut bench = Bench::new("");
    let [root, eve, bob] = muted(&mut bench);
    bench.say(bob, "PRIVMSG #den :oops");
    let id = msgid(bench.hear_all(eve).last().unwrap()).to_owned();
    bench.hear(bob);
    for (line, told) in [
        (format!("REDACT #den {id} :mine"), format!("REDACT #den {id}")),
        ("KICK #den bob :mine".to_owned(), "KICK #den bob :eve".to_owned()),
        ("PART #den :mine".to_owned(), "PART #den".to_owned()),
    ] {
        bench.hear(root);
        bench.say(eve, &line);
        let heard = bench.hear(root).join("\n");
        assert!(heard.contains(&told) && !heard.contains("mine"), "{line}: {heard}");
    }
    bench.say(eve, "JOIN #den");
    bench.say(eve, "QUIT :mine");
    let heard = bench.hear(root).join("\n");
    assert!(heard.ends_with("QUIT :Quit"), "{heard}");
}

#[test]
fn a_muted_person_reads_and_speaks_with_services() {
    let mut bench = Bench::new("");
    let [_, eve, bob] = muted(&mut bench);
    bench.hear(eve);
    bench.say(bob, "PRIVMSG #den :to all");
    bench.say(bob, "PRIVMSG eve :to you");
    assert_eq!(talk(&bench.hear(eve)), ["to all", "to you"]);
    for (line, told) in [
        ("PRIVMSG NickServ :INFO", "NOTICE eve :"),
        ("CS INFO #den", "is not registered"),
        ("CHATHISTORY LATEST #den * 5", "to all"),
        ("TOPIC #den", " 331 "),
        ("AWAY", " 305 "),
        ("MODE eve +i", "+i"),
        ("JOIN #other", "JOIN #other"),
        ("WHOIS bob", " 311 "),
    ] {
        let heard = bench.ask(eve, line).join("\n");
        assert!(heard.contains(told), "{line}: {heard}");
    }
}

#[test]
fn it_ends_by_hand_and_by_its_term() {
    let mut bench = Bench::new("");
    let [root, eve, bob] = muted(&mut bench);
    let told = bench.ask(root, "STATS s").join("\n");
    assert!(told.contains(" 223 root S eve!*@* :until 2023-11-14T22:23:"), "{told}");
    assert!(told.contains(", by root: noise"), "{told}");
    assert!(bench.ask(bob, "STATS s")[0].contains(" 481 "));
    assert!(!bench.ask(root, "STATS k").join("\n").contains("eve"), "nobody is kept out");
    let told = bench.ask(root, "UNKLINE eve").join("\n");
    assert!(told.ends_with("Nobody is kept out by that mask: STATS k lists them"), "{told}");
    bench.hear(eve);
    let told = bench.ask(root, "UNSHUN eve!*@*").join("\n");
    assert!(told.ends_with("eve!*@* may speak again"), "{told}");
    assert!(bench.hear(eve).join("\n").ends_with("NOTICE eve :You are no longer muted"));
    assert!(bench.ask(root, "UNSHUN eve!*@*")[0].ends_with("STATS s lists them"));
    bench.say(root, "SHUN 10 $a:eve :noise");
    bench.say(eve, "PRIVMSG #den :x");
    bench.now += 601_000;
    bench.hear(bob);
    bench.say(eve, "PRIVMSG #den :y");
    assert_eq!(talk(&bench.hear(bob)), ["y"]);
    assert!(!bench.ask(root, "STATS s").join("\n").contains("eve"));
}

#[test]
fn it_is_on_disk_before_it_is_confirmed_and_holds_after_a_restart() {
    let mut bench = Bench::new("");
    let [root, ..] = muted(&mut bench);
    bench.disk_fails = true;
    let told = bench.ask(root, "SHUN cat!*@* :noise").join("\n");
    assert!(told.contains("cat!*@* is muted; 0 here now; it could not be kept"), "{told}");
    bench.disk_fails = false;
    bench.now += 10_000;
    bench.apply(Input::Tick);
    bench.answers = false;
    bench.hear(root);
    assert_eq!(bench.ask(root, "SHUN dan!*@*"), [""; 0], "nothing is said before the disk");
    bench.answers = true;
    bench.answer();
    let told = bench.hear(root).join("\n");
    assert!(told.ends_with("dan!*@* is muted; 0 here now"), "{told}");
    let mut bench = bench.restarted("");
    for nick in ["eve", "cat", "dan"] {
        let who = bench.arrive();
        bench.say(who, &format!("NICK {nick}_"));
        bench.hear(who);
        let again = if nick == "eve" {
            bench.signed_in(nick)
        } else {
            let who = bench.arrive();
            bench.say(who, &format!("NICK {nick}"));
            bench.say(who, "USER u 0 * :r");
            assert!(bench.hear(who).join("\n").contains("You are muted on this server"), "{nick}");
            who
        };
        bench.say(again, "JOIN #den");
        let told = bench.ask(again, "PRIVMSG #den :x").join("\n");
        assert!(told.contains("You are muted on this server"), "{nick}: {told}");
    }
}

#[test]
fn an_operator_is_never_muted_and_an_account_is_when_it_signs_in() {
    let mut bench = Bench::new("");
    let [root, _, bob] = muted(&mut bench);
    bench.say(root, "SHUN *!*@* :quiet, please");
    bench.hear(bob);
    assert!(bench.ask(bob, "PRIVMSG #den :x").join("\n").contains("quiet, please"));
    bench.hear(bob);
    bench.say(root, "PRIVMSG #den :order");
    assert_eq!(talk(&bench.hear(bob)), ["order"]);
    assert!(bench.ask(bob, "OPER root secret").join("\n").contains(" 381 "));
    bench.say(root, "UNSHUN *!*@*");
    bench.say(root, "SHUN $a:eve :noise");
    let phone = bench.plain("phone");
    let told = bench.ask(phone, "NS IDENTIFY eve sesame").join("\n");
    assert!(told.contains("identified for eve") && told.contains("You are muted"), "{told}");
}

#[test]
fn a_term_in_the_wrong_place_is_no_mask_and_no_reason() {
    let mut bench = Bench::new("");
    let root = bench.modern("root");
    bench.say(root, "OPER root secret");
    for line in ["SHUN eve 10 :why", "KLINE eve 10 :why", "SHUN 1h eve", "SHUN 10", "KLINE 0 eve"] {
        let told = bench.ask(root, line).join("\n");
        assert!(told.contains("minutes come first, and are a number from 1"), "{line}: {told}");
    }
    for stats in ["STATS k", "STATS s"] {
        assert_eq!(bench.ask(root, stats).len(), 1, "{stats}");
    }
    for line in ["SHUN eve 10", "KLINE 10 eve!*@* 2", "SHUN 192.0.2.7"] {
        let told = bench.ask(root, line).join("\n");
        assert!(told.contains(" is "), "{line}: {told}");
    }
}
