//! A secret channel is not there for those outside: whatever they ask, the answer is that of a channel
//! that nobody made.

use crate::bench::Bench;

const QUESTIONS: [&str; 18] = [
    "MODE #x",
    "MODE #x b",
    "MODE #x +m",
    "TOPIC #x",
    "TOPIC #x :new",
    "NAMES #x",
    "WHO #x",
    "LIST #x",
    "CS INFO #x",
    "CS ACCESS #x LIST",
    "CS DROP #x",
    "INVITE eve #x",
    "KICK #x ada",
    "PART #x",
    "PRIVMSG #x :hello",
    "RENAME #x #y",
    "CHATHISTORY LATEST #x * 5",
    "REDACT #x m1",
];

#[test]
fn an_outsider_is_answered_as_if_there_were_none() {
    let mut bench = Bench::new("");
    let ada = bench.signed_in("ada");
    bench.say(ada, "JOIN #Den");
    bench.say(ada, "CS REGISTER #den");
    bench.say(ada, "TOPIC #den :hush");
    bench.say(ada, "MODE #den +s");
    let eve = bench.signed_in("eve");
    bench.say(eve, "CAP REQ draft/message-redaction");
    bench.hear(eve);
    for question in QUESTIONS {
        let there = bench.ask(eve, &question.replace("#x", "#den")).join("\n");
        let none = bench.ask(eve, &question.replace("#x", "#dem")).join("\n");
        assert_eq!(there, none.replace("#dem", "#den"), "{question}");
    }
    // Who was invited, and who runs the server, knows.
    bench.say(ada, "INVITE eve #den");
    assert!(bench.ask(eve, "MODE #den").join("\n").contains(" 324 eve #Den "));
    let root = bench.plain("root");
    bench.say(root, "OPER root secret");
    assert!(bench.ask(root, "MODE #den").join("\n").contains(" 324 root #Den "));
}
