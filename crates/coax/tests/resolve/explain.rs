//! What programs get beside what DNS says, on a machine made for the test.
//!
//! The machine has its own /etc/hosts, resolv.conf and nsswitch.conf, and a name server on port 53.

use crate::machine::Machine;
use crate::peers::{Heard, sorted};

const HOSTS: &str = "127.0.0.1 localhost\n192.0.2.77 host.coax.test host box\n";
const RESOLV: &str =
    "nameserver 127.0.0.1\nsearch nothing.coax.test coax.test\noptions timeout:1\n";
/// Names that are no text: BIND would not serve them.
const ODD: &str = "odd CNAME \\255\\027.strange\n\\255\\027.strange A 192.0.2.50\n";

/// Runs `coax` with `words` on that machine.
fn on_a_machine_of_its_own(words: &[&str]) -> Option<Heard> {
    let machine = Machine::or_skip()?.hosts(HOSTS).resolv(RESOLV).zone(ODD);
    Some(machine.coax(words))
}

#[test]
fn a_hosts_entry_that_hides_dns_is_marked_with_its_line() {
    let Some(heard) = on_a_machine_of_its_own(&["resolve", "--explain", "-4", "host.coax.test"])
    else {
        return;
    };
    assert_eq!(heard.code, Some(0), "{heard:?}");
    for expected in [
        "files, then dns",
        "/etc/nsswitch.conf line 2",
        "192.0.2.77 host.coax.test host box",
        "/etc/hosts line 2",
        "host.coax.test, host.coax.test.nothing.coax.test, host.coax.test.coax.test",
        "getaddrinfo",
        "host.coax.test. 192.0.2.1, 192.0.2.2",
        "127.0.0.1:53",
        "DIFFERS",
        "192.0.2.77 only programs get",
        "192.0.2.1 only DNS says",
    ] {
        assert!(heard.stdout.contains(expected), "{expected}: {}", heard.stdout);
    }
}

#[test]
fn a_short_name_is_followed_through_the_search_list() {
    let Some(heard) = on_a_machine_of_its_own(&["resolve", "--explain", "only4"]) else { return };
    assert_eq!(heard.code, Some(0), "{heard:?}");
    for expected in [
        "only4.nothing.coax.test, only4.coax.test, only4",
        "only4.coax.test. 192.0.2.9",
        "as only4.coax.test",
        "programs get what DNS says",
    ] {
        assert!(heard.stdout.contains(expected), "{expected}: {}", heard.stdout);
    }
}

#[test]
fn programs_get_names_aliases_and_addresses_both_ways() {
    let Some(heard) = on_a_machine_of_its_own(&["resolve", "box", "www.coax.test", "192.0.2.7"])
    else {
        return;
    };
    assert_eq!(heard.code, Some(0), "{heard:?}");
    let expected = "box\n  name     host.coax.test\n  alias    box\n  alias    host\n  \
        address  192.0.2.77\n";
    assert!(heard.stdout.starts_with(expected), "{}", heard.stdout);
    let www = "www.coax.test\n  name     host.coax.test\n  alias    www.coax.test\n";
    assert!(heard.stdout.contains(www), "{}", heard.stdout);
    let reverse = "192.0.2.7\n  name     seven.coax.test\n  address  192.0.2.7\n";
    assert!(heard.stdout.ends_with(reverse), "{}", heard.stdout);
}

#[test]
fn a_type_asks_the_servers_of_resolv_conf_and_completes_short_names() {
    let words = ["resolve", "--short", "-t", "A", "only4", "host.coax.test"];
    let Some(heard) = on_a_machine_of_its_own(&words) else { return };
    assert_eq!(heard.code, Some(0), "{heard:?}");
    // DNS itself is asked: the hosts file has no say.
    assert_eq!(sorted(&heard.stdout), ["192.0.2.1", "192.0.2.2", "192.0.2.9"]);
}

#[test]
fn without_an_answer_from_dns_nothing_is_compared() {
    let words = ["resolve", "--explain", "--server", "127.0.0.1:1", "host.coax.test"];
    let Some(heard) = on_a_machine_of_its_own(&words) else { return };
    assert_eq!(heard.code, Some(0), "programs have an address: {heard:?}");
    assert!(heard.stdout.contains("cannot reach 127.0.0.1:1: "), "{heard:?}");
    assert!(heard.stdout.contains("nothing can be compared"), "{heard:?}");
    assert!(!heard.stdout.contains("DIFFERS"), "{heard:?}");
}

/// Nobody but the server named for it answers, so programs have no answer that could differ.
#[test]
fn without_an_answer_for_programs_nothing_is_compared() {
    let Some(machine) = Machine::or_skip() else { return };
    let machine = machine.silent().resolv("nameserver 127.0.0.2\noptions timeout:1 attempts:1\n");
    let heard = machine.coax(&["resolve", "--explain", "--server", "127.0.0.1", "host.coax.test"]);
    assert_eq!(heard.code, Some(3), "programs have none: {heard:?}");
    assert!(
        heard.stdout.contains("host.coax.test. 2001:db8::1, 192.0.2.1, 192.0.2.2"),
        "{heard:?}"
    );
    assert!(heard.stdout.contains("nothing can be compared"), "{heard:?}");
    assert!(!heard.stdout.contains("only DNS says"), "{heard:?}");
}

#[test]
fn a_name_that_exists_nowhere_is_a_no() {
    let Some(heard) = on_a_machine_of_its_own(&["resolve", "--explain", "no.coax.test"]) else {
        return;
    };
    assert_eq!(heard.code, Some(1), "{heard:?}");
    assert!(heard.stdout.contains("no such name"), "{heard:?}");
    let Some(heard) = on_a_machine_of_its_own(&["resolve", "no.coax.test"]) else { return };
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(1), ""), "{heard:?}");
}

/// The C library takes neither for a host's name.
#[test]
fn names_that_are_no_text_break_nothing() {
    for (name, code, stdout) in [
        ("odd.coax.test", 0, "odd.coax.test\n  name     odd.coax.test\n  address  192.0.2.50\n"),
        ("192.0.2.8", 1, ""),
    ] {
        let Some(heard) = on_a_machine_of_its_own(&["resolve", name]) else { return };
        assert_eq!((heard.code, heard.stdout.as_str()), (Some(code), stdout), "{heard:?}");
        assert!(!heard.stderr.contains("panicked"), "{heard:?}");
    }
}
