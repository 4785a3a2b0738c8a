//! The names of the server's own services, and what looks like one.
//!
//! People tell NickServ their passwords, so nobody may be called so, or so that a glance takes it for
//! that: letters that look alike, digits in the place of letters, signs and digits around or between.
//! This is asked wherever a name is made: by NICK, by REGISTER, by NickServ, by those who run the
//! server.
//!
//! Nothing here knows who is there.

use super::face::face;

/// Services there are, and those that people know from other networks.
const SERVICES: [&str; 8] =
    ["NickServ", "ChanServ", "HostServ", "HistServ", "OperServ", "MemoServ", "BotServ", "SaslServ"];

/// The service that a name would be taken for.
pub(crate) fn taken_for_a_service(name: &str) -> Option<&'static str> {
    let seen = bare(name);
    SERVICES.into_iter().find(|service| bare(service) == seen)
}

/// What a glance sees of a name.
fn bare(name: &str) -> String {
    let name = name.trim_matches(|letter: char| !letter.is_alphabetic());
    let seen = |letter: char| match letter {
        'i' => 'l',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    };
    face(name).chars().filter(|letter| letter.is_alphanumeric()).map(seen).collect()
}

#[cfg(test)]
mod tests {
    use super::taken_for_a_service;

    #[test]
    fn what_looks_like_a_service_is_none_of_ours_to_give() {
        for name in [
            "NickServ",
            "nickserv",
            "N1ckServ",
            "NlckServ",
            "NIckServ",
            "N|ckServ",
            "NickServ_",
            "_NickServ",
            "Nick_Serv",
            "NickServ2",
            "N1ck5erv",
            "[NickServ]",
            "Chanserv_",
            "Ch4nServ",
            "H0stServ",
            "OperServ",
            "Op3rServ",
        ] {
            assert!(taken_for_a_service(name).is_some(), "{name}");
        }
        for name in ["nick", "serv", "Nickserver", "ada", "channy", "nick5", "OpenServ", "_", "1"] {
            assert_eq!(taken_for_a_service(name), None, "{name}");
        }
    }
}
