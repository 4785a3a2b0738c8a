//! The page in a real browser, as a reader uses it: clicks, keys, and what stands there.
//!
//! A script drives the browser by the WebDriver protocol (browser.py). Each command is answered before
//! the next.
//!
//! Nothing here knows what the page should do.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use testkit::{Program, Running, peer_or_skip, unused_port};

use crate::DEADLINE;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chat_clients/browser.py");

/// A browser with the page.
pub struct Page {
    running: Running,
    asked: usize,
}

impl Page {
    /// Opens the page of the server at `port`; `None` where there is no browser.
    #[track_caller]
    pub fn open(port: u16) -> Option<Page> {
        Page::open_at(&port.to_string(), "")
    }

    /// Opens the page at `path`, by way of a Unix socket to which `address` is brought.
    #[track_caller]
    pub fn open_through(socket: &Path, address: &str, path: &str) -> Option<Page> {
        Page::open_at(&format!("{},{address}", socket.display()), path)
    }

    #[track_caller]
    fn open_at(place: &str, path: &str) -> Option<Page> {
        let python = peer_or_skip("python3")?;
        let programs = [peer_or_skip("chromedriver")?, peer_or_skip("chromium")?];
        let running = Program::new(python)
            .args(["-u", SCRIPT])
            .args(programs)
            .args([&unused_port().to_string(), place])
            .deadline(DEADLINE)
            .start();
        let mut page = Page { running, asked: 0 };
        page.ask(format!("open {path}").trim_end());
        Some(page)
    }

    /// Gives a command of browser.py, and its answer.
    #[track_caller]
    pub fn ask(&mut self, command: &str) -> Value {
        self.running.send(format!("{command}\n"));
        let answer = self.running.expect_line(&format!("#{} ", self.asked));
        self.asked += 1;
        serde_json::from_str(&answer).unwrap()
    }

    #[track_caller]
    pub fn join(&mut self, nick: &str, channel: &str) {
        self.ask(&format!("join {nick} {channel}"));
    }

    #[track_caller]
    pub fn say(&mut self, text: &str) {
        self.ask(&format!("say {text}"));
    }

    /// Waits until an expression of JavaScript is true.
    #[track_caller]
    pub fn until(&mut self, condition: &str) {
        self.ask(&format!("until {condition}"));
    }

    /// Waits until the log shows `text`.
    #[track_caller]
    pub fn until_shown(&mut self, text: &str) {
        let text = Value::from(text);
        self.until(&format!("document.querySelector('#log').innerText.includes({text})"));
    }

    /// The value of an expression of JavaScript.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        self.ask(&format!("js return {expression}"))
    }

    /// What stands in the log, a line each.
    #[track_caller]
    pub fn log(&mut self) -> Vec<String> {
        serde_json::from_value(self.ask("log")).unwrap()
    }

    /// The browser holds nothing against the page: no error, no breach of its policy.
    #[track_caller]
    pub fn is_clean(&mut self) {
        assert_eq!(self.ask("complaints"), Value::Array(Vec::new()), "in the browser's console");
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The browser has its own processes: it is asked to end them.
        self.running.end_input();
        self.running.ends_within(Duration::from_secs(20));
    }
}
