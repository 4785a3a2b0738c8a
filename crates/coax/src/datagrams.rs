//! A conversation in datagrams: a line is a message, and there is no end but the one we choose.
//!
//! Answers go to the last sender, and input waits until there is one. Senders are told apart by
//! their addresses: before each message on a terminal, on stderr when another one speaks otherwise.
//! A refusal (ICMP port unreachable) ends a conversation with one peer, unless its name has another
//! address; it is only said when there are many peers.
//!
//! Nothing here opens a socket or knows what the messages mean.

mod outgoing;
mod rendering;
mod summary;

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use coax_net::{DATAGRAM_LIMIT, Datagrams, Decoder, Descriptor, Framing, Inbox, Origin};
use coax_net::{SocketError, SocketErrorKind};
use tokio::time::{Instant, sleep_until, timeout};

use crate::duration::{self, Deadline, late};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{self, Connected, Dump, SessionArgs, Shown, Signals};

pub(crate) use summary::DatagramSummary;
use summary::{End, Tally};

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

/// Talks until a limit, the end, or a signal; then tells how it was.
pub(crate) async fn converse(
    sockets: Datagrams,
    plan: Plan<'_>,
    signals: &mut Signals,
    out: &Out,
) -> Result<(), Failure> {
    let mut talk = Talk::new(sockets, plan, out)?;
    let deadline = talk.plan.session.deadline;
    let talked = {
        let mut talked = pin!(talk.run());
        tokio::select! {
            biased;
            done = &mut talked => done,
            () = signals.any() => Ok(End::Signal),
            () = late(deadline) => Ok(End::Deadline),
        }
    };
    let done = match talked {
        Ok(end) => talk.finish(end).await.map(|()| end),
        Err(failure) => Err(failure),
    };
    talk.report(*done.as_ref().unwrap_or(&End::Failed))?;
    match done? {
        End::Signal => Err(signals.failure()),
        end => talk.verdict(end).await,
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
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
    stdin: Option<Descriptor>,
    /// Cuts the input into messages.
    lines: Decoder,
    /// Who sent last: answers go there.
    last: Option<Origin>,
    tally: Tally,
    /// Messages that were read and are not sent yet.
    in_hand: usize,
    /// Messages that could not be sent, and who should act.
    unsent: Option<(u64, Exit)>,
    started: Instant,
}

impl<'a> Talk<'a> {
    fn new(sockets: Datagrams, plan: Plan<'a>, out: &'a Out) -> Result<Talk<'a>, Failure> {
        let shown = Shown::on(out, plan.session.output().is_none(), "");
        let sink = match plan.echo && !out.is_json() {
            true => None,
            false => session::sink(plan.session, &shown, out)?,
        };
        let raw = plan.framing() == Framing::Raw;
        Ok(Talk {
            sink,
            dumps: plan.session.hex.then(|| ["<", ">"].map(Dump::new)),
            stdin: (!plan.is_mute()).then(session::take_stdin).transpose()?,
            lines: Decoder::new(if raw { Framing::Raw } else { Framing::Line }),
            last: None,
            tally: Tally::default(),
            in_hand: 0,
            unsent: None,
            started: Instant::now(),
            sockets,
            plan,
            shown,
            out,
        })
    }

    async fn run(&mut self) -> Result<End, Failure> {
        let mut typed = vec![0; DATAGRAM_LIMIT];
        let mut inbox = Inbox::default();
        let mut settle = self.plan.session.idle;
        let mut active = Instant::now();
        loop {
            let stdin = self.stdin.as_ref().filter(|_| self.has_peer());
            let room = self.room();
            let missing = self.missing().unwrap_or(u64::MAX);
            tokio::select! {
                read = read(stdin, &mut typed[..room]) => {
                    if !self.typed(&typed[..read?]).await? {
                        self.stdin = None;
                        settle = self.settle_at_end(settle);
                    }
                    active = Instant::now();
                }
                received = self.sockets.receive(&mut inbox, most(missing)) => {
                    match received {
                        Ok(()) => self.received(&inbox).await?,
                        Err(error) => self.refused(error).await?,
                    }
                    active = Instant::now();
                    if self.missing() == Some(0) {
                        return Ok(End::Count);
                    }
                }
                () = until(settle.map(|settle| active + settle)) => {
                    // The kernel may know of a refusal before the runtime does.
                    match self.sockets.take_refusal() {
                        Some(refusal) => self.refused(refusal).await?,
                        None if self.stdin.is_none() && settle != self.plan.session.idle => {
                            return Ok(End::Input);
                        }
                        None => return Ok(End::Idle),
                    }
                    active = Instant::now();
                }
            }
        }
    }

    /// Datagrams that are still to come, where they are counted.
    fn missing(&self) -> Option<u64> {
        self.plan.count.map(|count| count.saturating_sub(self.tally.received))
    }

    /// What one read takes: raw bytes are as many as a datagram holds.
    fn room(&self) -> usize {
        match self.plan.framing() {
            Framing::Raw => self.sockets.largest_message(self.last.as_ref()),
            _ => DATAGRAM_LIMIT,
        }
        .clamp(1, DATAGRAM_LIMIT)
    }

    /// Whether there is somebody to send to.
    fn has_peer(&self) -> bool {
        self.plan.connected || self.last.as_ref().is_some_and(Origin::is_named)
    }

    /// After the end of input one peer is given time to answer; a listener goes on.
    fn settle_at_end(&self, idle: Option<Duration>) -> Option<Duration> {
        use crate::session::EofChoice::{Close, HalfClose, Keep};
        match self.plan.session.on_eof {
            Close => Some(Duration::ZERO),
            HalfClose if self.plan.connected => Some(idle.unwrap_or(SETTLE)),
            HalfClose | Keep => idle,
        }
    }

    async fn received(&mut self, inbox: &Inbox) -> Result<(), Failure> {
        let mut shown = Vec::new();
        for (message, from) in inbox.datagrams() {
            self.tally.receive(message);
            self.dump(0, message);
            if self.plan.echo {
                self.send_back(message, from).await?;
            }
            self.introduce(from);
            self.render(message, &from.from.to_string(), &mut shown);
            self.last = Some(from.clone());
        }
        match &self.sink {
            Some(sink) => Ok(sink.write_all(&shown).await?),
            None => Ok(()),
        }
    }

    fn dump(&mut self, way: usize, message: &[u8]) {
        if let Some(dumps) = &mut self.dumps {
            dumps[way].show(message);
        }
    }

    /// One peer's refusal ends a conversation with it alone, unless its name has another address.
    async fn refused(&mut self, error: SocketError) -> Result<(), Failure> {
        if !is_the_peers(error.kind()) {
            return Err(error.into());
        }
        if !self.plan.connected {
            self.out.talk(&format!("coax: {error}"));
            return Ok(());
        }
        if !self.sockets.fail_over().await {
            return Err(no_address_left(&self.sockets, error));
        }
        if let (Some(local), Some(peer)) = (self.sockets.addresses().next(), self.sockets.peer()) {
            self.out.report(&Connected::between(None, local, peer))?;
        }
        Ok(())
    }

    /// What is left to do when it is over: input that is there already still goes to a peer.
    async fn finish(&mut self, end: End) -> Result<(), Failure> {
        let mut typed = vec![0; DATAGRAM_LIMIT];
        while let (End::Count, true, Some(stdin)) = (end, self.has_peer(), &self.stdin) {
            let Some(read) = now(read(Some(stdin), &mut typed)).await else { break };
            if !self.typed(&typed[..read?]).await? {
                self.stdin = None;
            }
        }
        if self.lines.is_amid_message() && self.has_peer() && end != End::Signal {
            // The deadline does not wait for a receiver that is slow.
            if let Some(done) = now(self.typed(&[])).await {
                done?;
            }
        }
        Ok(())
    }

    fn report(&self, end: End) -> Result<(), Failure> {
        let dropped = self.sockets.dropped();
        self.out.report(&DatagramSummary::new(end, &self.tally, dropped, self.started.elapsed()))
    }

    /// Whether there is input that has not been read.
    async fn input_waits(&mut self) -> Result<bool, Failure> {
        let mut typed = [0];
        match now(read(self.stdin.as_ref(), &mut typed)).await {
            Some(read) => Ok(read? > 0),
            None => Ok(false),
        }
    }
}

/// The result of `future` if it has one now.
async fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    timeout(Duration::ZERO, future).await.ok()
}

fn most(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Nobody receives at any address of the name.
pub(crate) fn no_address_left(sockets: &Datagrams, error: SocketError) -> Failure {
    let failure = Failure::from(error);
    match &sockets.refused()[..] {
        [] | [_] => failure,
        all => {
            let all = all.iter().map(ToString::to_string).collect::<Vec<_>>();
            Failure::new(failure.exit, format!("cannot send: refused by {}", all.join(" and ")))
        }
    }
}

/// Whether it concerns one peer or message, and not what comes next.
pub(crate) fn is_the_peers(kind: SocketErrorKind) -> bool {
    use SocketErrorKind::{NotFound, Refused, Reset, TooLong, Unreachable};
    matches!(kind, Refused | Reset | Unreachable | NotFound | TooLong)
}

async fn read(stdin: Option<&Descriptor>, buffer: &mut [u8]) -> Result<usize, Failure> {
    let Some(stdin) = stdin else { return pending().await };
    stdin.read(buffer).await.map_err(|error| {
        let cause = coax_net::cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
    })
}
