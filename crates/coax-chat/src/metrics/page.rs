//! The page that Prometheus reads: its text format, version 0.0.4.
//!
//! Each family has its help and its type once, before its samples. Every label that can be is there
//! from the start, at 0, so that a first event is seen as a change.
//!
//! Nothing here counts while people talk.

use std::fmt::Write as _;

use super::{Metrics, STEPS, process};
use crate::hub::{Cause, Hub, Means, Way};
use crate::memory::Figures;

/// A page as it grows.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

/// The samples of one family.
pub(super) struct Family<'a> {
    page: &'a mut String,
    name: &'static str,
}

impl Page {
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, help, "counter")
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, help, "gauge")
    }

    fn family(&mut self, name: &'static str, help: &str, kind: &str) -> Family<'_> {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { page: &mut self.0, name }
    }

    pub(crate) fn text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    pub(super) fn one(self, value: f64) {
        let _ = writeln!(self.page, "{} {value}", self.name);
    }

    /// `labels` as in `a="b",c="d"`; their values are our own words.
    fn with(&mut self, labels: std::fmt::Arguments<'_>, value: u64) {
        let _ = writeln!(self.page, "{}{{{labels}}} {value}", self.name);
    }
}

const YES_NO: [&str; 2] = ["no", "yes"];

/// What a door may turn somebody away for; the hub's own reasons come from it.
const AT_THE_DOOR: [&str; 7] =
    ["crowd", "gone", "http", "no-certificate", "proxy", "silent", "tls"];

/// The causes that keep somebody from coming in.
const BEFORE: [Cause; 6] = [
    Cause::Crowd,
    Cause::Flood,
    Cause::Guessing,
    Cause::KeptOut,
    Cause::Password,
    Cause::Unregistered,
];

impl Metrics {
    /// Everything, now.
    pub(crate) fn page(&self, hub: &Hub, figures: &Figures) -> Page {
        let mut page = Page::default();
        self.server(&mut page);
        self.people(&mut page, hub);
        self.doors(&mut page);
        self.talk(&mut page, hub);
        passwords(&mut page, hub);
        store(&mut page, figures);
        self.hub_steps(&mut page);
        process::write(&mut page);
        page
    }

    fn server(&self, page: &mut Page) {
        let version = env!("CARGO_PKG_VERSION");
        let mut build = page.gauge("coax_chat_build_info", "Always 1; which build it is.");
        build.with(format_args!("version=\"{version}\""), 1);
        page.gauge("coax_chat_start_time_seconds", "When the server began, in seconds since 1970.")
            .one(self.started);
        page.gauge("coax_chat_uptime_seconds", "How long it has been up.")
            .one(self.begun.elapsed().as_secs_f64());
        let mut reloads = page
            .counter("coax_chat_reloads_total", "Settings that were read again, or could not be.");
        for (outcome, count) in ["failed", "done"].iter().zip(&self.reloads) {
            reloads.with(format_args!("outcome=\"{outcome}\""), count.get());
        }
    }

    fn people(&self, page: &mut Page, hub: &Hub) {
        let mut counts = [[[0; 2]; 2]; Way::ALL.len()];
        let (mut clients, mut operators) = (0, 0);
        for (way, secure, registered, operator) in hub.everyone() {
            counts[way as usize][usize::from(secure)][usize::from(registered)] += 1;
            clients += u32::from(registered);
            operators += u32::from(operator);
        }
        let mut family = page.gauge("coax_chat_connections", "Connections that talk to the hub.");
        for (way, counts) in Way::ALL.iter().zip(&counts) {
            for (tls, counts) in YES_NO.iter().zip(counts) {
                for (state, count) in ["registering", "registered"].iter().zip(counts) {
                    let protocol = way.name();
                    family.with(
                        format_args!("protocol=\"{protocol}\",tls=\"{tls}\",state=\"{state}\""),
                        *count,
                    );
                }
            }
        }
        let help = "Connections that do not talk to the hub: at the door, or at the page.";
        page.gauge("coax_chat_callers", help).one(self.callers.get() as f64);
        page.gauge("coax_chat_clients", "Registered clients.").one(f64::from(clients));
        page.gauge("coax_chat_operators", "Operators online.").one(f64::from(operators));
        page.gauge("coax_chat_channels", "Channels.").one(hub.channel_count() as f64);
        page.gauge("coax_chat_accounts", "Accounts.").one(hub.account_count() as f64);
    }

