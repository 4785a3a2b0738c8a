//! `VERSION [<server>]`
//!
//! Tells what the server can do as well: clients ask again after it changed.

use coax_irc::{Isupport, numeric as n};

use super::{Words, mode};
use crate::hub::{CASEMAPPING, Turn};

pub(crate) const VERSION: &str = concat!("coax-", env!("CARGO_PKG_VERSION"));

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if super::is_here(turn, words.get(0)) {
        let server = turn.hub.settings.server_name.clone();
        turn.reply(n::RPL_VERSION, &[VERSION, &server, "coax chat"]);
        isupport(turn);
    }
}

/// 005: what clients should know before they do anything.
pub(crate) fn isupport(turn: &mut Turn<'_>) {
    let room = 440_usize.saturating_sub(turn.hub.settings.server_name.len());
    for line in tokens(turn).lines(room) {
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split(' ').collect::<Vec<_>>();
        words.push("are supported by this server");
        turn.reply(n::RPL_ISUPPORT, &words);
    }
}

fn tokens(turn: &Turn<'_>) -> Isupport {
    let settings = &turn.hub.settings;
    let targets = format!(
        "JOIN:,PART:,KICK:{},NAMES:{},PRIVMSG:{},NOTICE:{},TAGMSG:{},WHOIS:1,MONITOR:{}",
        super::kick::TARGETS,
        super::names::TARGETS,
        super::message::TARGETS,
        super::message::TARGETS,
        super::message::TARGETS,
        settings.monitor,
    );
    let tokens = Isupport::new()
        .with("NETWORK", &settings.network)
        .with("CASEMAPPING", CASEMAPPING.name())
        .with("CHANTYPES", "#")
        .with("PREFIX", mode::CHANNEL.prefix())
        .with("STATUSMSG", "~&@%+")
        .with("CHANMODES", mode::CHANNEL.chanmodes())
        .with("MAXLIST", format!("Ibe:{}", settings.list_entries))
        .with("MODES", 20)
        .with("CHANLIMIT", format!("#:{}", settings.channels))
        .with("EXCEPTS", "e")
        .with("INVEX", "I")
        .with("EXTBAN", "$,am")
        .with("ACCOUNTEXTBAN", "a,account")
        .with("NICKLEN", settings.nick_length)
        .with("USERLEN", settings.user_length)
        .with("CHANNELLEN", settings.channel_length)
        .with("TOPICLEN", settings.topic_length)
        .with("KICKLEN", settings.kick_length)
        .with("AWAYLEN", settings.away_length)
        .with("NAMELEN", settings.realname_length)
        .with("KEYLEN", settings.key_length)
        .with("TARGMAX", targets)
        .with("MONITOR", settings.monitor)
        .with("ELIST", "CMNTU")
        .with("BOT", "B")
        .flag("SAFELIST")
        .flag("WHOX")
        .flag("UTF8ONLY");
    match settings.history {
        true => {
            tokens.with("CHATHISTORY", settings.history_page).with("MSGREFTYPES", "msgid,timestamp")
        }
        false => tokens,
    }
}
