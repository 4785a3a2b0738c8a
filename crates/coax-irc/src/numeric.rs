//! Replies by number.
//!
//! Every number that this century's servers send, each with the name and the text that defines it. A
//! number is three digits on the wire.
//!
//! Nothing here knows what stands behind the number in a line: that is with who sends it.

use std::fmt;

/// A reply, an error: `001` is `RPL_WELCOME`. Modern IRC, "Numerics".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Numeric(u16);

impl Numeric {
    /// The number of any reply, known here or not; nothing above 999.
    pub const fn new(code: u16) -> Option<Numeric> {
        if code < 1000 { Some(Numeric(code)) } else { None }
    }

    /// The number.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The number as it is sent.
    pub fn digits(self) -> [u8; 3] {
        let digit = |n: u16| b'0' + (n % 10) as u8;
        [digit(self.0 / 100), digit(self.0 / 10), digit(self.0)]
    }

    /// The name, for those known here.
    pub fn name(self) -> Option<&'static str> {
        ALL.binary_search_by_key(&self, |(it, _)| *it).ok().map(|at| ALL[at].1)
    }

    /// Whether it says that something was not done.
    pub const fn is_error(self) -> bool {
        matches!(self.0, 400..=599 | 691 | 696 | 712..=714 | 723 | 734 | 902 | 904..=907)
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl fmt::Debug for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {}", self.0, self.name().unwrap_or("(unknown)"))
    }
}

