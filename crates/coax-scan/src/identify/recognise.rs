//! Which protocol somebody speaks, from the first bytes of what was said.
//!
//! A table of signs: how it opens, what else must be in it, where the product stands. The first
//! that fits wins, so the particular stand before the general. What could be two things is
//! neither: a greeting of `220 welcome` may be mail or files.
//!
//! Nothing here knows the port, or what was asked. Names are IANA's where it has one.

mod binary;

use super::text::{after, first_line, header, holds, title, up_to};

/// What somebody's words give away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The protocol, as IANA calls it where it has a name there.
    pub service: &'static str,
    /// What the program calls itself.
    pub product: Option<String>,
}

/// One protocol's mark.
struct Sign {
    service: &'static str,
    /// The first bytes.
    opens: &'static [u8],
    /// One of these words, which a `|` separates, is there too, in any case.
    holds: &'static str,
    product: Product,
}

/// Where the product stands.
enum Product {
    Nowhere,
    /// In the first line, after the opening.
    Rest,
    /// In the first line, after this word.
    After(&'static str),
    /// Between this and the next of that, anywhere.
    Between(&'static str, &'static str),
    /// In this header.
    Header(&'static str),
}
use Product::{After, Between, Header, Nowhere, Rest};

const fn sign(
    service: &'static str,
    opens: &'static [u8],
    holds: &'static str,
    product: Product,
) -> Sign {
    Sign { service, opens, holds, product }
}

/// More than this far into what was said, no word is looked for.
const LOOKED_AT: usize = 4096;

const MAIL: &str = "smtp|mail|postfix|exim|sendmail";
const FILES: &str = "ftp|filezilla|file transfer";
const NEWS: &str = "nntp|innd|internetnews|news|posting";

static SIGNS: &[Sign] = &[
    sign("ssh", b"SSH-2.0-", "", Rest),
    sign("ssh", b"SSH-", "", Rest),
    sign("mongodb", b"HTTP/1.0 200", "trying to access MongoDB over HTTP", Nowhere),
    sign("ipp", b"HTTP/1.", "\nserver: cups|ipp/", Header("Server")),
    sign("http", b"HTTP/1.", "", Header("Server")),
    sign("http", b"HTTP/2", "", Header("Server")),
    sign("rtsp", b"RTSP/1.0 ", "", Header("Server")),
    sign("rtsp", b"RTSP/2.0 ", "", Header("Server")),
    sign("sip", b"SIP/2.0 ", "\nserver:", Header("Server")),
    sign("sip", b"SIP/2.0 ", "", Header("User-Agent")),
    sign("icap", b"ICAP/1.0 ", "", Header("Server")),
    sign("lmtp", b"220", "lmtp", After("lmtp")),
    sign("smtp", b"220", "smtp", After("smtp")),
    sign("ftp", b"220", FILES, Rest),
    sign("smtp", b"220", MAIL, Nowhere),
    sign("smtp", b"421", MAIL, Nowhere),
    sign("smtp", b"554", MAIL, Nowhere),
    sign("ftp", b"421", FILES, Nowhere),
    sign("ftp", b"530", FILES, Nowhere),
    sign("pop3", b"+OK", "", Rest),
    sign("imap", b"* OK", "", Rest),
    sign("imap", b"* PREAUTH", "", Rest),
    sign("imap", b"* BYE", "", Rest),
    sign("nntp", b"200 ", NEWS, Rest),
    sign("nntp", b"201 ", NEWS, Rest),
    sign("rfb", b"RFB 0", "", Nowhere),
    sign("irc", b"NOTICE AUTH :", "", Nowhere),
    sign("irc", b"NOTICE * :", "", Nowhere),
    sign("irc", b"ERROR :", "", Nowhere),
    sign("irc", b":", " NOTICE | 451 | 421 | 020 ", Nowhere),
    sign("rsync", b"@RSYNCD: ", "", Nowhere),
    sign("svn", b"( success ( ", "", Nowhere),
    sign("sieve", b"\"IMPLEMENTATION\" \"", "", Between("\"IMPLEMENTATION\" \"", "\"")),
    sign("gpsd", b"{\"class\":\"VERSION\"", "", Between("\"release\":\"", "\"")),
    sign("nats", b"INFO {", "\"server_id\"", Between("\"version\":\"", "\"")),
    sign("mpd", b"OK MPD ", "", Rest),
    sign("xmpp-client", b"<", "<stream:stream", Nowhere),
    sign("redis", b"+PONG\r\n", "redis_version:", Between("redis_version:", "\r")),
    sign("redis", b"+PONG\r\n", "", Nowhere),
    sign("redis", b"-NOAUTH ", "", Nowhere),
    sign("redis", b"-DENIED Redis", "", Nowhere),
    sign("redis", b"-ERR wrong number of arguments for 'get'", "", Nowhere),
    sign("memcache", b"VERSION ", "\r\n", Rest),
    sign("beanstalkd", b"UNKNOWN_COMMAND\r\n", "", Nowhere),
    sign("amqp", b"AMQP\0", "", Nowhere),
    sign("chargen", b" !\"#$%&'()*+,-./0123456789", "", Nowhere),
    sign("chargen", b"!\"#$%&'()*+,-./0123456789", "", Nowhere),
];

/// What `bytes`, the first that somebody said over TCP, are the beginning of. Takes time in
/// proportion to their number, and at most 4 KiB are looked at.
pub fn recognise(bytes: &[u8]) -> Option<Recognised> {
    let bytes = &bytes[..bytes.len().min(LOOKED_AT)];
    let known = SIGNS.iter().find(|sign| sign.fits(bytes));
    known.map(|sign| sign.read(bytes)).or_else(|| binary::recognise(bytes))
}

impl Sign {
    fn fits(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(self.opens) && holds(bytes, self.holds)
    }

    fn read(&self, bytes: &[u8]) -> Recognised {
        let line = first_line(bytes);
        let product = match self.product {
            Nowhere => None,
            Rest => line.get(self.opens.len()..).and_then(plain),
            After(word) => after(line, word).and_then(plain),
            Between(start, end) => after(bytes, start).map(|it| up_to(it, end)).and_then(title),
            Header(name) => header(bytes, name).and_then(title),
        };
        Recognised { service: self.service, product }
    }
}

/// A line of greeting without what surrounds the name: capabilities, a time stamp, brackets, rows
/// of dashes.
fn plain(line: &[u8]) -> Option<String> {
    let line = line.trim_ascii();
    let line = match line.starts_with(b"[") {
        true => after(line, "]").unwrap_or_default(),
        false => line,
    };
    let line = String::from_utf8_lossy(up_to(line, "<")).into_owned();
    let line = line.trim_matches([' ', '-', '*', '.']);
    let inner = line.strip_prefix('(').and_then(|line| line.strip_suffix(')'));
    title(inner.unwrap_or(line).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said, the service, the product.
    const SAID: &[(&[u8], &str, &str)] = &[
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "ssh", "OpenSSH_9.2p1 Debian-2"),
        (b"SSH-1.99-Cisco-1.25\n", "ssh", "1.99-Cisco-1.25"),
        (b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\nSSH-2.0-", "http", "nginx/1.22.1"),
        (b"HTTP/1.0 404 Not Found\r\nserver: SimpleHTTP/0.6 Python/3.11.2\r\n\r\n", "http", "SimpleHTTP/0.6 Python/3.11.2"),
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "http", ""),
        (b"HTTP/1.1 200 OK\r\nServer: CUPS/2.4 IPP/2.1\r\n\r\n", "ipp", "CUPS/2.4 IPP/2.1"),
        (b"HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n", "mongodb", ""),
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: GStreamer RTSP server\r\n\r\n", "rtsp", "GStreamer RTSP server"),
        (b"SIP/2.0 200 OK\r\nUser-Agent: Asterisk PBX 18\r\n\r\n", "sip", "Asterisk PBX 18"),
        (b"220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n", "smtp", "Postfix (Debian/GNU)"),
        (b"220-mx.example.org ESMTP Exim 4.96\r\n220 no spam\r\n", "smtp", "Exim 4.96"),
        (b"220 example.org Microsoft ESMTP MAIL Service ready\r\n", "smtp", "MAIL Service ready"),
        (b"554 mail.example.org ESMTP not accepting messages\r\n", "smtp", ""),
        (b"220 box LMTP Dovecot ready\r\n", "lmtp", "Dovecot ready"),
        (b"220 (vsFTPd 3.0.3)\r\n", "ftp", "vsFTPd 3.0.3"),
        (b"220---------- Welcome to Pure-FTPd [privsep] ----------\r\n220 x\r\n", "ftp", "Welcome to Pure-FTPd [privsep]"),
        (b"220 ProFTPD Server (Debian) [::ffff:127.0.0.1]\r\n", "ftp", "ProFTPD Server (Debian) [::ffff:127.0.0.1]"),
        (b"+OK Dovecot (Debian) ready. <4f2.1@box>\r\n", "pop3", "Dovecot (Debian) ready"),
        (b"+OK\r\n", "pop3", ""),
        (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot (Debian) ready.\r\n", "imap", "Dovecot (Debian) ready"),
        (b"* BYE too many connections\r\n", "imap", "too many connections"),
        (b"200 news.example.org InterNetNews NNRP server ready\r\n", "nntp", "news.example.org InterNetNews NNRP server ready"),
        (b"RFB 003.008\n", "rfb", ""),
        (b":irc.example.org NOTICE * :*** Looking up your hostname...\r\n", "irc", ""),
        (b":irc.example.org 451 * :You have not registered\r\n", "irc", ""),
        (b"ERROR :Closing link: too fast\r\n", "irc", ""),
        (b"@RSYNCD: 31.0 sha512 sha256\n", "rsync", ""),
        (b"( success ( 2 2 ( ) ( edit-pipeline ) ) ) ", "svn", ""),
        (b"\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SIEVE\" \"x\"\r\n", "sieve", "Dovecot Pigeonhole"),
        (b"{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\"}\r\n", "gpsd", "3.22"),
        (b"INFO {\"server_id\":\"N1\",\"version\":\"2.9.10\",\"go\":\"x\"}\r\n", "nats", "2.9.10"),
        (b"OK MPD 0.23.5\n", "mpd", "0.23.5"),
        (b"<?xml version='1.0'?><stream:stream id='1'><stream:error>", "xmpp-client", ""),
        (b"+PONG\r\n$9\r\n# Server\r\nredis_version:7.0.15\r\nx:y\r\n", "redis", "7.0.15"),
        (b"-NOAUTH Authentication required.\r\n", "redis", ""),
        (b"-ERR wrong number of arguments for 'get' command\r\n", "redis", ""),
        (b"VERSION 1.6.18\r\n", "memcache", "1.6.18"),
        (b" !\"#$%&'()*+,-./0123456789:;<=>?@", "chargen", ""),
        (b"AMQP\0\0\x09\x01", "amqp", ""),
        // What follows has no words to go by.
        (b"\xFF\xFD\x18\xFF\xFD\x20\xFF\xFD\x23", "telnet", ""),
        (b"\x4A\0\0\0\x0A8.0.36-0ubuntu0.22.04.1\0\x08\0\0\0abcdefgh\0", "mysql", "8.0.36-0ubuntu0.22.04.1"),
        (b"\x5A\0\0\0\x0A5.5.5-10.11.6-MariaDB-0+deb12u1\0\x1F\0\0\0abcdefgh\0", "mysql", "10.11.6-MariaDB-0+deb12u1"),
        (b"\x46\0\0\0\xFFj\x04Host '192.0.2.1' is not allowed to connect to this MariaDB server", "mysql", ""),
        (b"E\0\0\0\x1FSFATAL\0C0A000\0Munsupported\0\0", "postgresql", ""),
        (b"R\0\0\0\x0C\0\0\0\x05abcd", "postgresql", ""),
        (b"\x03\0\0\x13\x0E\xD0\0\0\x12\x34\0\x02\x1F\x08\0\x02\0\0\0", "ms-wbt-server", ""),
        (b"\x20\x02\0\0", "mqtt", ""),
        (b"\x20\x02\0\x05", "mqtt", ""),
        (b"\x30\x0C\x02\x01\x01\x65\x07\x0A\x01\0\x04\0\x04\0", "ldap", ""),
        (b"\x01\0\0\0\0\x01\xF8\0\x0A\0\x0A\0\x09\0\0\x01\xD3\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x063.10.8", "amqp", "RabbitMQ 3.10.8"),
        (b"\0\x2A\x63\x78\x84\0\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\xC0\x0C\0\x10\0\x03\0\0\0\0\0\x09\x08NSD 4.6.", "domain", "NSD 4.6."),
        (b"\0\x1E\x63\x78\x81\x05\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03", "domain", ""),
    ];

    #[test]
    fn each_speaks_what_it_says() {
        for (said, service, product) in SAID {
            let shown = String::from_utf8_lossy(said);
            let known = recognise(said).unwrap_or_else(|| panic!("not known: {shown:?}"));
            assert_eq!(known.service, *service, "{shown:?}");
            assert_eq!(known.product.as_deref().unwrap_or_default(), *product, "{shown:?}");
        }
    }

    #[test]
    fn services_are_called_what_iana_calls_them_where_it_does() {
        let registry = coax_addr::ServiceTable::iana();
        for sign in SIGNS {
            let registered = !registry.by_name(sign.service, None).is_empty();
            let own = ["beanstalkd", "lmtp", "mpd", "nats"].contains(&sign.service);
            assert!(registered != own, "{}", sign.service);
        }
    }

    #[test]
    fn what_could_be_two_things_or_none_is_not_named() {
        let unknown: [&[u8]; 14] = [
            b"",
            b"220 welcome\r\n",
            b"200 OK\r\n",
            b"HTTP",
            b"SSH",
            b"hello\r\n",
            b"ERROR\r\n",
            b"-ERR what\r\n",
            b"\xFF",
            b"\xFF\xFF\xFF\xFF",
            b"\0\0\0\0",
            b"E",
            b"\x30\x82",
            b"\x15\x03\x01\0\x02\x02\x46",
        ];
        for said in unknown {
            assert_eq!(recognise(said), None, "{:?}", String::from_utf8_lossy(said));
        }
    }

    #[test]
    fn every_sign_is_reached_by_what_it_describes() {
        for (at, sign) in SIGNS.iter().enumerate() {
            let word = sign.holds.split('|').next().unwrap();
            let said = [sign.opens, word.as_bytes()].concat();
            let first = SIGNS.iter().position(|sign| sign.fits(&said)).unwrap();
            assert_eq!(SIGNS[first].service, sign.service, "sign {at} is hidden by {first}");
        }
    }

    #[test]
    fn anything_cut_or_changed_is_read_without_harm() {
        for (said, ..) in SAID {
            for end in 0..said.len() {
                let _ = recognise(&said[..end]);
                let mut changed = said.to_vec();
                changed[end] ^= 0xFF;
                if let Some(Recognised { product: Some(product), .. }) = recognise(&changed) {
                    assert!(!product.is_empty() && !product.contains(char::is_control));
                }
            }
        }
    }
}
