//! What is made of a download's end: files that were there, the server's time, and what to type.
//!
//! Nothing here asks a server.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use coax_fetch::http::{HeaderMap, StatusCode, Version};
use coax_fetch::{DownloadError, DownloadErrorKind, Fetched};

use super::plan::{Goal, Plan};
use crate::failure::Failure;
use crate::trust::SHOW_CERTIFICATE;

type Done = Result<Fetched, DownloadError>;

impl Plan {
    /// A file that is there and is not to be asked for.
    pub(super) fn skipped(&self, goal: &Goal) -> Option<Fetched> {
        if self.files.skip_existing { there(goal) } else { None }
    }

    /// What the end of a download into a file means.
    pub(super) fn finish(&self, goal: &Goal, done: Done) -> Done {
        let not_newer = |error: &DownloadError| {
            self.files.if_newer
                && error.kind() == DownloadErrorKind::Status(StatusCode::NOT_MODIFIED)
        };
        let fetched = match done {
            Err(error) if not_newer(&error) => return there(goal).ok_or(error),
            done => done?,
        };
        if let (Some(path), Some(time), false) =
            (&fetched.file, fetched.last_modified(), fetched.was_there)
            && self.files.remote_time
        {
            set_time(path, time).map_err(|error| DownloadError::disk(path, &error))?;
        }
        Ok(fetched)
    }

    /// With something to type, where something helps.
    pub(super) fn failure(&self, error: &DownloadError) -> Failure {
        let failure = Failure::from(error);
        if error.certificate_wanted() {
            return failure.hint(SHOW_CERTIFICATE);
        }
        match error.kind() {
            DownloadErrorKind::Exists => {
                failure.hint("--replace, --skip-existing, or -o with another name")
            }
            DownloadErrorKind::Status(StatusCode::UNAUTHORIZED) => match &self.no_netrc {
                Some(why) => failure.hint(format!("--user NAME:PASSWORD says who asks; {why}")),
                None => failure.hint("--user NAME:PASSWORD says who asks"),
            },
            _ => failure,
        }
    }
}

fn set_time(path: &Path, time: SystemTime) -> std::io::Result<()> {
    File::options().write(true).open(path)?.set_modified(time)
}

fn there(goal: &Goal) -> Option<Fetched> {
    let (path, length) = goal.existing()?;
    let (status, version) = (StatusCode::NOT_MODIFIED, Version::HTTP_11);
    Some(Fetched {
        url: goal.url.clone(),
        status,
        version,
        headers: HeaderMap::new(),
        file: Some(path),
        length,
        resumed: length,
        was_there: true,
        other_names: 0,
        coding: None,
        connections: 0,
        sha256: None,
        took: Duration::ZERO,
    })
}
