//! What an answer says about the file it is a part of, and whether it can be believed.
//!
//! A part is joined to others only where status, position, length and validator all fit. An answer
//! that contradicts itself is an error; one that is of another state of the file says so.
//!
//! Nothing here reads a body.

use std::ops::Range;

use http::header::{ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, HeaderValue, IF_RANGE, RANGE};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crate::download::DownloadError;
use crate::part::state::Identity;
use crate::pause::retry_after;
use crate::ranges::ContentRange;
use crate::request::Request;
use crate::response::Response;
use crate::validator::Validator;

/// What was answered to a request for a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// These bytes.
    Part(Range<u64>),
    /// The whole file, as it was.
    Whole,
    /// The whole file, but another than before.
    Another,
}

/// A request for these bytes, of the file as it was.
pub(super) fn ask_for(request: &Request, range: &Range<u64>, identity: &Identity) -> Request {
    let mut request = request.clone();
    let last = match range.end >= identity.length {
        true => String::new(),
        false => (range.end - 1).to_string(),
    };
    let range = HeaderValue::try_from(format!("bytes={}-{last}", range.start));
    let validator = HeaderValue::from_str(identity.validator.text());
    if let (Ok(range), Ok(validator)) = (range, validator) {
        request.headers.insert(RANGE, range);
        request.headers.insert(IF_RANGE, validator);
    }
    // Bytes of an encoded answer are not bytes of the file.
    request.decode = false;
    request
}

/// What the file is, where the server offers to go on with it.
pub(super) fn identity(response: &Response, url: &str) -> Option<Identity> {
    let headers = &response.headers;
    let ranges = headers.get(ACCEPT_RANGES).is_some_and(|it| it.as_bytes() == b"bytes");
    let plain = response.status == StatusCode::OK && !is_encoded(headers) && ranges;
    let (length, validator) = (response.body.length()?, Validator::of(headers)?);
    (plain && length > 0).then(|| Identity { url: url.to_owned(), validator, length })
}

/// Whether the body is not the file itself.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Refuses an answer that is not what was asked for.
pub(super) fn check_status(response: &Response) -> Result<(), DownloadError> {
    if response.status.is_success() {
        return Ok(());
    }
    let after = retry_after(&response.headers, Timestamp::now());
    let error = DownloadError::status(response.url.as_str(), response.status, after);
    // Some servers ask for a certificate in TLS and refuse in HTTP.
    let wanted = response.hops.last().is_some_and(|hop| hop.certificate_wanted);
    Err(if wanted && response.status.is_client_error() {
        error.wanting_certificate()
    } else {
        error
    })
}

/// Whether it is all of the file `identity`, proved by its validator.
pub(super) fn is_all_of(response: &Response, identity: &Identity) -> bool {
    let plain = response.status == StatusCode::OK && !is_encoded(&response.headers);
    let same = Validator::of(&response.headers).is_some_and(|it| it == identity.validator);
    plain && same && response.body.length() == Some(identity.length)
}

/// What was answered to a request for `asked` of the file `identity`.
pub(super) fn check(
    response: &Response,
    asked: &Range<u64>,
    identity: &Identity,
) -> Result<Piece, DownloadError> {
    let url = response.url.as_str();
    let denied = identity.validator.is_denied_by(&response.headers);
    match response.status {
        StatusCode::OK => {
            let same = response.body.length().is_none_or(|it| it == identity.length);
            return Ok(if same && !denied { Piece::Whole } else { Piece::Another });
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            return Err(DownloadError::changed(url, "the server has no such part of it any more"));
        }
        StatusCode::PARTIAL_CONTENT => {}
        status => {
            check_status(response)?;
            let what = format!("it answers {} to a request for a part", status.as_u16());
            return Err(DownloadError::lie(url, &what));
        }
    }
    if denied || is_encoded(&response.headers) {
        return Err(DownloadError::changed(url, "it has changed on the server"));
    }
    let said = response.headers.get(CONTENT_RANGE).and_then(|it| it.to_str().ok());
    part(said, response.body.length(), asked, identity)
        .map_err(|wrong| wrong.about(url))
        .map(Piece::Part)
}

/// What does not fit.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    Lie(String),
    Changed(&'static str),
}

impl Wrong {
    fn about(self, url: &str) -> DownloadError {
        match self {
            Wrong::Lie(what) => DownloadError::lie(url, &what),
            Wrong::Changed(what) => DownloadError::changed(url, what),
        }
    }
}

/// Which of the bytes asked for a part has, by its `Content-Range` and its length.
fn part(
    said: Option<&str>,
    length: Option<u64>,
    asked: &Range<u64>,
    identity: &Identity,
) -> Result<Range<u64>, Wrong> {
    let read = said.and_then(ContentRange::parse);
    let Some(ContentRange { range: Some(range), total }) = read else {
        return Err(Wrong::Lie("it sends a part and does not say which".to_owned()));
    };
    if total.is_some_and(|total| total != identity.length) {
        return Err(Wrong::Changed("it has another length than before"));
    }
    if range.start != asked.start || range.end > identity.length {
        let (first, last) = (range.start, range.end - 1);
        let what = format!("asked for bytes from {} on it sends {first} to {last}", asked.start);
        return Err(Wrong::Lie(what));
    }
    if length.is_some_and(|length| length != range.end - range.start) {
        return Err(Wrong::Lie("a part has not the length that it says".to_owned()));
    }
    Ok(range.start..range.end.min(asked.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_counts_only_where_all_fits() {
        let identity =
            Identity { url: String::new(), validator: Validator::Tag("\"a\"".into()), length: 100 };
        let asked = |said: &str, length| part(Some(said), length, &(10..50), &identity);
        assert_eq!(asked("bytes 10-49/100", Some(40)), Ok(10..50));
        assert_eq!(asked("bytes 10-49/*", None), Ok(10..50));
        assert_eq!(asked("bytes 10-29/100", Some(20)), Ok(10..30), "less is no lie");
        assert_eq!(asked("bytes 10-99/100", Some(90)), Ok(10..50), "more is left out");
        assert!(matches!(asked("bytes 10-49/200", Some(40)), Err(Wrong::Changed(_))));
        for (said, length) in [
            ("bytes 0-49/100", Some(50)),
            ("bytes 11-49/100", Some(39)),
            ("bytes 10-49/100", Some(41)),
            ("bytes 10-100/*", None),
            ("bytes */100", None),
            ("nonsense", None),
        ] {
            assert!(matches!(asked(said, length), Err(Wrong::Lie(_))), "{said}");
        }
        assert!(matches!(part(None, None, &(10..50), &identity), Err(Wrong::Lie(_))));
    }
}
