//! Lines that were typed and that the server has not confirmed.
//!
//! A server with *echo-message* confirms each line by its echo. Any server answers a PING that follows
//! the lines: what it neither echoed nor refused before that was said. What is left when the connection
//! ends is named, so that nobody believes it was said.
//!
//! Nothing here sends or prints.

use std::collections::VecDeque;

/// Lines that may be sent before one of them is confirmed: less than servers take for a flood.
const WINDOW: usize = 20;

/// Lines that are read before they can be sent.
const QUEUED: usize = 1024;

/// Lines on their way.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    /// Not sent yet.
    queued: VecDeque<String>,
    /// Sent, oldest first.
    sent: VecDeque<Line>,
    /// How many were sent in all.
    count: u64,
    /// How many were sent before the latest PING that asks for them.
    asked: u64,
}

#[derive(Debug)]
struct Line {
    number: u64,
    target: String,
    text: String,
}

impl Unconfirmed {
    /// A line of IRC that is to be sent.
    pub(super) fn push(&mut self, line: String) {
        self.queued.push_back(line);
    }

    /// Whether more may be read: what was read is named if it cannot be sent.
    pub(super) fn has_room(&self) -> bool {
        self.queued.len() < QUEUED
    }

    /// Whether every line was sent.
    pub(super) fn is_sent(&self) -> bool {
        self.queued.is_empty()
    }

    /// The next line, if one may be sent now.
    pub(super) fn next(&mut self) -> Option<String> {
        if self.sent.len() >= WINDOW {
            return None;
        }
        let line = self.queued.pop_front()?;
        if let Some((target, text)) = talk(&line) {
            self.count += 1;
            let (target, text) = (target.to_owned(), text.to_owned());
            self.sent.push_back(Line { number: self.count, target, text });
        }
        Some(line)
    }

    /// The number for a PING, where the lines that were sent wait for one.
    pub(super) fn ask(&mut self) -> Option<u64> {
        let waits = self.sent.len() >= WINDOW && self.asked < self.count;
        waits.then(|| {
            self.asked = self.count;
            self.count
        })
    }

    /// The number for the last PING.
    pub(super) fn ask_for_all(&mut self) -> u64 {
        self.asked = self.count;
        self.count
    }

    /// The server echoed this.
    pub(super) fn echoed(&mut self, target: &str, text: &str) {
        let same = |line: &Line| line.target.eq_ignore_ascii_case(target);
        let exact = self.sent.iter().position(|line| same(line) && line.text == text);
        // A server may change what is said, colours for example.
        let place = exact.or_else(|| self.sent.iter().position(same));
        place.and_then(|place| self.sent.remove(place));
    }

    /// The server answered the PING with this number; `echoes`: it would have echoed what it took. The
    /// lines that it did not take.
    pub(super) fn answered(&mut self, number: u64, echoes: bool) -> Vec<String> {
        let mut lost = Vec::new();
        while let Some(line) = self.sent.pop_front_if(|line| line.number <= number) {
            // What is said to services is not echoed.
            if echoes && line.target.starts_with(['#', '&']) {
                lost.push(line.text);
            }
        }
        lost
    }

    /// Everything that is left, in the order in which it was typed.
    pub(super) fn take(&mut self) -> Vec<String> {
        let sent = self.sent.drain(..).map(|line| line.text);
        let queued = self.queued.drain(..);
        let queued =
            queued.map(|line| talk(&line).map_or_else(|| line.clone(), |it| it.1.to_owned()));
        sent.chain(queued).collect()
    }
}

/// The target and the text of talk.
fn talk(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("PRIVMSG ")?.split_once(" :")
}

#[cfg(test)]
mod tests {
    use super::{Unconfirmed, WINDOW};

    fn sent(count: usize) -> Unconfirmed {
        let mut lines = Unconfirmed::default();
        (0..count).for_each(|number| lines.push(format!("PRIVMSG #a :line {number}")));
        while lines.next().is_some() {}
        lines
    }

    #[test]
    fn only_so_many_are_on_their_way() {
        let mut lines = sent(WINDOW + 2);
        assert!(!lines.is_sent());
        assert_eq!(lines.ask(), Some(WINDOW as u64));
        assert_eq!(lines.ask(), None, "it is asked once");
        lines.echoed("#A", "line 0");
        assert_eq!(lines.next().as_deref(), Some("PRIVMSG #a :line 20"));
        assert_eq!(lines.answered(WINDOW as u64, false), [""; 0], "no echo was to be expected");
        assert_eq!(lines.take(), ["line 20", "line 21"]);
    }

    #[test]
    fn what_was_neither_echoed_nor_on_its_way_any_more_was_not_said() {
        let mut lines = sent(3);
        lines.echoed("#a", "line 1");
        lines.push("PRIVMSG bob :psst".to_owned());
        lines.next();
        let number = lines.ask_for_all();
        assert_eq!(lines.answered(number, true), ["line 0", "line 2"]);
        assert_eq!(lines.take(), [""; 0], "what is said to one person may have no echo");
    }

    #[test]
    fn an_echo_that_was_changed_still_confirms() {
        let mut lines = sent(2);
        lines.echoed("#a", "LINE 0");
        assert_eq!(lines.take(), ["line 1"]);
    }
}
