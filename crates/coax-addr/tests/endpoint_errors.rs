//! Every way to get an endpoint wrong, and what a person is told.

use coax_addr::{Endpoint, EndpointErrorKind as Kind, ServiceTable};

/// What was typed, which part is wrong, and the message after `is not an endpoint: `.
const ERRORS: [(&str, Kind, &str); 131] = [
    ("", Kind::Empty, "no endpoint given; write HOST:PORT, or /PATH for a Unix socket"),
    ("   ", Kind::Empty, "no endpoint given; write HOST:PORT, or /PATH for a Unix socket"),
    ("localhost", Kind::MissingPort, "missing port; write localhost:PORT"),
    ("127.0.0.1", Kind::MissingPort, "missing port; write 127.0.0.1:PORT"),
    ("db.internal", Kind::MissingPort, "missing port; write db.internal:PORT"),
    ("*", Kind::MissingPort, "missing port; write :PORT"),
    (
        "app.sock",
        Kind::MissingPort,
        "missing port; write app.sock:PORT, or ./app.sock for a Unix socket",
    ),
    (
        "syslog",
        Kind::MissingPort,
        "missing port; write syslog:PORT; as a service it exists for udp only",
    ),
    ("localhost:", Kind::MissingPort, "missing port; write localhost:PORT"),
    (":", Kind::MissingPort, "missing port; write :PORT"),
    ("::1", Kind::MissingPort, "missing port; write [::1]:PORT"),
    ("::", Kind::MissingPort, "missing port; write [::]:PORT"),
    ("::1:80", Kind::Brackets, "an IPv6 address goes in brackets; write [::1]:80"),
    (":::80", Kind::Brackets, "an IPv6 address goes in brackets; write [::]:80"),
    ("2001:db8::1", Kind::MissingPort, "missing port; write [2001:db8::1]:PORT"),
    ("2001:db8::1:80", Kind::Brackets, "an IPv6 address goes in brackets; write [2001:db8::1]:80"),
    ("::1:http", Kind::Brackets, "an IPv6 address goes in brackets; write [::1]:http"),
    ("fe80::1%eth0", Kind::MissingPort, "missing port; write [fe80::1%eth0]:PORT"),
    (
        "fe80::1%eth0:80",
        Kind::Brackets,
        "an IPv6 address goes in brackets; write [fe80::1%eth0]:80",
    ),
    ("1:2:3:4:5:6:7:8", Kind::MissingPort, "missing port; write [1:2:3:4:5:6:7:8]:PORT"),
    ("a:b:c", Kind::Host, "more than one ':', and no IPv6 address; write HOST:PORT"),
    ("[::1]", Kind::MissingPort, "missing port; write [::1]:PORT"),
    ("[::1]:", Kind::MissingPort, "missing port; write [::1]:PORT"),
    ("[::1]80", Kind::Brackets, "after ']' comes ':'; write [::1]:80"),
    ("[::1", Kind::Brackets, "']' is missing; write [ADDRESS]:PORT"),
    ("[]:80", Kind::Brackets, "the brackets are empty; [::1] is this machine, [::] any address"),
    ("[1.2.3.4]:80", Kind::Brackets, "only IPv6 goes in brackets; write 1.2.3.4:PORT"),
    ("[host]:80", Kind::Host, "'host' is not an IPv6 address"),
    ("[fe80::1%]:80", Kind::Host, "the zone after '%' is missing; write an interface, like %eth0"),
    (
        "[fe80::1%a-very-long-interface-name]:80",
        Kind::Host,
        "the zone 'a-very-long-interface-name' cannot be the name of an interface",
    ),
    ("[fe80::1%e/0]:80", Kind::Host, "the zone 'e/0' cannot be the name of an interface"),
    ("h:70000", Kind::Port, "the port 70000 is above 65535"),
    ("70000", Kind::Port, "the port 70000 is above 65535; as a host it needs one: 70000:PORT"),
    (
        "2130706433",
        Kind::Port,
        "the port 2130706433 is above 65535; as a host it needs one: 2130706433:PORT",
    ),
    ("h:-1", Kind::Port, "the port '-1' is not a number from 0 to 65535"),
    ("h:80-90", Kind::Port, "the port '80-90' is not a number from 0 to 65535"),
    ("h:+80", Kind::Port, "the port '+80' is not a number from 0 to 65535"),
    ("h:8O", Kind::Port, "the port '8O' is neither a number nor a tcp service"),
    (
        "h:htpt",
        Kind::Port,
        "the port 'htpt' is neither a number nor a tcp service; did you mean 'http'?",
    ),
    (
        "h:syslog",
        Kind::Port,
        "the port 'syslog' is neither a number nor a tcp service; it exists for udp only",
    ),
    (
        "udp://h:shell",
        Kind::Port,
        "the port 'shell' is neither a number nor a udp service; it exists for tcp only",
    ),
    ("h:no-such", Kind::Port, "the port 'no-such' is neither a number nor a tcp service"),
    (
        "4294967296:80",
        Kind::Host,
        "the host 4294967296 is a number above 4294967295, so no IPv4 address",
    ),
    (
        "256.1.1.1:80",
        Kind::Host,
        "the host '256.1.1.1' is wrong: an IPv4 address is four numbers from 0 to 255",
    ),
    (
        "1.2.65536:80",
        Kind::Host,
        "the host '1.2.65536' is wrong: an IPv4 address is four numbers from 0 to 255",
    ),
    (
        "127.01:80",
        Kind::Host,
        "the host '127.01' is wrong: an IPv4 address is four numbers from 0 to 255",
    ),
    (
        "010.0.0.1:80",
        Kind::Host,
        "the host '010.0.0.1' is wrong: a number in an IPv4 address has no leading zero",
    ),
    ("a.1:80", Kind::Host, "the host 'a.1' is wrong: a name cannot end in a number"),
    ("-h:80", Kind::Host, "the host '-h' is wrong: a name does not begin with '-'"),
    ("a..b:80", Kind::Host, "the host 'a..b' is wrong: there is nothing between two dots"),
    (".a:80", Kind::Host, "the host '.a' is wrong: there is nothing between two dots"),
    ("a b:80", Kind::Host, "the host 'a b' is wrong: a name has no space"),
    ("localhost 80", Kind::Host, "a space does not separate host and port; write localhost:80"),
    ("user@h:80", Kind::Host, "an endpoint has no user; write h:80"),
    ("tcp://u:secret@h:80", Kind::Host, "an endpoint has no user; write tcp://h:80"),
    ("u:secret@h", Kind::Host, "an endpoint has no user; write h"),
    (
        "h/x:80",
        Kind::Host,
        "the host 'h/x' is wrong: a name has no '/'; a path begins with / or ./",
    ),
    (
        "foo/bar",
        Kind::Host,
        "the host 'foo/bar' is wrong: a name has no '/'; a path begins with / or ./",
    ),
    (
        "~/x.sock",
        Kind::Host,
        "the host '~/x.sock' is wrong: '~' is not expanded here; write the whole path",
    ),
    ("~", Kind::Host, "the host '~' is wrong: '~' is not expanded here; write the whole path"),
    (
        "h%eth0:80",
        Kind::Host,
        "the host 'h%eth0' is wrong: a zone after '%' goes with an IPv6 address in brackets",
    ),
    (
        "h[0]:80",
        Kind::Host,
        "the host 'h[0]' is wrong: brackets go around an IPv6 address, and nothing else",
    ),
    ("h!:80", Kind::Host, "the host 'h!' is wrong: a name has no '!'"),
    (
        "http://example.com/",
        Kind::Scheme,
        "there is no scheme 'http'; coax get http://example.com/ fetches it, and tcp://example.com:80 is its server",
    ),
    (
        "https://u:secret@h:8443/a",
        Kind::Scheme,
        "there is no scheme 'https'; coax get https://u:***@h:8443/a fetches it, and tcp://h:8443 is its server",
    ),
    ("ftp://h/pub", Kind::Scheme, "there is no scheme 'ftp'; its server is tcp://h:21"),
    ("ssh://me@h", Kind::Scheme, "there is no scheme 'ssh'; its server is tcp://h:22"),
    (
        "postgres://[::1]",
        Kind::Scheme,
        "there is no scheme 'postgres'; its server is tcp://[::1]:5432",
    ),
    ("redis://:6380/0", Kind::Scheme, "there is no scheme 'redis'; its server is tcp://:6380"),
    ("dns://", Kind::Scheme, "there is no scheme 'dns'; its server is udp://HOST:53"),
    (
        "raw://h",
        Kind::Scheme,
        "there is no scheme 'raw'; raw sockets have no ports to talk to, and no verb talks over them: coax scan --syn sends raw packets",
    ),
    (
        "rdm:x",
        Kind::Scheme,
        "there is no scheme 'rdm'; no system here offers reliably delivered messages (SOCK_RDM): unix-seqpacket: keeps messages whole and in order",
    ),
    (
        "abstract:foo",
        Kind::Scheme,
        "there is no scheme 'abstract'; an abstract Unix socket is written @foo",
    ),
    (
        "unix-stream:/run/x",
        Kind::Scheme,
        "there is no scheme 'unix-stream'; a Unix socket is written unix:/run/x",
    ),
    (
        "udp4://h:5",
        Kind::Scheme,
        "there is no scheme 'udp4'; write udp://h:5, and -4 or -6 for one family alone",
    ),
    (
        "unix://tmp/x",
        Kind::Path,
        "after unix:// comes a host; write unix:/tmp/x, or unix:tmp/x for the path from here",
    ),
    (
        "unix-dgram://x",
        Kind::Path,
        "after unix-dgram:// comes a host; write unix-dgram:/x, or unix-dgram:x for the path from here",
    ),
    (
        "file://etc/motd",
        Kind::Path,
        "after file:// comes a host; write file:/etc/motd, or file:etc/motd for the path from here",
    ),
    ("tpc://h:80", Kind::Scheme, "there is no scheme 'tpc'; did you mean 'tcp'?"),
    (
        "nosuch://h:70",
        Kind::Scheme,
        "there is no scheme 'nosuch'; there are tcp, udp, tls, ws, wss, unix, unix-dgram, unix-seqpacket, stdio, exec, file",
    ),
    ("unxi:/run/x", Kind::Scheme, "there is no scheme 'unxi'; did you mean 'unix'?"),
    ("tcp:h:80", Kind::Scheme, "'//' is missing after tcp:; write tcp://h:80"),
    ("udp:53", Kind::Scheme, "'//' is missing after udp:; write udp://53"),
    ("tcp://", Kind::MissingPort, "host and port are missing; write tcp://HOST:PORT"),
    ("ws://", Kind::MissingPort, "host and port are missing; write ws://HOST:PORT"),
    ("tcp://h", Kind::MissingPort, "missing port; write tcp://h:PORT"),
    ("udp://h", Kind::MissingPort, "missing port; write udp://h:PORT"),
    ("tcp://h:80/x", Kind::Path, "tcp:// has no path; leave '/x' out"),
    ("ws://h/a#b", Kind::Path, "a WebSocket's path has no '#' (RFC 6455 §3)"),
    ("ws://h/%zz", Kind::Percent, "'%zz' is not a byte; write %25 for a percent sign"),
    ("-", Kind::Scheme, "standard input and output is written stdio:"),
    (
        "stdio",
        Kind::MissingPort,
        "missing port; write stdio:PORT, or stdio: for standard input and output",
    ),
    ("stdio:x", Kind::Scheme, "nothing follows stdio:"),
    ("exec:", Kind::Command, "the command is missing; write exec:'COMMAND'"),
    ("exec:''", Kind::Command, "the command is missing; write exec:'COMMAND'"),
    ("file:", Kind::Path, "the path is missing; write file:PATH"),
    ("unix:", Kind::Path, "the path is missing; write unix:PATH or unix:@NAME"),
    ("unix:@", Kind::Path, "the abstract name is missing; write @NAME"),
    ("@", Kind::Path, "the abstract name is missing; write @NAME"),
    ("/a%zz", Kind::Percent, "'%zz' is not a byte; write %25 for a percent sign"),
    ("/a%00b", Kind::Path, "a path cannot hold a NUL byte"),
    ("h:80?", Kind::Option, "nothing follows '?'; write ?NAME=VALUE, or leave it out"),
    ("h:80?ttl", Kind::Option, "the option 'ttl' needs a value: write a number from 1 to 255"),
    ("h:80?ttl=0", Kind::Option, "the option 'ttl' cannot be '0': write a number from 1 to 255"),
    (
        "h:80?ttl=256",
        Kind::Option,
        "the option 'ttl' cannot be '256': write a number from 1 to 255",
    ),
    ("h:80?ttl=3&ttl=4", Kind::Option, "the option 'ttl' stands twice"),
    ("h:80?tll=3", Kind::Option, "there is no option 'tll'; did you mean 'ttl'?"),
    ("h:80?nodelay=maybe", Kind::Option, "the option 'nodelay' cannot be 'maybe': write yes or no"),
    ("h:80?join=239.1.2.3", Kind::Option, "the option 'join' is for udp:// endpoints"),
    (
        "udp://h:80?join=10.0.0.1",
        Kind::Option,
        "the option 'join' cannot be '10.0.0.1': write a multicast address, like 239.1.2.3 or ff02::1",
    ),
    ("udp://h:80?nodelay", Kind::Option, "the option 'nodelay' is for TCP and what stands on it"),
    ("/x?ttl=3", Kind::Option, "the option 'ttl' is for IP endpoints, like tcp:// and udp://"),
    ("/x?wat=3", Kind::Option, "there is no option 'wat'; there are sndbuf, mode, owner, group"),
    (
        "@x?mode=0600",
        Kind::Option,
        "the option 'mode' is for Unix sockets that have a file, like /run/x",
    ),
    ("@x?bind=@y", Kind::Option, "the option 'bind' is for IP endpoints, like tcp:// and udp://"),
    (
        "/x?rcvbuf=4k",
        Kind::Option,
        "the option 'rcvbuf' is for IP endpoints, like tcp:// and udp://",
    ),
    (
        "h:80?mode=0600",
        Kind::Option,
        "the option 'mode' is for Unix sockets that have a file, like /run/x",
    ),
    (
        "/x?mode=0888",
        Kind::Option,
        "the option 'mode' cannot be '0888': write three or four octal digits, like 0660",
    ),
    (
        "/x?mode=4755",
        Kind::Option,
        "the option 'mode' cannot be '4755': write three or four octal digits, like 0660",
    ),
    (
        "/x?group=",
        Kind::Option,
        "the option 'group' cannot be '': write a name or a number, like www-data",
    ),
    (
        "file:x?y=1",
        Kind::Option,
        "there is no option 'y'; there are none here, and a '?' in a name is written %3F",
    ),
    ("stdio:?ttl=3", Kind::Option, "the option 'ttl' is for IP endpoints, like tcp:// and udp://"),
    (
        "ws://h/?q=1",
        Kind::Option,
        "there is no option 'q'; for a query that the server sees write %3F, not ?",
    ),
    (
        "h:80?sndbuf=lots",
        Kind::Option,
        "the option 'sndbuf' cannot be 'lots': write a number of bytes, like 65536 or 64k",
    ),
    (
        "h:80?sndbuf=4g",
        Kind::Option,
        "the option 'sndbuf' cannot be '4g': write a number of bytes, like 65536 or 64k",
    ),
    (
        "h:80?bind=eth0",
        Kind::Option,
        "the option 'bind' cannot be 'eth0': write an address, :PORT or ADDRESS:PORT",
    ),
    (
        "h:80?bind=80",
        Kind::Option,
        "the option 'bind' cannot be '80': write an address, :PORT or ADDRESS:PORT",
    ),
    (
        "h:80?bind=",
        Kind::Option,
        "the option 'bind' cannot be '': write an address, :PORT or ADDRESS:PORT",
    ),
    (
        "h:80?interface=a/b",
        Kind::Option,
        "the option 'interface' cannot be 'a/b': write an interface, like eth0",
    ),
    ("h:80?bind=%ff", Kind::Percent, "the value '%ff' is not UTF-8"),
    ("h:80?&", Kind::Option, "an option has no name; write NAME=VALUE"),
];

