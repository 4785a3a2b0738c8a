//! br and zstd against what their own programs write, and against what those would never write.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HeaderValue};
use proptest::prelude::*;
use testkit::{Program, peer_or_skip};

use super::Decoding;
use super::tests::{decoded, encoded};

const BROTLI: &str = "its body is not the brotli it is said to be";
const ZSTD: &str = "its body is not the zstd it is said to be";

/// What the program of that name makes of `plain`.
fn made(tool: &str, args: &[&str], plain: &[u8]) -> Option<Vec<u8>> {
    let program = Program::new(peer_or_skip(tool)?).arg("-c").args(args);
    Some(program.run_with(plain).exits(0).stdout)
}

/// Words that repeat near and far, and noise between them.
fn page(size: usize) -> Vec<u8> {
    let words = ["a page ", "of words ", "and more\n", "\0\0\0\0\0\0\0\0"];
    let (mut page, mut state) = (Vec::with_capacity(size + 64), 1_u64);
    while page.len() < size {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let [.., low, high] = state.to_le_bytes();
        page.extend_from_slice(words[usize::from(high >> 6)].as_bytes());
        if low < 32 {
            page.extend_from_slice(&state.to_le_bytes());
        }
    }
    page.truncate(size);
    page
}

#[test]
fn what_the_tools_write_is_read_at_every_level() {
    for size in [0, 1, 300, 5000, 128 << 10, 3 << 20] {
        let plain = page(size);
        for (coding, tool, level) in [
            ("br", "brotli", "-1"),
            ("br", "brotli", "-5"),
            ("br", "brotli", "-9"),
            ("zstd", "zstd", "--fast=5"),
            ("zstd", "zstd", "-3"),
            ("zstd", "zstd", "-15"),
        ] {
            let Some(coded) = made(tool, &[level], &plain) else { return };
            let pieces: Vec<_> = coded.chunks(1 + size / 7).collect();
            let (all, largest) = decoded(coding, &pieces).unwrap();
            assert!(all == plain, "{tool} {level} {size}: {}", all.len());
            assert!(largest <= 64 << 10, "{tool} {level} {largest}");
        }
    }
}

#[test]
fn what_is_cut_is_an_error_at_every_byte() {
    let plain = page(2000);
    for (coding, tool) in [("br", "brotli"), ("zstd", "zstd")] {
        let Some(coded) = made(tool, &[], &plain) else { return };
        for end in 1..coded.len() {
            let cut = "cut short: its compressed body has no end";
            assert_eq!(decoded(coding, &[&coded[..end]]), Err(cut.to_owned()), "{coding} {end}");
        }
        assert_eq!(decoded(coding, &[]), Ok((Vec::new(), 0)));
        let junk = [&coded[..], b"junk behind"].concat();
        assert!(decoded(coding, &[&junk]).is_err(), "{coding}");
    }
    assert_eq!(decoded("br", &[b"plain text here"]), Err(BROTLI.to_owned()));
    assert_eq!(decoded("zstd", &[b"plain text here"]), Err(ZSTD.to_owned()));
}

#[test]
fn few_bytes_that_stand_for_many_come_in_pieces() {
    let plain = vec![0; 32 << 20];
    for (coding, tool) in [("br", "brotli"), ("zstd", "zstd")] {
        let Some(coded) = made(tool, &["-3"], &plain) else { return };
        let (all, largest) = decoded(coding, &[&coded]).unwrap();
        assert_eq!((all.len(), largest), (plain.len(), 64 << 10), "{coding}");
    }
}

#[test]
fn frames_of_zstd_in_a_row_are_one_body() {
    let Some(one) = made("zstd", &[], b"one") else { return };
    let Some(two) = made("zstd", &["--no-check"], b" two") else { return };
    let skipped = *b"\x5e\x2a\x4d\x18\x03\0\0\0abc";
    let all = [&skipped[..], &one, &skipped, &two, b"\x50\x2a\x4d\x18\0\0\0\0"].concat();
    for cut in [1, 2, 5, all.len()] {
        let pieces: Vec<_> = all.chunks(cut).collect();
        assert_eq!(decoded("zstd", &pieces).map(|it| it.0), Ok(b"one two".to_vec()), "{cut}");
    }
}

#[test]
fn what_was_flushed_comes_before_more_is_sent() {
    let of = |name: &'static str| {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(name))]);
        let Decoding::Coded(decoder) = Decoding::of(&headers) else { panic!("{name}") };
        decoder
    };
    // A window of 64 KiB and six bytes that are not packed, without an end.
    let mut brotli = of("br");
    brotli.feed(Bytes::from_static(b"\x50\0\x10abcdef"));
    assert_eq!(brotli.piece().unwrap(), Some(Bytes::from_static(b"abcdef")));
    assert!(brotli.finish().is_err());
    brotli.feed(Bytes::from_static(b"\x03"));
    assert_eq!((brotli.piece(), brotli.finish()), (Ok(None), Ok(())));
    let Some(frame) = made("zstd", &[], b"abcdef") else { return };
    let mut zstd = of("zstd");
    zstd.feed(frame.into());
    assert_eq!(zstd.piece().unwrap(), Some(Bytes::from_static(b"abcdef")));
    assert_eq!((zstd.piece(), zstd.finish()), (Ok(None), Ok(())));
}

