//! Every way to get a target wrong, and what a person is told.

use coax_addr::{Target, TargetErrorKind as Kind};

const NOTHING: &str = "no target given; write a name, an address, a network like 10.0.0.0/24 or a \
                       range like 10.0.0.1-20";
const ZONE_RANGE: &str = "a zone goes with one address; write the addresses one by one";
const PREFIX_RANGE: &str = "a prefix goes with one address, with no range and no zone";
const PREFIX_NAME: &str = "a prefix goes with an address, not with a name or a path";

/// What was typed, which part is wrong, and the reason.
const ERRORS: [(&str, Kind, &str); 71] = [
    ("", Kind::Empty, NOTHING),
    ("  ", Kind::Empty, NOTHING),
    ("*", Kind::Address, "that is every address there is; name a network, like 10.0.0.0/24"),
    ("80", Kind::Address, "a number alone looks like a port; write 0.0.0.80 if it is an address"),
    (
        "65535",
        Kind::Address,
        "a number alone looks like a port; write 0.0.255.255 if it is an address",
    ),
    ("4294967296", Kind::Address, "it is above 4294967295, so no IPv4 address"),
    ("10.0.0", Kind::Address, "an IPv4 address has four numbers, and here are 3"),
    ("10.0.0.1.2", Kind::Address, "an IPv4 address has four numbers, and here are 5"),
    ("10.0-3", Kind::Address, "an IPv4 address has four numbers, and here are 2"),
    ("10.*", Kind::Address, "an IPv4 address has four numbers, and here are 2"),
    ("10.0.0.256", Kind::Octet, "the octet 256 is above 255"),
    ("10.0.0.1000000000000000000000", Kind::Octet, "the octet 1000000000000000000000 is above 255"),
    ("10.0.0.1-256", Kind::Octet, "the octet 256 is above 255"),
    ("10.0.0.010", Kind::Octet, "'010' has a leading zero; write 10"),
    ("10.0.0.00", Kind::Octet, "'00' has a leading zero; write 0"),
    ("10.0..1", Kind::Octet, "there is no number between two dots"),
    ("10.0.0.", Kind::Octet, "there is no number between two dots"),
    ("10.0.0.20-1", Kind::Octet, "a range goes up; write 1-20"),
    ("10.0.0.-20", Kind::Octet, "an octet range has both ends; write 0-20"),
    ("10.0.0.20-", Kind::Octet, "an octet range has both ends; write 20-255"),
    ("10.0.-.1", Kind::Octet, "write * for every value of an octet"),
    ("10.0.0.1-2-3", Kind::Octet, "'2-3' is no octet; write 7, 1-20 or *"),
    ("10.0.0.1*", Kind::Octet, "'1*' is no octet; write 7, 1-20 or *"),
    ("10.0.0.*-5", Kind::Octet, "'*' is no octet; write 7, 1-20 or *"),
    ("10.0.0.9-10.0.0.1", Kind::Range, "a range goes up; write 10.0.0.1-10.0.0.9"),
    ("10.0.0.9-10.0.1", Kind::Range, "'10.0.1' is no whole address; write both ends in full"),
    ("10.0.0-10.0.0.9", Kind::Range, "'10.0.0' is no whole address; write both ends in full"),
    (
        "10.0.0.1-10.0.0.5-9",
        Kind::Range,
        "'10.0.0.5-9' is no whole address; write both ends in full",
    ),
    (
        "10.0.0.1-10.0.0.300",
        Kind::Range,
        "'10.0.0.300' is no whole address; write both ends in full",
    ),
    ("::9-::1", Kind::Range, "a range goes up; write ::1-::9"),
    ("::1-5", Kind::Range, "'5' is no whole address; write both ends in full"),
    ("::1-10.0.0.1", Kind::Range, "one end is IPv4 and the other is not"),
    ("10.0.0.1-::1", Kind::Range, "one end is IPv4 and the other is not"),
    ("10.0.0.0/33", Kind::Prefix, "the prefix 33 is above 32"),
    ("10.0.0.0/99999999999999999999", Kind::Prefix, "the prefix 99999999999999999999 is above 32"),
    ("::/129", Kind::Prefix, "the prefix 129 is above 128"),
    ("10.0.0.0/", Kind::Prefix, "after '/' comes a number from 0 to 32"),
    ("10.0.0.0/-1", Kind::Prefix, "after '/' comes a number from 0 to 32"),
    ("10.0.0.0/+8", Kind::Prefix, "after '/' comes a number from 0 to 32"),
    ("10.0.0.0/8/8", Kind::Prefix, "after '/' comes a number from 0 to 32"),
    ("::/x", Kind::Prefix, "after '/' comes a number from 0 to 128"),
    ("10.0.0.0/255.255.0.0", Kind::Prefix, "a network has a prefix and no mask; write 10.0.0.0/16"),
    ("10.0.0.0/0.0.0.0", Kind::Prefix, "a network has a prefix and no mask; write 10.0.0.0/0"),
    ("10.0.0.0/255.0.255.0", Kind::Prefix, "after '/' comes a number from 0 to 32"),
    ("10/8", Kind::Prefix, "an IPv4 network has four numbers; write 10.0.0.0/8"),
    ("192.168/16", Kind::Prefix, "an IPv4 network has four numbers; write 192.168.0.0/16"),
    ("10.0.0.300/24", Kind::Prefix, "'10.0.0.300' before the '/' is no address"),
    ("::g/64", Kind::Prefix, "'::g' before the '/' is no address"),
    ("10.0.0.*/24", Kind::Prefix, PREFIX_RANGE),
    ("10.0.0.1-5/24", Kind::Prefix, PREFIX_RANGE),
    ("fe80::%eth0/64", Kind::Prefix, PREFIX_RANGE),
    ("example.com/24", Kind::Prefix, PREFIX_NAME),
    ("/etc/hosts", Kind::Prefix, PREFIX_NAME),
    ("./hosts.txt", Kind::Prefix, PREFIX_NAME),
    ("[2001:db8::]/64", Kind::Prefix, "a network has no brackets; write 2001:db8::/64"),
    ("10.0.0.1:80", Kind::Port, "a target has no port; write 10.0.0.1"),
    ("localhost:http", Kind::Port, "a target has no port; write localhost"),
    ("[::1]:80", Kind::Port, "a target has no port; write ::1"),
    ("https://u:p@example.com:8/x", Kind::Port, "a target is a host and no URL; write example.com"),
    ("http://[::1]:80/", Kind::Port, "a target is a host and no URL; write ::1"),
    ("://", Kind::Port, "a target is a host and no URL; write the host alone"),
    ("[::1", Kind::Address, "']' is missing after the IPv6 address"),
    ("[10.0.0.1]", Kind::Address, "brackets go around an IPv6 address, and nothing else"),
    ("1::2::3", Kind::Address, "'1::2::3' is not an IPv6 address"),
    (":80", Kind::Address, "':80' is not an IPv6 address"),
    ("fe80::1%", Kind::Zone, "the zone after '%' is missing; write an interface, like %eth0"),
    (
        "fe80::1%a-very-long-interface-name",
        Kind::Zone,
        "the zone 'a-very-long-interface-name' cannot be the name of an interface",
    ),
    ("fe80::1%eth0-fe80::5%eth0", Kind::Zone, ZONE_RANGE),
    ("fe80::1-fe80::5%eth0", Kind::Zone, ZONE_RANGE),
    ("10.0.0.1%eth0", Kind::Zone, "only an IPv6 address has a zone; write 10.0.0.1"),
    ("*.example.com", Kind::Name, "the host '*.example.com' is wrong: a name has no '*'"),
];

