//! Bringing a URL to a stream, where nothing that was sent can be taken back.
//!
//! A connection that breaks is followed by another that goes on behind the last byte sent, where
//! the server proves that it is still the same file. Where it does not, the error says how much
//! came.
//!
//! Nothing here knows what reads the stream.

use bytes::{Buf, Bytes};
use coax_net::Descriptor;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::download::answer::{self, Piece};
use crate::download::run::must_be;
use crate::download::watch::{News, Watch};
use crate::download::{Download, DownloadError, DownloadErrorKind, Fetched};
use crate::error::without_credentials;
use crate::name;
use crate::part::state::Identity;
use crate::pause::Patience;
use crate::request::Request;
use crate::response::{Hop, Response};
use crate::verify::Running;

struct Stream<'a> {
    download: &'a Download,
    client: &'a Client,
    sink: &'a Descriptor,
    watch: &'a Watch,
    begun: Instant,
    url: String,
    sent: u64,
    /// No other try follows this one.
    last_try: bool,
    head_sent: bool,
    sum: Option<Running>,
    /// What it is, where it can be gone on with.
    identity: Option<Identity>,
    fetched: Option<Fetched>,
}

pub(super) async fn run(
    download: &Download,
    client: &Client,
    sink: &Descriptor,
    watch: &Watch,
) -> Result<Fetched, DownloadError> {
    let must = must_be(download.sum.as_ref(), &[&name::of_url(&download.request.url)])?;
    let mut stream = Stream {
        download,
        client,
        sink,
        watch,
        begun: Instant::now(),
        url: without_credentials(&download.request.url),
        sent: 0,
        last_try: false,
        head_sent: false,
        sum: must.is_some().then(Running::new),
        identity: None,
        fetched: None,
    };
    let done = stream.tries().await;
    let sent = stream.sent;
    let mut fetched = done.map_err(|error| error.having(sent))?;
    fetched.sha256 = stream.sum.take().map(Running::finish);
    match (fetched.sha256, must) {
        (Some(is), Some(must)) if is != must => Err(DownloadError::checksum(&stream.url, is, must)),
        _ => Ok(Fetched { length: sent, took: stream.begun.elapsed(), ..fetched }),
    }
}

