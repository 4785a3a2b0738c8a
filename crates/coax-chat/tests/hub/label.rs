//! Labels: each is answered once, by whatever a command brings its sender.

use crate::bench::Bench;

const DISK: &str = "[history]\nack = \"disk\"";

#[test]
fn a_label_of_several_targets_is_answered_once_when_all_is_on_disk() {
    let mut bench = Bench::new(DISK);
    let ada = bench.modern("ada");
    bench.say(ada, "JOIN #one,#two");
    bench.hear(ada);
    bench.answers = false;
    bench.say(ada, "@label=7 PRIVMSG #one,nobody,#two :hello");
    assert_eq!(bench.hear(ada), [""; 0], "not before it is on disk");
    bench.answer();
    assert_eq!(bench.hear(ada), [""; 0], "nor before all of it is");
    bench.answer();
    let lines = bench.hear(ada);
    let [begin, refused, one, two, end] = &lines[..] else { panic!("{lines:?}") };
    assert!(begin.starts_with("@label=7 :coax.chat BATCH +"), "{begin}");
    let batch = begin.split_once('+').unwrap().1.split(' ').next().unwrap();
    assert_eq!(*refused, format!("@batch={batch} :coax.chat 401 ada nobody :No such nick"));
    assert_eq!(*one, format!("@batch={batch} :ada!~u@host PRIVMSG #one :hello"));
    assert_eq!(*two, format!("@batch={batch} :ada!~u@host PRIVMSG #two :hello"));
    assert_eq!(*end, format!(":coax.chat BATCH -{batch}"));
}

#[test]
fn one_echo_has_the_label_itself() {
    let mut bench = Bench::new(DISK);
    let ada = bench.modern("ada");
    bench.say(ada, "JOIN #one");
    let lines = bench.ask(ada, "@label=7 PRIVMSG #one :hello");
    assert_eq!(lines, ["@label=7 :ada!~u@host PRIVMSG #one :hello"]);
    let lines = bench.ask(ada, "@label=8 PRIVMSG #one,#one :twice");
    assert_eq!(lines.len(), 4, "two in a batch: {lines:?}");
}

#[test]
fn a_command_that_asks_several_times_is_answered_once() {
    let mut bench = Bench::new("");
    let ada = bench.signed_in("ada");
    bench.answers = false;
    bench.say(ada, "@label=7 NS PASSWD sesame open-sesame");
    // It is checked, hashed and kept.
    for _ in 0..2 {
        bench.answer();
        assert_eq!(bench.hear(ada), [""; 0]);
    }
    bench.answer();
    let lines = bench.hear(ada);
    let said = "@label=7 :NickServ!NickServ@services NOTICE ada :Password changed";
    assert_eq!(lines, [said]);
}

#[test]
fn what_was_gathered_for_one_does_not_go_to_another_who_is_put_out() {
    let mut bench = Bench::new("");
    let (ada, bob) = (bench.signed_in("ada"), bench.modern("bob"));
    bench.say(bob, "NICK bob2");
    bench.say(ada, "OPER root secret");
    bench.hear(ada);
    bench.hear(bob);
    bench.say(ada, "@label=7 KLINE 5 bob2 :out");
    let lines = bench.hear(ada);
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.starts_with("@label=7 ") && line.contains("is kept out; 1 put out"), "{line}");
    let lines = bench.hear(bob);
    assert!(lines.len() == 1 && lines[0].starts_with("ERROR "), "{lines:?}");
}

#[test]
fn who_is_put_out_while_waiting_still_reads_what_there_was() {
    let mut bench = Bench::new(DISK);
    let (ada, bob) = (bench.modern("ada"), bench.modern("bob"));
    bench.say(bob, "OPER root secret");
    bench.say(ada, "JOIN #one");
    bench.hear(ada);
    bench.answers = false;
    bench.say(ada, "@label=7 PRIVMSG nobody,#one :hello");
    bench.say(bob, "KILL ada :out");
    let lines = bench.hear(ada);
    assert!(lines[0].contains("KILL ada"), "{lines:?}");
    assert_eq!(lines[1], ":coax.chat 401 ada nobody :No such nick");
    assert!(lines[2].starts_with("ERROR ") && lines.len() == 3, "{lines:?}");
    bench.answer();
    assert_eq!(bench.hear(ada), [""; 0]);
}

#[test]
fn a_labelled_farewell_is_the_last_word() {
    let mut bench = Bench::new("");
    let ada = bench.modern("ada");
    let lines = bench.ask(ada, "@label=7 QUIT :bye");
    assert!(lines.len() == 1 && lines[0].starts_with("ERROR "), "{lines:?}");
}
