//! A conversation between this process's standard streams and a connection.
//!
//! The flags that every conversation has, and one function that holds it: take the standard
//! streams, relay, say how it ended. Bytes that nobody has to look at are never looked at.
//!
//! How the connection came about is the verb's business.

mod dump;
mod filters;
mod signals;
mod stdio;
mod summary;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use coax_net::{
    Descriptor, Ending, Endings, Filter, First, Framing, How, Kind, Local, OnEof, OnPeerClose,
    OnReaderLeft, Stream, relay,
};

use crate::count;
use crate::duration::{self, Deadline};
use crate::failure::{Exit, Failure};
use crate::out::Out;

pub(crate) use dump::Dump;
pub(crate) use filters::{Inward, Outward, Shown, message_report};
pub(crate) use signals::Signals;
pub(crate) use stdio::{is_terminal, open_file, share_stdout, take_stdin, take_stdout};
pub(crate) use summary::{Closed, CommandEnd, Connected, MemberLeft, MessageReport, verdict};

/// As long as keepalive takes to find a silent peer that is gone.
const ACK_TIMEOUT: Duration = Duration::from_secs(120);

/// Endings, framing and what is shown: the same for every conversation.
#[derive(Args, Clone, Debug)]
pub(crate) struct SessionArgs {
    /// End when nothing moved either way for this long
    ///
    /// 30s, 1m30s, 500ms, or a number of seconds.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, help_heading = "Endings")]
    pub(crate) idle: Option<Duration>,
    /// End after this long, whatever happens
    ///
    /// It counts from the start: connecting, or waiting for a connection, is part of it.
    #[arg(long, value_name = "TIME", value_parser = Deadline::parse, allow_hyphen_values = true, help_heading = "Endings")]
    pub(crate) deadline: Option<Deadline>,
    /// End when nothing sent is acknowledged this long
    ///
    /// 2m unless said otherwise. Bytes wait for the peer, and its system gives no sign: the line is
    /// dead. A peer that answers and takes nothing is slow, and is waited for. TCP alone has this.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, help_heading = "Endings")]
    pub(crate) ack_timeout: Option<Duration>,
    /// At the end of input: half-close, close, or keep
    ///
    /// half-close (the default) tells the peer that no more comes and reads on until it is done;
    /// close ends at once; keep leaves the connection as it is.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Endings"
    )]
    pub(crate) on_eof: EofChoice,
    /// When the peer stops sending: drain, or exit
    ///
    /// drain delivers the rest of the input first, exit does not; without this flag a terminal
    /// exits and anything else drains.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        hide_possible_values = true,
        help_heading = "Endings"
    )]
    pub(crate) on_peer_close: Option<PeerCloseChoice>,
    /// raw, line, crlf, nul, chunk, len32 or delimiter:TEXT
    ///
    /// Where a message ends: raw (the default for streams) is bytes as they come; line, crlf, nul
    /// and delimiter:TEXT end with those bytes, and \\r \\n \\t \\0 \\xHH in TEXT stand for one byte
    /// each; chunk is what one read returned; len32 begins with its length, four bytes, the highest
    /// first.
    #[arg(long, value_name = "NAME", help_heading = "Messages")]
    pub(crate) framing: Option<Framing>,
    /// Send carriage return and newline for each newline
    #[arg(long, conflicts_with = "framing", help_heading = "Messages")]
    pub(crate) crlf: bool,
    /// Send only: what arrives is thrown away
    #[arg(long, conflicts_with = "recv_only", help_heading = "Messages")]
    pub(crate) send_only: bool,
    /// Receive only: standard input is not read
    #[arg(long, help_heading = "Messages")]
    pub(crate) recv_only: bool,
    /// Dump both directions in hexadecimal on stderr
    #[arg(long, help_heading = "Messages")]
    pub(crate) hex: bool,
    /// Take at most N bytes of what arrives at once
    ///
    /// What a program sees that calls recv with N: more comes with the next call. With --framing
    /// chunk each is a message.
    #[arg(long, value_name = "N", value_parser = count::parse::<u32>, help_heading = "Messages")]
    pub(crate) read_size: Option<u32>,
    /// Write what arrives to FILE instead of stdout
    #[arg(short, long, value_name = "FILE", conflicts_with = "json", help_heading = "Messages")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum EofChoice {
    #[default]
    HalfClose,
    Close,
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PeerCloseChoice {
    Drain,
    Exit,
}

impl SessionArgs {
    /// The framing asked for, or what suits the socket: packets are messages by nature.
    pub(crate) fn framing_for(&self, kind: Kind) -> Framing {
        let natural = if kind == Kind::Stream { Framing::Raw } else { Framing::Chunk };
        self.framing.unwrap_or(natural)
    }

