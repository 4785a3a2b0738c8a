//! One scan from its words to its exit code, as often as it is wanted.
//!
//! Each round chooses anew what a name means, and takes from the one before it what is compared.
//! A scan that goes on takes what is left from its file instead.
//!
//! Nothing here knows when a round is due.

use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use coax_addr::ServiceTable;
use coax_net::Wanted;
use coax_scan::{Plan, Rest, Scan, ScanError, Tally, Tell};

use super::banner::Banners;
use super::before::Before;
use super::event::Comparison;
use super::files::Files;
use super::follow::{Ended, Follow};
use super::resume::{ResumeFile, Told};
use super::targets::{self, Chosen, Said};
use super::teller::{Means, Teller, Telling};
use super::{Args, Asked};
use crate::failure::{Exit, Failure};
use crate::out::Out;

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
    /// What an earlier run has told.
    told: Told,
}

impl Rounds<'_> {
    /// One round.
    pub(super) fn scan(&mut self) -> Result<(), Failure> {
        let is_on_screen = self.is_on_screen();
        self.files.show_hosts(is_on_screen);
        let Task { plan, chosen, resume, told } = self.task()?;
        self.signals.catch()?;
        if self.signals.came().is_some() {
            return Err(self.signals.failure());
        }
        let Chosen { names, unresolved, .. } = chosen;
        coax_scan::raise_descriptor_limit();
        let began = Instant::now();
        let scan = Scan::start(&plan).map_err(|error| refused(error, &plan))?;
        self.number += 1;
        self.files.begin(&plan, self.args.all_states, self.number);
        let took = resume.as_ref().map_or(0.0, ResumeFile::elapsed_ms) / 1e3;
        self.files.go_on(told.files, Duration::try_from_secs_f64(took).unwrap_or_default());
        let tally = scan.tally();
        let total = resume.as_ref().map_or(tally, |file| file.add_to(tally)).total;
        // A host that is left as a tarpit was told of.
        let count_open = if plan.limits.tarpit.is_some() { 0 } else { plan.ports.tcp.len() };
        let telling = Telling { hosts: is_on_screen, count_open, ..self.telling(began) };
        let Rounds { args, out, services, before, files, signals, .. } = self;
        let means = Means { out, services, before, files };
        let teller = Teller::new(means, telling, &plan, names, total);
        let banners = args.banner.then(Banners::new).transpose()?;
        let mut follow = Follow { scan, teller, banners, signals, resume };
        let followed = follow.run(told.ports);
        let ended = follow.end(followed, &plan);
        if let Some(path) = args.resume.as_deref().filter(|path| path.exists()) {
            let manner = args.manner();
            out.talk(&format!("coax: coax scan --resume {}{manner} goes on", path.display()));
        }
        let Ended { compared, tally, blame } = ended?;
        match signals.came().is_some() {
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
        let (earlier, told) = earlier.unzip();
        let hosts = earlier.as_ref().map_or(args.hosts(), ResumeFile::hosts);
        let (ports, order, chosen) = match &earlier {
            Some(file) => (file.ports(&self.services)?, file.order(), file.chosen()?),
            None if args.targets.is_empty() && args.file.is_none() => {
                let path = args.resume.as_deref().unwrap_or(Path::new("")).display();
                let message = format!("there is no earlier scan to go on with in {path}");
                return Err(Failure::new(Exit::Usage, message).hint(format!(
                    "name targets to begin one: coax scan localhost --resume {path}"
                )));
            }
            None => (args.ports(&self.services)?, args.order(), self.choose()?),
        };
        if chosen.addresses.is_empty() {
            return Err(nothing_left(args, &chosen));
        }
        let plan = Plan {
            targets: chosen.addresses.clone(),
            hosts,
            named: chosen.named.clone(),
            ports,
            tcp: args.tcp(),
            order,
            limits: args.limits(),
            tell: self.wanted_verdicts(),
            rest: earlier.as_ref().map_or_else(Rest::default, ResumeFile::rest),
            checkpoints: args.resume.is_some(),
        };
        let resume = match (earlier, &args.resume) {
            (None, Some(path)) => Some(ResumeFile::begin(path, words, &plan, &chosen)?),
            (earlier, _) => earlier,
        };
        Ok(Task { plan, chosen, resume, told: told.unwrap_or_default() })
    }

    /// What the words and the file mean now. A file is read once: stdin has no second time.
    fn choose(&mut self) -> Result<Chosen, Failure> {
        let said = match self.said.take() {
            Some(said) => said,
            None => targets::gather(self.args)?,
        };
        if said.is_empty() {
            return Err(nobody(self.args));
        }
        let chosen = targets::choose(self.said.insert(said), self.args, self.out)?;
        let is_first = self.number == 0 && !chosen.addresses.is_empty();
        if let Some(reserved) = chosen.reserved.as_ref().filter(|_| is_first) {
            self.out.report(reserved)?;
        }
        Ok(chosen)
    }

    /// Every port matters where it is written down, or compared.
    fn wanted_verdicts(&self) -> Tell {
        let Args { all_states, since, watch, .. } = self.args;
        match *all_states || since.is_some() || watch.is_some() || self.files.are_wanted() {
            true => Tell::All,
            false => Tell::Open,
        }
    }

    /// Whether a person sits before stdout, and sees hosts and not changes.
    fn is_on_screen(&self) -> bool {
        let changes = self.args.since.is_some() || self.number > 0;
        stdout().is_terminal() && !self.out.is_json() && !changes
    }

    fn telling(&self, began: Instant) -> Telling {
        Telling {
            began,
            all_states: self.args.all_states,
            hosts: false,
            count_open: 0,
            changes_only: self.args.since.is_some() || self.number > 1,
            learn: self.args.watch.is_some(),
            keep: self.args.resume.is_some(),
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

/// Nobody is left to ask. Names that have no address have had their own lines.
fn nothing_left(args: &Args, chosen: &Chosen) -> Failure {
    let why = |text: &str| Failure::new(Exit::Usage, text);
    if let (false, Some(reserved)) = (chosen.unresolved, &chosen.reserved) {
        let ranges = reserved.in_words();
        return why(&format!(
            "no address is left to scan: no host has {ranges}, which is reserved"
        ));
    }
    match (chosen.unresolved, args.wanted()) {
        (true, _) => Failure::new(Exit::Network, ""),
        (false, Wanted::V4) => why("no IPv4 address is left to scan").hint("leave out -4"),
        (false, Wanted::V6) => why("no IPv6 address is left to scan").hint("leave out -6"),
        (false, Wanted::Both) => why("no address is left to scan: --exclude names them all"),
    }
}

fn nobody(args: &Args) -> Failure {
    let source = match args.file.as_deref() {
        Some(path) if path == Path::new("-") => "stdin names",
        Some(_) => "the file names",
        None => "these words name",
    };
    let message = format!("there is nobody to scan: {source} no target");
    Failure::new(Exit::Usage, message).hint("coax scan localhost")
}

/// Too many for a number, or what the library says.
fn refused(error: ScanError, plan: &Plan) -> Failure {
    match error {
        ScanError::TooMany => {
            let (addresses, ports) = (plan.targets.len(), plan.ports.len());
            let ports = if ports == 1 { "1 port".to_owned() } else { format!("{ports} ports") };
            let message = format!(
                "{addresses} addresses with {ports} each are more than can be asked in a \
                 lifetime"
            );
            let hint = "name a smaller network: 2001:db8::/112 has 65536 addresses";
            Failure::new(Exit::Usage, message).hint(hint)
        }
        error => error.into(),
    }
}
