//! UDP servers that nobody here wrote, or that answer in their own way.

use std::fs;

use testkit::{Lab, Program, Running, peer_or_skip};

use crate::ground::{COAX, TWINS, events, said, same, scan, truth};

fn scan_udp(program: Program, target: &str, ports: &str) -> Program {
    scan(program, target, ports).args(["--udp", "--timeout", "300ms", "--retries", "2"])
}

#[test]
fn tcp_and_udp_of_the_same_port_are_two_questions() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.echoes(&[1001]);
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
