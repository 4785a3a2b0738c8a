//! Printing an endpoint and reading it again gives the same endpoint, whatever it is.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use coax_addr::{Endpoint, Host, Options, Place, ServiceTable, Transport, UnixKind, UnixName};
use proptest::prelude::*;

fn host() -> impl Strategy<Value = Host> {
    let name = "([a-z0-9_][a-zA-Z0-9_-]{0,20}\\.){0,3}([a-z][a-z0-9_-]{0,62}|ü[ñ本]{0,9})\\.?";
    prop_oneof![
        Just(Host::Any),
        Just(Host::BROADCAST),
        name.prop_map(Host::Name),
        prop_oneof![Just("unix"), Just("Udp"), Just("file"), Just("http"), Just("stdio")]
            .prop_map(|word| Host::Name(word.to_owned())),
        any::<std::net::IpAddr>().prop_map(Host::Ip),
        (any::<std::net::Ipv6Addr>(), "[a-zA-Z0-9._@-]{1,15}")
            .prop_map(|(address, zone)| Host::Zoned { address, zone }),
    ]
}

fn net() -> impl Strategy<Value = Place> {
    let transport = prop::sample::select(&Transport::ALL[..]);
    (transport, host(), any::<u16>(), "(/[a-z0-9?=&~:@+-]{0,9}){0,3}").prop_map(
        |(transport, host, port, path)| {
            let path = if transport.default_port().is_some() { path } else { String::new() };
            Place::Net { transport, host, port, path }
        },
    )
}

fn path(longest: usize) -> impl Strategy<Value = PathBuf> {
    let byte = prop_oneof![3 => prop::sample::select(&b"/.@%?&'~: a"[..]), 1 => 1..=255_u8];
    prop::collection::vec(byte, 1..=longest)
        .prop_map(|bytes| PathBuf::from(OsString::from_vec(bytes)))
}

fn socket() -> impl Strategy<Value = Place> {
    let kind = prop::sample::select(vec![UnixKind::Stream, UnixKind::Dgram, UnixKind::Seqpacket]);
    let name = prop_oneof![
        path(107).prop_map(UnixName::Path),
        prop::collection::vec(any::<u8>(), 1..=107).prop_map(UnixName::Abstract),
    ];
    (kind, name).prop_map(|(kind, name)| Place::Unix { kind, name })
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        4 => net(),
        2 => socket(),
        1 => Just(Place::Stdio),
        1 => "[a' \\\\?%\n]{0,9}x".prop_map(Place::Exec),
        1 => path(300).prop_map(Place::File),
    ]
}

/// Options that mean something at `place`.
fn options(place: &Place) -> BoxedStrategy<Options> {
    let switch = || prop::option::of(any::<bool>());
    let size = || prop::option::of(1..=i32::MAX.cast_unsigned());
    let local = prop::option::of("10\\.0\\.0\\.[1-9](:[1-9]{1,4})?|\\[::1\\]:80|:9|fe80::1%eth0");
    let ip = (local, prop::option::of("[a-z&%?]{1,9}"), prop::option::of(1..=255_u8));
    let shared = (switch(), switch(), size(), size());
    let own = (switch(), switch());
    let udp = matches!(place, Place::Net { transport: Transport::Udp, .. });
    let (net, unix) = (matches!(place, Place::Net { .. }), matches!(place, Place::Unix { .. }));
    let path = matches!(place, Place::Unix { name: UnixName::Path(_), .. });
    (ip, shared, own)
        .prop_map(move |((bind, interface, ttl), (ra, rp, sndbuf, rcvbuf), (a, b))| match () {
            () if net => Options {
                bind,
                join: a.filter(|_| udp).map(|_| "ff02::fb".parse().expect("a group")),
                interface,
                ttl,
                nodelay: a.filter(|_| !udp),
                keepalive: b.filter(|_| !udp),
                broadcast: b.filter(|_| udp),
                reuseaddr: ra,
                reuseport: rp,
                sndbuf,
                rcvbuf,
                ..Options::default()
            },
            () if path => Options {
                sndbuf,
                mode: ttl.map(u32::from),
                owner: interface.clone(),
                group: interface,
                ..Options::default()
            },
            () if unix => Options { sndbuf, ..Options::default() },
            () => Options::default(),
        })
        .boxed()
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    place().prop_flat_map(|place| {
        options(&place).prop_map(move |options| Endpoint { place: place.clone(), options })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_printed_reads_back_the_same(endpoint in endpoint()) {
        let text = endpoint.to_string();
        match text.parse::<Endpoint>() {
            Ok(again) => prop_assert_eq!(again, endpoint, "{}", text),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_what_is_read_prints(
        text in "\\PC{0,60}|[a-z:/\\[\\]%@?=&.0-9*'-]{0,40}\
            |(tcp|udp|ws|unix|file|exec|h)(:|://)[a-z:/\\[\\]%@?=&.0-9]{0,30}"
    ) {
        match text.parse::<Endpoint>() {
            Ok(endpoint) => {
                let printed = endpoint.to_string();
                prop_assert_eq!(printed.parse::<Endpoint>(), Ok(endpoint), "{}", printed);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn any_two_words_are_read_or_refused(host in "\\PC{0,30}|[a-f0-9:.%\\[\\]]{0,20}", port in "\\PC{0,9}|[0-9]{1,5}") {
        if let Ok(endpoint) = Endpoint::parse_words(&host, &port, &ServiceTable::iana()) {
            prop_assert_eq!(endpoint.to_string().parse::<Endpoint>(), Ok(endpoint));
        }
    }
}