    fn doors(&self, page: &mut Page) {
        let help = "Connections that were let in to talk.";
        let mut family = page.counter("coax_chat_connections_accepted_total", help);
        for (way, counts) in Way::ALL.iter().zip(&self.accepted) {
            for (tls, count) in YES_NO.iter().zip(counts) {
                let protocol = way.name();
                family.with(format_args!("protocol=\"{protocol}\",tls=\"{tls}\""), count.get());
            }
        }
        let help = "Connections that ended at the door or before they had registered, by reason.";
        let mut family = page.counter("coax_chat_connections_refused_total", help);
        let mut refused = self.refused.borrow().clone();
        for reason in AT_THE_DOOR.into_iter().chain(BEFORE.map(Cause::name)) {
            refused.entry(reason).or_default();
        }
        for (reason, count) in refused {
            family.with(format_args!("reason=\"{reason}\""), count);
        }
        let help = "Registered clients that left or were dropped, by reason.";
        let mut family = page.counter("coax_chat_clients_left_total", help);
        for (cause, count) in Cause::ALL.iter().zip(&self.left) {
            family.with(format_args!("reason=\"{}\"", cause.name()), count.get());
        }
        let help = "Requests of HTTP that were answered, by status.";
        let mut family = page.counter("coax_chat_http_requests_total", help);
        for (code, count) in &*self.answered.borrow() {
            family.with(format_args!("code=\"{code}\""), *count);
        }
    }

    fn talk(&self, page: &mut Page, hub: &Hub) {
        let counts = hub.counts();
        for (name, help, count) in [
            (
                "coax_chat_messages_total",
                "Messages that were passed on to a channel or a user.",
                counts.messages,
            ),
            (
                "coax_chat_deliveries_total",
                "Clients that messages were passed on to, senders not counted.",
                counts.deliveries,
            ),
            ("coax_chat_lines_received_total", "Lines that clients said.", self.heard.get()),
            ("coax_chat_lines_sent_total", "Lines put in clients' queues.", self.said.get()),
            (
                "coax_chat_received_bytes_total",
                "Bytes of IRC that came from clients, as the hub's sessions read them.",
                self.received.get(),
            ),
            ("coax_chat_sent_bytes_total", "Bytes of IRC that went to clients.", self.sent.get()),
        ] {
            page.counter(name, help).one(count as f64);
        }
    }

    fn hub_steps(&self, page: &mut Page) {
        let name = "coax_chat_hub_step_seconds";
        let help = "Time one input took until all that came of it was in the queues.";
        let family = page.family(name, help, "histogram");
        let mut count = 0;
        for (at, bucket) in self.steps.iter().enumerate() {
            count += bucket.get();
            let most = STEPS.get(at).map(|micros| (*micros as f64 / 1e6).to_string());
            let most = most.as_deref().unwrap_or("+Inf");
            let _ = writeln!(family.page, "{name}_bucket{{le=\"{most}\"}} {count}");
        }
        let seconds = self.stepped.get().as_secs_f64();
        let _ = writeln!(family.page, "{name}_sum {seconds}\n{name}_count {count}");
    }
}

fn passwords(page: &mut Page, hub: &Hub) {
    let help =
        "Passwords that were given: right, wrong, or not looked at because they came too early.";
    let mut family = page.counter("coax_chat_passwords_total", help);
    for (means, tries) in Means::ALL.iter().zip(hub.counts().tries) {
        for (outcome, count) in ["right", "wrong", "early"].iter().zip(tries) {
            let means = means.name();
            family.with(format_args!("means=\"{means}\",outcome=\"{outcome}\""), count);
        }
    }
}

fn store(page: &mut Page, figures: &Figures) {
    let help = "Changes that wait to be written to the disk.";
    page.gauge("coax_chat_store_waiting_changes", help).one(figures.waiting as f64);
    let help = "Changes that were to be kept, by what came of it.";
    let mut family = page.counter("coax_chat_store_changes_total", help);
    family.with(format_args!("outcome=\"kept\""), figures.kept);
    family.with(format_args!("outcome=\"lost\""), figures.lost);
    for (name, help, count) in [
        ("coax_chat_store_commits_total", "Transactions that reached the disk.", figures.commits),
        (
            "coax_chat_store_failures_total",
            "Transactions that did not, and were rolled back.",
            figures.failures,
        ),
    ] {
        page.counter(name, help).one(count as f64);
    }
}
