//! Some addresses, as settings name them: `10.0.0.1`, `10.0.0.0/8`, `*`.
//!
//! An address of IPv4 that comes as one of IPv6 is what it was.
//!
//! Nothing here knows what they may do.

use std::net::IpAddr;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Everybody.
    All,
    /// So many bits of this address.
    Some(IpAddr, u8),
}

impl Network {
    /// Reads what somebody wrote.
    pub fn read(text: &str) -> Option<Network> {
        if text == "*" {
            return Some(Network::All);
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Network::Some(address, bits))
    }

    /// Whether an address is one of them.
    pub fn has(self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Network::All, _) => true,
            (Network::Some(IpAddr::V4(ours), bits), IpAddr::V4(theirs)) => {
                let differ = u32::from(ours) ^ u32::from(theirs);
                differ.leading_zeros() >= u32::from(bits)
            }
            (Network::Some(IpAddr::V6(ours), bits), IpAddr::V6(theirs)) => {
                let differ = u128::from(ours) ^ u128::from(theirs);
                differ.leading_zeros() >= u32::from(bits)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, address, expected) in [
            ("*", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "11.0.0.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let read = Network::read(network).unwrap();
            assert_eq!(read.has(address.parse().unwrap()), expected, "{network} {address}");
        }
        for wrong in ["", "here", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/-1"] {
            assert_eq!(Network::read(wrong), None, "{wrong}");
        }
    }
}
