//! Where two lists of addresses differ.
//!
//! Order does not count: it is the C library's own, by RFC 6724, and name servers turn theirs.
//!
//! Where the addresses come from is not known here.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

/// An address that one side has and the other has not.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "only", rename_all = "kebab-case")]
pub(super) enum Difference {
    OnlyPrograms { address: IpAddr },
    OnlyDns { address: IpAddr },
}

/// Every address that only one side has: the programs' first, each once.
pub(super) fn differences(programs: &[IpAddr], dns: &[IpAddr]) -> Vec<Difference> {
    let only = |one: &[IpAddr], other: &[IpAddr]| {
        let mut only: Vec<IpAddr> = Vec::new();
        for address in one {
            if !other.contains(address) && !only.contains(address) {
                only.push(*address);
            }
        }
        only
    };
    let programs_only = only(programs, dns).into_iter();
    let dns_only = only(dns, programs).into_iter();
    programs_only
        .map(|address| Difference::OnlyPrograms { address })
        .chain(dns_only.map(|address| Difference::OnlyDns { address }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(text: &str) -> Vec<IpAddr> {
        text.split_whitespace().map(|one| one.parse().unwrap()).collect()
    }

    #[test]
    fn only_what_one_side_has_is_a_difference() {
        for (programs, dns, only_programs, only_dns) in [
            ("", "", "", ""),
            ("10.0.0.1 ::1", "::1 10.0.0.1", "", ""),
            ("10.0.0.1", "", "10.0.0.1", ""),
            ("", "::1 ::1", "", "::1"),
            ("10.0.0.1 10.0.0.2", "10.0.0.2 10.0.0.3", "10.0.0.1", "10.0.0.3"),
        ] {
            let expected: Vec<_> = ips(only_programs)
                .into_iter()
                .map(|address| Difference::OnlyPrograms { address })
                .chain(ips(only_dns).into_iter().map(|address| Difference::OnlyDns { address }))
                .collect();
            assert_eq!(differences(&ips(programs), &ips(dns)), expected, "{programs} | {dns}");
        }
    }
}
