//! The table that a person reads: one row a port.
//!
//! Rows are printed as they come, so a column starts as wide as most need and grows with what it
//! has to hold. On a terminal there is a line of titles above, and the state has a colour, which
//! says nothing that the word does not.
//!
//! Nothing here decides which ports are shown.

use std::io::{IsTerminal, stdout};

use coax_scan::State;

use super::event::PortReport;

/// Widths so far, and whether this is for a person's terminal.
#[derive(Clone, Debug)]
pub(super) struct Table {
    place: usize,
    state: usize,
    service: usize,
    answer: usize,
    colour: bool,
    /// Whether the titles are still to come.
    titles: bool,
}

/// What most rows need.
impl Default for Table {
    fn default() -> Table {
        Table { place: 24, state: 12, service: 16, answer: 8, colour: false, titles: false }
    }
}

impl Table {
    /// For stdout as it is.
    pub(super) fn for_stdout() -> Table {
        let terminal = stdout().is_terminal();
        let told = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let colour = terminal && !dumb && !told("NO_COLOR");
        Table { colour, titles: terminal, ..Table::default() }
    }

    /// The titles, once, before the first of `rows`, whose widths are taken in advance.
    pub(super) fn prepare(&mut self, rows: &[PortReport]) -> Option<String> {
        rows.iter().for_each(|row| self.widen(row));
        if rows.is_empty() || !std::mem::take(&mut self.titles) {
            return None;
        }
        let Table { place, state, service, .. } = *self;
        let (first, second, third) = ("ADDRESS", "STATE", "SERVICE");
        Some(format!("{first:<place$} {second:<state$} {third:<service$} ANSWER"))
    }

    fn widen(&mut self, row: &PortReport) {
        self.place = self.place.max(row.place.chars().count());
        self.state = self.state.max(row.state.len());
        self.service = self.service.max(row.service_in_words().chars().count());
        self.answer = self.answer.max(row.answer().len());
    }

    /// One row, without the end of its line.
    pub(super) fn row(&self, port: &PortReport) -> String {
        let Table { place, state: wide, service, answer, .. } = *self;
        let state = self.painted(port.state, &format!("{:<wide$}", port.state));
        let line = format!(
            "{:<place$} {state} {:<service$} {:<answer$}  {}  {}",
            port.place,
            port.service_in_words(),
            port.answer(),
            port.names_in_words(),
            port.said()
        );
        line.trim_end().to_owned()
    }

    /// Green, red, yellow; what is closed has no colour.
    fn painted(&self, state: &str, text: &str) -> String {
        let code = match state {
            _ if !self.colour => return text.to_owned(),
            open if open == State::Open.name() => 32,
            closed if closed == State::Closed.name() => return text.to_owned(),
            unclear if unclear == State::Inconclusive.name() => 31,
            _ => 33,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(place: &str, state: State, service: Option<&str>, host: &str) -> PortReport {
        let address: std::net::SocketAddr = place.parse().unwrap();
        PortReport {
            host: host.to_owned(),
            names: vec![host.to_owned()],
            address: address.ip(),
            protocol: "tcp",
            port: address.port(),
            state: state.name(),
            reason: "no-answer",
            rtt_us: (state == State::Open).then_some(1234),
            service: service.map(str::to_owned),
            identity: None,
            place: place.to_owned(),
        }
    }

    #[test]
    fn columns_stand_below_each_other_whatever_they_hold() {
        let long = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
        let rows = [
            port("10.0.0.1:22", State::Open, Some("ssh"), "db.test"),
            port(long, State::Open, Some("a-service-with-a-long-name"), "v6.test"),
            port("10.0.0.1:23", State::Filtered, None, "10.0.0.1"),
        ];
        let mut table = Table { titles: true, ..Table::default() };
        let titles = table.prepare(&rows).unwrap();
        assert_eq!(table.prepare(&rows), None, "titles come once");
        let lines: Vec<String> = rows.iter().map(|row| table.row(row)).collect();
        let column = |line: &str, word: &str| line.find(word).unwrap();
        let state = column(&titles, "STATE");
        let answer = column(&titles, "ANSWER");
        assert_eq!(state, column(&lines[0], "open"));
        assert_eq!(state, column(&lines[1], "open"));
        assert_eq!(state, column(&lines[2], "filtered"));
        assert_eq!(answer, column(&lines[0], "1.23 ms"));
        assert_eq!(answer, column(&lines[2], "no-answer"));
        assert_eq!(column(&lines[0], "db.test"), column(&lines[1], "v6.test"));
        assert!(lines[2].ends_with("no-answer"), "{}", lines[2]);
    }

    #[test]
    fn a_colour_never_stands_for_a_word() {
        let row = port("10.0.0.1:22", State::Open, None, "10.0.0.1");
        let plain = Table::default().row(&row);
        let painted = Table { colour: true, ..Table::default() }.row(&row);
        assert_eq!(painted.replace("\u{1b}[32m", "").replace("\u{1b}[0m", ""), plain);
        assert_ne!(painted, plain);
    }
}