    /// When a session that starts now is over.
    pub(crate) fn endings(&self, terminal: bool) -> Endings {
        let natural = if terminal { PeerCloseChoice::Exit } else { PeerCloseChoice::Drain };
        let on_peer_close = self.on_peer_close.unwrap_or(natural);
        Endings {
            on_eof: match self.on_eof {
                EofChoice::HalfClose => OnEof::HalfClose,
                EofChoice::Close => OnEof::Close,
                EofChoice::Keep => OnEof::Keep,
            },
            // Without input there is nothing to drain.
            on_peer_close: match on_peer_close == PeerCloseChoice::Exit || self.recv_only {
                true => OnPeerClose::Exit,
                false => OnPeerClose::Drain,
            },
            on_reader_left: OnReaderLeft::End,
            unacknowledged: Some(self.ack_timeout()),
            idle: self.idle,
            deadline: self.deadline.map(Deadline::at),
        }
    }

    /// What looks at outgoing bytes, if anything must.
    pub(crate) fn outward(&self, framing: Framing) -> Option<Outward> {
        let needed = framing != Framing::Raw || self.crlf || self.hex;
        needed.then(|| Outward::new(framing).crlf(self.crlf).hex(self.hex))
    }

    /// What looks at incoming bytes, if anything must.
    pub(crate) fn inward(&self, framing: Framing, shown: Shown) -> Option<Inward> {
        let needed = framing != Framing::Raw || shown != Shown::AsTheyAre || self.hex;
        needed.then(|| Inward::new(framing, shown, self.hex))
    }

    /// How long sent bytes wait for a sign of the peer.
    pub(crate) fn ack_timeout(&self) -> Duration {
        self.ack_timeout.unwrap_or(ACK_TIMEOUT)
    }

    /// Refuses an output that cannot be written, before anybody is spoken to.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.output().map_or(Ok(()), stdio::check_file)
    }

    /// The file that takes the place of stdout.
    pub(crate) fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }
}

/// Holds one conversation over `stream`, and says how it ended.
pub(crate) async fn converse(
    stream: Stream,
    kind: Kind,
    args: &SessionArgs,
    signals: &mut Signals,
    out: &Out,
) -> Result<(), Failure> {
    let framing = args.framing_for(kind);
    let terminal = !args.recv_only && is_terminal(std::io::stdin());
    let peer = stream.peer().to_string();
    let shown = Shown::on(out, args.output().is_none(), &peer);
    let sink = sink(args, &shown, out)?;
    let largest = stream.descriptor().largest_packet();
    let packets = (kind != Kind::Stream).then(|| Outward::new(framing));
    let mut outward = args.outward(framing).or(packets).map(|outward| outward.packets(largest));
    let mut inward = args.inward(framing, shown);
    let local = Local {
        source: (!args.recv_only).then(take_stdin).transpose()?,
        sink,
        outward: outward.as_mut().map(|filter| filter as &mut dyn Filter),
        inward: inward.as_mut().map(|filter| filter as &mut dyn Filter),
        read_size: args.read_size.map(|size| size as usize),
    };
    let ending = relay(local, stream, args.endings(terminal), signals.any()).await;
    out.report(&Closed::of(None, &peer, &ending))?;
    if terminal {
        tell_typist(&ending, &peer, out);
    }
    match &ending.how {
        How::Stopped => Err(signals.failure()),
        _ => verdict(ending, &peer, args),
    }?;
    match outward.map_or(0, |outward| outward.unsent()) {
        0 => Ok(()),
        unsent => Err(not_sent(unsent)),
    }
}

/// Messages did not fit where they were to be sent: this machine's sockets do not take them.
pub(crate) fn not_sent(messages: u64) -> Failure {
    let were = if messages == 1 { "message was" } else { "messages were" };
    Failure::new(Exit::Machine, format!("{messages} {were} not sent"))
}

/// Who types learns why there is nobody to type to any longer. The summary of `-v` says it too.
fn tell_typist(ending: &Ending, peer: &str, out: &Out) {
    let by_peer = matches!(ending.how, How::Fin) && ending.first == First::Peer;
    if by_peer && !out.is_json() && !out.is_verbose() {
        out.talk(&format!("coax: {peer} ended the connection"));
    }
}

/// Where what arrives is written; `None` throws it away unseen.
pub(crate) fn sink(
    args: &SessionArgs,
    shown: &Shown,
    out: &Out,
) -> Result<Option<Descriptor>, Failure> {
    if args.send_only {
        return Ok(None);
    }
    match (args.output(), shown) {
        (Some(file), _) => open_file(file),
        // The dump shows a person the same bytes already.
        (None, Shown::Terminal) if args.hex => open_file(Path::new("/dev/null")),
        (None, _) if out.is_json() => share_stdout(),
        (None, _) => take_stdout(),
    }
    .map(Some)
}
