//! Somebody harmless, who talks the whole time.
//!
//! Two people in a channel of their own; what one says the other must hear, again and again, and how
//! long each word took is kept. They keep within the flood limits.
//!
//! Nothing here knows of the attack.

use testkit::{Program, Running, peer_or_skip};

use crate::{DEADLINE, Server};

/// One word may be heard so late, in milliseconds, on a machine that is busy with everything else.
const LATEST: usize = 10_000;

/// Every other word is heard sooner than this.
const USUAL: usize = 1_000;

const SCRIPT: &str = r"
import select, socket, sys, time
socket.setdefaulttimeout(60)
def until(s, what):
    heard = b''
    while what not in heard:
        more = s.recv(65536)
        if not more:
            sys.exit('put out: %r' % heard[-300:])
        heard += more
def come(nick):
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 60)
    s.sendall(b'NICK %s\r\nUSER u 0 * :r\r\nJOIN #calm\r\n' % nick)
    until(s, b' 366 ')
    return s
ada, bob = come(b'ada'), come(b'bob')
took, asked = [], b''
print('they talk', flush=True)
while True:
    begun = time.monotonic()
    ada.sendall(b'PRIVMSG #calm :word%d.\r\n' % len(took))
    until(bob, b'word%d.' % len(took))
    took.append(int(1000 * (time.monotonic() - begun)))
    if asked:
        print(len(took), sorted(took)[len(took) // 2], max(took), 'at', asked.decode().strip() + '.', flush=True)
    for s, reply in ((ada, b'PONG a'), (bob, b'PONG b')):
        if select.select([s], [], [], 0)[0] and b'PING' in s.recv(65536):
            s.sendall(reply + b'\r\n')
    asked = sys.stdin.buffer.readline() if select.select([sys.stdin], [], [], 0.12)[0] else b''
";

/// Two who talk.
pub struct Bystander {
    talk: Running,
    asked: usize,
}

impl Bystander {
    /// `None` where Python is missing.
    #[track_caller]
    pub fn of(server: &Server) -> Option<Bystander> {
        let python = Program::new(peer_or_skip("python3")?).args(["-u", "-c", SCRIPT]);
        let talk = python.arg(server.port.to_string()).deadline(DEADLINE).start();
        talk.expect_out("they talk");
        Some(Bystander { talk, asked: 0 })
    }

    /// A word that is said from now on is heard.
    #[track_caller]
    pub fn is_heard(&mut self) {
        self.words();
    }

    /// All of them were heard in time.
    #[track_caller]
    pub fn was_heard(mut self) {
        let words = self.words();
        let [count, usual, latest] = words[..] else { panic!("three numbers: {words:?}") };
        let told = format!("{count} words, half of them in {usual} ms, the latest in {latest} ms");
        assert!(usual < USUAL && latest < LATEST, "{told}");
    }

    /// How many words there were, what half of them took at most, and the latest.
    #[track_caller]
    fn words(&mut self) -> Vec<usize> {
        self.asked += 1;
        self.talk.send(format!("{}\n", self.asked));
        let end = format!(" at {}.\n", self.asked);
        self.talk.expect_out(&end);
        let out = self.talk.out();
        let (line, _) = out.split_once(&end).unwrap();
        let line = line.lines().last().unwrap_or_default();
        line.split(' ').filter_map(|word| word.parse().ok()).collect()
    }
}
