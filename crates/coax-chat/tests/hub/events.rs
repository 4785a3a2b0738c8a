//! What happened, played back: to clients that asked for it, in each channel it concerned.

use coax_chat::hub::ClientId;

use crate::bench::{Bench, msgid};

/// The last page of a channel as `who` reads it, without its batch.
fn page(bench: &mut Bench, who: ClientId, channel: &str) -> Vec<String> {
    let lines = bench.ask(who, &format!("CHATHISTORY LATEST {channel} * 50"));
    let told = lines.iter().filter(|line| line.starts_with('@'));
    told.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

/// Two who did everything that can be done in a channel; the second has left.
fn busy() -> (Bench, ClientId) {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.signed_in("ada"), bench.plain("bob"));
    for (who, line) in [
        (ada, "JOIN #rust"),
        (ada, "CS REGISTER #rust"),
        (bob, "JOIN #rust"),
        (bob, "JOIN #tea"),
        (ada, "MODE #rust +v bob"),
        (ada, "TOPIC #rust :crabs"),
        (bob, "PRIVMSG #rust :hello"),
        (bob, "NICK carl"),
        (ada, "KICK #rust carl :shoo"),
        (bob, "JOIN #rust"),
        (bob, "PART #rust :tea time"),
        (bob, "JOIN #rust"),
        (bob, "QUIT :good night"),
    ] {
        bench.say(who, line);
    }
    (bench, ada)
}

#[test]
fn everything_that_happened_is_played_back() {
    let (mut bench, ada) = busy();
    assert_eq!(
        page(&mut bench, ada, "#rust"),
        [
            ":ada!~u@host JOIN #rust",
            ":ChanServ!ChanServ@services MODE #rust +q ada",
            ":bob!~u@host JOIN #rust",
            ":ada!~u@host MODE #rust +v bob",
            ":ada!~u@host TOPIC #rust :crabs",
            ":bob!~u@host PRIVMSG #rust :hello",
            ":bob!~u@host NICK :carl",
            ":ada!~u@host KICK #rust carl :shoo",
            ":carl!~u@host JOIN #rust",
            ":carl!~u@host PART #rust :tea time",
            ":carl!~u@host JOIN #rust",
            ":carl!~u@host QUIT :Quit: good night",
        ]
    );
    let dora = bench.plain("dora");
    bench.say(dora, "JOIN #rust");
    bench.say(ada, "PART #rust");
    bench.say(ada, "JOIN #rust");
    let lines = page(&mut bench, ada, "#rust");
    assert_eq!(
        lines.last().unwrap(),
        ":coax.chat MODE #rust +q ada",
        "what access gives on coming in"
    );
}

#[test]
fn who_did_not_ask_for_events_reads_talk_alone() {
    let (mut bench, ada) = busy();
    bench.say(ada, "CAP REQ -draft/event-playback");
    assert_eq!(page(&mut bench, ada, "#rust"), [":bob!~u@host PRIVMSG #rust :hello"]);
}

#[test]
fn a_join_is_played_back_as_it_was_told() {
    let (mut bench, ada) = busy();
    bench.say(ada, "CAP REQ extended-join");
    let lines = page(&mut bench, ada, "#rust");
    assert_eq!(lines[0], ":ada!~u@host JOIN #rust ada :Real Name");
    assert_eq!(lines[2], ":bob!~u@host JOIN #rust * :Real Name");
}

#[test]
fn what_concerns_several_channels_is_in_each_under_one_name() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.modern("ada"), bench.plain("bob"));
    for who in [ada, bob] {
        bench.say(who, "JOIN #one,#Two,#three");
    }
    bench.say(bob, "PART #three");
    bench.hear(ada);
    bench.say(bob, "NICK carl");
    bench.say(bob, "QUIT :bye");
    let live = bench.hear_all(ada);
    assert_eq!(live.len(), 2, "told once each: {live:?}");
    for channel in ["#one", "#two"] {
        bench.say(ada, &format!("CHATHISTORY LATEST {channel} * 2"));
        let kept = bench.hear_all(ada);
        assert_eq!([msgid(&kept[1]), msgid(&kept[2])], [msgid(&live[0]), msgid(&live[1])]);
        bench.say(ada, &format!("CHATHISTORY AFTER {channel} msgid={} 9", msgid(&live[0])));
        let after = bench.hear_all(ada);
        assert!(after.len() == 3 && after[1].ends_with("QUIT :Quit: bye"), "{after:?}");
    }
    let kept = page(&mut bench, ada, "#three");
    assert!(kept.last().unwrap().contains(" PART #three"), "not where they were not: {kept:?}");
    let refused = bench.ask(ada, &format!("CHATHISTORY AFTER #three msgid={} 9", msgid(&live[0])));
    assert!(refused[0].contains("INVALID_MSGREFTYPE"), "{refused:?}");
}

