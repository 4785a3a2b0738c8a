//! Who lives in the zoo: a real server a row, at its usual port or at an unusual one.
//!
//! A row names the Debian package, the program that proves it is there, the truth about its ports,
//! and the words that start it in a folder of its own, in the foreground. Stand-ins, for protocols
//! whose server Debian does not have, would be counted apart; there are none.
//!
//! vsftpd ends after some connections in a process namespace, and is started again.
//!
//! Left out are services that nobody can tell from silence or from each other by asking politely:
//! discard, a quote of the day, printers.
//!
//! Nothing here starts anything.

/// A server.
pub(super) struct Resident {
    /// Of Debian, the server's first.
    pub(super) packages: &'static str,
    /// Proves that the package is there.
    pub(super) program: &'static str,
    /// Port, names that are right with `|` between, and a word of the product (`-` where the
    /// protocol does not tell it); `u` before the port is UDP.
    pub(super) truth: &'static [&'static str],
    /// For `sh`.
    pub(super) start: &'static str,
}

const fn resident(
    packages: &'static str,
    program: &'static str,
    truth: &'static [&'static str],
    start: &'static str,
) -> Resident {
    Resident { packages, program, truth, start }
}

impl Resident {
    pub(super) fn name(&self) -> &'static str {
        self.packages.split(' ').next().unwrap_or_default()
    }
}

