//! Port sets: what each form means, and that what is printed is read back.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn set(text: &str) -> PortSet {
    match text.parse() {
        Ok(set) => set,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_form_means_its_ports() {
    for (typed, printed) in [
        ("80", "80"),
        ("0", "0"),
        ("22,80-90,https", "22,80-90,443"),
        ("80,81,82", "80-82"),
        ("90,80-85,83-88,86", "80-88,90"),
        (" 22 , 80 ", "22,80"),
        ("8000-", "8000-65535"),
        ("-1024", "1-1024"),
        ("-", "-"),
        ("0-65535", "0-65535"),
        ("0,-", "0-65535"),
        ("65535", "65535"),
        ("65534-,-2", "1-2,65534-65535"),
        ("HTTP", "80"),
        ("www,http", "80"),
        ("914c-g", "211"),
        ("ftp-data", "20"),
        ("imap*", "143,220,993"),
        ("*ostgres*", "5432"),
        ("t*lnets", "992"),
        ("*HTTP-alt*", "591,8008,8080"),
        ("**ost*gresql", "5432"),
        ("top:3", "22,80,443"),
    ] {
        assert_eq!(set(typed).to_string(), printed, "{typed}");
    }
}

#[test]
fn a_name_stands_for_the_ports_of_one_protocol_when_asked() {
    let services = ServiceTable::with_machine("mine 4711/udp\n");
    let read =
        |text, protocol| PortSet::parse(text, &services, protocol).map(|set| set.to_string()).ok();
    assert_eq!(read("mine", Some(Protocol::Udp)).as_deref(), Some("4711"));
    assert_eq!(read("mine", None).as_deref(), Some("4711"));
    assert_eq!(read("mine", Some(Protocol::Tcp)), None);
}

#[test]
fn every_error_names_the_item_its_place_and_what_is_right() {
    for (typed, message) in [
        (
            "",
            "'' (character 1) names no ports: nothing stands here; write ports like 22,80-90,http",
        ),
        (
            "22,,80",
            "'' (character 4) names no ports: nothing stands here; write ports like 22,80-90,http",
        ),
        (
            "80,",
            "'' (character 4) names no ports: nothing stands here; write ports like 22,80-90,http",
        ),
        ("22, 70000", "'70000' (character 5) names no ports: the port 70000 is above 65535"),
        ("1-70000", "'1-70000' (character 1) names no ports: the port 70000 is above 65535"),
        ("90-80", "'90-80' (character 1) names no ports: a range goes up; write 80-90"),
        ("-0", "'-0' (character 1) names no ports: write 0 alone for port 0"),
        ("é,htttp", "'é' (character 1) names no ports: it is no number, range or service"),
        (
            "80,htttp",
            "'htttp' (character 4) names no ports: it is no number, range or service; did you mean 'http'?",
        ),
        ("80:90", "'80:90' (character 1) names no ports: it is no number, range or service"),
        ("1-2-3", "'1-2-3' (character 1) names no ports: it is no number, range or service"),
        ("+80", "'+80' (character 1) names no ports: it is no number, range or service"),
        ("--", "'--' (character 1) names no ports: it is no number, range or service"),
        ("zzzz*", "'zzzz*' (character 1) names no ports: no service has a name like that"),
    ] {
        match typed.parse::<PortSet>() {
            Ok(set) => panic!("{typed} reads as {set}"),
            Err(error) => assert_eq!(error.to_string(), message, "{typed}"),
        }
    }
    for typed in ["top:0", "top:", "top:x", "top:65536", "top:-1"] {
        let error = typed.parse::<PortSet>().expect_err(typed);
        assert!(error.to_string().contains("a number from 1 to "), "{error}");
    }
}

#[test]
fn the_top_list_has_each_port_once_and_the_web_first() {
    let top = PortSet::top(usize::MAX);
    let distinct: BTreeSet<u16> = top.iter().copied().collect();
    assert_eq!(distinct.len(), top.len());
    assert_eq!(&top[..3], [80, 443, 22]);
    assert!(top.len() > 5_000 && !distinct.contains(&0), "{}", top.len());
    assert_eq!(PortSet::top(1000).len(), 1000);
    assert_eq!(set("top:1000").len(), 1000);
}

#[test]
fn all_ports_are_there_once() {
    assert_eq!(PortSet::all().len(), 65_535);
    assert_eq!(PortSet::all().iter().count(), 65_535);
    assert!(PortSet::new().is_empty() && !PortSet::new().contains(0));
}

#[test]
fn the_prefixes_t_and_u_hold_until_the_next_one() {
    for (typed, default, printed) in [
        ("22,80", Protocol::Tcp, "T:22,80"),
        ("53", Protocol::Udp, "U:53"),
        ("T:22,80,U:53,161", Protocol::Tcp, "T:22,80,U:53,161"),
        ("22,U:53,T:80-90,u:161", Protocol::Tcp, "T:22,80-90,U:53,161"),
        ("53, t: 80", Protocol::Udp, "T:80,U:53"),
        ("U:-,T:-1024", Protocol::Tcp, "T:1-1024,U:-"),
        ("U:syslog,T:shell", Protocol::Tcp, "T:514,U:514"),
        ("top:2,U:top:2", Protocol::Tcp, "T:80,443,U:53,123"),
        ("T:http", Protocol::Sctp, "T:80"),
        ("53/udp,80", Protocol::Tcp, "T:80,U:53"),
        ("80/tcp,53", Protocol::Udp, "T:80,U:53"),
        ("U:53,80/TCP,161", Protocol::Tcp, "T:80,U:53,161"),
        ("syslog/udp,8000-/tcp,top:2/udp", Protocol::Tcp, "T:8000-65535,U:53,123,514"),
        ("-/udp,22 /tcp", Protocol::Tcp, "T:22,U:-"),
        ("EtherNet/IP-1,EtherNet/IP-1/udp", Protocol::Tcp, "T:2222,U:2222"),
        ("80/tcp", Protocol::Sctp, "T:80"),
    ] {
        let services = ServiceTable::iana();
        let ports = ProtocolPorts::parse(typed, &services, default).unwrap();
        assert_eq!(ports.to_string(), printed, "{typed}");
        assert_eq!(ProtocolPorts::parse(printed, &services, Protocol::Tcp), Ok(ports), "{typed}");
    }
}

#[test]
fn a_wrong_item_is_placed_and_its_protocol_named() {
    for (typed, default, message) in [
        (
            "",
            Protocol::Tcp,
            "'' (character 1) names no ports: nothing stands here; write ports like 22,80-90,http",
        ),
        (
            "22,U:",
            Protocol::Tcp,
            "'' (character 6) names no ports: nothing stands here; write ports like 22,80-90,http",
        ),
        (
            "T:22,U: 70000",
            Protocol::Tcp,
            "'70000' (character 9) names no ports: the port 70000 is above 65535",
        ),
        (
            "T:syslog",
            Protocol::Udp,
            "'syslog' (character 3) names no ports: it is no number, range or tcp service",
        ),
        (
            "22,80/sctp",
            Protocol::Tcp,
            "'80/sctp' (character 4) names no ports: sctp is not asked here; /tcp and /udp are",
        ),
        (
            "80/http",
            Protocol::Tcp,
            "'80/http' (character 1) names no ports: after '/' comes tcp or udp",
        ),
        (
            "htpt/udp",
            Protocol::Tcp,
            "'htpt/udp' (character 1) names no ports: it is no number, range or udp service; did you \
             mean 'http'?",
        ),
        (
            "S:80",
            Protocol::Tcp,
            "'S:80' (character 1) names no ports: it is no number, range or tcp service",
        ),
        (
            "80",
            Protocol::Sctp,
            "'80' (character 1) names no ports: sctp is not asked here; /tcp and /udp are",
        ),
    ] {
        match ProtocolPorts::parse(typed, &ServiceTable::iana(), default) {
            Ok(ports) => panic!("{typed} reads as {ports}"),
            Err(error) => assert_eq!(error.to_string(), message, "{typed}"),
        }
    }
}

#[test]
fn ports_of_both_protocols_have_one_order_and_are_excluded_apart() {
    let read = |text| ProtocolPorts::parse(text, &ServiceTable::iana(), Protocol::Tcp).unwrap();
    let ports = read("20-24,U:53,161").exclude(&read("22-23,161,U:20-60"));
    let all: Vec<_> = (0..ports.len()).map_while(|index| ports.nth(index)).collect();
    assert_eq!(
        all,
        [(Protocol::Tcp, 20), (Protocol::Tcp, 21), (Protocol::Tcp, 24), (Protocol::Udp, 161)]
    );
    assert_eq!(ports.nth(4), None);
    assert!(!ports.is_empty() && read("80").exclude(&read("-")).is_empty());
}

#[test]
fn the_top_list_of_udp_is_its_own() {
    let top = PortSet::top_of(Protocol::Udp, usize::MAX);
    let distinct: BTreeSet<u16> = top.iter().copied().collect();
    assert_eq!(distinct.len(), top.len());
    assert_eq!(&top[..3], [53, 123, 161]);
    assert!(top.len() > 5_000 && !distinct.contains(&0), "{}", top.len());
    assert_eq!(PortSet::top_of(Protocol::Tcp, 100), PortSet::top(100));
}

fn ranges() -> impl Strategy<Value = Vec<(u16, u16)>> {
    let port = prop_oneof![0..40_u16, any::<u16>(), 65_500..=u16::MAX];
    prop::collection::vec((port.clone(), port).prop_map(|(a, b)| (a.min(b), a.max(b))), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_set_is_what_its_ranges_say(left in ranges(), right in ranges(), asked: u16) {
        let model = |ranges: &[(u16, u16)]| -> BTreeSet<u16> {
            ranges.iter().flat_map(|&(first, last)| first..=last).collect()
        };
        let (a, b): (PortSet, PortSet) = (left.iter().copied().collect(), right.iter().copied().collect());
        let both: BTreeSet<u16> = model(&left).union(&model(&right)).copied().collect();
        let union = a.union(&b);
        prop_assert!(union.iter().eq(both.iter().copied()));
        prop_assert_eq!(union.len(), both.len());
        for port in [asked, 0, 39, 40, 65_499, u16::MAX] {
            prop_assert_eq!(union.contains(port), both.contains(&port));
        }
        let left: Vec<u16> = a.iter().filter(|port| !b.contains(*port)).collect();
        let without = a.exclude(&b);
        prop_assert!(without.iter().eq(left.iter().copied()));
        prop_assert!((0..100).chain([left.len()]).all(|at| without.nth(at) == left.get(at).copied()));
        prop_assert!(union.ranges().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        if !union.is_empty() {
            prop_assert_eq!(set(&union.to_string()), union);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,30}|[0-9,*:a-z/-]{0,20}|([0-9]{1,3}/(tcp|udp),?){1,4}") {
        match text.parse::<PortSet>() {
            Ok(set) => prop_assert_eq!(set.to_string().parse::<PortSet>(), Ok(set)),
            Err(error) => prop_assert!(error.position() <= text.chars().count() + 1),
        }
        let services = ServiceTable::iana();
        match ProtocolPorts::parse(&text, &services, Protocol::Udp) {
            Ok(ports) => {
                let again = ProtocolPorts::parse(&ports.to_string(), &services, Protocol::Tcp);
                prop_assert_eq!(again, Ok(ports));
            }
            Err(error) => prop_assert!(error.position() <= text.chars().count() + 1),
        }
    }
}
