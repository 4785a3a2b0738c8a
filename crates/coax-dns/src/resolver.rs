//! Names to addresses by DNS alone, for whoever takes a [`Resolve`].
//!
//! A and AAAA are asked at the same time; the absolute names that the search list makes of a
//! short one are tried until one exists.
//!
//! The hosts file and nsswitch do not count here.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use coax_net::{Addresses, Resolve, ResolveError, ResolveErrorKind, Wanted};
use tokio::time::Instant;

use crate::{Answer, AskError, AskErrorKind, Client, Question, RecordType, Status, Value};

impl Client {
    /// The addresses of the absolute name `name`, no later than `end`.
    pub async fn addresses(
        &self,
        name: &str,
        wanted: Wanted,
        end: Option<Instant>,
    ) -> Result<Addresses, ResolveErrorKind> {
        let v4 = Question::new(name, RecordType::A)?;
        let v6 = Question::new(name, RecordType::AAAA)?;
        let answers = match wanted {
            Wanted::V4 => vec![self.ask_until(&v4, end).await],
            Wanted::V6 => vec![self.ask_until(&v6, end).await],
            Wanted::Both => {
                let (v6, v4) = tokio::join!(self.ask_until(&v6, end), self.ask_until(&v4, end));
                vec![v6, v4]
            }
        };
        gather(answers)
    }
}

/// As the system's resolver does without a search list: the name stands for itself.
impl Resolve for Client {
    fn resolve<'a>(
        &'a self,
        name: &'a str,
        wanted: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        Box::pin(async move {
            let found = self.addresses(name, wanted, None).await;
            found.map_err(|kind| ResolveError { name: name.to_owned(), kind })
        })
    }
}

fn gather(answers: Vec<Result<Answer, AskError>>) -> Result<Addresses, ResolveErrorKind> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let mut canonical = None;
    let mut failed = None;
    let mut exists = false;
    for answer in answers {
        match answer {
            Err(error) => failed = Some(error),
            Ok(answer) => {
                exists |= answer.status == Status::Ok;
                for record in &answer.records {
                    match record.value {
                        Value::A(address) => addresses.push(address.into()),
                        Value::Aaaa(address) => addresses.push(address.into()),
                        _ => continue,
                    }
                    canonical = Some(record.name.trim_end_matches('.').to_owned());
                }
            }
        }
    }
    match (addresses.is_empty(), failed) {
        // One family's trouble does not take the other's addresses away.
        (false, _) => Ok(Addresses { canonical, addresses }),
        (true, Some(error)) if error.kind == AskErrorKind::TimedOut => {
            Err(ResolveErrorKind::TimedOut)
        }
        (true, Some(error)) => Err(ResolveErrorKind::Failed(error.to_string())),
        (true, None) if exists => Err(ResolveErrorKind::NoAddress),
        (true, None) => Err(ResolveErrorKind::NoSuchName),
    }
}
