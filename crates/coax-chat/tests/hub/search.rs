//! SEARCH: what is found, by whom, and how it is told.

use crate::bench::{Bench, talk};

/// What `request` finds, whole.
fn found(bench: &mut Bench, who: coax_chat::hub::ClientId, request: &str) -> Vec<String> {
    let lines = bench.ask(who, &format!("SEARCH {request}"));
    assert!(lines[0].contains("BATCH +") && lines[0].ends_with("soju.im/search"), "{lines:?}");
    assert!(lines.last().unwrap().contains("BATCH :-"), "{lines:?}");
    assert!(lines[1..lines.len() - 1].iter().all(|line| line.starts_with("@batch=")), "{lines:?}");
    talk(&lines).into_iter().map(str::to_owned).collect()
}

fn failed(bench: &mut Bench, who: coax_chat::hub::ClientId, request: &str) -> String {
    let lines = bench.ask(who, &format!("SEARCH {request}"));
    let [line] = &lines[..] else { panic!("{lines:?}") };
    line.split_once(" FAIL SEARCH ").unwrap().1.split(" :").next().unwrap().to_owned()
}

#[test]
fn every_attribute_narrows_what_is_found() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.signed_in("ada"), bench.signed_in("bob"));
    for channel in ["#rust", "#tea"] {
        bench.say(ada, &format!("JOIN {channel}"));
        bench.say(bob, &format!("JOIN {channel}"));
    }
    bench.now = 1_704_067_200_000;
    for (who, line) in [
        (ada, "PRIVMSG #rust :the compiler is kind"),
        (bob, "PRIVMSG #rust :kind of"),
        (bob, "NOTICE #tea :what kind?"),
        (ada, "PRIVMSG bob :be kind; or else"),
        (ada, "PRIVMSG #tea :\u{1}ACTION is unkind\u{1}"),
    ] {
        bench.now += 999;
        bench.say(who, line);
    }
    for (request, expected) in [
        ("text=kind", &["the compiler is kind", "kind of", "be kind; or else"][..]),
        ("text=KIND;limit=1", &["be kind; or else"]),
        ("text=kind;in=#RUST", &["the compiler is kind", "kind of"]),
        ("text=kind\\:\\sor", &["be kind; or else"]),
        ("from=Ada;in=#rust", &["the compiler is kind"]),
        ("from=bob", &["kind of"]),
        ("in=bob", &["be kind; or else"]),
        ("text=compil*;in=#rust;from=ada", &["the compiler is kind"]),
        ("after=2024-01-01T00:00:04.000Z", &["be kind; or else", "\u{1}ACTION is unkind\u{1}"]),
        ("before=2024-01-01T00:00:01.000Z", &["the compiler is kind"]),
        ("before=2024-01-01T00:00:00.999Z", &[]),
        ("after=2024-01-01T00:00:01.001Z;before=2024-01-01T00:00:02.000Z", &["kind of"]),
        ("text=nothing", &[]),
        ("text=kind;in=eve", &[]),
    ] {
        assert_eq!(found(&mut bench, ada, request), expected, "{request}");
    }
    let notice = bench.ask(bob, "SEARCH text=what");
    assert!(notice[1].ends_with("NOTICE #tea :what kind?"), "{notice:?}");
    assert!(notice[1].contains("account=bob"), "as it was said: {notice:?}");
}

#[test]
fn what_makes_no_search_is_said() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    bench.say(ada, "JOIN #rust");
    for (request, expected) in [
        ("colour=red", "INVALID_PARAMS colour"),
        ("text=a;limit=0", "INVALID_PARAMS limit"),
        ("limit=many", "INVALID_PARAMS limit"),
        ("after=yesterday", "INVALID_PARAMS after"),
        ("text=a*", "INVALID_PARAMS text"),
        ("in=#elsewhere;text=a", "INVALID_PARAMS in"),
        ("in=bob;text=a", "INVALID_PARAMS in"),
    ] {
        assert_eq!(failed(&mut bench, ada, request), expected, "{request}");
    }
    assert!(bench.ask(ada, "SEARCH")[0].contains(" 461 "));
    let mut bench = Bench::new("[history]\nkeep = false");
    let ada = bench.plain("ada");
    bench.say(ada, "JOIN #rust");
    assert!(bench.ask(ada, "CAP LS 302").iter().all(|line| !line.contains("search")));
    assert_eq!(failed(&mut bench, ada, "text=a;in=#rust"), "INVALID_PARAMS in");
}

