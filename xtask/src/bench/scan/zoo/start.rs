//! Starting the zoo, and ending it.
//!
//! Each server has a folder, a process namespace and mounts of its own, so that whatever it starts
//! ends with it and no two share a folder for their process numbers. It has started once its ports
//! are in the kernel's tables.
//!
//! Nothing here knows a server.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::space::Space;
use super::judge::Truth;
use super::residents::{RESIDENTS, Resident};
use crate::peers;
use crate::run::workspace;

/// Java and Erlang are slow on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The servers that run.
pub(super) struct Zoo {
    running: Vec<Child>,
    pub(super) truth: Vec<Truth>,
    pub(super) absent: Vec<String>,
}

impl Zoo {
    /// Starts all of them inside `space`, and waits until they listen.
    pub(super) fn open(space: &Space) -> Result<Zoo, String> {
        let folder = workspace().join("target/bench/zoo");
        let _ = fs::remove_dir_all(&folder);
        make(&folder)?;
        certificate(&folder)?;
        let (mut zoo, mut truth) =
            (Zoo { running: Vec::new(), truth: Vec::new(), absent: Vec::new() }, Vec::new());
        for resident in RESIDENTS {
            if !peers::find(resident.program) {
                zoo.absent.push(format!("{} (not installed)", resident.name()));
                continue;
            }
            zoo.running.push(space.inside(|| start(resident, &folder.join(resident.name())))?);
            let rows = resident.truth.iter();
            truth.extend(rows.filter_map(|row| Truth::read(resident.name(), row)));
        }
        zoo.wait(space, truth)?;
        Ok(zoo)
    }

    fn wait(&mut self, space: &Space, truth: Vec<Truth>) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        let mut open = HashSet::new();
        while Instant::now() < until {
            open = listening(space)?;
            if truth.iter().all(|it| open.contains(&(it.udp, it.port))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        // A port is there a moment before its server answers.
        std::thread::sleep(Duration::from_secs(5));
        let (here, absent): (Vec<_>, Vec<_>) =
            truth.into_iter().partition(|it| open.contains(&(it.udp, it.port)));
        self.truth = here;
        self.absent.extend(absent.iter().map(|it| format!("{} at {}", it.resident, it.place())));
        Ok(())
    }
}

impl Drop for Zoo {
    fn drop(&mut self) {
        for child in &mut self.running {
            // What it started ends with it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(resident: &Resident, folder: &Path) -> Result<Child, String> {
    make(folder)?;
    let failed = |error: std::io::Error| format!("{}: {error}", resident.name());
    let log = File::create(folder.join("log")).map_err(failed)?;
    let mounts = "mount -t tmpfs run /run && export PATH=$PATH:/usr/sbin:/sbin && ";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]);
    // The first process stays a shell: one that changes its user is not told that we have ended.
    command.arg(format!("{mounts}({})\nexit", resident.start)).current_dir(folder);
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
    command.spawn().map_err(failed)
}

fn make(folder: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder.to_path_buf())
}

/// `cert.pem`, `cert.key`, and both in one file.
fn certificate(folder: &Path) -> Result<(), String> {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
                 -subj /CN=zoo.test -addext subjectAltName=DNS:zoo.test -out cert.pem -keyout cert.key";
    let mut openssl = Command::new("openssl");
    openssl.args(words.split_whitespace()).current_dir(folder).stderr(Stdio::null());
    let made = openssl.status().map_err(|error| format!("openssl: {error}"))?;
    if !made.success() {
        return Err(format!("openssl: {made}"));
    }
    let read = |name: &str| fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    let both = [read("cert.key")?, read("cert.pem")?].concat();
    fs::write(folder.join("both.pem"), both).map_err(|error| format!("both.pem: {error}"))
}

/// The ports that are listened at, whether UDP and which, out of the kernel's tables.
fn listening(space: &Space) -> Result<HashSet<(bool, u16)>, String> {
    space.inside(|| {
        let mut open = HashSet::new();
        for (table, udp, state) in
            [("tcp", false, "0A"), ("tcp6", false, "0A"), ("udp", true, "07"), ("udp6", true, "07")]
        {
            let path = format!("/proc/thread-self/net/{table}");
            let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
            let row = |line: &str| {
                let words = line.split_whitespace().collect::<Vec<_>>();
                let port = words.get(1)?.rsplit(':').next()?;
                let listens = words.get(3) == Some(&state);
                u16::from_str_radix(port, 16).ok().filter(|_| listens)
            };
            open.extend(text.lines().skip(1).filter_map(row).map(|port| (udp, port)));
        }
        Ok(open)
    })
}
