//! What name servers say: records of the types asked for.
//!
//! "No such name" and "no such record" are answers, a server's trouble is not; a name without a
//! dot is tried with each domain of the search list until one has the record.
//!
//! What programs get is not asked here.

use std::path::Path;
use std::time::Duration;

use coax_dns::{
    Answer, AskError, AskErrorKind, Client, Question, RecordType, ResolvConf, Status, Trust,
};
use coax_net::ResolveErrorKind;
use tokio::time::Instant;

use super::event::{Answered, Cause, Style, Unresolved};
use super::{Args, names};
use crate::failure::{Exit, Failure};

/// How name servers are asked.
#[derive(Debug)]
pub(super) struct Records {
    client: Client,
    types: Vec<RecordType>,
    /// Nobody named a type, so either family of addresses is an answer.
    implied: bool,
    /// Completes names without a dot; none when a server was named.
    search: Option<ResolvConf>,
    /// For one name, with all its types and completions.
    timeout: Option<Duration>,
    style: Style,
}

impl Records {
    pub(super) fn new(args: &Args, types: Vec<RecordType>) -> Result<Records, Failure> {
        let trust = Trust::with_files(&args.ca)
            .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
        let conf = resolv_conf();
        let limits = conf.limits();
        let (servers, search) = match &args.server {
            Some(server) => (vec![server.clone()], None),
            None => (conf.servers.clone(), Some(conf)),
        };
        let client = Client::new(servers, &trust, limits);
        let (implied, timeout) = (args.types.is_empty(), args.timeout);
        Ok(Records { client, types, implied, search, timeout, style: args.style() })
    }

    /// One answer for each type asked for. What holds for the name or the server is said once.
    pub(super) async fn look_up(&self, query: &str) -> Vec<Result<Answered, Unresolved>> {
        let end = self.timeout.map(|timeout| Instant::now() + timeout);
        let mut answers = Vec::with_capacity(self.types.len());
        for &record_type in &self.types {
            let answer = self.one(query, record_type, end).await;
            let ends = answer.as_ref().is_err_and(|no| no.cause != Cause::NoSuchRecord);
            answers.push(answer);
            if ends {
                break;
            }
        }
        if self.implied && answers.iter().any(Result::is_ok) {
            answers.retain(Result::is_ok);
        }
        answers
    }

    async fn one(
        &self,
        query: &str,
        record_type: RecordType,
        end: Option<Instant>,
    ) -> Result<Answered, Unresolved> {
        let mut exists = false;
        for question in self.questions(query, record_type)? {
            let answer = self.client.ask_until(&question, end).await;
            let answer = answer.map_err(|error| no_answer(query, record_type, &error))?;
            if has(&answer, record_type) {
                return Ok(Answered::new(question.name(), record_type, answer, self.style));
            }
            exists |= answer.status == Status::Ok;
        }
        Err(match exists {
            true => {
                let reason = format!("the name exists but has no {record_type} record");
                no(query, record_type, Cause::NoSuchRecord, reason)
            }
            false => no(query, record_type, Cause::NoSuchName, "no such name".to_owned()),
        })
    }

    fn questions(&self, query: &str, record_type: RecordType) -> Result<Vec<Question>, Unresolved> {
        match (names::address(query), record_type) {
            (Some(address), RecordType::Ptr) => return Ok(vec![Question::reverse(address)]),
            (Some(_), _) => {
                let reason = "an address has PTR records only (-t PTR)".to_owned();
                return Err(no(query, record_type, Cause::MalformedName, reason));
            }
            (None, _) => {}
        }
        let absolute = match &self.search {
            Some(conf) if !query.contains('.') => conf.candidates(query),
            _ => vec![query.to_owned()],
        };
        let malformed = |kind| match kind {
            ResolveErrorKind::Malformed(why) => {
                no(query, record_type, Cause::MalformedName, why.to_owned())
            }
            _ => no(query, record_type, Cause::MalformedName, "it cannot be asked for".to_owned()),
        };
        absolute.iter().map(|name| Question::new(name, record_type).map_err(malformed)).collect()
    }
}

/// What resolv.conf and the environment say, as the C library would read them.
pub(super) fn resolv_conf() -> ResolvConf {
    let bytes = std::fs::read(Path::new(ResolvConf::PATH)).unwrap_or_default();
    let (domain, options) = (std::env::var("LOCALDOMAIN"), std::env::var("RES_OPTIONS"));
    ResolvConf::parse(&String::from_utf8_lossy(&bytes))
        .with_environment(domain.ok().as_deref(), options.ok().as_deref())
}

fn has(answer: &Answer, record_type: RecordType) -> bool {
    answer.status == Status::Ok && answer.of(record_type).next().is_some()
}

fn no_answer(query: &str, record_type: RecordType, error: &AskError) -> Unresolved {
    let cause = match error.kind {
        AskErrorKind::TimedOut => Cause::Timeout,
        AskErrorKind::Unreachable(_) | AskErrorKind::Trouble(_) => Cause::ServerFailed,
        AskErrorKind::Malformed(_) => Cause::MalformedAnswer,
        AskErrorKind::Untrusted(_) => Cause::Untrusted,
    };
    no(query, record_type, cause, error.to_string())
}

fn no(query: &str, record_type: RecordType, cause: Cause, reason: String) -> Unresolved {
    let record_type = Some(record_type.name().to_owned());
    Unresolved { query: query.to_owned(), record_type, cause, reason, line: None }
}