#[test]
fn what_a_frame_of_zstd_promises_is_checked() {
    let zstd = |frame: &[u8]| decoded("zstd", &[frame]).map(|it| it.0);
    let Some(mut summed) = made("zstd", &["--check"], &page(300)) else { return };
    let last = summed.len() - 1;
    summed[last] ^= 1;
    assert_eq!(
        zstd(&summed),
        Err("its zstd body is damaged: its checksum does not fit".to_owned())
    );
    let raw = |descriptor: u8, length: u8| {
        [&[0x28, 0xb5, 0x2f, 0xfd, descriptor, length][..], &[25, 0, 0], b"abc"].concat()
    };
    assert_eq!(zstd(&raw(0x20, 3)), Ok(b"abc".to_vec()));
    assert_eq!(zstd(&raw(0x20, 4)), Err(ZSTD.to_owned()), "a length that is not so");
    assert_eq!(zstd(&raw(0x28, 3)), Err(ZSTD.to_owned()), "a bit without a meaning");
    let dictionary = "its zstd body needs a dictionary, and none was agreed on";
    assert_eq!(zstd(b"\x28\xb5\x2f\xfd\x21\x07\x03\x19\0\0abc"), Err(dictionary.to_owned()));
}

#[test]
fn a_window_that_takes_too_much_memory_is_refused() {
    let plain = page(4000);
    // Their length is not known to them, so they ask for all that they may use.
    let Some(most) = made("zstd", &["--long=23"], &plain) else { return };
    assert_eq!(decoded("zstd", &[&most]).map(|it| it.0), Ok(plain.clone()));
    let Some(more) = made("zstd", &["--long=24"], &plain) else { return };
    let why = "its zstd body needs a window of 16777216 bytes, and 8388608 are allowed";
    assert_eq!(decoded("zstd", &[&more]), Err(why.to_owned()));
    let Some(large) = made("brotli", &["--large_window=26"], &plain) else { return };
    assert_eq!(decoded("br", &[&large]), Err(BROTLI.to_owned()));
}

#[test]
fn several_codings_come_off_in_turn() {
    let plain = page(100_000);
    let gzip = encoded("gzip", &plain);
    let Some(both) = made("brotli", &[], &gzip) else { return };
    let Some(all) = made("zstd", &[], &both) else { return };
    for (name, coded) in [("gzip, br", &both), ("x-gzip, identity, BR, zstd", &all)] {
        for cut in [100, 7000, coded.len()] {
            let pieces: Vec<_> = coded.chunks(cut).collect();
            assert_eq!(decoded(name, &pieces).map(|it| it.0), Ok(plain.clone()), "{name}");
        }
        assert!(decoded(name, &[&coded[..coded.len() - 9]]).is_err());
    }
    // What is within is cut, though what is around it is whole.
    let Some(cut) = made("brotli", &[], &gzip[..gzip.len() - 9]) else { return };
    assert!(decoded("gzip, br", &[&cut]).unwrap_err().starts_with("cut short"));
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..4000),
        head in any::<bool>(),
        cut in 1_usize..500,
    ) {
        let pieces: Vec<_> = bytes.chunks(cut).collect();
        let _ = decoded("br", &pieces);
        let _ = decoded("gzip, br, deflate", &pieces);
        // A frame with a block, so that more than its head is looked at.
        if head && bytes.len() > 10 {
            let size = (bytes.len() - 9) << 3 | 5;
            bytes[..6].copy_from_slice(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0x50]);
            bytes[6..9].copy_from_slice(&size.to_le_bytes()[..3]);
        }
        let pieces: Vec<_> = bytes.chunks(cut).collect();
        let _ = decoded("zstd", &pieces);
    }
}

/// Most of what is damaged is still close to what is right.
#[test]
fn what_is_damaged_anywhere_ends_without_a_panic() {
    let plain = page(3000);
    for (coding, tool, level) in
        [("br", "brotli", "-9"), ("zstd", "zstd", "-1"), ("zstd", "zstd", "-19")]
    {
        let Some(coded) = made(tool, &[level], &plain) else { return };
        for at in 0..coded.len() {
            for flip in [1, 0x10, 0x80, 0xff] {
                let mut damaged = coded.clone();
                damaged[at] ^= flip;
                let _ = decoded(coding, &[&damaged]);
            }
        }
    }
}
