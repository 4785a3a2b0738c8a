//! `PRIVMSG <target>{,<target>} :<text>` · `NOTICE …` · `TAGMSG <target>{,<target>}`
//!
//! A target is a nick, a channel, or a channel behind a prefix (`@#rust`: operators of #rust). A
//! NOTICE is never answered, not even when it cannot be delivered. TAGMSG has tags and no text.

use coax_irc::{CapSet, Capability as Cap, Numeric};

use super::Words;
use crate::hub::once::{self, SaidOnce};
use crate::hub::reach::Whom;
use crate::hub::{
    Answer, ChannelId, ClientId, Flags, Keep, Rank, Record, Relay, Stamp, Turn, UserModes,
};
use coax_irc::numeric as n;
use coax_store::{Kind, Target};

/// How many targets one command may name.
pub(super) const TARGETS: usize = 4;

/// A line without its tags, CR LF included. RFC 1459 §2.3.
const LINE: usize = 512;

/// Tags that make a message without text worth keeping.
const LASTING: [&str; 4] = ["+draft/persist", "+persist", "+draft/react", "+react"];

/// One message to one target.
struct Post<'a> {
    verb: &'static str,
    text: &'a str,
    tags: &'a str,
    /// The sender's id for it, so that it is said once.
    once: Option<&'a str>,
}

impl Post<'_> {
    fn is_notice(&self) -> bool {
        self.verb == "NOTICE"
    }

    /// Whether a client with these capabilities can read it.
    fn needs(&self) -> CapSet {
        match self.verb {
            "TAGMSG" => CapSet::of(&[Cap::MessageTags]),
            _ => CapSet::NONE,
        }
    }

    /// `:ada!~ada@host PRIVMSG #rust :text`
    fn line(&self, source: &str, target: &str) -> String {
        match self.verb {
            "TAGMSG" => format!(":{source} TAGMSG {target}"),
            verb => format!(":{source} {verb} {target} :{}", self.text),
        }
    }

    /// Whether it belongs to the history: talk, and tags that ask for it.
    fn is_kept(&self) -> bool {
        let lasting = |tag: &str| LASTING.contains(&tag.split('=').next().unwrap_or(tag));
        match self.verb {
            "TAGMSG" => self.tags.split(';').any(lasting),
            _ => !self.is_ctcp(),
        }
    }

    fn record<'a>(&'a self, msgid: &'a str, target: &'a str) -> Record<'a> {
        let kind = match self.verb {
            "TAGMSG" => Kind::Tags,
            "NOTICE" => Kind::Notice,
            _ => Kind::Message,
        };
        Record { kind, msgid, target, text: self.text, client_tags: self.tags, ..Record::EVENT }
    }

    /// A request to a client that is no action.
    fn is_ctcp(&self) -> bool {
        self.text.starts_with('\x01') && !self.text.starts_with("\x01ACTION")
    }
}

pub(super) fn privmsg(turn: &mut Turn<'_>, words: &Words<'_>) {
    if words.get(0).is_none() {
        return turn.reply(n::ERR_NORECIPIENT, &["No recipient given (PRIVMSG)"]);
    }
    if words.get(1).is_none() {
        return turn.reply(n::ERR_NOTEXTTOSEND, &["No text to send"]);
    }
    post(turn, words, words[1]);
}

pub(super) fn notice(turn: &mut Turn<'_>, words: &Words<'_>) {
    if let (Some(_), Some(text)) = (words.get(0), words.get(1)) {
        post(turn, words, text);
    }
}

pub(super) fn tagmsg(turn: &mut Turn<'_>, words: &Words<'_>) {
    if turn.i_have(Cap::MessageTags) {
        post(turn, words, "");
    }
}

fn post(turn: &mut Turn<'_>, words: &Words<'_>, text: &str) {
    let tags = client_tags(turn, words);
    if words.verb == "TAGMSG" && tags.is_empty() {
        return;
    }
    let once = once_id(turn, words);
    if let Some(said) = once.and_then(|id| turn.hub.once.find(id)).cloned() {
        return echo_again(
            turn,
            &Post { verb: words.verb, text, tags: &tags, once },
            words[0],
            &said,
        );
    }
    let post = Post { verb: words.verb, text, tags: &tags, once };
    let mut targets = words[0].split(',').filter(|target| !target.is_empty());
    for target in targets.by_ref().take(TARGETS) {
        deliver(turn, &post, target);
    }
    if let Some(target) = targets.next().filter(|_| !post.is_notice()) {
        turn.reply(n::ERR_TOOMANYTARGETS, &[target, "Too many targets"]);
    }
    let now = turn.now;
    turn.me_mut().spoke = now;
}

