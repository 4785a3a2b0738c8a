//! A file that has the name already: whether it is the one that is asked for.
//!
//! It is where its sum says so. Without a sum, it is where it has the length and the time of the
//! server's, and else where each byte that comes is the one that is there already: a length alone
//! proves nothing.
//!
//! Nothing here writes.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use coax_net::aside;

use crate::download::{Download, DownloadError, Fetched};
use crate::response::Response;
use crate::validator::last_modified;
use crate::verify::{Sha256, sum_of};

/// A file that is there.
pub(super) struct There {
    path: PathBuf,
    length: u64,
    written: Option<SystemTime>,
}

impl There {
    /// The file at `path`; `None` where it is none.
    pub(super) fn at(path: &Path) -> Option<There> {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        let written = found.modified().ok();
        Some(There { path: path.to_owned(), length: found.len(), written })
    }

    /// Whether it was written after the server's was changed, as far as the server says.
    pub(super) fn is_as_new(&self, response: &Response) -> bool {
        match (last_modified(&response.headers), self.written) {
            (Some(changed), Some(written)) => written >= changed,
            _ => false,
        }
    }

    /// Whether it is what `response` brings, or what it `must` be.
    pub(super) async fn is_same(
        &self,
        download: &Download,
        response: &mut Response,
        must: Option<Sha256>,
    ) -> Result<bool, DownloadError> {
        let cannot = |error| DownloadError::unreadable(&self.path, &error);
        let file = File::open(&self.path).map_err(cannot)?;
        if let Some(must) = must {
            let length = self.length;
            let sum = aside(move || sum_of(&file, length)).await;
            let broken = || Err(io::Error::other("it cannot be summed up"));
            return Ok(sum.unwrap_or_else(broken).map_err(cannot)? == must);
        }
        if response.body.length().is_some_and(|length| length != self.length) {
            return Ok(false);
        }
        let dated = last_modified(&response.headers);
        if response.body.length().is_some() && dated.is_some() && dated == self.written {
            return Ok(true);
        }
        let (mut at, mut there) = (0, Vec::new());
        while let Some(chunk) = response.body.chunk().await? {
            if let Some(rate) = &download.rate {
                rate.take(chunk.len()).await;
            }
            there.resize(chunk.len(), 0);
            match file.read_exact_at(&mut there, at) {
                Ok(()) if there == chunk => at += chunk.len() as u64,
                Ok(()) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(cannot(error)),
            }
        }
        Ok(at == self.length)
    }

    /// What is reported of it.
    pub(super) fn fetched(self, fetched: Fetched, took: Duration) -> Fetched {
        let (file, length) = (Some(self.path), self.length);
        Fetched { file, length, resumed: length, was_there: true, took, ..fetched }
    }
}
