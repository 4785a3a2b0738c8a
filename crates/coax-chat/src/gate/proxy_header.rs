//! The PROXY protocol: a load balancer says whom it brings, in the first bytes of the connection.
//!
//! Versions 1 (a line of text) and 2 (binary), as in "The PROXY protocol", sections 2.1 and 2.2. A
//! header is either whole and right or refused; lengths are checked before anything is believed.
//!
//! Who may send one is not decided here: anyone could write such a header, so only the addresses in
//! the configuration are asked for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, its end included (section 2.1).
const LONGEST_LINE: usize = 107;
const HEAD: usize = 16;
/// More than any balancer sends: addresses and a few extensions.
const LONGEST_EXTENSION: usize = 2048;

/// What a header said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyHeader {
    /// The caller behind the proxy; `None` where the proxy speaks for itself, or does not know.
    pub source: Option<SocketAddr>,
    /// Bytes that the header takes; the caller's own follow.
    pub length: usize,
}

/// Why what came is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAHeader;

impl ProxyHeader {
    /// Reads a header from the first bytes, `None` where more must come.
    ///
    /// # Errors
    ///
    /// [`NotAHeader`] as soon as the bytes cannot become one.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, NotAHeader> {
        let beginning = bytes.len().min(SIGNATURE.len());
        match bytes[..beginning] == SIGNATURE[..beginning] {
            true => binary(bytes),
            false => text(bytes),
        }
    }
}

/// `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n`
fn text(bytes: &[u8]) -> Result<Option<ProxyHeader>, NotAHeader> {
    let window = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        let beginning = window.len().min(b"PROXY ".len());
        let possible = window[..beginning] == b"PROXY "[..beginning] && window.len() < LONGEST_LINE;
        return if possible { Ok(None) } else { Err(NotAHeader) };
    };
    let line = std::str::from_utf8(&bytes[..end]).map_err(|_| NotAHeader)?;
    let words = line.split(' ').collect::<Vec<_>>();
    let source = match words[..] {
        ["PROXY", "UNKNOWN", ..] => None,
        ["PROXY", family @ ("TCP4" | "TCP6"), source, destination, from, to] => {
            Some(pair(family == "TCP4", [source, destination], [from, to])?)
        }
        _ => return Err(NotAHeader),
    };
    Ok(Some(ProxyHeader { source, length: end + 2 }))
}

fn pair(v4: bool, addresses: [&str; 2], ports: [&str; 2]) -> Result<SocketAddr, NotAHeader> {
    let mut read = addresses.into_iter().zip(ports).map(|(address, port)| {
        let address = address.parse::<IpAddr>().ok().filter(|address| address.is_ipv4() == v4)?;
        Some(SocketAddr::new(address, port.parse().ok()?))
    });
    let source = read.next().flatten().ok_or(NotAHeader)?;
    read.next().flatten().ok_or(NotAHeader)?;
    Ok(source)
}

fn binary(bytes: &[u8]) -> Result<Option<ProxyHeader>, NotAHeader> {
    let Some(head) = bytes.first_chunk::<HEAD>() else { return Ok(None) };
    let [.., version, family, high, low] = *head;
    let extra = usize::from(u16::from_be_bytes([high, low]));
    if version >> 4 != 2 || extra > LONGEST_EXTENSION {
        return Err(NotAHeader);
    }
    let Some(block) = bytes.get(HEAD..HEAD + extra) else { return Ok(None) };
    let source = match (version & 0xf, family) {
        (0, _) => None,
        (1, 0x11) => Some(v4(block).ok_or(NotAHeader)?),
        (1, 0x21) => Some(v6(block).ok_or(NotAHeader)?),
        (1, _) => None,
        _ => return Err(NotAHeader),
    };
    Ok(Some(ProxyHeader { source, length: HEAD + extra }))
}

fn v4(block: &[u8]) -> Option<SocketAddr> {
    let block = block.first_chunk::<12>()?;
    let address = block.first_chunk::<4>()?;
    Some(SocketAddr::new(Ipv4Addr::from(*address).into(), u16::from_be_bytes([block[8], block[9]])))
}

fn v6(block: &[u8]) -> Option<SocketAddr> {
    let block = block.first_chunk::<36>()?;
    let address = block.first_chunk::<16>()?;
    Some(SocketAddr::new(
        Ipv6Addr::from(*address).into(),
        u16::from_be_bytes([block[32], block[33]]),
    ))
}

#[cfg(test)]
mod tests {
    use super::{HEAD, NotAHeader, ProxyHeader, SIGNATURE};

    fn binary(version: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).expect("a short block");
        [SIGNATURE.as_slice(), &[version, family], &length.to_be_bytes(), block].concat()
    }

    fn source(bytes: &[u8]) -> Option<String> {
        let header = ProxyHeader::read(bytes).expect("a header").expect("a whole one");
        assert_eq!(header.length, bytes.len(), "all of it is the header");
        header.source.map(|source| source.to_string())
    }

    #[test]
    fn both_versions_name_the_caller_behind_the_proxy() {
        let line = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n";
        assert_eq!(source(line).as_deref(), Some("192.0.2.1:56324"));
        let line = b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n";
        assert_eq!(source(line).as_deref(), Some("[2001:db8::1]:1"));
        assert_eq!(source(b"PROXY UNKNOWN\r\n"), None);
        let four = binary(0x21, 0x11, &[192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 4, 1, 0xbb]);
        assert_eq!(source(&four).as_deref(), Some("192.0.2.1:56324"));
        let mut block = [0; 40];
        (block[15], block[33]) = (1, 7);
        assert_eq!(source(&binary(0x21, 0x21, &block)).as_deref(), Some("[::1]:7"));
        assert_eq!(source(&binary(0x20, 0, &[])), None);
    }

    #[test]
    fn every_beginning_of_a_header_waits_for_the_rest() {
        let v2 = binary(0x21, 0x11, &[0; 20]);
        for whole in [b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n".as_slice(), &v2] {
            for end in 0..whole.len() {
                assert_eq!(ProxyHeader::read(&whole[..end]), Ok(None), "{end} bytes");
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused_at_once() {
        let lies: [&[u8]; 8] = [
            b"NICK ada\r\n",
            b"PROXY TCP4 ::1 ::2 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 99999 443\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
            b"PROXYTCP4",
            &[b'P'; 200],
            &binary(0x31, 0x11, &[0; 12]),
            &binary(0x21, 0x11, &[0; 4]),
        ];
        for lie in lies {
            assert_eq!(ProxyHeader::read(lie), Err(NotAHeader), "{}", lie.escape_ascii());
        }
        let mut long = binary(0x21, 0x11, &[0; 12]);
        (long[HEAD - 2], long[HEAD - 1]) = (0xff, 0xff);
        assert_eq!(ProxyHeader::read(&long), Err(NotAHeader));
    }
}
