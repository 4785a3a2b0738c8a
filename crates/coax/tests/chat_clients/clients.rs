//! Clients that nobody here wrote, each in one channel with the others.
//!
//! Each can say a line, and each has a place where what it shows can be read as text: its stdout, or
//! the log that it keeps.
//!
//! Nothing here knows what is said.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::{Program, Running, peer_or_skip};

use crate::DEADLINE;

/// A client in the channel.
pub struct Client {
    /// What it is called there.
    pub nick: &'static str,
    /// Where a line to say is typed.
    mouth: Mouth,
    /// What it shows, on stdout.
    pub shown: Running,
    /// Whatever else runs for it.
    _with: Option<Running>,
}

enum Mouth {
    /// The stdin of what is shown, or of the program beside it.
    Stdin,
    Beside,
    /// A named pipe, with what comes before the line.
    Pipe(PathBuf, &'static str),
}

impl Client {
    #[track_caller]
    pub fn say(&mut self, text: &str) {
        match (&self.mouth, &mut self._with) {
            (Mouth::Beside, Some(beside)) => beside.send(format!("{text}\r")),
            (Mouth::Pipe(path, before), _) => {
                let mut pipe = OpenOptions::new().append(true).open(path).unwrap();
                pipe.write_all(format!("{before}{text}\n").as_bytes()).unwrap();
            }
            _ => self.shown.send(format!("{text}\n")),
        }
    }
}

/// Shows a file as it grows, from the moment it is there.
fn grows(file: &Path) -> Option<Running> {
    let tail = Program::new(peer_or_skip("tail")?);
    Some(tail.args(["-n", "+1", "-F"]).arg(file).deadline(DEADLINE).start())
}

/// OpenBSD's `nc`, as a person uses it.
pub fn nc(port: u16) -> Option<Client> {
    let nc = Program::new(peer_or_skip("nc")?).args(["127.0.0.1", &port.to_string()]);
    plain("nc", nc.deadline(DEADLINE).start())
}

/// `openssl s_client`: plain lines in TLS, on the same port.
pub fn openssl(port: u16) -> Option<Client> {
    let place = format!("127.0.0.1:{port}");
    let openssl = Program::new(peer_or_skip("openssl")?)
        .args(["s_client", "-quiet", "-nocommands", "-connect", &place])
        .deadline(DEADLINE);
    plain("tls", openssl.start())
}

/// Somebody who types lines comes in by the first of them, and takes a name.
fn plain(nick: &'static str, mut shown: Running) -> Option<Client> {
    shown.send(format!("/nick {nick}\n"));
    shown.expect_out(&format!("is now {nick}"));
    Some(Client { nick, mouth: Mouth::Stdin, shown, _with: None })
}

/// The program that people write when they learn, with an ear for its own echo.
pub fn ten_lines(port: u16) -> Option<Client> {
    const SCRIPT: &str = r"
import socket, sys, threading
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
def hear():
    for line in s.makefile('rb'):
        text = line.decode().rstrip('\r\n')
        if text.startswith('PING'):
            s.sendall(('PONG' + text[4:] + '\r\n').encode())
        print(text, flush=True)
threading.Thread(target=hear, daemon=True).start()
s.sendall(b'CAP REQ :echo-message\r\nNICK ten\r\nUSER ten 0 * :ten lines\r\nCAP END\r\nJOIN #lobby\r\n')
for line in sys.stdin:
    s.sendall(b'PRIVMSG #lobby :' + line.encode().rstrip() + b'\r\n')
";
    let python = Program::new(peer_or_skip("python3")?).args(["-u", "-c", SCRIPT]);
    let shown = python.arg(port.to_string()).deadline(DEADLINE).start();
    shown.expect_out("366 ten #lobby");
    Some(Client { nick: "ten", mouth: Mouth::Stdin, shown, _with: None })
}

/// irssi on a terminal of its own, read from the log that it writes.
pub fn irssi(port: u16) -> Option<Client> {
    let irssi = peer_or_skip("irssi")?;
    let home = TempDir::new().unwrap();
    let log = home.path().join("lobby.log");
    fs::write(
        home.path().join("config"),
        format!(
            "servers = ({{ address = \"127.0.0.1\"; port = {port}; chatnet = \"here\"; autoconnect = \"yes\"; }});
chatnets = {{ here = {{ type = \"IRC\"; nick = \"irssi\"; }}; }};
channels = ({{ name = \"#lobby\"; chatnet = \"here\"; autojoin = \"yes\"; }});
logs = {{ \"{}\" = {{ auto_open = \"yes\"; level = \"ALL\"; items = ({{ type = \"target\"; name = \"#lobby\"; }}); }}; }};
settings = {{ core = {{ real_name = \"irssi\"; user_name = \"irssi\"; nick = \"irssi\"; }}; \"irc/core\" = {{ cmd_queue_speed = \"1msec\"; cmds_max_at_once = \"100\"; }}; \"fe-text\" = {{ paste_verify_line_count = \"0\"; }}; }};
",
            log.display()
        ),
    )
    .unwrap();
    let on_terminal = Program::new(irssi)
        .arg("--home")
        .arg(home.path())
        .env("TERM", "xterm")
        .deadline(DEADLINE)
        .on_terminal()
        .start();
    let shown = grows(&log)?;
    shown.expect_out("irssi");
    let mut client = Client {
        nick: "irssi",
        mouth: Mouth::Beside,
        shown,
        _with: Some(on_terminal.keeping(home)),
    };
    // Its window of the channel is the second.
    client.say("/window 2");
    Some(client)
}

/// weechat without a screen, spoken to through its pipe and read from the log that it writes.
pub fn weechat(port: u16) -> Option<Client> {
    let weechat = peer_or_skip("weechat-headless")?;
    let home = TempDir::new().unwrap();
    let (pipe, logs) = (home.path().join("pipe"), home.path().join("logs"));
    let commands = [
        format!("/set fifo.file.path {}", pipe.display()),
        format!("/set logger.file.path {}", logs.display()),
        "/set logger.file.flush_delay 0".to_owned(),
        "/set logger.file.mask $name.log".to_owned(),
        // It should talk as fast as the others.
        "/set irc.server_default.anti_flood_prio_high 0".to_owned(),
        format!("/server add here 127.0.0.1/{port} -notls -nicks=weechat -autojoin=#lobby"),
        "/connect here".to_owned(),
    ];
    let mut program = Program::new(weechat)
        .arg("--dir")
        .arg(home.path())
        .deadline(DEADLINE)
        .env("HOME", home.path());
    for command in &commands {
        program = program.arg("-r").arg(command);
    }
    let running = program.start();
    let shown = grows(&logs.join("here.#lobby.log"))?;
    shown.expect_out("weechat");
    let mouth = Mouth::Pipe(pipe, "irc.here.#lobby *");
    Some(Client { nick: "weechat", mouth, shown, _with: Some(running.keeping(home)) })
}
