//! Many names at once: a bounded number under way, answers as they come or in order.
//!
//! Memory does not grow with the number of names: names are read only as fast as lookups finish,
//! and with `--in-order` an answer that waits for an earlier one keeps its place among those
//! under way.
//!
//! How one name is looked up is not known here.

mod flight;
mod teller;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use indicatif::ProgressBar;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Args;
use super::event::{Answered, Cause, Resolved, Unresolved};
use super::names::{Line, Names};
use super::programs::Programs;
use super::records::Records;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::Signals;
use teller::{Teller, progress};

/// Looks up every name and gives the gravest outcome.
pub(super) async fn run(args: &Args, out: &Out) -> Result<Exit, Failure> {
    let types = args.record_types();
    let (parallel, wanted) = (args.parallel as usize, args.wanted());
    let way = match types.is_empty() {
        true => Way::Programs(Programs::new(parallel, args.timeout, wanted, args.style())),
        false => Way::Records(Records::new(args, types)?),
    };
    let (names, size) = match &args.file {
        Some(file) => Names::open(file)?,
        None => (Names::Given(args.names.clone().into_iter()), None),
    };
    let bar = if args.file.is_some() { progress(size) } else { ProgressBar::hidden() };
    let mut teller = Teller::new(out, bar, args.file.is_some());
    // What a person typed is answered in the order they typed it.
    let in_order = args.in_order || args.file.is_none();
    let way = Arc::new(way);
    let mut signals = Signals::catch()?;
    let_a_second_signal_kill()?;
    let telling = async {
        match in_order {
            true => flight::in_order(names, parallel, &way, &mut teller).await,
            false => flight::as_they_come(names, parallel, &way, &mut teller).await,
        }
    };
    let told = tokio::select! {
        // What has come is told before a signal is looked at.
        biased;
        told = telling => told,
        () = signals.any() => Err(signals.failure()),
    };
    let exit = teller.finish()?;
    told.map(|()| exit)
}

/// The first signal is answered with what has come. Whoever reads it may have stopped reading, and
/// the write would wait for ever: the second one ends the process at once.
fn let_a_second_signal_kill() -> Result<(), Failure> {
    let asked = Arc::new(AtomicBool::new(false));
    let register = |signal| {
        flag::register_conditional_default(signal, asked.clone())?;
        flag::register(signal, asked.clone())
    };
    [SIGINT, SIGTERM].into_iter().try_for_each(|signal| register(signal).map(drop)).map_err(
        |error| {
            let why = coax_net::cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot catch signals: {why}"))
        },
    )
}

#[derive(Debug)]
enum Way {
    Programs(Programs),
    Records(Records),
}

/// What came of one name.
enum Outcome {
    Resolved(Resolved),
    Answered(Answered),
    Unresolved(Unresolved),
}

struct Done {
    outcomes: Vec<Outcome>,
    position: u64,
}

impl Way {
    async fn look_up(&self, line: Line) -> Done {
        let mut outcomes = match (&line.wrong, self) {
            (Some(why), _) => vec![Outcome::Unresolved(rejected(&line.text, why))],
            (None, Way::Programs(programs)) => match Box::pin(programs.look_up(&line.text)).await {
                Ok(resolved) => vec![Outcome::Resolved(resolved)],
                Err(unresolved) => vec![Outcome::Unresolved(unresolved)],
            },
            (None, Way::Records(records)) => {
                let answers = records.look_up(&line.text).await;
                let outcome = |one: Result<Answered, Unresolved>| {
                    one.map_or_else(Outcome::Unresolved, Outcome::Answered)
                };
                answers.into_iter().map(outcome).collect()
            }
        };
        for outcome in &mut outcomes {
            if let Outcome::Unresolved(unresolved) = outcome {
                unresolved.line = line.number;
            }
        }
        Done { outcomes, position: line.position }
    }
}

fn rejected(text: &str, why: &str) -> Unresolved {
    let (query, reason) = (text.chars().take(80).collect(), why.to_owned());
    let (cause, aliases) = (Cause::MalformedName, Vec::new());
    Unresolved { query, record_type: None, cause, reason, aliases, line: None }
}
