//! Network namespaces: places where nobody else has a port.
//!
//! A namespace lives as long as a process in it. That process is a `cat` which reads from us, so it
//! ends when we end, however that happens, and nothing has to be cleaned up.
//!
//! Nothing here knows what is scanned.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace with its loopback up.
pub(super) struct Space {
    holder: Child,
    net: File,
}

impl Space {
    pub(super) fn new() -> Result<Space, String> {
        let mut command = Command::new("unshare");
        command.args(["--net", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().map_err(|error| format!("unshare: {error}"))?;
        // The echo shows that the process is inside by now.
        if !echoes(&mut holder) {
            let _ = holder.wait();
            return Err("a network namespace needs root; \
                        or type: unshare --user --map-root-user cargo xtask bench scan"
                .to_owned());
        }
        let net = network_of(holder.id())?;
        let space = Space { holder, net };
        space.call("ip", "link set lo up")?;
        Ok(space)
    }

    /// Does `work` on a thread that is inside, as are its threads and processes.
    pub(super) fn inside<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send,
    ) -> Result<T, String> {
        inside(&self.net, work)
    }

    /// Runs a program inside to its end, and hears what it writes.
    pub(super) fn hear(&self, program: &str, words: &str) -> Result<String, String> {
        self.inside(|| {
            let mut command = Command::new(program);
            command.args(words.split(' ')).stdin(Stdio::null()).stderr(Stdio::null());
            let heard = command.output().map_err(|error| format!("{program}: {error}"))?;
            Ok(String::from_utf8_lossy(&heard.stdout).into_owned())
        })
    }

    /// Runs a program inside to its end.
    pub(super) fn call(&self, program: &str, words: &str) -> Result<(), String> {
        self.tell(program, words, "")
    }

    /// The same, with `text` as its input.
    pub(super) fn tell(&self, program: &str, words: &str, text: &str) -> Result<(), String> {
        let failed = |why: &dyn std::fmt::Display| format!("{program} {words}: {why}");
        self.inside(|| {
            let mut command = Command::new(program);
            command.args(words.split(' ')).stdin(Stdio::piped());
            let mut child = command.spawn().map_err(|error| failed(&error))?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
            }
            match child.wait().map_err(|error| failed(&error))? {
                status if status.success() => Ok(()),
                status => Err(failed(&status)),
            }
        })
    }

    /// The process that others may name to reach this namespace.
    pub(super) fn id(&self) -> u32 {
        self.holder.id()
    }
}

/// Does `work` on a thread in the network of the process `id`, as [`Space::inside`] does.
pub(super) fn inside_of<T: Send>(
    id: u32,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<T, String> {
    inside(&network_of(id)?, work)
}

fn network_of(id: u32) -> Result<File, String> {
    let path = format!("/proc/{id}/ns/net");
    File::open(&path).map_err(|error| format!("{path}: {error}"))
}

fn inside<T: Send>(
    net: &File,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<T, String> {
    let entered = || {
        move_into_link_name_space(net.as_fd(), Some(LinkNameSpaceType::Network))
            .map_err(|error| format!("cannot enter a network namespace: {error}"))?;
        work()
    };
    let ended = thread::scope(|scope| scope.spawn(entered).join());
    ended.map_err(|_| "a thread in a network namespace failed".to_owned())?
}

fn echoes(holder: &mut Child) -> bool {
    let (Some(stdin), Some(stdout)) = (&mut holder.stdin, &mut holder.stdout) else { return false };
    stdin.write_all(b"?").is_ok() && stdout.read_exact(&mut [0]).is_ok()
}

impl Drop for Space {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
