//! What is true of every first bytes that a stranger may send.
//!
//! Pieces that mean something are mixed with bytes that mean nothing, long and short, cut anywhere.

use coax_chat::gate::{ProxyHeader, protocol};
use proptest::prelude::*;

/// More than is ever looked at: a first line, after as many empty ones.
const ENOUGH: usize = 2 * 2048;

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        b"GET / HTTP/1.1".as_slice(),
        b"HTTP/1.1",
        b"CAP LS",
        b"NICK ada",
        b"hello",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
        b"PROXY UNKNOWN",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
        b"\x16\x03\x01\x02\0\x01",
        b"\r\n",
        b"\n",
        b" ",
    ]);
    prop_oneof![
        4 => known.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (any::<u8>(), 100_usize..3000).prop_map(|(byte, count)| vec![byte; count]),
        1 => (1_usize..2100).prop_map(|count| vec![b'\n'; count]),
    ]
}

proptest! {
    #[test]
    fn what_was_told_stays_so(pieces in prop::collection::vec(piece(), 0..6), cut in 0.0..1.0_f64) {
        let bytes = pieces.concat();
        let early = &bytes[..(bytes.len() as f64 * cut) as usize];
        let told = protocol(&bytes, false);
        if let Some(early) = protocol(early, false) {
            prop_assert_eq!(told, Some(early));
        }
        if told.is_some() {
            prop_assert_eq!(protocol(&bytes, true), told, "a pause does not change it");
        }
        prop_assert!(told.is_some() || bytes.len() < ENOUGH);
    }

    #[test]
    fn a_proxy_header_is_read_once_and_never_past_its_end(
        pieces in prop::collection::vec(piece(), 0..4),
        cut in 0.0..1.0_f64,
    ) {
        let bytes = pieces.concat();
        let early = ProxyHeader::read(&bytes[..(bytes.len() as f64 * cut) as usize]);
        let whole = ProxyHeader::read(&bytes);
        match early {
            Err(_) => prop_assert!(whole.is_err(), "what is refused stays refused"),
            Ok(Some(header)) => prop_assert_eq!(whole, Ok(Some(header))),
            Ok(None) => if let Ok(Some(header)) = whole {
                prop_assert!(header.length <= bytes.len());
            },
        }
    }
}
