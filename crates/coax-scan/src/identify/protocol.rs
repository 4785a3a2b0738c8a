//! An entry of the registry: what to send, on which ports to begin, what proves it, what it tells.
//!
//! Most protocols are known by words: a [`Sign`] names the first bytes, the words that must follow
//! and the place of the product. A protocol of numbers has a reader, which follows its layout.
//! What an entry leaves out has a sensible value, so one more entry is about ten lines:
//!
//! ```ignore
//! Protocol {
//!     service: "memcache",
//!     ports: &[11211],
//!     ask: Ask::Bytes(b"version\r\n"),
//!     after: &[b"ERROR\r\n"],
//!     signs: &[sign(b"VERSION ").holding("\r\n").product(Rest)],
//!     ..Protocol::NONE
//! }
//! ```
//!
//! Nothing here knows one protocol from another.

use std::net::SocketAddr;

use super::recognise::Recognised;
use super::text::{after, first_line, header, holds, plain, title, up_to};

/// One protocol that is spoken over TCP.
pub(super) struct Protocol {
    /// As IANA calls it where it has a name there.
    pub(super) service: &'static str,
    /// What IANA calls it inside TLS; empty where it is not found there.
    pub(super) over_tls: &'static str,
    /// Where it is usually found.
    pub(super) ports: &'static [u16],
    /// Where it is usually found inside TLS.
    pub(super) tls_ports: &'static [u16],
    pub(super) first: First,
    /// The shortest question that a server answers to anybody. It reads, changes nothing, and logs
    /// nobody in.
    pub(super) ask: Ask,
    /// Asked on the same connection once the first answer proved the protocol.
    pub(super) then: &'static [u8],
    /// After exactly this answer the connection goes on in TLS.
    pub(super) upgrade: &'static [u8],
    /// Its turn among the questions for a port of which nothing is known; 0 is never.
    pub(super) anywhere: u8,
    /// Words that are no proof, but make it worth asking this next.
    pub(super) after: &'static [&'static [u8]],
    /// What is offered to be spoken inside TLS (RFC 7301).
    pub(super) alpn: &'static str,
    pub(super) signs: &'static [Sign],
    pub(super) read: Reader,
}

/// Who speaks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The server does, and may take its time.
    Server,
    Client,
}

/// What is sent to a server that is silent.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Nothing,
    Bytes(&'static [u8]),
    /// Made from the address, and the name it was found by.
    Made(fn(SocketAddr, Option<&str>) -> Vec<u8>),
}

/// What was asked, and what was said then; a greeting has no question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    pub(super) asked: &'a [u8],
    pub(super) said: &'a [u8],
}

