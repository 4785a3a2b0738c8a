//! What another reading of the file changed.
//!
//! Most keys take effect at once; a few are looked at when the server starts, and some concern those
//! alone who come after. The log says so of each key that changed.
//!
//! Nothing here puts anything into effect.

use std::fmt;

use super::Settings;

/// Keys that are looked at when the server starts.
const AT_START: [&str; 3] =
    ["listen.endpoints", "accounts.password-memory", "accounts.password-passes"];

/// Keys that do not touch those who are here.
const FOR_NEWCOMERS: [&str; 4] =
    ["server.cloak", "limits.sendq", "limits.flood-burst", "limits.flood-per-second"];

/// The keys that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In force for everyone.
    pub now: Vec<&'static str>,
    /// In force for those who come from now on.
    pub for_newcomers: Vec<&'static str>,
    /// In force after a restart.
    pub at_restart: Vec<&'static str>,
}

impl Changes {
    pub(super) fn of(old: &Settings, new: &Settings) -> Changes {
        let mut changes = Changes::default();
        for key in super::keys::KEYS {
            if old.given.get(key.name) == new.given.get(key.name) {
                continue;
            }
            let list = match key.name {
                name if AT_START.contains(&name) => &mut changes.at_restart,
                name if FOR_NEWCOMERS.contains(&name) => &mut changes.for_newcomers,
                _ => &mut changes.now,
            };
            list.push(key.name);
        }
        changes
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (&self.now, "changed"),
            (&self.for_newcomers, "changed for those who come from now on"),
            (&self.at_restart, "changed and waits for a restart"),
        ];
        let parts = parts.iter().filter(|(keys, _)| !keys.is_empty());
        let parts = parts.map(|(keys, what)| format!("{} {what}", keys.join(", ")));
        match parts.collect::<Vec<_>>() {
            none if none.is_empty() => f.write_str("nothing changed"),
            parts => f.write_str(&parts.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_START, FOR_NEWCOMERS};
    use crate::Settings;
    use crate::settings::keys::KEYS;

    #[test]
    fn the_keys_that_are_told_apart_are_there() {
        let known = |name: &&str| KEYS.iter().any(|key| key.name == *name);
        assert!(AT_START.iter().chain(&FOR_NEWCOMERS).all(known));
    }

    #[test]
    fn what_changed_is_told_by_when_it_counts() {
        let old = Settings::parse("[server]\nmotd = [\"a\"]").unwrap();
        let new = "[server]\nmotd = [\"b\"]\nname = \"coax.chat\"\n[limits]\nsendq = 9\n\
            [listen]\nendpoints = [\":1\"]\n[operators]\nada = \"secret\"";
        let changes = old.changes_to(&Settings::parse(new).unwrap());
        assert_eq!(
            changes.to_string(),
            "server.motd, operators changed; limits.sendq changed for those who come from now on; \
             listen.endpoints changed and waits for a restart"
        );
        assert_eq!(old.changes_to(&old.clone()).to_string(), "nothing changed");
    }
}
