//! What is said about a conversation: that it began, each message, how it ended.
//!
//! One event for each, and one function that turns an ending into an exit code and a line, so both
//! say the same.
//!
//! Nothing here decides when a conversation is over.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use coax_net::{Address, Ending, First, FramingError, How, Stream, cause_in_words};
use schemars::JsonSchema;
use serde::Serialize;

use super::SessionArgs;
use crate::duration::{self, Deadline};
use crate::failure::{Exit, Failure};
use crate::out::{Human, Report};

/// A connection is there.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Connected {
    /// Its number, where there are many.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    local: String,
    peer: String,
}

impl Connected {
    pub(crate) fn of(id: Option<u64>, stream: &Stream) -> Connected {
        Connected::between(id, stream.local(), stream.peer())
    }

    pub(crate) fn between(id: Option<u64>, local: &Address, peer: &Address) -> Connected {
        Connected { id, local: local.to_string(), peer: peer.to_string() }
    }
}

impl Report for Connected {
    const EVENT: &'static str = "connected";
    fn human(&self) -> Human {
        Human::Detail(match self.id {
            Some(id) => format!("[{id}] {} connected to {}", self.peer, self.local),
            None => format!("connected to {} from {}", self.peer, self.local),
        })
    }
}

/// Bytes from the peer: text where they are UTF-8, hexadecimal otherwise.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MessageReport {
    pub(crate) from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hex: Option<String>,
}

impl Report for MessageReport {
    const EVENT: &'static str = "message";
    fn human(&self) -> Human {
        Human::Silent
    }
}

/// How the command ended that served a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CommandEnd {
    /// By itself.
    Ended(ExitStatus),
    /// By us, because its connection was over.
    Stopped,
}

/// A connection is over: who ended it, how, and what went each way.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Closed {
    /// Its number, where there are many.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    peer: String,
    /// `local`, `peer` or `neither`.
    first: &'static str,
    /// `fin`, `reset`, `refused`, `unacknowledged`, `idle`, `deadline`, `signal`, `reader left`,
    /// `failed`, `protocol`.
    how: &'static str,
    sent_bytes: u64,
    /// Of those sent, the bytes that the peer's system never acknowledged.
    unacknowledged_bytes: u64,
    /// From the start to the last byte sent, seconds.
    sent_seconds: f64,
    received_bytes: u64,
    /// From the start to the last byte received, seconds.
    received_seconds: f64,
    seconds: f64,
    /// The exit status of the command, where one served the connection and ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    command_status: Option<i32>,
    /// The signal that ended it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    command_signal: Option<i32>,
    /// Whether it was ended because its connection was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    command_stopped: Option<bool>,
}

impl Closed {
    pub(crate) fn of(id: Option<u64>, peer: &str, ending: &Ending) -> Closed {
        Closed {
            id,
            peer: peer.to_owned(),
            first: match ending.first {
                First::Local => "local",
                First::Peer => "peer",
                First::Neither => "neither",
            },
            how: name_of(&ending.how),
            sent_bytes: ending.sent.0,
            unacknowledged_bytes: ending.unacknowledged,
            sent_seconds: ending.sent.1.as_secs_f64(),
            received_bytes: ending.received.0,
            received_seconds: ending.received.1.as_secs_f64(),
            seconds: ending.lasted.as_secs_f64(),
            command_status: None,
            command_signal: None,
            command_stopped: None,
        }
    }

    /// With how the command ended that served the connection, if one did.
    pub(crate) fn command(self, finish: Option<CommandEnd>) -> Closed {
        let Some(finish) = finish else { return self };
        let (command_status, command_signal, stopped) = match finish {
            CommandEnd::Ended(status) => (status.code(), status.signal(), false),
            CommandEnd::Stopped => (None, None, true),
        };
        Closed { command_status, command_signal, command_stopped: Some(stopped), ..self }
    }

    fn command_words(&self) -> String {
        match (self.command_status, self.command_signal, self.command_stopped) {
            (Some(status), ..) => format!(" · the command ended with status {status}"),
            (_, Some(signal), _) => format!(" · the command was killed by signal {signal}"),
            (_, _, Some(true)) => " · the command was stopped".to_owned(),
            _ => String::new(),
        }
    }
}

