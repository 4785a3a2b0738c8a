//! A process that runs: talk to it, wait for what it says, wait for its end.
//!
//! At its deadline it is killed, by a descriptor that can only ever mean this process, and the
//! test fails with everything it said. Dropped, it is killed with all it started.
//!
//! Nothing here knows what the process is.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::heard::Heard;
use crate::outcome::Outcome;
use crate::push::{nonblocking, push_until};

/// A process that runs.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    handle: OwnedFd,
    started: Instant,
    until: Instant,
    input: Option<Input>,
    stdout: Option<Heard>,
    stderr: Option<Heard>,
    held: Option<ChildStdout>,
    kept: Vec<tempfile::TempDir>,
    over: bool,
}

/// Where the test types.
#[derive(Debug)]
pub(crate) struct Input {
    file: File,
    terminal: bool,
}

impl Input {
    pub(crate) fn new(file: File) -> Input {
        nonblocking(&file);
        Input { file, terminal: false }
    }

    pub(crate) fn terminal(file: File) -> Input {
        Input { file, terminal: true }
    }
}

impl Running {
    pub(crate) fn new(name: String, child: Child, deadline: Duration) -> Running {
        let pid = Pid::from_child(&child);
        let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty())
            .expect("a child that was not waited for has its process id");
        let started = Instant::now();
        Running {
            name,
            child,
            handle,
            started,
            until: started + deadline,
            input: None,
            stdout: None,
            stderr: None,
            held: None,
            kept: Vec::new(),
            over: false,
        }
    }

    pub(crate) fn streams(
        mut self,
        input: Option<Input>,
        stdout: Option<Heard>,
        stderr: Option<Heard>,
        held: Option<ChildStdout>,
    ) -> Running {
        (self.input, self.stdout, self.stderr, self.held) = (input, stdout, stderr, held);
        self
    }

    /// Removes `directory` when the process has ended.
    pub fn keeping(mut self, directory: tempfile::TempDir) -> Running {
        self.kept.push(directory);
        self
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its stdin.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let accepted = self.try_send(bytes.as_ref());
        assert!(accepted, "stdin was not read: {}", self.said());
    }

    /// Writes to its stdin; false when it will not read all of it.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        let until = self.until;
        self.input.as_ref().is_some_and(|input| push_until(&input.file, bytes, until).is_ok())
    }

    /// End of input: closes the pipe, or types Ctrl-D.
    pub fn end_input(&mut self) {
        match self.input.take() {
            Some(input) if input.terminal => {
                let _ = push_until(&input.file, b"\x04", self.until);
                self.input = Some(input);
            }
            _ => {}
        }
    }

    /// Its stdin, to be written and closed by the test.
    #[track_caller]
    pub fn take_input(&mut self) -> File {
        self.input.take().expect("stdin was taken already, or is not ours").file
    }

    /// The stdout that was held back.
    #[track_caller]
    pub fn take_stdout(&mut self) -> ChildStdout {
        self.held.take().expect("stdout was not held back, or was taken already")
    }

    /// From now on somebody reads the stdout that was held back.
    #[track_caller]
    pub fn read_stdout(&mut self) {
        let pipe = self.take_stdout();
        self.stdout = Some(Heard::from(pipe));
    }

    /// Waits until stdout contains `text`.
    #[track_caller]
    pub fn expect_out(&self, text: &str) {
        self.expect(self.stdout.as_ref(), text, "stdout");
    }

    /// All that stdout has said so far.
    pub fn out(&self) -> String {
        self.stdout.as_ref().map(Heard::text).unwrap_or_default()
    }

    /// Waits until stderr contains `text`.
    #[track_caller]
    pub fn expect_err(&self, text: &str) {
        self.expect(self.stderr.as_ref(), text, "stderr");
    }

    /// Waits until stdout has ended, the process alive or not.
    #[track_caller]
    pub fn expect_end_of_stdout(&self) {
        let heard = self.stdout.as_ref().expect("stdout is read by the test bench");
        assert!(heard.wait_for_end(self.until), "stdout did not end: {}", self.said());
    }

    /// Waits until stdout has this many bytes, and gives all it has.
    #[track_caller]
    pub fn expect_bytes(&self, count: usize) -> Vec<u8> {
        let heard = self.stdout.as_ref().expect("stdout is read by the test bench");
        let all = heard.wait_for(self.until, |said| (said.len() >= count).then(|| said.to_vec()));
        let got = heard.bytes().len();
        all.unwrap_or_else(|| {
            panic!("wanted {count} bytes on stdout, got {got}: {}", self.errors())
        })
    }

    /// Waits for a whole line on stderr (on the screen, on a terminal) that starts with `start`,
    /// and gives what follows.
    #[track_caller]
    pub fn expect_line(&self, start: &str) -> String {
        let place = self.stderr.as_ref().or(self.stdout.as_ref()).expect("a stream to read");
        let line = place.wait_for(self.until, |said| rest_of_line(said, start));
        line.unwrap_or_else(|| panic!("no line '{start}…': {}", self.said()))
    }

    /// Waits for a whole line on stderr with `start` anywhere in it, and gives what follows.
    #[track_caller]
    pub fn expect_part(&self, start: &str) -> String {
        let place = self.stderr.as_ref().expect("stderr is read by the test bench");
        let line = place.wait_for(self.until, |said| {
            let text = String::from_utf8_lossy(said);
            let whole = &text[..=text.rfind('\n')?];
            let rest = whole.lines().find_map(|line| line.split_once(start));
            rest.map(|(_, rest)| rest.to_owned())
        });
        line.unwrap_or_else(|| panic!("no line with '{start}': {}", self.said()))
    }

    /// Waits until it listens, and gives the first address it names.
    #[track_caller]
    pub fn listening(&self) -> String {
        self.expect_line("listening on ")
    }

    /// Waits until it listens, or has said its last word; whether it listens.
    pub fn listens(&self) -> bool {
        let place = self.stderr.as_ref();
        place.is_some_and(|place| {
            place.wait_for(self.until, |said| rest_of_line(said, "listening on ")).is_some()
        })
    }

    /// Waits until it listens on IP, and gives the port the system chose.
    #[track_caller]
    pub fn port(&self) -> u16 {
        let address = self.listening();
        let digits = address.rsplit(':').next().unwrap_or_default();
        let number = digits.chars().take_while(char::is_ascii_digit).collect::<String>();
        number.parse().unwrap_or_else(|_| panic!("no port in '{address}': {}", self.said()))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let _ = rustix::process::pidfd_send_signal(&self.handle, signal);
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        !self.ends_within(Duration::ZERO)
    }

    /// Whether it ends within `time`; waits no longer than that.
    pub fn ends_within(&self, time: Duration) -> bool {
        readable_within(&self.handle, time)
    }

    /// Waits for its end. Past the deadline it is killed and the test fails.
    #[track_caller]
    pub fn wait(mut self) -> Outcome {
        let left = self.until.saturating_duration_since(Instant::now());
        if !self.ends_within(left) {
            let said = self.said();
            self.kill();
            panic!("not over after {:?}: {said}", self.started.elapsed());
        }
        let took = self.started.elapsed();
        let status = self.child.wait().expect("a child can be waited for");
        self.over = true;
        drop(self.input.take());
        if let Some(mut pipe) = self.held.take() {
            let mut rest = Vec::new();
            let _ = pipe.read_to_end(&mut rest);
            self.stdout = Some(Heard::from(std::io::Cursor::new(rest)));
        }
        Outcome {
            command: self.name.clone(),
            status,
            stdout: self.last_words(self.stdout.as_ref()),
            stderr: self.last_words(self.stderr.as_ref()),
            took,
        }
    }

    /// What is left in a pipe is read quickly; a grandchild may hold it open for longer.
    fn last_words(&self, heard: Option<&Heard>) -> Vec<u8> {
        let Some(heard) = heard else { return Vec::new() };
        heard.wait_for_end(Instant::now() + Duration::from_secs(5));
        heard.bytes()
    }

    #[track_caller]
    fn expect(&self, heard: Option<&Heard>, text: &str, name: &str) {
        let found = heard.and_then(|heard| {
            heard.wait_for(self.until, |said| {
                said.windows(text.len()).any(|part| part == text.as_bytes()).then_some(())
            })
        });
        assert!(found.is_some(), "no {text:?} on {name}: {}", self.said());
    }

    fn said(&self) -> String {
        let text = |heard: &Option<Heard>| heard.as_ref().map(Heard::text).unwrap_or_default();
        let shorten = |text: String| match text.char_indices().nth(4000) {
            Some((cut, _)) => format!("{}… ({} bytes)", &text[..cut], text.len()),
            None => text,
        };
        let (out, err) = (shorten(text(&self.stdout)), shorten(text(&self.stderr)));
        format!("{}\n--- stdout\n{out}\n--- stderr\n{err}", self.name)
    }

    fn errors(&self) -> String {
        let err = self.stderr.as_ref().map(Heard::text).unwrap_or_default();
        format!("{}\n--- stderr\n{err}", self.name)
    }

    /// The process and its group. It was not waited for, so its id still means it.
    fn kill(&mut self) {
        if !self.over {
            let _ = rustix::process::kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.kill();
            let _ = self.child.wait();
            self.over = true;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until `file` can be read without waiting.
pub(crate) fn readable_within(file: &impl AsFd, time: Duration) -> bool {
    ready_within(file, PollFlags::IN, time)
}

/// Waits until `file` is ready for `what`.
pub(crate) fn ready_within(file: &impl AsFd, what: PollFlags, time: Duration) -> bool {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).expect("a test's wait is not longer than an age");
        let mut files = [PollFd::new(file, what)];
        match poll(&mut files, Some(&left)) {
            Ok(count) => return count > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("cannot wait for a descriptor: {error}"),
        }
    }
}

fn rest_of_line(said: &[u8], start: &str) -> Option<String> {
    let text = String::from_utf8_lossy(said);
    let whole = &text[..=text.rfind('\n')?];
    whole.lines().find_map(|line| line.strip_prefix(start)).map(str::to_owned)
}
