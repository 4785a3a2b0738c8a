//! A reply that is known and not yet sent.
//!
//! What has to be computed is computed when it is its turn: a template gets the time of its
//! sending, a command runs after what was asked before it was answered.
//!
//! Nothing here sends.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coax_net::{Address, cause_in_words};
use jiff::Timestamp;
use regex::bytes::Captures;

use super::Stub;
use crate::command::{self, Asked};
use crate::matcher::{Matcher, Request};
use crate::record::Exchange;
use crate::reply::{Body, Pieces, Reply, Then};
use crate::rules::{Answer, Found, Rule, Rules};
use crate::template::Filling;

/// A request and the rule that takes it.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) rules: Arc<Rules>,
    pub(super) found: Option<Found>,
    /// Which hit of the rule this is.
    pub(super) count: u64,
    /// `None` for a greeting.
    pub(super) request: Option<Vec<u8>>,
    /// A line end is not part of the text.
    pub(super) loose: bool,
    pub(super) asked: Timestamp,
    pub(super) since: Instant,
}

/// Who asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    pub(super) connection: Option<u64>,
    pub(super) peer: &'a Address,
}

impl Owed {
    /// To `request`, which is asked now.
    pub(super) fn new(rules: Arc<Rules>, found: Option<Found>, request: Option<Vec<u8>>) -> Owed {
        let (asked, since) = (Timestamp::now(), Instant::now());
        Owed { rules, found, count: 0, request, loose: false, asked, since }
    }

    fn answer(&self) -> Option<Answer<'_>> {
        self.found.map(|found| self.rules.answer(found, self.count))
    }

    fn reply(&self) -> Option<&Reply> {
        match self.answer() {
            Some(Answer::Reply(_, reply)) => Some(reply),
            _ => None,
        }
    }

    pub(super) fn delay(&self) -> Duration {
        self.reply().map_or(Duration::ZERO, |reply| reply.delay)
    }

    pub(super) fn pieces(&self) -> Option<Pieces> {
        self.reply().and_then(|reply| reply.pieces)
    }

    pub(super) fn then(&self) -> Then {
        self.reply().map_or(Then::Keep, |reply| reply.then)
    }

    /// Whether sending it takes nothing but the bytes.
    pub(super) fn is_at_once(&self) -> bool {
        self.reply()
            .is_none_or(|reply| reply.delay.is_zero() && !matches!(reply.body, Body::Command(_)))
    }

    /// The bytes to send; `None` when there are none. A command that fails is told of.
    pub(super) async fn body(&self, stub: &Stub, caller: Caller<'_>) -> Option<Cow<'_, [u8]>> {
        let (rule, reply) = match self.answer()? {
            Answer::Text(text) => return Some(text.into()),
            Answer::Reply(rule, reply) => (rule, reply),
        };
        match &reply.body {
            Body::None => None,
            Body::Bytes(bytes) => Some((&**bytes).into()),
            Body::Template(template) => {
                let filling = Filling {
                    request: self.text(),
                    peer: caller.peer,
                    connection: caller.connection,
                    count: self.count,
                    now: Timestamp::now(),
                };
                Some(template.fill(filling, self.captures(rule).as_ref()).into())
            }
            Body::Command(command) => match self.run(stub, rule, command, caller).await {
                Ok(printed) => Some(printed.into()),
                Err(error) => {
                    let why = cause_in_words(&error);
                    let what = format!("cannot run '{}': {why}", command.line);
                    stub.witness.trouble(caller.connection, &what);
                    None
                }
            },
        }
    }

    async fn run(
        &self,
        stub: &Stub,
        rule: &Rule,
        command: &crate::reply::Command,
        caller: Caller<'_>,
    ) -> io::Result<Vec<u8>> {
        let _turn = stub.commands.acquire().await.map_err(io::Error::other)?;
        let captures = self.captures(rule);
        let captures = captures.iter().flat_map(|found| found.iter().skip(1));
        let bytes = |found: regex::bytes::Match<'_>| found.as_bytes().to_vec();
        let captures = captures.map(|found| found.map_or(Vec::new(), bytes)).collect::<Vec<_>>();
        let Caller { connection, peer } = caller;
        let asked = Asked { request: self.text(), captures: &captures, peer, connection };
        command::run(command, asked).await
    }

    fn text(&self) -> &[u8] {
        Request::new(self.request.as_deref().unwrap_or_default(), self.loose).text
    }

    fn captures<'a>(&'a self, rule: &Rule) -> Option<Captures<'a>> {
        match &rule.matcher {
            Matcher::Regex(regex) => regex.captures(self.text()),
            _ => None,
        }
    }

    /// Tells the witness, if it wants to know.
    pub(super) async fn tell(
        &self,
        stub: &Stub,
        caller: Caller<'_>,
        reply: Option<&[u8]>,
    ) -> io::Result<()> {
        if !stub.watched {
            return Ok(());
        }
        let exchange = Exchange {
            connection: caller.connection,
            peer: caller.peer,
            request: self.request.as_deref(),
            rule: self.found.map(|found| self.rules.name(found)),
            reply,
            then: self.then(),
            asked: self.asked,
            took: self.since.elapsed(),
        };
        stub.witness.saw(&exchange).await
    }
}
