//! `coax connect`: standard input to a socket, and the socket to standard output.
//!
//! The words become an endpoint, the flags a way to reach it; `ask` reaches its peer the same way.
//!
//! How the conversation goes and ends is the session's business.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as ClapArgs;
use coax_addr::{Endpoint, Place, Transport, UnixKind};
use coax_net::{Datagrams, Dial, Kind, Stream, SystemResolver};

use crate::cli::{ENDPOINT_OPTIONS, EXIT_STATUS};
use crate::duration::{Deadline, late};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::{self, Connected, SessionArgs, Signals};
use crate::{datagrams, duration, place, runtime};

const EXAMPLES: &str = "\
EXAMPLES
    coax connect localhost:9000                 talk to whoever listens there
    coax connect localhost 9000                 the same, as nc takes it
    coax connect @bus --framing line            a Unix socket, a message a line
    coax connect 'udp://<broadcast>:9999'       ask everybody on this network
    coax connect db:5432 --timeout 2s </dev/null
";

/// Standard input to a socket, and the socket to standard output
#[derive(ClapArgs, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{ENDPOINT_OPTIONS}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Where: host:port, /path, @name, udp://…, unix-seqpacket:…
    endpoint: String,
    /// The port, when the first word is a host alone
    port: Option<String>,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    session: SessionArgs,
}

/// How to get there: `connect` and `ask` share it.
#[derive(ClapArgs, Clone, Debug)]
pub(crate) struct Reach {
    /// Use IPv4 alone
    #[arg(short = '4', long, conflicts_with = "ipv6", help_heading = "Connection")]
    ipv4: bool,
    /// Use IPv6 alone
    #[arg(short = '6', long, help_heading = "Connection")]
    ipv6: bool,
    /// Connect from this address, port, or both
    ///
    /// 10.0.0.2, :4000 or [::1]:4000.
    #[arg(long, value_name = "ADDRESS", value_parser = place::source, help_heading = "Connection")]
    source: Option<SocketAddr>,
    /// Give up connecting after this long [default: 30s]
    ///
    /// All the addresses of a name together, and finding them. Without this option, finding them
    /// takes as long as the system's resolver does, and the 30 s begin after it.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, help_heading = "Connection")]
    pub(crate) timeout: Option<Duration>,
}

/// How long connecting takes at most, where nothing else is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

impl Reach {
    /// A connection to `endpoint`, announced.
    pub(crate) async fn stream(
        &self,
        endpoint: &Endpoint,
        resolver: &SystemResolver,
        out: &Out,
    ) -> Result<(Stream, Kind), Failure> {
        let dialed = self.dial(resolver).connect(endpoint).await?;
        place::tell_attempts(&dialed.report, out);
        let kind = match endpoint.place {
            Place::Unix { kind: UnixKind::Seqpacket, .. } => Kind::Seqpacket,
            _ => Kind::Stream,
        };
        let stream = Stream::new(dialed.socket, dialed.peer)?;
        if endpoint.options.keepalive != Some(false) {
            stream.keep_alive();
        }
        out.report(&Connected::of(None, &stream))?;
        Ok((stream, kind))
    }

    /// Datagrams to and from `endpoint`, announced.
    pub(crate) async fn datagrams(
        &self,
        endpoint: &Endpoint,
        resolver: &SystemResolver,
        out: &Out,
    ) -> Result<Datagrams, Failure> {
        let dialed = self.dial(resolver).connect(endpoint).await?;
        place::tell_attempts(&dialed.report, out);
        let talk = Datagrams::towards(dialed)?;
        if let (Some(local), Some(peer)) = (talk.addresses().next(), talk.peer()) {
            out.report(&Connected::between(None, local, peer))?;
        }
        Ok(talk)
    }

    fn dial<'a>(&self, resolver: &'a SystemResolver) -> Dial<'a> {
        Dial {
            wanted: place::wanted(self.ipv4, self.ipv6),
            timeout: self.timeout,
            connect_timeout: Some(self.timeout.unwrap_or(CONNECT_TIMEOUT)),
            source: self.source,
            ..Dial::new(resolver)
        }
    }
}

/// Whether messages there have no connection.
pub(crate) fn is_datagram(endpoint: &Endpoint) -> bool {
    matches!(
        endpoint.place,
        Place::Net { transport: Transport::Udp, .. } | Place::Unix { kind: UnixKind::Dgram, .. }
    )
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    let endpoint = place::endpoint(&args.endpoint, args.port.as_deref())?;
    args.session.check()?;
    runtime::run(async {
        let resolver = SystemResolver::default();
        let mut signals = Signals::catch()?;
        if is_datagram(&endpoint) {
            let talk = tokio::select! {
                talk = args.reach.datagrams(&endpoint, &resolver, out) => talk?,
                () = signals.any() => return Err(signals.failure()),
                () = late(args.session.deadline) => return Err(too_late(&endpoint, &args)),
            };
            let plan = datagrams::Plan::connected(&args.session);
            return datagrams::converse(talk, plan, &mut signals, out).await;
        }
        let dialing = args.reach.stream(&endpoint, &resolver, out);
        let (stream, kind) = tokio::select! {
            dialed = dialing => dialed?,
            () = signals.any() => return Err(signals.failure()),
            () = late(args.session.deadline) => return Err(too_late(&endpoint, &args)),
        };
        session::converse(stream, kind, &args.session, &mut signals, out).await
    })
}

/// The deadline came before the connection.
fn too_late(endpoint: &Endpoint, args: &Args) -> Failure {
    let limit = args.session.deadline.map(Deadline::words).unwrap_or_default();
    Failure::new(Exit::Network, format!("cannot connect to {endpoint}: no answer within {limit}"))
}