impl Stream<'_> {
    async fn tries(&mut self) -> Result<Fetched, DownloadError> {
        let mut patience = Patience::new(self.download.retries);
        loop {
            let before = self.sent;
            self.last_try = patience.is_last();
            let error = match self.attempt().await {
                Ok(()) => match self.fetched.take() {
                    Some(fetched) => return Ok(fetched),
                    None => return Err(DownloadError::changed(&self.url, "nothing came")),
                },
                Err(error) => error,
            };
            if self.sent > before {
                patience.renew();
            }
            if !self.may_go_on(&error) {
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

    fn may_go_on(&self, error: &DownloadError) -> bool {
        let changed = error.kind() == DownloadErrorKind::Changed;
        let stuck = self.sent > 0 && (changed || self.identity.is_none());
        !stuck && error.is_passing() && self.download.may_repeat()
    }

    async fn attempt(&mut self) -> Result<(), DownloadError> {
        let part = self.identity.clone().filter(|_| self.sent > 0);
        let part = part.map(|identity| (self.sent..identity.length, identity));
        let Some((range, identity)) = &part else {
            let (mut response, begun) = self.ask(&self.download.request).await?;
            let head = response.head();
            self.accept(&mut response)?;
            self.send_head(&head).await?;
            return self.copy(response, begun, 0).await;
        };
        let request = answer::ask_for(&self.download.request, range, identity);
        let refused = match self.ask(&request).await {
            Ok((response, begun)) => match answer::check(&response, range, identity) {
                Ok(Piece::Part(_)) => return self.copy(response, begun, 0).await,
                // What was sent already is passed over.
                Ok(_) if answer::is_all_of(&response, identity) => {
                    return self.copy(response, begun, self.sent).await;
                }
                Ok(_) => DownloadError::changed(&self.url, "it has changed on the server"),
                Err(error) => error,
            },
            Err(error) => error,
        };
        let changed = refused.kind() == DownloadErrorKind::Changed;
        if changed || !refused.is_of_a_part() || (refused.is_passing() && !self.last_try) {
            return Err(refused);
        }
        let (response, begun) = self.ask(&self.download.request).await?;
        if !answer::is_all_of(&response, identity) {
            return Err(refused);
        }
        self.copy(response, begun, self.sent).await
    }

    async fn ask(&self, request: &Request) -> Result<(Response, Instant), DownloadError> {
        let begun = Instant::now();
        match self.client.send(request).await {
            Ok(response) => Ok((response, begun)),
            Err(error) => {
                self.tell_trip(begun, error.hops(), false, 0);
                Err(error.into())
            }
        }
    }

    /// An answer that is the whole.
    fn accept(&mut self, response: &mut Response) -> Result<(), DownloadError> {
        if !self.download.any_status {
            answer::check_status(response)?;
        }
        let length = response.body.length();
        if let (Some(length), Some(limit)) = (length, self.download.max_size)
            && length > limit
        {
            return Err(DownloadError::too_large(&self.url, limit));
        }
        self.watch.meter.set_length(length);
        let plain = self.download.is_plain();
        self.identity = plain.then(|| answer::identity(response, &self.url)).flatten();
        self.fetched = Some(Fetched::of(response));
        Ok(())
    }

    /// Sends the head of the first answer that counts, if it is to be seen.
    async fn send_head(&mut self, head: &[u8]) -> Result<(), DownloadError> {
        if !self.download.with_head || std::mem::replace(&mut self.head_sent, true) {
            return Ok(());
        }
        self.sink.write_all(head).await.map_err(|error| DownloadError::output(&error))
    }

    /// Sends what comes, but for the first `known` bytes.
    async fn copy(
        &mut self,
        mut response: Response,
        begun: Instant,
        known: u64,
    ) -> Result<(), DownloadError> {
        let before = self.sent;
        let done = self.drain(&mut response, known).await;
        self.tell_trip(begun, &response.hops, true, self.sent - before);
        done
    }

    async fn drain(
        &mut self,
        response: &mut Response,
        mut known: u64,
    ) -> Result<(), DownloadError> {
        while let Some(mut chunk) = response.body.chunk().await? {
            if let Some(rate) = &self.download.rate {
                rate.take(chunk.len()).await;
            }
            self.watch.meter.add_came(chunk.len() as u64);
            let passed = usize::try_from(known).unwrap_or(usize::MAX).min(chunk.len());
            known -= passed as u64;
            chunk.advance(passed);
            self.send(&chunk).await?;
        }
        match &self.identity {
            // The server may send less than was asked for.
            Some(identity) if self.sent < identity.length => {
                Err(DownloadError::no_parts(&self.url))
            }
            _ => Ok(()),
        }
    }

    async fn send(&mut self, chunk: &Bytes) -> Result<(), DownloadError> {
        let reached = self.sent.saturating_add(chunk.len() as u64);
        if let Some(limit) = self.download.max_size
            && reached > limit
        {
            return Err(DownloadError::too_large(&self.url, limit));
        }
        self.sink.write_all(chunk).await.map_err(|error| DownloadError::output(&error))?;
        if let Some(sum) = &mut self.sum {
            sum.update(chunk);
        }
        self.sent = reached;
        self.watch.meter.set_have(self.sent);
        Ok(())
    }

    fn tell_trip(&self, begun: Instant, hops: &[Hop], over: bool, bytes: u64) {
        let over = over.then(|| begun.elapsed());
        let begun = begun.saturating_duration_since(self.begun);
        (self.watch.tell)(News::Trip { begun, hops, over, bytes });
    }
}
