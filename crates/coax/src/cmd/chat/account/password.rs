//! A password, from a person or a program.
//!
//! At a terminal it is asked for twice and not shown; whatever ends the asking, the terminal shows
//! again what is typed. Anything else is read up to the end of its first line.
//!
//! Nothing here knows what makes a good password.

use std::io::{self, Write};

use coax_net::{Descriptor, cause_in_words};
use rustix::fd::OwnedFd;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::{Exit, Failure};
use crate::runtime;
use crate::session::{Signals, is_terminal, take_stdin};

/// A longer line is no password.
const LONGEST: usize = 4096;

/// The password for an account.
pub(super) fn ask(name: &str) -> Result<String, Failure> {
    let at_terminal = is_terminal(io::stdin());
    runtime::run(async {
        let mut signals = Signals::catch()?;
        let _silence = if at_terminal { Some(Silence::begin()?) } else { None };
        let mut input = Input { stdin: take_stdin()?, read: Vec::new() };
        let asked = async {
            match at_terminal {
                true => ask_twice(name, &mut input).await,
                false => input.line().await,
            }
        };
        tokio::select! {
            asked = asked => asked,
            () = signals.any() => {
                prompt("\n");
                Err(signals.failure())
            }
        }
    })
}

async fn ask_twice(name: &str, input: &mut Input) -> Result<String, Failure> {
    let mut answers = Vec::new();
    for question in [format!("password for {name}: "), "the same again: ".to_owned()] {
        prompt(&question);
        let answer = input.line().await;
        prompt("\n");
        answers.push(answer?);
    }
    match answers[0] == answers[1] {
        true => Ok(answers.swap_remove(0)),
        false => Err(Failure::new(Exit::Usage, "the two passwords are not the same")),
    }
}

/// A terminal that is gone is noticed when it is read.
fn prompt(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// Standard input, line by line.
struct Input {
    stdin: Descriptor,
    read: Vec<u8>,
}

impl Input {
    async fn line(&mut self) -> Result<String, Failure> {
        let mut buffer = [0; 512];
        let mut ended = false;
        while !ended && !self.read.contains(&b'\n') && self.read.len() <= LONGEST {
            let read = self.stdin.read(&mut buffer).await.map_err(|error| {
                let cause = cause_in_words(&error);
                Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
            })?;
            ended = read == 0;
            self.read.extend_from_slice(&buffer[..read]);
        }
        let end = self.read.iter().position(|byte| *byte == b'\n');
        let line = self.read.drain(..end.map_or(self.read.len(), |end| end + 1));
        let mut line = line.collect::<Vec<_>>();
        while line.ends_with(b"\n") || line.ends_with(b"\r") {
            line.pop();
        }
        match String::from_utf8(line) {
            Ok(line) if line.is_empty() => Err(Failure::new(Exit::Usage, "a password is needed")
                .hint("type it at a terminal, or give it on standard input")),
            Ok(line) => Ok(line),
            Err(_) => Err(Failure::new(Exit::Usage, "a password is text: UTF-8")),
        }
    }
}

/// A terminal that does not show what is typed. Dropped, it does again.
struct Silence {
    terminal: OwnedFd,
    before: Termios,
}

impl Silence {
    fn begin() -> Result<Silence, Failure> {
        let begun = || {
            let terminal = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
            let before = tcgetattr(&terminal)?;
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            // What was typed before the question is no answer to it.
            tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
            rustix::io::Result::Ok(Silence { terminal, before })
        };
        begun().map_err(|error| {
            let cause = cause_in_words(&error.into());
            Failure::new(
                Exit::Machine,
                format!("cannot keep the terminal from showing it: {cause}"),
            )
        })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Drain, &self.before);
    }
}
