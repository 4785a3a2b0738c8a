//! One scan from its words to its exit code, as often as it is wanted.
//!
//! Each round chooses anew what a name means, and takes from the one before it what is compared.
//! A scan that goes on takes what is left from its file instead.
//!
//! Nothing here knows when a round is due.

use std::time::Duration;

use coax_addr::ServiceTable;
use coax_net::Wanted;
use coax_scan::{Heard, Plan, Rest, Scan, State, Tally, Tell, Verdict};

use super::banner::Banners;
use super::before::Before;
use super::event::Comparison;
use super::files::Files;
use super::resume::ResumeFile;
use super::targets::{self, Chosen, Said};
use super::teller::{Means, Teller, Telling};
use super::{Args, Asked};
use crate::failure::{Exit, Failure};
use crate::out::Out;

/// How often the flags and the progress are looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// A scan, or the same one again and again.
pub(super) struct Rounds<'a> {
    pub(super) args: &'a Args,
    pub(super) out: &'a Out,
    pub(super) services: ServiceTable,
    /// What is to be scanned, once it was read.
    pub(super) said: Option<Said>,
    pub(super) before: Before,
    pub(super) files: Files,
    /// Until the first scan a signal ends everything at once: there is nothing to sum up, and who
    /// reads targets from stdin would not notice a flag.
    pub(super) signals: Asked,
    /// Of scans that were begun.
    pub(super) number: u64,
}

/// What is to be done.
struct Task {
    plan: Plan,
    chosen: Chosen,
    resume: Option<ResumeFile>,
}

impl Rounds<'_> {
    /// One round.
    pub(super) fn scan(&mut self) -> Result<(), Failure> {
        let Task { plan, chosen, resume } = self.task()?;
        self.signals.catch()?;
        if self.signals.came().is_some() {
            return Err(self.signals.failure());
        }
        let Chosen { names, unresolved, .. } = chosen;
        coax_scan::raise_descriptor_limit();
        let mut scan = Scan::start(&plan)?;
        self.number += 1;
        self.files.begin(&plan, self.args.all_states, self.number);
        let (telling, total) = (self.telling(), all_of(scan.tally(), resume.as_ref()).total);
        let Rounds { args, out, services, before, files, signals, .. } = self;
        let means = Means { out, services, before, files };
        let mut teller = Teller::new(means, telling, names, total);
        let mut banners = args.banner.then(Banners::new).transpose()?;
        let followed = follow(&mut scan, &mut teller, &mut banners, signals, resume.as_ref());
        let followed = followed.and_then(|()| hear_out(banners, &mut teller, signals));
        let stopped = signals.came().is_some();
        let tally = all_of(scan.tally(), resume.as_ref());
        let elapsed_ms = teller.elapsed_ms() + resume.as_ref().map_or(0.0, ResumeFile::elapsed_ms);
        let blame = teller.blame();
        let told = followed.and_then(|()| teller.finish(&tally, &plan, elapsed_ms, stopped));
        if let Some(file) = resume {
            end_of(file, scan.into_rest(), &tally, elapsed_ms, out)?;
        }
        let compared = told?;
        match stopped {
            true => Err(signals.failure()),
            false if asked_nothing(&tally) => Err(Failure::new(blame, "")),
            false => outcome(args, &compared, unresolved, tally.open),
        }
    }

    /// From the file of an earlier scan, or from the words.
    fn task(&mut self) -> Result<Task, Failure> {
        let args = self.args;
        let words = args.words();
        let earlier = match &args.resume {
            Some(path) => ResumeFile::open(path, &words)?,
            None => None,
        };
        let (ports, order, chosen) = match &earlier {
            Some(file) => (file.ports(&self.services)?, file.order(), file.chosen()?),
            None if args.targets.is_empty() && args.file.is_none() => {
                return Err(Failure::new(Exit::Usage, "there is no earlier scan to go on with")
                    .hint("name targets to begin one: coax scan localhost --resume FILE"));
            }
            None => (args.ports(&self.services)?, args.order(), self.choose()?),
        };
        if chosen.addresses.is_empty() {
            return Err(nothing_left(args, chosen.unresolved));
        }
        let plan = Plan {
            targets: chosen.addresses.clone(),
            ports,
            tcp: args.tcp(),
            order,
            limits: args.limits(),
            tell: self.wanted_verdicts(),
            rest: earlier.as_ref().map_or_else(Rest::default, ResumeFile::rest),
        };
        let resume = match (earlier, &args.resume) {
            (None, Some(path)) => Some(ResumeFile::begin(path, words, &plan, &chosen)?),
            (earlier, _) => earlier,
        };
        Ok(Task { plan, chosen, resume })
    }

    /// What the words and the file mean now. A file is read once: stdin has no second time.
    fn choose(&mut self) -> Result<Chosen, Failure> {
        let said = match self.said.take() {
            Some(said) => said,
            None => targets::gather(self.args)?,
        };
        targets::choose(self.said.insert(said), self.args, self.out)
    }

    /// Every port matters where it is written down, or compared.
    fn wanted_verdicts(&self) -> Tell {
        let Args { all_states, since, watch, .. } = self.args;
        match *all_states || since.is_some() || watch.is_some() || self.files.are_wanted() {
            true => Tell::All,
            false => Tell::Open,
        }
    }

    fn telling(&self) -> Telling {
        Telling {
            all_states: self.args.all_states,
            changes_only: self.args.since.is_some() || self.number > 1,
            learn: self.args.watch.is_some(),
            round: self.number,
        }
    }
}

