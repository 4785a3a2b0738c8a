//! What is shown of a datagram: each message that its framing finds in it.
//!
//! A newline follows each message that does not end in one.
//!
//! Nothing here writes.

use coax_net::{Decoder, Framing, Origin};

use super::Talk;
use crate::out::clean;
use crate::session::{Shown, message_report};

impl Talk<'_> {
    /// Says on stderr that another one speaks, where its messages do not.
    pub(super) fn introduce(&self, from: &Origin) {
        let another = self.last.as_ref().map(|last| &last.from) != Some(&from.from);
        let told = self.sink.is_some() && self.shown == Shown::AsTheyAre;
        if another && told && !self.plan.connected {
            self.out.talk(&format!("from {}", from.from));
        }
        if another && !from.is_named() && self.stdin.is_some() {
            self.out.talk("coax: this sender has no name, so it cannot be answered");
        }
    }

    pub(super) fn render(&self, datagram: &[u8], from: &str, shown: &mut Vec<u8>) {
        let mut decoder = Decoder::new(self.plan.framing());
        let fed = decoder.feed(datagram, |message| self.line(message, from, shown));
        let ended = decoder.finish(|message| self.line(message, from, shown));
        if let Err(error) = fed.and(ended) {
            self.out.talk(&format!("coax: {from} broke the framing: {error}"));
        }
    }

    fn line(&self, message: &[u8], from: &str, shown: &mut Vec<u8>) {
        let raw = self.plan.framing() == Framing::Raw;
        match &self.shown {
            Shown::Json(_) => return shown.extend(message_report(from, message)),
            Shown::AsTheyAre if raw => return shown.extend(message),
            Shown::AsTheyAre => shown.extend(message),
            Shown::Terminal => {
                if !self.plan.connected {
                    shown.extend(format!("{from}: ").bytes());
                }
                shown.extend(clean(&String::from_utf8_lossy(message)).bytes());
            }
        }
        if !message.ends_with(b"\n") {
            shown.push(b'\n');
        }
    }
}
