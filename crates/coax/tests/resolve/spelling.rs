//! How names are spelled: letters beyond ASCII, short names, words that are no names, aliases.

use crate::machine::Machine;

const ZONE: &str = r#"xn--bcher-kva A 127.0.0.1
xn--strae-oqa A 127.0.0.1
a1 CNAME a2
a2 CNAME a3
a3 CNAME only4
loop CNAME loop2
loop2 CNAME loop
out CNAME www.elsewhere.test.
gone CNAME nothing
nodata CNAME binary
deep.only4 A 192.0.2.10
"#;

fn machine() -> Option<Machine> {
    let search = "nameserver 127.0.0.1\nsearch nothing.coax.test coax.test\n";
    Some(Machine::or_skip()?.resolv(search).zone(ZONE))
}

/// What a script prints: a line of words for each thing tried.
fn lines(script: &str) -> Option<Vec<String>> {
    let heard = machine()?.bash(script);
    assert!(!heard.stdout.is_empty(), "{heard:?}");
    Some(heard.stdout.lines().map(str::to_owned).collect())
}

const EVERY_VERB: &str = r#"
coproc web { exec python3 -u -m http.server --bind 127.0.0.1 0 2> /dev/null; }
read -r -u "${web[0]}" _ _ _ _ _ port _
each() { local name=$1; shift; "$@" < /dev/null > /dev/null 2>&1; echo "$name $?"; }
each curl curl -s "http://bücher.coax.test:$port/"
each resolve "$coax" resolve bücher.coax.test
each types "$coax" resolve -t A bücher.coax.test
each explain "$coax" resolve --explain bücher.coax.test
each connect "$coax" connect "bücher.coax.test:$port"
each ask "$coax" ask "bücher.coax.test:$port" $'GET / HTTP/1.0\r\n\r\n'
each wait "$coax" wait --timeout 9s "bücher.coax.test:$port"
each wait-name "$coax" wait --timeout 9s name://bücher.coax.test
each wait-http "$coax" wait --timeout 9s "http://bücher.coax.test:$port/"
each get "$coax" get "http://bücher.coax.test:$port/"
each scan "$coax" scan -p "$port" bücher.coax.test
each dots "$coax" resolve bücher。coax．test
each upper "$coax" resolve BÜCHER.coax.test
each final "$coax" connect "bücher.coax.test.:$port"
each sharp "$coax" resolve straße.coax.test
each short "$coax" resolve bücher
# Nobody listens there: the name itself was found.
each join-3 "$coax" chat join bücher.coax.test:1
each listen-3 "$coax" listen --timeout 10ms bücher.coax.test:0
each wrong-2 "$coax" resolve $'\u0301a.coax.test'
each wrong-2 "$coax" connect $'\u0301a.coax.test:1'
kill "$web_PID"
"#;

#[test]
fn a_name_beyond_ascii_is_found_by_every_verb_as_curl_finds_it() {
    let Some(lines) = lines(EVERY_VERB) else { return };
    assert_eq!(lines.len(), 20, "{lines:?}");
    for line in lines {
        let (verb, code) = line.split_once(' ').unwrap();
        let expected = verb.rsplit_once('-').map_or("0", |(_, code)| code);
        let expected = if expected.parse::<u8>().is_ok() { expected } else { "0" };
        assert_eq!(code, expected, "{verb}");
    }
}

#[test]
fn both_forms_of_such_a_name_are_shown() {
    let Some(machine) = machine() else { return };
    let heard = machine.coax(&["resolve", "bücher.coax.test", "xn--bcher-kva.coax.test"]);
    for line in ["  ascii    xn--bcher-kva.coax.test\n", "  unicode  bücher.coax.test\n"] {
        assert!(heard.stdout.contains(line), "{heard:?}");
    }
    let heard = machine.coax(&["resolve", "-t", "A", "bücher.coax.test"]);
    let asked = "coax: bücher.coax.test was asked for as xn--bcher-kva.coax.test.\n";
    assert_eq!((heard.code, heard.stderr.as_str()), (Some(0), asked));
    let heard = machine.coax(&["resolve", "--json", "-t", "A", "bücher.coax.test"]);
    let event: serde_json::Value = serde_json::from_str(&heard.stdout).unwrap();
    assert_eq!(event["typed"], "bücher.coax.test");
    assert_eq!(
        (&event["query"], &event["unicode"]),
        (&"xn--bcher-kva.coax.test.".into(), &"bücher.coax.test.".into())
    );
}

