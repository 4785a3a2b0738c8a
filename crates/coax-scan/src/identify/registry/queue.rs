//! Messages and jobs: AMQP, MQTT, STOMP, NATS, Kafka, beanstalkd, Gearman, ActiveMQ.
//!
//! Nothing here puts anything into a queue or takes it out.

use super::super::cursor::Cursor;
use super::super::protocol::Take::{Between, Header, Is, Version};
use super::super::protocol::{Ask, First, Heard, Protocol, sign};
use super::super::recognise::Recognised;
use super::super::text::{after, title, up_to};

/// AMQP 0-9-1 §4.2.2.
const AMQP: &[u8] = b"AMQP\0\0\x09\x01";
/// MQTT 3.1.1 §3.1: a connection without a name, that keeps nothing.
const MQTT: &[u8] = b"\x10\x0C\0\x04MQTT\x04\x02\0\x3C\0\0";
/// §3.8: what the broker says of itself, and §3.14, the end.
const MQTT_VERSION: &[u8] = b"\x82\x18\0\x01\0\x13$SYS/broker/version\0";
/// A version that there is not: the answer is an error that names those that there are (STOMP 1.2,
/// "Protocol Negotiation").
const STOMP: &[u8] = b"CONNECT\naccept-version:99.0\nhost:/\n\n\0";
/// ApiVersions, version 0, correlation 0x636F6178, as client `coax`.
const KAFKA: &[u8] = b"\0\0\0\x0E\0\x12\0\0coax\0\x04coax";
/// Gearman's protocol: an echo of `coax`, request 16.
const GEARMAN: &[u8] = b"\0REQ\0\0\0\x10\0\0\0\x04coax";

pub(super) static PROTOCOLS: &[Protocol] = &[
    Protocol {
        service: "amqp",
        over_tls: "amqps",
        ports: &[5672],
        tls_ports: &[5671],
        ask: Ask::Bytes(AMQP),
        signs: &[sign(b"AMQP\0"), sign(b"AMQP\x01"), sign(b"AMQP\x03")],
        read: amqp,
        ..Protocol::NONE
    },
    Protocol {
        service: "mqtt",
        over_tls: "secure-mqtt",
        ports: &[1883],
        tls_ports: &[8883],
        ask: Ask::Bytes(MQTT),
        then: MQTT_VERSION,
        anywhere: 2,
        alpn: "mqtt",
        read: mqtt,
        ..Protocol::NONE
    },
    Protocol {
        service: "stomp",
        ports: &[61613],
        tls_ports: &[61614],
        ask: Ask::Bytes(STOMP),
        signs: &[
            sign(b"ERROR\n").holding("\nserver:").product(Header("server")),
            sign(b"ERROR\n").holding("\nversion:|\nmessage:"),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "nats",
        ports: &[4222],
        first: First::Server,
        signs: &[sign(b"INFO {").holding("\"server_id\"").product(Version(
            "NATS",
            "\"version\":\"",
            "\"",
        ))],
        ..Protocol::NONE
    },
    Protocol {
        service: "kafka",
        ports: &[9092],
        tls_ports: &[9093],
        ask: Ask::Bytes(KAFKA),
        anywhere: 12,
        read: kafka,
        ..Protocol::NONE
    },
    // beanstalkd's protocol.txt: statistics are YAML after their length.
    Protocol {
        service: "beanstalkd",
        ports: &[11300],
        ask: Ask::Bytes(b"stats\r\n"),
        signs: &[
            sign(b"OK ").holding("\r\n---\n").product(Version("beanstalkd", "\nversion: ", "\n")),
            sign(b"UNKNOWN_COMMAND\r\n").product(Is("beanstalkd")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "gearman",
        ports: &[4730],
        ask: Ask::Bytes(GEARMAN),
        then: b"version\n",
        signs: &[
            sign(b"\0RES\0\0\0\x11\0\0\0\x04coaxOK ").product(Version("Gearman", "coaxOK ", "\n")),
            sign(b"\0RES\0\0\0\x11\0\0\0\x04coax").product(Is("Gearman")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "openwire",
        ports: &[61616],
        first: First::Server,
        read: openwire,
        ..Protocol::NONE
    },
    // Ceph's two messengers, each with its banner.
    Protocol {
        service: "ceph",
        ports: &[3300, 6789],
        first: First::Server,
        signs: &[
            sign(b"ceph v2\n").product(Is("Ceph")).extra(Is("messenger 2")),
            sign(b"ceph v0").product(Is("Ceph")).extra(Between("ceph ", "\0")),
        ],
        ..Protocol::NONE
    },
];

/// Connection.Start: method 10, 10 in a method frame on channel 0.
fn amqp(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    if rest.take(3)? != [1, 0, 0] || rest.take(4)?.len() != 4 || rest.take(4)? != [0, 10, 0, 10] {
        return None;
    }
    let field = |name| after(heard.said, name).and_then(long_string);
    let (product, version) = (field("\x07productS"), field("\x07versionS"));
    let both = [product, version].into_iter().flatten().collect::<Vec<_>>().join(&b' ');
    Some(Recognised::new("amqp", title(&both)))
}

fn long_string(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = Cursor(bytes);
    let [0, 0, high, low] = *rest.take(4)? else { return None };
    rest.take(usize::from(u16::from_be_bytes([high, low])))
}

/// A CONNACK (3.1.1 §3.2), alone or before the version of the broker.
fn mqtt(heard: Heard<'_>) -> Option<Recognised> {
    let [0x20, 2, 0 | 1, code @ 0..=5, rest @ ..] = heard.said else { return None };
    if !rest.is_empty() && !matches!(rest, [0x90, 3, ..] | [0x30..=0x3F, ..]) {
        return None;
    }
    // The length of a message that may be cut, and of the topic, stand before.
    let version = after(rest, "$SYS/broker/version").map(|rest| rest.split(|&byte| byte < 32));
    let version = version.and_then(|mut words| words.next()).and_then(title);
    // "mosquitto version 2.0.11" is what mosquitto says.
    let product = version.map(|it| it.replacen(" version ", " ", 1));
    let extra = match code {
        4 | 5 => Some("password required".to_owned()),
        _ => None,
    };
    Some(Recognised { extra, ..Recognised::new("mqtt", product) })
}

/// A response of the length it says with our correlation, and no error or that the version is
/// too low.
fn kafka(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let (length, ours) = (rest.take(4)?, rest.take(4)? == b"coax");
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let error = rest.short()?;
    let fits = ours && (10..65_536).contains(&length) && matches!(error, 0 | 35);
    (fits && heard.asked == KAFKA).then(|| Recognised::new("kafka", None))
}

/// WireFormatInfo: type 1 and a magic word; the provider's name and version are in its properties.
fn openwire(heard: Heard<'_>) -> Option<Recognised> {
    let [0, 0, _, _, 1, b'A', b'c', b't', b'i', b'v', b'e', b'M', b'Q', ..] = *heard.said else {
        return None;
    };
    let version = after(heard.said, "ProviderVersion\x09\0").and_then(|rest| rest.get(1..));
    let version = version.map(|rest| up_to(rest, "\0")).and_then(title);
    let product = version.map_or("ActiveMQ".to_owned(), |version| format!("ActiveMQ {version}"));
    Some(Recognised::new("openwire", Some(product)))
}