/// Reads what was said; `None` where it is not this protocol.
pub(super) type Reader = fn(Heard<'_>) -> Option<Recognised>;

impl Protocol {
    /// An entry that says nothing: what is left out of the others.
    pub(super) const NONE: Protocol = Protocol {
        service: "",
        over_tls: "",
        ports: &[],
        tls_ports: &[],
        first: First::Client,
        ask: Ask::Nothing,
        then: b"",
        upgrade: b"",
        anywhere: 0,
        after: &[],
        alpn: "",
        signs: &[],
        read: |_| None,
    };

    /// What was heard, where it proves this protocol.
    pub(super) fn proof(&self, heard: Heard<'_>) -> Option<Recognised> {
        let sign = self.signs.iter().find(|sign| sign.fits(heard.said));
        let read = sign.map(|sign| sign.read(self.service, heard.said));
        read.or_else(|| (self.read)(heard))
    }

    pub(super) fn asks(&self) -> bool {
        !matches!(self.ask, Ask::Nothing)
    }

    /// Whether it is asked where nothing, or a hint alone, is known.
    pub(super) fn may_be_anywhere(&self) -> bool {
        self.anywhere > 0 || !self.after.is_empty()
    }

    pub(super) fn question(&self, address: SocketAddr, name: Option<&str>) -> Vec<u8> {
        match self.ask {
            Ask::Nothing => Vec::new(),
            Ask::Bytes(bytes) => bytes.to_vec(),
            Ask::Made(make) => make(address, name),
        }
    }

    /// Whether these words, which prove nothing, make it worth asking.
    pub(super) fn is_hinted(&self, said: &[u8]) -> bool {
        self.after.iter().any(|hint| said.starts_with(hint))
    }
}

/// The words by which a protocol is known.
pub(super) struct Sign {
    /// The first bytes.
    opens: &'static [u8],
    /// One of these words, which a `|` separates, is there too, in any case.
    holds: &'static str,
    /// None of these is.
    lacks: &'static str,
    product: Take,
    extra: Take,
    host: Take,
}

/// Where something stands in what was said.
#[derive(Clone, Copy)]
pub(super) enum Take {
    Nowhere,
    /// It is always this.
    Is(&'static str),
    /// In the first line, after the opening.
    Rest,
    /// In the first line, after this word.
    After(&'static str),
    /// The first word after the opening.
    Word,
    /// The words after that, without the protocol's name where it stands first.
    Program,
    /// Between this and the next of that, anywhere.
    Between(&'static str, &'static str),
    /// The same, with a name before it.
    Version(&'static str, &'static str, &'static str),
    /// In this header of a message such as HTTP's.
    Header(&'static str),
}
use Take::Nowhere;

/// A sign that opens with these bytes.
pub(super) const fn sign(opens: &'static [u8]) -> Sign {
    Sign { opens, holds: "", lacks: "", product: Nowhere, extra: Nowhere, host: Nowhere }
}

impl Sign {
    pub(super) const fn holding(self, holds: &'static str) -> Sign {
        Sign { holds, ..self }
    }

    pub(super) const fn lacking(self, lacks: &'static str) -> Sign {
        Sign { lacks, ..self }
    }

    pub(super) const fn product(self, product: Take) -> Sign {
        Sign { product, ..self }
    }

    pub(super) const fn extra(self, extra: Take) -> Sign {
        Sign { extra, ..self }
    }

    pub(super) const fn host(self, host: Take) -> Sign {
        Sign { host, ..self }
    }

    fn fits(&self, said: &[u8]) -> bool {
        said.starts_with(self.opens)
            && holds(said, self.holds)
            && (self.lacks.is_empty() || !holds(said, self.lacks))
    }

    fn read(&self, service: &'static str, said: &[u8]) -> Recognised {
        let take = |take| self.take(take, said);
        let (product, extra, host) = (take(self.product), take(self.extra), take(self.host));
        Recognised { service, product, extra, host }
    }

    fn take(&self, take: Take, said: &[u8]) -> Option<String> {
        let line = first_line(said);
        let rest = || line.get(self.opens.len()..);
        let between = |start, end| after(said, start).map(|it| up_to(it, end));
        match take {
            Take::Nowhere => None,
            Take::Is(name) => Some(name.to_owned()),
            Take::Rest => rest().and_then(plain),
            Take::After(word) => after(line, word).and_then(plain),
            Take::Word => rest()?.split(|&byte| byte == b' ').next().and_then(title),
            Take::Program => {
                let words = rest()?.trim_ascii_start();
                let words = words.split_at_checked(words.iter().position(|&byte| byte == b' ')?)?.1;
                let words = words.trim_ascii_start();
                let bare = ["ESMTP ", "SMTP ", "LMTP "]
                    .iter()
                    .find_map(|name| words.strip_prefix(name.as_bytes()));
                plain(bare.unwrap_or(words))
            }
            Take::Between(start, end) => between(start, end).and_then(title),
            Take::Version(name, start, end) => {
                let version = between(start, end).and_then(title)?;
                Some(format!("{name} {}", version.trim_matches('"')))
            }
            Take::Header(name) => header(said, name).and_then(title),
        }
    }
}
