//! What each form of a target means, and what a set of them answers.

use std::net::{IpAddr, SocketAddr};

use coax_addr::{AddressRange, AddressSet, Target, TargetErrorKind, TargetSet};

/// What was typed, what it prints as, how many addresses it has, the first and the last.
const FORMS: [(&str, &str, u128, &str, &str); 40] = [
    ("10.0.0.7", "10.0.0.7", 1, "10.0.0.7", "10.0.0.7"),
    (" 10.0.0.7 ", "10.0.0.7", 1, "10.0.0.7", "10.0.0.7"),
    ("0.0.0.0", "0.0.0.0", 1, "0.0.0.0", "0.0.0.0"),
    ("255.255.255.255", "255.255.255.255", 1, "255.255.255.255", "255.255.255.255"),
    ("2130706433", "127.0.0.1", 1, "127.0.0.1", "127.0.0.1"),
    ("65536", "0.1.0.0", 1, "0.1.0.0", "0.1.0.0"),
    ("10.0.0.0/16", "10.0.0.0/16", 65_536, "10.0.0.0", "10.0.255.255"),
    ("10.0.3.4/16", "10.0.0.0/16", 65_536, "10.0.0.0", "10.0.255.255"),
    ("10.0.0.5/31", "10.0.0.4/31", 2, "10.0.0.4", "10.0.0.5"),
    ("10.0.0.5/32", "10.0.0.5", 1, "10.0.0.5", "10.0.0.5"),
    ("1.2.3.4/0", "0.0.0.0/0", 1 << 32, "0.0.0.0", "255.255.255.255"),
    ("10.0.0.0/08", "10.0.0.0/8", 1 << 24, "10.0.0.0", "10.255.255.255"),
    ("10.0.0.9-10.0.1.20", "10.0.0.9-10.0.1.20", 268, "10.0.0.9", "10.0.1.20"),
    ("10.0.0.0-10.0.0.255", "10.0.0.0/24", 256, "10.0.0.0", "10.0.0.255"),
    ("10.0.0.1-10.0.0.1", "10.0.0.1", 1, "10.0.0.1", "10.0.0.1"),
    ("10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.2", 2, "10.0.0.1", "10.0.0.2"),
    ("0.0.0.0-255.255.255.255", "0.0.0.0/0", 1 << 32, "0.0.0.0", "255.255.255.255"),
    ("10.0.0-3.1-20", "10.0.0-3.1-20", 80, "10.0.0.1", "10.0.3.20"),
    ("192.168.1.*", "192.168.1.*", 256, "192.168.1.0", "192.168.1.255"),
    ("192.168.1.0-255", "192.168.1.*", 256, "192.168.1.0", "192.168.1.255"),
    ("10.*.*.*", "10.*.*.*", 1 << 24, "10.0.0.0", "10.255.255.255"),
    ("*.*.*.*", "*.*.*.*", 1 << 32, "0.0.0.0", "255.255.255.255"),
    ("10.0.*.1", "10.0.*.1", 256, "10.0.0.1", "10.0.255.1"),
    ("10-11.*.1-2.255", "10-11.*.1-2.255", 1024, "10.0.1.255", "11.255.2.255"),
    ("1-2.3.4-5.*", "1-2.3.4-5.*", 1024, "1.3.4.0", "2.3.5.255"),
    ("10.0.0.7-7", "10.0.0.7", 1, "10.0.0.7", "10.0.0.7"),
    ("::1", "::1", 1, "::1", "::1"),
    ("[::1]", "::1", 1, "::1", "::1"),
    ("2001:DB8:0:0::1", "2001:db8::1", 1, "2001:db8::1", "2001:db8::1"),
    ("::ffff:1.2.3.4", "1.2.3.4", 1, "1.2.3.4", "1.2.3.4"),
    ("::ffff:102:304", "1.2.3.4", 1, "1.2.3.4", "1.2.3.4"),
    ("::ffff:1.2.3.4/120", "1.2.3.0/24", 256, "1.2.3.0", "1.2.3.255"),
    ("::ffff:1.2.3.4%eth0", "1.2.3.4", 1, "1.2.3.4", "1.2.3.4"),
    (
        "::fffe:ffff:ffff-::ffff:0:1",
        "::fffe:ffff:ffff-::ffff:0.0.0.1",
        3,
        "::fffe:ffff:ffff",
        "::ffff:0.0.0.1",
    ),
    ("2001:db8::5/64", "2001:db8::/64", 1 << 64, "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"),
    ("2001:db8::1/128", "2001:db8::1", 1, "2001:db8::1", "2001:db8::1"),
    ("::/0", "::/0", u128::MAX, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"),
    ("2001:db8::1-2001:db8::a", "2001:db8::1-2001:db8::a", 10, "2001:db8::1", "2001:db8::a"),
    ("::ffff:1.2.3.4-::ffff:1.2.3.6", "1.2.3.4-1.2.3.6", 3, "1.2.3.4", "1.2.3.6"),
    ("2001:db8::-2001:db8::ff", "2001:db8::/120", 256, "2001:db8::", "2001:db8::ff"),
];

fn target(word: &str) -> Target {
    Target::parse(word).unwrap_or_else(|error| panic!("{word}: {error}"))
}

fn set(list: &str) -> AddressSet {
    let mut set = AddressSet::new();
    for target in TargetSet::parse(list).expect(list).targets() {
        set.add(target).expect(list);
    }
    set
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect(text)
}

#[test]
fn every_form_means_its_addresses_and_prints_as_text_that_means_them_too() {
    for (typed, printed, len, first, last) in FORMS {
        let target = target(typed);
        assert_eq!(target.to_string(), printed, "{typed}");
        assert_eq!(Target::parse(printed).as_ref(), Ok(&target), "{typed}");
        let mut set = AddressSet::new();
        set.add(&target).unwrap();
        assert_eq!(set.len(), len, "{typed}");
        assert_eq!(set.at(0), ip(first), "{typed}");
        assert_eq!(set.at(len - 1), ip(last), "{typed}");
        assert!(set.contains(ip(first)) && set.contains(ip(last)), "{typed}");
    }
}

#[test]
fn names_and_zones_stay_as_typed_for_somebody_to_look_up() {
    for (typed, printed) in [
        ("localhost", "localhost"),
        ("db.internal.", "db.internal."),
        ("Web-1.example.com", "Web-1.example.com"),
        ("10-0-0-1.pods.local", "10-0-0-1.pods.local"),
        ("1-2", "1-2"),
        ("_srv", "_srv"),
        ("bücher.example", "bücher.example"),
        ("dead", "dead"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("[fe80::1%2]", "fe80::1%2"),
        ("fe80::1%wg-home", "fe80::1%wg-home"),
    ] {
        let target = target(typed);
        assert!(matches!(target, Target::Name(_) | Target::Zoned { .. }), "{typed}: {target:?}");
        assert_eq!(target.to_string(), printed);
        assert_eq!(Target::parse(printed).as_ref(), Ok(&target));
        let refused = AddressSet::new().add(&target).expect_err(typed);
        assert_eq!(refused.kind(), TargetErrorKind::Unresolved, "{typed}");
    }
}

#[test]
fn a_list_has_commas_or_white_space_and_the_rest_is_read_after_a_slip() {
    let list = TargetSet::parse("a, 10.0.0.1\t::1,,10.0.0-1.*\n").unwrap();
    assert_eq!(list.to_string(), "a,10.0.0.1,::1,10.0.0-1.*");
    assert_eq!(list.to_string().parse::<TargetSet>(), Ok(list));
    let read: Vec<bool> = Target::words("a 10.0.0.256 b").map(|(_, word)| word.is_ok()).collect();
    assert_eq!(read, [true, false, true]);
    assert_eq!(TargetSet::parse(" , ").unwrap_err().kind(), TargetErrorKind::Empty);
}

#[test]
fn a_file_is_read_line_by_line_and_each_slip_has_its_line() {
    let file = "\u{feff}# the lab\n10.0.0.1 10.0.0.2 # two\r\n\n  \nrub/bish\n#x\n::1,b/8\nlast";
    let read: Vec<String> = Target::lines(file)
        .map(|(line, target)| match target {
            Ok(target) => format!("{line}:{target}"),
            Err(error) => format!("{line}:{:?}", error.kind()),
        })
        .collect();
    assert_eq!(read, ["2:10.0.0.1", "2:10.0.0.2", "5:Prefix", "7:::1", "7:Prefix", "8:last"]);
}

#[test]
fn both_families_are_one_set_with_one_order() {
    let set = set("::2,10.0.0.9,10.0.0.1-4,::1,10.0.0.2-10.0.0.6");
    let all: Vec<String> = set.iter().map(|address| address.to_string()).collect();
    assert_eq!(
        all.join(" "),
        "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.9 ::1 ::2"
    );
    let ranges: Vec<String> = set.ranges().map(|range| range.to_string()).collect();
    assert_eq!(ranges, ["10.0.0.1-10.0.0.6", "10.0.0.9", "::1-::2"]);
    let at: Vec<IpAddr> = (0..set.len()).map(|index| set.at(index)).collect();
    assert!(set.iter().eq(at));
    assert!(!set.contains(ip("10.0.0.7")) && !set.contains(ip("::3")));
}

#[test]
fn a_printed_set_is_a_list_of_targets_that_gives_it_again() {
    let mut printed = set("10.0.0-3.1-20,10.9.0.0/16,2001:db8::/64,::1");
    assert_eq!(set(&printed.to_string()), printed);
    printed.add_address(ip("fe80::1"), 2);
    printed.add_address(ip("fe80::2"), 2);
    let text = printed.to_string();
    assert!(text.ends_with("::1,2001:db8::/64,fe80::1%2,fe80::2%2"), "{text}");
    assert_eq!(AddressSet::new().to_string(), "");
}

#[test]
fn an_address_keeps_its_scope_and_is_one_address_on_each_interface() {
    let mut set = set("fe80::1");
    for scope in [2, 7, 2] {
        set.add_address(ip("fe80::1"), scope);
    }
    set.add_address(ip("10.0.0.1"), 9);
    // No other address has one.
    set.add_address(ip("::ffff:10.0.0.1"), 9);
    set.add_address(ip("::1"), 0);
    set.add_address(ip("::1"), 1);
    let all: Vec<String> =
        (0..set.len()).map(|index| set.socket_at(index, 80).to_string()).collect();
    assert_eq!(
        all,
        ["10.0.0.1:80", "[::1]:80", "[fe80::1]:80", "[fe80::1%2]:80", "[fe80::1%7]:80"]
    );

    let mut one = AddressSet::new();
    one.add_address(ip("fe80::1"), 7);
    let mut rest = set.clone();
    rest.exclude(&one);
    assert_eq!(rest.len(), 4);
    let unscoped = self::set("fe80::/10");
    rest.exclude(&unscoped);
    assert!(rest.iter().eq([ip("10.0.0.1"), ip("::1")]) && rest != set);
}

#[test]
fn what_is_excluded_is_gone_whatever_its_form() {
    let mut set = set("10.0.0.0/16,2001:db8::/126");
    set.exclude(&self::set("10.0.*.1-255,2001:db8::2,10.0.7.0,10.1.0.0/16"));
    assert_eq!(set.len(), 255 + 3);
    assert_eq!(set.at(7), ip("10.0.8.0"));
    assert!(!set.contains(ip("10.0.7.0")) && !set.contains(ip("2001:db8::2")));
    let all = self::set("0.0.0.0/0,::/0");
    set.exclude(&all);
    assert!(set.is_empty() && set == AddressSet::new());
}

#[test]
fn sizes_that_no_scan_ends_are_counted_without_overflow() {
    let mut all = set("0.0.0.0/0,::/0");
    assert_eq!(all.len(), u128::MAX);
    assert_eq!(all.at(1 << 32), ip("::"));
    all.exclude(&set("8000::/1"));
    assert_eq!(all.len(), (1 << 127) + (1 << 32));
    assert_eq!(all.at(all.len() - 1), ip("7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

#[test]
fn octet_ranges_become_runs_and_not_addresses_up_to_a_limit() {
    let mut set = AddressSet::new();
    set.add(&target("10.0-15.*.1-254")).unwrap();
    assert_eq!((set.len(), set.ranges().count()), (16 * 256 * 254, 16 * 256));
    set.add(&target("*.1-254.*.*")).unwrap();
    set.add(&target("0-15.*.*.7")).unwrap();

    let error = set.add(&target("*.*.*.7")).expect_err("16 Mi pieces");
    assert_eq!(error.kind(), TargetErrorKind::TooLarge);
    assert_eq!(
        error.to_string(),
        "'*.*.*.7' is no target: its octets make 16777216 separate ranges, and 1048576 is the \
         most; write it in parts, or as a network less what is not wanted"
    );
}

#[test]
fn a_million_addresses_in_any_order_are_gathered_in_time_and_once() {
    let mut set = AddressSet::new();
    let mut bits = 1_u32;
    for _ in 0..2 {
        for _ in 0..200_000 {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            set.add_address(std::net::Ipv4Addr::from_bits(bits & 0xffff).into(), 0);
        }
    }
    assert!(set.len() <= 65_536 && set.len() > 60_000, "{}", set.len());
    set.add_address(ip("1.0.0.0"), 0);
    assert_eq!(set.at(set.len() - 1), ip("1.0.0.0"), "a question does not end the adding");
}

#[test]
#[should_panic(expected = "address 2 of 2")]
fn an_index_beyond_the_set_is_the_callers_mistake() {
    let _: SocketAddr = set("10.0.0.1-2").socket_at(2, 0);
}

#[test]
fn ranges_are_of_one_family_and_go_up() {
    assert_eq!(AddressRange::new(ip("10.0.0.2"), ip("10.0.0.1")), None);
    assert_eq!(AddressRange::new(ip("10.0.0.2"), ip("::1")), None);
    assert_eq!(AddressRange::network(ip("10.0.0.2"), 33), None);
    assert_eq!(AddressRange::network(ip("::"), 129), None);
    let range = AddressRange::network(ip("10.0.0.2"), 30).unwrap();
    assert_eq!((range.first(), range.last(), range.len()), (ip("10.0.0.0"), ip("10.0.0.3"), 4));
    assert!(range.contains(ip("10.0.0.1")) && !range.contains(ip("::1")));
}
