//! One conversation: what is typed goes to the server, what the server says is told.
//!
//! Nothing typed is sent before the channel is joined, but with `--once`, which waits for nothing: JOIN,
//! the lines, a PING and QUIT leave together. The answer to the PING says that the server has
//! everything; then its end of the connection is waited for, so that the nick is free again.
//!
//! Nothing here knows how the connection was made.

use std::io;
use std::time::Duration;

use coax_irc::{Capability, Casemapping, Message, Tags};
use coax_irc_client::{Identity, Said, SaidKind, Session, Step, Talk};
use coax_net::{Descriptor, cause_in_words};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::ChatReport;
use super::unconfirmed::Unconfirmed;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{is_terminal, take_stdin};

/// How long a server may be silent while its last answer is due: one that holds back a flood of
/// lines still answers each in time.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to close after it has answered everything.
const GOODBYE: Duration = Duration::from_secs(5);
/// A line of IRC with its tags; one that is longer is no line.
const LONGEST: usize = 16 * 1024;
/// What a PING carries, before the number of lines that it asks for.
const MARK: &str = "coax-has-said-";
/// Lines of what was said before that are shown.
const EARLIER: usize = 10;

/// Who sits where.
pub(super) struct Seat {
    pub(super) identity: Identity,
    pub(super) channel: String,
    pub(super) once: bool,
    /// Whether a slash begins a command; otherwise every line is talk.
    pub(super) commands: bool,
    /// What a person calls the server.
    pub(super) host: String,
}

struct Table<'a, W> {
    wire: W,
    session: Session,
    talk: Talk,
    seat: Seat,
    /// Whether the server has let us in.
    is_in: bool,
    joined: bool,
    /// Whether stdin has more.
    more: bool,
    leaving: bool,
    /// Whether the answer to the last PING has come.
    answered: bool,
    lines: Unconfirmed,
    /// The first thing that went wrong with what was said.
    refused: Option<String>,
    /// What the server said last before it closed.
    farewell: Option<String>,
    out: &'a Out,
}

/// What becomes of the conversation.
enum Next {
    GoOn,
    Over,
}

/// Talks over `wire` until either side ends.
pub(super) async fn sit<W>(wire: W, seat: Seat, out: &Out) -> Result<(), Failure>
where
    W: AsyncRead + AsyncWrite + Unpin,
{
    let (identity, once) = (seat.identity.clone(), seat.once);
    let mut table = Table {
        wire,
        talk: Talk::new(identity.nick.clone(), seat.channel.clone()),
        session: if once { Session::brief(identity) } else { Session::new(identity) },
        seat,
        is_in: false,
        joined: false,
        more: true,
        leaving: false,
        answered: false,
        lines: Unconfirmed::default(),
        refused: None,
        farewell: None,
        out,
    };
    let ended = table.sit().await;
    table.end(ended)
}

