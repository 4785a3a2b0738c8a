//! Name servers that do not answer, or lose what they are sent: what programs get, every verb gets.
//!
//! The C library waits five seconds for a server before it asks the next. getent and curl are asked
//! beside coax; whatever they find, coax finds, and no sooner does it give up.

use crate::machine::Machine;

const TWO_SERVERS: &str = "nameserver 127.0.0.2\nnameserver 127.0.0.1\n";
/// A web server that says where it is; then each verb, all at once.
const EVERY_VERB: &str = r#"
coproc web { exec python3 -u -m http.server --bind 127.0.0.1 0; }
read -r -u "${web[0]}" _ _ _ _ _ port _
each() {
    local name=$1 start=$EPOCHREALTIME; shift
    "$@" < /dev/null > /dev/null 2>&1
    echo "$name $? $(( (${EPOCHREALTIME/./} - ${start/./}) / 1000 ))"
}
each getent getent ahosts web.coax.test & all=$!
each curl curl -s "http://web.coax.test:$port/" & all="$all $!"
each resolve "$coax" resolve web.coax.test & all="$all $!"
each types "$coax" resolve -t A web.coax.test & all="$all $!"
each explain "$coax" resolve --explain web.coax.test & all="$all $!"
each connect "$coax" connect "web.coax.test:$port" & all="$all $!"
each ask "$coax" ask "web.coax.test:$port" $'GET / HTTP/1.0\r\n\r\n' & all="$all $!"
each wait "$coax" wait "web.coax.test:$port" & all="$all $!"
each wait-http "$coax" wait "http://web.coax.test:$port/" & all="$all $!"
each wait-name "$coax" wait name://web.coax.test & all="$all $!"
each get "$coax" get "http://web.coax.test:$port/" & all="$all $!"
each scan "$coax" scan -p "$port" web.coax.test & all="$all $!"
each join "$coax" chat join web.coax.test:1 & all="$all $!"
each listen "$coax" listen web.coax.test:0 --timeout 10ms & all="$all $!"
each typed-resolve "$coax" resolve --timeout 1s web.coax.test & all="$all $!"
each typed-types "$coax" resolve -t A,MX --timeout 1s web.coax.test & all="$all $!"
each typed-connect "$coax" connect --timeout 1s "web.coax.test:$port" & all="$all $!"
each typed-deadline "$coax" connect --deadline 1s "web.coax.test:$port" & all="$all $!"
each typed-wait "$coax" wait --timeout 1s "web.coax.test:$port" & all="$all $!"
wait $all
kill "$web_PID"
"#;

#[test]
fn behind_a_dead_first_server_every_verb_finds_the_name_when_other_programs_do() {
    let Some(machine) = Machine::or_skip() else { return };
    let machine = machine.silent().resolv(TWO_SERVERS).zone("web A 127.0.0.1\n");
    let heard = machine.bash(EVERY_VERB);
    let mut outcomes = std::collections::HashMap::new();
    for line in heard.stdout.lines() {
        let [verb, code, took] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
        outcomes.insert(verb, (code, took.parse::<u64>().unwrap()));
    }
    assert_eq!(outcomes.len(), 19, "{heard:?}");
    assert!(outcomes["getent"].0 == "0" && outcomes["curl"].0 == "0", "{heard:?}");
    for (verb, (code, took)) in outcomes {
        // Nobody listens where `join` knocks, and nobody comes to `listen`.
        let expected = if verb == "join" || verb == "listen" { "3" } else { "0" };
        if let Some(verb) = verb.strip_prefix("typed-") {
            // Asked directly, the servers share what time there is: there is no MX record.
            let expected = if verb == "types" { "1" } else { "3" };
            assert_eq!(code, expected, "{verb}: {heard:?}");
            assert!((400..4000).contains(&took), "{verb}: {heard:?}");
        } else {
            assert_eq!(code, expected, "{verb}: {heard:?}");
            // The second server is asked after 5 s, and no third time is waited for.
            assert!((4900..9900).contains(&took), "{verb}: {heard:?}");
        }
    }
}

#[test]
fn questions_that_are_lost_are_put_again_until_there_is_an_answer() {
    let Some(machine) = Machine::or_skip() else { return };
    let names: String = (0..40).map(|number| format!("n{number} A 192.0.2.9\n")).collect();
    let machine = machine.lossy().resolv("nameserver 127.0.0.3\n").zone(&names);
    for way in ["-4", "-t A"] {
        let ask =
            format!("printf 'n%d.coax.test\\n' {{0..39}} | \"$coax\" resolve -f - --short {way}");
        let heard = machine.bash(&ask);
        assert_eq!(heard.code, Some(0), "{way} {heard:?}");
        assert_eq!(heard.stdout, "192.0.2.9\n".repeat(40), "{way} {heard:?}");
    }
}

#[test]
fn the_limits_of_resolv_conf_hold_for_both_ways() {
    let Some(machine) = Machine::or_skip() else { return };
    let both_dead = "nameserver 127.0.0.2\noptions timeout:1 attempts:1\n";
    let machine = machine.silent().resolv(both_dead);
    for way in [&["resolve"][..], &["resolve", "-t", "A"]] {
        let started = std::time::Instant::now();
        let heard = machine.coax(&[way, &["host.coax.test"]].concat());
        assert_eq!(heard.code, Some(3), "{way:?} {heard:?}");
        // One second, and not the ten of the default.
        assert!(started.elapsed().as_secs() < 6, "{way:?} {heard:?}");
    }
}

#[test]
fn with_rotate_every_second_question_begins_at_the_other_server() {
    let Some(machine) = Machine::or_skip() else { return };
    let machine = machine.silent().resolv(&format!("{TWO_SERVERS}options rotate timeout:2\n"));
    let started = std::time::Instant::now();
    let names = ["only4.coax.test"; 6].join("\n");
    let ask = "\"$coax\" resolve -f - -t A --short --parallel 1";
    let heard = machine.bash(&format!("echo '{names}' | {ask}"));
    assert_eq!((heard.code, heard.stdout), (Some(0), "192.0.2.9\n".repeat(6)));
    // Three wait for the silent one: 6 s, and not 12.
    assert!(started.elapsed().as_secs() < 11, "{:?}", started.elapsed());
}
