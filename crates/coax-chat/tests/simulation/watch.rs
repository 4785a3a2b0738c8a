//! What each client can tell from its own lines alone, checked as they come.
//!
//! A label is answered once: not twice, and not never once the client may go on. Whoever speaks in a
//! channel has the user and host that the reader was told last.
//!
//! Nothing here looks into the hub.

use std::collections::{BTreeMap, BTreeSet};

use coax_chat::hub::ClientId;

/// What was promised to the clients.
#[derive(Default)]
pub(crate) struct Watch {
    labels: u32,
    views: BTreeMap<ClientId, View>,
}

#[derive(Default)]
struct View {
    nick: String,
    reads_labels: bool,
    knows_chghost: bool,
    /// A label that is out, and how often it was answered.
    owed: Option<(String, usize)>,
    /// Who was seen, by nick.
    masks: BTreeMap<String, String>,
    /// Who was seen to leave.
    left: BTreeSet<String>,
}

impl Watch {
    pub(crate) fn forget(&mut self, who: ClientId) {
        self.views.remove(&who);
    }

    /// The line with a label of its own, if it has one.
    pub(crate) fn labelled(&mut self, who: ClientId, line: &str) -> String {
        if !line.starts_with("@label=# ") {
            return line.to_owned();
        }
        self.labels += 1;
        let (label, view) = (format!("n{}", self.labels), self.views.entry(who).or_default());
        let line = line.replacen('#', &label, 1);
        view.owed = view.reads_labels.then_some((label, 0));
        line
    }

    /// After each step: nothing is owed to whoever may go on.
    pub(crate) fn check(&mut self, who: ClientId, is_here: bool, held: bool) {
        let Some(view) = self.views.get_mut(&who) else { return };
        let early = held && view.owed.as_ref().is_some_and(|(_, count)| *count > 0);
        assert!(!early, "a label was answered before all was");
        let Some((label, count)) = view.owed.take_if(|_| !is_here || !held) else { return };
        assert!(!is_here || count == 1, "label {label} was answered {count} times");
    }

    pub(crate) fn heard(&mut self, who: ClientId, line: &[u8], is_past: bool) {
        let line = String::from_utf8_lossy(line).into_owned();
        let (tags, rest) = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').expect("something after the tags"),
            None => ("", &*line),
        };
        let view = self.views.entry(who).or_default();
        for label in tags.split(';').filter_map(|tag| tag.strip_prefix("label=")) {
            let owed = view.owed.as_mut().filter(|(owed, _)| owed == label);
            owed.expect("a label that somebody waits for").1 += 1;
        }
        // What was said before was said by those who were called so then.
        if !is_past {
            view.see(rest);
        }
    }
}

impl View {
    fn see(&mut self, line: &str) {
        let words = line.split(' ').collect::<Vec<_>>();
        let [source, command, words @ ..] = &words[..] else { return };
        let mask = source.trim_start_matches(':');
        let nick = mask.split('!').next().unwrap_or_default().to_ascii_lowercase();
        let last = words.last().map(|word| word.trim_start_matches(':')).unwrap_or_default();
        match (*command, words) {
            ("001", [me, ..]) => self.nick = me.to_ascii_lowercase(),
            ("CAP", [_, verb, ..]) if *verb == "ACK" => {
                self.reads_labels |= line.contains("labeled-response");
                self.knows_chghost |= line.contains("chghost");
            }
            ("JOIN", _) => {
                // Others who are there already are known by NAMES alone.
                if nick == self.nick {
                    self.masks.clear();
                    self.left.clear();
                }
                self.left.remove(&nick);
                self.masks.insert(nick, mask.to_owned());
            }
            ("PART" | "QUIT", _) => {
                let changes = *command == "QUIT" && line.ends_with(":Changing host");
                assert!(!(changes && self.knows_chghost), "told of a host by a farewell: {line}");
                self.masks.remove(&nick);
                if *command == "QUIT" {
                    self.left.insert(nick);
                }
            }
            ("KICK", [_, whom, ..]) => drop(self.masks.remove(&whom.to_ascii_lowercase())),
            ("NICK", _) => {
                self.left.remove(&last.to_ascii_lowercase());
                if nick == self.nick {
                    self.nick = last.to_ascii_lowercase();
                }
                if let Some(mask) = self.masks.remove(&nick) {
                    let (_, place) = mask.split_once('!').expect("a user's mask");
                    self.masks.insert(last.to_ascii_lowercase(), format!("{last}!{place}"));
                }
            }
            ("CHGHOST", [user, host]) => {
                assert!(self.knows_chghost, "told what it does not know: {line}");
                let (shown, _) = mask.split_once('!').expect("a user's mask");
                let host = host.trim_start_matches(':');
                if let Some(known) = self.masks.get_mut(&nick) {
                    *known = format!("{shown}!{user}@{host}");
                }
            }
            // One's own host is another one now; the user may be as well, which is not said.
            ("396", _) => drop(self.masks.remove(&self.nick)),
            ("PRIVMSG" | "TOPIC", [target, ..]) if target.starts_with('#') => {
                let known = self.masks.get(&nick).map_or(mask, |known| known);
                assert_eq!(known, mask, "somebody else speaks");
                assert!(!self.left.contains(&nick), "somebody speaks who left: {line}");
            }
            _ => {}
        }
    }
}
