//! The protocols that are known over UDP: one row each, with what is asked and what proves an answer.
//!
//! A scan sends the same questions to find out whether a port is open at all. Each is built from the
//! document that defines the protocol, in `payload`, and each answer is read in `reply`.
//!
//! Where nothing helps, since the service never answers a stranger (syslog 514, DHCP 67, RADIUS 1812,
//! NetFlow 2055, WireGuard 51820), the port is not listed: it is asked like any other, and its
//! silence is the answer.
//!
//! Nothing here sends anything.

use super::super::reply::{Reader, games, machine, names, small, tunnel, web};
use crate::payload as ask;

/// A protocol over UDP.
pub(crate) struct DatagramProtocol {
    /// What an answer may be recognised as.
    services: &'static [&'static str],
    pub(crate) ports: &'static [u16],
    /// Questions, the best first. Every attempt sends the next one.
    pub(crate) questions: fn() -> Vec<Vec<u8>>,
    pub(in crate::identify) readers: &'static [Reader],
    /// Whether ports of which nothing is known are asked it too.
    pub(crate) anywhere: bool,
}

const fn row(
    services: &'static [&'static str],
    ports: &'static [u16],
    questions: fn() -> Vec<Vec<u8>>,
    readers: &'static [Reader],
) -> DatagramProtocol {
    DatagramProtocol { services, ports, questions, readers, anywhere: false }
}

impl DatagramProtocol {
    const fn anywhere(self) -> DatagramProtocol {
        DatagramProtocol { anywhere: true, ..self }
    }
}

#[rustfmt::skip]
pub(crate) static DATAGRAM_PROTOCOLS: &[DatagramProtocol] = &[
    row(&["domain"], &[53], ask::names::dns, &[names::domain]).anywhere(),
    row(&["mdns"], &[5353], ask::names::multicast_dns, &[names::multicast]),
    row(&["netbios-ns"], &[137], ask::names::netbios, &[names::netbios]),
    row(&["ntp"], &[123], ask::machine::ntp, &[machine::ntp]).anywhere(),
    row(&["echo", "daytime", "chargen", "time"], &[7, 11, 13, 17, 19, 37], ask::machine::any_datagram, &[small::daytime, small::time, small::characters]),
    row(&["tftp"], &[69], ask::machine::tftp, &[machine::tftp]),
    row(&["sunrpc"], &[111], ask::machine::portmapper, &[machine::rpc]).anywhere(),
    row(&["nfs"], &[2049], ask::machine::nfs, &[machine::rpc]),
    row(&["xdmcp"], &[177], ask::machine::xdmcp, &[machine::xdmcp]),
    row(&["svrloc"], &[427], ask::machine::service_location, &[machine::service_location]),
    row(&["router"], &[520], ask::machine::rip, &[machine::rip]),
    row(&["ripng"], &[521], ask::machine::rip_ng, &[machine::rip]),
    row(&["asf-rmcp"], &[623, 664], ask::machine::ipmi, &[machine::ipmi]),
    row(&["ms-sql-m"], &[1434], ask::machine::sql_server, &[machine::sql_server]),
    row(&["ms-wbt-server"], &[3389], ask::machine::remote_desktop, &[machine::remote_desktop]),
    row(&["ubiquiti"], &[10001], ask::machine::ubiquiti, &[machine::ubiquiti]),
    row(&["memcache"], &[11211], ask::machine::memcached, &[machine::memcached]).anywhere(),
    row(&["EtherNet-IP-2"], &[44818], ask::machine::ethernet_ip, &[machine::ethernet_ip]),
    row(&["bacnet"], &[47808], ask::machine::bacnet, &[machine::bacnet]),
    row(&["kerberos"], &[88], ask::directory::kerberos, &[machine::kerberos]),
    row(&["snmp"], &[161], ask::directory::snmp, &[machine::snmp]).anywhere(),
    row(&["ldap"], &[389], ask::directory::ldap, &[machine::ldap]),
    row(&["quic", "dtls"], &[443, 784, 853, 8443, 8853], ask::web::quic_then_dtls, &[web::quic, web::dtls]).anywhere(),
    row(&["dtls"], &[2083, 4433, 5349, 5684], ask::web::dtls, &[web::dtls]),
    row(&["ssdp"], &[1900], ask::web::ssdp, &[web::ssdp]),
    row(&["ws-discovery"], &[3702], ask::web::ws_discovery, &[web::ws_discovery]),
    row(&["stun"], &[3478, 3479], ask::web::stun, &[web::stun]).anywhere(),
    row(&["iax"], &[4569], ask::web::iax, &[web::iax]),
    row(&["sip"], &[5060], ask::web::sip, &[web::sip]).anywhere(),
    row(&["coap"], &[5683], ask::web::coap, &[web::coap]).anywhere(),
    row(&["isakmp"], &[500], ask::tunnel::ike, &[tunnel::ike]),
    row(&["ipsec-nat-t"], &[4500], ask::tunnel::ike_through_nat, &[tunnel::ike]),
    row(&["openvpn"], &[1194], ask::tunnel::openvpn, &[tunnel::openvpn]).anywhere(),
    row(&["gtp-user"], &[2152], ask::tunnel::gtp, &[tunnel::gtp]),
    row(&["nat-pmp"], &[5351], ask::tunnel::nat_pmp, &[tunnel::nat_pmp]),
    row(&["source-engine"], &[27015, 27016], ask::games::source, &[games::source]),
    row(&["quake"], &[27960], ask::games::quake, &[games::quake]),
    row(&["minecraft"], &[25565], ask::games::minecraft_query, &[games::minecraft_query]),
    row(&["minecraft-bedrock"], &[19132], ask::games::minecraft_bedrock, &[games::minecraft_bedrock]),
    row(&["mumble"], &[64738], ask::games::mumble, &[games::mumble]),
];

/// The row of a port.
pub(in crate::identify) fn at(port: u16) -> Option<&'static DatagramProtocol> {
    DATAGRAM_PROTOCOLS.iter().find(|row| row.ports.contains(&port))
}

/// The rows for a port of which nothing is known.
pub(in crate::identify) fn anywhere() -> impl Iterator<Item = &'static DatagramProtocol> {
    DATAGRAM_PROTOCOLS.iter().filter(|row| row.anywhere)
}

/// Whether an answer would have been recognised as this service.
pub(super) fn is_recognisable(service: &str) -> bool {
    DATAGRAM_PROTOCOLS.iter().any(|row| row.services.contains(&service))
}
