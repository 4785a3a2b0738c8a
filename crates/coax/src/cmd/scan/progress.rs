//! How far a scan is: a bar on a terminal, and below it what is open so far.
//!
//! Hosts are shown when they are whole, which may take a while; who waits sees that something is
//! found.
//!
//! Nothing here decides what is shown for good.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use coax_scan::{Tally, Verdict};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// A bar that moves more often than that is a blur.
const REDRAW: Duration = Duration::from_millis(100);
/// No line has room for more places.
const MOST_FOUND: usize = 32;
const BAR: &str = "{wide_bar} {percent:>3} %  {msg}  {eta} left";
/// The same, with what is open below it.
const BAR_AND_FOUND: &str = "{wide_bar} {percent:>3} %  {msg}  {eta} left\n{prefix}";

/// A bar, which is hidden where stderr is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
    drawn: Instant,
    /// Whether a port says all of its place.
    is_one_host: bool,
    /// Open ports that are shown below the bar, the last ones.
    found: VecDeque<String>,
}

impl Progress {
    /// Of a scan of `total` ports, which began at `started`.
    pub(super) fn new(total: u64, started: Instant, is_one_host: bool) -> Progress {
        let bar = match io::stderr().is_terminal() {
            true => ProgressBar::new(total).with_style(style(BAR)),
            false => ProgressBar::hidden(),
        };
        Progress { bar, started, drawn: Instant::now(), is_one_host, found: VecDeque::new() }
    }

    /// An open port that is not printed yet.
    pub(super) fn find(&mut self, verdict: &Verdict) {
        let Verdict { address, protocol, .. } = verdict;
        self.found.push_back(match self.is_one_host {
            true => format!("{}/{protocol}", address.port()),
            false => format!("{address}/{protocol}"),
        });
        self.found.drain(..self.found.len().saturating_sub(MOST_FOUND));
    }

    /// Draws it, if it is time, on a terminal of `width` columns.
    pub(super) fn draw(&mut self, tally: &Tally, width: usize) {
        if self.bar.is_hidden() || self.drawn.elapsed() < REDRAW {
            return;
        }
        self.drawn = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let rate = HumanCount((tally.sent as f64 / seconds) as u64);
        self.bar.set_message(format!("{rate}/s  {} open", tally.open));
        self.bar.set_position(tally.probed + tally.skipped + tally.not_asked);
        if !self.found.is_empty() {
            self.bar.set_style(style(BAR_AND_FOUND));
            self.bar.set_prefix(last_that_fit(&self.found, width));
        }
    }

    /// Prints without the bar in between.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes it away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// `open: … 10.0.0.7:22/tcp 10.0.0.7:80/tcp`: the last ones, where not all have room.
fn last_that_fit(found: &VecDeque<String>, width: usize) -> String {
    let mut room = width.saturating_sub("open: … ".len());
    let fits = |place: &&String| {
        let wanted = place.len() + 1;
        let fits = wanted <= room;
        room = room.saturating_sub(wanted);
        fits
    };
    let mut last: Vec<&str> = found.iter().rev().take_while(fits).map(String::as_str).collect();
    let more = if last.len() < found.len() || found.len() == MOST_FOUND { "… " } else { "" };
    last.reverse();
    format!("open: {more}{}", last.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ports_stand_on_one_line() {
        let found: VecDeque<String> = (1..=9).map(|port| format!("{port}/tcp")).collect();
        assert_eq!(
            last_that_fit(&found, 80),
            format!("open: {}", Vec::from(found.clone()).join(" "))
        );
        let short = last_that_fit(&found, 30);
        assert_eq!(short, "open: … 7/tcp 8/tcp 9/tcp");
        assert!(short.chars().count() <= 30);
        assert_eq!(last_that_fit(&found, 3), "open: … ");
    }
}
