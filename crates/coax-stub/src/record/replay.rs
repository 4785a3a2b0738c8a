//! A recording as rules.
//!
//! Each request gets what it got then: the first time the first reply, the second time the second,
//! and the last again after that. What was sent before anybody asked is the greeting.
//!
//! Nothing here serves.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::line::Line;
use crate::Then;
use crate::matcher::Matcher;
use crate::reply::{Body, Reply};
use crate::rules::{Rule, Rules, RulesError};

/// Reads a recording; `paced` waits before each reply as long as was waited then.
pub(crate) fn read(text: &[u8], paced: bool) -> Result<Rules, RulesError> {
    let mut heard = Heard { paced, ..Heard::default() };
    let mut at = 0;
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            heard
                .line(line, number + 1)
                .map_err(|(column, why)| RulesError::at(text, at + column..at + column + 1, why))?;
        }
        at += line.len();
    }
    let rules = heard.rules();
    if rules.is_empty() {
        return Err(RulesError::of("expected a recording: no exchange is in it"));
    }
    Ok(Rules::of_rules(rules))
}

#[derive(Default)]
struct Heard {
    paced: bool,
    exchanges: Vec<Exchange>,
    /// The latest exchange of each connection, or of each sender of datagrams: an index.
    latest: HashMap<(Option<u64>, String), usize>,
}

/// A request and what was sent for it, or a greeting.
struct Exchange {
    line: usize,
    asked: Timestamp,
    request: Option<Vec<u8>>,
    reply: Option<Vec<u8>>,
    delay: Duration,
    then: Then,
}

impl Heard {
    /// An error is a column, from 0, and why.
    fn line(&mut self, line: &[u8], number: usize) -> Result<(), (usize, String)> {
        let said: Line<'_> = serde_json::from_slice(line).map_err(|error| {
            let message = error.to_string();
            let words = message.rsplit_once(" at line ").map_or(&*message, |(words, _)| words);
            (error.column().saturating_sub(1), format!("expected a line of a recording: {words}"))
        })?;
        let bytes = said.to_bytes().map_err(|why| (0, why.to_owned()))?;
        let then = said.then.as_deref().map_or(Some(Then::Keep), Then::named);
        let then =
            then.ok_or((0, "expected keep, close, half-close or reset as then".to_owned()))?;
        let key = (said.connection, said.peer.into_owned());
        let new = Exchange {
            line: number,
            asked: said.at,
            request: None,
            reply: None,
            delay: Duration::ZERO,
            then: Then::Keep,
        };
        match &*said.direction {
            "in" => {
                let request = Some(bytes.unwrap_or_default());
                self.latest.insert(key, self.exchanges.len());
                self.exchanges.push(Exchange { request, ..new });
            }
            "out" => {
                let latest = *self.latest.entry(key).or_insert(self.exchanges.len());
                if latest == self.exchanges.len() {
                    self.exchanges.push(new);
                }
                self.exchanges[latest].sent(said.at, bytes, then);
            }
            _ => return Err((0, "expected \"in\" or \"out\" as direction".to_owned())),
        }
        Ok(())
    }

    /// A rule for each request, its replies in the order in which they were asked for.
    ///
    /// Connections overlap, and a line is written when its reply is sent, so the time of the request
    /// decides. The file's order decides between equal times.
    fn rules(mut self) -> Vec<Rule> {
        self.exchanges.sort_by_key(|exchange| exchange.asked);
        let (mut rules, mut known) = (Vec::<Rule>::new(), HashMap::new());
        for exchange in self.exchanges {
            let body = exchange.reply.map_or(Body::None, |bytes| Body::Bytes(bytes.into()));
            let delay = if self.paced { exchange.delay } else { Duration::ZERO };
            let reply = Reply { body, delay, then: exchange.then, ..Reply::none() };
            let matcher = match &exchange.request {
                Some(text) => Matcher::Exact(text.as_slice().into()),
                None => Matcher::Connect,
            };
            let rule = *known.entry(exchange.request).or_insert(rules.len());
            match rules.get_mut(rule) {
                Some(rule) => rule.replies.push(reply),
                None => rules.push(Rule::new(exchange.line, matcher, vec![reply])),
            }
        }
        rules
    }
}

