//! Whose a history is: what was said in an earlier life of a channel is not for those of the next.

use coax_chat::hub::{ClientId, Input};

use crate::bench::{Bench, msgid, talk};

fn latest(bench: &mut Bench, who: ClientId, channel: &str) -> Vec<String> {
    let lines = bench.ask(who, &format!("CHATHISTORY LATEST {channel} * 50"));
    talk(&lines).into_iter().map(str::to_owned).collect()
}

#[test]
fn whoever_makes_a_channel_again_does_not_read_what_was_said_before() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    bench.say(ada, "JOIN #den");
    bench.say(ada, "PRIVMSG #den :a secret");
    let old = msgid(bench.hear_all(ada).last().unwrap()).to_owned();
    assert_eq!(latest(&mut bench, ada, "#den"), ["a secret"]);
    bench.say(ada, "PART #den");
    let eve = bench.modern("eve");
    bench.say(eve, "JOIN #den");
    bench.say(eve, "PRIVMSG #den :nobody here");
    assert_eq!(latest(&mut bench, eve, "#den"), ["nobody here"]);
    let past = "timestamp=2001-01-01T00:00:00.000Z";
    for (request, told) in [
        (format!("BEFORE #den msgid={old} 9"), &[][..]),
        (format!("AROUND #den msgid={old} 9"), &["nobody here"]),
        (format!("LATEST #den {past} 9"), &["nobody here"]),
        (format!("LATEST #den msgid={old} 9"), &["nobody here"]),
        (format!("AFTER #den {past} 9"), &["nobody here"]),
        (format!("AFTER #den {past} 1"), &[]),
        (format!("BETWEEN #den {past} timestamp=2099-01-01T00:00:00.000Z 9"), &["nobody here"]),
        (format!("BETWEEN #den timestamp=2099-01-01T00:00:00.000Z {past} 9"), &["nobody here"]),
    ] {
        let lines = bench.ask(eve, &format!("CHATHISTORY {request}"));
        assert_eq!(talk(&lines), told, "{request}: {lines:?}");
    }
    for request in
        [format!("AFTER #den msgid={old} 9"), format!("BETWEEN #den msgid={old} {past} 9")]
    {
        let lines = bench.ask(eve, &format!("CHATHISTORY {request}"));
        assert!(lines[0].contains("FAIL CHATHISTORY INVALID_MSGREFTYPE"), "{request}: {lines:?}");
    }
    let lines = bench.ask(eve, &format!("REDACT #den {old}"));
    assert!(lines[0].contains("FAIL REDACT UNKNOWN_MSGID"), "{lines:?}");
}

#[test]
fn two_lives_in_one_millisecond_are_two() {
    let mut bench = Bench::new("");
    let (ada, eve) = (bench.modern("ada"), bench.modern("eve"));
    for (who, line) in [
        (ada, "JOIN #den"),
        (ada, "PRIVMSG #den :a secret"),
        (ada, "PART #den"),
        (eve, "JOIN #den"),
        (eve, "PRIVMSG #den :mine"),
    ] {
        bench.now -= 1;
        bench.say(who, line);
    }
    assert_eq!(latest(&mut bench, eve, "#den"), ["mine"]);
}

#[test]
fn the_default_channel_is_everybodys_whoever_was_there() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    bench.say(ada, "JOIN #lobby");
    bench.say(ada, "PRIVMSG #lobby :hello");
    bench.say(ada, "JOIN #den");
    bench.say(ada, "PRIVMSG #den :psst");
    bench.gone(ada);
    let mut bench = bench.restarted("");
    let bob = bench.modern("bob");
    bench.say(bob, "JOIN #LOBBY");
    bench.say(bob, "JOIN #den");
    assert_eq!(latest(&mut bench, bob, "#lobby"), ["hello"]);
    assert_eq!(latest(&mut bench, bob, "#den"), [""; 0]);
}

#[test]
fn a_channel_that_all_may_enter_goes_on_when_the_server_starts_again() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    for (channel, closed) in [
        ("#den", None),
        ("#invited", Some("+i")),
        ("#locked", Some("+k key")),
        ("#banned", Some("+b eve!*@*")),
        ("#open-again", Some("+i-i")),
    ] {
        bench.say(ada, &format!("JOIN {channel}"));
        bench.say(ada, &format!("PRIVMSG {channel} :hello"));
        closed.into_iter().for_each(|modes| bench.say(ada, &format!("MODE {channel} {modes}")));
    }
    let mut bench = bench.restarted("");
    let bob = bench.modern("bob");
    for (channel, told) in [
        ("#den", &["hello"][..]),
        ("#invited", &[]),
        ("#locked", &[]),
        ("#banned", &[]),
        ("#open-again", &["hello"]),
    ] {
        bench.say(bob, &format!("JOIN {channel}"));
        assert_eq!(latest(&mut bench, bob, channel), told, "{channel}");
    }
    bench.say(bob, "PART #den");
    let mut bench = bench.restarted("");
    let eve = bench.modern("eve");
    bench.say(eve, "JOIN #den");
    assert_eq!(latest(&mut bench, eve, "#den"), [""; 0], "over with the last who went");
}

