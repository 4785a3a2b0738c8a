//! What `coax get` reports.
//!
//! A URL's event is complete in itself; the summary counts them.
//!
//! Nothing here fetches.

use std::time::Duration;

use coax_fetch::{DownloadError, Fetched, Response, Url};
use schemars::JsonSchema;
use serde::Serialize;

use super::{milliseconds, size, words};
use crate::failure::Failure;
use crate::out::{Human, Report};

/// A pause that people notice, in milliseconds.
const NOTICED: f64 = 2000.0;

/// What came of a URL.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct FetchReport {
    /// As it was asked for, without user and password.
    url: String,
    /// After all redirects.
    #[serde(skip_serializing_if = "Option::is_none")]
    final_url: Option<String>,
    /// Whether it is there, whole and right.
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// `HTTP/1.1` or `HTTP/2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Where it was saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// How many bytes it has.
    bytes: u64,
    /// How many of them were there from an earlier run.
    resumed: u64,
    /// It was there before, as it is on the server, and stays.
    was_there: bool,
    /// Other names of the file that it replaced: they still have what was there.
    other_names: u64,
    /// The coding that the body is left in, as none of that name is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    coding: Option<String>,
    /// How many connections brought it at most at once.
    connections: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// With -I: names and values, in the order they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<(String, String)>>,
    /// Why it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The exit code that this URL alone would have.
    exit: u8,
    elapsed_ms: f64,
    #[serde(skip)]
    shown: Option<String>,
}

impl FetchReport {
    pub(super) fn of(url: &Url, fetched: &Fetched) -> FetchReport {
        FetchReport {
            url: plain(url),
            final_url: Some(plain(&fetched.url)),
            ok: true,
            status: Some(fetched.status.as_u16()),
            version: Some(format!("{:?}", fetched.version)),
            file: fetched.file.as_ref().map(|path| path.display().to_string()),
            bytes: fetched.length,
            resumed: fetched.resumed,
            was_there: fetched.was_there,
            other_names: fetched.other_names,
            coding: fetched.coding.clone(),
            connections: fetched.connections,
            sha256: fetched.sha256.map(|sum| sum.to_string()),
            elapsed_ms: milliseconds(fetched.took),
            ..FetchReport::default()
        }
    }

    pub(super) fn of_failure(url: &Url, error: &DownloadError, took: Duration) -> FetchReport {
        let failure = Failure::from(error);
        FetchReport {
            url: plain(url),
            error: Some(failure.message),
            exit: failure.exit as u8,
            elapsed_ms: milliseconds(took),
            ..FetchReport::default()
        }
    }

    pub(super) fn of_head(
        url: &Url,
        response: &Response,
        took: Duration,
        shown: String,
    ) -> FetchReport {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = response.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        FetchReport {
            url: plain(url),
            final_url: Some(plain(&response.url)),
            ok: response.status.is_success(),
            status: Some(response.status.as_u16()),
            version: Some(format!("{:?}", response.version)),
            headers: Some(headers.collect()),
            connections: 1,
            elapsed_ms: milliseconds(took),
            shown: Some(shown),
            ..FetchReport::default()
        }
    }
}

impl Report for FetchReport {
    const EVENT: &'static str = "fetch";
    fn human(&self) -> Human {
        if let Some(shown) = &self.shown {
            return Human::Answer(shown.clone());
        }
        // Whoever fails says so elsewhere, with what to do about it.
        let (true, took) = (self.ok, Duration::from_secs_f64(self.elapsed_ms / 1e3)) else {
            return Human::Silent;
        };
        if self.was_there {
            let file = self.file.as_deref().unwrap_or(&self.url);
            return Human::Detail(format!("{file}: is there already, and stays as it is"));
        }
        let speed = (self.bytes - self.resumed) as f64 / took.as_secs_f64().max(1e-6);
        let mut line = format!(
            "{}: {} in {}, {}/s",
            self.final_url.as_ref().unwrap_or(&self.url),
            size::words(self.bytes),
            words(took),
            size::words(speed as u64)
        );
        if self.resumed > 0 {
            line.push_str(&format!(", {} were there", size::words(self.resumed)));
        }
        if self.connections > 1 {
            line.push_str(&format!(", over {} connections", self.connections));
        }
        Human::Detail(line)
    }
}

/// How far it is, about once a second.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ProgressReport {
    pub(super) url: String,
    /// Bytes that are there.
    pub(super) bytes: u64,
    /// Bytes it will have; null while that is not known.
    pub(super) length: Option<u64>,
    /// Since the event before.
    pub(super) bytes_per_second: f64,
    pub(super) connections: u64,
}

impl Report for ProgressReport {
    const EVENT: &'static str = "progress";
    fn human(&self) -> Human {
        Human::Silent
    }
}

/// One attempt or redirect, with --timing. A phase that did not take place is null.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct HopReport {
    pub(super) url: String,
    pub(super) method: String,
    pub(super) peer: Option<String>,
    pub(super) proxy: Option<String>,
    /// An open connection was used again.
    pub(super) reused: bool,
    pub(super) status: Option<u16>,
    /// Why there was no answer.
    pub(super) error: Option<String>,
    /// Bytes of body that came.
    pub(super) bytes: u64,
    /// Since the beginning of all.
    pub(super) started_ms: f64,
    pub(super) name_ms: Option<f64>,
    pub(super) connect_ms: Option<f64>,
    pub(super) proxy_ms: Option<f64>,
    pub(super) tls_ms: Option<f64>,
    pub(super) first_byte_ms: Option<f64>,
    pub(super) body_ms: Option<f64>,
}

