//! What is wrong is told before anything listens: file, line, column, and a caret under the place.
//!
//! Every parser has its own table of mistakes; here is what a person sees of them, and which exit
//! code a script gets.
//!
//! Nothing here listens.

use super::{Rules, coax};

/// A file of rules, and what is said of it after `coax: ` and the directory.
const WRONG: [(&str, &str, &str); 8] = [
    (
        "t.csv",
        "CS101,one\nCS102,two, with a comma\n",
        "t.csv:2:10: expected the end of the row; a cell with a comma needs quotes\n 2 | CS102,two, with a comma\n   |          ^",
    ),
    (
        "t.csv",
        "a,one\na,two\n",
        "t.csv:2:1: expected a new request: line 1 has the same\n 2 | a,two\n   | ^",
    ),
    ("t.tsv", "a one\n", "t.tsv:1:6: expected a tab and the reply\n 1 | a one\n   |      ^"),
    (
        "t.json",
        "{\"a\": 1}",
        "t.json:1:7: expected a text, found integer `1`\n 1 | {\"a\": 1}\n   |       ^",
    ),
    ("t.json", "{}", "t.json: expected a row: a request and its reply"),
    (
        "r.toml",
        "[[rule]]\nexact = \"a\nreply = \"b\"\n",
        "r.toml:2:11: invalid basic string, expected `\"`\n 2 | exact = \"a\n   |           ^",
    ),
    (
        "r.toml",
        "[[rule]]\nregex = 'é(b'\nreply = 'x'\n",
        "r.toml:2:11: expected a regular expression: unclosed group\n 2 | regex = 'é(b'\n   |           ^",
    ),
    (
        "r.toml",
        "[[rule]]\nexact = 'a'\ntemplate = 'for {whom}'\n",
        "r.toml:3:17: 'whom' is no hole of this rule; request, peer, address, port, time, unix, count, connection are\n 3 | template = 'for {whom}'\n   |                 ^^^^^^",
    ),
];

#[test]
fn a_mistake_in_the_rules_has_its_place() {
    for (name, text, said) in WRONG {
        let rules = Rules::new(name, text);
        let place = rules.place.path().display();
        let outcome = coax(&["stub"]).arg(&rules.path).arg("127.0.0.1:0").run().speaks_plainly();
        outcome.shows(&format!("exit 2\n--- stderr\ncoax: {place}/{said}\n"));
    }
}

#[test]
fn every_other_mistake_is_one_line() {
    let rules = Rules::new("t.csv", "a,one\n");
    let path = rules.path.display().to_string();
    let connects = Rules::new("r.toml", "\n[[rule]]\nconnect = true\nreply = 'hi'\n");
    let connects = connects.path.display().to_string();
    let table: [(&[&str], i32, &str); 14] = [
        (&[], 2, "required arguments were not provided"),
        (&["/nowhere.csv"], 2, "/nowhere.csv: cannot be read: no such file or directory"),
        (&["/etc/hostname"], 2, "cannot tell what '/etc/hostname' is"),
        (&["/", "--format", "csv"], 5, "cannot be read: is a directory"),
        (&[&path, "localhost:0", "--format", "xml"], 2, "one of csv, tsv, json, toml"),
        (&[&path, "no such place"], 2, "no such place"),
        (&[&path, "udp://127.0.0.1:0", "--max-request", "0"], 2, "a number of bytes from 1 to"),
        (&[&path, "--max-request", "16777217"], 2, "a number of bytes from 1 to 16777216"),
        (&[&path, "--framing", "lines"], 2, "'lines' is no framing"),
        (&[&path, "--seed", "x"], 2, "a whole number from 0 to"),
        (&["--replay", "/nowhere.ndjson"], 2, "cannot be read: no such file"),
        (&[&path, "--paced"], 2, "--replay"),
        (
            &[&path, "--record", "/nowhere/at/all"],
            5,
            "cannot record to /nowhere/at/all: no such file",
        ),
        (
            &[&connects, "udp://127.0.0.1:0"],
            2,
            ":2: 'connect' needs connections, and datagrams have none",
        ),
    ];
    for (args, code, words) in table {
        coax(&["stub"]).args(args).run().fails(code, words);
    }
}
