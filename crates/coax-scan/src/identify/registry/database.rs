//! Databases: MySQL, PostgreSQL, SQL Server, Oracle, MongoDB, Cassandra, Neo4j, Redis, memcached,
//! Tarantool.
//!
//! What they tell before anybody logs in.
//!
//! Nothing here has a password.

use super::super::cursor::Cursor;
use super::super::protocol::Take::{Is, Version};
use super::super::protocol::{Ask, First, Heard, Protocol, sign};
use super::super::recognise::Recognised;
use super::super::text::{after, holds, title, up_to};

/// PostgreSQL's SSLRequest (its protocol, §55.7): does it go on in TLS?
const SSL_REQUEST: &[u8] = b"\0\0\0\x08\x04\xD2\x16\x2F";
/// A startup message in version 255.0, which nobody speaks: the refusal names those that are spoken.
const STARTUP: &[u8] = b"\0\0\0\x08\0\xFF\0\0";
/// \[MS-TDS\] §2.2.6.5: version and encryption, the latter not supported.
const PRELOGIN: &[u8] = b"\x12\x01\0\x1A\0\0\0\0\0\0\x0B\0\x06\x01\0\x11\0\x01\xFF\
\0\0\0\0\0\0\x02";
/// Oracle Net, CONNECT: version 3.14, compatible from 3.0, and the words at 58.
const TNS: &[u8] = b"\0\x57\0\0\x01\0\0\0\x01\x3A\x01\x2C\0\0\x20\0\x7F\xFF\xC6\x0E\0\0\x01\0\
\0\x1D\0\x3A\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
(CONNECT_DATA=(COMMAND=ping))";
/// `OP_MSG` with `{buildInfo: 1, $db: "admin"}` in BSON.
const MONGO: &[u8] = b"\x38\0\0\0coax\0\0\0\0\xDD\x07\0\0\0\0\0\0\0\
\x23\0\0\0\x10buildInfo\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";
/// CQL version 4 §4.1.3: OPTIONS, an empty frame.
const CQL: &[u8] = b"\x04\0\0\x63\x05\0\0\0\0";
/// Bolt's handshake: versions 5.0, 4.4, 4.0 and 3.
const BOLT: &[u8] = b"\x60\x60\xB0\x17\0\0\0\x05\0\0\x04\x04\0\0\0\x04\0\0\0\x03";