impl HopReport {
    /// What it was, in a line.
    pub(super) fn line(&self) -> String {
        let outcome = match (self.status, &self.error) {
            (Some(status), _) => status.to_string(),
            (None, Some(why)) => why.clone(),
            (None, None) => String::new(),
        };
        let mut line = format!("{} {}: {outcome}", self.method, self.url);
        if let Some(peer) = &self.peer {
            line.push_str(&format!(", {peer}"));
        }
        if let Some(proxy) = &self.proxy {
            line.push_str(&format!(" through {proxy}"));
        }
        if self.reused {
            line.push_str(", connection used again");
        }
        line
    }
}

impl Report for HopReport {
    const EVENT: &'static str = "hop";
    fn human(&self) -> Human {
        Human::Silent
    }
}

/// It will be tried again.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RetryReport {
    pub(super) url: String,
    pub(super) reason: String,
    pub(super) pause_ms: f64,
    /// How many tries failed in a row.
    pub(super) failed: u32,
}

impl Report for RetryReport {
    const EVENT: &'static str = "retry";
    fn human(&self) -> Human {
        let pause = words(Duration::from_secs_f64(self.pause_ms / 1e3));
        let line = format!("{}; again in {pause}", self.reason);
        // Nobody shall wonder why nothing happens.
        match self.pause_ms < NOTICED {
            true => Human::Detail(line),
            false => Human::Talk(line),
        }
    }
}

/// Nothing comes, or comes again.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StallReport {
    pub(super) url: String,
    /// For how long nothing came.
    pub(super) silent_ms: f64,
    /// Bytes come again.
    pub(super) over: bool,
}

impl Report for StallReport {
    const EVENT: &'static str = "stall";
    fn human(&self) -> Human {
        let silence = words(Duration::from_secs_f64(self.silent_ms / 1e3));
        Human::Detail(if self.over {
            format!("{}: goes on after {silence} without a byte", self.url)
        } else {
            format!("{}: nothing has come for {silence}", self.url)
        })
    }
}

/// The server gave no part of it to a second connection.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SplitReport {
    pub(super) url: String,
    /// How many bring it from then on.
    pub(super) connections: u64,
    /// What the server did.
    pub(super) reason: String,
}

impl Report for SplitReport {
    const EVENT: &'static str = "split";
    fn human(&self) -> Human {
        Human::Detail(format!(
            "{}: not splittable, one connection goes on ({})",
            self.url, self.reason
        ))
    }
}

/// The run was ended before all was there: what is kept.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KeptReport {
    pub(super) url: String,
    /// Where it is.
    pub(super) part: String,
    /// Bytes that are there.
    pub(super) bytes: u64,
    /// Of how many; null while that is not known.
    pub(super) length: Option<u64>,
    /// The same command goes on from there.
    pub(super) kept: bool,
}

impl Report for KeptReport {
    const EVENT: &'static str = "kept";
    fn human(&self) -> Human {
        let (url, part, there) = (&self.url, &self.part, size::words(self.bytes));
        let of = self.length.map(|it| format!(" of {}", size::words(it))).unwrap_or_default();
        Human::Talk(if self.kept {
            format!("{url}: {there}{of} are kept in {part}")
        } else {
            format!("{url}: {there}{of} came, and the server gives nothing to go on by")
        })
    }
}

/// What was there of a file: gone on with, or begun anew.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RestartReport {
    pub(super) url: String,
    /// `resumed` or `anew`.
    pub(super) outcome: &'static str,
    /// What was there.
    pub(super) bytes: u64,
    /// Of how many; null where it begins anew.
    pub(super) length: Option<u64>,
    /// Why it begins anew.
    pub(super) reason: Option<String>,
}

impl Report for RestartReport {
    const EVENT: &'static str = "restart";
    fn human(&self) -> Human {
        let there = size::words(self.bytes);
        match &self.reason {
            Some(why) => Human::Talk(format!("{}: begins anew: {why} ({there} lost)", self.url)),
            None => {
                let length = size::words(self.length.unwrap_or_default());
                Human::Detail(format!("{}: goes on, {there} of {length} are there", self.url))
            }
        }
    }
}

/// What came of all URLs.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GetSummary {
    pub(super) urls: u64,
    pub(super) fetched: u64,
    pub(super) failed: u64,
    pub(super) bytes: u64,
    pub(super) elapsed_ms: f64,
}

impl Report for GetSummary {
    const EVENT: &'static str = "get-summary";
    fn human(&self) -> Human {
        let GetSummary { urls, fetched, bytes, .. } = self;
        let took = words(Duration::from_secs_f64(self.elapsed_ms / 1e3));
        match urls {
            0 | 1 => Human::Silent,
            _ => Human::Detail(format!("{fetched} of {urls}, {} in {took}", size::words(*bytes))),
        }
    }
}

/// A URL without user and password.
pub(super) fn plain(url: &Url) -> String {
    let mut url = url.clone();
    // Only a URL without a host refuses, and it has no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