impl Report for Closed {
    const EVENT: &'static str = "closed";
    fn human(&self) -> Human {
        let number = self.id.map(|id| format!("[{id}] ")).unwrap_or_default();
        let first = match self.first {
            "local" => "this side first",
            "peer" => "the peer first",
            _ => "neither side first",
        };
        let lost = match self.unacknowledged_bytes {
            0 => String::new(),
            count => format!(" ({count} B never acknowledged)"),
        };
        Human::Detail(format!(
            "{number}closed: {first} ({}) · sent {} B in {:.2} s{lost} · received {} B in {:.2} s · {:.2} s in all{}",
            self.how.replace("fin", "FIN").replace("reset", "RST"),
            self.sent_bytes,
            self.sent_seconds,
            self.received_bytes,
            self.received_seconds,
            self.seconds,
            self.command_words()
        ))
    }
}

/// A member of a room has gone.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MemberLeft {
    pub(crate) id: u64,
    pub(crate) peer: String,
    /// `ended`, or what went wrong, in words.
    pub(crate) reason: String,
    /// Bytes for it that it did not take, or that its system never acknowledged.
    pub(crate) undelivered_bytes: u64,
}

impl Report for MemberLeft {
    const EVENT: &'static str = "left";
    fn human(&self) -> Human {
        let lost = match self.undelivered_bytes {
            0 => String::new(),
            count => format!(" ({count} B undelivered)"),
        };
        Human::Detail(format!("[{}] {} left: {}{lost}", self.id, self.peer, self.reason))
    }
}

fn name_of(how: &How) -> &'static str {
    match how {
        How::Fin => "fin",
        How::Broken(_) => "reset",
        How::Refused(_) => "refused",
        How::Unacknowledged => "unacknowledged",
        How::Idle => "idle",
        How::Deadline => "deadline",
        How::Stopped => "signal",
        How::ReaderLeft => "reader left",
        How::Source(_) | How::Sink(_) => "failed",
        How::Framing(..) => "protocol",
    }
}

/// The exit that a conversation's end deserves.
pub(crate) fn verdict(ending: Ending, peer: &str, args: &SessionArgs) -> Result<(), Failure> {
    let (sent, lost) = (ending.sent.0, lost(&ending));
    let network = |text: String| Failure::new(Exit::Network, text + &lost);
    Err(match ending.how {
        How::Fin | How::Stopped | How::ReaderLeft => return Ok(()),
        How::Broken(error) => network(format!("{peer}: {}", cause_in_words(&error))),
        How::Refused(error) => {
            let cause = cause_in_words(&error);
            network(format!("{peer} takes no more after {sent} bytes: {cause}"))
        }
        How::Unacknowledged => {
            let limit = duration::words(args.ack_timeout());
            network(format!("{peer}: no sign of it for {limit}"))
        }
        How::Idle => {
            let idle = args.idle.map(duration::words).unwrap_or_default();
            network(format!("{peer}: nothing came or went for {idle}"))
        }
        How::Deadline => {
            let deadline = args.deadline.map(Deadline::words).unwrap_or_default();
            network(format!("{peer}: not done within {deadline}"))
        }
        How::Source(error) => Failure::new(
            Exit::Machine,
            format!("cannot read standard input: {}", cause_in_words(&error)),
        ),
        How::Sink(error) => {
            let file =
                args.output().map_or("standard output".into(), |path| path.display().to_string());
            Failure::new(Exit::Machine, format!("cannot write {file}: {}", cause_in_words(&error)))
        }
        How::Framing(error, side) => framing_failure(&error, side, peer),
    })
}

/// What was sent and may not have arrived.
fn lost(ending: &Ending) -> String {
    match ending.unacknowledged {
        0 => String::new(),
        1 => "; the last byte sent was never acknowledged".to_owned(),
        count => format!("; the last {count} bytes sent were never acknowledged"),
    }
}

fn framing_failure(error: &FramingError, side: First, peer: &str) -> Failure {
    match side {
        First::Peer => Failure::new(Exit::Untrusted, format!("{peer} broke the framing: {error}")),
        _ => Failure::new(Exit::Usage, format!("cannot send: {error}")),
    }
}