#[test]
fn nobody_finds_what_they_may_not_read() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.signed_in("ada"), bench.signed_in("bob"));
    bench.say(ada, "JOIN #den");
    bench.say(ada, "PRIVMSG #den :a secret of the den");
    bench.say(ada, "PRIVMSG bob :a secret of two");
    let eve = bench.signed_in("eve");
    bench.say(eve, "JOIN #other");
    assert_eq!(found(&mut bench, eve, "text=secret"), [""; 0]);
    assert_eq!(failed(&mut bench, eve, "text=secret;in=#den"), "INVALID_PARAMS in");
    assert_eq!(found(&mut bench, eve, "text=secret;in=ada"), [""; 0]);
    assert_eq!(found(&mut bench, bob, "text=secret"), ["a secret of two"]);
    let guest = bench.modern("guest");
    assert_eq!(found(&mut bench, guest, "text=secret"), [""; 0], "who is nowhere finds nothing");
    bench.say(ada, "PART #den");
    assert_eq!(
        found(&mut bench, ada, "text=secret"),
        ["a secret of two"],
        "who left does not find"
    );
    bench.say(eve, "JOIN #den");
    assert_eq!(found(&mut bench, eve, "text=secret"), [""; 0], "nor who comes in another life");
    bench.say(eve, "PRIVMSG #den :my secret");
    assert_eq!(found(&mut bench, eve, "text=secret"), ["my secret"]);
    assert_eq!(found(&mut bench, eve, "in=#den"), ["my secret"]);
    assert_eq!(found(&mut bench, eve, "in=#den;after=2001-01-01T00:00:00.000Z"), ["my secret"]);
    bench.say(ada, "NS DROP ada");
    bench.gone(ada);
    let ada = bench.signed_in("ada");
    assert_eq!(found(&mut bench, ada, "text=secret"), [""; 0], "a name's next owner is another");
}

#[test]
fn what_was_taken_back_is_not_found() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    bench.say(ada, "JOIN #rust");
    bench.say(ada, "PRIVMSG #rust :my password is sesame");
    let said = bench.hear_all(ada);
    bench.say(ada, &format!("REDACT #rust {}", crate::bench::msgid(said.last().unwrap())));
    assert_eq!(found(&mut bench, ada, "text=sesame"), [""; 0]);
}

#[test]
fn a_label_is_on_the_batch() {
    let mut bench = Bench::new("");
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #rust");
    bench.say(ada, "PRIVMSG #rust :hello");
    let lines = bench.ask(ada, "@label=7 SEARCH text=hello");
    assert!(lines[0].starts_with("@label=7") && lines[0].contains("BATCH +"), "{lines:?}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn who_reads_no_batches_reads_notices() {
    let mut bench = Bench::new("");
    let nc = bench.plain("guest");
    bench.say(nc, "JOIN #rust");
    bench.now = 1_704_067_200_000;
    bench.say(nc, "PRIVMSG #rust :hello there");
    bench.say(nc, "PRIVMSG #rust :\u{1}ACTION says hello\u{1}");
    let lines = bench.ask(nc, "SEARCH text=hello");
    assert_eq!(
        lines,
        [
            ":coax.chat NOTICE guest :2024-01-01 00:00 UTC #rust guest: hello there",
            ":coax.chat NOTICE guest :2024-01-01 00:00 UTC #rust * guest says hello",
            ":coax.chat NOTICE guest :2 found",
        ]
    );
    assert_eq!(bench.ask(nc, "SEARCH text=no"), [":coax.chat NOTICE guest :Nothing found"]);
}
