//! Servers that accept connections before they serve, and how each says that it does.
//!
//! A database accepts while it still loads its data. Each protocol here has one question that needs
//! no password, and answers that mean "not yet". One more protocol is one more row of
//! [`Protocol::ALL`] and one function that judges.
//!
//! Nothing here reads or writes: bytes in, a judgement out.

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Memcached,
    Mysql,
    Postgres,
    Redis,
}

/// What the first bytes of an answer mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It serves. A server that wants a password first does.
    Ready,
    /// It does not serve now; in its own words.
    NotReady(String),
    /// More bytes will tell.
    Unfinished,
    /// It speaks another protocol.
    Strange,
}

/// More than any of these answers; a stranger must not fill the memory.
pub(crate) const MAX_ANSWER_BYTES: usize = 16 << 10;

impl Protocol {
    /// Each with its schemes, the first being the one that is shown, and its port.
    const ALL: [(Protocol, &[&str], u16); 4] = [
        (Protocol::Memcached, &["memcached"], 11211),
        (Protocol::Mysql, &["mysql", "mariadb"], 3306),
        (Protocol::Postgres, &["postgres", "postgresql"], 5432),
        (Protocol::Redis, &["redis", "valkey"], 6379),
    ];

    /// The one with this scheme.
    pub(crate) fn named(scheme: &str) -> Option<Protocol> {
        let row = Protocol::ALL.iter().find(|(_, schemes, _)| schemes.contains(&scheme));
        row.map(|(protocol, ..)| *protocol)
    }

    fn row(self) -> (&'static [&'static str], u16) {
        let row = Protocol::ALL.iter().find(|(protocol, ..)| *protocol == self);
        row.map_or((&["tcp"], 0), |(_, schemes, port)| (schemes, *port))
    }

    pub(crate) fn scheme(self) -> &'static str {
        self.row().0[0]
    }

    /// The port that its servers have, unless they are told otherwise.
    pub(crate) fn port(self) -> u16 {
        self.row().1
    }

    /// What to send; nothing where the server speaks first.
    pub(crate) fn question(self) -> &'static [u8] {
        match self {
            Protocol::Memcached => b"version\r\n",
            Protocol::Mysql => b"",
            // Length, version 3.0, and a user: the least that a start-up message has
            // (PostgreSQL, "Message Formats", StartupMessage).
            Protocol::Postgres => b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0",
            Protocol::Redis => b"PING\r\n",
        }
    }

    /// What an answer that begins with `bytes` means.
    pub(crate) fn judge(self, bytes: &[u8]) -> Judged {
        match self {
            Protocol::Memcached => memcached(bytes),
            Protocol::Mysql => mysql(bytes),
            Protocol::Postgres => postgres(bytes),
            Protocol::Redis => redis(bytes),
        }
    }
}

fn memcached(bytes: &[u8]) -> Judged {
    match line(bytes) {
        None => begins(bytes, &[b"VERSION ", b"SERVER_ERROR ", b"ERROR"]),
        Some(line) if line.starts_with(b"VERSION ") => Judged::Ready,
        // With a password set, every command before it is an error, which is an answer.
        Some(b"ERROR") => Judged::Ready,
        Some(line) if line.starts_with(b"SERVER_ERROR ") => not_ready(line),
        Some(_) => Judged::Strange,
    }
}

/// A packet: three bytes of length (lowest first), a number, then the version 10 or an error,
/// 255, its code and its text (MySQL, "Connection Phase Packets").
fn mysql(bytes: &[u8]) -> Judged {
    let [low, middle, high, _, body @ ..] = bytes else { return Judged::Unfinished };
    let length = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
    match body {
        [] => Judged::Unfinished,
        [10, ..] => Judged::Ready,
        [255, ..] if length > MAX_ANSWER_BYTES => Judged::Strange,
        [255, ..] if body.len() < length => Judged::Unfinished,
        [255, _, _, text @ ..] => not_ready(text),
        _ => Judged::Strange,
    }
}