/// The sender's id for a line to one target.
fn once_id<'a>(turn: &Turn<'_>, words: &Words<'a>) -> Option<&'a str> {
    let id = words.tags.find(once::TAG).and_then(|tag| tag.raw);
    let id = id.and_then(|id| std::str::from_utf8(id).ok()).filter(|id| once::is_id(id));
    id.filter(|_| turn.i_have(Cap::Once) && !words[0].contains(','))
}

/// The line was said before: its sender gets the same echo again, and nobody else anything.
fn echo_again(turn: &mut Turn<'_>, post: &Post<'_>, target: &str, said: &SaidOnce) {
    if !turn.i_have(Cap::EchoMessage) {
        return;
    }
    let line = post.line(&said.source, target);
    let (msgid, account) = (Some(&*said.msgid), said.account.as_deref());
    let tags = post.tags;
    let stamp = Stamp { time: said.time, msgid, client_tags: tags, ..turn.stamp(account) };
    let texts = [(post.needs(), &*line)];
    turn.tell(turn.who, &mut Relay::new(stamp, &texts));
}

/// The sender's own tags that are passed on, escaped as they came.
fn client_tags(turn: &Turn<'_>, words: &Words<'_>) -> String {
    let mut passed = String::new();
    if !turn.i_have(Cap::MessageTags) {
        return passed;
    }
    for tag in words.tags.iter().filter(|tag| tag.is_client_only() && tag.has_valid_key()) {
        if !passed.is_empty() {
            passed.push(';');
        }
        passed.push_str(&String::from_utf8_lossy(tag.key));
        if let Some(value) = tag.raw.filter(|value| !value.is_empty()) {
            passed.push('=');
            passed.push_str(&String::from_utf8_lossy(value));
        }
    }
    passed
}

fn deliver(turn: &mut Turn<'_>, post: &Post<'_>, target: &str) {
    let (rank, name) = addressed(target);
    if name.starts_with('#') {
        return match turn.channel_named(name) {
            Some(id) => to_channel(turn, post, id, rank),
            None => refuse(turn, post, n::ERR_NOSUCHCHANNEL, target, "No such channel"),
        };
    }
    if post.verb == "PRIVMSG" && target.eq_ignore_ascii_case("NickServ") {
        return super::nickserv::command(turn, post.text);
    }
    if post.verb == "PRIVMSG" && target.eq_ignore_ascii_case("ChanServ") {
        return super::chanserv::command(turn, post.text);
    }
    if post.verb == "PRIVMSG" && target.eq_ignore_ascii_case("HostServ") {
        return super::hostserv::command(turn, post.text);
    }
    match turn.hub.clients.named(target) {
        Some(who) => to_user(turn, post, who),
        None => refuse(turn, post, n::ERR_NOSUCHNICK, target, "No such nick"),
    }
}

/// `@#rust` is #rust from operators up.
fn addressed(target: &str) -> (Option<Rank>, &str) {
    let rank = target.chars().next().and_then(Rank::of_prefix);
    match rank.filter(|_| target[1..].starts_with('#')) {
        Some(rank) => (Some(rank), &target[1..]),
        None => (None, target),
    }
}

fn refuse(turn: &mut Turn<'_>, post: &Post<'_>, numeric: Numeric, target: &str, why: &str) {
    if !post.is_notice() {
        turn.reply(numeric, &[super::user::clipped(target, 64), why]);
    }
}

fn to_channel(turn: &mut Turn<'_>, post: &Post<'_>, id: ChannelId, rank: Option<Rank>) {
    let name = turn.channel(id).name.clone();
    if let Some(why) = unwelcome(turn, post, id) {
        return refuse(turn, post, n::ERR_CANNOTSENDTOCHAN, &name, why);
    }
    let prefix = rank.and_then(|rank| rank.prefixes(false).next()).map(String::from);
    let target = format!("{}{name}", prefix.unwrap_or_default());
    let whom = rank.map_or(Whom::Others, Whom::OthersFrom);
    // What is for some of them alone is not for those who read the history later.
    let talk = rank.is_none().then(|| turn.talk_of_channel(id));
    send(turn, post, &target, talk, |turn, relay| turn.tell_channel(id, whom, relay));
}

