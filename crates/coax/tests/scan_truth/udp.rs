//! The UDP scan, which needs no privilege either: against the truth, beside nmap, as anybody, and
//! against hosts that say little.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testkit::{Lab, Program, Running, peer_or_skip};

use crate::ground::{
    COAX, Family, Row, Said, TWINS, events, ports, rules, said, same, scan, truth,
};
use crate::nmap::nmap;

/// A UDP port where the target answers, and one where it listens and is silent.
const OPEN: u16 = 1001;
const SILENT: u16 = 1002;

const UDP: [Row; 4] = [
    (OPEN, "accept", "open", "udp-reply"),
    (SILENT, "accept", "open-or-filtered", "no-answer"),
    (1003, "accept", "closed", "icmp-port-unreachable"),
    (1004, "drop", "open-or-filtered", "no-answer"),
];

/// That its filter rejects a port as if it were closed is no different from a closed port.
const UDP_V4: [Row; 5] = [
    (1010, "reject with icmp type net-unreachable", "filtered", "icmp-net-unreachable"),
    (1011, "reject with icmp type host-unreachable", "filtered", "icmp-host-unreachable"),
    (1012, "reject with icmp type prot-unreachable", "filtered", "icmp-protocol-unreachable"),
    (1013, "reject with icmp type port-unreachable", "closed", "icmp-port-unreachable"),
    (1014, "reject with icmp type admin-prohibited", "filtered", "icmp-admin-prohibited"),
];

const UDP_V6: [Row; 4] = [
    (1010, "reject with icmpv6 type no-route", "filtered", "icmp-net-unreachable"),
    (1011, "reject with icmpv6 type addr-unreachable", "filtered", "icmp-host-unreachable"),
    (1012, "reject with icmpv6 type admin-prohibited", "filtered", "icmp-admin-prohibited"),
    (1013, "reject with icmpv6 type port-unreachable", "closed", "icmp-port-unreachable"),
];

fn udp(family: Family) -> Vec<Row> {
    match family {
        Family::V4 => [&UDP[..], &UDP_V4].concat(),
        Family::V6 => [&UDP[..], &UDP_V6].concat(),
    }
}

/// A lab whose UDP ports do what [`udp`] says. The servers are for the caller to keep.
#[track_caller]
fn udp_lab() -> Option<(Lab, [Running; 2])> {
    let lab = Lab::or_skip()?;
    lab.talkative();
    lab.target.rules(&rules("udp", &udp(Family::V4), &udp(Family::V6)));
    let servers = [lab.target.echoes(&[OPEN]), lab.target.swallows(&[SILENT])];
    Some((lab, servers))
}

fn scan_udp(program: Program, target: &str, ports: &str) -> Program {
    scan(program, target, ports).args(["--udp", "--timeout", "300ms", "--retries", "2"])
}

#[test]
fn every_udp_port_has_its_state_and_its_reason() {
    let Some((lab, _servers)) = udp_lab() else { return };
    for (family, target) in TWINS {
        let rows = udp(family);
        let outcome = scan_udp(lab.ask(COAX), target, &ports(&rows)).run().exits(0);
        same(target, &said(&outcome), &truth(&rows));
        assert!(events(&outcome, "port").iter().all(|event| event["protocol"] == "udp"));
    }
}

#[test]
fn nmap_says_the_same_of_every_udp_port() {
    let Some((lab, _servers)) = udp_lab() else { return };
    for (family, target) in TWINS {
        let rows = udp(family);
        let outcome = scan_udp(lab.ask(COAX), target, &ports(&rows)).run().exits(0);
        let ours = said(&outcome).into_iter().map(|(port, (state, _))| (port, state)).collect();
        let Some(theirs) = nmap(&lab, "-sU", family, target, &ports(&rows)) else { return };
        assert_eq!(theirs, ours, "{target}");
    }
}

