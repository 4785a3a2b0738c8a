//! Where the aliases of an answer lead: from the name asked for to the last one told.
//!
//! A server may tell them in any order, in a circle, or not to their end.
//!
//! Whether the last name has what was asked for is not known here.

use std::collections::HashMap;

use crate::{Answer, Value};

/// The names an answer leads through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The name asked for, then what each alias stands for. In a circle the last one is there twice.
    pub names: Vec<String>,
    /// The last name is one of those before it.
    pub is_circle: bool,
}

impl Answer {
    /// The aliases from `name` on.
    pub fn chain(&self, name: &str) -> Chain {
        let aliases: HashMap<String, &String> = self
            .records
            .iter()
            .filter_map(|record| match &record.value {
                Value::Cname(target) => Some((record.name.to_ascii_lowercase(), target)),
                _ => None,
            })
            .collect();
        let mut names = vec![name.to_owned()];
        let mut at = name.to_ascii_lowercase();
        // Each alias is followed once, so this ends.
        for _ in 0..aliases.len() {
            let Some(target) = aliases.get(&at) else { break };
            names.push((*target).clone());
            at = target.to_ascii_lowercase();
        }
        let before = &names[..names.len() - 1];
        let is_circle = before.iter().any(|one| one.eq_ignore_ascii_case(&at));
        Chain { names, is_circle }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Record, Status, Transport};

    fn chain(aliases: &[(&str, &str)]) -> (String, bool) {
        let record = |(name, target): &(&str, &str)| Record {
            name: (*name).to_owned(),
            ttl: 1,
            value: Value::Cname((*target).to_owned()),
        };
        let answer = Answer {
            status: Status::Ok,
            records: aliases.iter().map(record).collect(),
            authoritative: true,
            recursive: false,
            zone: None,
            truncated: false,
            server: "s".into(),
            transport: Transport::Udp,
            elapsed: Duration::ZERO,
        };
        let Chain { names, is_circle } = answer.chain("a.");
        (names.join(" "), is_circle)
    }

    #[test]
    fn aliases_are_followed_in_any_order_and_never_for_ever() {
        for (aliases, names, is_circle) in [
            (&[][..], "a.", false),
            (&[("b.", "c."), ("A.", "b.")], "a. b. c.", false),
            (&[("a.", "b."), ("b.", "a.")], "a. b. a.", true),
            (&[("a.", "a.")], "a. a.", true),
            (&[("a.", "b."), ("b.", "c."), ("c.", "b.")], "a. b. c. b.", true),
            (&[("x.", "y.")], "a.", false),
        ] {
            assert_eq!(chain(aliases), (names.to_owned(), is_circle), "{aliases:?}");
        }
    }
}
