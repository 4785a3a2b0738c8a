//! A line that is sent again is said once: on another connection, under another nick, in either order.

use coax_chat::hub::ClientId;

use crate::bench::{Bench, msgid};

const ID: &str = "5f2c9a7be01d4388a6c1e7f0";

fn page(bench: &mut Bench, nick: &str) -> ClientId {
    let who = bench.modern(nick);
    bench.say(who, "CAP REQ coax.chat/once");
    bench.say(who, "JOIN #lobby");
    bench.hear(who);
    who
}

fn heard(bench: &mut Bench, who: ClientId) -> Vec<String> {
    let talk = |line: &String| line.contains("PRIVMSG");
    bench.hear_all(who).into_iter().filter(talk).collect()
}

#[test]
fn the_second_arrival_says_nothing_and_echoes_the_first() {
    for late_is_first in [true, false] {
        let mut bench = Bench::new("");
        let bob = bench.plain("bob");
        bench.say(bob, "JOIN #lobby");
        let (old, new) = (page(&mut bench, "traveller"), page(&mut bench, "traveller_"));
        bench.hear(bob);
        let line = format!("@label=1;coax.chat/once={ID} PRIVMSG #lobby :once");
        let [first, second] = if late_is_first { [old, new] } else { [new, old] };
        bench.say(first, &line);
        bench.say(second, &line);
        assert_eq!(heard(&mut bench, bob).len(), 1, "others hear it once");
        let echoes = [heard(&mut bench, first), heard(&mut bench, second)].concat();
        let labelled = echoes.iter().filter(|line| line.starts_with("@label=1;"));
        let ids = labelled.map(|line| msgid(line).to_owned()).collect::<Vec<_>>();
        assert_eq!(ids.len(), 2, "each connection gets its echo: {echoes:?}");
        assert_eq!(ids[0], ids[1], "which names the same message");
    }
}

#[test]
fn a_line_that_was_refused_may_be_sent_again() {
    let mut bench = Bench::new("");
    let ada = page(&mut bench, "ada");
    let line = format!("@coax.chat/once={ID} PRIVMSG bob :hello");
    bench.say(ada, &line);
    let bob = bench.plain("bob");
    bench.say(ada, &line);
    assert_eq!(bench.hear(bob), [":ada!~u@host PRIVMSG bob :hello"]);
}

#[test]
fn the_id_is_for_those_who_asked_for_it_and_is_told_to_nobody() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.modern("ada"), page(&mut bench, "bob"));
    bench.say(ada, "JOIN #lobby");
    bench.hear(bob);
    for _ in 0..2 {
        bench.say(ada, &format!("@coax.chat/once={ID} PRIVMSG #lobby :twice"));
    }
    let lines = heard(&mut bench, bob);
    assert!(lines.len() == 2 && lines.iter().all(|line| !line.contains(ID)), "{lines:?}");
    // Numbers that a client counts up come again on its next connection, with other lines.
    for _ in 0..2 {
        bench.say(bob, "@coax.chat/once=1 PRIVMSG ada :twice");
    }
    bench.hear(ada);
    bench.say(bob, "@coax.chat/once=1 PRIVMSG ada :and again");
    assert_eq!(heard(&mut bench, ada).len(), 1);
}