#[test]
fn every_error_says_which_part_why_and_what_would_be_right() {
    for (typed, kind, reason) in ERRORS {
        match typed.parse::<Endpoint>() {
            Ok(endpoint) => panic!("{typed} reads as {endpoint}"),
            Err(error) => assert_eq!((error.kind(), error.reason()), (kind, reason), "{typed}"),
        }
    }
}

#[test]
fn the_whole_message_quotes_what_was_typed_and_stays_a_line() {
    let message = |text: &str| match text.parse::<Endpoint>() {
        Ok(endpoint) => panic!("{text} reads as {endpoint}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(message("h:70000"), "'h:70000' is not an endpoint: the port 70000 is above 65535");
    assert!(message("tcp://u:secret@h:80").starts_with("'tcp://u:***@h:80' is not"));
    assert_eq!(
        message("a\u{1b}[2J\n:80"),
        "'a\\u{1b}[2J\\n:80' is not an endpoint: the host 'a\\u{1b}[2J\\n' is wrong: a name has no '\\u{1b}'"
    );
}

#[test]
fn what_is_too_long_is_said_with_its_length() {
    for (typed, kind, end) in [
        (format!("{}:80", "x".repeat(300)), Kind::Host, "has 300 characters; 63 is the most"),
        (
            format!("{}:80", ["abcdefg"; 40].join(".")),
            Kind::Host,
            "the host has 319 characters; 253 is the most",
        ),
        (
            format!("/{}", "p".repeat(107)),
            Kind::Path,
            "the path has 108 bytes; 107 is the most for a Unix socket",
        ),
        (
            format!("@{}", "p".repeat(108)),
            Kind::Path,
            "the abstract name has 108 bytes; 107 is the most",
        ),
    ] {
        match typed.parse::<Endpoint>() {
            Ok(_) => panic!("{typed} is too long"),
            Err(error) => {
                assert_eq!(error.kind(), kind);
                assert!(error.reason().ends_with(end), "{error}");
                assert!(error.to_string().len() < 260, "{error}");
            }
        }
    }
    for fits in [format!("{}:80", "x".repeat(63)), format!("/{}", "p".repeat(106))] {
        assert!(fits.parse::<Endpoint>().is_ok(), "{fits}");
    }
}

#[test]
fn two_words_go_wrong_in_their_own_ways() {
    for (host, port, kind, reason) in [
        ("h:80", "443", Kind::Port, "there are two ports, '80' and '443'; write h 80"),
        ("h", "70000", Kind::Port, "the port 70000 is above 65535"),
        ("h", "", Kind::Port, "the port '' is neither a number nor a tcp service"),
        ("1::2::3", "80", Kind::Host, "'1::2::3' is not an IPv6 address"),
        ("[::1", "80", Kind::Brackets, "']' is missing after the IPv6 address"),
        ("tpc://h", "80", Kind::Scheme, "there is no scheme 'tpc'; did you mean 'tcp'?"),
    ] {
        match Endpoint::parse_words(host, port, &ServiceTable::iana()) {
            Ok(endpoint) => panic!("{host} {port} reads as {endpoint}"),
            Err(error) => assert_eq!((error.kind(), error.reason()), (kind, reason)),
        }
    }
}