/// Whether no port could be asked. Why not was said with the summary.
fn asked_nothing(tally: &Tally) -> bool {
    tally.probed > 0 && tally.inconclusive == tally.probed
}

/// What a scan that came to its end exits with.
fn outcome(args: &Args, compared: &Comparison, unresolved: bool, open: u64) -> Result<(), Failure> {
    let changed = args.since.is_some() && compared.changes > 0;
    match (changed, unresolved) {
        (true, _) => Err(Failure::new(Exit::No, "")),
        // Each name has had its own line; the code is all that is left to say.
        (_, true) => Err(Failure::new(Exit::Network, "")),
        _ if args.since.is_none() && open == 0 => Err(Failure::new(Exit::No, "")),
        _ => Ok(()),
    }
}

/// Prints what comes until the end, or until a signal has ended it.
fn follow(
    scan: &mut Scan,
    teller: &mut Teller<'_>,
    banners: &mut Option<Banners>,
    signals: &Asked,
    resume: Option<&ResumeFile>,
) -> Result<(), Failure> {
    loop {
        match scan.next(GLANCE) {
            Heard::Verdicts(verdicts) => match banners {
                Some(banners) => ask_what_they_are(verdicts, banners, teller)?,
                None => teller.tell(&verdicts)?,
            },
            Heard::Tarpit(host) => teller.tarpit(host)?,
            Heard::Nothing => {}
            Heard::End => return Ok(()),
        }
        teller.progress(&all_of(scan.tally(), resume));
        if signals.came().is_some() {
            scan.stop();
        }
    }
}

/// Tells of ports that are not open now, of open ones when they have answered.
fn ask_what_they_are(
    verdicts: Vec<Verdict>,
    banners: &mut Banners,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let (open, others): (Vec<_>, Vec<_>) =
        verdicts.into_iter().partition(|verdict| verdict.state == State::Open);
    teller.tell(&others)?;
    for verdict in open {
        banners.ask(verdict, teller.name(&verdict));
    }
    loop {
        let time = if banners.is_full() { GLANCE } else { Duration::ZERO };
        match banners.next(time) {
            Some((verdict, identity)) => teller.tell_identified(&verdict, identity)?,
            None if banners.is_full() => {}
            None => return Ok(()),
        }
    }
}

/// Waits for the ports that are still being asked; a signal leaves them.
fn hear_out(
    banners: Option<Banners>,
    teller: &mut Teller<'_>,
    signals: &Asked,
) -> Result<(), Failure> {
    let Some(mut banners) = banners else { return Ok(()) };
    while !banners.is_idle() && signals.came().is_none() {
        if let Some((verdict, identity)) = banners.next(GLANCE) {
            teller.tell_identified(&verdict, identity)?;
        }
    }
    banners.leave();
    Ok(())
}

fn all_of(tally: Tally, resume: Option<&ResumeFile>) -> Tally {
    resume.map_or(tally, |file| file.add_to(tally))
}

fn end_of(
    file: ResumeFile,
    rest: Rest,
    tally: &Tally,
    elapsed_ms: f64,
    out: &Out,
) -> Result<(), Failure> {
    if tally.probed + tally.skipped == tally.total {
        return file.remove();
    }
    out.talk(&format!("coax: coax scan --resume {} goes on", file.path().display()));
    file.keep(rest, tally, elapsed_ms)
}

fn nothing_left(args: &Args, unresolved: bool) -> Failure {
    match (unresolved, args.wanted()) {
        (true, _) => Failure::new(Exit::Network, ""),
        (false, Wanted::V4) => Failure::new(Exit::Usage, "no IPv4 address is left to scan"),
        (false, Wanted::V6) => Failure::new(Exit::Usage, "no IPv6 address is left to scan"),
        (false, Wanted::Both) => Failure::new(Exit::Usage, "no address is left to scan")
            .hint("--exclude and the file say which targets remain"),
    }
}
