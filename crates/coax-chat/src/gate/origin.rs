//! Which pages a browser may bring here.
//!
//! A browser says whose page it is that asks (`Origin`) and by which name it found the server (`Host`).
//! A stranger's page is refused by the first. By the second it is refused where it made its own name
//! mean this server (DNS rebinding), which would make it our own page in the browser's eyes.
//!
//! Nothing here knows HTTP beyond the two words.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a page of `origin` may talk here: our own page, one that is allowed, or no page at all. A
/// browser names the origin always, so a stranger's page cannot make its readers talk.
pub(super) fn may_open(origin: Option<&str>, host: Option<&str>, allowed: &[String]) -> bool {
    let Some(origin) = origin else { return true };
    let site = origin.split_once("://").map(|(_, site)| site);
    site.is_some() && site == host || allowed.iter().any(|allowed| allowed == origin)
}

/// Whether a caller may call the server `host`: an address, a name that nobody can own in the world's
/// DNS, one that is allowed, or one of the server's own `names`. Empty is no name, and fine.
pub(super) fn is_ours(host: &str, allowed: &[String], names: &[String]) -> bool {
    let name = name(host).trim_end_matches('.').to_ascii_lowercase();
    let is_address = name.parse::<Ipv4Addr>().is_ok() || name.parse::<Ipv6Addr>().is_ok();
    let is_local = !name.contains('.') || LOCAL.iter().any(|zone| name.ends_with(zone));
    let is_site = |site: &str| site == host || self::name(site).eq_ignore_ascii_case(&name);
    let sites = allowed.iter().filter_map(|origin| Some(origin.split_once("://")?.1));
    let names = names.iter().map(String::as_str);
    is_address || is_local || sites.chain(names).any(is_site)
}

/// Zones that no one can register (RFC 6761 §6.3, RFC 6762 §3, RFC 8375, ICANN's `.internal`).
const LOCAL: [&str; 4] = [".localhost", ".local", ".home.arpa", ".internal"];

/// `host:port` without the port, `[address]:port` without that and the brackets.
fn name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_ours, may_open};

    #[test]
    fn only_our_own_page_and_those_allowed_open_a_websocket() {
        let allowed = ["https://chat.example".to_owned()];
        for (origin, host, expected) in [
            (None, Some("localhost:6667"), true),
            (Some("http://localhost:6667"), Some("localhost:6667"), true),
            (Some("https://chat.example"), Some("localhost:6667"), true),
            (Some("https://evil.example"), Some("localhost:6667"), false),
            (Some("http://localhost:8080"), Some("localhost:6667"), false),
            (Some("null"), Some("localhost:6667"), false),
            (Some("null"), None, false),
        ] {
            assert_eq!(may_open(origin, host, &allowed), expected, "{origin:?} {host:?}");
        }
    }

    #[test]
    fn a_name_that_a_stranger_can_point_here_is_not_ours() {
        let allowed = ["https://chat.example".to_owned()];
        let names = ["chat.example.net".to_owned()];
        for (host, expected) in [
            ("chat.example.net:8667", true),
            ("CHAT.example.NET.", true),
            ("chat.example.net.evil.example", false),
            ("pi.home.arpa", true),
            ("", true),
            ("localhost:6667", true),
            ("LOCALHOST", true),
            ("127.0.0.1:6667", true),
            ("[::1]:6667", true),
            ("laptop:6667", true),
            ("laptop.local:6667", true),
            ("chat.localhost", true),
            ("chat.example", true),
            ("Chat.Example:6667", true),
            ("evil.example:6667", false),
            ("localhost.evil.example:6667", false),
            ("127.0.0.1.evil.example", false),
            ("evil.example.", false),
            ("notchat.example", false),
        ] {
            assert_eq!(is_ours(host, &allowed, &names), expected, "{host}");
        }
    }
}
