//! The service table against the registry it is made of, and against any text as /etc/services.

use proptest::prelude::*;

use super::*;

fn lines(services: &[Service]) -> Vec<String> {
    services
        .iter()
        .map(|service| {
            let names: Vec<&str> = service.names().collect();
            format!("{} {}/{}", names.join(" "), service.port, service.protocol)
        })
        .collect()
}

#[test]
fn every_port_can_be_looked_up_and_every_row_is_found_again() {
    let table = ServiceTable::iana();
    let by_port: usize = (0..=u16::MAX).map(|port| table.by_port(port, None).len()).sum();
    assert_eq!(by_port, table.all().count());
    assert!(by_port > 11_000, "{by_port} rows");
}

#[test]
fn the_registry_is_sorted_and_whole() {
    let rows: Vec<iana::Row> = iana::from(0).collect();
    assert_eq!(rows.len(), include_str!("iana.txt").lines().count());
    assert!(rows.is_sorted_by_key(|row| row.port));
    assert!(rows.iter().all(|row| row.services().count() > 0));
}

#[test]
fn names_and_ports_lead_to_each_other() {
    let table = ServiceTable::iana();
    for (name, protocol, port) in [
        ("http", Protocol::Tcp, 80),
        ("www", Protocol::Tcp, 80),
        ("HTTPS", Protocol::Udp, 443),
        ("ssh", Protocol::Tcp, 22),
        ("domain", Protocol::Udp, 53),
        ("syslog", Protocol::Udp, 514),
        ("shell", Protocol::Tcp, 514),
        ("submissions", Protocol::Tcp, 465),
        ("ircu", Protocol::Tcp, 6665),
        ("x11", Protocol::Tcp, 6000),
        ("postgresql", Protocol::Tcp, 5432),
    ] {
        assert_eq!(table.port_of(name, protocol), Some(port), "{name}");
        let row = &table.by_name(name, Some(protocol))[0];
        assert!(row.port == port && row.is_called(name) && row.protocol == protocol, "{row:?}");
    }
    assert_eq!(table.port_of("syslog", Protocol::Tcp), None);
    assert_eq!(table.by_name("no-such-service", None), []);
    assert_eq!(table.by_name("", None), []);
}

#[test]
fn aliases_stand_with_their_service_and_strangers_on_the_same_port_apart() {
    let table = ServiceTable::iana();
    assert_eq!(lines(&table.by_port(80, Some(Protocol::Tcp))), ["http www www-http 80/tcp"]);
    assert_eq!(
        lines(&table.by_port(465, None)),
        ["urd 465/tcp", "submissions 465/tcp", "igmpv3lite 465/udp"]
    );
}

#[test]
fn what_the_machine_says_wins() {
    let table = ServiceTable::with_machine("http 8080/tcp web\nmine 22/tcp\nWWW 80/udp\n");
    assert_eq!(table.port_of("http", Protocol::Tcp), Some(8080));
    assert_eq!(table.port_of("http", Protocol::Udp), Some(80));
    assert_eq!(lines(&table.by_name("http", Some(Protocol::Tcp))), ["http web 8080/tcp"]);
    // 80/tcp is no longer called http, only what is left of its names.
    assert_eq!(lines(&table.by_port(80, Some(Protocol::Tcp))), ["www www-http 80/tcp"]);
    assert_eq!(lines(&table.by_port(80, Some(Protocol::Udp))), ["WWW http www-http 80/udp"]);
    assert_eq!(lines(&table.by_port(22, Some(Protocol::Tcp))), ["mine 22/tcp", "ssh 22/tcp"]);
}

#[test]
fn the_format_of_etc_services_is_read_and_nonsense_skipped() {
    let text = "# comment\n\n\
        good 70001/tcp\nalso 1/icmp\nnoport\nneg -1/tcp\nplus +1/tcp\n\
        \tlast\t\t7777/TCP  one two # says   hello\nshort 7/\n/ /\n\u{1b}[2J 9/tcp\n";
    let rows = machine::read(text);
    assert_eq!(lines(&rows), ["last one two 7777/tcp"]);
    assert_eq!(rows[0].description, "says   hello");
}

#[test]
fn the_index_of_names_finds_what_reading_the_whole_table_finds() {
    let machine = "http 8080/tcp web\nmine 22/tcp\nWWW 80/udp\nSsh 23/tcp telnet\n";
    for table in [ServiceTable::iana(), ServiceTable::with_machine(machine)] {
        let all: Vec<Service> = table.all().collect();
        let names = all.iter().step_by(97).flat_map(Service::names);
        for name in names.chain(["WEB", "http", "ssh", "www-HTTP", "zzz", "", "x11"]) {
            let expected: Vec<Service> =
                all.iter().filter(|service| service.is_called(name)).cloned().collect();
            assert_eq!(table.by_name(&name.to_ascii_uppercase(), None), expected, "{name}");
        }
        for (start, protocol) in
            [("http", None), ("http", Some(Protocol::Udp)), ("", None), ("s", Some(Protocol::Tcp))]
        {
            let fits = |name: &str| name.to_ascii_lowercase().starts_with(start);
            let expected: BTreeSet<u16> = all
                .iter()
                .filter(|service| protocol.is_none_or(|only| only == service.protocol))
                .filter(|service| service.names().any(fits))
                .map(|service| service.port)
                .collect();
            let found: BTreeSet<u16> = table.ports_fitting(fits, protocol).into_iter().collect();
            assert_eq!(found, expected, "{start}* {protocol:?}");
        }
    }
}

#[test]
fn a_slip_is_answered_with_the_well_known_name() {
    let table = ServiceTable::iana();
    assert_eq!(table.similar("htttp", None).as_deref(), Some("http"));
    assert_eq!(table.similar("postgresq", Some(Protocol::Tcp)).as_deref(), Some("postgresql"));
    assert_eq!(table.similar("zzzzzzzzzzzzzzz", None), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_can_be_the_machines(text in "[a-c0-9/\t #\n]{0,200}|\\PC{0,100}", port: u16) {
        let table = ServiceTable::with_machine(&text);
        for service in table.by_port(port, None) {
            prop_assert_eq!(service.port, port);
            prop_assert!(table.by_name(&service.name, None).contains(&service));
        }
    }
}
