//! Sockets: the Berkeley calls, and what stands on them.
//!
//! [`Socket`] is the calls themselves, blocking, with an [`Address`] for every name. [`Resolve`]
//! turns names into addresses, [`Dial`] connects to the best of them, [`Listen`] waits at all of
//! them, [`relay()`] moves bytes until both sides have ended, [`Datagrams`] carries messages without
//! a connection. Every error names the call, the place and the cause in words a person can act on.
//!
//! Nothing here prints, exits, or knows what the bytes mean.

#![allow(clippy::disallowed_methods, reason = "this is the crate that opens sockets")]

mod address;
mod aside;
mod cause;
mod configure;
mod connect_probe;
mod datagrams;
mod descriptor;
mod dial;
mod framing;
mod icmp;
mod interface;
mod listen;
mod neighbours;
mod netlink;
mod next_hop;
mod occupant;
mod ping;
mod relay;
mod resolve;
mod sock_diag;
mod socket;
mod stream;
mod supervisor;
mod syn_socket;
mod sys;
mod tls;
mod tls_server;
mod trace;
mod udp_probe;
mod volley;

pub use address::Address;
pub use aside::aside;
pub use cause::{cause_in_words, no_thread};
pub use configure::scope_of;
pub use connect_probe::{ConnectProbe, ConnectProgress};
pub use datagrams::{DATAGRAM_LIMIT, Datagrams, Inbox, Origin};
pub use descriptor::{Descriptor, DescriptorKind};
pub use dial::{
    Alternatives, Attempt, AttemptOutcome, Dial, DialError, DialErrorKind, DialReport, Dialed,
};
pub use framing::{Decoder, Delimiter, Framing, FramingError, MESSAGE_LIMIT};
pub use icmp::IcmpReport;
pub use interface::{Interface, interfaces, source_towards};
pub use listen::{Listen, ListenError, Listener, SocketFile};
pub use neighbours::{Neighbour, NeighbourState, neighbours};
pub use next_hop::{NextHop, NextHops, Resolution};
pub use ping::{PingReply, PingSocket};
pub use relay::{
    Ending, Endings, Filter, First, How, Local, OnEof, OnPeerClose, OnReaderLeft, Pieces, close,
    echo, relay,
};
pub use resolve::{
    Addresses, HostsFile, HostsLine, NssSource, Resolve, ResolveError, ResolveErrorKind,
    SystemResolver, Wanted, ascii_host_name, check_host_name, nss_hosts_line, unicode_host_name,
};
pub use socket::{
    ConnectOutcome, Family, Keepalive, Kind, Protocol, Shutdown, Socket, SocketError,
    SocketErrorKind,
};
pub use stream::{PacketCount, Stream};
pub use supervisor::Supervisor;
pub use syn_socket::{SynAnswer, SynSaid, SynSocket};
pub use tls::{
    CertificateFault, Tls, TlsError, TlsErrorKind, TlsIdentity, TlsOptions, TlsStream,
    certificate_verifier, tls_cause,
};
pub use tls_server::{TlsCall, TlsServer, TlsServerError};
pub use udp_probe::{UdpAnswers, UdpHeard, UdpProbe};
pub use volley::{Arrivals, Outgoing, Volley};

pub(crate) use configure::configure;
