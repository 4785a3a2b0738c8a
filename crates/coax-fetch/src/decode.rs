//! Taking a body out of gzip or deflate (RFC 9110 §8.4.1).
//!
//! A little is taken in at a time, so a few bytes that stand for very many are given out piece by
//! piece, and their reader can stop. A coding that ends early is an error, like a body that does.
//!
//! Nothing here knows where the bytes come from.

use std::io::Write;

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::{FetchErrorKind, Trouble};

/// Taken in at a time. One byte stands for 1,032 at most, so this gives half a megabyte.
const MOUTHFUL: usize = 512;

/// A piece that is given out has about this size, if there is so much.
const PIECE: usize = 64 << 10;

/// A coding in the middle of its work.
#[derive(Debug)]
pub(crate) struct Decoder {
    coding: Coding,
    taken: Bytes,
    begun: bool,
}

enum Coding {
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// Not known which until the first bytes are there.
    Deflate(Option<Box<Decompress>>),
    /// Behind the end.
    Ended,
}

impl Decoder {
    /// The decoder for what `headers` say, if it is one that was offered. None for no coding.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Decoder>, Trouble> {
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let (Some(coding), None) = (codings.next(), codings.next()) else {
            return match headers.contains_key(CONTENT_ENCODING) {
                true => Err(unknown("several codings in a row")),
                false => Ok(None),
            };
        };
        let coding = coding.as_bytes().trim_ascii().to_ascii_lowercase();
        let coding = match coding.as_slice() {
            b"" | b"identity" => return Ok(None),
            b"gzip" | b"x-gzip" => Coding::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            b"deflate" => Coding::Deflate(None),
            other => return Err(unknown(&other[..other.len().min(40)].escape_ascii().to_string())),
        };
        Ok(Some(Decoder { coding, taken: Bytes::new(), begun: false }))
    }

    /// Takes the next bytes; all of those before must have been given out.
    pub(crate) fn feed(&mut self, bytes: Bytes) {
        self.begun |= !bytes.is_empty();
        self.taken = bytes;
    }

    /// What they stand for, a piece at a time; `None` when more has to be fed.
    pub(crate) fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        let mut out = Vec::new();
        while !self.taken.is_empty() && out.len() < PIECE {
            let mouthful = self.taken.len().min(MOUTHFUL);
            let used = self.coding.take(&self.taken[..mouthful], &mut out)?;
            self.taken.advance(used);
        }
        Ok((!out.is_empty()).then(|| out.into()))
    }

    /// Everything was fed: what is left, or that it is not all.
    pub(crate) fn finish(&mut self) -> Result<Option<Bytes>, Trouble> {
        match std::mem::replace(&mut self.coding, Coding::Ended) {
            // Nothing at all: servers say so of empty pages.
            _ if !self.begun => Ok(None),
            Coding::Gzip(gzip) => match gzip.finish() {
                Ok(rest) => Ok((!rest.is_empty()).then(|| rest.into())),
                Err(_) => Err(cut_short()),
            },
            Coding::Deflate(Some(_)) => Err(cut_short()),
            Coding::Deflate(None) | Coding::Ended => Ok(None),
        }
    }
}

impl Coding {
    /// Appends to `out` what `bytes` stand for; how many of them were used.
    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Trouble> {
        match self {
            Coding::Gzip(gzip) => {
                let used = gzip.write(bytes).map_err(|_| malformed("gzip"))?;
                out.append(gzip.get_mut());
                Ok(used)
            }
            Coding::Deflate(inner) => {
                let inner = inner.get_or_insert_with(|| Box::new(Decompress::new(is_zlib(bytes))));
                let before = inner.total_in();
                let used = |inner: &Decompress| {
                    usize::try_from(inner.total_in() - before).unwrap_or(bytes.len())
                };
                loop {
                    out.reserve(PIECE);
                    let rest = &bytes[used(inner)..];
                    let status = inner.decompress_vec(rest, out, FlushDecompress::None);
                    let used = used(inner);
                    match status {
                        Ok(Status::StreamEnd) => *self = Coding::Ended,
                        // There may be more where this came from.
                        Ok(_) if out.len() == out.capacity() => continue,
                        Ok(_) => {}
                        // No input is left, and nothing came of that.
                        Err(_) if used == bytes.len() => {}
                        Err(_) => return Err(malformed("deflate")),
                    }
                    return Ok(used);
                }
            }
            Coding::Ended => Ok(bytes.len()),
        }
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

fn unknown(coding: &str) -> Trouble {
    Trouble::protocol(format!("its body has a coding that was not asked for: {coding}"))
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
        })
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn encoded(coding: &str, plain: &[u8]) -> Vec<u8> {
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
    fn decoded(name: &'static str, pieces: &[&[u8]]) -> Result<(Vec<u8>, usize), String> {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, name.parse().unwrap())]);
        let mut decoder = Decoder::of(&headers).map_err(|it| it.why)?.unwrap();
        let (mut all, mut largest) = (Vec::new(), 0);
        for piece in pieces {
            decoder.feed(Bytes::copy_from_slice(piece));
            while let Some(out) = decoder.piece().map_err(|it| it.why)? {
                largest = largest.max(out.len());
                all.extend_from_slice(&out);
            }
        }
        all.extend_from_slice(&decoder.finish().map_err(|it| it.why)?.unwrap_or_default());
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
        let br = "its body has a coding that was not asked for: br";
        assert_eq!(decoded("br", &[]), Err(br.to_owned()));
        assert_eq!(decoded("gzip", &[]), Ok((Vec::new(), 0)));
    }
}
