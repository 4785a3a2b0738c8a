//! What servers say, and what it is recognised as.
//!
//! Most rows were captured from the servers themselves; the others follow the document that defines
//! the protocol.

use super::*;
use crate::identify::protocol::Protocol;

/// What is said first, the service, the product.
#[rustfmt::skip]
const GREETINGS: &[(&[u8], &str, &str)] = &[
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "ssh", "OpenSSH_9.2p1 Debian-2"),
    (b"SSH-1.99-Cisco-1.25\n", "ssh", "1.99-Cisco-1.25"),
    (b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\nSSH-2.0-", "http", "nginx/1.22.1"),
    (b"HTTP/1.0 404 Not Found\r\nserver: SimpleHTTP/0.6 Python/3.11.2\r\n\r\n", "http", "SimpleHTTP/0.6 Python/3.11.2"),
    (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "http", ""),
    (b"HTTP/1.1 200 OK\r\nServer: CUPS/2.4 IPP/2.1\r\n\r\n", "ipp", "CUPS/2.4 IPP/2.1"),
    (b"HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n", "mongodb", ""),
    (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: GStreamer RTSP server\r\n\r\n", "rtsp", "GStreamer RTSP server"),
    (b"SIP/2.0 200 OK\r\nUser-Agent: Asterisk PBX 18\r\n\r\n", "sip", "Asterisk PBX 18"),
    (b"220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n", "smtp", "Postfix (Debian/GNU)"),
    (b"220-mx.example.org ESMTP Exim 4.96\r\n220 no spam\r\n", "smtp", "Exim 4.96"),
    (b"220 example.org Microsoft ESMTP MAIL Service ready\r\n", "smtp", "Microsoft ESMTP MAIL Service"),
    (b"554 mail.example.org ESMTP not accepting messages\r\n", "smtp", ""),
    (b"220 box LMTP Dovecot ready\r\n", "lmtp", "Dovecot"),
    (b"220 (vsFTPd 3.0.3)\r\n", "ftp", "vsFTPd 3.0.3"),
    (b"220---------- Welcome to Pure-FTPd [privsep] ----------\r\n220 x\r\n", "ftp", "Welcome to Pure-FTPd [privsep]"),
    (b"220 ProFTPD Server (Debian) [::ffff:127.0.0.1]\r\n", "ftp", "ProFTPD Server (Debian) [::ffff:127.0.0.1]"),
    (b"+OK Dovecot (Debian) ready. <4f2.1@box>\r\n", "pop3", "Dovecot (Debian)"),
    (b"+OK\r\n", "pop3", ""),
    (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot (Debian) ready.\r\n", "imap", "Dovecot (Debian)"),
    (b"* BYE too many connections\r\n", "imap", "too many connections"),
    (b"200 news.example.org InterNetNews NNRP server ready\r\n", "nntp", "news.example.org InterNetNews NNRP server"),
    (b"RFB 003.008\n", "rfb", ""),
    (b":irc.example.org NOTICE * :*** Looking up your hostname...\r\n", "irc", ""),
    (b":irc.example.org 451 * :You have not registered\r\n", "irc", ""),
    (b"ERROR :Closing link: too fast\r\n", "irc", ""),
    (b"@RSYNCD: 31.0 sha512 sha256\n", "rsync", ""),
    (b"( success ( 2 2 ( ) ( edit-pipeline ) ) ) ", "svn", ""),
    (b"\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SIEVE\" \"x\"\r\n", "sieve", "Dovecot Pigeonhole"),
    (b"{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\"}\r\n", "gpsd", "3.22"),
    (b"INFO {\"server_id\":\"N1\",\"version\":\"2.9.10\",\"go\":\"x\"}\r\n", "nats", "NATS 2.9.10"),
    (b"OK MPD 0.23.5\n", "mpd", "Music Player Daemon"),
    (b"<?xml version='1.0'?><stream:stream id='1'><stream:error>", "xmpp-client", ""),
    (b"+PONG\r\n$9\r\n# Server\r\nredis_version:7.0.15\r\nx:y\r\n", "redis", "Redis 7.0.15"),
    (b"+PONG\r\n$99\r\n# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n", "redis", "Valkey 8.0.1"),
    (b"-NOAUTH Authentication required.\r\n", "redis", ""),
    (b"-ERR wrong number of arguments for 'get' command\r\n", "redis", ""),
    (b"VERSION 1.6.18\r\n", "memcache", "memcached 1.6.18"),
    (b" !\"#$%&'()*+,-./0123456789:;<=>?@", "chargen", ""),
    (b"AMQP\0\0\x09\x01", "amqp", ""),
    // What follows has no words to go by.
    (b"\xFF\xFD\x18\xFF\xFD\x20\xFF\xFD\x23", "telnet", ""),
    (b"\x4A\0\0\0\x0A8.0.36-0ubuntu0.22.04.1\0\x08\0\0\0abcdefgh\0", "mysql", "MySQL 8.0.36-0ubuntu0.22.04.1"),
    (b"\x5A\0\0\0\x0A5.5.5-10.11.6-MariaDB-0+deb12u1\0\x1F\0\0\0abcdefgh\0", "mysql", "MariaDB 10.11.6-MariaDB-0+deb12u1"),
    (b"\x46\0\0\0\xFFj\x04Host '192.0.2.1' is not allowed to connect to this MariaDB server", "mysql", "MariaDB"),
    (b"E\0\0\0\x1FSFATAL\0C0A000\0Munsupported\0\0", "postgresql", ""),
    (b"R\0\0\0\x0C\0\0\0\x05abcd", "postgresql", ""),
    (b"\x03\0\0\x13\x0E\xD0\0\0\x12\x34\0\x02\x1F\x08\0\x02\0\0\0", "ms-wbt-server", ""),
    (b"\x20\x02\0\0", "mqtt", ""),
    (b"\x20\x02\0\x05", "mqtt", ""),
    (b"\x30\x0C\x02\x01\x01\x65\x07\x0A\x01\0\x04\0\x04\0", "ldap", ""),
    (b"\x01\0\0\0\0\x01\xF8\0\x0A\0\x0A\0\x09\0\0\x01\xD3\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x063.10.8", "amqp", "RabbitMQ 3.10.8"),
    (b"\0\x2A\x63\x78\x84\0\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\xC0\x0C\0\x10\0\x03\0\0\0\0\0\x09\x08NSD 4.6.", "domain", "NSD 4.6."),
    (b"\0\x1E\x63\x78\x81\x05\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03", "domain", ""),
    (b"220 vm ESMTP Exim 4.96 Tue, 01 Dec 2026 08:47:34 +0000\r\n", "smtp", "Exim 4.96"),
    (b"220 localhost Python SMTP 1.4.3\r\n", "smtp", "Python SMTP 1.4.3"),
    (b"220 host server (HylaFAX (tm) Version 6.0.7) ready.\r\n", "hylafax", "HylaFAX (tm) Version 6.0.7"),
    (b"220 box dictd 1.13.0/rf on Linux 6.1 <auth.mime> <1.2.3@box>\r\n", "dict", "box dictd 1.13.0/rf on Linux 6.1"),
    (b"TS3\n\rWelcome to the TeamSpeak 3 ServerQuery interface\n\r", "teamspeak", "TeamSpeak 3"),
    (b"Asterisk Call Manager/7.0.3\r\n", "asterisk", "Asterisk"),
    (b"\0\0\0\0\0\x1B\x08\x84\x86\x04\x12\x051.3.4\x1A\x03X11\"\x09Debian 12", "mumble", "Murmur 1.3.4"),
    (b"NBDMAGICIHAVEOPT\0\x03", "nbd", ""),
    (b"Tarantool 2.6.0 (Binary) e008e22d-ae43-45a0-83ff-0ff5d11803d7  \niQgZ3S63lNu8+STe3BtwnsjITjcsgA2p=                   \n", "tarantool", "Tarantool 2.6.0"),
    (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"couchdb\":\"Welcome\",\"version\":\"3.3.1\"}", "couchdb", "CouchDB 3.3.1"),
    (b"HTTP/1.1 200 OK\r\nX-ClickHouse-Summary: {}\r\n\r\nOk.\n", "clickhouse", "ClickHouse"),
    (b"HTTP/1.1 403 Forbidden\r\nX-Kubernetes-Pf-Flowschema-Uid: 1\r\n\r\n{}", "kubernetes", "Kubernetes"),
    (b"HTTP/1.1 400 Bad Request\r\nServer: squid/5.7\r\n\r\n", "http-proxy", "squid/5.7"),
    (b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\nContent-Type: text/html\r\n\r\n", "socks", "Tor"),
    (b"\x2E\xA7\xD9\x0B\0\x20\x0A\x03box\x12\x09syncthing", "syncthing", "Syncthing"),
    (b"# munin node at box.test\n", "munin", "Munin"),
    (b"<<<check_mk>>>\nVersion: 2.1.0p1\nAgentOS: linux\n", "check-mk", "Checkmk agent 2.1.0p1"),
    (b"\0\0\0\xF4\x01ActiveMQ\0\0\0\x0C\x01\0\0\0\xE2\0\0\0\x0C\0\x0FProviderVersion\x09\0\x065.17.2\0\x11CacheEnabled\x01\x01", "openwire", "ActiveMQ 5.17.2"),
    (b"ceph v2\n\x10\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "ceph", "Ceph"),
    (b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\x15\x03\x06\x05", "bgp", ""),
    (b"107 59      \nvkfgqmbwsxcdzqjtlghkvwqblhfzrdks\n\nAuthentication required.\n", "varnish", ""),
    (b"Tue Dec  1 09:24:56 2026\r\n", "daytime", ""),
];

/// A port where the question is asked, the answer, the service, the product, and what else is told.
#[rustfmt::skip]
const ANSWERS: &[(u16, &[u8], &str, &str, &str)] = &[
    (24, b"250-vm\r\n250-STARTTLS\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250 PIPELINING\r\n", "lmtp", "", ""),
    (25, b"502 5.5.2 Error: command not recognized\r\n500 5.5.2 Error: bad syntax\r\n", "smtp", "", ""),
    (25, b"500 unrecognized command\r\n214-Commands supported:\r\n214 AUTH STARTTLS HELO EHLO MAIL RCPT DATA\r\n", "smtp", "", ""),
    (21, b"530 Please login with USER and PASS.\r\n530 Please login with USER and PASS.\r\n", "ftp", "", ""),
    (21, b"500 Command \"LHLO\" not understood.\r\n214-The following commands are recognized:\r\n ABOR APPE RETR STOR\r\n214 Help command successful.\r\n", "ftp", "", ""),
    (53, b"\0\x37cx\x84\x80\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\xC0\x0C\0\x10\0\x03\0\0\0\0\0\r\x0Cdnsmasq-2.90", "domain", "dnsmasq-2.90", ""),
    (53, b"\0\x0Ccx\x81\x05\0\0\0\0\0\0\0\0", "domain", "", ""),
    (79, b"\r\nNo one logged on.\r\n", "finger", "", ""),
    (79, b"Login     Name       Tty      Idle  Login Time   Office     Office Phone\r\n", "finger", "", ""),
    (88, b"\0\0\0\x0E\x7E\x0C\x30\x0A\xA0\x03\x02\x01\x05\xA1\x03\x02\x01\x1E", "kerberos", "", ""),
    (111, b"\x80\0\0\x18coax\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "sunrpc", "", ""),
    (113, b"1,1:ERROR:NO-USER\r\n", "ident", "", ""),
    (113, b"1 , 1 : ERROR : INVALID-PORT\r\n", "ident", "", ""),
    (135, b"\x05\0\x0C\x03\x10\0\0\0\x3C\0\0\0\x01\0\0\0\xB8\x10\xB8\x10\xF1\x06\0\0\x04\x00135\0\0\0\x01\0\0\0\0\0\0\0\x04\x5D\x88\x8A\xEB\x1C\xC9\x11\x9F\xE8\x08\0\x2B\x10\x48\x60\x02\0\0\0", "epmap", "", ""),
    (139, b"\x82\0\0\0", "netbios-ssn", "", ""),
    (139, b"\x83\0\0\x01\x82", "netbios-ssn", "", ""),
    (389, b"00\x02\x01\x01d+\x04\x000'0%\x04\x0BobjectClass1\x16\x04\x03top\x04\x0FOpenLDAProotDSE0\x0C\x02\x01\x01e\x07\x0A\x01\0\x04\0\x04\0", "ldap", "OpenLDAP", ""),
    (389, b"0\x3D\x02\x01\x01d\x38\x04\x000\x340\x19\x04\x0AvendorName1\x0B\x04\x09A Company0\x17\x04\x0DvendorVersion1\x06\x04\x041.14", "ldap", "A Company 1.14", ""),
    (445, b"\0\0\0\x4A\xFESMB@\0\0\0\0\0\0\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x41\0\x01\0\x02\x03\0\0vm", "microsoft-ds", "", "SMB 3.0.2"),
    (548, b"\x01\x03\0\x01\0\0\0\0\0\0\0\x20\0\0\0\0\0\x0F\0\0\0\0\0\0\0\0\x04home\x10Netatalk3.1.15\0\0", "afpovertcp", "Netatalk3.1.15", ""),
    (783, b"SPAMD/1.5 0 PONG\r\n", "spamd", "", ""),
    (1080, b"\x05\0", "socks", "", "SOCKS5, no password"),
    (1080, b"\x05\xFF", "socks", "", "SOCKS5, not for us"),
    (1099, b"\x4E\0\x09127.0.0.1\0\0\xAB\xCD", "rmiregistry", "Java RMI", ""),
    (1194, b"\0\x1A\x40abcdefgh\x01\0\0\0\0coaxscan\0\0\0\0", "openvpn", "", ""),
    (1344, b"ICAP/1.0 404 ICAP Service not found\r\nServer: C-ICAP/0.5.10\r\n\r\n", "icap", "C-ICAP/0.5.10", ""),
    (1433, b"\x04\x01\0\x2B\0\0\x01\0\0\0\x1A\0\x06\x01\0\x20\0\x01\x02\0\x21\0\x01\x03\0\x22\0\0\x04\0\x22\0\x01\xFF\x0F\0\x07\xD0\0\0\x02\0\0", "ms-sql-s", "Microsoft SQL Server 15.0.2000", ""),
    (1521, b"\0I\0\0\x04\0\0\0\"\0\0=(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=0)(ALIAS=LISTENER))", "oracle-tns", "Oracle TNS listener 19.0.0.0.0", ""),
    (1723, b"\0\x9C\0\x01\x1A\x2B\x3C\x4D\0\x02\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\x01local\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0linux\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "pptp", "linux", ""),
    (1883, b" \x02\0\0\x90\x03\0\x01\x001-\0\x13$SYS/broker/versionmosquitto version 2.0.11", "mqtt", "mosquitto 2.0.11", ""),
    (1883, b" \x02\0\x05", "mqtt", "", "password required"),
    (2049, b"\x80\0\0\x18coax\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "nfs", "", ""),
    (2181, b"Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2022-03-01\nLatency min/avg/max: 0/0.0/0\n", "zookeeper", "ZooKeeper 3.8.0", ""),
    (2375, b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nServer: Docker/20.10.24 (linux)\r\n\r\n{}", "docker", "Docker/20.10.24 (linux)", ""),
    (2379, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 01 Dec 2026 09:30:42 GMT\r\n\r\n{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}", "etcd-client", "etcd 3.4.23", ""),
    (3031, b"\x64\0\0\x01", "uwsgi", "uWSGI", ""),
    (3260, b"\x23\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0coax\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0\x02\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "iscsi-target", "", ""),
    (3310, b"ClamAV 0.103.8/26900/Tue May  9 07:25:38 2023\n", "clamd", "ClamAV 0.103.8", ""),
    (3478, b"\x01\x01\0\x0C\x21\x12\xA4\x42coaxcoaxscan\x80\x22\0\x06Coturn\0\0", "stun", "Coturn", ""),
    (4369, b"\0\0\x11\x11name rabbit at port 25672\n", "epmd", "", ""),
    (3493, b"Network UPS Tools upsd 2.8.0 - http://www.networkupstools.org/\n", "nut", "NUT upsd 2.8.0", ""),
    (4730, b"\0RES\0\0\0\x11\0\0\0\x04coaxOK 1.1.20+ds\n", "gearman", "Gearman 1.1.20+ds", ""),
    (5005, b"JDWP-Handshake\0\0\0\x4Ccoax\x80\0\0\0\0\0\x04text\0\0\0\x0B\0\0\0\0\0\0\0\x0617.0.8\0\0\0\x14OpenJDK 64-Bit Server", "jdwp", "OpenJDK 64-Bit Serve 17.0.8", ""),
    (5269, b"<?xml version='1.0'?><stream:stream from='coax.invalid' xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' id='1'>", "xmpp-server", "", ""),
    (5432, b"N", "postgresql", "", ""),
    (5432, b"NE\0\0\0\x85SFATAL\0VFATAL\0C0A000\0Munsupported frontend protocol 255.0: server supports 3.0 to 3.0\0Fpostmaster.c\0L2222\0RProcessStartupPacket\0\0", "postgresql", "PostgreSQL", "protocol 3.0 to 3.0"),
    (6000, b"\x01\0\x0B\0\0\0S\0\x8F\xA5\xB8\0\0\0 \0\xFF\xFF\x1F\0\0\x01\0\0\x14\0\xFF\xFF\x01\x06\0\0  \x08\xFF\0\0\0\0The X.Org Foundation\x01\x01 \0", "x11", "The X.Org Foundation 1.21.1", "open display"),
    (6000, b"\0\x16\x0B\0\0\0\x06\0Authorization required\n\0", "x11", "", "access denied"),
    (6566, b"\0\0\0\0\x01\x01\0\x03", "sane-port", "", "protocol 1.1.3"),
    (7687, b"\0\0\x04\x04", "bolt", "", "Bolt 4.4"),
    (8009, b"AB\0\x01\x09", "ajp13", "", ""),
    (8086, b"HTTP/1.1 204 No Content\r\nX-Influxdb-Build: OSS\r\nX-Influxdb-Version: 1.6.7~rc0\r\n\r\n", "influxdb", "InfluxDB 1.6.7~rc0", ""),
    (9000, b"\x01\x0A\0\0\0\x12\x06\0\x0F\x01FCGI_MPXS_CONNS0\0\0\0\0\0\0", "fastcgi", "", ""),
    (9001, b"\0\0\x07\0\x06\0\x03\0\x04\0\x05", "tor", "Tor", ""),
    (9042, b"\x84\0\0\x63\x06\0\0\0\x1B\0\x01\0\x0BCQL_VERSION\0\x01\0\x053.4.4", "cassandra", "", "CQL 3.4.4"),
    (9092, b"\0\0\x01\x0Acoax\0\0\0\0\0\x2C\0\0\0\0\0\x03", "kafka", "", ""),
    (9200, b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n{\n  \"version\" : {\n    \"number\" : \"7.17.9\",\n  },\n  \"tagline\" : \"You Know, for Search\"\n}\n", "elasticsearch", "Elasticsearch 7.17.9", ""),
    (9418, b"003fERR access denied or repository not exported: /coax.invalid", "git", "", ""),
    (10050, b"ZBXD\x01\x05\0\0\0\0\0\0\x005.0.8", "zabbix-agent", "Zabbix agent", ""),
    (11211, b"VERSION 1.6.18\r\n", "memcache", "memcached 1.6.18", ""),
    (11300, b"OK 954\r\n---\ncurrent-jobs-urgent: 0\npid: 1\nversion: \"1.12\"\nuptime: 445\n", "beanstalkd", "beanstalkd 1.12", ""),
    (25565, b"\x7F\0\x7D{\"version\":{\"name\":\"1.20.1\",\"protocol\":763},\"players\":{\"max\":20,\"online\":3},\"description\":{\"text\":\"A Minecraft Server\"}}", "minecraft", "Minecraft 1.20.1", ""),
    (27017, b"\x4D\0\0\0\x07\0\0\0coax\xDD\x07\0\0\0\0\0\0\0\x30\0\0\0\x02version\0\x06\0\0\x006.0.5\0\x01ok\0\0\0\0\0\0\0\xF0\x3F\0", "mongodb", "MongoDB 6.0.5", ""),
    (40000, b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0\0\x05\0\xFF\xFF\xFF\0\0\x04\x08\0\0\0\0\0", "http", "", "HTTP/2 alone"),
    (61613, b"ERROR\nversion:1.0,1.1,1.2\ncontent-type:text/plain\nmessage:version not supported\n\nSupported versions are 1.0,1.1,1.2\n\0", "stomp", "", ""),
];

/// The question that a port is asked first.
fn question(port: u16) -> Vec<u8> {
    let listed =
        |it: &&Protocol| (it.ports.contains(&port) || it.tls_ports.contains(&port)) && it.asks();
    let address = ([127, 0, 0, 1], port).into();
    registry::all().find(listed).map(|it| it.question(address, None)).unwrap_or_default()
}

#[test]
fn each_speaks_what_it_says() {
    for (said, service, product) in GREETINGS {
        let shown = String::from_utf8_lossy(said);
        let known = recognise(said).unwrap_or_else(|| panic!("not known: {shown:?}"));
        assert_eq!(known.service, *service, "{shown:?}");
        assert_eq!(known.product.as_deref().unwrap_or_default(), *product, "{shown:?}");
    }
}

#[test]
fn each_answer_names_its_service() {
    for (port, said, service, product, extra) in ANSWERS {
        let shown = said.escape_ascii();
        let known = recognise_answer(&question(*port), said);
        let known = known.unwrap_or_else(|| panic!("not known: {shown}"));
        assert_eq!(known.service, *service, "{shown}");
        assert_eq!(known.product.as_deref().unwrap_or_default(), *product, "{shown}");
        assert_eq!(known.extra.as_deref().unwrap_or_default(), *extra, "{shown}");
    }
}

#[test]
fn an_answer_that_depends_on_its_question_means_nothing_without_it() {
    for port in
        [53, 79, 111, 113, 139, 548, 1080, 1099, 1521, 3031, 6000, 6566, 7687, 8009, 9000, 9042]
    {
        let of_port = |row: &&(u16, &[u8], &str, &str, &str)| row.0 == port;
        let Some((_, said, ..)) = ANSWERS.iter().find(of_port) else { continue };
        let whole = port != 53;
        assert!(!whole || recognise(said).is_none(), "{port}");
    }
}

#[test]
fn every_entry_has_a_vector() {
    for protocol in registry::all() {
        let named = |service: &str| service == protocol.service;
        let greets = GREETINGS.iter().any(|(_, service, _)| named(service));
        let answers = ANSWERS.iter().any(|(_, _, service, ..)| named(service));
        // Known by what it repeats, or not at all.
        let bare = ["echo", "discard", "time"].contains(&protocol.service);
        assert!(greets || answers || bare, "{}", protocol.service);
    }
}

#[test]
fn services_are_called_what_iana_calls_them_where_it_does() {
    const OWN: &[&str] = &[
        "ajp13",
        "asterisk",
        "beanstalkd",
        "cassandra",
        "check-mk",
        "clamd",
        "clickhouse",
        "elasticsearch",
        "fastcgi",
        "http-proxy",
        "influxdb",
        "jdwp",
        "kafka",
        "kubernetes",
        "lmtp",
        "minecraft",
        "mpd",
        "mumble",
        "nats",
        "openwire",
        "oracle-tns",
        "spamd",
        "stomp",
        "syncthing",
        "teamspeak",
        "tor",
        "uwsgi",
        "varnish",
        "zookeeper",
    ];
    let table = coax_addr::ServiceTable::iana();
    let named = registry::all().flat_map(|it| [it.service, it.over_tls]);
    let names: std::collections::BTreeSet<_> = named.filter(|name| !name.is_empty()).collect();
    let own = names.into_iter().filter(|name| table.by_name(name, None).is_empty());
    assert_eq!(own.collect::<Vec<_>>(), OWN);
}

#[test]
fn what_could_be_two_things_or_none_is_not_named() {
    let unknown: [&[u8]; 14] = [
        b"",
        b"220 welcome\r\n",
        b"200 OK\r\n",
        b"HTTP",
        b"SSH",
        b"hello\r\n",
        b"ERROR\r\n",
        b"-ERR what\r\n",
        b"\xFF",
        b"\xFF\xFF\xFF\xFF",
        b"\0\0\0\0",
        b"E",
        b"\x30\x82",
        b"\x15\x03\x01\0\x02\x02\x46",
    ];
    for said in unknown {
        assert_eq!(recognise(said), None, "{:?}", String::from_utf8_lossy(said));
    }
}

#[test]
fn lengths_in_the_questions_are_right() {
    let asked = |port| question(port);
    let two = |bytes: &[u8], at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    assert_eq!(two(&asked(53), 0), asked(53).len() - 2);
    assert_eq!(usize::from(asked(389)[1]), asked(389).len() - 2);
    assert_eq!(two(&asked(3389), 2), asked(3389).len());
    assert_eq!(usize::from(asked(1883)[1]), asked(1883).len() - 2);
    assert_eq!(two(&asked(5432), 2), asked(5432).len());
    assert_eq!(two(&asked(1433), 2), asked(1433).len());
    let oracle = asked(1521);
    assert_eq!(
        (two(&oracle, 0), two(&oracle, 24), two(&oracle, 26)),
        (oracle.len(), oracle.len() - 58, 58)
    );
    let mongo = asked(27017);
    assert_eq!((usize::from(mongo[0]), usize::from(mongo[21])), (mongo.len(), mongo.len() - 21));
    for port in [111, 2049, 445, 139] {
        assert_eq!(two(&asked(port), 2), asked(port).len() - 4, "{port}");
    }
    assert_eq!(
        asked(139)[4..].split(|&byte| byte == 0).map(<[u8]>::len).collect::<Vec<_>>(),
        [33, 33, 0]
    );
    assert_eq!(asked(9418)[..4], *format!("{:04x}", asked(9418).len()).as_bytes());
    assert_eq!(usize::from(asked(135)[8]), asked(135).len());
    assert_eq!(two(&asked(9092), 2), asked(9092).len() - 4);
    assert_eq!(usize::from(asked(25565)[0]), asked(25565).len() - 3);
    assert_eq!(two(&asked(9000), 4) + usize::from(asked(9000)[6]), asked(9000).len() - 8);
    assert_eq!(two(&asked(1194), 0), asked(1194).len() - 2);
    assert_eq!(two(&asked(1723), 0), asked(1723).len());
    assert_eq!(asked(3260).len(), 48 + usize::from(asked(3260)[7]).next_multiple_of(4));
    assert_eq!(two(&asked(88), 2), asked(88).len() - 4);
    assert_eq!(usize::from(asked(5005)[17]), asked(5005).len() - 14);
    assert_eq!(usize::from(asked(10050)[5]), asked(10050).len() - 13);
}

#[test]
fn anything_cut_or_changed_is_read_without_harm() {
    let greetings = GREETINGS.iter().map(|(said, ..)| (Vec::new(), *said));
    let answers = ANSWERS.iter().map(|(port, said, ..)| (question(*port), *said));
    for (asked, said) in greetings.chain(answers) {
        for end in 0..said.len() {
            let _ = recognise_answer(&asked, &said[..end]);
            for byte in [0, 0x7F, 0x80, 0xFF, said[end] ^ 0xFF] {
                let mut changed = said.to_vec();
                changed[end] = byte;
                let known = recognise_answer(&asked, &changed).unwrap_or_default();
                for told in [known.product, known.extra, known.host].into_iter().flatten() {
                    assert!(!told.is_empty() && !told.contains(char::is_control), "{told:?}");
                }
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_answer_to_any_question_is_more_than_a_short_clean_line(
        at in 0_usize..100,
        head in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80),
        is_cut in proptest::prelude::any::<bool>(),
    ) {
        let all: Vec<_> = registry::all().collect();
        let protocol = all[at % all.len()];
        let asked = protocol.question(([127, 0, 0, 1], 1).into(), None);
        // A vector that goes on in another way gets further into a reader than noise does.
        let (_, said, ..) = ANSWERS[at % ANSWERS.len()];
        let kept = if is_cut { said.len() / 2 } else { 0 };
        let said = [&said[..kept], &head].concat();
        let known = recognise_answer(&asked, &said).unwrap_or_default();
        for told in [known.product, known.extra, known.host].into_iter().flatten() {
            assert!(!told.is_empty() && told.chars().count() < 600, "{told:?}");
            assert!(!told.contains(char::is_control), "{told:?}");
        }
    }
}
