//! Attempt after attempt, until the file is whole.
//!
//! What an earlier run or attempt left is gone on with where the server proves that it is of the
//! same file. An attempt that brought bytes gives the next ones all their chances back.
//!
//! Nothing here knows how bytes get to their place.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coax_net::aside;
use http::StatusCode;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::download::answer::{self, Piece};
use crate::download::bring::{self, Answer};
use crate::download::job::Job;
use crate::download::there::There;
use crate::download::watch::{News, Watch};
use crate::download::{Download, DownloadError, DownloadErrorKind, Fetched, Sum, Target};
use crate::error::{FetchErrorKind, without_credentials};
use crate::name;
use crate::part::Part;
use crate::part::state::Identity;
use crate::pause::Patience;
use crate::response::Response;
use crate::verify::Sha256;

/// How long a server may think that has shown that it gives no parts.
const DOUBT: Duration = Duration::from_secs(5);
/// What is said where the server has another file than before.
const CHANGED: &str = "it has changed on the server";
/// And where the server sends all of it, whatever is asked for.
const NO_PARTS: &str = "the server does not send parts of it";

/// A download under way.
pub(super) struct Run<'a> {
    download: &'a Download,
    client: &'a Client,
    target: &'a Target,
    watch: &'a Watch,
    begun: Instant,
    /// What is asked for, as it is kept beside a part.
    url: String,
    /// No other follows this one.
    last_try: bool,
    /// The server did not answer to a request for a part, or gave none to a second connection.
    doubts: bool,
    /// There once the file's name is known.
    job: Option<Arc<Job>>,
    /// What the file must be; known with its name.
    sum: Option<Sha256>,
    resumed: u64,
    /// Of the answer that counts.
    fetched: Option<Fetched>,
    /// The file, where it was there before.
    there: Option<There>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        download: &'a Download,
        client: &'a Client,
        target: &'a Target,
        watch: &'a Watch,
    ) -> Run<'a> {
        let mut url = download.request.url.clone();
        url.set_fragment(None);
        Run {
            download,
            client,
            target,
            watch,
            begun: Instant::now(),
            url: without_credentials(&url),
            last_try: false,
            doubts: false,
            job: None,
            sum: None,
            resumed: 0,
            fetched: None,
            there: None,
        }
    }

    /// Until it is there, or will not be.
    pub(super) async fn until_done(mut self) -> Result<Fetched, DownloadError> {
        let done = self.tries().await;
        if let (Err(error), Some(job)) = (&done, &self.job) {
            job.leave(error.kind() != DownloadErrorKind::Checksum);
        }
        done
    }

    async fn tries(&mut self) -> Result<Fetched, DownloadError> {
        let mut patience = Patience::new(self.download.retries);
        let mut most = 0;
        loop {
            self.last_try = patience.is_last();
            let error = match self.attempt().await {
                Ok(()) => return self.finish().await,
                Err(error) => error,
            };
            // Bytes that come again and again are no progress.
            let have = self.job.as_ref().map_or(0, |job| job.have());
            if have > most {
                patience.renew();
                most = have;
            }
            if !error.is_passing() || !self.download.may_repeat() {
                return Err(error);
            }
            let Some(pause) = patience.next(error.after(), rand::random()) else {
                return Err(error);
            };
            let failed = patience.failed();
            (self.watch.tell)(News::Retrying { error: &error, pause, failed });
            sleep(pause).await;
        }
    }

    /// From a request to the last byte, if nothing comes between.
    async fn attempt(&mut self) -> Result<(), DownloadError> {
        self.prepare()?;
        if let Some(job) = self.job.clone() {
            job.begin_attempt();
            if let Some((identity, gap)) = job.to_go_on() {
                return self.go_on(&job, &identity, gap).await;
            }
        }
        let mut answer = self.ask_whole().await?;
        let identity = self.identity(&answer.response);
        if self.is_there(&mut answer.response).await? {
            self.remember(&mut answer.response);
            return Ok(());
        }
        let job = self.job_for(&answer.response)?;
        if let Some(identity) = &identity
            && let Some((have, length)) = job.take_up(|it| it == identity)?
        {
            drop(answer);
            self.tell_resumed(have, length);
            job.begin_attempt();
            if let Some((identity, gap)) = job.to_go_on() {
                return self.go_on(&job, &identity, gap).await;
            }
            return Err(DownloadError::changed(&self.url, "what was there of it is gone"));
        }
        let why = match job.have() {
            0 => "what is there is not known to be of this file",
            _ => "the server gives nothing to go on by",
        };
        self.whole(&job, answer, identity, why).await
    }

    /// Where the name is known from the beginning, what is there is, too.
    fn prepare(&mut self) -> Result<(), DownloadError> {
        let (None, Target::File(path)) = (&self.job, self.target) else { return Ok(()) };
        let job = self.open(path, true, false)?;
        if self.download.is_plain()
            && let Some((have, length)) = job.take_up(|it| it.url == self.url)?
        {
            self.tell_resumed(have, length);
        }
        Ok(())
    }

    fn tell_resumed(&mut self, have: u64, length: u64) {
        self.resumed = have;
        (self.watch.tell)(News::Resumed { have, length });
    }

    fn open(&mut self, path: &Path, replace: bool, light: bool) -> Result<Arc<Job>, DownloadError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let of_url = name::of_url(&self.download.request.url);
        self.sum = must_be(self.download.sum.as_ref(), &[&name, &of_url])?;
        let part = match replace {
            true => Part::open(path, light)?,
            false => Part::open(path, light)?.sparing_others(),
        };
        (self.watch.tell)(News::Opened { part: part.path() });
        let job = Job::new(self.download, self.client, self.watch, self.begun, part);
        self.job = Some(Arc::clone(&job));
        Ok(job)
    }

    fn identity(&self, response: &Response) -> Option<Identity> {
        self.download.is_plain().then(|| answer::identity(response, &self.url)).flatten()
    }

    /// The job; opened under the name that the answer gives it, if it has none yet.
    fn job_for(&mut self, response: &Response) -> Result<Arc<Job>, DownloadError> {
        match (&self.job, self.target) {
            (Some(job), _) => Ok(Arc::clone(job)),
            (None, Target::File(path)) => self.open(path, true, false),
            (None, Target::Folder { path, replace }) => {
                let place = path.join(self.name(response));
                self.open(&place, *replace, response.body.is_here())
            }
        }
    }

    fn name(&self, response: &Response) -> String {
        name::of(&response.headers, &response.url, &self.download.request.url)
    }

    /// Whether a file that has the name stays, as the one that is asked for. Any other that may not
    /// be replaced is in the way.
    async fn is_there(&mut self, response: &mut Response) -> Result<bool, DownloadError> {
        let (place, replace) = match self.target {
            Target::File(path) => (path.clone(), true),
            Target::Folder { path, replace } => (path.join(self.name(response)), *replace),
        };
        let found = !replace || self.download.if_newer;
        if !found || place.symlink_metadata().is_err() {
            return Ok(false);
        }
        let there = There::at(&place).ok_or_else(|| DownloadError::exists(&place))?;
        let stays = if replace {
            there.is_as_new(response)
        } else {
            self.download.skips_existing || self.is_same(&there, &place, response).await?
        };
        if stays {
            self.there = Some(there);
        } else if !replace {
            return Err(DownloadError::exists(&place));
        }
        Ok(stays)
    }

    async fn is_same(
        &self,
        there: &There,
        place: &Path,
        response: &mut Response,
    ) -> Result<bool, DownloadError> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let of_url = name::of_url(&self.download.request.url);
        let must = must_be(self.download.sum.as_ref(), &[&name, &of_url])?;
        there.is_same(self.download, response, must).await
    }

    async fn ask(&self, part: Option<(&Identity, &Range<u64>)>) -> Result<Answer, DownloadError> {
        let begun = Instant::now();
        let request =
            part.map(|(identity, range)| answer::ask_for(&self.download.request, range, identity));
        match self.client.send(request.as_ref().unwrap_or(&self.download.request)).await {
            Ok(response) => Ok(Answer { response, begun }),
            Err(error) => {
                let since = begun.saturating_duration_since(self.begun);
                let (hops, over) = (error.hops(), None);
                (self.watch.tell)(News::Trip { begun: since, hops, over, bytes: 0 });
                Err(error.into())
            }
        }
    }

    /// Asks for all of it.
    async fn ask_whole(&self) -> Result<Answer, DownloadError> {
        let answer = self.ask(None).await?;
        if !self.download.any_status {
            answer::check_status(&answer.response)?;
        }
        if self.download.is_plain() && answer.response.status == StatusCode::PARTIAL_CONTENT {
            return Err(DownloadError::lie(&self.url, "it sends a part, and was asked for all"));
        }
        Ok(answer)
    }

    /// Asks for a part. Where it is doubtful that there are any, the answer has to come soon.
    async fn ask_part(
        &self,
        identity: &Identity,
        gap: &Range<u64>,
    ) -> Result<Answer, DownloadError> {
        let asked = self.ask(Some((identity, gap)));
        if self.doubts {
            return timeout(DOUBT, asked).await.unwrap_or_else(|_| {
                let silent = DownloadError::silent(&self.url);
                Err(silent)
            });
        }
        asked.await
    }

    /// Asks for what is missing. Where no part of it can be had, the whole may be.
    async fn go_on(
        &mut self,
        job: &Arc<Job>,
        identity: &Identity,
        gap: Range<u64>,
    ) -> Result<(), DownloadError> {
        self.doubts |= !job.splits();
        let refused = match self.ask_part(identity, &gap).await {
            Ok(mut answer) => match answer::check(&answer.response, &gap, identity) {
                Ok(Piece::Part(piece)) => {
                    self.remember(&mut answer.response);
                    return bring::all(job, answer, piece).await;
                }
                Ok(other) => {
                    let why = if other == Piece::Whole { NO_PARTS } else { CHANGED };
                    let identity = self.identity(&answer.response);
                    return self.whole(job, answer, identity, why).await;
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        // A server that is busy may give a part later; one that is silent gives none.
        let busy = matches!(refused.kind(), DownloadErrorKind::Status(_));
        let wait = refused.is_passing_by_itself() && !self.last_try && (busy || !self.doubts);
        if !refused.is_of_a_part() || wait {
            self.doubts |= refused.kind() == DownloadErrorKind::Fetch(FetchErrorKind::Timeout);
            return Err(refused);
        }
        let answer = self.ask_whole().await?;
        let identity = self.identity(&answer.response);
        let why = match refused.kind() {
            DownloadErrorKind::Changed => CHANGED.to_owned(),
            _ => refused.cause(),
        };
        self.whole(job, answer, identity, &why).await
    }

    fn anew(
        &mut self,
        job: &Arc<Job>,
        identity: Option<Identity>,
        length: Option<u64>,
        why: &str,
    ) -> Result<(), DownloadError> {
        let lost = job.begin(identity, length)?;
        self.resumed = 0;
        if lost > 0 {
            (self.watch.tell)(News::Anew { why, lost });
        }
        Ok(())
    }

    /// Takes an answer that is the whole file.
    async fn whole(
        &mut self,
        job: &Arc<Job>,
        mut answer: Answer,
        identity: Option<Identity>,
        why: &str,
    ) -> Result<(), DownloadError> {
        let length = answer.response.body.length();
        if let (Some(length), Some(limit)) = (length, self.download.max_size)
            && length > limit
        {
            return Err(DownloadError::too_large(&self.url, limit));
        }
        self.remember(&mut answer.response);
        self.anew(job, identity, length, why)?;
        job.begin_attempt();
        match length {
            Some(length) if answer.response.body.is_here() => {
                bring::at_hand(job, answer, length).await
            }
            _ => bring::all(job, answer, 0..length.unwrap_or(u64::MAX)).await,
        }
    }

    fn remember(&mut self, response: &mut Response) {
        self.fetched = Some(Fetched::of(response));
    }

    /// Checks it and gives it its name.
    async fn finish(&mut self) -> Result<Fetched, DownloadError> {
        if let Some(there) = self.there.take()
            && let Some(fetched) = self.fetched.take()
        {
            if let Some(job) = &self.job {
                job.leave(true);
            }
            return Ok(there.fetched(fetched, self.begun.elapsed()));
        }
        let (Some(job), Some(fetched)) = (self.job.clone(), self.fetched.take()) else {
            return Err(DownloadError::changed(&self.url, "nothing came"));
        };
        let (must, url, work) = (self.sum, self.url.clone(), Arc::clone(&job));
        let named = if job.is_light() {
            Some(name_it(&work, must, &url))
        } else {
            aside(move || name_it(&work, must, &url)).await
        };
        let unnamed = || Err(DownloadError::changed(&self.url, "it could not be finished"));
        let (file, sha256) = named.unwrap_or_else(unnamed)?;
        Ok(Fetched {
            file: Some(file),
            length: job.length().unwrap_or_default(),
            resumed: self.resumed,
            connections: job.most(),
            other_names: job.other_names(),
            sha256,
            took: self.begun.elapsed(),
            ..fetched
        })
    }
}

fn name_it(
    job: &Job,
    must: Option<Sha256>,
    url: &str,
) -> Result<(PathBuf, Option<Sha256>), DownloadError> {
    match (job.sum()?, must) {
        (Some(is), Some(must)) if is != must => Err(DownloadError::checksum(url, is, must)),
        (sum, _) => Ok((job.finish()?, sum)),
    }
}

/// What a file with one of these names must be.
pub(super) fn must_be(sum: Option<&Sum>, names: &[&str]) -> Result<Option<Sha256>, DownloadError> {
    match sum {
        None => Ok(None),
        Some(Sum::Is(sum)) => Ok(Some(*sum)),
        Some(Sum::Listed(sums)) => {
            let found = names.iter().find_map(|name| sums.of(name));
            let name = names.first().copied().unwrap_or_default();
            found.map(Some).ok_or_else(|| DownloadError::unlisted(name))
        }
    }
}
