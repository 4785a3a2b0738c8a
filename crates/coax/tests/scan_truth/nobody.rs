//! A user without any right, who must get the same answers as root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use testkit::{Lab, Program, peer_or_skip};

use crate::ground::COAX;

/// Who asks, and a copy of the binary: where it was built may be closed to others.
pub struct Nobody {
    setpriv: PathBuf,
    place: tempfile::TempDir,
}

impl Nobody {
    /// `None` without setpriv.
    #[track_caller]
    pub fn or_skip(lab: &Lab) -> Option<Nobody> {
        let setpriv = peer_or_skip("setpriv")?;
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(COAX, place.path().join("coax")).unwrap();
        let nobody = Nobody { setpriv, place };
        let line = "grep CapEff /proc/self/status";
        let rights = nobody.program(lab).args(["sh", "-c", line]).run().exits(0).out();
        assert_eq!(rights.trim_start_matches("CapEff:").trim(), "0".repeat(16));
        Some(nobody)
    }

    /// The binary under test, on the side that asks.
    pub fn coax(&self, lab: &Lab) -> Program {
        self.program(lab).arg(self.place.path().join("coax"))
    }

    fn program(&self, lab: &Lab) -> Program {
        let none = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"];
        let other = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        let other = if lab.client.has_users() { &other[..] } else { &[] };
        lab.ask(&self.setpriv).args(none).args(other)
    }
}
