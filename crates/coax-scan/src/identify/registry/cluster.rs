//! What keeps a cluster together, and what watches it: ZooKeeper, etcd, Docker, epmd, Munin.
//!
//! Many speak HTTP, and are known by what only they put into it.
//!
//! Nothing here changes a key or starts a container.

use super::super::protocol::Take::{Between, Header, Is, Version};
use super::super::protocol::{Ask, First, Heard, Protocol, sign};
use super::super::recognise::Recognised;

const EPMD_NAMES: &[u8] = b"\0\x01n";

pub(super) static PROTOCOLS: &[Protocol] = &[
    // The one word of four letters that is answered without being allowed first.
    Protocol {
        service: "zookeeper",
        ports: &[2181],
        tls_ports: &[2281],
        ask: Ask::Bytes(b"srvr"),
        signs: &[
            sign(b"Zookeeper version: ").product(Version("ZooKeeper", "version: ", "-")),
            sign(b"srvr is not executed because").product(Is("ZooKeeper")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "etcd-client",
        over_tls: "etcd-client",
        ports: &[2379, 4001],
        ask: Ask::Made(super::web::etcd),
        signs: &[
            sign(b"HTTP/1.").holding("{\"etcdserver\":").product(Version(
                "etcd",
                "{\"etcdserver\":\"",
                "\"",
            )),
            sign(b"HTTP/1.").holding("\nX-Etcd-Cluster-Id:").product(Is("etcd")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "docker",
        over_tls: "docker-s",
        ports: &[2375],
        tls_ports: &[2376],
        ask: Ask::Made(super::web::front_page),
        signs: &[sign(b"HTTP/1.").holding("\nServer: Docker/").product(Header("Server"))],
        ..Protocol::NONE
    },
    Protocol {
        service: "elasticsearch",
        over_tls: "elasticsearch",
        ports: &[9200],
        ask: Ask::Made(super::web::front_page),
        signs: &[
            sign(b"HTTP/1.").holding("You Know, for Search").product(Version(
                "Elasticsearch",
                "\"number\" : \"",
                "\"",
            )),
            sign(b"HTTP/1.").holding("The OpenSearch Project").product(Version(
                "OpenSearch",
                "\"number\" : \"",
                "\"",
            )),
            sign(b"HTTP/1.").holding("\nX-elastic-product:").product(Is("Elasticsearch")),
        ],
        ..Protocol::NONE
    },
    // The Status object that answers a stranger.
    Protocol {
        service: "kubernetes",
        over_tls: "kubernetes",
        tls_ports: &[6443, 10250],
        ask: Ask::Made(super::web::front_page),
        signs: &[sign(b"HTTP/1.").holding("\nX-Kubernetes-Pf-").product(Is("Kubernetes"))],
        ..Protocol::NONE
    },
    // Erlang's port mapper, NAMES_REQ: which nodes are there?
    Protocol {
        service: "epmd",
        ports: &[4369],
        ask: Ask::Bytes(EPMD_NAMES),
        read: epmd,
        ..Protocol::NONE
    },
    // Block Exchange Protocol v1: a stranger learns no more than that it is chosen inside TLS.
    Protocol {
        service: "syncthing",
        over_tls: "syncthing",
        tls_ports: &[22000],
        first: First::Server,
        alpn: "bep/1.0",
        signs: &[sign(b"\x2E\xA7\xD9\x0B").product(Is("Syncthing"))],
        ..Protocol::NONE
    },
    // munin-node's greeting.
    Protocol {
        service: "munin",
        ports: &[4949],
        first: First::Server,
        signs: &[sign(b"# munin node at ").product(Is("Munin")).host(Between("node at ", "\n"))],
        ..Protocol::NONE
    },
    Protocol {
        service: "check-mk",
        ports: &[6556],
        first: First::Server,
        signs: &[sign(b"<<<check_mk>>>\n").product(Version("Checkmk agent", "Version: ", "\n"))],
        ..Protocol::NONE
    },
    // Network UPS Tools' protocol, §"VER".
    Protocol {
        service: "nut",
        ports: &[3493],
        ask: Ask::Bytes(b"VER\n"),
        signs: &[sign(b"Network UPS Tools upsd ").product(Version("NUT upsd", "upsd ", " "))],
        ..Protocol::NONE
    },
    // Zabbix's header, version 1: data of the length it says.
    Protocol {
        service: "zabbix-agent",
        ports: &[10050],
        ask: Ask::Bytes(b"ZBXD\x01\x0D\0\0\0\0\0\0\0agent.version"),
        signs: &[sign(b"ZBXD\x01").product(Is("Zabbix agent"))],
        ..Protocol::NONE
    },
];

/// Its own port, then a line for each node, whose ports are other ones after a restart.
fn epmd(heard: Heard<'_>) -> Option<Recognised> {
    let names = heard.said.strip_prefix(&[0, 0, 0x11, 0x11])?;
    let fits = names.is_empty() || names.starts_with(b"name ");
    (fits && heard.asked == EPMD_NAMES).then(|| Recognised::new("epmd", None))
}