#[test]
fn every_error_says_which_part_and_why_and_what_to_type() {
    for (typed, kind, reason) in ERRORS {
        match Target::parse(typed) {
            Ok(target) => panic!("'{typed}' reads as {target:?}"),
            Err(error) => {
                assert_eq!((error.kind(), error.reason()), (kind, reason), "{typed}");
            }
        }
    }
}

#[test]
fn what_an_error_tells_to_type_can_be_typed() {
    for (typed, _, reason) in ERRORS {
        let Some((_, advice)) = reason.rsplit_once("; write ") else { continue };
        let word = advice.split(' ').next().unwrap_or_default();
        if word.contains(['.', ':']) {
            assert!(Target::parse(word).is_ok(), "{typed}: {word}");
        }
    }
}

#[test]
fn names_are_held_to_what_names_are() {
    for (typed, reason) in [
        ("a b", "the host 'a b' is wrong: a name has no space"),
        ("a,b", "the host 'a,b' is wrong: a name has no ','"),
        ("-p", "the host '-p' is wrong: a name does not begin with '-'"),
        ("a..b", "the host 'a..b' is wrong: there is nothing between two dots"),
        ("a\u{1b}[2J", "the host 'a\\u{1b}[2J' is wrong: a name has no '\\u{1b}'"),
        ("~", "the host '~' is wrong: '~' is not expanded here; write the whole path"),
    ] {
        let error = Target::parse(typed).expect_err(typed);
        assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Name, reason), "{typed}");
    }
    let long = "x".repeat(5_000);
    let error = Target::parse(&long).expect_err("no label is so long");
    assert!(error.to_string().len() < 200, "{error}");
}

#[test]
fn the_whole_message_quotes_what_was_typed_and_stays_a_line() {
    let message = |typed| Target::parse(typed).expect_err(typed).to_string();
    assert_eq!(message("10.0.0.256"), "'10.0.0.256' is no target: the octet 256 is above 255");
    assert_eq!(message(""), NOTHING);
    assert_eq!(
        message("https://u:secret@h/"),
        "'https://u:***@h/' is no target: a target is a host and no URL; write h"
    );
    assert!(!message("10.0.0.1/\u{1b}\n").contains(char::is_control));
}