#[test]
fn a_life_that_nobody_takes_up_again_within_a_day_is_over() {
    for (after, told) in [(23, &["hello"][..]), (25, &[])] {
        let mut bench = Bench::new("");
        let ada = bench.modern("ada");
        bench.say(ada, "JOIN #den");
        bench.say(ada, "PRIVMSG #den :hello");
        let mut bench = bench.restarted("");
        bench.now += after * 60 * 60 * 1000;
        bench.apply(Input::Tick);
        let bob = bench.modern("bob");
        bench.say(bob, "JOIN #den");
        assert_eq!(latest(&mut bench, bob, "#den"), told, "after {after} h");
    }
}

#[test]
fn a_registered_channel_keeps_its_history_and_not_that_of_the_life_before() {
    let mut bench = Bench::new("");
    let eve = bench.modern("eve");
    bench.say(eve, "JOIN #den");
    bench.say(eve, "PRIVMSG #den :before");
    bench.say(eve, "PART #den");
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #den");
    bench.say(ada, "PRIVMSG #den :one");
    bench.say(ada, "CS REGISTER #den");
    bench.say(ada, "PART #den");
    bench.say(eve, "JOIN #den");
    assert_eq!(latest(&mut bench, eve, "#den"), ["one"]);
    let mut bench = bench.restarted("");
    let bob = bench.modern("bob");
    bench.say(bob, "JOIN #den");
    bench.say(bob, "PRIVMSG #den :two");
    assert_eq!(latest(&mut bench, bob, "#den"), ["one", "two"]);
    let ada = bench.signed_in("ada");
    bench.say(bob, "PART #den");
    bench.say(ada, "CS DROP #den");
    bench.say(bob, "JOIN #den");
    assert_eq!(latest(&mut bench, bob, "#den"), [""; 0], "given up, and gone with the last");
}

#[test]
fn a_renamed_channel_does_not_inherit_what_others_said_under_the_name() {
    let mut bench = Bench::new("");
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #old");
    let eve = bench.modern("eve");
    bench.say(eve, "JOIN #den");
    bench.say(eve, "PRIVMSG #den :a secret");
    bench.say(eve, "PART #den");
    bench.say(ada, "CS REGISTER #old");
    bench.say(ada, "RENAME #old #den");
    bench.say(ada, "PRIVMSG #den :ours");
    assert_eq!(latest(&mut bench, ada, "#den"), ["ours"]);
    let mut bench = bench.restarted("");
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #den");
    assert_eq!(latest(&mut bench, ada, "#den"), ["ours"], "nor after a restart");
}

#[test]
fn the_next_owner_of_an_accounts_name_does_not_read_its_private_talk() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.signed_in("ada"), bench.signed_in("bob"));
    bench.say(ada, "PRIVMSG bob :between us");
    assert_eq!(latest(&mut bench, ada, "bob"), ["between us"]);
    bench.say(ada, "NS DROP ada");
    bench.gone(ada);
    let ada = bench.modern("ada");
    bench.say(ada, "NS REGISTER enigma-1843");
    assert_eq!(latest(&mut bench, ada, "bob"), [""; 0]);
    let all = "timestamp=2001-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 50";
    let targets = bench.ask(ada, &format!("CHATHISTORY TARGETS {all}"));
    assert!(!targets.iter().any(|line| line.contains("TARGETS bob")), "{targets:?}");
    assert_eq!(latest(&mut bench, bob, "ada"), ["between us"], "bob was there");
    let targets = bench.ask(bob, &format!("CHATHISTORY TARGETS {all}"));
    assert!(targets.iter().any(|line| line.contains("TARGETS ada")), "{targets:?}");
}

#[test]
fn targets_name_no_channel_by_what_was_said_in_another_life() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    bench.say(ada, "JOIN #den");
    bench.say(ada, "PRIVMSG #den :a secret");
    bench.say(ada, "PART #den");
    let eve = bench.plain("eve");
    bench.say(eve, "CAP REQ :batch server-time draft/chathistory");
    bench.say(eve, "JOIN #den");
    let all = "timestamp=2001-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 50";
    let targets = bench.ask(eve, &format!("CHATHISTORY TARGETS {all}"));
    assert!(!targets.iter().any(|line| line.contains("TARGETS #den")), "{targets:?}");
    bench.say(eve, "PRIVMSG #den :mine");
    let targets = bench.ask(eve, &format!("CHATHISTORY TARGETS {all}"));
    assert!(targets.iter().any(|line| line.contains("TARGETS #den")), "{targets:?}");
}
