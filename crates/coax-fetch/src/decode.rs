//! Taking a body out of its codings: gzip, deflate, br, zstd (RFC 9110 §8.4.1), or several in a row.
//!
//! A little is taken in at a time, so a few bytes that stand for very many are given out piece by
//! piece, and their reader can stop. A coding that ends early is an error, like a body that does. One
//! that is not known is left as it is: servers write all kinds of things there.
//!
//! Nothing here knows where the bytes come from.

mod brotli;
#[cfg(test)]
mod foreign_tests;
mod gzip;
mod zstd;

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::{FetchErrorKind, Trouble};
use brotli::Brotli;
use gzip::Gzip;
use zstd::Zstd;

/// What is offered. zstd comes last, as what it stands for comes a window later.
pub(crate) const OFFERED: &str = "gzip, deflate, br, zstd;q=0.5";

/// Taken in at a time. One byte stands for 1,032 at most, so this gives half a megabyte.
const MOUTHFUL: usize = 512;

/// A piece that is given out has about this size, if there is so much.
const PIECE: usize = 64 << 10;

/// Codings in a row that are taken off: each may keep a window of some megabytes.
const MOST_CODINGS: usize = 4;

/// Codings in the middle of their work. The first is the one that was put on last.
#[derive(Debug)]
pub(crate) struct Decoder(Vec<Layer>);

#[derive(Debug)]
struct Layer {
    coding: Coding,
    taken: Bytes,
    begun: bool,
}

enum Coding {
    Gzip(Box<Gzip>),
    /// Not known which until the first bytes are there.
    Deflate(Option<Box<Decompress>>),
    /// Behind the end of a deflate.
    Ended,
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
}

/// What has to be done with a body.
#[derive(Debug)]
pub(crate) enum Decoding {
    /// Nothing: it is as it is.
    Plain,
    /// It comes in codings that are known.
    Coded(Decoder),
    /// It is said to be in a coding that is not known.
    Unknown(String),
}

impl Decoding {
    /// By what `headers` say.
    pub(crate) fn of(headers: &HeaderMap) -> Decoding {
        let values = headers.get_all(CONTENT_ENCODING).iter();
        let codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let codings = codings.map(|coding| coding.trim_ascii().to_ascii_lowercase());
        let codings: Vec<_> =
            codings.filter(|coding| !matches!(&coding[..], b"" | b"identity")).collect();
        if codings.is_empty() {
            return Decoding::Plain;
        }
        let known = codings.iter().rev().take(MOST_CODINGS).map_while(|name| Coding::of(name));
        let layers: Vec<_> = known.map(Layer::new).collect();
        if layers.len() < codings.len() {
            let names = codings.iter().take(MOST_CODINGS).map(|name| shown(name));
            return Decoding::Unknown(names.collect::<Vec<_>>().join(", "));
        }
        Decoding::Coded(Decoder(layers))
    }
}

impl Decoder {
    /// Takes the next bytes; all of those before must have been given out.
    pub(crate) fn feed(&mut self, bytes: Bytes) {
        if let Some(first) = self.0.first_mut() {
            first.feed(bytes);
        }
    }

    /// What they stand for, a piece at a time; `None` when more has to be fed.
    pub(crate) fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        piece(&mut self.0)
    }

    /// Everything was fed: an error if that is not all.
    pub(crate) fn finish(&self) -> Result<(), Trouble> {
        match self.0.iter().all(Layer::is_whole) {
            true => Ok(()),
            false => Err(cut_short()),
        }
    }
}

/// What the last of `layers` gives.
fn piece(layers: &mut [Layer]) -> Result<Option<Bytes>, Trouble> {
    let Some((last, before)) = layers.split_last_mut() else { return Ok(None) };
    loop {
        if let Some(piece) = last.piece()? {
            return Ok(Some(piece));
        }
        let Some(bytes) = piece(before)? else { return Ok(None) };
        last.feed(bytes);
    }
}

impl Layer {
    fn new(coding: Coding) -> Layer {
        Layer { coding, taken: Bytes::new(), begun: false }
    }

    fn feed(&mut self, bytes: Bytes) {
        self.begun |= !bytes.is_empty();
        self.taken = bytes;
    }

    fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        let mut out = Vec::new();
        while (!self.taken.is_empty() || self.coding.is_pending()) && out.len() < PIECE {
            let used = self.coding.take(&self.taken, &mut out)?;
            self.taken.advance(used);
        }
        Ok((!out.is_empty()).then(|| out.into()))
    }

    /// Nothing at all is whole as well: servers say so of empty pages.
    fn is_whole(&self) -> bool {
        !self.begun || self.coding.is_whole()
    }
}

