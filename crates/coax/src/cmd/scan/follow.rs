//! Following one scan to its end: telling what comes, asking what is open, keeping how far it is.
//!
//! What an earlier run has told is told again first, so the last run's output holds the whole
//! scan. A verdict is told before it is kept as told: what is killed in between is told twice.
//!
//! Nothing here chooses what is scanned.

use std::time::Duration;

use coax_scan::{Heard, Plan, Scan, State, Tally, Verdict};

use super::Asked;
use super::banner::Banners;
use super::event::Comparison;
use super::kept::KeptPort;
use super::resume::ResumeFile;
use super::teller::{ScanEnd, Teller};
use crate::failure::{Exit, Failure};

/// How often the flags and the progress are looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// A scan, and all that happens with what it says.
pub(super) struct Follow<'a> {
    pub(super) scan: Scan,
    pub(super) teller: Teller<'a>,
    pub(super) banners: Option<Banners>,
    pub(super) signals: &'a Asked,
    pub(super) resume: Option<ResumeFile>,
}

/// How a scan ended.
pub(super) struct Ended {
    pub(super) compared: Comparison,
    /// Of this run and those before it.
    pub(super) tally: Tally,
    /// Whose fault it is where ports could not be asked.
    pub(super) blame: Exit,
}

impl Follow<'_> {
    /// Until the end, or until a signal has ended it.
    pub(super) fn run(&mut self, earlier: Vec<KeptPort>) -> Result<(), Failure> {
        self.tell_again(earlier)?;
        loop {
            match self.scan.next(GLANCE) {
                Heard::Verdicts(verdicts) => self.tell(verdicts)?,
                Heard::Hosts(hosts) => self.teller.hosts(&hosts)?,
                Heard::Tarpit(host) => self.teller.tarpit(host)?,
                Heard::Rationed(part) => self.teller.rationed(&part)?,
                Heard::Nothing => {}
                Heard::End => return self.hear_out(),
            }
            self.teller.progress(&self.tally())?;
            self.keep_now_and_then();
            if self.signals.came().is_some() {
                self.scan.stop();
            }
        }
    }

    /// Sums up, and keeps what is left, if anything is. `followed` is how far it went well.
    pub(super) fn end(
        mut self,
        followed: Result<(), Failure>,
        plan: &Plan,
    ) -> Result<Ended, Failure> {
        let (tally, stopped) = (self.tally(), self.signals.came().is_some());
        let elapsed_ms =
            self.teller.elapsed_ms() + self.resume.as_ref().map_or(0.0, ResumeFile::elapsed_ms);
        let complete = self.is_complete();
        let kept = if complete { Ok(()) } else { self.keep() };
        let Follow { scan, teller, resume, .. } = self;
        let blame = teller.blame();
        let end = ScanEnd { tally, silent: scan.silent(), elapsed_ms, interrupted: stopped };
        let told = followed.and_then(|()| teller.finish(&end, plan));
        match resume {
            Some(file) if complete && told.is_ok() => file.remove()?,
            _ => kept?,
        }
        told.map(|compared| Ended { compared, tally, blame })
    }

    /// Of this run and those before it.
    fn tally(&self) -> Tally {
        let tally = self.scan.tally();
        self.resume.as_ref().map_or(tally, |file| file.add_to(tally))
    }

    /// Whether every port has a verdict or is of a silent host, and every open one that was asked an answer.
    fn is_complete(&self) -> bool {
        let Tally { probed, skipped, not_asked, total, .. } = self.tally();
        probed + skipped + not_asked == total && self.teller.kept.are_complete()
    }

    /// Writes down how far it is.
    fn keep(&mut self) -> Result<(), Failure> {
        let elapsed_ms = self.teller.elapsed_ms();
        match (&mut self.resume, self.scan.checkpoint()) {
            (Some(file), Some(so_far)) => file.keep(so_far, &self.teller, elapsed_ms),
            _ => Ok(()),
        }
    }

    /// What goes wrong is told at the end, if it still does.
    fn keep_now_and_then(&mut self) {
        if self.resume.as_ref().is_some_and(ResumeFile::is_due) {
            let _ = self.keep();
        }
    }

    /// What the runs before this one have told.
    fn tell_again(&mut self, earlier: Vec<KeptPort>) -> Result<(), Failure> {
        for port in earlier {
            let verdict = port.verdict();
            match port.known {
                Some(known) => self.teller.tell_identified(&verdict, known)?,
                None => self.tell(vec![verdict])?,
            }
        }
        if let Some(file) = &mut self.resume {
            self.teller.recall(file.take_inconclusive());
        }
        Ok(())
    }

    /// Tells of ports that are not open now, of open ones when they have answered.
    fn tell(&mut self, verdicts: Vec<Verdict>) -> Result<(), Failure> {
        let Some(banners) = &mut self.banners else { return self.teller.tell(&verdicts) };
        let (open, others): (Vec<_>, Vec<_>) =
            verdicts.into_iter().partition(|verdict| verdict.state == State::Open);
        self.teller.tell(&others)?;
        for verdict in open {
            self.teller.awaits(&verdict);
            banners.ask(verdict, self.teller.name(&verdict));
        }
        loop {
            let time = if banners.is_full() { GLANCE } else { Duration::ZERO };
            match banners.next(time) {
                Some((verdict, identity)) => {
                    self.teller.tell_identified(&verdict, identity.into())?;
                }
                None if banners.is_full() => {}
                None => return Ok(()),
            }
        }
    }

    /// Waits for the ports that are still being asked; a signal leaves them, and they are told
    /// without an answer.
    fn hear_out(&mut self) -> Result<(), Failure> {
        let Some(mut banners) = self.banners.take() else { return Ok(()) };
        while !banners.is_idle() && self.signals.came().is_none() {
            if let Some((verdict, identity)) = banners.next(GLANCE) {
                self.teller.tell_identified(&verdict, identity.into())?;
            }
            self.keep_now_and_then();
        }
        self.teller.tell(&banners.leave())
    }
}
