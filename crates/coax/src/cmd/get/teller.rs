//! Saying how far it is, what came of each URL, and what took how long.
//!
//! On a terminal one bar shows all that is under way; programs get an event a second. The bar is
//! taken away before a line is printed, and never stands where a body is.
//!
//! Nothing here fetches.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coax_fetch::{DownloadError, Fetched, Meter, News, Target, Url, Watch};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval};

use super::event::{
    FetchReport, GetSummary, KeptReport, ProgressReport, RestartReport, RetryReport, SplitReport,
    StallReport, plain,
};
use super::gauge::{Change, Gauge};
use super::plan::{Goal, Plan, may_draw};
use super::timing::Chart;
use super::{Args, headers, milliseconds, size};
use crate::failure::Failure;
use crate::out::{Human, Out, Report};

/// How often the bar moves.
const FRAME: Duration = Duration::from_millis(125);
/// How often programs hear.
const BEAT: Duration = Duration::from_secs(1);

/// Says what happens.
pub(super) struct Teller {
    out: Out,
    begun: Instant,
    timing: bool,
    /// Whether a saved path is printed: somebody else chose it.
    prints_paths: bool,
    wants_time: bool,
    bar: ProgressBar,
    state: Mutex<State>,
    /// Paths wait to be printed.
    saved: Notify,
}

#[derive(Default)]
struct State {
    chart: Chart,
    active: Vec<Active>,
    urls: u64,
    fetched: u64,
    failed: u64,
    /// Of what is over.
    bytes: u64,
    many: bool,
    /// Lines that wait to be printed.
    paths: Vec<String>,
}

struct Active {
    url: Arc<Url>,
    meter: Arc<Meter>,
    gauge: Gauge,
    /// Where its bytes are kept until all are there.
    part: Option<PathBuf>,
    told: u64,
    begun: Instant,
}

