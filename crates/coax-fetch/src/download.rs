//! Bringing a URL to a file, whole, whatever happens on the way.
//!
//! A connection that breaks is followed by another that goes on where it broke, as long as the
//! server proves that the file is still the same; else all begins anew, and that is told. Nothing
//! gets its name before it is whole and right.
//!
//! Nothing here prints, or knows what a URL means to whoever asked for it.

mod answer;
mod bring;
mod error;
mod hands;
mod job;
mod run;
mod speed;
mod stream;
mod there;
mod watch;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use coax_net::Descriptor;
use http::header::{HeaderName, IF_RANGE, RANGE};
use http::{HeaderMap, Method, StatusCode, Version};
use url::Url;

use crate::client::Client;
use crate::rate::Rate;
use crate::request::Request;
use crate::response::Response;
use crate::validator::last_modified;
use crate::verify::{Sha256, Sums};

pub use error::{DownloadError, DownloadErrorKind};
pub use speed::Speed;
pub use watch::{Meter, News, Watch};

/// What to bring, and how.
#[derive(Clone, Debug)]
pub struct Download {
    /// What is asked for. With a body, a Range of its own, or another method than GET it is asked
    /// for once, over one connection.
    pub request: Request,
    /// How many tries may fail in a row without a byte between them.
    pub retries: u32,
    /// At most so many connections bring one file.
    pub connections: usize,
    /// What it must be.
    pub sum: Option<Sum>,
    /// It may have no more bytes than this.
    pub max_size: Option<u64>,
    /// Bytes a second, shared by all that hold a clone.
    pub rate: Option<Rate>,
    /// A small file, that came at once, is not put on the disk before it gets its name: whoever
    /// brings many does that for all together, at the end.
    pub sync_later: bool,
    /// An answer with any status is what was asked for.
    pub any_status: bool,
    /// A file that has the name already is taken for the one that is asked for. Otherwise it is
    /// where its sum says so, its length and its date, or each byte.
    pub skips_existing: bool,
    /// A file that has the name already stays where the server's was not changed since. Whoever sets
    /// this sends `If-Modified-Since`, too; many servers obey it for one date alone.
    pub if_newer: bool,
    /// Sends the head of the answer down the stream, before its body.
    pub with_head: bool,
}

/// What a file must be.
#[derive(Clone, Debug)]
pub enum Sum {
    /// This.
    Is(Sha256),
    /// What the list says of its name.
    Listed(Sums),
}

/// Where a file goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// To this path, in place of what is there.
    File(PathBuf),
    /// Into this folder, under the name the server gives it.
    Folder {
        /// An existing one.
        path: PathBuf,
        /// In place of a file that has the name.
        replace: bool,
    },
}

/// A URL was brought.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Who answered, after all redirects.
    pub url: Url,
    /// With what.
    pub status: StatusCode,
    /// In which HTTP.
    pub version: Version,
    /// And which headers.
    pub headers: HeaderMap,
    /// Where it is now; `None` where it went to a stream.
    pub file: Option<PathBuf>,
    /// How many bytes it has.
    pub length: u64,
    /// How many of them were there from an earlier run.
    pub resumed: u64,
    /// Whether the file was there before, and stays as it is.
    pub was_there: bool,
    /// Other names of the file that it replaced: they still have what was there.
    pub other_names: u64,
    /// The coding of the body that it was left in, as it is none that is known.
    pub coding: Option<String>,
    /// How many connections brought it at most at once.
    pub connections: usize,
    /// Its sum, where one was asked for.
    pub sha256: Option<Sha256>,
    /// How long it all took.
    pub took: Duration,
}

impl Fetched {
    /// When the server's file was last changed, as far as it says.
    pub fn last_modified(&self) -> Option<SystemTime> {
        last_modified(&self.headers)
    }

    /// As far as the head of the answer tells, whose headers it takes.
    fn of(response: &mut Response) -> Fetched {
        Fetched {
            url: response.url.clone(),
            status: response.status,
            version: response.version,
            headers: std::mem::take(&mut response.headers),
            file: None,
            length: 0,
            resumed: 0,
            was_there: false,
            other_names: 0,
            coding: response.body.coding().map(str::to_owned),
            connections: 1,
            sha256: None,
            took: Duration::ZERO,
        }
    }
}

impl Download {
    /// `request`, with five retries, up to 16 connections, and no limits.
    pub fn new(request: Request) -> Download {
        Download {
            request,
            retries: 5,
            connections: 16,
            sum: None,
            max_size: None,
            rate: None,
            sync_later: false,
            any_status: false,
            skips_existing: false,
            if_newer: false,
            with_head: false,
        }
    }

    /// Brings it to a file. Dropping the future leaves what came for a later call, which goes on
    /// from there.
    ///
    /// Needs a tokio runtime with time and I/O enabled.
    pub async fn to_file(
        &self,
        client: &Client,
        target: &Target,
        watch: &Watch,
    ) -> Result<Fetched, DownloadError> {
        run::Run::new(self, client, target, watch).until_done().await
    }

    /// Sends it down `sink` as it comes. What was sent cannot be taken back: where the rest cannot
    /// be had, the error says how much came.
    pub async fn to_stream(
        &self,
        client: &Client,
        sink: &Descriptor,
        watch: &Watch,
    ) -> Result<Fetched, DownloadError> {
        stream::run(self, client, sink, watch).await
    }

    /// Whether it may be asked for in parts: what is asked for is the file itself.
    fn is_plain(&self) -> bool {
        let has = |name: HeaderName| self.request.headers.contains_key(name);
        let request = &self.request;
        request.method == Method::GET && request.body.is_none() && !has(RANGE) && !has(IF_RANGE)
    }

    /// Whether asking twice is asking once (RFC 9110 §9.2.2).
    fn may_repeat(&self) -> bool {
        self.request.method.is_idempotent()
    }
}