impl Coding {
    fn of(name: &[u8]) -> Option<Coding> {
        match name {
            b"gzip" | b"x-gzip" => Some(Coding::Gzip(Box::default())),
            b"deflate" => Some(Coding::Deflate(None)),
            b"br" => Some(Coding::Brotli(Box::new(Brotli::new()))),
            b"zstd" => Some(Coding::Zstd(Box::new(Zstd::new()))),
            _ => None,
        }
    }

    /// Appends to `out` what `bytes` stand for, or some of them; how many of them were used.
    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Trouble> {
        let mouthful = &bytes[..bytes.len().min(MOUTHFUL)];
        match self {
            Coding::Gzip(gzip) => gzip.take(mouthful, out),
            Coding::Deflate(inner) => {
                let inner =
                    inner.get_or_insert_with(|| Box::new(Decompress::new(is_zlib(mouthful))));
                let (used, ended) =
                    inflate(inner, mouthful, out).ok_or_else(|| malformed("deflate"))?;
                if ended {
                    *self = Coding::Ended;
                }
                Ok(used)
            }
            Coding::Ended => Ok(bytes.len()),
            Coding::Brotli(brotli) => brotli.take(bytes, out),
            Coding::Zstd(zstd) => zstd.take(bytes, out),
        }
    }

    /// Whether more comes out without more going in.
    fn is_pending(&self) -> bool {
        match self {
            Coding::Gzip(_) | Coding::Deflate(_) | Coding::Ended => false,
            Coding::Brotli(brotli) => brotli.is_pending(),
            Coding::Zstd(zstd) => zstd.is_pending(),
        }
    }

    /// Whether it may end here.
    fn is_whole(&self) -> bool {
        match self {
            Coding::Gzip(gzip) => gzip.is_whole(),
            Coding::Deflate(inner) => inner.is_none(),
            Coding::Ended => true,
            Coding::Brotli(brotli) => brotli.is_whole(),
            Coding::Zstd(zstd) => zstd.is_whole(),
        }
    }
}

/// Appends to `out` what `bytes` stand for: how many of them were used, and whether that was the
/// end. `None` where they are malformed.
fn inflate(inner: &mut Decompress, bytes: &[u8], out: &mut Vec<u8>) -> Option<(usize, bool)> {
    let before = inner.total_in();
    let used =
        |inner: &Decompress| usize::try_from(inner.total_in() - before).unwrap_or(bytes.len());
    loop {
        out.reserve(PIECE);
        let rest = &bytes[used(inner)..];
        let status = inner.decompress_vec(rest, out, FlushDecompress::None);
        let used = used(inner);
        return match status {
            Ok(Status::StreamEnd) => Some((used, true)),
            // There may be more where this came from.
            Ok(_) if out.len() == out.capacity() => continue,
            Ok(_) => Some((used, false)),
            // No input is left, and nothing came of that.
            Err(_) if used == bytes.len() => Some((used, false)),
            Err(_) => None,
        };
    }
}

/// The RFC means zlib (RFC 1950 §2.2), and some servers send what is within it alone.
fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0
        }
        [first] => *first == 0x78,
        [] => true,
    }
}

fn shown(coding: &[u8]) -> String {
    coding[..coding.len().min(40)].escape_ascii().to_string()
}

fn malformed(coding: &str) -> Trouble {
    Trouble::protocol(format!("its body is not the {coding} it is said to be"))
}

fn cut_short() -> Trouble {
    Trouble::new(FetchErrorKind::CutShort, "cut short: its compressed body has no end")
}