/// Why the channel does not take it.
fn unwelcome(turn: &Turn<'_>, post: &Post<'_>, id: ChannelId) -> Option<&'static str> {
    let (channel, rank) = (turn.channel(id), turn.my_rank(id));
    let on = |flag| channel.flags.has(flag);
    if rank.is_none() && (on(Flags::NO_EXTERNAL) || on(Flags::SECRET)) {
        return Some("Cannot send to channel (+n): you are not in it");
    }
    if on(Flags::NO_CTCP) && post.is_ctcp() {
        return Some("Cannot send to channel (+C): no CTCP here");
    }
    if rank.is_some_and(|rank| rank.at_least(Rank::VOICE)) {
        return None;
    }
    if on(Flags::MODERATED) {
        return Some("Cannot send to channel (+m): only voiced members speak");
    }
    if on(Flags::REGISTERED_SPEAK) && turn.me().account.is_none() {
        return Some("Cannot send to channel (+M): only those who signed in speak");
    }
    let silenced = turn.is_banned(id, turn.who) || turn.is_muted(id, turn.who);
    silenced.then_some("Cannot send to channel (+b): you are banned")
}

fn to_user(turn: &mut Turn<'_>, post: &Post<'_>, to: ClientId) {
    let they = turn.client(to);
    let nick = they.nick().to_owned();
    if they.modes.has(UserModes::REGISTERED_ONLY) && turn.me().account.is_none() && to != turn.who {
        let why = "You must be signed in to message this user";
        return refuse(turn, post, n::ERR_NEEDREGGEDNICK, &nick, why);
    }
    let away = they.away.clone();
    let talk = Some(turn.talk_with(to));
    send(turn, post, &nick, talk, |turn, relay| {
        // What comes to oneself is no answer to the command: its echo is.
        let gathering = turn.out.pause_gathering();
        turn.tell(to, relay);
        turn.out.resume_gathering(gathering);
    });
    if let (Some(away), "PRIVMSG") = (away, post.verb) {
        turn.reply(n::RPL_AWAY, &[&nick, &away]);
    }
}

/// Writes the message, has it told, keeps it and echoes it.
fn send(
    turn: &mut Turn<'_>,
    post: &Post<'_>,
    target: &str,
    talk: Option<Target>,
    tell: impl FnOnce(&mut Turn<'_>, &mut Relay<'_>),
) {
    let line = post.line(turn.me().name.mask(), target);
    if line.len() + 2 > LINE {
        return turn.reply(n::ERR_INPUTTOOLONG, &["The line is too long to be passed on whole"]);
    }
    let (msgid, account) = (turn.new_msgid(), turn.me().account.clone());
    let stamp =
        Stamp { msgid: Some(&msgid), client_tags: post.tags, ..turn.stamp(account.as_deref()) };
    if let Some(id) = post.once {
        let source = turn.my_mask();
        let (msgid, time, account) = (msgid.as_str().into(), turn.now, account.clone());
        let address = turn.me().origin.address.clone();
        turn.hub.once.remember(&address, id, SaidOnce { msgid, time, source, account });
    }
    let texts = [(post.needs(), &*line)];
    let mut relay = Relay::new(stamp, &texts);
    let before = turn.out.sends();
    tell(turn, &mut relay);
    turn.hub.counts.messages += 1;
    turn.hub.counts.deliveries += (turn.out.sends() - before) as u64;
    let kept = talk.filter(|_| turn.hub.settings.history && post.is_kept());
    let echo = relay.line(turn.my_caps()).filter(|_| turn.i_have(Cap::EchoMessage)).cloned();
    let entry = kept.map(|talk| turn.entry(talk, &post.record(&msgid, target)));
    match entry {
        Some(entry) if turn.hub.settings.history_ack_disk => {
            let verb = post.verb;
            turn.confirm(Keep::Entry(entry), move |turn, answer| match answer {
                Answer::Stored => echo.into_iter().for_each(|echo| turn.out.send(turn.who, echo)),
                _ => turn.fail(verb, "NOT_STORED", &[], "It was said, and could not be kept"),
            });
        }
        entry => {
            entry.into_iter().for_each(|entry| turn.keep(Keep::Entry(entry)));
            echo.into_iter().for_each(|echo| turn.out.send(turn.who, echo));
        }
    }
}
