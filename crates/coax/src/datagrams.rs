//! A conversation in datagrams: a line is a message, and there is no end but the one we choose.
//!
//! Answers go to the last sender. Senders are told apart by their addresses: before each message
//! on a terminal, on stderr when another one speaks otherwise. A refusal (ICMP port unreachable)
//! ends a conversation with one peer, and is only said when there are many.
//!
//! Nothing here opens a socket or knows what the messages mean.

use std::pin::pin;
use std::time::Duration;

use coax_net::{Address, DATAGRAM_LIMIT, Datagrams, Decoder, Descriptor, Framing, SocketErrorKind};
use tokio::time::{Instant, sleep_until};

use crate::duration::late;
use crate::failure::{Exit, Failure};
use crate::out::{Out, clean};
use crate::session::{self, Dump, SessionArgs, Shown, Signals, message_report};

/// How long to wait for answers after the end of input, when nothing else was said.
const SETTLE: Duration = Duration::from_secs(2);

/// How the conversation goes.
pub(crate) struct Plan<'a> {
    session: &'a SessionArgs,
    echo: bool,
    count: Option<u64>,
    /// With one peer: the end of input and a refusal matter.
    connected: bool,
}

impl<'a> Plan<'a> {
    /// With one peer or group.
    pub(crate) fn connected(session: &'a SessionArgs) -> Plan<'a> {
        Plan { session, echo: false, count: None, connected: true }
    }

    /// With whoever sends.
    pub(crate) fn listening(session: &'a SessionArgs, echo: bool, count: Option<u64>) -> Plan<'a> {
        Plan { session, echo, count, connected: false }
    }

    /// How a line fills a datagram, and lines are found in one: as it is, without its newline,
    /// unless another framing was asked for. Raw is what one read returned.
    fn framing(&self) -> Framing {
        let natural = if self.session.crlf { Framing::Crlf } else { Framing::Chunk };
        self.session.framing.unwrap_or(natural)
    }

    /// An echo has nothing to say of its own.
    fn is_mute(&self) -> bool {
        self.echo || self.session.recv_only
    }
}

/// Talks until a limit, the end, or a signal.
pub(crate) async fn converse(
    sockets: Datagrams,
    plan: Plan<'_>,
    signals: &mut Signals,
    out: &Out,
) -> Result<(), Failure> {
    let shown = Shown::on(out, plan.session.output().is_none(), "");
    let sink = match plan.echo && !out.is_json() {
        true => None,
        false => session::sink(plan.session, &shown, out)?,
    };
    let dumps = plan.session.hex.then(|| ["<", ">"].map(Dump::new));
    let mut talk = Talk { sockets, plan, shown, sink, dumps, out, last: None, received: 0 };
    let deadline = talk.plan.session.deadline;
    let talked = async {
        tokio::select! {
            done = talk.run() => done,
            () = late(deadline) => Ok(()),
        }
    };
    let mut talked = pin!(talked);
    tokio::select! {
        done = &mut talked => done,
        () = signals.any() => Err(signals.failure()),
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

struct Talk<'a> {
    sockets: Datagrams,
    plan: Plan<'a>,
    shown: Shown,
    sink: Option<Descriptor>,
    /// What arrives, and what is sent.
    dumps: Option<[Dump; 2]>,
    out: &'a Out,
    /// Who sent last: answers go there.
    last: Option<Address>,
    received: u64,
}

impl Talk<'_> {
    async fn run(&mut self) -> Result<(), Failure> {
        let raw = self.plan.framing() == Framing::Raw;
        let mut lines = Decoder::new(if raw { Framing::Raw } else { Framing::Line });
        let mut stdin = match self.plan.is_mute() {
            true => None,
            false => Some(session::take_stdin()?),
        };
        let mut typed = vec![0; DATAGRAM_LIMIT];
        let mut message = vec![0; DATAGRAM_LIMIT];
        let mut settle = self.plan.session.idle;
        let mut active = Instant::now();
        loop {
            tokio::select! {
                read = read(stdin.as_ref(), &mut typed), if stdin.is_some() => {
                    active = Instant::now();
                    if !self.typed(read?, &typed, &mut lines).await? {
                        stdin = None;
                        settle = self.settle_at_end(settle);
                    }
                }
                received = self.sockets.receive(&mut message) => {
                    active = Instant::now();
                    match received {
                        Ok((count, from)) => self.received(&message[..count], from).await?,
                        Err(error) => self.refused(error)?,
                    }
                    if self.plan.count.is_some_and(|count| self.received >= count) {
                        return Ok(());
                    }
                }
                () = until(settle.map(|settle| active + settle)) => return Ok(()),
            }
        }
    }

    /// After the end of input one peer is given time to answer; a listener goes on.
    fn settle_at_end(&self, idle: Option<Duration>) -> Option<Duration> {
        use crate::session::EofChoice::{Close, HalfClose, Keep};
        match self.plan.session.on_eof {
            _ if !self.plan.connected => idle,
            Keep => idle,
            Close => Some(Duration::ZERO),
            HalfClose => Some(idle.unwrap_or(SETTLE)),
        }
    }

    /// Sends what was typed; false at the end of input.
    async fn typed(
        &mut self,
        count: usize,
        bytes: &[u8],
        lines: &mut Decoder,
    ) -> Result<bool, Failure> {
        let mut messages = Vec::new();
        let cut = match count {
            0 => lines.finish(|line| messages.push(line.to_vec())),
            count => lines.feed(&bytes[..count], |line| messages.push(line.to_vec())),
        };
        for message in messages {
            let mut datagram = Vec::new();
            match self.plan.framing().encode(&message, &mut datagram) {
                Ok(()) => self.send(&datagram).await?,
                Err(error) => self.out.talk(&format!("coax: not sent: {error}")),
            }
        }
        cut.map_err(|error| Failure::new(Exit::Usage, format!("cannot send: {error}")))?;
        Ok(count > 0)
    }

    async fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        if self.sockets.peer().is_none() && self.last.is_none() {
            self.out.talk("coax: nobody has sent anything yet, so there is nobody to answer");
            return Ok(());
        }
        let to = if self.plan.connected { None } else { self.last.clone() };
        self.deliver(message, to.as_ref()).await
    }

    async fn deliver(&mut self, message: &[u8], to: Option<&Address>) -> Result<(), Failure> {
        if to == Some(&Address::Unnamed) {
            self.out.talk("coax: the last sender has no name, so it cannot be answered");
            return Ok(());
        }
        match self.sockets.send(message, to).await {
            Ok(()) => {
                self.dump(1, message);
                Ok(())
            }
            Err(error) => self.refused(error),
        }
    }

    fn dump(&mut self, way: usize, message: &[u8]) {
        if let Some(dumps) = &mut self.dumps {
            dumps[way].show(message);
        }
    }

    async fn received(&mut self, message: &[u8], from: Address) -> Result<(), Failure> {
        self.received += 1;
        self.dump(0, message);
        if self.plan.echo {
            self.deliver(message, Some(&from)).await?;
        }
        let name = from.to_string();
        let another = self.last.as_ref() != Some(&from);
        let told = self.sink.is_some() && self.shown == Shown::AsTheyAre;
        if another && told && !self.plan.connected {
            self.out.talk(&format!("from {name}"));
        }
        let bytes = self.rendered(message, &name);
        self.last = Some(from);
        match &self.sink {
            Some(sink) => Ok(sink.write_all(&bytes).await?),
            None => Ok(()),
        }
    }

    /// What is shown of one datagram: each message that its framing finds in it.
    fn rendered(&self, datagram: &[u8], from: &str) -> Vec<u8> {
        let mut shown = Vec::new();
        let mut decoder = Decoder::new(self.plan.framing());
        let fed = decoder.feed(datagram, |message| shown.extend(self.line(message, from)));
        let ended = decoder.finish(|message| shown.extend(self.line(message, from)));
        if let Err(error) = fed.and(ended) {
            self.out.talk(&format!("coax: {from} broke the framing: {error}"));
        }
        shown
    }

    fn line(&self, message: &[u8], from: &str) -> Vec<u8> {
        match &self.shown {
            Shown::Json(_) => message_report(from, message),
            Shown::Terminal => {
                let text = String::from_utf8_lossy(message);
                let name = if self.plan.connected { String::new() } else { format!("{from}: ") };
                format!("{name}{}\n", clean(&text)).into_bytes()
            }
            Shown::AsTheyAre if self.plan.framing() == Framing::Raw => message.to_vec(),
            Shown::AsTheyAre => [message, b"\n"].concat(),
        }
    }

    /// One peer's refusal ends a conversation with it alone.
    fn refused(&self, error: coax_net::SocketError) -> Result<(), Failure> {
        if self.plan.connected || !is_the_peers(error.kind()) {
            return Err(error.into());
        }
        self.out.talk(&format!("coax: {error}"));
        Ok(())
    }
}

/// Whether it concerns one peer or message, and not what comes next.
fn is_the_peers(kind: SocketErrorKind) -> bool {
    use SocketErrorKind::{NotFound, Refused, Reset, TooLong, Unreachable};
    matches!(kind, Refused | Reset | Unreachable | NotFound | TooLong)
}

async fn read(stdin: Option<&Descriptor>, buffer: &mut [u8]) -> Result<usize, Failure> {
    let Some(stdin) = stdin else { return std::future::pending().await };
    stdin.read(buffer).await.map_err(|error| {
        let cause = coax_net::cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
    })
}
