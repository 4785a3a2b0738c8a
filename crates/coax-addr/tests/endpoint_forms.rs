//! Every good form of the grammar, what it means, and how it prints.

use std::net::IpAddr;

use coax_addr::{Endpoint, Host, Place, ServiceTable, Transport, UnixKind, UnixName};

fn read(text: &str) -> Endpoint {
    match text.parse() {
        Ok(endpoint) => endpoint,
        Err(error) => panic!("{text}: {error}"),
    }
}

/// What was typed, and the canonical text.
const FORMS: [(&str, &str); 84] = [
    ("localhost:80", "localhost:80"),
    ("db.internal:5432", "db.internal:5432"),
    ("example.com.:443", "example.com.:443"),
    ("_xmpp_a.example:1", "_xmpp_a.example:1"),
    ("bücher.example:80", "bücher.example:80"),
    ("日本語.jp:http", "日本語.jp:80"),
    ("a--b.example:0", "a--b.example:0"),
    ("127.0.0.1:65535", "127.0.0.1:65535"),
    ("2130706433:80", "127.0.0.1:80"),
    ("0:80", "0.0.0.0:80"),
    ("4294967295:9", "255.255.255.255:9"),
    ("<broadcast>:9", "255.255.255.255:9"),
    (":80", ":80"),
    ("*:80", ":80"),
    ("80", ":80"),
    ("0", ":0"),
    (":0080", ":80"),
    ("http", ":80"),
    (":http", ":80"),
    ("localhost:HTTPS", "localhost:443"),
    ("http:80", "http:80"),
    ("[::1]:80", "[::1]:80"),
    ("[::]:http", "[::]:80"),
    ("[2001:DB8::0:1]:80", "[2001:db8::1]:80"),
    ("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80"),
    ("[fe80::1%eth0]:80", "[fe80::1%eth0]:80"),
    ("[fe80::1%2]:80", "[fe80::1%2]:80"),
    ("[fe80::1%eth0.100]:80", "[fe80::1%eth0.100]:80"),
    ("tcp://localhost:80", "localhost:80"),
    ("TCP://80", ":80"),
    ("tcp://unix:80", "tcp://unix:80"),
    ("tcp://udp:80", "tcp://udp:80"),
    ("udp://:514", "udp://:514"),
    ("udp://syslog", "udp://:514"),
    ("udp://<broadcast>:domain", "udp://255.255.255.255:53"),
    ("udp://[ff02::1%eth0]:5353", "udp://[ff02::1%eth0]:5353"),
    ("tls://example.com:imaps", "tls://example.com:993"),
    ("ws://example.com", "ws://example.com:80"),
    ("wss://example.com", "wss://example.com:443"),
    ("ws://[::1]", "ws://[::1]:80"),
    ("ws://[::1]/chat", "ws://[::1]:80/chat"),
    ("ws://8080", "ws://:8080"),
    ("ws://:8080/a/b", "ws://:8080/a/b"),
    ("ws://h:https/", "ws://h:443/"),
    ("wss://h/a%20b?nodelay", "wss://h:443/a%20b?nodelay=yes"),
    ("wss://h/a b/é", "wss://h:443/a%20b/%C3%A9"),
    ("wss://h/chat%3ftoken=a&b=c", "wss://h:443/chat%3Ftoken=a&b=c"),
    ("/run/x.sock", "/run/x.sock"),
    ("./x", "./x"),
    ("../x", "../x"),
    ("unix:/run/x", "/run/x"),
    ("unix:x", "unix:x"),
    ("unix:///run/x", "/run/x"),
    ("//run/x", "unix:////run/x"),
    ("UNIX:/run/x", "/run/x"),
    ("unix://./x", "./x"),
    ("/x?mode=660&group=www&owner=33", "/x?mode=0660&owner=33&group=www"),
    ("abstract:80", "abstract:80"),
    ("raw:80", "raw:80"),
    ("127.1:9", "127.0.0.1:9"),
    ("10.1.513:9", "10.1.2.1:9"),
    ("0x7f.1:9", "127.0.0.1:9"),
    ("0x7f000001:9", "127.0.0.1:9"),
    ("1.0x203:9", "1.0.2.3:9"),
    ("/a%3Fb%25c%0A%FF", "/a%3Fb%25c%0A%FF"),
    ("/a b&c=d", "/a b&c=d"),
    ("unix:%40x", "unix:%40x"),
    ("@name", "@name"),
    ("unix:@name", "@name"),
    ("@a%00b%ff", "@a%00b%FF"),
    ("@@", "@@"),
    ("unix-dgram:/dev/log", "unix-dgram:/dev/log"),
    ("unix-dgram:@x", "unix-dgram:@x"),
    ("unix-seqpacket:@x?sndbuf=64k", "unix-seqpacket:@x?sndbuf=65536"),
    ("stdio:", "stdio:"),
    ("exec:cat", "exec:'cat'"),
    ("exec:'ls -l'", "exec:'ls -l'"),
    (r"exec:'it'\''s'", r"exec:'it'\''s'"),
    ("exec:date +%s | grep '?'", r"exec:'date +%s | grep '\''?'\'''"),
    ("file:/etc/motd", "file:/etc/motd"),
    ("file:a%3fb", "file:a%3Fb"),
    ("h:80?ttl=3&nodelay&keepalive=off", "h:80?ttl=3&nodelay=yes&keepalive=no"),
    ("h:80?bind=[::1]:9&reuseaddr=1", "h:80?bind=[::1]:9&reuseaddr=yes"),
    (
        "udp://:5353?join=ff02::fb&interface=eth0&broadcast=no&rcvbuf=1M",
        "udp://:5353?join=ff02::fb&interface=eth0&broadcast=no&rcvbuf=1048576",
    ),
];

