//! `coax ask`: one message, one reply.
//!
//! A reply is whole when the peer closes, when the framing says so, or when nothing more came for
//! a while after its last byte.
//!
//! How a peer is reached is `connect`'s; how its reply ends is told in `reply`.

mod packets;
mod reply;

use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use clap::Args as ClapArgs;
use coax_addr::Endpoint;
use coax_net::{Framing, Kind, Stream, SystemResolver, cause_in_words};
use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use super::connect::{Reach, is_datagram};
use crate::cli::EXIT_STATUS;
use crate::duration::{self, Deadline, late};
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, clean};
use crate::session::{Signals, is_terminal, take_stdin};
use crate::{place, runtime};

use reply::{Hearing, Patience, Whole};

const EXAMPLES: &str = "\
EXAMPLES
    coax ask localhost:9000 CSC101              what a recv-and-compare server answers
    coax ask localhost 9000 CSC101              the same, as nc takes a place
    coax ask localhost:7 'a b' --half-close     of a server that waits for the end
    coax ask localhost:25 QUIT --framing crlf --greeting
    coax ask localhost:6379 PING --framing crlf --expect PONG
    coax ask udp://localhost:9999 hello
    coax ask 'udp://<broadcast>:1900' hello --count all --wait 2s
    coax ask localhost:7 - < message            the message from standard input
";

/// Send one message, print the reply, say how long it took
#[derive(ClapArgs, Debug)]
#[command(
    override_usage = "coax ask [OPTIONS] <ENDPOINT> <MESSAGE>\n       coax ask [OPTIONS] <HOST> <PORT> <MESSAGE>"
)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Whom: host:port, /path, @name, udp://…, unix-seqpacket:…
    endpoint: String,
    /// What to send; '-' is standard input, whole
    ///
    /// After a host alone, the port comes first.
    #[arg(value_name = "MESSAGE", required = true, num_args = 1..=2)]
    words: Vec<String>,
    #[command(flatten)]
    reach: Reach,
    /// Wait this long for the reply to begin
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, default_value = "10s")]
    wait: Duration,
    /// Say that nothing more comes, after the message
    ///
    /// Many a server answers only then.
    #[arg(long)]
    half_close: bool,
    /// Wait for the peer's greeting before sending
    ///
    /// It is no reply. It is over when the peer has been silent for as long as --settle says.
    #[arg(long)]
    greeting: bool,
    /// End after this long, whatever happens
    #[arg(long, value_name = "TIME", value_parser = Deadline::parse, allow_hyphen_values = true)]
    deadline: Option<Deadline>,
    /// Silence that ends the reply
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, default_value = "100ms")]
    settle: Duration,
    /// raw, line, crlf, nul, chunk, len32 or delimiter:TEXT
    ///
    /// Where a message ends: line, crlf, nul and delimiter:TEXT end with those bytes (\\r \\n \\t \\0
    /// \\xHH in TEXT stand for one byte each), len32 begins with its length;
    /// chunk (the default) and raw are whole when the peer closes or is silent.
    #[arg(long, value_name = "NAME", default_value_t = Framing::Chunk, hide_default_value = true)]
    framing: Framing,
    /// Take N replies by datagram, or all that come
    ///
    /// Each is waited for as long as --wait says. Fewer than N are a failure; all ends when no
    /// more come, and the first must. One that matches is enough for --expect.
    #[arg(long, value_name = "N")]
    count: Option<packets::Replies>,
    /// Exit 1 unless the reply matches this regular expression
    #[arg(long, value_name = "REGEX", value_parser = expression)]
    expect: Option<Regex>,
}

/// Says what is wrong in one line; the library draws it in five.
pub(super) fn expression(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let drawn = error.to_string();
        drawn.rsplit("error: ").next().unwrap_or(&drawn).trim().to_owned()
    })
}

/// The reply, and when it came: seconds since the connection was asked for.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Reply {
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
    bytes: usize,
    /// How the reply was known to be whole: `closed`, `framing` or `settled`; `no` when it is not.
    whole: &'static str,
    connected_seconds: f64,
    first_byte_seconds: f64,
    last_byte_seconds: f64,
    /// Whether `--expect` matched, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<bool>,
}

