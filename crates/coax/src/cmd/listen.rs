//! `coax listen`: wait for connections or datagrams, and talk, echo, join or serve them.
//!
//! As soon as a connection would be accepted, each address is told. Flags that would do nothing
//! are refused before that.
//!
//! What happens to a connection is told in the files below.

mod exec;
mod flags;
mod one;
pub(super) mod queue;
mod room;
pub(super) mod serve;
pub(super) mod stop;
pub(super) mod voice;

use std::time::Duration;

use clap::Args as ClapArgs;
use coax_addr::Endpoint;
use coax_net::{Address, Datagrams, Listen, Stream, Supervisor, SystemResolver};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::{ENDPOINT_OPTIONS, EXIT_STATUS};
use crate::cmd::connect::is_datagram;
use crate::failure::Failure;
use crate::out::{Human, Out, Report};
use crate::session::{SessionArgs, Signals};
use crate::{count, datagrams, duration, place, runtime};

const EXAMPLES: &str = "\
EXAMPLES
    coax listen 9000                            one connection, on IPv4 and IPv6
    coax listen 9000 --keep-open                talk to many; '@2 hello' to one
    coax listen 9000 --echo --keep-open         send everything back
    coax listen 9000 --broker                   everyone hears everyone
    coax listen 9000 --keep-open --exec 'date'  run a command for each connection
    coax listen /tmp/in.sock > received         a Unix socket into a file
    coax listen '/run/in.sock?mode=0660&group=www'   for a group alone
    coax listen udp://:9000 --count 10          ten datagrams
    coax listen udp://239.1.2.3:5000            join a multicast group
";

/// Wait for connections or datagrams, and talk to whoever comes
#[derive(ClapArgs, Clone, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{ENDPOINT_OPTIONS}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Where: port, host:port, /path, @name, udp://…, unix-seqpacket:…
    endpoint: String,
    /// The port, when the first word is a host alone
    port: Option<String>,
    /// Listen on IPv4 alone
    #[arg(short = '4', long, conflicts_with = "ipv6", help_heading = "Connections")]
    ipv4: bool,
    /// Listen on IPv6 alone
    #[arg(short = '6', long, help_heading = "Connections")]
    ipv6: bool,
    /// Serve many at once, until interrupted
    ///
    /// Without it, one connection is served, and then it is done.
    #[arg(short, long, help_heading = "Connections")]
    keep_open: bool,
    /// Serve at most N at once; more wait their turn
    #[arg(short, long, value_name = "N", value_parser = count::parse::<u32>, help_heading = "Connections")]
    max: Option<u32>,
    /// Drop a member that reads nothing for this long
    ///
    /// 5s unless said otherwise, and only while others wait for it. Up to 1 MiB waits for each
    /// member; beyond that, the speaker waits for the slowest. A dropped member gets a reset, not an
    /// end.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, help_heading = "Connections")]
    drop_after: Option<Duration>,
    /// Let at most N connections wait to be accepted
    #[arg(long, value_name = "N", value_parser = count::or_none::<u32>, help_heading = "Connections")]
    backlog: Option<u32>,
    /// Give up when nobody has connected for this long
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, help_heading = "Connections")]
    timeout: Option<Duration>,
    /// Send TEXT to whoever connects, first
    #[arg(long, value_name = "TEXT", help_heading = "What to do")]
    greet: Option<String>,
    /// Send everything back
    #[arg(long, conflicts_with_all = ["broker", "exec"], help_heading = "What to do")]
    echo: bool,
    /// Send what each says to all the others (many at once)
    #[arg(long, conflicts_with = "exec", help_heading = "What to do")]
    broker: bool,
    /// Run a shell command for each connection
    ///
    /// The connection is its standard input and output. COAX_REMOTE_ADDR, COAX_REMOTE_PORT,
    /// COAX_LOCAL_ADDR, COAX_LOCAL_PORT and COAX_CONNECTION tell it whom it serves. With one
    /// connection, a command that fails makes this exit with 1, one that cannot be run with 5; -v
    /// and --json say its status.
    #[arg(long, value_name = "CMD", help_heading = "What to do")]
    exec: Option<String>,
    /// End after N datagrams
    #[arg(long, value_name = "N", value_parser = count::parse::<u64>, help_heading = "Datagrams")]
    count: Option<u64>,
    /// Join a multicast group as well
    #[arg(long, value_name = "GROUP", help_heading = "Datagrams")]
    join: Option<std::net::IpAddr>,
    #[command(flatten)]
    session: SessionArgs,
    /// Whether the endpoint leaves it to us to probe silent peers.
    #[arg(skip)]
    keepalive: bool,
}

