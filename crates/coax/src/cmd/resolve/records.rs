//! What name servers say: records of the types asked for.
//!
//! "No such name" and "no such record" are answers, a server's trouble is not; a name is tried with
//! each domain of the search list until one has the record.
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
use super::{Args, names, nothing};
use crate::failure::{Exit, Failure};

/// Which names are completed by the search list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    /// Those that programs complete, `ndots` counted.
    All,
    /// Those without a dot.
    Short,
    /// None.
    None,
}

/// How name servers are asked.
#[derive(Debug)]
pub(super) struct Records {
    client: Client,
    types: Vec<RecordType>,
    /// Nobody named a type, so either family of addresses is an answer.
    implied: bool,
    /// Completes names.
    conf: ResolvConf,
    search: Search,
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
        let servers = args.server.clone().map_or_else(|| conf.servers.clone(), |one| vec![one]);
        let search = match (args.search, &args.server) {
            (true, _) => Search::All,
            (false, None) => Search::Short,
            (false, Some(_)) => Search::None,
        };
        let client = Client::new(servers, &trust, limits);
        let (implied, timeout) = (args.types.is_empty(), args.timeout);
        Ok(Records { client, types, implied, conf, search, timeout, style: args.style() })
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
        let mut found_none = None;
        let mut trouble = None;
        let questions = self.questions(query, record_type)?;
        for question in &questions {
            let answer = match self.client.ask_until(question, end).await {
                Ok(answer) => answer,
                // As in the C library, another completion may be another server's.
                Err(error) if matches!(error.kind, AskErrorKind::Trouble(_)) => {
                    trouble = trouble.or(Some(error));
                    continue;
                }
                Err(error) => return Err(no_answer(query, record_type, &error)),
            };
            if has(&answer, record_type) {
                return Ok(Answered::new(query, question.name(), record_type, answer, self.style));
            }
            // A name that exists says more than one that does not.
            if found_none.is_none() || answer.status == Status::Ok {
                found_none = Some((question.name(), answer));
            }
        }
        let exists = |(_, answer): &(String, Answer)| answer.status == Status::Ok;
        Err(match (trouble, found_none) {
            (Some(error), none) if !none.as_ref().is_some_and(exists) => {
                no_answer(query, record_type, &error)
            }
            (_, Some((name, answer))) => {
                let none = nothing::why(&name, record_type, &answer);
                none.unresolved(query, record_type, &questions)
            }
            (_, None) => no(query, record_type, Cause::MalformedName, "it is no name".to_owned()),
        })
    }

    fn questions(&self, query: &str, record_type: RecordType) -> Result<Vec<Question>, Unresolved> {
        match (names::address(query), record_type) {
            (Some(address), RecordType::PTR) => return Ok(vec![Question::reverse(address)]),
            (Some(_), _) => {
                let reason = "an address has PTR records only (-t PTR)".to_owned();
                return Err(no(query, record_type, Cause::MalformedName, reason));
            }
            (None, _) => {}
        }
        if query == "<broadcast>" {
            let reason = "it stands for an address, which has no records".to_owned();
            return Err(no(query, record_type, Cause::MalformedName, reason));
        }
        let malformed = |kind| match kind {
            ResolveErrorKind::Malformed(why) => {
                no(query, record_type, Cause::MalformedName, why.to_owned())
            }
            _ => no(query, record_type, Cause::MalformedName, "it cannot be asked for".to_owned()),
        };
        // What is wrong with the name is said of the name, not of what completes it.
        Question::new(query, record_type).map_err(malformed)?;
        let completed = match self.search {
            Search::All => true,
            Search::Short => !query.contains('.'),
            Search::None => false,
        };
        let absolute = match completed && query != "." && record_type != RecordType::AXFR {
            true => self.conf.candidates(query),
            false => vec![query.to_owned()],
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
    let (query, record_type) = (query.to_owned(), Some(record_type.to_string()));
    Unresolved { query, record_type, cause, reason, aliases: Vec::new(), line: None }
}