#[test]
fn every_form_reads_and_prints_and_reads_again() {
    for (typed, printed) in FORMS {
        let endpoint = read(typed);
        assert_eq!(endpoint.to_string(), printed, "{typed}");
        assert_eq!(read(printed), endpoint, "{typed}");
    }
}

fn net(host: Host, port: u16) -> Place {
    Place::Net { transport: Transport::Tcp, host, port, path: String::new() }
}

#[test]
fn hosts_mean_what_they_say() {
    let name = |text: &str| Host::Name(text.to_owned());
    let ip = |text: &str| Host::Ip(text.parse::<IpAddr>().expect("an address"));
    let zoned = Host::Zoned { address: "fe80::1".parse().expect("v6"), zone: "eth0".to_owned() };
    for (text, host) in [
        (":7", Host::Any),
        ("*:7", Host::Any),
        ("0.0.0.0:7", ip("0.0.0.0")),
        ("<broadcast>:7", Host::BROADCAST),
        ("h:7", name("h")),
        ("[::1]:7", ip("::1")),
        ("2130706433:7", ip("127.0.0.1")),
        ("[fe80::1%eth0]:7", zoned),
    ] {
        assert_eq!(read(text).place, net(host, 7), "{text}");
    }
}

#[test]
fn a_path_is_bytes_and_an_abstract_name_may_hold_nul() {
    let path = read("unix:/a%ff").place;
    let Place::Unix { kind: UnixKind::Stream, name: UnixName::Path(path) } = path else {
        panic!("{path:?}")
    };
    assert_eq!(path.as_os_str().as_encoded_bytes(), b"/a\xff");
    let name = UnixName::Abstract(b"a\0b".to_vec());
    assert_eq!(read("unix-dgram:@a%00b").place, Place::Unix { kind: UnixKind::Dgram, name });
}

#[test]
fn a_web_socket_path_is_what_its_server_sees() {
    let Place::Net { path, .. } = read("ws://h/chat%3Fq=%3D").place else { panic!("not net") };
    assert_eq!(path, "/chat?q=%3D");
}

#[test]
fn the_machines_services_count() {
    let table = ServiceTable::with_machine("mine 4711/tcp\nhttp 8080/tcp\n");
    for (text, port) in [("mine", 4711), ("h:mine", 4711), ("h:http", 8080), ("h:https", 443)] {
        match Endpoint::parse(text, &table).map(|endpoint| endpoint.place) {
            Ok(Place::Net { port: found, .. }) => assert_eq!(found, port, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn two_words_are_host_and_port() {
    let table = ServiceTable::iana();
    for (host, port, printed) in [
        ("localhost", "80", "localhost:80"),
        ("::1", "http", "[::1]:80"),
        ("[::1]", "80", "[::1]:80"),
        ("fe80::1%eth0", "80", "[fe80::1%eth0]:80"),
        ("2130706433", "80", "127.0.0.1:80"),
        ("*", "80", ":80"),
        ("", ":80", ":80"),
        ("udp://h", "domain?ttl=1", "udp://h:53?ttl=1"),
    ] {
        match Endpoint::parse_words(host, port, &table) {
            Ok(endpoint) => assert_eq!(endpoint.to_string(), printed),
            Err(error) => panic!("{host} {port}: {error}"),
        }
    }
}
