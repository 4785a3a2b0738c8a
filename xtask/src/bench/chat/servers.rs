//! The chat servers that are measured, each with everything off that would slow a crowd from one
//! address: throttles, penalties, look-ups of names.
//!
//! Each runs on the first processor, the crowd on the second, so that "one core" means the same for
//! all.
//!
//! Nothing here knows what is measured.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::coax;
use super::wire::Way;
use crate::run::run;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Server {
    pub(super) name: &'static str,
    program: &'static str,
    config: &'static str,
    /// With CONFIG, PORT and DIR in place.
    words: &'static str,
    /// Clients that may be on their way in at once: one peer queues ten connections, another lets
    /// people in once a second.
    pub(super) at_once: usize,
}

pub(super) const SERVERS: [Server; 3] = [
    Server {
        name: "coax",
        program: "coax",
        config: include_str!("coax.toml"),
        words: "chat serve --config CONFIG --listen 127.0.0.1:PORT --data DIR/data",
        at_once: 1000,
    },
    Server {
        name: "InspIRCd",
        program: "inspircd",
        config: include_str!("inspircd.conf"),
        words: "--config CONFIG --nofork --nopid --runasroot",
        at_once: 1000,
    },
    Server {
        name: "ngIRCd",
        program: "ngircd",
        config: include_str!("ngircd.conf"),
        words: "--nodaemon --config CONFIG",
        at_once: 8,
    },
];

/// A server that runs. It ends with this value.
pub(super) struct Running {
    child: Child,
    pub(super) port: u16,
    pub(super) way: Way,
    pub(super) at_once: usize,
}

impl Server {
    /// Starts it in the folder `dir`, which it has to itself; returns once it listens.
    pub(super) fn start(&self, dir: &Path, port: u16, way: Way) -> Result<Running, String> {
        let words = |error: std::io::Error| format!("{}: {error}", self.program);
        let _ = fs::remove_dir_all(dir);
        fs::create_dir_all(dir).map_err(words)?;
        if way == Way::Tls {
            certificate(dir)?;
        }
        let config = dir.join("server.conf");
        let place = |text: &str| {
            let text =
                text.replace("PORT", &port.to_string()).replace("DIR", &dir.display().to_string());
            text.replace("CONFIG", &config.display().to_string())
        };
        fs::write(&config, place(&of_way(self.config, way))).map_err(words)?;
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]);
        match self.program {
            "coax" => command.arg(coax()),
            program => command.arg(program),
        };
        command.args(place(self.words).split(' ')).current_dir(dir);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = quiet.spawn().map_err(words)?;
        let mut running = Running { child, port, way, at_once: self.at_once };
        running.listens().map_err(|why| format!("{}: {why}", self.program))?;
        Ok(running)
    }
}

/// The lines of a configuration that are for this way of connecting.
fn of_way(config: &str, way: Way) -> String {
    let (ours, others) = match way {
        Way::Plain => ("plain:", "tls:"),
        Way::Tls => ("tls:", "plain:"),
    };
    let lines = config.lines().filter(|line| !line.starts_with(others));
    lines.map(|line| format!("{}\n", line.strip_prefix(ours).unwrap_or(line))).collect()
}

/// `cert.pem` and `key.pem` for those who do not make their own.
fn certificate(dir: &Path) -> Result<(), String> {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                 -subj /CN=bench -keyout key.pem -out cert.pem";
    run(Command::new("openssl").args(words.split_whitespace()).current_dir(dir))
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    fn listens(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return Err("ended before it listened".to_owned());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("does not listen on port {}", self.port));
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{Way, of_way};

    #[test]
    fn a_line_is_for_both_ways_or_for_one() {
        let config = "a\nplain:b\ntls:c\n";
        assert_eq!(of_way(config, Way::Plain), "a\nb\n");
        assert_eq!(of_way(config, Way::Tls), "a\nc\n");
    }
}
