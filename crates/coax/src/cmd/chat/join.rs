//! `coax chat join`: a place at the table, line by line.
//!
//! What is typed is said, what is said is printed. A pipe works as well as a terminal: its lines are
//! said one after the other as they are, and at its end everything has arrived at the server before coax
//! leaves. What the server did not confirm is named. What a `--json` reader gets is the same talk, as
//! events.
//!
//! How IRC is spoken is `coax-irc-client`'s; here are the connection and the standard streams.

mod seat;
mod unconfirmed;

use std::io;

use coax_addr::{Endpoint, Place, Transport};
use coax_irc_client::Identity;
use coax_net::{Address, SystemResolver, cause_in_words};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::EXIT_STATUS;
use crate::cmd::connect::Reach;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, hex};
use crate::session::{Signals, is_terminal};
use crate::trust::TlsArgs;
use crate::{place, runtime};

use seat::{Seat, sit};

const EXAMPLES: &str = "\
EXAMPLES
    coax chat join localhost/#lobby --nick ada
    coax chat join ircs://irc.libera.chat/#rust      TLS, at port 6697
    echo 'backup is done' | coax chat join localhost/#ops --once
    coax chat join localhost/#lobby --json       what is said, as JSON
";

/// Where IRC servers listen when nobody says otherwise.
const PORT: &str = "6667";
/// And with TLS. RFC 7194.
const TLS_PORT: &str = "6697";
const CHANNEL: &str = "#lobby";

/// Join a chat from the terminal
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Server and channel, as in localhost/#lobby
    #[arg(value_name = "ENDPOINT/#CHANNEL")]
    place: String,
    /// What to be called [default: your login name]
    #[arg(short, long)]
    nick: Option<String>,
    /// Sign in to this account, by COAX_CHAT_PASSWORD
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The account's password, better by COAX_CHAT_PASSWORD
    #[arg(long, value_name = "WORD", env = "COAX_CHAT_PASSWORD", hide_env = true)]
    password: Option<String>,
    /// Say what stdin holds, then leave; print nothing
    ///
    /// Empty lines cannot be said and are left out. Lines that the server did not confirm are named, and
    /// the exit status is not 0 then. Where the nick is taken, another one is used.
    #[arg(long)]
    once: bool,
    /// Take /nick, /msg and so on from a pipe, too
    ///
    /// On a terminal a slash and a word begin a command. From a pipe every line is said as it is.
    #[arg(long)]
    commands: bool,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    reach: Reach,
}

/// Something said in the chat.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatReport {
    /// message, action, notice, event or error; earlier: said before we came; unconfirmed: typed, and
    /// perhaps not said
    kind: &'static str,
    /// Who; empty for the server.
    nick: String,
    /// The channel, or the nick it was said to; empty where that says nothing.
    target: String,
    text: String,
    /// The server's time, RFC 3339, where it gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msgid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip)]
    shown: String,
}

impl Report for ChatReport {
    const EVENT: &'static str = "chat";
    fn human(&self) -> Human {
        Human::Answer(self.shown.clone())
    }
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    let (endpoint, channel) = args.split()?;
    runtime::run(async {
        let mut signals = Signals::catch()?;
        tokio::select! {
            done = join(&args, &endpoint, &channel, out) => done,
            () = signals.any() => Err(signals.failure()),
        }
    })
}

async fn join(args: &Args, endpoint: &Endpoint, channel: &str, out: &Out) -> Result<(), Failure> {
    let tls = args.tls.tls()?;
    let (stream, _) = args.reach.stream(&plain(endpoint), &SystemResolver::default(), out).await?;
    let is_local = match stream.peer() {
        Address::Ip(address) => address.ip().to_canonical().is_loopback(),
        _ => true,
    };
    let seat = |host: &str, secure| {
        Ok::<_, Failure>(Seat {
            identity: args.identity(secure)?,
            channel: channel.to_owned(),
            once: args.once,
            commands: args.commands || is_terminal(io::stdin()),
            host: host.to_owned(),
        })
    };
    match &endpoint.place {
        Place::Net { transport: Transport::Tls, host, .. } => {
            let seat = seat(&host.to_string(), true)?;
            sit(tls.connect(stream, host).await?, seat, out).await
        }
        Place::Net { host, .. } => sit(stream, seat(&host.to_string(), is_local)?, out).await,
        _ => sit(stream, seat("", true)?, out).await,
    }
}

impl Args {
    /// The server, and the channel behind it.
    fn split(&self) -> Result<(Endpoint, String), Failure> {
        let (server, channel) = match self.place.split_once("/#") {
            Some((server, channel)) => (server, format!("#{channel}")),
            None => (self.place.trim_end_matches('/'), CHANNEL.to_owned()),
        };
        let (scheme, server) = match server.split_once("://") {
            Some(("irc", server)) => ("", server),
            Some(("ircs" | "tls", server)) => ("tls://", server),
            _ => ("", server),
        };
        let port = if scheme.is_empty() { PORT } else { TLS_PORT };
        let endpoint = |text: &str| place::endpoint(&format!("{scheme}{text}"), None);
        // Where no port is named, IRC's own is meant.
        let endpoint = endpoint(server)
            .or_else(|error| endpoint(&format!("{server}:{port}")).map_err(|_| error))?;
        match &endpoint.place {
            Place::Unix { .. } | Place::Net { transport: Transport::Tcp | Transport::Tls, .. } => {
                Ok((endpoint, channel))
            }
            _ => Err(Failure::new(Exit::Usage, format!("no chat is spoken at {endpoint}"))
                .hint("coax chat join localhost/#lobby, or tls://host:6697/#lobby")),
        }
    }

    /// `secure`: nobody on the way can read along.
    fn identity(&self, secure: bool) -> Result<Identity, Failure> {
        let login = || std::env::var("USER").ok().filter(|name| !name.is_empty());
        let nick = self.nick.clone().or_else(login).unwrap_or_else(|| "coax".to_owned());
        let password = self.password.clone();
        let account = match (&self.account, password) {
            (Some(name), Some(password)) => Some((name.clone(), password)),
            (Some(_), None) => {
                return Err(Failure::new(Exit::Usage, "an account needs its password")
                    .hint("COAX_CHAT_PASSWORD=… coax chat join …"));
            }
            (None, _) => None,
        };
        let nonce = nonce()?;
        Ok(Identity { real_name: nick.clone(), nick, account, password: None, nonce, secure })
    }
}

/// Digits that nobody can guess.
fn nonce() -> Result<String, Failure> {
    let mut bytes = [0; 18];
    let drawn = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    drawn.map_err(|error| {
        let cause = cause_in_words(&error.into());
        Failure::new(Exit::Machine, format!("cannot draw random numbers: {cause}"))
    })?;
    Ok(hex(&bytes))
}

/// The same place, without the TLS that is spoken there.
fn plain(endpoint: &Endpoint) -> Endpoint {
    let mut plain = endpoint.clone();
    if let Place::Net { transport, .. } = &mut plain.place {
        *transport = Transport::Tcp;
    }
    plain
}