/// Ends the watching when it is dropped.
pub(super) struct Watching(Option<AbortHandle>);

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Teller {
    pub(super) fn new(out: &Out, args: &Args, plan: &Plan) -> Result<Teller, Failure> {
        let draws = !args.quiet && !out.is_json() && may_draw(plan);
        let bar = match draws {
            true => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
            false => ProgressBar::hidden(),
        };
        let chosen = plan.goals.iter().any(|it| matches!(it.target, Some(Target::Folder { .. })));
        let many = plan.goals.len() > 1;
        let state = State { urls: plan.goals.len() as u64, many, ..State::default() };
        Ok(Teller {
            out: *out,
            begun: Instant::now(),
            timing: args.timing,
            prints_paths: chosen && !out.is_json(),
            wants_time: plan.files.remote_time,
            bar,
            state: Mutex::new(state),
            saved: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks on from now on.
    pub(super) fn watch(self: &Arc<Teller>) -> Watching {
        if self.bar.is_hidden() && !self.out.is_json() && !self.out.is_verbose() {
            return Watching(None);
        }
        let teller = Arc::clone(self);
        let task = tokio::spawn(async move {
            let mut frame = interval(FRAME);
            let mut beaten = frame.tick().await;
            loop {
                let now = frame.tick().await;
                teller.frame();
                if teller.out.is_json() && now - beaten >= BEAT {
                    teller.beat(now - beaten);
                    beaten = now;
                }
            }
        });
        Watching(Some(task.abort_handle()))
    }

    /// Looks how it goes, and draws it.
    fn frame(&self) {
        let now = self.begun.elapsed();
        let mut state = self.lock();
        let stalls = state.look(now);
        if !self.out.is_json() {
            state.draw(&self.bar);
        }
        drop(state);
        stalls.iter().for_each(|stall| self.say(stall));
    }

    /// Tells programs how far it is, `period` after the last time.
    fn beat(&self, period: Duration) {
        for active in &mut self.lock().active {
            let came = active.meter.came();
            let gained = came.saturating_sub(active.told) as f64;
            active.told = came;
            let report = ProgressReport {
                url: plain(&active.url),
                bytes: active.meter.have(),
                length: active.meter.length(),
                bytes_per_second: gained / period.as_secs_f64(),
                connections: active.meter.connections(),
            };
            // A reader that left is noticed by whoever fetches.
            let _ = self.out.report(&report);
        }
    }

    /// A URL begins.
    pub(super) fn begin(self: &Arc<Teller>, goal: &Goal) -> Watch {
        let (meter, url) = (Arc::new(Meter::default()), Arc::new(goal.url.clone()));
        let active = Active {
            url: Arc::clone(&url),
            meter: Arc::clone(&meter),
            gauge: Gauge::new(self.begun.elapsed()),
            part: None,
            told: 0,
            begun: Instant::now(),
        };
        self.lock().active.push(active);
        let (teller, of) = (Arc::clone(self), Arc::clone(&meter));
        Watch { meter, tell: Arc::new(move |news| teller.news(&url, &of, news)) }
    }

    fn news(&self, url: &Url, meter: &Arc<Meter>, news: News<'_>) {
        match news {
            News::Opened { part } => self.lock().opened(meter, part),
            News::NotSplit { why } => {
                self.say(&SplitReport { url: plain(url), connections: 1, reason: why.to_string() });
            }
            News::Trip { begun, hops, over, bytes } => {
                if self.timing {
                    self.lock().chart.add(begun, hops, over, bytes);
                }
                if self.out.is_very_verbose() && !self.out.is_json() {
                    let text = hops.iter().map(headers::lines).collect::<Vec<_>>().join("\n");
                    self.bar.suspend(|| self.out.talk(&text));
                }
            }
            News::Retrying { error, pause, failed } => {
                let (reason, pause_ms) = (error.to_string(), milliseconds(pause));
                self.say(&RetryReport { url: plain(url), reason, pause_ms, failed });
            }
            News::Resumed { have, length } => {
                let (url, outcome, length) = (plain(url), "resumed", Some(length));
                self.say(&RestartReport { url, outcome, bytes: have, length, reason: None });
            }
            News::Anew { why, lost } => {
                let (url, outcome, reason) = (plain(url), "anew", Some(why.to_owned()));
                self.say(&RestartReport { url, outcome, bytes: lost, length: None, reason });
            }
            _ => {}
        }
    }

    /// With the bar out of the way.
    fn say<R: Report>(&self, report: &R) {
        // What cannot be said is no reason to fetch less.
        let _ = self.bar.suspend(|| self.out.report(report));
    }

    /// A URL is over.
    pub(super) fn over(&self, goal: &Goal, watch: &Watch, done: &Result<Fetched, DownloadError>) {
        let (begun, stalls) = {
            let mut state = self.lock();
            let stalls = state.look(self.begun.elapsed());
            (state.count(&watch.meter, done), stalls)
        };
        stalls.iter().for_each(|stall| self.say(stall));
        if let (Ok(fetched), false) = (done, self.out.is_json()) {
            self.note(fetched);
        }
        if !self.out.is_json() && !self.out.is_verbose() {
            return;
        }
        self.say(&match done {
            Ok(fetched) => FetchReport::of(&goal.url, fetched),
            Err(error) => {
                let took = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
                FetchReport::of_failure(&goal.url, error, took)
            }
        });
    }

    /// All ends before it is done: says what is kept of it, and how it goes on.
    /// True where the same command goes on.
    pub(super) fn interrupted(&self) -> bool {
        self.bar.finish_and_clear();
        let mut any = false;
        let active = std::mem::take(&mut self.lock().active);
        for Active { url, meter, part, .. } in active {
            let (bytes, length, kept) = (meter.have(), meter.length(), meter.is_kept());
            if let Some(part) = part.filter(|_| bytes > 0) {
                any |= kept;
                let part = part.display().to_string();
                // A reader that left has been told enough.
                let _ =
                    self.out.report(&KeptReport { url: plain(&url), part, bytes, length, kept });
            }
        }
        any
    }

    /// What people would not expect; programs have it in the URL's event.
    fn note(&self, fetched: &Fetched) {
        let talk = |text: String| self.bar.suspend(|| self.out.talk(&text));
        if let (Some(file), names @ 1..) = (&fetched.file, fetched.other_names) {
            let file = file.display();
            let other = if names == 1 { "other name keeps" } else { "other names keep" };
            talk(format!("{file}: {names} {other} what was there (hard links)"));
        }
        if let (Some(file), true, None) = (&fetched.file, self.wants_time, fetched.last_modified())
            && self.out.is_verbose()
        {
            talk(format!("{}: the server says no time", file.display()));
        }
        if let Some(coding) = &fetched.coding {
            let url = plain(&fetched.url);
            talk(format!("{url}: its body is in the coding '{coding}', and is left as it is"));
        }
    }

    /// Where it is now is to be printed, if that is news.
    pub(super) fn saved(&self, fetched: &Fetched) {
        if let (Some(path), true) = (&fetched.file, self.prints_paths) {
            self.lock().paths.push(path.display().to_string());
            self.saved.notify_one();
        }
    }

    /// Waits until there is something to print. Safe to cancel.
    pub(super) async fn has_saved(&self) {
        self.saved.notified().await;
    }

    /// Prints what was saved since, all at once.
    pub(super) fn print_saved(&self) -> Result<(), Failure> {
        let paths = std::mem::take(&mut self.lock().paths);
        if paths.is_empty() {
            return Ok(());
        }
        self.bar.suspend(|| self.out.report(&Saved { path: paths.join("\n") }))
    }

    /// One of several failed.
    pub(super) fn failed(&self, failure: &Failure) {
        if !self.out.is_json() {
            self.bar.suspend(|| self.out.failure(failure));
        }
    }

    /// All is over.
    pub(super) fn end(&self) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let state = self.lock();
        if self.timing {
            state.chart.report(&self.out)?;
        }
        self.out.report(&GetSummary {
            urls: state.urls,
            fetched: state.fetched,
            failed: state.failed,
            bytes: state.bytes,
            elapsed_ms: milliseconds(self.begun.elapsed()),
        })
    }
}

/// For people alone; programs have it in the URL's event.
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Saved {
    path: String,
}

impl Report for Saved {
    const EVENT: &'static str = "saved";
    fn human(&self) -> Human {
        Human::Answer(self.path.clone())
    }
}

impl State {
    /// Counts what is over; when it began.
    fn count(
        &mut self,
        meter: &Arc<Meter>,
        done: &Result<Fetched, DownloadError>,
    ) -> Option<Instant> {
        match done {
            Ok(fetched) => {
                self.fetched += 1;
                self.bytes += fetched.length;
            }
            Err(_) => self.failed += 1,
        }
        let place = self.active.iter().position(|active| Arc::ptr_eq(&active.meter, meter));
        place.map(|place| self.active.swap_remove(place).begun)
    }

    /// Notes where the bytes of one are kept.
    fn opened(&mut self, meter: &Arc<Meter>, part: &Path) {
        let active = self.active.iter_mut().find(|active| Arc::ptr_eq(&active.meter, meter));
        if let Some(active) = active {
            active.part = Some(part.to_owned());
        }
    }

    /// Looks how fast each comes; which have stopped, or come again.
    fn look(&mut self, now: Duration) -> Vec<StallReport> {
        let mut stalls = Vec::new();
        for active in &mut self.active {
            let (over, silence) = match active.gauge.look(active.meter.came(), now) {
                Change::None => continue,
                Change::Silent => (false, active.gauge.silence().unwrap_or_default()),
                Change::Again(silence) => (true, silence),
            };
            let (url, silent_ms) = (plain(&active.url), milliseconds(silence));
            stalls.push(StallReport { url, silent_ms, over });
        }
        stalls
    }

    /// How fast all come, or how long the quietest has not.
    fn pace(&self) -> String {
        let rate = self.active.iter().map(|active| active.gauge.rate()).sum::<f64>();
        let silences = self.active.iter().map(|active| active.gauge.silence());
        match silences.min().flatten() {
            Some(silence) => format!("nothing comes for {} s", silence.as_secs()),
            None => format!("{}/s", size::words(rate as u64)),
        }
    }

    /// One line for all that is under way.
    fn draw(&self, bar: &ProgressBar) {
        let have = self.active.iter().map(|active| active.meter.have()).sum::<u64>();
        let lengths = self.active.iter().map(|active| active.meter.length());
        let length = lengths.sum::<Option<u64>>().filter(|_| !self.active.is_empty());
        let connections = self.active.iter().map(|it| it.meter.connections()).sum::<u64>();
        let template = match (self.many, length) {
            (true, _) => "{msg}  {bytes}  {prefix}",
            (false, Some(_)) => "{bar:24} {bytes} of {total_bytes}  {prefix}{msg}",
            (false, None) => "{bytes}  {prefix}{msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if let Some(length) = length.filter(|_| !self.many) {
            bar.set_length(length);
        }
        let left = match &self.active[..] {
            [one] => one.gauge.left(&one.meter),
            _ => None,
        };
        let left = left.map(|left| format!("  {} left", HumanDuration(left)));
        bar.set_prefix(format!("{}{}", self.pace(), left.unwrap_or_default()));
        bar.set_message(match (self.many, connections) {
            (true, _) => format!("{} of {} URLs", self.fetched + self.failed, self.urls),
            (false, 0 | 1) => String::new(),
            (false, count) => format!("  {count} connections"),
        });
        bar.set_position(have + if self.many { self.bytes } else { 0 });
    }
}