impl<W: AsyncRead + AsyncWrite + Unpin> Table<'_, W> {
    async fn sit(&mut self) -> Result<(), Failure> {
        let at_terminal = is_terminal(io::stdin());
        let stdin = take_stdin()?;
        for line in self.session.begin() {
            self.send(&line).await?;
        }
        let (mut typed, mut said) = (Vec::new(), Vec::new());
        loop {
            // What was read and cannot be sent yet is enough.
            let reads = self.more && self.lines.has_room();
            tokio::select! {
                read = read_some(&stdin, &mut typed), if reads => {
                    self.more = read? > 0;
                    self.typed(&mut typed);
                    self.say(at_terminal).await?;
                }
                read = timeout(self.patience(), self.wire.read_buf(&mut said)) => {
                    let Ok(read) = read else { return self.too_late() };
                    if read.map_err(|error| self.gone(&cause_in_words(&error)))? == 0 {
                        let right = self.leaving.then_some(());
                        return right.ok_or_else(|| self.gone("it closed the connection"));
                    }
                    if let Next::Over = self.hear_all(&mut said).await? {
                        return Ok(());
                    }
                    self.say(at_terminal).await?;
                }
            }
        }
    }

    fn patience(&self) -> Duration {
        match (self.answered, self.more || !self.seat.once) {
            (true, _) => GOODBYE,
            (false, true) => Duration::MAX,
            (false, false) => PATIENCE,
        }
    }

    /// The server answered everything and does not close, or does not answer.
    fn too_late(&self) -> Result<(), Failure> {
        let done = self.answered.then_some(());
        done.ok_or_else(|| self.gone("it does not confirm what was said"))
    }

    /// Names what may not have been said.
    fn end(&mut self, ended: Result<(), Failure>) -> Result<(), Failure> {
        let left = self.lines.take();
        for text in &left {
            self.unsaid(text)?;
        }
        match (ended, left.len(), self.refused.take()) {
            (Err(failure), 0, _) => Err(failure),
            (Ok(()), 0, None) => Ok(()),
            (Ok(()), 0, Some(why)) => Err(Failure::new(Exit::No, format!("not said: {why}"))),
            (ended, count, _) => {
                let failure = ended.err().unwrap_or_else(|| self.gone("it closed the connection"));
                let lines = if count == 1 { "1 line is" } else { &format!("{count} lines are") };
                let more = self.more && self.seat.once;
                let more = if more { ", and what follows was not read" } else { "" };
                let message = format!("{}; {lines} not confirmed{more}", failure.message);
                Err(Failure { message, ..failure })
            }
        }
    }

    /// Shows a line that was typed and may not have been said.
    fn unsaid(&self, text: &str) -> Result<(), Failure> {
        if !self.out.is_json() {
            self.out.talk(&format!("not confirmed: {text}"));
            return Ok(());
        }
        self.out.report(&ChatReport {
            kind: "unconfirmed",
            nick: self.talk.nick().to_owned(),
            target: self.talk.channel().to_owned(),
            text: text.to_owned(),
            time: None,
            msgid: None,
            account: None,
            shown: String::new(),
        })
    }

    fn gone(&self, why: &str) -> Failure {
        let why = self.farewell.as_deref().unwrap_or(why);
        Failure::new(Exit::Network, format!("the chat is over: {why}"))
    }

    async fn send(&mut self, line: &str) -> Result<(), Failure> {
        self.leaving |= line.starts_with("QUIT");
        let sent = self.wire.write_all(format!("{line}\r\n").as_bytes()).await;
        sent.map_err(|error| self.gone(&cause_in_words(&error)))
    }

    /// Takes every whole line of `typed`, and what has no end when there is no more.
    fn typed(&mut self, typed: &mut Vec<u8>) {
        while let Some(length) = length(typed, !self.more) {
            let line = typed.drain(..length).collect::<Vec<_>>();
            let line = String::from_utf8_lossy(&line);
            let turned = match self.seat.commands {
                true => self.talk.typed(&line),
                false => self.talk.piped(&line),
            };
            turned.server.into_iter().for_each(|line| self.lines.push(line));
            for line in turned.person {
                // A program does not read it and try again: it is the reason of the failure.
                if self.seat.once && self.refused.is_none() {
                    self.refused = Some(line);
                } else {
                    self.out.talk(&line);
                }
            }
        }
    }

    /// Sends what may be sent now; after the last line says goodbye.
    async fn say(&mut self, at_terminal: bool) -> Result<(), Failure> {
        let may_say = if self.seat.once { self.is_in } else { self.joined };
        if !may_say {
            return Ok(());
        }
        while let Some(line) = self.lines.next() {
            self.send(&line).await?;
        }
        if let Some(number) = self.lines.ask() {
            self.send(&format!("PING {MARK}{number}")).await?;
        }
        if self.more || self.leaving || !self.lines.is_sent() {
            return Ok(());
        }
        if self.seat.once {
            let number = self.lines.ask_for_all();
            self.send(&format!("PING {MARK}{number}")).await?;
        }
        if self.seat.once || at_terminal {
            self.send("QUIT").await?;
        }
        Ok(())
    }

    async fn hear_all(&mut self, said: &mut Vec<u8>) -> Result<Next, Failure> {
        while let Some(end) = said.iter().position(|&byte| byte == b'\n') {
            let line = said.drain(..=end).collect::<Vec<_>>();
            if let Next::Over = self.hear(line.trim_ascii_end()).await? {
                return Ok(Next::Over);
            }
        }
        match said.len() > LONGEST {
            true => Err(Failure::new(Exit::Untrusted, "what the server speaks is not IRC")),
            false => Ok(Next::GoOn),
        }
    }

    async fn hear(&mut self, line: &[u8]) -> Result<Next, Failure> {
        let Ok(message) = Message::parse(line) else { return Ok(Next::GoOn) };
        let steps = self.session.hear(&message);
        let was_in = self.is_in;
        for step in steps {
            self.step(step).await?;
        }
        let last = message.params.iter().last().unwrap_or_default();
        let last = String::from_utf8_lossy(last);
        if message.is("PONG")
            && let Some(number) = last.strip_prefix(MARK).and_then(|it| it.parse().ok())
        {
            return self.pong(number);
        }
        if message.is("ERROR") {
            self.farewell = Some(last.into_owned());
            return Ok(Next::GoOn);
        }
        self.confirm(&message);
        let said = self.talk.heard(&message);
        // Before we are in, the session deals with what goes wrong, a name that is taken for example.
        let Some(said) = said.filter(|said| was_in || said.kind != SaidKind::Error) else {
            return Ok(Next::GoOn);
        };
        self.tell(&said, message.tags)?;
        self.catch_up(&said).await?;
        Ok(Next::GoOn)
    }

    async fn step(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Send(line) => self.send(&line).await,
            Step::In => {
                self.is_in = true;
                self.send(&format!("JOIN {}", self.seat.channel)).await
            }
            Step::Exposes => {
                let host = &self.seat.host;
                let warning = format!(
                    "warning: {host} takes the password itself, and others on the way can read it; \
                     ircs://{host} encrypts it"
                );
                self.out.talk(&warning);
                Ok(())
            }
            Step::Refused(why) => Err(Failure::new(Exit::No, format!("not let in: {why}"))),
            Step::Distrusted(why) => Err(Failure::new(Exit::Untrusted, why)),
        }
    }

    /// The server has taken, or refused, everything up to this number.
    fn pong(&mut self, number: u64) -> Result<Next, Failure> {
        let lost = self.lines.answered(number, self.session.has(Capability::EchoMessage));
        for text in lost {
            self.unsaid(&text)?;
            self.refused.get_or_insert_with(|| "the server did not take it".to_owned());
        }
        self.answered |= self.leaving && self.seat.once;
        Ok(Next::GoOn)
    }

    /// Our own line has come back.
    fn confirm(&mut self, message: &Message<'_>) {
        let nick = message.source().map(|source| String::from_utf8_lossy(source.nick));
        let ours = nick.is_some_and(|nick| same(&nick, self.talk.nick()));
        let params = message.params.iter().map(String::from_utf8_lossy).collect::<Vec<_>>();
        if let ("PRIVMSG", true, [target, text]) =
            (&*String::from_utf8_lossy(message.command), ours, &params[..])
        {
            self.lines.echoed(target, text);
        }
    }

    /// Asks for what was said before, once in a channel.
    async fn catch_up(&mut self, said: &Said) -> Result<(), Failure> {
        if !said.joined || self.seat.once || !self.session.has(Capability::Chathistory) {
            return Ok(());
        }
        self.send(&format!("CHATHISTORY LATEST {} * {EARLIER}", said.target)).await
    }

    fn tell(&mut self, said: &Said, tags: Tags<'_>) -> Result<(), Failure> {
        let ours = same(&said.nick, self.talk.nick());
        if !self.joined && said.kind == SaidKind::Error {
            return Err(Failure::new(Exit::No, format!("cannot join: {}", said.text)));
        }
        self.joined |= ours && same(&said.target, &self.seat.channel);
        if self.seat.once {
            if said.kind == SaidKind::Error {
                self.refused.get_or_insert_with(|| said.text.clone());
            }
            return Ok(());
        }
        let talk = matches!(said.kind, SaidKind::Message | SaidKind::Action);
        // Who typed it has read it.
        if ours && talk && said.earlier.is_none() && !self.out.is_json() {
            return Ok(());
        }
        self.out.report(&report(said, tags, self.talk.shown(said)))
    }
}

