//! Rules that are right, and every kind of mistake at its place.

use std::path::Path;
use std::time::Duration;

use super::read;
use crate::matcher::{Matcher, Request};
use crate::reply::{Body, Then};
use crate::rules::{Answer, Found, Rules};

fn rules(text: &str) -> Rules {
    read(text.as_bytes(), Path::new("")).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_key_is_read() {
    let rules = rules(
        r#"
        framing = "line"
        default = "what?"
        [[rule]]
        connect = true
        reply = "hello"
        [[rule]]
        name = "sum"
        regex = '^add (\d+)$'
        template = "{1}"
        delay = "5ms"
        chunk = 2
        pause = "1ms"
        then = "half-close"
        [[rule]]
        bytes = "00:0f fF"
        hex = "01"
        [[rule]]
        length = "3-"
        command = "date"
        limit = "1s"
        [[rule]]
        prefix = "n"
        replies = ["one", { reply = "two", then = "reset" }]
        cycle = true
        "#,
    );
    assert_eq!(rules.framing(), Some(coax_net::Framing::Line));
    assert_eq!((rules.len(), rules.greeting()), (5, Some(Found::Rule(0))));
    let found = |text: &[u8]| rules.find(Request::new(text, false));
    assert_eq!(found(b"add 1"), Some(Found::Rule(1)));
    assert_eq!(found(b"\x00\x0f\xff"), Some(Found::Rule(2)));
    assert_eq!(found(b"abc"), Some(Found::Rule(3)));
    assert_eq!(found(b"n"), Some(Found::Rule(4)));
    assert_eq!(found(b"x"), Some(Found::Default));
    let Answer::Reply(rule, sum) = rules.answer(Found::Rule(1), 1) else { panic!("no reply") };
    assert_eq!((rule.name.as_deref(), rule.line), (Some("sum"), 7));
    assert_eq!((sum.delay, sum.then), (Duration::from_millis(5), Then::HalfClose));
    assert!(matches!(&sum.body, Body::Template(_)));
    assert!(matches!(&rule.matcher, Matcher::Regex(_)));
    assert_eq!(rules.needs_connection(), Some((4, "connect")));
}

/// Rules, and the line, column and words of what is wrong with them.
const MISTAKES: [(&str, (usize, usize), &str); 41] = [
    ("[[rule]]\nexact = 'a'\nreply = 'b'\nchance = 0.0\n", (4, 10), "expected a chance above 0"),
    ("[[rule]]\nexact = 'a'\nreply = 'b'\nchance = 2\n", (4, 10), "expected a chance above 0"),
    ("[[rule]]\nexact = 'a'\nreply = 'b'\nchance = 'x'\n", (4, 10), "expected a chance above 0"),
    ("", (1, 1), "expected a [[rule]]"),
    ("[rule]\nexact = 'a'\n", (1, 1), "two brackets"),
    ("rule = 5", (1, 8), "two brackets"),
    ("rule = [5]", (1, 9), "expected a table"),
    ("[[rules]]\n", (1, 3), "expected one of framing, default, rule"),
    ("framing = 'lines'\n[[rule]]\nexact = 'a'\nreply = 'b'\n", (1, 11), "'lines' is no framing"),
    ("[[rule]]\nreply = 'a'\n", (1, 1), "expected what the rule matches"),
    ("[[rule]]\nexact = 'a'\n", (1, 1), "expected what is replied"),
    ("[[rule]]\nexact = 'a'\nprefix = 'b'\nreply = 'c'\n", (3, 1), "no 'prefix' beside 'exact'"),
    ("[[rule]]\nexact = 'a'\nreply = 'b'\nhex = '00'\n", (4, 1), "no 'hex' beside 'reply'"),
    ("[[rule]]\nexact = 5\nreply = 'b'\n", (2, 9), "expected a text in quotes, found a number"),
    ("[[rule]]\nexact = 'a'\nreply = true\n", (3, 9), "found true or false"),
    ("[[rule]]\nexact = 'a'\nanswer = 'b'\n", (3, 1), "expected one of name"),
    ("[[rule]]\nexact = 'a\nreply = 'b'\n", (2, 11), "literal string"),
    ("[[rule]]\nexact = 'a'\nexact = 'b'\n", (3, 1), "duplicate key"),
    ("[[rule]]\nexact 'a'\n", (2, 7), "expected `=`"),
    ("[[rule]]\nregex = 'a(b'\nreply = 'c'\n", (2, 11), "unclosed group"),
    ("[[rule]]\nregex = '[z-a]'\nreply = 'c'\n", (2, 11), "invalid character class range"),
    ("[[rule]]\nregex = '\\p{Greek}'\nreply = 'c'\n", (2, 10), "Unicode"),
    ("[[rule]]\nregex = \"a\\t(\"\nreply = 'c'\n", (2, 9), "unclosed group"),
    ("[[rule]]\nregex = '(a{900}){900}'\nreply = 'c'\n", (2, 9), "exceeds size limit"),
    ("[[rule]]\nbytes = '00 0g'\nreply = 'c'\n", (2, 14), "hexadecimal digits in pairs"),
    ("[[rule]]\nbytes = '000'\nreply = 'c'\n", (2, 9), "even number"),
    ("[[rule]]\nlength = '5-1'\nreply = 'c'\n", (2, 10), "expected a length"),
    ("[[rule]]\nlength = -1\nreply = 'c'\n", (2, 10), "expected a length"),
    ("[[rule]]\nconnect = false\nreply = 'c'\n", (2, 11), "expected true"),
    ("[[rule]]\nregex = '(a)'\ntemplate = 'x{2}'\n", (3, 14), "the last is 1"),
    ("[[rule]]\nexact = 'a'\ntemplate = '{1}'\n", (3, 13), "no hole of this rule"),
    ("[[rule]]\nexact = 'a'\ndelay = '5'\nreply = ''\n", (3, 9), "expected a time"),
    ("[[rule]]\nexact = 'a'\ndelay = 5\nreply = ''\n", (3, 9), "expected a time"),
    ("[[rule]]\nexact = 'a'\nreply = 'b'\nchunk = 0\n", (4, 9), "bytes, 1 or more"),
    ("[[rule]]\nexact = 'a'\npause = '5s'\nreply = ''\n", (3, 9), "expected 'chunk'"),
    ("[[rule]]\nexact = 'a'\nchunk = 0\nreply = ''\n", (3, 9), "1 or more"),
    ("[[rule]]\nexact = 'a'\nthen = 'die'\n", (3, 8), "expected keep, close"),
    ("[[rule]]\nexact = 'a'\nfile = 'nowhere'\n", (3, 8), "no such file"),
    ("[[rule]]\nexact = 'a'\nreplies = []\n", (3, 11), "one at least"),
    ("[[rule]]\nexact = 'a'\nreplies = ['a']\nthen = 'close'\n", (4, 1), "within 'replies'"),
    (
        "[[rule]]\nexact = 'a'\nreply = 'b'\n[[rule]]\nexact = 'a'\nreply = 'c'\n",
        (5, 1),
        "the rule at line 1 matches the same",
    ),
];

#[test]
fn each_mistake_has_its_place() {
    let mut wrong = Vec::new();
    for (text, place, words) in MISTAKES {
        match read(text.as_bytes(), Path::new("/nowhere")) {
            Ok(_) => wrong.push(format!("no mistake: {text:?}")),
            Err(error) if error.place() == Some(place) && error.message().contains(words) => {}
            Err(error) => wrong.push(format!("{text:?}: {:?} {}", error.place(), error.message())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_text_is_told_where_it_begins() {
    let error = read(b"[[rule]]\nexact = '\xff'\n", Path::new("")).unwrap_err();
    assert_eq!(error.place(), Some((2, 10)));
}

#[test]
fn every_rule_knows_its_line_however_many_there_are() {
    let rule = |number| format!("[[rule]]\nexact = \"{number}\"\nreply = \"ü\"\n\n");
    let rules = rules(&(0..500).map(rule).collect::<String>());
    let lines = rules.hits().map(|hits| hits.line).collect::<Vec<_>>();
    assert_eq!(lines, (0..500).map(|number| number * 4 + 1).collect::<Vec<_>>());
}
