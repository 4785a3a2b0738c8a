//! How a process ended, and everything it said.
//!
//! Each assertion shows the exit code, stdout and stderr together, so a failure can be read
//! without running it again.
//!
//! The contract of a failing run stands here once: one line, at most one hint, no panic.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// How a process ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command line, for messages.
    pub command: String,
    /// Exit code or signal.
    pub status: ExitStatus,
    /// Everything on stdout; on a terminal, everything on the screen.
    pub stdout: Vec<u8>,
    /// Everything on stderr.
    pub stderr: Vec<u8>,
    /// From start to end.
    pub took: Duration,
}

impl Outcome {
    /// stdout for people.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// stderr for people.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The code a shell would show: 128 + number for a signal.
    pub fn code(&self) -> i32 {
        let signal = || self.status.signal().map(|number| 128 + number);
        self.status.code().or_else(signal).unwrap_or(-1)
    }

    /// All of it in one text: exit code, stdout, stderr.
    pub fn shown(&self) -> String {
        let section = |name: &str, text: String| match text.is_empty() {
            true => String::new(),
            false => format!("--- {name}\n{}\n", text.trim_end_matches('\n')),
        };
        let (out, err) = (section("stdout", self.out()), section("stderr", self.err()));
        format!("exit {}\n{out}{err}", self.code())
    }

    /// Exactly this exit code, stdout and stderr, in the form of [`Outcome::shown`].
    #[track_caller]
    pub fn shows(self, expected: &str) -> Outcome {
        let shown = self.shown();
        assert!(
            shown.trim_end() == expected.trim_end(),
            "{}\nwanted\n{expected}\ngot\n{shown}",
            self.command
        );
        self
    }

    /// This exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Outcome {
        assert!(self.code() == code, "wanted exit {code}: {}\n{}", self.command, self.shown());
        self
    }

    /// Exactly these bytes on stdout.
    #[track_caller]
    pub fn prints(self, bytes: impl AsRef<[u8]>) -> Outcome {
        let wanted = String::from_utf8_lossy(bytes.as_ref()).into_owned();
        let same = self.stdout == bytes.as_ref();
        assert!(same, "wanted stdout {wanted:?}: {}\n{}", self.command, self.shown());
        self
    }

    /// The contract of a run that did not succeed: this exit code, exactly one `coax: ` line that
    /// contains `words`, at most one `hint: ` line, nothing else but lines of talk, no panic.
    #[track_caller]
    pub fn fails(self, code: i32, words: &str) -> Outcome {
        let err = self.err();
        let lines = err.lines().filter(|line| line.starts_with("coax: ")).collect::<Vec<_>>();
        let shown = || format!("{}\n{}", self.command, self.shown());
        assert!(self.code() == code, "wanted exit {code}: {}", shown());
        assert!(lines.len() == 1, "wanted one line that starts with 'coax: ': {}", shown());
        assert!(lines[0].contains(words), "wanted a line with '{words}': {}", shown());
        let talk = ["coax: ", "hint: ", "listening on "];
        let odd = err.lines().find(|line| !talk.iter().any(|start| line.starts_with(start)));
        assert!(odd.is_none(), "no other line expected than a hint, got {odd:?}: {}", shown());
        let hints = err.lines().filter(|line| line.starts_with("hint: ")).count();
        assert!(hints <= 1, "at most one hint: {}", shown());
        self.speaks_plainly()
    }

    /// No panic, no error number, no Rust type in anyone's face.
    #[track_caller]
    pub fn speaks_plainly(self) -> Outcome {
        let all = format!("{}{}", self.err(), self.out());
        for word in ["panicked", "os error", "RUST_BACKTRACE", "Err(", "Some(", "Os {"] {
            assert!(!all.contains(word), "'{word}' is not for people: {}", self.shown());
        }
        self
    }
}
