//! The files of the page, which are part of the program.
//!
//! Each has an ETag, so a browser that has it is told so, and a compressed form, which is made once.
//!
//! Nothing here knows who asks.

use std::io::Write;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, StatusCode};

use super::page::{Reply, reply};

/// Nothing but the files below, a WebSocket to this very server, and no way to make markup of text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($($name:literal: $kind:expr,)+) => {
        [$(($name, $kind, include_bytes!(concat!("../../web/", $name)).as_slice()),)+]
    };
}

/// Name, type, content.
const CONTENTS: [(&str, &str, &[u8]); 17] = files! {
    "index.html": HTML,
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "app.js": SCRIPT,
    "commands.js": SCRIPT,
    "compose.js": SCRIPT,
    "dialogs.js": SCRIPT,
    "heard.js": SCRIPT,
    "kept.js": SCRIPT,
    "link.js": SCRIPT,
    "log.js": SCRIPT,
    "message.js": SCRIPT,
    "model.js": SCRIPT,
    "room.js": SCRIPT,
    "scram.js": SCRIPT,
    "text.js": SCRIPT,
    "view.js": SCRIPT,
};

/// A file as it is sent.
pub(super) struct File {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    compressed: Bytes,
    tag: HeaderValue,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| CONTENTS.map(File::new).into());

impl File {
    /// The file at a path, which begins with a slash.
    pub(super) fn at(path: &str) -> Option<&'static File> {
        let name =
            path.strip_prefix('/').map(|name| if name.is_empty() { "index.html" } else { name });
        FILES.iter().find(|file| name == Some(file.name))
    }

    fn new((name, kind, content): (&'static str, &'static str, &'static [u8])) -> File {
        let hash = digest::digest(&digest::SHA256, content);
        let hash = data_encoding::HEXLOWER.encode(&hash.as_ref()[..12]);
        // Weak, because the compressed form has the same one. RFC 9110 §8.8.1.
        let tag = HeaderValue::try_from(format!("W/\"{hash}\"")).expect("hexadecimal digits");
        File { name, kind, content, compressed: compressed(content).into(), tag }
    }

    /// Answers a request with these headers.
    pub(super) fn answer(&self, asked: &HeaderMap) -> Reply {
        let fresh = has_word(asked, &header::IF_NONE_MATCH, |word| {
            word == "*" || word.as_bytes() == self.tag.as_bytes()
        });
        let zipped = !self.compressed.is_empty() && takes_gzip(asked);
        let (status, content) = match (fresh, zipped) {
            (true, _) => (StatusCode::NOT_MODIFIED, Bytes::new()),
            (false, true) => (StatusCode::OK, self.compressed.clone()),
            (false, false) => (StatusCode::OK, Bytes::from_static(self.content)),
        };
        let mut reply = reply(status, self.kind, content);
        let headers = reply.headers_mut();
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "accept-encoding"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::ETAG, self.tag.clone());
        if zipped && !fresh {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        reply
    }
}

/// Nothing where it does not become shorter.
fn compressed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(content).and_then(|()| encoder.finish());
    written.ok().filter(|short| short.len() < content.len()).unwrap_or_default()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    has_word(headers, &header::ACCEPT_ENCODING, |word| {
        let (coding, quality) = word.split_once(';').unwrap_or((word, ""));
        let refused =
            quality.trim().strip_prefix("q=").and_then(|it| it.parse::<f32>().ok()) == Some(0.0);
        coding.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Whether one of the words between commas is meant.
pub(super) fn has_word(
    headers: &HeaderMap,
    name: &header::HeaderName,
    is_meant: impl Fn(&str) -> bool,
) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| is_meant(word.trim()))
}

#[cfg(test)]
mod tests {
    use super::File;
    use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, HeaderName, IF_NONE_MATCH};
    use hyper::{HeaderMap, StatusCode, body::Body};

    fn asked(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_file_is_short_for_those_who_can_read_it_and_nothing_for_those_who_have_it() {
        let file = File::at("/app.js").unwrap();
        let whole = file.answer(&HeaderMap::new());
        let tag = whole.headers()[ETAG].to_str().unwrap().to_owned();
        assert!(!whole.headers().contains_key(CONTENT_ENCODING));
        let short = file.answer(&asked(ACCEPT_ENCODING, "br, gzip;q=0.8"));
        assert_eq!(short.headers()[CONTENT_ENCODING], "gzip");
        assert!(short.body().size_hint().lower() < whole.body().size_hint().lower() / 2);
        let refused = file.answer(&asked(ACCEPT_ENCODING, "gzip;q=0"));
        assert!(!refused.headers().contains_key(CONTENT_ENCODING));
        let same = file.answer(&asked(IF_NONE_MATCH, &format!("\"x\", {tag}")));
        assert_eq!((same.status(), same.body().size_hint().lower()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(same.headers()[ETAG], tag.as_str());
        assert!(
            File::at("/").is_some() && File::at("").is_none() && File::at("/../app.js").is_none()
        );
    }
}