impl std::fmt::Debug for Coding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Coding::Gzip(_) => "Gzip",
            Coding::Deflate(_) => "Deflate",
            Coding::Ended => "Ended",
            Coding::Brotli(_) => "Brotli",
            Coding::Zstd(_) => "Zstd",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    pub(super) fn encoded(coding: &str, plain: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            "zlib" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            _ => {
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    /// What comes out when `pieces` go in, and the largest piece that came.
    pub(super) fn decoded(
        name: &'static str,
        pieces: &[&[u8]],
    ) -> Result<(Vec<u8>, usize), String> {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, name.parse().unwrap())]);
        let Decoding::Coded(mut decoder) = Decoding::of(&headers) else { panic!("{name}") };
        let (mut all, mut largest) = (Vec::new(), 0);
        for piece in pieces {
            decoder.feed(Bytes::copy_from_slice(piece));
            while let Some(out) = decoder.piece().map_err(|it| it.why)? {
                largest = largest.max(out.len());
                all.extend_from_slice(&out);
            }
        }
        decoder.finish().map_err(|it| it.why)?;
        Ok((all, largest))
    }

    const CODINGS: [(&str, &str); 3] = [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "raw")];

    proptest! {
        #[test]
        fn what_was_coded_comes_out_however_it_is_cut(
            plain in proptest::collection::vec(any::<u8>(), 0..3000),
            repeat in 1_usize..40,
            cut in 1_usize..2000,
        ) {
            let plain = plain.repeat(repeat);
            for (name, coding) in CODINGS {
                let coded = encoded(coding, &plain);
                let pieces: Vec<_> = coded.chunks(cut.max(2)).collect();
                prop_assert_eq!(decoded(name, &pieces).map(|it| it.0), Ok(plain.clone()));
            }
        }
    }

    #[test]
    fn a_coding_that_is_cut_is_an_error_at_every_byte() {
        let plain: Vec<u8> = (0..200_u8).collect();
        for (name, coding) in CODINGS {
            let coded = encoded(coding, &plain);
            for end in 1..coded.len() {
                assert!(decoded(name, &[&coded[..end]]).is_err(), "{coding} {end}");
            }
        }
    }

    #[test]
    fn few_bytes_that_stand_for_many_come_in_pieces() {
        let coded = encoded("gzip", &vec![0; 16 << 20]);
        let (all, largest) = decoded("gzip", &[&coded]).unwrap();
        assert_eq!(all.len(), 16 << 20);
        assert!(largest < 1 << 20, "{largest}");
    }

    #[test]
    fn what_is_not_what_it_is_said_to_be_is_refused() {
        let gzip = "its body is not the gzip it is said to be";
        assert_eq!(decoded("gzip", &[b"plain text here"]), Err(gzip.to_owned()));
        let deflate = "its body is not the deflate it is said to be";
        assert_eq!(decoded("deflate", &[b"plain text here"]), Err(deflate.to_owned()));
        assert_eq!(decoded("gzip", &[]), Ok((Vec::new(), 0)));
    }

    #[test]
    fn what_stands_behind_a_gzip_is_another_or_padding() {
        let one = encoded("gzip", b"one");
        let two = [one.clone(), encoded("gzip", b" two")].concat();
        assert_eq!(decoded("gzip", &[&two]).unwrap().0, b"one two");
        let padded = [&one[..], &[0; 700]].concat();
        assert_eq!(decoded("gzip", &[&padded]).unwrap().0, b"one");
        let junk = [&one[..], b"junk"].concat();
        assert!(decoded("gzip", &[&junk]).is_err());
    }

    #[test]
    fn damage_is_told_from_an_end_that_comes_early() {
        let coded = encoded("gzip", &[7; 4000]);
        let mut damaged = coded.clone();
        let at = coded.len() - 6;
        damaged[at] ^= 1;
        let why = "its gzip body is damaged: its checksum does not fit";
        assert_eq!(decoded("gzip", &[&damaged]), Err(why.to_owned()));
        let cut = "cut short: its compressed body has no end";
        assert_eq!(decoded("gzip", &[&coded[..at]]), Err(cut.to_owned()));
    }

    #[test]
    fn a_coding_that_is_not_known_is_left() {
        let of = |values: &[&'static str]| {
            let each = values.iter().map(|value| (CONTENT_ENCODING, value.parse().unwrap()));
            let mut headers = HeaderMap::new();
            each.for_each(|(name, value)| {
                assert!(!headers.append(name, value) || values.len() > 1)
            });
            match Decoding::of(&headers) {
                Decoding::Plain => "plain".to_owned(),
                Decoding::Coded(_) => "coded".to_owned(),
                Decoding::Unknown(what) => what,
            }
        };
        for (values, found) in [
            (&["utf-8"][..], "utf-8"),
            (&["none"], "none"),
            (&["aws-chunked"], "aws-chunked"),
            (&["gzip, x"], "gzip, x"),
            (&["x, gzip"], "x, gzip"),
            (&["gzip, gzip", "br"], "coded"),
            (&["br, br, br, br, br"], "br, br, br, br"),
            (&["gzip", "x-gzip, zstd"], "coded"),
            (&["identity, GZIP"], "coded"),
            (&["", "identity"], "plain"),
            (&[], "plain"),
        ] {
            assert_eq!(of(values), found, "{values:?}");
        }
    }
}