/// What the peer said before it was asked.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Greeting {
    from: String,
    text: String,
}

impl Report for Greeting {
    const EVENT: &'static str = "greeting";
    fn human(&self) -> Human {
        Human::Detail(format!("{} greets: {}", self.from, self.text.trim_end()))
    }
}

impl Report for Reply {
    const EVENT: &'static str = "reply";
    fn human(&self) -> Human {
        let took = Duration::from_secs_f64(self.last_byte_seconds - self.connected_seconds);
        let said = format!("{} B from {} in {}", self.bytes, self.from, duration::words(took));
        match is_terminal(io::stderr()) {
            true => Human::Talk(said),
            false => Human::Detail(said),
        }
    }
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    let (port, text) = args.port_and_message();
    let endpoint = place::endpoint(&args.endpoint, port)?;
    runtime::run(async {
        let mut signals = Signals::catch()?;
        let asking = async {
            let message = message(&args, text).await?;
            ask(&args, &endpoint, &message, out).await
        };
        tokio::select! {
            done = asking => done,
            () = signals.any() => Err(signals.failure()),
            () = late(args.deadline) => Err(too_late(&endpoint, &args)),
        }
    })
}

fn too_late(endpoint: &Endpoint, args: &Args) -> Failure {
    let limit = args.deadline.map(Deadline::words).unwrap_or_default();
    Failure::new(Exit::Network, format!("{endpoint}: no whole reply within {limit}"))
}

/// What to send, as the framing wants it.
async fn message(args: &Args, text: &str) -> Result<Vec<u8>, Failure> {
    let message = match text {
        "-" => from_stdin(args.framing).await?,
        text => text.as_bytes().to_vec(),
    };
    let mut bytes = Vec::new();
    let encoded = args.framing.encode(&message, &mut bytes);
    encoded.map_err(|error| Failure::new(Exit::Usage, format!("cannot send: {error}")))?;
    Ok(bytes)
}

async fn from_stdin(framing: Framing) -> Result<Vec<u8>, Failure> {
    let (stdin, mut message) = (take_stdin()?, Vec::new());
    let mut buffer = vec![0; stdin.room()];
    loop {
        let count = stdin.read(&mut buffer).await.map_err(|error| {
            let cause = cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
        })?;
        message.extend_from_slice(&buffer[..count]);
        if message.len() > reply::LIMIT {
            let text = format!("cannot send: standard input is over {} bytes", reply::LIMIT);
            return Err(Failure::new(Exit::Usage, text).hint("coax connect sends any amount"));
        }
        if count == 0 {
            break;
        }
    }
    // A line from `echo` ends with the newline that the framing will add.
    let rest = match framing {
        Framing::Line | Framing::Crlf => without_newline(&message),
        _ => message.strip_suffix(framing.mark()).unwrap_or(&message),
    };
    message.truncate(rest.len());
    Ok(message)
}

