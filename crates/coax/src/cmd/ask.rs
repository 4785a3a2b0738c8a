//! `coax ask`: one message, one reply.
//!
//! A reply is whole when the peer closes, when the framing says so, or when nothing more came for
//! a while after its last byte.

use std::io::{self, Read, Write};
use std::time::Duration;

use clap::Args as ClapArgs;
use coax_addr::Endpoint;
use coax_net::{DATAGRAM_LIMIT, Decoder, Framing, Kind, SystemResolver, cause_in_words};
use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::connect::{Reach, is_datagram};
use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, clean};
use crate::session::{Signals, is_terminal};
use crate::{duration, place, runtime};

const EXAMPLES: &str = "\
EXAMPLES
    coax ask localhost:9000 CSC101              what a recv-and-compare server answers
    coax ask localhost:6379 PING --framing crlf --expect PONG
    coax ask udp://localhost:9999 hello
    coax ask localhost:7 - < message            the message from standard input
";

/// A reply longer than this is refused: nobody reads it as one message.
const REPLY_LIMIT: usize = coax_net::MESSAGE_LIMIT;

/// Send one message, print the reply, say how long it took
#[derive(ClapArgs, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Whom: host:port, /path, @name, udp://…, unix-seqpacket:…
    endpoint: String,
    /// What to send; '-' is standard input, whole
    message: String,
    #[command(flatten)]
    reach: Reach,
    /// Wait this long for the reply to begin
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, default_value = "10s")]
    wait: Duration,
    /// The reply is whole when nothing more came for this long
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, default_value = "100ms")]
    settle: Duration,
    /// Where a message ends: raw, line, crlf, nul, chunk or len32
    #[arg(long, value_name = "NAME", default_value_t = Framing::Chunk)]
    framing: Framing,
    /// Exit 1 unless the reply matches this regular expression
    #[arg(long, value_name = "REGEX")]
    expect: Option<Regex>,
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
    /// `closed`, `framing`, `settled`: how the reply was known to be whole.
    whole: &'static str,
    connected_seconds: f64,
    first_byte_seconds: f64,
    last_byte_seconds: f64,
    /// Whether `--expect` matched, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<bool>,
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
    let endpoint = place::endpoint(&args.endpoint, None)?;
    let message = message(&args)?;
    runtime::run(async {
        let mut signals = Signals::catch()?;
        tokio::select! {
            done = ask(&args, &endpoint, &message, out) => done,
            () = signals.any() => Err(signals.failure()),
        }
    })
}

fn message(args: &Args) -> Result<Vec<u8>, Failure> {
    let mut message = args.message.clone().into_bytes();
    if args.message == "-" {
        message.clear();
        io::stdin().take(REPLY_LIMIT as u64 + 1).read_to_end(&mut message).map_err(|error| {
            let cause = cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
        })?;
    }
    let mut bytes = Vec::new();
    let encoded = args.framing.encode(&message, &mut bytes);
    encoded.map_err(|error| Failure::new(Exit::Usage, format!("cannot send: {error}")))?;
    Ok(bytes)
}

async fn ask(args: &Args, endpoint: &Endpoint, message: &[u8], out: &Out) -> Result<(), Failure> {
    let resolver = SystemResolver::default();
    let start = Instant::now();
    let heard = match is_datagram(endpoint) {
        true => datagram(args, endpoint, message, &resolver, out, start).await?,
        false => stream(args, endpoint, message, &resolver, out, start).await?,
    };
    heard.tell(args, out)
}

/// What came back.
struct Heard {
    from: String,
    reply: Vec<u8>,
    whole: &'static str,
    connected: Duration,
    first: Duration,
    last: Duration,
    /// Print the reply as it is, without a newline.
    raw: bool,
}

async fn datagram(
    args: &Args,
    endpoint: &Endpoint,
    message: &[u8],
    resolver: &SystemResolver,
    out: &Out,
    start: Instant,
) -> Result<Heard, Failure> {
    let talk = args.reach.datagrams(endpoint, resolver, out).await?;
    let connected = start.elapsed();
    talk.send(message, None).await?;
    let mut reply = vec![0; DATAGRAM_LIMIT];
    let (count, from) = timeout(args.wait, talk.receive(&mut reply))
        .await
        .map_err(|_| silent(&args.endpoint, args.wait))??;
    reply.truncate(count);
    let (first, from) = (start.elapsed(), from.to_string());
    let raw = args.framing == Framing::Raw;
    Ok(Heard { from, reply, whole: "framing", connected, first, last: first, raw })
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
    let broken = |error: io::Error| {
        Failure::new(Exit::Network, format!("{from}: {}", cause_in_words(&error)))
    };
    let sending = async {
        stream.descriptor().write_all(message).await.map_err(broken)?;
        std::future::pending().await
    };
    let mut listening = Listening::new(args, kind, start);
    let whole = tokio::select! {
        whole = listening.hear(stream.descriptor(), &from) => whole?,
        failed = sending => return failed,
    };
    let raw = args.framing == Framing::Raw;
    let Listening { reply, first, last, .. } = listening;
    Ok(Heard { from, reply, whole, connected, first, last, raw })
}

