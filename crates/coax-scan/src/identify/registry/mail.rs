//! Mail and news: SMTP, LMTP, POP3, IMAP, Sieve, NNTP, spamd, clamd.
//!
//! Servers greet; one whose greeting could be FTP's as well is asked for help, which lists the
//! commands of its protocol.
//!
//! Nothing here sends a message or logs in.

use super::super::protocol::Take::{Between, Program, Rest, Version, Word};
use super::super::protocol::{Ask, First, Protocol, sign};
use super::files::FILES;

const MAIL: &str = "smtp|mail|postfix|exim|sendmail";
const NEWS: &str = "nntp|innd|internetnews|news|posting";
/// LMTP takes the first word for a greeting (RFC 2033 §4.1), which others refuse; SMTP (RFC 5321
/// §4.1.1.8) and FTP (RFC 959 §4.1.3) list other commands.
pub(super) const HELP: Ask = Ask::Bytes(b"LHLO coax.invalid\r\nHELP\r\n");

pub(super) static PROTOCOLS: &[Protocol] = &[
    // RFC 2033 §4.1: as SMTP, which must not be offered on port 25.
    Protocol {
        service: "lmtp",
        ports: &[24],
        first: First::Server,
        ask: HELP,
        signs: &[
            sign(b"220 ").holding("lmtp").product(Program).host(Word),
            sign(b"250").holding("PIPELINING").lacking(FILES),
        ],
        ..Protocol::NONE
    },
    // RFC 5321 §4.2: 220 greets, 421 and 554 refuse; RFC 3463: codes such as 5.5.1.
    Protocol {
        service: "smtp",
        over_tls: "submissions",
        ports: &[25, 587, 2525],
        tls_ports: &[465],
        first: First::Server,
        ask: HELP,
        after: &[b"220 ", b"220-"],
        signs: &[
            sign(b"220 ").holding("smtp").product(Program).host(Word),
            sign(b"220-").holding("smtp").product(Program).host(Word),
            sign(b"220 ").holding(MAIL).lacking(FILES).host(Word),
            sign(b"220-").holding(MAIL).lacking(FILES).host(Word),
            sign(b"421").holding(MAIL).lacking(FILES),
            sign(b"554").holding(MAIL).lacking(FILES),
            sign(b"5").holding("HELO|EHLO| 5.5.1| 5.5.2").lacking("USER and PASS|RETR|STOR"),
            sign(b"214").holding("HELO|EHLO"),
        ],
        ..Protocol::NONE
    },
    // RFC 1939 §4.
    Protocol {
        service: "pop3",
        over_tls: "pop3s",
        ports: &[110],
        tls_ports: &[995],
        first: First::Server,
        signs: &[sign(b"+OK").product(Rest)],
        ..Protocol::NONE
    },
    // RFC 9051 §7.1.
    Protocol {
        service: "imap",
        over_tls: "imaps",
        ports: &[143],
        tls_ports: &[993],
        first: First::Server,
        signs: &[
            sign(b"* OK").product(Rest),
            sign(b"* PREAUTH").product(Rest),
            sign(b"* BYE").product(Rest),
        ],
        ..Protocol::NONE
    },
    // RFC 5804 §1.7.
    Protocol {
        service: "sieve",
        ports: &[4190],
        first: First::Server,
        signs: &[
            sign(b"\"IMPLEMENTATION\" \"").product(Between("\"IMPLEMENTATION\" \"", "\"")),
            sign(b"\"").holding("\n\"SIEVE\" \"").product(Between("\"IMPLEMENTATION\" \"", "\"")),
        ],
        ..Protocol::NONE
    },
    // RFC 3977 §5.1.
    Protocol {
        service: "nntp",
        over_tls: "nntps",
        ports: &[119, 433],
        tls_ports: &[563],
        first: First::Server,
        signs: &[
            sign(b"200 ").holding(NEWS).product(Rest),
            sign(b"201 ").holding(NEWS).product(Rest),
        ],
        ..Protocol::NONE
    },
    // SpamAssassin, spamd/PROTOCOL.
    Protocol {
        service: "spamd",
        ports: &[783],
        ask: Ask::Bytes(b"PING SPAMC/1.2\r\n\r\n"),
        signs: &[sign(b"SPAMD/1.")],
        ..Protocol::NONE
    },
    // clamd(8). Behind the slash are the signatures' number and date.
    Protocol {
        service: "clamd",
        ports: &[3310],
        ask: Ask::Bytes(b"VERSION\n"),
        signs: &[sign(b"ClamAV ").product(Version("ClamAV", "ClamAV ", "/"))],
        ..Protocol::NONE
    },
];
