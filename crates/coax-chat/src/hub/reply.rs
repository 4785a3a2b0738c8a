//! What the server itself says to one client.
//!
//! A numeric names the client it goes to first; the last parameter has a colon where it needs one.
//!
//! Nothing here knows what is said.

use coax_irc::{Capability as Cap, Line, Numeric};

use super::client::ClientId;
use super::turn::Turn;

impl Turn<'_> {
    /// A numeric to whoever has the turn.
    pub(crate) fn reply(&mut self, numeric: Numeric, params: &[&str]) {
        self.reply_to(self.who, numeric, params);
    }

    /// A numeric to anybody.
    pub(crate) fn reply_to(&mut self, to: ClientId, numeric: Numeric, params: &[&str]) {
        let Some(client) = self.hub.clients.find(to) else { return };
        let mut line = Line::new(&mut self.hub.scratch);
        if self.hub.clients.caps(to).has(Cap::ServerTime) {
            line = line.tag("time", self.now.to_string().as_bytes());
        }
        let line = line.source(self.hub.settings.server_name.as_bytes());
        let line = line.command(&numeric.to_string()).param(client.nick().as_bytes());
        finish(line, params);
        self.send_scratch(to);
    }

    /// A line from the server that is no numeric, such as `CAP * LS :…`.
    pub(crate) fn say(&mut self, to: ClientId, command: &str, params: &[&str]) {
        let server = self.hub.settings.server_name.clone();
        self.say_as(to, &server, command, params);
    }

    /// A line from anybody to one client.
    pub(crate) fn say_as(&mut self, to: ClientId, source: &str, command: &str, params: &[&str]) {
        if self.hub.clients.find(to).is_none() {
            return;
        }
        let mut line = Line::new(&mut self.hub.scratch);
        if self.hub.clients.caps(to).has(Cap::ServerTime) {
            line = line.tag("time", self.now.to_string().as_bytes());
        }
        finish(line.source(source.as_bytes()).command(command), params);
        self.send_scratch(to);
    }

    /// A line without a source: `ERROR :…`, `AUTHENTICATE +`. A single word has no colon: clients
    /// compare `+` with what follows the command.
    pub(crate) fn bare(&mut self, to: ClientId, command: &str, word: &str) {
        let line = Line::new(&mut self.hub.scratch).command(command);
        // What is too long is cut, as everywhere.
        let _ = line.last(word.as_bytes());
        self.send_scratch(to);
    }

    /// `FAIL command CODE words… :why`, or the same as a notice for those who cannot read it.
    pub(crate) fn fail(&mut self, command: &str, code: &str, words: &[&str], why: &str) {
        self.standard("FAIL", command, code, words, why);
    }

    /// FAIL, WARN or NOTE.
    pub(crate) fn standard(
        &mut self,
        kind: &str,
        command: &str,
        code: &str,
        words: &[&str],
        why: &str,
    ) {
        let mut params = vec![command, code];
        params.extend_from_slice(words);
        params.push(why);
        self.say(self.who, kind, &params);
    }

    fn send_scratch(&mut self, to: ClientId) {
        let line = std::sync::Arc::from(&self.hub.scratch[..]);
        self.hub.scratch.clear();
        self.out.send(to, line);
    }
}

fn finish(line: coax_irc::ParamLine<'_>, params: &[&str]) {
    let Some((last, words)) = params.split_last() else {
        let _ = line.end();
        return;
    };
    let line = words.iter().fold(line, |line, word| line.param(word.as_bytes()));
    // What the server says fits by the limits of its settings, or may be cut.
    let _ = match last.bytes().all(|byte| byte.is_ascii_digit()) {
        true => line.last(last.as_bytes()),
        false => line.text(last.as_bytes()),
    };
}
