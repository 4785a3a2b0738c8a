//! The end of registration: everything is known, and the client becomes a user.
//!
//! The order of the lines is the protocol's: 001 to 005, LUSERS, the message of the day, modes.
//!
//! Nothing here reads a command.

use coax_irc::{CapSet, Capability as Cap, Offer, numeric as n};

use super::note::{Cause, Means, Note};
use super::{Turn, Way};
use crate::verb;

/// What the server can do; a capability stands here once it works.
const OFFERED: CapSet = CapSet::of(&[
    Cap::AccountNotify,
    Cap::AccountTag,
    Cap::AwayNotify,
    Cap::Batch,
    Cap::CapNotify,
    Cap::ChannelRename,
    Cap::Chghost,
    Cap::EchoMessage,
    Cap::ExtendedJoin,
    Cap::ExtendedMonitor,
    Cap::InviteNotify,
    Cap::LabeledResponse,
    Cap::MessageTags,
    Cap::MultiPrefix,
    Cap::ServerTime,
    Cap::Setname,
    Cap::StandardReplies,
    Cap::Sasl,
    Cap::UserhostInNames,
    Cap::NoImplicitNames,
    Cap::PreAway,
]);

impl Turn<'_> {
    /// What whoever has the turn can ask for.
    pub(crate) fn offer(&self) -> Offer {
        let settings = &self.hub.settings;
        let parts = [
            (settings.register_before_connect, "before-connect"),
            (true, "custom-account-name"),
            (settings.email_required, "email-required"),
        ];
        let register = parts.iter().filter(|(on, _)| *on).map(|(_, part)| *part);
        let register = register.collect::<Vec<_>>().join(",");
        let offer = Offer::new(OFFERED).with(Cap::Sasl, verb::mechanisms(self));
        // What was sent to an earlier run of the server is not remembered.
        let offer = offer.with(Cap::Once, format!("{:08x}", settings.boot));
        let history = [Cap::Chathistory, Cap::EventPlayback, Cap::MessageRedaction, Cap::Search];
        let offer = match settings.register {
            true => offer.with(Cap::AccountRegistration, register),
            false => offer,
        };
        let offer = match settings.history {
            true => history.iter().fold(offer, |offer, cap| offer.with(*cap, "")),
            false => offer,
        };
        match self.transport_security() {
            Some(policy) => offer.with(Cap::Sts, policy),
            None => offer,
        }
    }

    /// What IRCv3 *sts* has whoever has the turn do: come back by TLS, or stay with it for so long.
    fn transport_security(&self) -> Option<String> {
        let (settings, origin) = (&self.hub.settings, &self.me().origin);
        // Nobody can believe a certificate that the server made for itself.
        if !settings.sts || settings.certificate.is_none() || origin.way != Way::Irc {
            return None;
        }
        match origin.secure {
            true => Some(format!("duration={}", settings.sts_duration)),
            // A policy that is taken back is for those alone who had it.
            false if settings.sts_duration == 0 || settings.sts_port == 0 => None,
            false => Some(format!("port={}", settings.sts_port)),
        }
    }

    /// Registers whoever has the turn, if nothing is missing any more.
    pub(crate) fn try_to_welcome(&mut self) {
        let me = self.me();
        let Some(registration) = &me.registration else { return };
        if registration.negotiating || registration.user.is_none() || me.nick() == "*" {
            return;
        }
        if !self.knows_the_password() {
            return;
        }
        let nick = self.my_nick();
        if self.is_reserved(&nick) {
            self.hub.clients.give_up_nick(self.who);
            let why = "Nickname is reserved: sign in to its account first";
            return self.reply(n::ERR_NICKNAMEINUSE, &[&nick, why]);
        }
        if let Some(other) = self.looks_like(&nick) {
            self.hub.clients.give_up_nick(self.who);
            let why = format!("Nickname looks like {other}, which is taken");
            return self.reply(n::ERR_NICKNAMEINUSE, &[&nick, &why]);
        }
        if let Some(why) = self.why_kept_out(self.who) {
            self.reply(n::ERR_YOUREBANNEDCREEP, &[&why]);
            return self.close(Cause::KeptOut, &why);
        }
        self.me_mut().sasl = None;
        self.hub.clients.registered(self.who);
        self.welcome();
        self.tell_online();
        let (who, origin) = (self.person(), &self.me().origin);
        let (way, secure) = (origin.way, origin.secure);
        self.note(Note::CameIn { who, way, secure });
    }

    /// Whether whoever has the turn gave the server's password, if there is one; if not, they go.
    fn knows_the_password(&mut self) -> bool {
        let Some(wanted) = self.hub.settings.password.clone() else { return true };
        let registration = self.me().registration.as_ref();
        let given = registration.and_then(|it| it.password.clone()).unwrap_or_default();
        // Without one it is no guess.
        let why = if given.is_empty() {
            "Password incorrect".to_owned()
        } else if let Err(wait) = self.may_try(Means::Server, "server") {
            format!("Too many wrong passwords: try again in {wait} s")
        } else if same(&wanted, &given) {
            self.tried_rightly(Means::Server, "server");
            return true;
        } else {
            self.tried_wrongly(Means::Server, "server");
            "Password incorrect".to_owned()
        };
        self.reply(n::ERR_PASSWDMISMATCH, &[&why]);
        self.close(Cause::Password, &why);
        false
    }

    fn welcome(&mut self) {
        let (mask, nick) = (self.my_mask(), self.my_nick());
        let network = self.hub.settings.network.clone();
        let server = self.hub.settings.server_name.clone();
        let version = concat!("coax-", env!("CARGO_PKG_VERSION"));
        self.reply(n::RPL_WELCOME, &[&format!("Welcome to {network}, {mask}")]);
        self.reply(n::RPL_YOURHOST, &[&format!("Your host is {server}, running {version}")]);
        self.reply(n::RPL_CREATED, &[&format!("This server is up since {}", self.hub.started)]);
        self.reply(n::RPL_MYINFO, &[&server, version, "BRiow", "CIMRabehiklmnoqstv", "Iabehkloqv"]);
        verb::isupport(self);
        verb::lusers(self);
        verb::motd(self);
        let modes = self.me().modes.letters();
        if modes.len() > 1 {
            self.say_as(self.who, &nick, "MODE", &[&nick, &modes]);
        }
    }
}

/// Compares without telling by its time how much was right.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}
