//! Reading rules again when their file changes.
//!
//! The files are looked at four times a second: one system call each, and no limit of watches to
//! run out of. A file that is still being written is left alone until two looks agree. Rules that
//! are wrong are told of, and the old ones stay.
//!
//! Nothing here serves.

use std::sync::Arc;
use std::time::Duration;

use coax_stub::{Rules, RulesError, Stamp};
use tokio::time::{MissedTickBehavior, interval};

use super::event::RulesReport;
use super::serve::Serving;
use crate::failure::Failure;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Reads the rules again whenever they change. Ends only when nobody hears of it any more.
pub(super) async fn follow(serving: &Serving<'_>, datagrams: bool) -> Result<(), Failure> {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut read = current(serving).files().to_vec();
    let mut changing = None;
    loop {
        look.tick().await;
        let now = read.iter().map(|(path, _)| (path.clone(), Stamp::of(path))).collect::<Vec<_>>();
        if now == read {
            changing = None;
        } else if changing.as_ref() != Some(&now) {
            changing = Some(now);
        } else {
            // New rules may come from other files; broken ones are those that were just seen.
            read = match again(serving, datagrams).await? {
                true => current(serving).files().to_vec(),
                false => now,
            };
            changing = None;
        }
    }
}

/// Whether the rules are new now.
async fn again(serving: &Serving<'_>, datagrams: bool) -> Result<bool, Failure> {
    let source = serving.source.clone();
    // A large table takes a moment that no client has to wait for.
    let Some(read) = coax_net::aside(move || source.read()).await else { return Ok(false) };
    let read = read.map(|rules| serving.args.completed(rules));
    let usable = read.and_then(|rules| usable(rules, serving, datagrams));
    let is_new = usable.is_ok();
    let report = match usable {
        Ok(rules) => {
            serving.stub.replace(rules);
            RulesReport::read(serving.source, &current(serving))
        }
        Err(error) => RulesReport::broken(serving.source, &current(serving), &error),
    };
    serving.teller.voice().report(&report).await?;
    Ok(is_new)
}

fn current(serving: &Serving<'_>) -> Arc<Rules> {
    serving.stub.rules()
}

fn usable(rules: Rules, serving: &Serving<'_>, datagrams: bool) -> Result<Rules, RulesError> {
    match rules.needs_connection().filter(|_| datagrams) {
        None => Ok(rules),
        Some((line, what)) => {
            let why = format!("line {line}: '{what}' needs connections, and datagrams have none");
            Err(RulesError::about(serving.source.path(), why))
        }
    }
}