fn report(said: &Said, tags: Tags<'_>, shown: String) -> ChatReport {
    let tag = |name: &str| {
        let value = tags.value(name.as_bytes())?;
        Some(String::from_utf8_lossy(&value).into_owned())
    };
    let kind = match said.kind {
        // A program that answers what is said must not answer it again.
        _ if said.earlier.is_some() => "earlier",
        SaidKind::Message => "message",
        SaidKind::Action => "action",
        SaidKind::Notice => "notice",
        SaidKind::Event => "event",
        SaidKind::Error => "error",
    };
    ChatReport {
        kind,
        nick: said.nick.clone(),
        target: said.target.clone(),
        text: said.text.clone(),
        time: tag("time"),
        msgid: tag("msgid"),
        account: tag("account"),
        shown,
    }
}

async fn read_some(stdin: &Descriptor, typed: &mut Vec<u8>) -> Result<usize, Failure> {
    let mut buffer = [0; 4096];
    let read = stdin.read(&mut buffer).await.map_err(|error| {
        let cause = cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
    })?;
    typed.extend_from_slice(&buffer[..read]);
    Ok(read)
}

/// How much of `typed` is the next line.
fn length(typed: &[u8], all: bool) -> Option<usize> {
    let end = typed.iter().position(|&byte| byte == b'\n').map(|end| end + 1);
    end.or((all && !typed.is_empty()).then_some(typed.len()))
}

/// Whether two names are one.
fn same(one: &str, other: &str) -> bool {
    Casemapping::Rfc7613.same(one.as_bytes(), other.as_bytes())
}