fn without_newline(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

async fn ask(args: &Args, endpoint: &Endpoint, message: &[u8], out: &Out) -> Result<(), Failure> {
    let resolver = SystemResolver::default();
    let start = Instant::now();
    if is_datagram(endpoint) {
        return packets::ask(args, endpoint, message, &resolver, out, start).await;
    }
    stream(args, endpoint, message, &resolver, out, start).await?.tell(args, out)
}

/// What came back, and from whom.
struct Heard {
    from: String,
    connected: Duration,
    hearing: Hearing,
    whole: Whole,
}

async fn stream(
    args: &Args,
    endpoint: &Endpoint,
    message: &[u8],
    resolver: &SystemResolver,
    out: &Out,
    start: Instant,
) -> Result<Heard, Failure> {
    let (stream, kind) = args.reach.stream(endpoint, resolver, out).await?;
    let connected = start.elapsed();
    let from = stream.peer().to_string();
    if args.greeting {
        greeting(args, &stream, &from, out).await?;
    }
    let mut hearing = Hearing::new(args.framing, args.patience(kind), &from, start);
    let mut unsent = None;
    let whole = {
        let mut heard = pin!(hearing.hear(stream.descriptor()));
        let sending = async {
            stream.descriptor().write_all(message).await?;
            if args.half_close { stream.end_sending() } else { Ok(()) }
        };
        let mut sent = pin!(sending);
        let mut sending = true;
        loop {
            tokio::select! {
                whole = &mut heard => break whole,
                done = &mut sent, if sending => {
                    sending = false;
                    unsent = done.err();
                }
            }
        }
    };
    // A peer that answers before it has heard all is answered for; one that says nothing is not.
    if let (Some(error), None) = (unsent, hearing.first) {
        let text = format!("{from}: the message was not taken: {}", cause_in_words(&error));
        return Err(Failure::new(Exit::Network, text));
    }
    Ok(Heard { from, connected, hearing, whole })
}

/// Takes what the peer says first, until it is silent.
async fn greeting(args: &Args, stream: &Stream, from: &str, out: &Out) -> Result<(), Failure> {
    let patience = Patience { wait: args.wait, settle: Some(args.settle) };
    let mut hearing = Hearing::new(Framing::Raw, patience, from, Instant::now());
    let whole = hearing.hear(stream.descriptor()).await;
    let text = String::from_utf8_lossy(&hearing.bytes).into_owned();
    match whole {
        Whole::Settled | Whole::Framing => out.report(&Greeting { from: from.to_owned(), text }),
        Whole::Closed => {
            let text = format!("{from} closed the connection after its greeting");
            Err(Failure::new(Exit::Network, text))
        }
        Whole::No(failure) => {
            Err(Failure { message: failure.message.replace("reply", "greeting"), ..failure })
        }
    }
}

impl Args {
    /// The port, where it is a word of its own, and the message.
    fn port_and_message(&self) -> (Option<&str>, &str) {
        match &self.words[..] {
            [port, message, ..] => (Some(port), message),
            [message] => (None, message),
            [] => (None, ""),
        }
    }

    /// Only silence shows the end of bytes in a stream; a packet is a message, whole.
    fn patience(&self, kind: Kind) -> Patience {
        let endless = matches!(self.framing, Framing::Raw | Framing::Chunk);
        let settle = (endless && kind == Kind::Stream).then_some(self.settle);
        Patience { wait: self.wait, settle }
    }
}

impl Heard {
    fn tell(self, args: &Args, out: &Out) -> Result<(), Failure> {
        let reply = &self.hearing.bytes;
        let Some(first) = self.hearing.first else {
            return match self.whole {
                Whole::No(failure) => Err(failure),
                _ => Ok(()),
            };
        };
        // The end of the line is not what anyone means by `ok$`.
        let fits = |expected: &Regex| expected.is_match(without_newline(reply));
        let matched = args.expect.as_ref().map(fits);
        if !out.is_json() {
            io::stdout().lock().write_all(&printed(reply, args.framing))?;
        }
        let text = String::from_utf8(reply.clone()).ok();
        out.report(&Reply {
            from: self.from,
            hex: text.is_none().then(|| crate::out::hex(reply)),
            text,
            bytes: reply.len(),
            whole: self.whole.name(),
            connected_seconds: self.connected.as_secs_f64(),
            first_byte_seconds: first.as_secs_f64(),
            last_byte_seconds: self.hearing.last.as_secs_f64(),
            matched,
        })?;
        match (self.whole, &args.expect, matched) {
            (Whole::No(failure), ..) => Err(failure),
            (_, Some(expected), Some(false)) => {
                let text = format!("the reply does not match {expected}");
                Err(Failure::new(Exit::No, text))
            }
            _ => Ok(()),
        }
    }
}

fn printed(reply: &[u8], framing: Framing) -> Vec<u8> {
    let mut bytes = match is_terminal(io::stdout()) {
        true => clean(&String::from_utf8_lossy(reply)).into_owned().into_bytes(),
        false => reply.to_vec(),
    };
    if framing != Framing::Raw && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes
}