/// A place is being listened on: connections are accepted from now on.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listening {
    address: String,
}

impl Report for Listening {
    const EVENT: &'static str = "listening";
    fn human(&self) -> Human {
        Human::Talk(format!("listening on {}", self.address))
    }
}

pub(crate) fn run(mut args: Args, out: &Out) -> Result<(), Failure> {
    let mut endpoint = place::endpoint(&args.endpoint, args.port.as_deref())?;
    endpoint.options.join = endpoint.options.join.or(args.join);
    args.keepalive = endpoint.options.keepalive != Some(false);
    flags::check(&args, &endpoint)?;
    args.session.check()?;
    runtime::run(async {
        let signals = Signals::catch()?;
        let resolver = SystemResolver::default();
        match is_datagram(&endpoint) {
            true => receive(&args, &endpoint, &resolver, signals, out).await,
            false => accept(&args, &endpoint, &resolver, signals, out).await,
        }
    })
}

async fn receive(
    args: &Args,
    endpoint: &Endpoint,
    resolver: &SystemResolver,
    mut signals: Signals,
    out: &Out,
) -> Result<(), Failure> {
    let talk = Datagrams::at(endpoint, args.wanted(), resolver).await?;
    announce(talk.addresses(), out)?;
    let plan = datagrams::Plan::listening(&args.session, args.echo, args.count);
    datagrams::converse(talk, plan, &mut signals, out).await
}

async fn accept(
    args: &Args,
    endpoint: &Endpoint,
    resolver: &SystemResolver,
    signals: Signals,
    out: &Out,
) -> Result<(), Failure> {
    let mut listen = Listen { wanted: args.wanted(), ..Listen::default() };
    listen.backlog = args.backlog.unwrap_or(listen.backlog);
    let listener = listen.on(endpoint, resolver).await?;
    announce(listener.addresses(), out)?;
    match (args.is_many(), args.echo || args.exec.is_some()) {
        (false, _) => one::serve(listener, args, signals, out).await,
        (true, true) => serve::each_alone(&listener, args, signals, out).await,
        (true, false) => room::serve(&listener, args, signals, out).await,
    }
}

/// Says where it listens, to a service manager as well.
pub(super) fn announce<'a>(
    addresses: impl Iterator<Item = &'a Address>,
    out: &Out,
) -> Result<(), Failure> {
    for address in addresses {
        out.report(&Listening { address: address.to_string() })?;
    }
    Supervisor::of_environment().ready();
    Ok(())
}

impl Args {
    fn wanted(&self) -> coax_net::Wanted {
        place::wanted(self.ipv4, self.ipv6)
    }

    /// Room for connections that need `cost` descriptors each.
    fn room(&self, cost: usize) -> queue::Room {
        queue::Room { timeout: self.timeout, max: self.max, cost }
    }

    /// A peer whose machine or line is gone without a word is found within minutes.
    fn keep_alive(&self, stream: &Stream) {
        if self.keepalive {
            stream.keep_alive();
        }
    }

    /// Many connections at once, until interrupted.
    fn is_many(&self) -> bool {
        self.keep_open || self.broker
    }
}
