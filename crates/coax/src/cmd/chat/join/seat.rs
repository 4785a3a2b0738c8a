//! One conversation: what is typed goes to the server, what the server says is told.
//!
//! Nothing typed is sent before the channel is joined. With `--once` the end of input is followed by
//! a PING: when it is answered, the server has everything, and only then does coax leave.
//!
//! Nothing here knows how the connection was made.

use std::io;
use std::time::Duration;

use coax_irc::{Casemapping, Message, Tags};
use coax_irc_client::{Identity, Said, SaidKind, Session, Step, Talk};
use coax_net::{Descriptor, cause_in_words};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::ChatReport;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{is_terminal, take_stdin};

/// How long a server may be silent while its last answer is due: one that holds back a flood of
/// lines still answers each in time.
const PATIENCE: Duration = Duration::from_secs(60);
/// A line of IRC with its tags; one that is longer is no line.
const LONGEST: usize = 16 * 1024;
/// What the last PING carries.
const LAST: &str = "coax-is-done";

/// Who sits where.
pub(super) struct Seat {
    pub(super) identity: Identity,
    pub(super) channel: String,
    pub(super) once: bool,
}

struct Table<'a, W> {
    wire: W,
    session: Session,
    talk: Talk,
    channel: String,
    once: bool,
    joined: bool,
    leaving: bool,
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
    let talk = Talk::new(seat.identity.nick.clone(), seat.channel.clone());
    let session = Session::new(seat.identity);
    let (channel, once) = (seat.channel, seat.once);
    Table { wire, session, talk, channel, once, joined: false, leaving: false, out }.sit().await
}

impl<W: AsyncRead + AsyncWrite + Unpin> Table<'_, W> {
    async fn sit(mut self) -> Result<(), Failure> {
        let at_terminal = is_terminal(io::stdin());
        let stdin = take_stdin()?;
        for line in self.session.begin() {
            self.send(&line).await?;
        }
        let (mut typed, mut said, mut more) = (Vec::new(), Vec::new(), true);
        loop {
            let patience = if !more && self.once { PATIENCE } else { Duration::MAX };
            tokio::select! {
                read = read_some(&stdin, &mut typed), if self.joined && more => {
                    more = read? > 0;
                    self.lines(&mut typed, !more).await?;
                    match (more, self.once, at_terminal) {
                        (false, true, _) => self.send(&format!("PING {LAST}")).await?,
                        (false, false, true) => self.send("QUIT").await?,
                        _ => {}
                    }
                }
                read = timeout(patience, self.wire.read_buf(&mut said)) => {
                    let read = read.map_err(|_| gone("it does not confirm what was said"))?;
                    if read.map_err(|error| gone(&cause_in_words(&error)))? == 0 {
                        let right = self.leaving.then_some(());
                        return right.ok_or_else(|| gone("it closed the connection"));
                    }
                    if let Next::Over = self.hear_all(&mut said).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn send(&mut self, line: &str) -> Result<(), Failure> {
        self.leaving |= line.starts_with("QUIT");
        let sent = self.wire.write_all(format!("{line}\r\n").as_bytes()).await;
        sent.map_err(|error| gone(&cause_in_words(&error)))
    }

    /// Says every line of `typed`; `all`: the last one too, though it has no end.
    async fn lines(&mut self, typed: &mut Vec<u8>, all: bool) -> Result<(), Failure> {
        while let Some(length) = length(typed, all) {
            let line = typed.drain(..length).collect::<Vec<_>>();
            let turned = self.talk.typed(&String::from_utf8_lossy(&line));
            for line in turned.server {
                self.send(&line).await?;
            }
            turned.person.iter().for_each(|line| self.out.talk(line));
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
        for step in self.session.hear(&message) {
            match step {
                Step::Send(line) => self.send(&line).await?,
                Step::In => self.send(&format!("JOIN {}", self.channel)).await?,
                Step::Refused(why) => {
                    return Err(Failure::new(Exit::No, format!("not let in: {why}")));
                }
            }
        }
        if message.is("PONG") && message.params.iter().last() == Some(LAST.as_bytes()) {
            self.send("QUIT").await?;
            return Ok(Next::Over);
        }
        if let Some(said) = self.talk.heard(&message) {
            self.tell(&said, message.tags)?;
        }
        Ok(Next::GoOn)
    }

    fn tell(&mut self, said: &Said, tags: Tags<'_>) -> Result<(), Failure> {
        let ours = same(&said.nick, self.talk.nick());
        if !self.joined && said.kind == SaidKind::Error {
            return Err(Failure::new(Exit::No, format!("cannot join: {}", said.text)));
        }
        self.joined |= ours && same(&said.target, &self.channel);
        if self.once && said.kind == SaidKind::Error {
            return Err(Failure::new(Exit::No, format!("not said: {}", said.text)));
        }
        let talk = matches!(said.kind, SaidKind::Message | SaidKind::Action);
        // Who typed it has read it.
        if self.once || (ours && talk && !self.out.is_json()) {
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

fn gone(why: &str) -> Failure {
    Failure::new(Exit::Network, format!("the chat is over: {why}"))
}

/// Whether two names are one.
fn same(one: &str, other: &str) -> bool {
    Casemapping::Rfc7613.same(one.as_bytes(), other.as_bytes())
}