#[rustfmt::skip]
pub(super) const RESIDENTS: &[Resident] = &[
    // Shells and small services.
    resident("openssh-server", "sshd", &["22 ssh OpenSSH"],
        "ssh-keygen -q -t ed25519 -N '' -f key; mkdir -p /run/sshd; exec /usr/sbin/sshd -D -e -p 22 -h $PWD/key -o PidFile=none"),
    resident("dropbear-bin", "dropbear", &["7022 ssh dropbear"], "exec dropbear -F -E -R -p 7022 -r key"),
    resident("inetutils-inetd", "inetutils-inetd", &["7 echo -", "13 daytime -", "19 chargen -", "37 time -"],
        "for s in echo daytime chargen time; do echo \"$s stream tcp nowait root internal\"; done > c; exec inetutils-inetd -d c"),
    resident("telnetd-ssl", "in.telnetd", &["23 telnet -"],
        "echo 'telnet stream tcp nowait root /usr/sbin/in.telnetd in.telnetd' > c; exec inetutils-inetd -d c"),
    resident("fingerd finger", "in.fingerd", &["79 finger -"],
        "echo 'finger stream tcp nowait nobody /usr/sbin/in.fingerd in.fingerd' > c; exec inetutils-inetd -d c"),
    resident("oidentd", "oidentd", &["113 ident|auth -"], "exec oidentd -i -S"),
    // Files.
    resident("vsftpd", "vsftpd", &["21 ftp vsFTPd"],
        "mkdir -p /run/vsftpd/empty; printf 'listen=YES\\nbackground=NO\\nanonymous_enable=YES\\nseccomp_sandbox=NO\\nisolate=NO\\nisolate_network=NO\\n' > c; while :; do vsftpd $PWD/c; done"),
    resident("python3-pyftpdlib", "python3", &["7021 ftp pyftpdlib"], "exec /usr/bin/python3 -m pyftpdlib -p 7021 -i 127.0.0.1"),
    resident("rsync", "rsync", &["873 rsync -", "7873 rsync -"],
        "printf '[x]\\npath=/tmp\\n' > c; rsync --daemon --no-detach --port 873 --config c & exec rsync --daemon --no-detach --port 7873 --config c"),
    resident("git", "git", &["9418 git -"], "exec git daemon --port=9418 --base-path=/tmp"),
    resident("subversion", "svnserve", &["3690 svn|svnserve -", "7690 svn|svnserve -"],
        "svnserve -d --foreground -r . --listen-port 7690 & exec svnserve -d --foreground -r . --listen-port 3690"),
    resident("samba", "smbd", &["139 netbios-ssn|microsoft-ds -", "445 microsoft-ds|netbios-ssn -"],
        "printf '[global]\\nserver role = standalone server\\nprivate dir = %s\\nlock directory = %s\\nstate directory = %s\\ncache directory = %s\\npid directory = %s\\nncalrpc dir = %s\\n' $PWD $PWD $PWD $PWD $PWD $PWD > c; exec smbd -F --no-process-group -s c --debug-stdout"),
    resident("rpcbind", "rpcbind", &["111 sunrpc|rpcbind -", "u111 sunrpc|rpcbind -"], "exec rpcbind -f -w"),
    resident("nbd-server", "nbd-server", &["10809 nbd -"],
        "truncate -s 1M f; printf '[generic]\\nport = 10809\\n[x]\\nexportname = %s/f\\n' $PWD > c; nbd-server -C $PWD/c; exec sleep infinity"),
    // Mail.
    resident("exim4-daemon-light", "exim4", &["25 smtp Exim"],
        "mount -t tmpfs e /etc/exim4; chmod a+rwx .; printf 'spool_directory = %s\\nlog_file_path = syslog\\nbegin acl\\n' $PWD > /etc/exim4/zoo.conf; exec exim4 -C /etc/exim4/zoo.conf -bd -d-all -oX 25 -oP $PWD/pid -bdf"),
    resident("python3-aiosmtpd", "aiosmtpd", &["7025 smtp -"], "exec aiosmtpd -n -l 127.0.0.1:7025"),
    resident("dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved", "dovecot", &["143 imap Dovecot", "993 imaps|imap Dovecot", "110 pop3 Dovecot", "995 pop3s|pop3 Dovecot", "24 lmtp Dovecot", "4190 sieve Dovecot", "7143 imap Dovecot", "7993 imaps|imap Dovecot"],
        "printf 'base_dir = %s\\nstate_dir = %s\\nlog_path = /dev/stderr\\nprotocols = imap pop3 lmtp sieve\\nssl_cert = <../cert.pem\\nssl_key = <../cert.key\\ndefault_internal_user = dovecot\\nservice imap-login {\\n inet_listener a {\\n  port = 7143\\n }\\n inet_listener b {\\n  port = 7993\\n  ssl = yes\\n }\\n}\\nservice lmtp {\\n inet_listener lmtp {\\n  port = 24\\n }\\n}\\npassdb {\\n driver = pam\\n}\\nuserdb {\\n driver = passwd\\n}\\n' /run/dovecot /run/dovecot > c; mkdir -p /run/dovecot; exec dovecot -F -c c"),
    // Names and directories.
    resident("knot", "knotd", &["53 domain Knot", "u53 domain Knot"],
        "printf 'server:\\n  rundir: %s\\n  listen: 127.0.0.1@53\\n  version: \"Knot DNS\"\\ndatabase:\\n  storage: %s\\n' $PWD $PWD > c; exec knotd -c c"),
    resident("dnsmasq-base", "dnsmasq", &["7053 domain dnsmasq", "u7053 domain dnsmasq"],
        "exec dnsmasq -k -C /dev/null -p 7053 -u root -h -R --pid-file="),
    resident("unbound", "unbound", &["853 domain-s|domain unbound"],
        "printf 'server:\\n chroot: \"\"\\n username: \"\"\\n pidfile: \"\"\\n do-daemonize: no\\n use-syslog: no\\n interface: 127.0.0.1@853\\n tls-port: 853\\n tls-service-pem: %s/../cert.pem\\n tls-service-key: %s/../cert.key\\nremote-control:\\n control-enable: no\\n' $PWD $PWD > c; exec unbound -d -c c"),
    resident("slapd", "slapd", &["389 ldap OpenLDAP", "636 ldaps|ldap OpenLDAP", "7389 ldap OpenLDAP"],
        "printf 'include /etc/ldap/schema/core.schema\\npidfile %s/pid\\nTLSCertificateFile %s/../cert.pem\\nTLSCertificateKeyFile %s/../cert.key\\nmodulepath /usr/lib/ldap\\nmoduleload back_mdb\\ndatabase mdb\\nsuffix dc=test\\ndirectory %s\\n' $PWD $PWD $PWD $PWD > c; exec slapd -d 0 -f c -h 'ldap://127.0.0.1:389 ldaps://127.0.0.1:636 ldap://127.0.0.1:7389'"),
    // The web.
    resident("nginx", "nginx", &["80 http nginx", "443 https|http nginx", "7081 http -", "7444 https|http nginx"],
        "printf 'daemon off; master_process off; pid %s/n; error_log stderr; events {} http { access_log off; client_body_temp_path %s/t; proxy_temp_path %s/t; fastcgi_temp_path %s/t; uwsgi_temp_path %s/t; scgi_temp_path %s/t; ssl_certificate %s/../cert.pem; ssl_certificate_key %s/../cert.key; server { listen 80; listen 443 ssl; listen 7444 ssl http2; return 200 hi; } server { listen 7081 http2; return 200 hi; } }' $PWD $PWD $PWD $PWD $PWD $PWD $PWD $PWD > c; exec nginx -p . -c $PWD/c"),
    resident("apache2-bin", "apache2", &["7080 http Apache"],
        "printf 'ServerName zoo.test\\nDefaultRuntimeDir %s\\nPidFile %s/p\\nErrorLog /dev/stderr\\nListen 7080\\nLoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\\nLoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\\n' $PWD $PWD > c; exec apache2 -X -f $PWD/c"),
    resident("lighttpd", "lighttpd", &["7084 http lighttpd"],
        "printf 'server.port = 7084\\nserver.document-root = \"%s\"\\n' $PWD > c; exec lighttpd -D -f c"),
    resident("varnish", "varnishd", &["6081 http -"], "exec varnishd -F -n $PWD/v -a 127.0.0.1:6081 -b 127.0.0.1:80 -T none"),
    resident("haproxy", "haproxy", &["7082 http -"],
        "printf 'defaults\\n mode http\\n timeout client 5s\\n timeout server 5s\\n timeout connect 5s\\nfrontend f\\n bind 127.0.0.1:7082\\n' > c; exec haproxy -db -f c"),
    resident("python3", "python3", &["7083 http SimpleHTTP"], "exec python3 -m http.server 7083"),
    resident("openssl", "openssl", &["4433 https|http -"], "exec openssl s_server -accept 4433 -cert ../cert.pem -key ../cert.key -www -quiet"),
    resident("cups-daemon", "cupsd", &["631 ipp|http CUPS"],
        "printf 'Listen 127.0.0.1:631\\nServerTokens Full\\nLogLevel none\\n' > cupsd.conf; printf 'ServerRoot %s\\nRequestRoot %s\\nCacheDir %s\\nStateDir %s\\nTempDir %s\\n' $PWD $PWD $PWD $PWD $PWD > cups-files.conf; exec cupsd -f -c $PWD/cupsd.conf -s $PWD/cups-files.conf"),
    resident("icecast2", "icecast2", &["8000 http Icecast"],
        "printf '<icecast><authentication><source-password>x</source-password><admin-password>x</admin-password></authentication><listen-socket><port>8000</port></listen-socket><paths><logdir>%s</logdir><webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths><security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security></icecast>' $PWD > c; chmod -R a+rwX .; exec icecast2 -c c"),
    resident("docker-registry", "docker-registry", &["5000 http -"],
        "printf 'version: 0.1\\nstorage:\\n  filesystem:\\n    rootdirectory: %s\\nhttp:\\n  addr: 127.0.0.1:5000\\n' $PWD > c; exec docker-registry serve c"),
    // Proxies and tunnels.
    resident("squid", "squid", &["3128 http-proxy|http squid"],
        "printf 'http_port 3128\\npid_filename none\\ncache_log /dev/null\\naccess_log none\\ncache_mem 8 MB\\ncoredump_dir /tmp\\nshutdown_lifetime 0\\n' > c; exec squid -N -f c"),
    resident("tinyproxy", "tinyproxy", &["8888 http-proxy|http tinyproxy"], "printf 'Port 8888\\nTimeout 60\\n' > c; exec tinyproxy -d -c c"),
    resident("microsocks", "microsocks", &["1080 socks|socks5 -", "7108 socks|socks5 -"], "microsocks -p 7108 & exec microsocks -p 1080"),
    resident("tor", "tor", &["9050 socks|tor-socks|socks5 -"], "touch c; exec tor -f c --DataDirectory $PWD/t --SocksPort 9050 --hush"),
    resident("openvpn", "openvpn", &["1194 openvpn -"],
        "exec openvpn --dev tun --server 10.99.0.0 255.255.255.0 --topology subnet --proto tcp-server --lport 1194 --ca ../cert.pem --cert ../cert.pem --key ../cert.key --dh none --verify-client-cert none --auth-user-pass-verify /bin/true via-env --script-security 3"),
    resident("stunnel4", "stunnel4", &["7637 redis Redis"],
        "printf 'foreground = yes\\npid =\\n[r]\\naccept = 127.0.0.1:7637\\nconnect = 127.0.0.1:6379\\ncert = %s/../both.pem\\n' $PWD > c; exec stunnel4 c"),
    // Databases.
    resident("redis-server", "redis-server", &["6379 redis Redis", "7379 redis -"],
        "redis-server --port 7379 --requirepass secret --save '' --bind 127.0.0.1 & exec redis-server --port 6379 --save '' --bind 127.0.0.1"),
    resident("memcached", "memcached", &["11211 memcache|memcached memcached", "7211 memcache|memcached memcached", "u11211 memcache|memcached memcached"],
        "memcached -u nobody -p 7211 -l 127.0.0.1 & exec memcached -u nobody -p 11211 -U 11211 -l 127.0.0.1"),
    resident("mariadb-server-core", "mariadbd", &["3306 mysql MariaDB", "7306 mysql MariaDB"],
        "mkdir d; exec mariadbd --no-defaults --skip-grant-tables --user=root --datadir=$PWD/d --port 3306 --extra-port=7306 --bind-address=127.0.0.1 --socket=$PWD/s --pid-file=$PWD/p"),
    resident("postgresql", "pg_lsclusters", &["5432 postgresql PostgreSQL", "7432 postgresql PostgreSQL"],
        "chown postgres .; B=$(ls -d /usr/lib/postgresql/*/bin | tail -1); P='setpriv --reuid postgres --regid postgres --clear-groups'; $P $B/initdb -D d >/dev/null; cp -r d e; chown -R postgres e; $P $B/postgres -D e -p 7432 -h 127.0.0.1 -k $PWD & exec $P $B/postgres -D d -p 5432 -h 127.0.0.1 -k $PWD"),
    resident("tarantool", "tarantool", &["3301 tarantool Tarantool"], "echo \"box.cfg{listen='127.0.0.1:3301'}\" > c.lua; exec tarantool c.lua"),
    resident("influxdb", "influxd", &["8086 influxdb|http InfluxDB"],
        "printf '[meta]\\ndir = \"%s/m\"\\n[data]\\ndir = \"%s/d\"\\nwal-dir = \"%s/w\"\\n[http]\\nbind-address = \"127.0.0.1:8086\"\\n' $PWD $PWD $PWD > c; exec influxd run -config c"),
    // Queues and clusters.
    resident("mosquitto", "mosquitto", &["1883 mqtt mosquitto", "7883 mqtt mosquitto", "8883 secure-mqtt|mqtt mosquitto", "7884 secure-mqtt|mqtt mosquitto"],
        "cp ../cert.pem ../cert.key .; chmod a+r cert.*; chmod a+rx . ..; printf 'user root\\nallow_anonymous true\\nlistener 1883\\nlistener 7883\\nlistener 8883\\ncertfile %s/cert.pem\\nkeyfile %s/cert.key\\nlistener 7884\\ncertfile %s/cert.pem\\nkeyfile %s/cert.key\\n' $PWD $PWD $PWD $PWD > c; exec mosquitto -c c"),
    resident("rabbitmq-server", "rabbitmq-server", &["5672 amqp RabbitMQ", "7672 amqp RabbitMQ", "4369 epmd -"],
        "export HOME=$PWD RABBITMQ_NODENAME=zoo@localhost RABBITMQ_MNESIA_BASE=$PWD/m RABBITMQ_LOG_BASE=$PWD/l RABBITMQ_LOGS=- RABBITMQ_PID_FILE=$PWD/p; printf 'listeners.tcp.1 = 127.0.0.1:5672\\nlisteners.tcp.2 = 127.0.0.1:7672\\n' > r.conf; export RABBITMQ_CONFIG_FILE=$PWD/r RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/e; echo '[].' > e; exec /usr/lib/rabbitmq/bin/rabbitmq-server"),
    resident("nats-server", "nats-server", &["4222 nats NATS"], "exec nats-server -a 127.0.0.1 -p 4222"),
    resident("beanstalkd", "beanstalkd", &["11300 beanstalkd|beanstalk beanstalkd"], "exec beanstalkd -l 127.0.0.1 -p 11300"),
    resident("gearman-job-server", "gearmand", &["4730 gearman Gearman"], "exec gearmand -L 127.0.0.1 -p 4730 -l stderr"),
    resident("zookeeper", "java", &["2181 zookeeper ZooKeeper"],
        "printf 'tickTime=2000\\ndataDir=%s/z\\nclientPort=2181\\nadmin.enableServer=false\\n' $PWD > c; exec java -cp /etc/zookeeper/conf:/usr/share/java/zookeeper.jar org.apache.zookeeper.server.quorum.QuorumPeerMain $PWD/c"),
    resident("distcc", "distccd", &["3632 distcc|distccd -"], "exec distccd --daemon --no-detach --allow 127.0.0.1 --user nobody --log-stderr"),
    resident("etcd-server", "etcd", &["2379 etcd-client|http etcd"], "exec etcd --data-dir d --listen-peer-urls http://127.0.0.1:2380 --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379"),
    // Talk and media.
    resident("prosody", "prosody", &["5222 xmpp-client|jabber -", "5269 xmpp-server|jabber -"],
        "printf 'run_as_root = true\\nmodules_disabled = {\"s2s_auth_certs\"}\\ndata_path = \"%s\"\\npidfile = \"%s/p\"\\nlog = { error = \"/dev/null\" }\\nVirtualHost \"zoo.test\"\\n' $PWD $PWD > c.lua; exec prosody -F --config $PWD/c.lua"),
    resident("ngircd", "ngircd", &["6667 irc -", "7667 irc -"],
        "printf '[Global]\\nName = irc.zoo.test\\nInfo = zoo\\nPorts = 6667, 7667\\nServerUID = root\\nServerGID = root\\n[Options]\\nPAM = no\\nIdent = no\\nDNS = no\\n' > c; exec ngircd -n -f $PWD/c"),
    resident("mpd", "mpd", &["6600 mpd Music"],
        "printf 'music_directory \"%s\"\\nbind_to_address \"127.0.0.1\"\\nport \"6600\"\\naudio_output {\\n type \"null\"\\n name \"n\"\\n}\\n' $PWD > c; exec mpd --no-daemon --stderr c"),
    resident("mumble-server", "murmurd", &["64738 mumble|murmur Murmur"], "printf 'database=%s/m.sqlite\\nport=64738\\nuname=root\\n' $PWD > c; exec murmurd -fg -ini c"),
    resident("kamailio", "kamailio", &["5060 sip kamailio", "u5060 sip kamailio", "u7060 sip kamailio"],
        "printf 'listen=udp:127.0.0.1:5060\\nlisten=udp:127.0.0.1:7060\\nlisten=tcp:127.0.0.1:5060\\nmpath=\"/usr/lib/x86_64-linux-gnu/kamailio/modules/\"\\nloadmodule \"sl.so\"\\nrequest_route {\\n sl_send_reply(\"200\", \"OK\");\\n}\\n' > c; exec kamailio -f c -DD -E -P $PWD/p -Y $PWD"),
    resident("coturn", "turnserver", &["3478 stun Coturn", "u3478 stun Coturn", "u7478 stun Coturn"], "turnserver -n -L 127.0.0.1 -p 7478 -a -r zoo.test --no-tls --no-dtls --no-cli --pidfile $PWD/q --log-file stdout & exec turnserver -n -L 127.0.0.1 -p 3478 -a -r zoo.test --no-tls --no-dtls --no-cli --pidfile $PWD/p --log-file stdout"),
    // Desktops and devices.
    resident("xrdp", "xrdp", &["3389 ms-wbt-server -"],
        "sed 's/^port=.*/port=3389/; s/^LogFile.*/LogFile=\\/dev\\/null/' /etc/xrdp/xrdp.ini > c; mkdir -p /run/xrdp; exec xrdp --nodaemon --config $PWD/c"),
    resident("tigervnc-standalone-server", "Xtigervnc", &["5901 rfb|vnc -", "7901 rfb|vnc -"],
        "mount -t tmpfs tmp /tmp; Xtigervnc :3 -rfbport 7901 -SecurityTypes None & exec Xtigervnc :2 -rfbport 5901 -SecurityTypes None"),
    resident("xvfb", "Xvfb", &["6000 x11|X11 -"], "mount -t tmpfs tmp /tmp; exec Xvfb :0 -listen tcp -screen 0 320x200x8"),
    resident("sane-utils", "saned", &["6566 sane-port|saned -"], "mount -t tmpfs s /etc/sane.d; echo 127.0.0.1 > /etc/sane.d/saned.conf; touch /etc/sane.d/dll.conf; exec saned -l -u root -e"),
    resident("snmpd", "snmpd", &["u161 snmp -", "u7161 snmp -"], "printf 'rocommunity public\\n' > c; exec snmpd -f -Lo -C -c c udp:127.0.0.1:161,udp:127.0.0.1:7161"),
    resident("chrony", "chronyd", &["u123 ntp -", "u7123 ntp -"],
        "chronyd -d -x -u root 'allow 127.0.0.1' 'local stratum 5' 'port 7123' 'cmdport 0' 'bindcmdaddress /' \"pidfile $PWD/q\" & exec chronyd -d -x -u root 'allow 127.0.0.1' 'local stratum 5' 'cmdport 0' 'bindcmdaddress /' \"pidfile $PWD/p\""),
    resident("tftpd-hpa", "in.tftpd", &["u69 tftp -"], "exec in.tftpd -L -u root -a 127.0.0.1:69 -s /tmp"),
    resident("bird2", "bird", &["179 bgp -"],
        "printf 'router id 10.0.0.1;\\nprotocol device {}\\nprotocol bgp { local 127.0.0.1 as 65001; neighbor 127.0.0.1 as 65002; multihop; passive; ipv4 { import none; export none; }; strict bind; }\\n' > c; exec bird -f -c c -s $PWD/s"),
    resident("php-fpm", "php-fpm8.2", &["9000 fastcgi -"],
        "printf '[global]\\nerror_log=/dev/stderr\\n[w]\\nlisten=127.0.0.1:9000\\nuser=nobody\\npm=static\\npm.max_children=1\\n' > c; exec php-fpm8.2 -F -y c"),
    resident("gpsd", "gpsd", &["2947 gpsd|gpsd-ng -"], "exec gpsd -N -n -S 2947 -F $PWD/s"),
];
