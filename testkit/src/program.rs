//! A program about to run: its arguments, its streams, its deadline.
//!
//! stdin, stdout and stderr are pipes unless the test says otherwise. stdout is read by a thread
//! unless the test wants to hold it back, to see what the program does when nobody reads.
//!
//! Nothing here knows what the program is.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::heard::Heard;
use crate::outcome::Outcome;
use crate::running::{Input, Running};
use crate::terminal::Terminal;

/// How long a process in a test may live unless the test says otherwise: far more than any needs,
/// so that a slow machine is not a failure.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A program about to run.
#[derive(Debug)]
pub struct Program {
    command: Command,
    deadline: Duration,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    held: bool,
    terminal: Screen,
}

#[derive(Debug, PartialEq, Eq)]
enum Screen {
    None,
    StdinOnly,
    All,
}

impl Program {
    /// The program at `path`; a bare name is looked up in `PATH`.
    pub fn new(path: impl AsRef<OsStr>) -> Program {
        let mut command = Command::new(path);
        for name in ["COAX_JSON", "COAX_TRACE", "COAX_LOG"] {
            command.env_remove(name);
        }
        Program {
            command,
            deadline: DEADLINE,
            stdin: None,
            stdout: None,
            held: false,
            terminal: Screen::None,
        }
    }

    /// A shell line, with `$0` and up taken from `args`.
    pub fn shell<S: AsRef<OsStr>>(line: &str, args: impl IntoIterator<Item = S>) -> Program {
        Program::new("bash").arg("-c").arg(line).args(args)
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Program {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Program {
        self.command.args(args);
        self
    }

    /// One environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    /// The directory to run in.
    pub fn dir(mut self, path: impl AsRef<std::path::Path>) -> Program {
        self.command.current_dir(path);
        self
    }

    /// How long it may live.
    pub fn deadline(mut self, deadline: Duration) -> Program {
        self.deadline = deadline;
        self
    }

    /// Reads stdin from here instead of from the test.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Program {
        self.stdin = Some(stdin.into());
        self
    }

    /// Writes stdout here instead of to the test.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Program {
        self.stdout = Some(stdout.into());
        self
    }

    /// Nobody reads stdout until the test does ([`Running::take_stdout`]).
    pub fn hold_stdout(mut self) -> Program {
        self.held = true;
        self
    }

    /// A terminal as stdin, stdout and stderr, as when a person types the command.
    pub fn on_terminal(mut self) -> Program {
        self.terminal = Screen::All;
        self
    }

    /// A terminal as stdin alone; stdout and stderr stay pipes.
    pub fn with_terminal_stdin(mut self) -> Program {
        self.terminal = Screen::StdinOnly;
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Running {
        match self.terminal {
            Screen::None => self.start_piped(),
            _ => self.start_on_terminal(),
        }
    }

    /// Runs it with nothing on stdin and waits for its end.
    #[track_caller]
    pub fn run(self) -> Outcome {
        self.run_with("")
    }

    /// Runs it with `input` on stdin, then end of input, and waits for its end.
    #[track_caller]
    pub fn run_with(self, input: impl AsRef<[u8]>) -> Outcome {
        let mut running = self.start();
        running.try_send(input.as_ref());
        running.end_input();
        running.wait()
    }

    #[track_caller]
    fn start_piped(&mut self) -> Running {
        let name = self.line();
        self.command.stdin(self.stdin.take().unwrap_or_else(Stdio::piped));
        self.command.stdout(self.stdout.take().unwrap_or_else(Stdio::piped));
        self.command.stderr(Stdio::piped());
        // A group of its own: what it starts can be ended with it.
        self.command.process_group(0);
        let mut child = self.spawn();
        let input =
            child.stdin.take().map(|pipe| Input::new(File::from(std::os::fd::OwnedFd::from(pipe))));
        let stderr = child.stderr.take().map(Heard::from);
        let (stdout, held) = match self.held {
            true => (None, child.stdout.take()),
            false => (child.stdout.take().map(Heard::from), None),
        };
        Running::new(name, child, self.deadline).streams(input, stdout, stderr, held)
    }

    #[track_caller]
    fn start_on_terminal(&mut self) -> Running {
        let name = self.line();
        let terminal = Terminal::open();
        let mut command = terminal.leading(&self.command);
        command.stdin(terminal.user_side());
        let whole = self.terminal == Screen::All;
        command.stdout(if whole { terminal.user_side() } else { Stdio::piped() });
        command.stderr(if whole { terminal.user_side() } else { Stdio::piped() });
        self.command = command;
        let mut child = self.spawn();
        // Ours are closed here, or the terminal would never say that its programs have left.
        self.command = Command::new("true");
        let screen = Heard::from(terminal.reader());
        let stderr = child.stderr.take().map(Heard::from);
        let stdout = match child.stdout.take() {
            Some(pipe) => Heard::from(pipe),
            None => screen,
        };
        let input = Input::terminal(terminal.into_writer());
        Running::new(name, child, self.deadline).streams(Some(input), Some(stdout), stderr, None)
    }

    #[track_caller]
    fn spawn(&mut self) -> std::process::Child {
        let line = self.line();
        self.command.spawn().unwrap_or_else(|error| panic!("cannot start {line}: {error}"))
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }
}
