//! A machine made for a test: its own loopback, /etc/hosts, resolv.conf and nsswitch.conf.
//!
//! nsd answers at 127.0.0.1; at 127.0.0.2 may be a server that never does, at 127.0.0.3 one behind
//! a bad line. All of it ends with the command that is run there.

use std::process::Command;

use crate::peers::{Heard, REVERSE, ZONE, is_there, nsd_conf, run};

const NSSWITCH: &str = "passwd: files\nhosts: files dns\n";

/// What the machine is made of; nothing runs yet.
pub(crate) struct Machine {
    hosts: String,
    resolv: String,
    zone: String,
    peer: &'static str,
}

impl Machine {
    /// `None`, after saying why, where it cannot be made.
    pub(crate) fn or_skip() -> Option<Machine> {
        let mut probe = Command::new("unshare");
        let mount = "ip link set lo up && mount --bind /etc/hosts /etc/hosts";
        probe.args(["-mn", "sh", "-c", mount]);
        let there = ["nsd", "unshare", "python3"].into_iter().all(is_there);
        if !there || run(probe, b"").code != Some(0) {
            eprintln!("skipped: needs root; apt-get install nsd iproute2 util-linux python3");
            return None;
        }
        Some(Machine {
            hosts: "127.0.0.1 localhost\n".to_owned(),
            resolv: "nameserver 127.0.0.1\n".to_owned(),
            zone: ZONE.to_owned(),
            peer: "",
        })
    }

    pub(crate) fn hosts(self, text: &str) -> Machine {
        Machine { hosts: text.to_owned(), ..self }
    }

    pub(crate) fn resolv(self, text: &str) -> Machine {
        Machine { resolv: text.to_owned(), ..self }
    }

    /// More records of coax.test.
    pub(crate) fn zone(self, more: &str) -> Machine {
        Machine { zone: self.zone + more, ..self }
    }

    /// With a server at 127.0.0.2 that hears and never answers.
    pub(crate) fn silent(self) -> Machine {
        Machine { peer: SILENT, ..self }
    }

    /// With a server at 127.0.0.3 that loses each question twice before it passes it on.
    pub(crate) fn lossy(self) -> Machine {
        Machine { peer: LOSSY, ..self }
    }

    /// Runs `coax` with `words`.
    pub(crate) fn coax(&self, words: &[&str]) -> Heard {
        self.run(&[&[env!("CARGO_BIN_EXE_coax")], words].concat())
    }

    /// Runs a script; `$coax` is the program.
    pub(crate) fn bash(&self, script: &str) -> Heard {
        self.run(&["bash", "-c", &format!("coax={}\n{script}", env!("CARGO_BIN_EXE_coax"))])
    }

    fn run(&self, command: &[&str]) -> Heard {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        for (name, text) in [
            ("coax.zone", self.zone.as_str()),
            ("reverse.zone", REVERSE),
            ("hosts", &self.hosts),
            ("resolv.conf", &self.resolv),
            ("nsswitch.conf", NSSWITCH),
            ("nsd.conf", &nsd_conf(at, 53)),
            ("peer.py", self.peer),
            ("machine", MACHINE),
        ] {
            std::fs::write(at.join(name), text).unwrap();
        }
        let mut unshare = Command::new("unshare");
        unshare.args(["-mn", "bash"]).arg(at.join("machine")).arg(at).args(command);
        for name in ["COAX_JSON", "LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES"] {
            unshare.env_remove(name);
        }
        run(unshare, b"")
    }
}

/// `$1` is the folder, then the command. The servers say when they are ready, and are ended by
/// their ids.
const MACHINE: &str = r#"
at=$1; shift
ip link set lo up
for name in hosts resolv.conf nsswitch.conf; do mount --bind "$at/$name" "/etc/$name"; done
mkfifo "$at/peer" "$at/nsd"
python3 -u "$at/peer.py" > "$at/peer" & peer=$!
read -r ready < "$at/peer"
PATH=$PATH:/usr/sbin nsd -d -c "$at/nsd.conf" > "$at/nsd" 2>&1 & nsd=$!
exec 3< "$at/nsd"
while read -r line <&3; do [[ $line == *"nsd started"* ]] && break; done
"$@"
code=$?
kill "$nsd" "$peer" 2> /dev/null
wait "$nsd" "$peer" 2> /dev/null
exit $code
"#;

const SILENT: &str = r#"
import signal, socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.2", 53))
print("ready", flush=True)
signal.pause()
"#;

const LOSSY: &str = r#"
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.3", 53))
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.connect(("127.0.0.1", 53))
print("ready", flush=True)
heard = {}
while True:
    question, sender = server.recvfrom(4096)
    words = question[12:question.index(b"\0", 12) + 5]
    heard[words] = heard.get(words, 0) + 1
    if heard[words] > 2:
        asking.send(question)
        server.sendto(asking.recv(65535), sender)
"#;