/// A letter, then four bytes of length, then fields that each end with a zero byte; `C` is the code.
/// A server that starts or stops answers 57P03, as `pg_isready` knows. Every other answer, also a
/// refusal of this user, comes from a server that serves.
fn postgres(bytes: &[u8]) -> Judged {
    let [kind, rest @ ..] = bytes else { return Judged::Unfinished };
    match kind {
        b'R' => Judged::Ready,
        b'E' => {
            let Some((length, fields)) = rest.split_first_chunk::<4>() else {
                return Judged::Unfinished;
            };
            let length = (u32::from_be_bytes(*length) as usize).saturating_sub(4);
            if length > MAX_ANSWER_BYTES {
                return Judged::Strange;
            }
            let Some(fields) = fields.get(..length) else { return Judged::Unfinished };
            let field = |name| {
                let mut all = fields.split(|byte| *byte == 0);
                all.find_map(|field| field.split_first().filter(|(first, _)| **first == name))
            };
            match (field(b'C'), field(b'M')) {
                (Some((_, b"57P03")), Some((_, message))) => not_ready(message),
                (Some((_, b"57P03")), None) => not_ready(b"it starts or stops"),
                (Some(_), _) => Judged::Ready,
                (None, _) => Judged::Strange,
            }
        }
        _ => Judged::Strange,
    }
}

fn redis(bytes: &[u8]) -> Judged {
    match line(bytes) {
        None => begins(bytes, &[b"+PONG", b"-"]),
        Some(b"+PONG") => Judged::Ready,
        // It serves those who have the password.
        Some(line) if line.starts_with(b"-NOAUTH") || line.starts_with(b"-NOPERM") => Judged::Ready,
        Some([b'-', why @ ..]) => not_ready(why),
        Some(_) => Judged::Strange,
    }
}

/// The first line, once it is here.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some(bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]))
}

/// An unfinished line may still become one of these.
fn begins(bytes: &[u8], all: &[&[u8]]) -> Judged {
    let may_be = all.iter().any(|one| {
        let shared = bytes.len().min(one.len());
        bytes[..shared] == one[..shared]
    });
    if may_be { Judged::Unfinished } else { Judged::Strange }
}

fn not_ready(words: &[u8]) -> Judged {
    let words = String::from_utf8_lossy(words);
    Judged::NotReady(words.chars().filter(|letter| !letter.is_control()).take(120).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_answer_means_what_its_protocol_says() {
        use Judged::{Ready, Strange, Unfinished};
        let not = |words: &str| Judged::NotReady(words.to_owned());
        let table: [(Protocol, &[u8], Judged); 20] = [
            (Protocol::Redis, b"+PONG\r\n", Ready),
            (Protocol::Redis, b"-NOAUTH Authentication required.\r\n", Ready),
            (Protocol::Redis, b"-LOADING Redis is loading\r\n", not("LOADING Redis is loading")),
            (Protocol::Redis, b"-LOADING", Unfinished),
            (Protocol::Redis, b"HTTP/1.1 400", Strange),
            (Protocol::Redis, b"", Unfinished),
            (Protocol::Memcached, b"VERSION 1.6.18\r\n", Ready),
            (Protocol::Memcached, b"VERS", Unfinished),
            (Protocol::Memcached, b"SERVER_ERROR busy\r\n", not("SERVER_ERROR busy")),
            (Protocol::Memcached, b"+OK\r\n", Strange),
            (Protocol::Postgres, b"R\0\0\0\x08\0\0\0\0", Ready),
            (Protocol::Postgres, b"E\0\0\0\x16C57P03\0Mstarting\0\0", not("starting")),
            (Protocol::Postgres, b"E\0\0\0\x12C28000\0Mno\0\0\0\0", Ready),
            (Protocol::Postgres, b"E\0\0\0\x16C57P03\0M", Unfinished),
            (Protocol::Postgres, b"E\xff\xff\xff\xff", Strange),
            (Protocol::Postgres, b"HTTP/1.1", Strange),
            (Protocol::Mysql, b"\x4a\0\0\0\x0a8.0", Ready),
            (Protocol::Mysql, b"\x07\0\0\0\xff\x10\x04full", not("full")),
            (Protocol::Mysql, b"\x4a\0", Unfinished),
            (Protocol::Mysql, b"SSH-2.0", Strange),
        ];
        for (protocol, bytes, judged) in table {
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(protocol.judge(bytes), judged, "{protocol:?} {shown:?}");
        }
    }

    #[test]
    fn the_start_up_message_has_the_length_that_it_says() {
        let question = Protocol::Postgres.question();
        assert_eq!(question[3] as usize, question.len());
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in any::<Vec<u8>>()) {
            for (protocol, ..) in Protocol::ALL {
                protocol.judge(&bytes);
            }
        }
    }
}
