//! A network of the test's own: nothing in it is seen outside, and nothing outside is seen in it.
//!
//! It lives as long as the process that holds it, and that process lives as long as its stdin: a
//! test that panics or is killed leaves no namespace, interface or name behind, and any number of
//! tests can use the same addresses and ports at once.
//!
//! Nothing here knows what runs in it.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::outcome::Outcome;
use crate::peers::{peer_or_skip, skip};
use crate::program::Program;
use crate::running::Running;

/// A network namespace with its loopback up and nothing else.
///
/// A scan of many ports in the network of the machine itself would meet the sockets of other
/// tests, which may accept exactly one connection. So scans run in here:
///
/// ```no_run
/// use testkit::Namespace;
///
/// let Some(alone) = Namespace::or_skip() else { return };
/// alone.program("coax").args(["scan", "-p", "-", "127.0.0.1"]).run().exits(1);
/// ```
#[derive(Debug)]
pub struct Namespace {
    holder: Running,
    nsenter: PathBuf,
    unshare: PathBuf,
    owner: Owner,
}

/// Who owns a namespace: what must be entered with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// Root.
    Root,
    /// Anybody, who is root in a namespace of users.
    Anybody,
}

/// The loopback comes up, a line says so, and end of input is the end.
const HOLD: &str = "ip link set lo up && echo up && exec cat";

impl Namespace {
    /// A new one. `None`, after saying why and what to type, where it is not allowed.
    #[track_caller]
    pub fn or_skip() -> Option<Namespace> {
        let (unshare, nsenter) = (peer_or_skip("unshare")?, peer_or_skip("nsenter")?);
        peer_or_skip("ip")?;
        peer_or_skip("python3")?;
        let allowed = |way: &str| Program::new(&unshare).args([way, "true"]).run().code() == 0;
        let owner = match (allowed("-n"), allowed("-rn")) {
            (true, _) => Owner::Root,
            (false, true) => Owner::Anybody,
            (false, false) => {
                let test = std::env::args().next().unwrap_or_default();
                skip(&format!("a network of one's own needs root or CAP_SYS_ADMIN: sudo {test}"));
                return None;
            }
        };
        let way = if owner == Owner::Root { "-n" } else { "-rn" };
        let holder = Program::new(&unshare).args([way, "sh", "-c", HOLD]).start();
        holder.expect_out("up\n");
        Some(Namespace { holder, nsenter, unshare, owner })
    }

    /// Another one, with the same owner: interfaces may join the two.
    #[track_caller]
    pub fn beside(&self) -> Namespace {
        let holder = self.program(&self.unshare).args(["-n", "sh", "-c", HOLD]).start();
        holder.expect_out("up\n");
        Namespace {
            holder,
            nsenter: self.nsenter.clone(),
            unshare: self.unshare.clone(),
            owner: self.owner,
        }
    }

    /// A program that will run inside, in its own process: what it is sent reaches it.
    pub fn program(&self, path: impl AsRef<OsStr>) -> Program {
        let holder = self.holder.pid().to_string();
        let users = match self.owner {
            Owner::Root => &[][..],
            Owner::Anybody => &["--user", "--preserve-credentials"],
        };
        let enter = Program::new(&self.nsenter).args(["--target", &holder, "--net"]).args(users);
        enter.arg("--").arg(path)
    }

    /// Runs a shell line inside, which must succeed.
    #[track_caller]
    pub fn sh(&self, line: &str) -> Outcome {
        self.program("sh").args(["-ec", line]).run().exits(0)
    }

    /// Gives the packet filter these rules, beside those it has.
    #[track_caller]
    pub fn rules(&self, rules: &str) {
        let nft = peer_or_skip("nft").expect("whoever wants rules asked for nft before");
        self.program(nft).args(["-f", "-"]).run_with(rules).exits(0);
    }

    /// The process whose network it is, for programs that name one by its owner.
    pub fn pid(&self) -> u32 {
        self.holder.pid()
    }

    /// Whether a program inside may become another user: there is none in a namespace of users.
    pub fn has_users(&self) -> bool {
        self.owner == Owner::Root
    }
}
