//! One row a port, for programs that read lines and for people who read a file.
//!
//! Rows are printed as they come, so a column starts as wide as most need and grows with what it
//! has to hold.
//!
//! Nothing here decides which ports are shown. How a terminal shows them is `screen`'s.

use super::event::PortReport;

/// Widths so far.
#[derive(Clone, Debug)]
pub(super) struct Table {
    place: usize,
    state: usize,
    service: usize,
    answer: usize,
}

/// What most rows need.
impl Default for Table {
    fn default() -> Table {
        Table { place: 24, state: 12, service: 16, answer: 8 }
    }
}

impl Table {
    /// Takes the widths of `rows` in advance.
    pub(super) fn prepare(&mut self, rows: &[PortReport]) {
        for row in rows {
            self.place = self.place.max(row.place.chars().count());
            self.state = self.state.max(row.state.len());
            self.service = self.service.max(row.service_in_words().chars().count());
            self.answer = self.answer.max(row.answer().len());
        }
    }

    /// One row, without the end of its line.
    pub(super) fn row(&self, port: &PortReport) -> String {
        let Table { place, state, service, answer } = *self;
        let line = format!(
            "{:<place$} {:<state$} {:<service$} {:<answer$}  {}  {}",
            port.place,
            port.state,
            port.service_in_words(),
            port.answer(),
            port.names_in_words(),
            port.said()
        );
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coax_scan::State;

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
        let mut table = Table::default();
        table.prepare(&rows);
        let lines: Vec<String> = rows.iter().map(|row| table.row(row)).collect();
        let column = |line: &str, word: &str| line.find(word).unwrap();
        let (state, answer) = (column(&lines[0], "open"), column(&lines[0], "1.23 ms"));
        assert_eq!(state, column(&lines[1], "open"));
        assert_eq!(state, column(&lines[2], "filtered"));
        assert_eq!(answer, column(&lines[2], "no-answer"));
        assert_eq!(column(&lines[0], "db.test"), column(&lines[1], "v6.test"));
        assert!(lines[2].ends_with("no-answer"), "{}", lines[2]);
    }
}