/// A reply as it comes in.
struct Listening<'a> {
    args: &'a Args,
    decoder: Decoder,
    /// The framing cannot tell the end: silence does.
    by_silence: bool,
    start: Instant,
    reply: Vec<u8>,
    first: Duration,
    last: Duration,
}

impl<'a> Listening<'a> {
    fn new(args: &'a Args, kind: Kind, start: Instant) -> Listening<'a> {
        let endless = matches!(args.framing, Framing::Raw | Framing::Chunk);
        Listening {
            args,
            decoder: Decoder::new(args.framing),
            // A packet is a message, whole.
            by_silence: endless && kind == Kind::Stream,
            start,
            reply: Vec::new(),
            first: Duration::ZERO,
            last: Duration::ZERO,
        }
    }

    /// Reads until the reply is whole; says how that was known.
    async fn hear(
        &mut self,
        peer: &coax_net::Descriptor,
        from: &str,
    ) -> Result<&'static str, Failure> {
        let mut buffer = vec![0; DATAGRAM_LIMIT];
        let mut patience = Instant::now() + self.args.wait;
        let mut begun = false;
        loop {
            let Ok(read) = timeout_at(patience, peer.read(&mut buffer)).await else {
                return match begun && self.by_silence {
                    true => Ok("settled"),
                    false => Err(silent(from, self.args.wait)),
                };
            };
            let count = match read {
                Ok(count) => count,
                Err(error) => {
                    let text = format!("{from}: {}", cause_in_words(&error));
                    return Err(Failure::new(Exit::Network, text));
                }
            };
            if count == 0 {
                return self.closed(begun, from);
            }
            self.last = self.start.elapsed();
            if !std::mem::replace(&mut begun, true) {
                self.first = self.last;
            }
            if self.take(&buffer[..count], from)? {
                return Ok("framing");
            }
            let silence = if self.by_silence { self.args.settle } else { self.args.wait };
            patience = Instant::now() + silence;
        }
    }

    /// True when the framing says that the reply is whole.
    fn take(&mut self, bytes: &[u8], from: &str) -> Result<bool, Failure> {
        let (reply, mut whole) = (&mut self.reply, false);
        let fed = self.decoder.feed(bytes, |message| {
            // One reply was asked for; what follows it is not ours.
            if !std::mem::replace(&mut whole, true) || self.by_silence {
                reply.extend_from_slice(message);
            }
        });
        fed.map_err(|error| broken_framing(from, &error))?;
        if self.reply.len() > REPLY_LIMIT {
            let text = format!("{from}: the reply is longer than {REPLY_LIMIT} bytes");
            return Err(Failure::new(Exit::Untrusted, text));
        }
        Ok(whole && !self.by_silence)
    }

    fn closed(&mut self, begun: bool, from: &str) -> Result<&'static str, Failure> {
        if !begun {
            let text = format!("{from} closed the connection without a reply");
            return Err(Failure::new(Exit::Network, text));
        }
        let reply = &mut self.reply;
        let finished = self.decoder.finish(|message| reply.extend_from_slice(message));
        finished.map_err(|error| broken_framing(from, &error))?;
        Ok("closed")
    }
}

fn silent(from: &str, wait: Duration) -> Failure {
    let wait = duration::words(wait);
    Failure::new(Exit::Network, format!("{from}: no reply within {wait}"))
}

fn broken_framing(from: &str, error: &coax_net::FramingError) -> Failure {
    Failure::new(Exit::Untrusted, format!("{from} broke the framing: {error}"))
}

impl Heard {
    fn tell(self, args: &Args, out: &Out) -> Result<(), Failure> {
        let matched = args.expect.as_ref().map(|expected| expected.is_match(&self.reply));
        if !out.is_json() {
            io::stdout().lock().write_all(&self.printed())?;
        }
        let text = String::from_utf8(self.reply.clone()).ok();
        out.report(&Reply {
            from: self.from,
            hex: text.is_none().then(|| crate::out::hex(&self.reply)),
            text,
            bytes: self.reply.len(),
            whole: self.whole,
            connected_seconds: self.connected.as_secs_f64(),
            first_byte_seconds: self.first.as_secs_f64(),
            last_byte_seconds: self.last.as_secs_f64(),
            matched,
        })?;
        match (&args.expect, matched) {
            (Some(expected), Some(false)) => {
                let text = format!("the reply does not match {expected}");
                Err(Failure::new(Exit::No, text))
            }
            _ => Ok(()),
        }
    }

    fn printed(&self) -> Vec<u8> {
        let mut bytes = match is_terminal(io::stdout()) {
            true => clean(&String::from_utf8_lossy(&self.reply)).into_owned().into_bytes(),
            false => self.reply.clone(),
        };
        if !self.raw && !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        bytes
    }
}
