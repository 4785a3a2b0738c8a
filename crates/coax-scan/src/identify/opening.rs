//! How to open a conversation with a port: who speaks first, what to ask, whether TLS comes first.
//!
//! The port is a guess that makes the usual case quick. Every question is one that any client of
//! the service asks: it reads, changes nothing and logs nobody in. Where even that could do harm,
//! nothing is asked.
//!
//! Nothing here knows what the answers mean.

use super::question;

/// How to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) first: First,
    pub(super) question: Question,
    pub(super) tls: Tls,
}

/// Who speaks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// They do, and may take their time.
    Them,
    /// They may; if so, then at once.
    Anyone,
    Us,
}

/// What is asked of whoever is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Http,
    Bytes(&'static [u8]),
    /// Whether it would go on in TLS, and if so, that.
    Postgres,
    Nothing,
}

/// When TLS is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    First,
    /// Where the plain way leads nowhere.
    Later,
    Never,
}

impl Opening {
    /// For a TCP port. What is in no list here may be a greeter or a web server.
    pub(super) fn of(port: u16) -> Opening {
        let (first, question, tls) = match port {
            // Printers would print it (9100 to 9107), machine controls may trip over it: S7,
            // Modbus, Fox, IEC 104, DNP3, EtherNet/IP.
            9100..=9107 | 102 | 502 | 1911 | 2404 | 4911 | 20000 | 44818 => {
                (First::Them, Question::Nothing, Tls::Never)
            }
            // Greeters; a mail server may look our address up before it speaks.
            21..=23
            | 25
            | 110
            | 119
            | 143
            | 194
            | 587
            | 873
            | 2525
            | 2947
            | 3306
            | 3690
            | 4190
            | 4222
            | 5900..=5909
            | 6600
            | 6660..=6669 => (First::Them, Question::Http, Tls::Later),
            80 | 591 | 631 | 3000 | 5000 | 5984 | 8000 | 8008 | 8080 | 8081 | 8088 | 8888
            | 9090 | 9200 => (First::Us, Question::Http, Tls::Later),
            443 | 2376 | 2379 | 4443 | 5986 | 6443 | 8443 | 9443 | 10443 => {
                (First::Us, Question::Http, Tls::First)
            }
            465 | 563 | 990 | 992..=995 | 6697 => (First::Them, Question::Http, Tls::First),
            53 => (First::Us, Question::Bytes(question::DNS_OVER_TCP), Tls::Later),
            853 => (First::Us, Question::Bytes(question::DNS_OVER_TCP), Tls::First),
            389 | 3268 => (First::Us, Question::Bytes(question::LDAP), Tls::Later),
            636 | 3269 => (First::Us, Question::Bytes(question::LDAP), Tls::First),
            554 | 8554 => (First::Us, Question::Bytes(question::RTSP), Tls::Later),
            1883 => (First::Us, Question::Bytes(question::MQTT), Tls::Later),
            8883 => (First::Us, Question::Bytes(question::MQTT), Tls::First),
            3389 => (First::Us, Question::Bytes(question::RDP), Tls::Later),
            5432 | 5433 | 6432 => (First::Us, Question::Postgres, Tls::Later),
            5672 => (First::Us, Question::Bytes(question::AMQP), Tls::Later),
            6379 => (First::Us, Question::Bytes(question::REDIS), Tls::Later),
            11211 => (First::Us, Question::Bytes(question::MEMCACHED), Tls::Later),
            _ => (First::Anyone, Question::Http, Tls::Later),
        };
        Opening { first, question, tls }
    }

    /// What is offered to be spoken inside TLS (RFC 7301). HTTP/2 is not: its answer is no text.
    pub(super) fn inside(&self, port: u16) -> Option<&'static str> {
        match (port, self.question, self.first) {
            (853, _, _) => Some("dot"),
            (_, Question::Http, First::Us | First::Anyone) => Some("http/1.1"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printer_is_never_spoken_to() {
        for port in 9100..=9107 {
            let opening = Opening::of(port);
            assert_eq!((opening.question, opening.tls), (Question::Nothing, Tls::Never));
        }
        assert_eq!(Opening::of(9108).question, Question::Http);
    }
}
