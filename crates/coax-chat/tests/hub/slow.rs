//! Slow mode: `+W`, seconds between two messages of one person in a channel.

use coax_chat::hub::{ClientId, Origin};

use crate::bench::{Bench, talk};

fn from(address: &str) -> Origin {
    Origin { host: address.into(), address: address.into(), ..Origin::default() }
}

fn came_from(bench: &mut Bench, nick: &str, address: &str) -> ClientId {
    let who = bench.arrive_as(from(address));
    bench.say(who, &format!("NICK {nick}"));
    bench.say(who, "USER u 0 * :r");
    bench.say(who, "JOIN #den");
    bench.hear(who);
    who
}

/// A channel in which people say something every half minute.
fn slow_den(settings: &str) -> (Bench, ClientId) {
    let mut bench = Bench::new(settings);
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #den");
    let told = bench.ask(ada, "MODE #den +W 30").join("\n");
    assert!(told.ends_with("MODE #den +W 30"), "{told}");
    (bench, ada)
}

fn is_said(bench: &mut Bench, who: ClientId) -> bool {
    let told = bench.ask(who, "PRIVMSG #den :hello").join("\n");
    let refused = told.contains("(+W): one message every 30 s; wait ");
    // Who asked for it reads what they said.
    assert!(refused || told.is_empty() || told.ends_with("PRIVMSG #den :hello"), "{told}");
    !refused
}

#[test]
fn a_person_waits_between_two_messages_and_others_do_not() {
    let (mut bench, ada) = slow_den("");
    let (bob, cat) =
        (came_from(&mut bench, "bob", "192.0.2.1"), came_from(&mut bench, "cat", "192.0.2.1"));
    assert!(is_said(&mut bench, bob));
    let told = bench.ask(bob, "PRIVMSG #den :again").join("\n");
    let why = "404 bob #den :Cannot send to channel (+W): one message every 30 s; wait 30 s";
    assert!(told.ends_with(why), "{told}");
    assert_eq!(bench.ask(bob, "NOTICE #den :again"), [""; 0], "a NOTICE is never answered");
    assert!(is_said(&mut bench, cat), "a neighbour is somebody else");
    assert!(bench.ask(bob, "PRIVMSG cat :psst").is_empty(), "elsewhere it goes at any speed");
    bench.now += 10_500;
    let told = bench.ask(bob, "PRIVMSG #den :again").join("\n");
    assert!(told.ends_with("wait 20 s"), "{told}");
    bench.now += 20_000;
    assert!(is_said(&mut bench, bob));
    let heard = bench.hear(ada);
    assert_eq!(talk(&heard), ["hello", "hello", "hello"]);
    bench.say(ada, "MODE #den -W");
    bench.hear(bob);
    assert!(is_said(&mut bench, bob));
}

#[test]
fn operators_and_voiced_members_need_not_wait() {
    let (mut bench, ada) = slow_den("");
    let bob = came_from(&mut bench, "bob", "192.0.2.1");
    for _ in 0..3 {
        bench.say(ada, "PRIVMSG #den :order");
    }
    bench.say(ada, "MODE #den +v bob");
    bench.hear(bob);
    assert!(is_said(&mut bench, bob) && is_said(&mut bench, bob));
    bench.say(ada, "MODE #den -v bob");
    bench.hear(bob);
    assert!(!is_said(&mut bench, bob));
}

#[test]
fn another_connection_is_no_way_around_it() {
    let (mut bench, _) = slow_den("");
    let bob = came_from(&mut bench, "bob", "2001:db8::1");
    assert!(is_said(&mut bench, bob));
    bench.say(bob, "PART #den");
    bench.say(bob, "JOIN #den");
    bench.say(bob, "NICK bobby");
    bench.hear(bob);
    assert!(!is_said(&mut bench, bob), "coming in again changes nothing");
    bench.say(bob, "QUIT");
    let again = came_from(&mut bench, "again", "2001:db8::2");
    assert!(!is_said(&mut bench, again), "one /64 is one place");
    let other = came_from(&mut bench, "other", "2001:db8:0:1::1");
    assert!(is_said(&mut bench, other));
    // Through this machine many may come.
    let one = came_from(&mut bench, "one", "127.0.0.1");
    assert!(is_said(&mut bench, one));
    bench.say(one, "QUIT");
    let two = came_from(&mut bench, "two", "127.0.0.1");
    assert!(is_said(&mut bench, two));
    let one = came_from(&mut bench, "one", "127.0.0.1");
    assert!(!is_said(&mut bench, one));
    // Two devices of one account are one person, wherever they are.
    let eve = bench.signed_in("eve");
    bench.say(eve, "JOIN #den");
    bench.hear(eve);
    assert!(is_said(&mut bench, eve));
    let phone = came_from(&mut bench, "phone", "198.51.100.7");
    bench.say(phone, "NS IDENTIFY eve sesame");
    bench.hear(phone);
    assert!(!is_said(&mut bench, phone));
}

#[test]
fn a_message_that_was_not_passed_on_costs_nothing() {
    let (mut bench, ada) = slow_den("");
    let bob = came_from(&mut bench, "bob", "192.0.2.1");
    bench.say(ada, "MODE #den +m");
    bench.say(bob, "PRIVMSG #den :silenced");
    bench.say(ada, "MODE #den -m");
    bench.say(bob, &format!("PRIVMSG #den :{}", "x".repeat(500)));
    bench.say(bob, "CAP REQ message-tags");
    bench.say(bob, "@+typing=active TAGMSG #den");
    bench.hear(bob);
    assert!(is_said(&mut bench, bob));
    assert_eq!(bench.ask(bob, "@+typing=active TAGMSG #den"), [""; 0]);
}

#[test]
fn it_is_a_mode_like_others_and_stays_with_a_registered_channel() {
    let (mut bench, ada) = slow_den("");
    bench.say(ada, "MODE #den +kl key 9");
    bench.say(ada, "CS REGISTER #den");
    for wrong in ["0", "-1", "1:30", "86401", "soon"] {
        let told = bench.ask(ada, &format!("MODE #den +W {wrong}")).join("\n");
        let why = format!(
            "696 ada #den W {wrong} :Slow mode is a number of seconds from 1 to 86400: +W 30"
        );
        assert!(told.ends_with(&why), "{told}");
    }
    assert!(bench.ask(ada, "MODE #den +W").join("\n").contains(" 696 "));
    let told = bench.ask(ada, "VERSION").join("\n");
    assert!(told.contains(" CHANMODES=Ibe,k,Wl,CMRimnst "), "{told}");
    let told = bench.ask(ada, "HELP MODE").join("\n");
    assert!(told.contains("+W 30"), "{told}");
    let mut bench = bench.restarted("");
    let bob = bench.plain("bob");
    bench.say(bob, "JOIN #den key");
    let told = bench.ask(bob, "MODE #den").join("\n");
    assert!(told.contains(" 324 bob #den +ntklW key 9 30"), "{told}");
    assert!(is_said(&mut bench, bob) && !is_said(&mut bench, bob));
}
