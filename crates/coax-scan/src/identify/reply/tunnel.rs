//! Answers of tunnels and of those who let them through: IKE, OpenVPN, GTP, NAT-PMP.
//!
//! Each is known by a number of ours that comes back, where its protocol has one.
//!
//! Nothing here has a key.

use super::{Recognised, known};

/// Our number first, behind four zeros where it came through NAT; a version; an exchange
/// (RFC 7296 §3.1, RFC 2408 §3.1, RFC 3948 §2.2).
pub(in crate::identify) fn ike(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let zeros = |packet: &[u8]| if packet.starts_with(&[0; 4]) { 4 } else { 0 };
    let (ours, theirs) = (asked.get(zeros(asked)..)?, answer.get(zeros(answer)..)?);
    let fits = ours.get(..8)? == theirs.get(..8)? && theirs.len() >= 28;
    let service = if zeros(asked) == 4 { "ipsec-nat-t" } else { "isakmp" };
    known(fits && matches!(theirs[17], 0x10 | 0x20), service)
}

/// A server's hard reset that acknowledges our session (OpenVPN protocol documentation).
pub(in crate::identify) fn openvpn(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    const HARD_RESET_SERVER_V2: u8 = 8;
    let session = asked.get(1..9)?;
    let ours = answer.windows(8).any(|part| part == session);
    known(answer.first()? >> 3 == HARD_RESET_SERVER_V2 && ours, "openvpn")
}

/// An echo response of version 1 (3GPP TS 29.281 §7.2.2).
pub(in crate::identify) fn gtp(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    known(matches!(answer, [0x30..=0x37, 2, ..] if answer.len() >= 8), "gtp-user")
}

/// Version 0, the answer to operation 0 (RFC 6886 §3.2); or that the version is not spoken
/// (§3.5), as PCP does.
pub(in crate::identify) fn nat_pmp(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    known(matches!(answer, [0 | 2, 0x80, 0, 0..=5, ..] if answer.len() >= 8), "nat-pmp")
}