#[test]
fn without_any_privilege_the_answers_over_udp_are_the_same() {
    let Some((lab, _servers)) = udp_lab() else { return };
    let Some(setpriv) = peer_or_skip("setpriv") else { return };
    // Where the binary was built may be closed to others.
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = place.path().join("coax");
    fs::copy(COAX, &copy).unwrap();
    let mut nobody = vec!["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"];
    if lab.client.has_users() {
        nobody.extend(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    for (family, target) in TWINS {
        let rows = udp(family);
        let program = lab.ask(&setpriv).args(&nobody).arg(&copy);
        let outcome = scan_udp(program, target, &ports(&rows)).run().exits(0);
        same(target, &said(&outcome), &truth(&rows));
    }
}

#[test]
fn tcp_and_udp_of_the_same_port_are_two_questions() {
    let Some((lab, _servers)) = udp_lab() else { return };
    let program = scan(lab.ask(COAX), Lab::V4, "T:1001,1003,U:1001,1003");
    let outcome = program.args(["--timeout", "300ms"]).run().exits(0);
    let told = |event: &serde_json::Value| {
        format!("{} {} {}", event["protocol"], event["port"], event["state"]).replace('"', "")
    };
    let mut told = events(&outcome, "port").iter().map(told).collect::<Vec<_>>();
    told.sort();
    let wanted = ["tcp 1001 closed", "tcp 1003 closed", "udp 1001 open", "udp 1003 closed"];
    assert_eq!(told, wanted);
}

/// A router's word that the port is unreachable is not the host's: the host may have it open.
#[test]
fn a_closed_port_is_the_hosts_own_word() {
    let Some((lab, _servers)) = udp_lab() else { return };
    lab.client.sh("ip route add 198.51.100.0/24 via 10.77.0.2");
    lab.target.sh("ip address add 198.51.100.1/32 dev lo\n\
         ip route add 198.51.100.0/24 dev lab\n\
         echo 1 > /proc/sys/net/ipv4/ip_forward");
    lab.target.rules(
        "table ip way { chain c { type filter hook forward priority 0\n\
         udp dport 1003 reject with icmp type port-unreachable\n}\n}\n",
    );
    let outcome = scan_udp(lab.ask(COAX), "198.51.100.9", "1003").run().exits(1);
    same("behind", &said(&outcome), &truth(&[(1003, "", "filtered", "icmp-port-unreachable")]));
    let outcome = scan_udp(lab.ask(COAX), "198.51.100.1", "1003").run().exits(1);
    same("itself", &said(&outcome), &truth(&[(1003, "", "closed", "icmp-port-unreachable")]));
}

/// A kernel sends a host six errors at once and then one a second: the other six closed ports are
/// told all the same, and the silent one is not held for closed.
#[test]
fn a_host_that_says_little_is_asked_until_every_closed_port_is_told() {
    let Some(lab) = Lab::or_skip() else { return };
    let _servers = [lab.target.echoes(&[OPEN]), lab.target.swallows(&[SILENT])];
    // As the kernel has it, whatever this machine was told.
    lab.target.sh("echo 1000 > /proc/sys/net/ipv4/icmp_ratelimit");
    let outcome = scan(lab.ask(COAX), Lab::V4, "1001-1014").arg("--udp").run().exits(0);
    let mut wanted = truth(&UDP[..2]);
    for port in 1003..=1014 {
        wanted.insert(port, ("closed".to_owned(), "icmp-port-unreachable".to_owned()));
    }
    same(Lab::V4, &said(&outcome), &wanted);
    let probes = events(&outcome, "scan-summary").pop().unwrap()["probes"].as_u64().unwrap();
    assert!(probes < 250, "{probes} datagrams for 14 ports");
}

/// Programs that answer what their protocol asks and nothing else: the first datagram must do.
#[test]
fn known_servers_answer_the_first_question() {
    let Some(lab) = Lab::or_skip() else { return };
    let place = tempfile::tempdir().unwrap();
    let (Some(_nsd), Some(_chrony)) = (nsd(&lab, &place), chrony(&lab, &place)) else { return };
    for (_, target) in TWINS {
        let program = scan(lab.ask(COAX), target, "domain,ntp").args(["--udp", "--retries", "0"]);
        let wanted = [(53, "", "open", "udp-reply"), (123, "", "open", "udp-reply")];
        same(target, &said(&program.run().exits(0)), &truth(&wanted));
    }
}

fn nsd(lab: &Lab, place: &tempfile::TempDir) -> Option<Running> {
    let (nsd, at) = (peer_or_skip("nsd")?, place.path().display());
    let conf = format!(
        "server:\n ip-address: {}\n ip-address: {}\n username: \"\"\n pidfile: \"\"\n\
         database: \"\"\n zonesdir: \"{at}\"\n xfrdfile: \"\"\n zonelistfile: \"{at}/zones\"\n\
         remote-control:\n control-enable: no\n",
        Lab::V4,
        Lab::V6
    );
    let file = place.path().join("nsd.conf");
    fs::write(&file, conf).unwrap();
    let running = lab.target.program(nsd).arg("-d").arg("-c").arg(file).start();
    running.expect_err("nsd started");
    Some(running)
}

fn chrony(lab: &Lab, place: &tempfile::TempDir) -> Option<Running> {
    let chronyd = peer_or_skip("chronyd")?;
    let file = place.path().join("chrony.conf");
    let conf = format!(
        "allow\nlocal stratum 8\ncmdport 0\npidfile {}\n",
        place.path().join("chrony.pid").display()
    );
    fs::write(&file, conf).unwrap();
    // It never touches the clock (-x), and stays who it is.
    let words = ["-d", "-x", "-U", "-u", "root", "-f"];
    let running = lab.target.program(chronyd).args(words).arg(file).start();
    running.expect_err("chronyd version");
    Some(running)
}

/// TFTP answers from a port that the server chooses (RFC 1350 §4), which no filter on the asked
/// port would let through.
#[test]
fn a_server_that_answers_from_another_port_is_open() {
    let Some(lab) = Lab::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    const SERVER: &str = "\
import socket, sys
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asked.bind(('0.0.0.0', 69))
print('ready', file=sys.stderr, flush=True)
while True:
    request, who = asked.recvfrom(512)
    if request[:2] == b'\\0\\1' and request.count(0) == 3:
        answer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        answer.sendto(b'\\0\\5\\0\\1no such file\\0', who)
";
    let server = lab.target.program(python).args(["-c", SERVER]).start();
    server.expect_err("ready");
    let outcome = scan_udp(lab.ask(COAX), Lab::V4, "tftp").run().exits(0);
    same("tftp", &said(&outcome), &truth(&[(69, "", "open", "udp-reply")]));
}

#[test]
fn what_this_machine_forbids_over_udp_is_inconclusive() {
    let Some((lab, _servers)) = udp_lab() else { return };
    lab.client.rules(
        "table inet own { chain out { type filter hook output priority 0\n\
         udp dport 1003 drop\n}\n}\n",
    );
    for (_, target) in TWINS {
        let outcome = scan_udp(lab.ask(COAX), target, "1001,1003").run().exits(0);
        let wanted = [(OPEN, "", "open", "udp-reply"), (1003, "", "inconclusive", "forbidden")];
        same(target, &said(&outcome), &truth(&wanted));
    }
    let outcome = scan_udp(lab.ask(COAX), "192.0.2.1", "1-20").run();
    let nowhere: Said = said(&outcome);
    assert_eq!(nowhere.len(), 20);
    assert!(
        nowhere.values().all(|(state, reason)| state == "inconclusive" && reason == "no-route")
    );
}