#[test]
fn names_with_dots_are_completed_where_it_is_asked_for() {
    let Some(machine) = machine() else { return };
    let words = ["resolve", "-t", "A", "--server", "127.0.0.1", "deep.only4"];
    // As it stands, the server keeps no such name.
    assert_eq!(machine.coax(&words).code, Some(3));
    let heard = machine.coax(&[&words[..], &["--search"]].concat());
    assert_eq!(heard.code, Some(0), "{heard:?}");
    assert!(heard.stdout.starts_with("deep.only4.coax.test. "), "{heard:?}");
    assert_eq!(heard.stderr, "coax: deep.only4 was asked for as deep.only4.coax.test.\n");
    // What was asked for is said of a name that has no such record, too.
    let heard = machine.coax(&["resolve", "-t", "MX", "only4"]);
    assert_eq!(heard.code, Some(1), "{heard:?}");
    let all = "(asked for only4.nothing.coax.test., only4.coax.test., only4.)";
    assert!(heard.stderr.contains(all), "{heard:?}");
    let heard = machine.coax(&["resolve", "--search", "only4"]);
    assert!(heard.code == Some(2) && heard.stderr.contains("programs always"), "{heard:?}");
}

#[test]
fn aliases_are_followed_to_where_they_end() {
    let Some(machine) = machine() else { return };
    for (name, why) in [
        ("loop", "in a circle: loop.coax.test. -> loop2.coax.test. -> loop.coax.test."),
        ("gone", "a name that does not exist: gone.coax.test. -> nothing.coax.test."),
        ("nodata", "a name without A record: nodata.coax.test. -> binary.coax.test."),
        ("out", "127.0.0.1:53 says nothing: out.coax.test. -> www.elsewhere.test."),
    ] {
        let name = format!("{name}.coax.test");
        let heard = machine.coax(&["resolve", "-t", "A", &name]);
        assert!(heard.code == Some(1) && heard.stderr.contains(why), "{heard:?}");
        // Programs get no address either, and a person wants to know the same.
        let heard = machine.coax(&["resolve", "-4", &name]);
        assert!(heard.code == Some(1) && heard.stderr.contains(why), "{heard:?}");
        let heard = machine.coax(&["resolve", "--explain", &name]);
        assert!(heard.stdout.contains(why), "{heard:?}");
    }
    for name in ["a1.coax.test", "a1"] {
        let heard = machine.coax(&["resolve", name]);
        let last = "  alias    a2.coax.test\n  alias    a3.coax.test\n  address  192.0.2.9\n";
        assert!(heard.code == Some(0) && heard.stdout.ends_with(last), "{heard:?}");
        assert!(
            heard.stdout.contains(&format!("  name     only4.coax.test\n  alias    {name}\n")),
            "{heard:?}"
        );
    }
    let heard = machine.coax(&["resolve", "--json", "-t", "MX", "a1.coax.test"]);
    let event: serde_json::Value = serde_json::from_str(&heard.stdout).unwrap();
    let names = ["a1.coax.test.", "a2.coax.test.", "a3.coax.test.", "only4.coax.test."];
    assert_eq!(event["aliases"], serde_json::json!(names), "{event}");
}

#[test]
fn words_that_are_no_names_mean_what_sockets_take_them_for() {
    let script = r#"
say() { printf '%s|' "$@"; "$coax" resolve --short "$@" 2>&1 | tr '\n' ' '; echo "${PIPESTATUS[0]}"; }
say ''
say '*'
say -6 ''
say '<broadcast>'
say -t A ''
say a,b
say -t A a,b
say .
printf 'only4.coax.test # a comment\nhost.coax.test#another\n# a third\n' | say -4 -f - --in-order
"#;
    let Some(lines) = lines(script) else { return };
    let comma =
        "coax: cannot resolve a,b: a host name has no comma; write names with a space between them";
    assert_eq!(
        lines,
        [
            "|0.0.0.0 :: 0",
            "*|0.0.0.0 :: 0",
            "-6||:: 0",
            "<broadcast>|255.255.255.255 0",
            "-t|A||coax: cannot resolve : the name is empty 2",
            &format!("a,b|{comma} 2"),
            &format!("-t|A|a,b|{comma} 2"),
            ".|coax: cannot resolve .: it is the root of all names, which has records alone (-t NS) 2",
            "-4|-f|-|--in-order|192.0.2.9 192.0.2.1 192.0.2.2 0",
        ]
    );
}