#[test]
fn whoever_is_put_out_of_the_server_quits_in_the_history_too() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.modern("ada"), bench.plain("bob"));
    bench.say(ada, "OPER root secret");
    for who in [ada, bob] {
        bench.say(who, "JOIN #one");
    }
    bench.say(ada, "KILL bob :spam");
    let lines = page(&mut bench, ada, "#one");
    assert_eq!(lines.last().unwrap(), ":bob!~u@host QUIT :Killed (ada (spam))");
    let carl = bench.plain("carl");
    bench.say(carl, "JOIN #one");
    bench.gone(carl);
    let lines = page(&mut bench, ada, "#one");
    assert_eq!(lines.last().unwrap(), ":carl!~u@host QUIT :gone");
}

#[test]
fn an_operator_is_told_what_operators_can_do() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.plain("ada"), bench.plain("bob"));
    assert!(!bench.ask(ada, "HELP").join(" ").contains("KLINE"));
    assert!(bench.ask(ada, "HELP KLINE")[0].contains(" 524 "));
    for letter in ["c", "l", "p"] {
        assert!(bench.ask(ada, &format!("STATS {letter}"))[0].contains(" 481 "));
    }
    bench.ask(ada, "OPER root secret");
    assert!(bench.ask(ada, "HELP").join(" ").contains("KLINE"));
    assert!(bench.ask(ada, "HELP KLINE")[0].contains(" 704 "));
    let listed = bench.ask(ada, "STATS l").join("\n");
    assert!(listed.contains(" 249 ada L :bob ["), "{listed}");
    assert!(bench.ask(ada, "STATS p")[0].contains(" 249 ada P :listens at "));
    bench.say(bob, "JOIN #a");
    bench.say(bob, "MODE #a +ik word");
    bench.hear(bob);
    assert!(bench.ask(ada, "SAMODE #a -i")[0].contains(" 324 ada #a "));
    assert!(bench.hear(bob)[0].ends_with(":ada!~u@host MODE #a -i"), "seen by its members");
    let told = bench.ask(ada, "SAJOIN ada #a");
    assert!(told.last().unwrap().ends_with("NOTICE ada :ada is in #a"), "{told:?}");
    assert!(bench.hear(bob)[0].contains(":ada!~u@host JOIN "));
    assert!(bench.ask(bob, "SAMODE #a +m")[0].contains(" 481 "));
}

#[test]
fn an_operator_suspends_and_drops_accounts() {
    let mut bench = Bench::new("");
    let (ada, carl) = (bench.plain("ada"), bench.signed_in("carl"));
    assert!(bench.ask(ada, "NS SUSPEND carl")[0].contains("I do not understand"));
    assert!(bench.ask(ada, "NS DROP carl")[0].contains("Say DROP and the name"));
    bench.ask(ada, "OPER root secret");
    assert!(bench.ask(ada, "NS HELP").join(" ").contains("SUSPEND <account>"));
    assert!(bench.ask(ada, "NS SUSPEND nobody")[0].ends_with(":No such account"));
    assert!(bench.ask(ada, "NS SUSPEND Carl")[0].ends_with(":carl is suspended"));
    assert!(bench.hear(carl).last().unwrap().contains("That account is suspended"));
    bench.gone(carl);
    let mut bench = bench.restarted("");
    let guest = bench.plain("guest");
    let told = bench.ask(guest, "NS IDENTIFY carl sesame");
    assert!(told.last().unwrap().ends_with(":That account is suspended"), "{told:?}");
    let ada = bench.plain("ada");
    bench.ask(ada, "OPER root secret");
    assert!(bench.ask(ada, "NS RESUME carl")[0].ends_with(":carl is no longer suspended"));
    let told = bench.ask(guest, "NS IDENTIFY carl sesame").join(" ");
    assert!(told.contains("You are now identified for carl"), "{told}");
    assert!(bench.ask(ada, "NS DROP carl").last().unwrap().ends_with(":The account is gone"));
    assert!(bench.hear(guest).join(" ").contains(" 901 "));
}