impl Exchange {
    /// More was sent for it, and `then` became of the connection.
    fn sent(&mut self, at: Timestamp, bytes: Option<Vec<u8>>, then: Then) {
        if self.reply.is_none() {
            self.delay = at.duration_since(self.asked).try_into().unwrap_or_default();
        }
        if let Some(bytes) = bytes {
            self.reply.get_or_insert_default().extend(bytes);
        }
        self.then = then;
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::matcher::Request;
    use crate::rules::{Answer, Rules};

    const RECORDING: &str = r#"{"at":"2026-01-01T00:00:00Z","connection":1,"peer":"p","direction":"out","text":"hi"}
{"at":"2026-01-01T00:00:01Z","connection":1,"peer":"p","direction":"in","text":"a"}
{"at":"2026-01-01T00:00:01.5Z","connection":1,"peer":"p","direction":"out","hex":"ff00"}
{"at":"2026-01-01T00:00:02Z","connection":1,"peer":"p","direction":"in","text":"a"}
{"at":"2026-01-01T00:00:02Z","connection":1,"peer":"p","direction":"out","text":"2","then":"close"}

{"at":"2026-01-01T00:00:03Z","peer":"q","direction":"in","text":"mute"}
"#;

    fn said(rules: &Rules, request: &[u8], count: u64) -> (Vec<u8>, String, u128) {
        let found = rules.find(Request::new(request, false)).unwrap();
        let Answer::Reply(_, reply) = rules.answer(found, count) else { panic!("no reply") };
        let bytes = match &reply.body {
            crate::reply::Body::Bytes(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        };
        (bytes, reply.then.name().to_owned(), reply.delay.as_millis())
    }

    #[test]
    fn a_request_gets_what_it_got() {
        let rules = read(RECORDING.as_bytes(), true).unwrap();
        assert!(rules.greeting().is_some());
        assert_eq!(said(&rules, b"a", 1), (vec![0xff, 0], "keep".to_owned(), 500));
        assert_eq!(said(&rules, b"a", 2), (b"2".to_vec(), "close".to_owned(), 0));
        assert_eq!(said(&rules, b"a", 9), said(&rules, b"a", 2));
        assert_eq!(said(&rules, b"mute", 1).0, b"");
        let hurried = read(RECORDING.as_bytes(), false).unwrap();
        assert_eq!(said(&hurried, b"a", 1).2, 0);
    }

    #[test]
    fn replies_have_the_order_of_the_requests_of_all_connections() {
        let line = |second: u8, connection: u8, direction: &str, text: &str| {
            format!(
                r#"{{"at":"2026-01-01T00:00:0{second}Z","connection":{connection},"peer":"p{connection}","direction":"{direction}","text":"{text}"}}"#
            ) + "\n"
        };
        // The second connection asks in between and is answered last.
        let recording = [
            line(1, 1, "in", "next"),
            line(1, 1, "out", "1"),
            line(3, 1, "in", "next"),
            line(3, 1, "out", "3"),
            line(4, 2, "in", "next"),
            line(4, 2, "out", "4"),
            line(2, 3, "in", "next"),
            line(5, 3, "out", "2"),
        ];
        let rules = read(recording.concat().as_bytes(), false).unwrap();
        let replies = [1, 2, 3, 4].map(|count| said(&rules, b"next", count).0);
        assert_eq!(replies, [b"1", b"2", b"3", b"4"]);
    }

    #[test]
    fn a_line_that_is_none_is_told() {
        let good = RECORDING.lines().next().unwrap();
        for (bad, column, words) in [
            ("x", 1, "expected a line of a recording"),
            (r#"{"at":"2026-01-01T00:00:00Z"}"#, 29, "missing field `direction`"),
            (r#"{"at":"2026-01-01T00:00:00Z","direction":"up"}"#, 1, "expected \"in\""),
            (r#"{"at":"2026-01-01T00:00:00Z","direction":"in","hex":"f"}"#, 1, "expected hex"),
        ] {
            let error = read(format!("{good}\n{bad}\n").as_bytes(), false).unwrap_err();
            assert_eq!(error.place(), Some((2, column)), "{bad}: {}", error.message());
            assert!(error.message().contains(words), "{bad}: {}", error.message());
        }
        assert!(read(b"", false).is_err());
    }
}
