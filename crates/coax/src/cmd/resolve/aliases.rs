//! Which aliases a name leads through, by DNS: getaddrinfo tells no more than the last one.
//!
//! Asked only beside what programs get, for a person who looks at a few names: nothing waits long
//! for it, and without an answer nothing is lost.

use std::time::Duration;

use coax_dns::{Chain, Client, Question, RecordType, ResolvConf, Trust};
use coax_net::Wanted;
use tokio::time::Instant;

use super::nothing::{self, Nothing};
use super::records;

/// The name was looked up a moment before, so a server that is there has the answer at hand.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks the machine's name servers.
#[derive(Debug)]
pub(super) struct Aliases {
    client: Client,
    conf: ResolvConf,
    wanted: Wanted,
    timeout: Option<Duration>,
}

impl Aliases {
    /// `timeout` is for the whole look-up of a name.
    pub(super) fn new(wanted: Wanted, timeout: Option<Duration>) -> Aliases {
        let conf = records::resolv_conf();
        let client = Client::new(conf.servers.clone(), &Trust::default(), conf.limits());
        Aliases { client, conf, wanted, timeout }
    }

    /// The names from `name`, or a completion of it, to the last, and what becomes of them. The
    /// look-up began at `started`.
    pub(super) async fn of(&self, name: &str, started: Instant) -> Option<(Vec<String>, Nothing)> {
        let soon = Instant::now() + PATIENCE;
        let end = self.timeout.map_or(soon, |timeout| soon.min(started + timeout));
        for name in self.conf.candidates(name) {
            let aliases = ask(&self.client, &name, self.wanted, Some(end)).await;
            if aliases.is_some() {
                return aliases;
            }
        }
        None
    }
}

/// The aliases of `name`, if it has any.
pub(super) async fn ask(
    client: &Client,
    name: &str,
    wanted: Wanted,
    end: Option<Instant>,
) -> Option<(Vec<String>, Nothing)> {
    let record_type = if wanted == Wanted::V6 { RecordType::AAAA } else { RecordType::A };
    let question = Question::new(name, record_type).ok()?;
    let answer = client.ask_until(&question, end).await.ok()?;
    let Chain { names, .. } = answer.chain(&question.name());
    let none = nothing::why(&question.name(), record_type, &answer);
    (names.len() > 1).then_some((names, none))
}