pub(super) static PROTOCOLS: &[Protocol] = &[
    Protocol {
        service: "mysql",
        ports: &[3306, 3307],
        first: First::Server,
        read: mysql,
        ..Protocol::NONE
    },
    Protocol {
        service: "postgresql",
        ports: &[5432, 5433, 6432],
        ask: Ask::Bytes(SSL_REQUEST),
        then: STARTUP,
        upgrade: b"S",
        anywhere: 1,
        read: postgres,
        ..Protocol::NONE
    },
    Protocol {
        service: "ms-sql-s",
        ports: &[1433],
        ask: Ask::Bytes(PRELOGIN),
        anywhere: 13,
        read: sql_server,
        ..Protocol::NONE
    },
    Protocol {
        service: "oracle-tns",
        ports: &[1521],
        ask: Ask::Bytes(TNS),
        read: oracle,
        ..Protocol::NONE
    },
    Protocol {
        service: "mongodb",
        ports: &[27017, 27018, 27019],
        ask: Ask::Bytes(MONGO),
        signs: &[sign(b"HTTP/1.0 200").holding("trying to access MongoDB over HTTP")],
        read: mongodb,
        ..Protocol::NONE
    },
    Protocol {
        service: "cassandra",
        ports: &[9042],
        tls_ports: &[9142],
        ask: Ask::Bytes(CQL),
        read: cassandra,
        ..Protocol::NONE
    },
    Protocol {
        service: "bolt",
        ports: &[7687],
        ask: Ask::Bytes(BOLT),
        read: bolt,
        ..Protocol::NONE
    },
    // RESP, and INFO, which has these lines in every version.
    Protocol {
        service: "redis",
        ports: &[6379, 6380, 26379],
        ask: Ask::Bytes(b"PING\r\nINFO server\r\n"),
        over_tls: "redis",
        anywhere: 3,
        after: &[b"-ERR", b"-NOAUTH", b"-DENIED", b"-WRONGPASS", b"-NOPERM"],
        signs: &[
            sign(b"+PONG\r\n").holding("valkey_version:").product(Version(
                "Valkey",
                "valkey_version:",
                "\r",
            )),
            sign(b"+PONG\r\n").holding("dragonfly_version:").product(Version(
                "Dragonfly",
                "dragonfly_version:df-v",
                "\r",
            )),
            sign(b"+PONG\r\n").holding("redis_version:").product(Version(
                "Redis",
                "redis_version:",
                "\r",
            )),
            sign(b"+PONG\r\n"),
            sign(b"-NOAUTH ").extra(Is("password required")),
            sign(b"-DENIED Redis").product(Is("Redis")).extra(Is("protected mode")),
            sign(b"-ERR wrong number of arguments for 'get'"),
        ],
        ..Protocol::NONE
    },
    // memcached's protocol.txt: ERROR answers what is no command.
    Protocol {
        service: "memcache",
        ports: &[11211],
        ask: Ask::Bytes(b"version\r\n"),
        over_tls: "memcache",
        after: &[b"ERROR\r\n", b"CLIENT_ERROR ", b"SERVER_ERROR "],
        signs: &[sign(b"VERSION ").holding("\r\n").product(Version("memcached", "VERSION ", "\r"))],
        ..Protocol::NONE
    },
    Protocol {
        service: "tarantool",
        ports: &[3301],
        first: First::Server,
        signs: &[sign(b"Tarantool ").product(Version("Tarantool", "Tarantool ", " "))],
        ..Protocol::NONE
    },
    Protocol {
        service: "couchdb",
        signs: &[sign(b"HTTP/1.").holding("{\"couchdb\":").product(Version(
            "CouchDB",
            "\"version\":\"",
            "\"",
        ))],
        ..Protocol::NONE
    },
    Protocol {
        service: "clickhouse",
        ports: &[9440],
        signs: &[
            sign(b"HTTP/1.").holding("\nX-ClickHouse-").product(Is("ClickHouse")),
            sign(b"HTTP/1.0 400").holding("clickhouse-client").product(Is("ClickHouse")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "influxdb",
        ports: &[8086],
        ask: Ask::Made(super::web::influx),
        signs: &[sign(b"HTTP/1.").holding("\nX-Influxdb-Version:").product(Version(
            "InfluxDB",
            "X-Influxdb-Version: ",
            "\r",
        ))],
        ..Protocol::NONE
    },
];

/// The handshake of protocol 10, or an error instead of it.
fn mysql(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let [low, middle, high, 0] = *rest.take(4)? else { return None };
    let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
    match rest.byte()? {
        0x0A if (20..1000).contains(&length) => {
            let version = up_to(rest.0, "\0");
            // MariaDB says so after a version that old clients take for MySQL's.
            let version = version.strip_prefix(b"5.5.5-").unwrap_or(version);
            version.first()?.is_ascii_digit().then(|| maker(version))
        }
        0xFF if holds(rest.0, "mysql|mariadb|blocked|not allowed") => {
            let maker = holds(rest.0, "mariadb").then(|| "MariaDB".to_owned());
            Some(Recognised {
                extra: Some("host not allowed".to_owned()),
                ..Recognised::new("mysql", maker)
            })
        }
        _ => None,
    }
}

fn maker(version: &[u8]) -> Recognised {
    let makers = ["MariaDB", "TiDB", "Percona"];
    let maker = makers.into_iter().find(|maker| holds(version, maker)).unwrap_or("MySQL");
    let told = title(version).map(|version| format!("{maker} {version}"));
    Recognised::new("mysql", told)
}

/// One letter answers the request for TLS. An error or a request to log in are the two answers to a
/// first message.
fn postgres(heard: Heard<'_>) -> Option<Recognised> {
    let Heard { asked, said } = heard;
    let letter = said.strip_prefix(b"N").or(said.strip_prefix(b"S"));
    let said = letter.filter(|_| asked == SSL_REQUEST).unwrap_or(said);
    let known = match said {
        b"" => asked.starts_with(SSL_REQUEST),
        [b'E', 0, 0, _, _, b'S', rest @ ..] => holds(rest, "FATAL\0|ERROR\0"),
        [b'R', 0, 0, 0, length, 0, 0, 0, kind, ..] => *length >= 8 && *kind <= 12,
        _ => false,
    };
    let versions = after(said, "server supports ").map(|rest| up_to(rest, "\0")).and_then(title);
    let extra = versions.map(|versions| format!("protocol {versions}"));
    // The file of the source that refused: others who speak the protocol have other files.
    let product =
        holds(said, "\0Fpostmaster.c\0|\0Fbackend_startup.c\0").then(|| "PostgreSQL".to_owned());
    known.then(|| Recognised { extra, ..Recognised::new("postgresql", product) })
}

/// A response whose first option is the version (\[MS-TDS\] §2.2.6.5).
fn sql_server(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let (kind, _status, length) = (rest.byte()?, rest.byte()?, rest.short()?);
    let fits = kind == 4 && usize::from(length) == heard.said.len() && heard.asked == PRELOGIN;
    rest.take(4)?;
    let options = rest;
    let (option, at, size) = (rest.byte()?, rest.short()?, rest.short()?);
    let [major, minor, high, low, ..] = *options.0.get(at.into()..)? else { return None };
    let build = u16::from_be_bytes([high, low]);
    let told = format!("Microsoft SQL Server {major}.{minor}.{build}");
    (fits && option == 0 && size == 6).then(|| Recognised::new("ms-sql-s", Some(told)))
}

/// Accepted, refused, or please again, in a packet of the length it says.
fn oracle(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let (length, sum, kind) = (rest.short()?, rest.short()?, rest.byte()?);
    let fits = usize::from(length) == heard.said.len() && sum == 0 && heard.asked == TNS;
    let number = after(heard.said, "(VSNNUM=").map(|rest| up_to(rest, ")"));
    let number = number.and_then(|text| std::str::from_utf8(text).ok()?.parse::<u32>().ok());
    let version = number.map(|it| {
        let [first, rest] = [it >> 24, it >> 20 & 15];
        format!(
            "Oracle TNS listener {first}.{rest}.{}.{}.{}",
            it >> 12 & 255,
            it >> 8 & 15,
            it & 255
        )
    });
    (fits && matches!(kind, 2 | 4 | 11)).then(|| Recognised::new("oracle-tns", version))
}

/// A message of the length it says, in answer to ours; `version` is in its document.
fn mongodb(heard: Heard<'_>) -> Option<Recognised> {
    let response_to = heard.said.get(8..12)?;
    let kind = heard.said.get(12..16)?;
    let ours = heard.asked == MONGO && response_to == b"coax" && kind == [0xDD, 7, 0, 0];
    let mut version = Cursor(after(heard.said, "\x02version\0").unwrap_or_default());
    let length = version.take(4).map_or(0, |it| usize::from(it[0]));
    let version = version.take(length.saturating_sub(1)).and_then(title);
    ours.then(|| Recognised::new("mongodb", version.map(|it| format!("MongoDB {it}"))))
}

/// SUPPORTED, or an error, on our stream (CQL version 4 §2).
fn cassandra(heard: Heard<'_>) -> Option<Recognised> {
    let [0x81..=0x85, _, 0, 0x63, kind, 0, 0, ..] = *heard.said else { return None };
    let mut version = Cursor(after(heard.said, "\0\x0BCQL_VERSION").unwrap_or_default());
    let _count = version.short();
    let length = version.short().unwrap_or_default();
    let version = version.take(length.into()).and_then(title);
    let extra = version.map(|version| format!("CQL {version}"));
    let fits = matches!(kind, 0 | 6) && heard.asked == CQL;
    fits.then(|| Recognised { extra, ..Recognised::new("cassandra", None) })
}

/// The version that was chosen among ours, and nothing else.
fn bolt(heard: Heard<'_>) -> Option<Recognised> {
    let [0, 0, minor @ 0..=9, major @ 3..=5] = *heard.said else { return None };
    let extra = Some(format!("Bolt {major}.{minor}"));
    (heard.asked == BOLT).then(|| Recognised { extra, ..Recognised::new("bolt", None) })
}