macro_rules! numerics {
    ($($(#[$doc:meta])+ $name:ident = $code:literal,)+) => {
        $($(#[$doc])+ pub const $name: Numeric = Numeric($code);)+

        /// All of them with their names, by number.
        pub const ALL: &[(Numeric, &str)] = &[$(($name, stringify!($name)),)+];
    };
}

numerics! {
    // Registration
    /// Welcome: the client is registered. Modern IRC.
    RPL_WELCOME = 1,
    /// The server and its version. Modern IRC.
    RPL_YOURHOST = 2,
    /// Since when the server runs. Modern IRC.
    RPL_CREATED = 3,
    /// The server's name, version and mode letters. Modern IRC.
    RPL_MYINFO = 4,
    /// What the server can do. Modern IRC.
    RPL_ISUPPORT = 5,
    /// Which notices an operator gets. De facto: InspIRCd, UnrealIRCd.
    RPL_SNOMASK = 8,
    /// Another server to use. Modern IRC.
    RPL_BOUNCE = 10,
    /// The client's own identifier. De facto: InspIRCd, IRCnet.
    RPL_YOURID = 42,
    // Servers and statistics
    /// Part of TRACE: a link. RFC 2812 §5.
    RPL_TRACELINK = 200,
    /// Part of TRACE: an operator. RFC 2812 §5.
    RPL_TRACEOPERATOR = 204,
    /// Part of TRACE: a user. RFC 2812 §5.
    RPL_TRACEUSER = 205,
    /// Part of TRACE: a server. RFC 2812 §5.
    RPL_TRACESERVER = 206,
    /// Part of STATS: a connection. Modern IRC.
    RPL_STATSLINKINFO = 211,
    /// Part of STATS: how often a command was used. Modern IRC.
    RPL_STATSCOMMANDS = 212,
    /// Part of STATS: who may connect. RFC 2812 §5.
    RPL_STATSILINE = 215,
    /// Part of STATS: who is banned. RFC 2812 §5.
    RPL_STATSKLINE = 216,
    /// The end of STATS. Modern IRC.
    RPL_ENDOFSTATS = 219,
    /// One's own modes. Modern IRC.
    RPL_UMODEIS = 221,
    /// Part of STATS: who is banned everywhere. De facto: InspIRCd, UnrealIRCd.
    RPL_STATSGLINE = 223,
    /// Part of SERVLIST. RFC 2812 §5.
    RPL_SERVLIST = 234,
    /// The end of SERVLIST. RFC 2812 §5.
    RPL_SERVLISTEND = 235,
    /// Part of STATS: for how long the server runs. Modern IRC.
    RPL_STATSUPTIME = 242,
    /// Part of STATS: who may be an operator. RFC 2812 §5.
    RPL_STATSOLINE = 243,
    /// Part of STATS: anything else. De facto: InspIRCd, UnrealIRCd.
    RPL_STATSDEBUG = 249,
    /// Part of LUSERS: users. Modern IRC.
    RPL_LUSERCLIENT = 251,
    /// Part of LUSERS: operators. Modern IRC.
    RPL_LUSEROP = 252,
    /// Part of LUSERS: connections not registered yet. Modern IRC.
    RPL_LUSERUNKNOWN = 253,
    /// Part of LUSERS: channels. Modern IRC.
    RPL_LUSERCHANNELS = 254,
    /// Part of LUSERS: this server alone. Modern IRC.
    RPL_LUSERME = 255,
    /// Part of ADMIN: the server. Modern IRC.
    RPL_ADMINME = 256,
    /// Part of ADMIN: where. Modern IRC.
    RPL_ADMINLOC1 = 257,
    /// Part of ADMIN: where, more closely. Modern IRC.
    RPL_ADMINLOC2 = 258,
    /// Part of ADMIN: whom to write to. Modern IRC.
    RPL_ADMINEMAIL = 259,
    /// The end of TRACE. RFC 2812 §5.
    RPL_TRACEEND = 262,
    /// The command was not done: too much at once. Modern IRC.
    RPL_TRYAGAIN = 263,
    /// Part of LUSERS: users here, now and at most. Modern IRC.
    RPL_LOCALUSERS = 265,
    /// Part of LUSERS: users everywhere, now and at most. Modern IRC.
    RPL_GLOBALUSERS = 266,
    /// Part of WHOIS: the client's certificate. Modern IRC.
    RPL_WHOISCERTFP = 276,
    // Users and channels
    /// Nothing; never sent. Modern IRC.
    RPL_NONE = 300,
    /// A user is away. Modern IRC.
    RPL_AWAY = 301,
    /// The answer to USERHOST. Modern IRC.
    RPL_USERHOST = 302,
    /// The answer to ISON. RFC 2812 §5.
    RPL_ISON = 303,
    /// One is back. Modern IRC.
    RPL_UNAWAY = 305,
    /// One is away. Modern IRC.
    RPL_NOWAWAY = 306,
    /// Part of WHOIS: the nick is registered, and used by its owner. Modern IRC.
    RPL_WHOISREGNICK = 307,
    /// Part of WHOIS: user, host and real name. Modern IRC.
    RPL_WHOISUSER = 311,
    /// Part of WHOIS: the server. Modern IRC.
    RPL_WHOISSERVER = 312,
    /// Part of WHOIS: an operator. Modern IRC.
    RPL_WHOISOPERATOR = 313,
    /// Part of WHOWAS: user, host and real name. Modern IRC.
    RPL_WHOWASUSER = 314,
    /// The end of WHO. Modern IRC.
    RPL_ENDOFWHO = 315,
    /// Part of WHOIS: silent for how long, here since when. Modern IRC.
    RPL_WHOISIDLE = 317,
    /// The end of WHOIS. Modern IRC.
    RPL_ENDOFWHOIS = 318,
    /// Part of WHOIS: channels. Modern IRC.
    RPL_WHOISCHANNELS = 319,
    /// Part of WHOIS: anything else. Modern IRC.
    RPL_WHOISSPECIAL = 320,
    /// The beginning of LIST. Modern IRC.
    RPL_LISTSTART = 321,
    /// Part of LIST: a channel. Modern IRC.
    RPL_LIST = 322,
    /// The end of LIST. Modern IRC.
    RPL_LISTEND = 323,
    /// The modes of a channel. Modern IRC.
    RPL_CHANNELMODEIS = 324,
    /// Who made a channel. RFC 2812 §5.
    RPL_UNIQOPIS = 325,
    /// Since when a channel exists. Modern IRC.
    RPL_CREATIONTIME = 329,
    /// Part of WHOIS: the account. Modern IRC.
    RPL_WHOISACCOUNT = 330,
    /// A channel has no topic. Modern IRC.
    RPL_NOTOPIC = 331,
    /// The topic of a channel. Modern IRC.
    RPL_TOPIC = 332,
    /// Who set the topic, and when. Modern IRC.
    RPL_TOPICWHOTIME = 333,
    /// Part of WHOIS: a bot. IRCv3 *bot-mode*.
    RPL_WHOISBOT = 335,
    /// Part of INVITE: a channel one is invited to. Modern IRC.
    RPL_INVITELIST = 336,
    /// The end of INVITE. Modern IRC.
    RPL_ENDOFINVITELIST = 337,
    /// Part of WHOIS: the true host and address. Modern IRC.
    RPL_WHOISACTUALLY = 338,
    /// An invitation was sent. Modern IRC.
    RPL_INVITING = 341,
    /// Part of a channel's list of invitation exceptions. Modern IRC.
    RPL_INVEXLIST = 346,
    /// The end of that list. Modern IRC.
    RPL_ENDOFINVEXLIST = 347,
    /// Part of a channel's list of ban exceptions. Modern IRC.
    RPL_EXCEPTLIST = 348,
    /// The end of that list. Modern IRC.
    RPL_ENDOFEXCEPTLIST = 349,
    /// The answer to VERSION. Modern IRC.
    RPL_VERSION = 351,
    /// Part of WHO: a user. Modern IRC.
    RPL_WHOREPLY = 352,
    /// Part of NAMES. Modern IRC.
    RPL_NAMREPLY = 353,
    /// Part of WHO: the fields asked for. IRCv3 *whox*.
    RPL_WHOSPCRPL = 354,
    /// Part of LINKS: a server. Modern IRC.
    RPL_LINKS = 364,
    /// The end of LINKS. Modern IRC.
    RPL_ENDOFLINKS = 365,
    /// The end of NAMES. Modern IRC.
    RPL_ENDOFNAMES = 366,
    /// Part of a channel's list of bans. Modern IRC.
    RPL_BANLIST = 367,
    /// The end of that list. Modern IRC.
    RPL_ENDOFBANLIST = 368,
    /// The end of WHOWAS. Modern IRC.
    RPL_ENDOFWHOWAS = 369,
    /// Part of INFO. Modern IRC.
    RPL_INFO = 371,
    /// Part of MOTD. Modern IRC.
    RPL_MOTD = 372,
    /// The end of INFO. Modern IRC.
    RPL_ENDOFINFO = 374,
    /// The beginning of MOTD. Modern IRC.
    RPL_MOTDSTART = 375,
    /// The end of MOTD. Modern IRC.
    RPL_ENDOFMOTD = 376,
    /// Part of WHOIS: from where. Modern IRC.
    RPL_WHOISHOST = 378,
    /// Part of WHOIS: modes. Modern IRC.
    RPL_WHOISMODES = 379,
    /// One is an operator now. Modern IRC.
    RPL_YOUREOPER = 381,
    /// The settings are read again. Modern IRC.
    RPL_REHASHING = 382,
    /// The answer to TIME. Modern IRC.
    RPL_TIME = 391,
    /// One's host as others see it. De facto: InspIRCd, UnrealIRCd, Solanum.
    RPL_VISIBLEHOST = 396,
    // Errors
    /// Something else went wrong. Modern IRC.
    ERR_UNKNOWNERROR = 400,
    /// No such nick, or no such target. Modern IRC.
    ERR_NOSUCHNICK = 401,
    /// No such server. Modern IRC.
    ERR_NOSUCHSERVER = 402,
    /// No such channel. Modern IRC.
    ERR_NOSUCHCHANNEL = 403,
    /// The channel does not take the message. Modern IRC.
    ERR_CANNOTSENDTOCHAN = 404,
    /// One is in too many channels. Modern IRC.
    ERR_TOOMANYCHANNELS = 405,
    /// Nobody had that nick. Modern IRC.
    ERR_WASNOSUCHNICK = 406,
    /// Too many targets at once. RFC 2812 §5.
    ERR_TOOMANYTARGETS = 407,
    /// No such service. RFC 2812 §5.
    ERR_NOSUCHSERVICE = 408,
    /// PING or PONG without its token. Modern IRC.
    ERR_NOORIGIN = 409,
    /// No such CAP subcommand. IRCv3 *capability-negotiation*.
    ERR_INVALIDCAPCMD = 410,
    /// No recipient. Modern IRC.
    ERR_NORECIPIENT = 411,
    /// No text. Modern IRC.
    ERR_NOTEXTTOSEND = 412,
    /// A mask of servers without top level. RFC 2812 §5.
    ERR_NOTOPLEVEL = 413,
    /// A mask of servers with a wildcard as top level. RFC 2812 §5.
    ERR_WILDTOPLEVEL = 414,
    /// A mask that is none. RFC 2812 §5.
    ERR_BADMASK = 415,
    /// Too much to list. De facto: InspIRCd, UnrealIRCd, IRCnet.
    ERR_TOOMANYMATCHES = 416,
    /// The line is too long. Modern IRC.
    ERR_INPUTTOOLONG = 417,
    /// No such command. Modern IRC.
    ERR_UNKNOWNCOMMAND = 421,
    /// No message of the day. Modern IRC.
    ERR_NOMOTD = 422,
    /// Nobody says who runs the server. RFC 2812 §5.
    ERR_NOADMININFO = 423,
    /// A file could not be read. RFC 2812 §5.
    ERR_FILEERROR = 424,
    /// No nick given. Modern IRC.
    ERR_NONICKNAMEGIVEN = 431,
    /// No nick can be like that. Modern IRC.
    ERR_ERRONEUSNICKNAME = 432,
    /// The nick is taken. Modern IRC.
    ERR_NICKNAMEINUSE = 433,
    /// Banned in a channel: no other nick now. De facto: UnrealIRCd, Solanum.
    ERR_BANNICKCHANGE = 435,
    /// Two have the same nick. Modern IRC.
    ERR_NICKCOLLISION = 436,
    /// The nick or channel cannot be had for now. RFC 2812 §5.
    ERR_UNAVAILRESOURCE = 437,
    /// Too many nicks too fast. De facto: InspIRCd, UnrealIRCd, Solanum.
    ERR_NICKTOOFAST = 438,
    /// The user is not in the channel. Modern IRC.
    ERR_USERNOTINCHANNEL = 441,
    /// One is not in the channel. Modern IRC.
    ERR_NOTONCHANNEL = 442,
    /// The user is in the channel already. Modern IRC.
    ERR_USERONCHANNEL = 443,
    /// There is no SUMMON. RFC 2812 §5.
    ERR_SUMMONDISABLED = 445,
    /// There is no USERS. RFC 2812 §5.
    ERR_USERSDISABLED = 446,
    /// No other nick in such a channel. De facto: InspIRCd, UnrealIRCd.
    ERR_CANTCHANGENICK = 447,
    /// Not before registration. Modern IRC.
    ERR_NOTREGISTERED = 451,
    /// A parameter is missing. Modern IRC.
    ERR_NEEDMOREPARAMS = 461,
    /// Only before registration. Modern IRC.
    ERR_ALREADYREGISTERED = 462,
    /// Hosts like this may not connect. RFC 2812 §5.
    ERR_NOPERMFORHOST = 463,
    /// The password is wrong. Modern IRC.
    ERR_PASSWDMISMATCH = 464,
    /// One is banned from the server. Modern IRC.
    ERR_YOUREBANNEDCREEP = 465,
    /// One will be banned soon. RFC 2812 §5.
    ERR_YOUWILLBEBANNED = 466,
    /// The key of the channel is set already. RFC 2812 §5.
    ERR_KEYSET = 467,
    /// No user name can be like that. De facto: InspIRCd, UnrealIRCd, Solanum.
    ERR_INVALIDUSERNAME = 468,
    /// The channel leads to another. De facto: InspIRCd, UnrealIRCd, Solanum.
    ERR_LINKCHANNEL = 470,
    /// The channel is full. Modern IRC.
    ERR_CHANNELISFULL = 471,
    /// No such channel mode. Modern IRC.
    ERR_UNKNOWNMODE = 472,
    /// The channel is for the invited. Modern IRC.
    ERR_INVITEONLYCHAN = 473,
    /// One is banned from the channel. Modern IRC.
    ERR_BANNEDFROMCHAN = 474,
    /// The key of the channel is another. Modern IRC.
    ERR_BADCHANNELKEY = 475,
    /// No channel can be called like that. Modern IRC.
    ERR_BADCHANMASK = 476,
    /// The channel is for those who signed in. De facto: InspIRCd, UnrealIRCd, Solanum.
    ERR_NEEDREGGEDNICK = 477,
    /// The list of the channel is full. RFC 2812 §5.
    ERR_BANLISTFULL = 478,
    /// For operators alone. Modern IRC.
    ERR_NOPRIVILEGES = 481,
    /// For operators of the channel alone. Modern IRC.
    ERR_CHANOPRIVSNEEDED = 482,
    /// A server cannot be killed. Modern IRC.
    ERR_CANTKILLSERVER = 483,
    /// A service cannot be thrown out. De facto: UnrealIRCd, Solanum.
    ERR_ISCHANSERVICE = 484,
    /// For who made the channel alone. RFC 2812 §5.
    ERR_UNIQOPPRIVSNEEDED = 485,
    /// The user hears only those who signed in. De facto: UnrealIRCd, Solanum.
    ERR_NONONREG = 486,
    /// The channel is for TLS alone. De facto: InspIRCd, UnrealIRCd.
    ERR_SECUREONLYCHAN = 489,
    /// Nobody at this host can be an operator. Modern IRC.
    ERR_NOOPERHOST = 491,
    /// No such user mode. Modern IRC.
    ERR_UMODEUNKNOWNFLAG = 501,
    /// The modes of others are not to be seen or changed. Modern IRC.
    ERR_USERSDONTMATCH = 502,
    /// The user is on another server. De facto: UnrealIRCd, Solanum.
    ERR_USERNOTONSERV = 504,
    /// The channel is for operators alone. De facto: InspIRCd, UnrealIRCd, Solanum.
    ERR_OPERONLY = 520,
    /// No help on that. Modern IRC.
    ERR_HELPNOTFOUND = 524,
    /// No key can be like that. Modern IRC.
    ERR_INVALIDKEY = 525,
    /// The user does not take the message. De facto: InspIRCd, UnrealIRCd.
    ERR_CANTSENDTOUSER = 531,
    // Later additions
    /// TLS may begin. IRCv3 *tls*.
    RPL_STARTTLS = 670,
    /// Part of WHOIS: connected over TLS. Modern IRC.
    RPL_WHOISSECURE = 671,
    /// TLS cannot begin. IRCv3 *tls*.
    ERR_STARTTLS = 691,
    /// The mode does not take that argument. Modern IRC.
    ERR_INVALIDMODEPARAM = 696,
    /// The beginning of HELP. Modern IRC.
    RPL_HELPSTART = 704,
    /// Part of HELP. Modern IRC.
    RPL_HELPTXT = 705,
    /// The end of HELP. Modern IRC.
    RPL_ENDOFHELP = 706,
    /// Someone asks to be let in. De facto: InspIRCd, Solanum.
    RPL_KNOCK = 710,
    /// The request was passed on. De facto: InspIRCd, Solanum.
    RPL_KNOCKDLVR = 711,
    /// Too many requests. De facto: InspIRCd, Solanum.
    ERR_TOOMANYKNOCK = 712,
    /// The channel is open to all. De facto: InspIRCd, Solanum.
    ERR_CHANOPEN = 713,
    /// One is in the channel already. De facto: InspIRCd, Solanum.
    ERR_KNOCKONCHAN = 714,
    /// The user hears only friends. De facto: InspIRCd, Solanum.
    RPL_TARGUMODEG = 716,
    /// The user was told that one tried. De facto: InspIRCd, Solanum.
    RPL_TARGNOTIFY = 717,
    /// Someone tried to speak to one. De facto: InspIRCd, Solanum.
    RPL_UMODEGMSG = 718,
    /// This operator may not do that. Modern IRC.
    ERR_NOPRIVS = 723,
    /// Part of a channel's list of quieted users. De facto: Solanum.
    RPL_QUIETLIST = 728,
    /// The end of that list. De facto: Solanum.
    RPL_ENDOFQUIETLIST = 729,
    /// Those watched who are here. IRCv3 *monitor*.
    RPL_MONONLINE = 730,
    /// Those watched who are not. IRCv3 *monitor*.
    RPL_MONOFFLINE = 731,
    /// Part of MONITOR L. IRCv3 *monitor*.
    RPL_MONLIST = 732,
    /// The end of MONITOR L. IRCv3 *monitor*.
    RPL_ENDOFMONLIST = 733,
    /// The list of watched ones is full. IRCv3 *monitor*.
    ERR_MONLISTFULL = 734,
    /// Part of WHOIS: a key and its value. IRCv3 *metadata*.
    RPL_WHOISKEYVALUE = 760,
    /// A key and its value. IRCv3 *metadata*.
    RPL_KEYVALUE = 761,
    /// The key has no value. IRCv3 *metadata*.
    RPL_KEYNOTSET = 766,
    /// Keys one is told about from now on. IRCv3 *metadata*.
    RPL_METADATASUBOK = 770,
    /// Keys one is no longer told about. IRCv3 *metadata*.
    RPL_METADATAUNSUBOK = 771,
    /// Keys one is told about. IRCv3 *metadata*.
    RPL_METADATASUBS = 772,
    /// The values come when asked for again. IRCv3 *metadata*.
    RPL_METADATASYNCLATER = 774,
    // Accounts
    /// One is signed in. IRCv3 *sasl-3.1*.
    RPL_LOGGEDIN = 900,
    /// One is signed out. IRCv3 *sasl-3.1*.
    RPL_LOGGEDOUT = 901,
    /// The account is locked. IRCv3 *sasl-3.1*.
    ERR_NICKLOCKED = 902,
    /// SASL is done. IRCv3 *sasl-3.1*.
    RPL_SASLSUCCESS = 903,
    /// SASL failed. IRCv3 *sasl-3.1*.
    ERR_SASLFAIL = 904,
    /// A SASL message is too long. IRCv3 *sasl-3.1*.
    ERR_SASLTOOLONG = 905,
    /// The client gave SASL up. IRCv3 *sasl-3.1*.
    ERR_SASLABORTED = 906,
    /// One is signed in already. IRCv3 *sasl-3.1*.
    ERR_SASLALREADY = 907,
    /// Which mechanisms there are. IRCv3 *sasl-3.1*.
    RPL_SASLMECHS = 908,
}

#[cfg(test)]
mod tests {
    use super::{ALL, ERR_NICKNAMEINUSE, Numeric, RPL_ISUPPORT};

    #[test]
    fn each_number_stands_once_and_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_name_says_whether_it_is_an_error() {
        for (numeric, name) in ALL {
            assert_eq!(numeric.is_error(), name.starts_with("ERR_"), "{name}");
            assert_eq!(numeric.name(), Some(*name));
        }
    }

    #[test]
    fn a_number_is_three_digits() {
        assert_eq!(&RPL_ISUPPORT.digits(), b"005");
        assert_eq!(&ERR_NICKNAMEINUSE.digits(), b"433");
        assert_eq!(format!("{RPL_ISUPPORT} {RPL_ISUPPORT:?}"), "005 005 RPL_ISUPPORT");
        assert_eq!(Numeric::new(1000), None);
    }
}
