//! Peers written in Python: what people's own small programs look like.
//!
//! The script stands in the test that needs it. It says `ready` or `listening on HOST:PORT` on
//! stderr when the test may go on, and has the standard library alone.
//!
//! Nothing here knows what the script does.

use std::ffi::OsStr;

use crate::peers::peer_or_skip;
use crate::program::Program;
use crate::running::Running;

/// What every script may use: `listen(kind)` gives a bound socket and says where; `say(…)` prints
/// at once; `sock`, `time`, `sys` are imported. No call waits longer than 30 s.
const PRELUDE: &str = r#"
import select, socket, struct, sys, threading, time
socket.setdefaulttimeout(30)
def say(*words):
    print(*words, flush=True)
def ready(text):
    print(text, file=sys.stderr, flush=True)
def listen(kind=socket.SOCK_STREAM, host="127.0.0.1", family=None):
    s = socket.socket(family or (socket.AF_INET6 if ":" in host else socket.AF_INET), kind)
    s.bind((host, 0))
    if kind == socket.SOCK_STREAM:
        s.listen(16)
    ready("listening on %s:%d" % (host, s.getsockname()[1]))
    return s
def dial(port, host="127.0.0.1"):
    return socket.create_connection((host, int(port)), 30)
"#;

/// Starts a Python script with `args` as `sys.argv[1:]`; `None` when Python is missing.
#[track_caller]
pub fn python<S: AsRef<OsStr>>(script: &str, args: impl IntoIterator<Item = S>) -> Option<Running> {
    let interpreter = peer_or_skip("python3")?;
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let path = place.path().join("peer.py");
    std::fs::write(&path, format!("{PRELUDE}\n{script}\n")).expect("a script can be written");
    Some(Program::new(interpreter).arg("-u").arg(path).args(args).start().keeping(place))
}
