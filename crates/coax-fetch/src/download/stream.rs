//! Bringing a URL to a stream, where nothing that was sent can be taken back.
//!
//! A connection that breaks is followed by another that goes on behind the last byte sent, where
//! the server proves that it is still the same file. Where it does not, the error says how much
//! came.
//!
//! Nothing here knows what reads the stream.

use bytes::Bytes;
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
        let begun = Instant::now();
        let part = self.identity.clone().filter(|_| self.sent > 0);
        let part = part.map(|identity| (self.sent..identity.length, identity));
        let request = part
            .as_ref()
            .map(|(range, identity)| answer::ask_for(&self.download.request, range, identity));
        let sent = self.client.send(request.as_ref().unwrap_or(&self.download.request)).await;
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => {
                self.tell_trip(begun, error.hops(), false, 0);
                return Err(error.into());
            }
        };
        match &part {
            None => {
                let head = response.head();
                self.accept(&mut response)?;
                self.send_head(&head).await?;
            }
            Some((range, identity)) => match answer::check(&response, range, identity)? {
                Piece::Part(_) => {}
                _ => {
                    let what = "it has changed on the server";
                    return Err(DownloadError::changed(&self.url, what));
                }
            },
        }
        let before = self.sent;
        let done = self.copy(&mut response).await;
        self.tell_trip(begun, &response.hops, true, self.sent - before);
        done
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

    async fn copy(&mut self, response: &mut Response) -> Result<(), DownloadError> {
        while let Some(chunk) = response.body.chunk().await? {
            if let Some(rate) = &self.download.rate {
                rate.take(chunk.len()).await;
            }
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
