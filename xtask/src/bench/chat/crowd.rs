//! A crowd of IRC clients in one thread: they register, join, talk, and count what arrives.
//!
//! Whoever talks writes a number and the time into the message, so that every delivery is known: to
//! whom, of which message, how late. One process sends and receives, so there is one clock.
//!
//! Nothing here knows which server it is.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::outsider::Outsiders;
use super::servers::Running;
use super::wire::Wire;

/// What one read takes at most: others are looked after in between.
const ROOM: usize = 64 << 10;
/// The number under which the poll knows the outsiders.
const OUTSIDE: u64 = u64::MAX;
/// No server may be silent for so long while something is due.
const SILENCE: Duration = Duration::from_secs(60);

/// What a client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The end of its registration.
    Welcome,
    /// The end of the names of a channel it joined.
    Joined,
    /// Message `number`, sent at `at` after the beginning.
    Talk { number: usize, at: Duration },
    /// Somebody came into its channel, itself included.
    Came,
    /// The answer to a PING sent at `at`.
    Pong { at: Duration },
}

/// Clients that are connected.
pub(super) struct Crowd {
    poll: OwnedFd,
    clients: Vec<Client>,
    begun: Instant,
    scratch: Vec<u8>,
    outside: Option<Outsiders>,
    pub(super) lost: usize,
}

struct Client {
    wire: Wire,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    open: bool,
}

impl Crowd {
    pub(super) fn new() -> io::Result<Crowd> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let begun = Instant::now();
        let (clients, scratch) = (Vec::new(), vec![0; ROOM]);
        Ok(Crowd { poll, clients, begun, scratch, outside: None, lost: 0 })
    }

    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    /// Connects and registers `count` more, of which no more are on their way in than the server
    /// can take at once.
    pub(super) fn register(&mut self, server: &Running, count: usize) -> io::Result<()> {
        let mut welcome = 0;
        for asked in 1..=count {
            let number = self.clients.len();
            let wire = Wire::connect(server.port, server.way)?;
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&self.poll, &wire, data, epoll::EventFlags::IN)?;
            self.clients.push(Client { wire, partial: Vec::new(), open: true });
            self.say(number, &format!("NICK b{number}\r\nUSER b{number} 0 * :bench\r\n"));
            self.until((asked + 1).saturating_sub(server.at_once), &mut welcome, Heard::Welcome)?;
        }
        self.until(count, &mut welcome, Heard::Welcome)
    }

    /// Sends all of them into `channel`.
    pub(super) fn join(&mut self, channel: &str) -> io::Result<()> {
        let mut joined = 0;
        for number in 0..self.clients.len() {
            self.say(number, &format!("JOIN {channel}\r\n"));
            self.listen(Duration::ZERO, |_, _, heard| {
                joined += usize::from(heard == Heard::Joined)
            })?;
        }
        self.until(self.clients.len(), &mut joined, Heard::Joined)
    }

    /// `members` of a channel, once what they were told of each other is read.
    pub(super) fn gathered(server: &Running, channel: &str, members: usize) -> io::Result<Crowd> {
        let mut crowd = Crowd::new()?;
        crowd.register(server, members)?;
        crowd.join(channel)?;
        let mut more = true;
        while std::mem::take(&mut more) {
            crowd.listen(Duration::from_millis(300), |_, _, _| more = true)?;
        }
        Ok(crowd)
    }

    /// Looks after the two from now on.
    pub(super) fn watch(&mut self, outside: Outsiders) -> io::Result<()> {
        for wire in outside.wires() {
            let data = epoll::EventData::new_u64(OUTSIDE);
            epoll::add(&self.poll, wire, data, epoll::EventFlags::IN)?;
        }
        self.outside = Some(outside);
        Ok(())
    }

    /// What the two waited, milliseconds each.
    pub(super) fn unwatch(&mut self) -> io::Result<Vec<f64>> {
        self.outside.take().map_or(Ok(Vec::new()), Outsiders::waited)
    }

    fn until(&mut self, count: usize, seen: &mut usize, what: Heard) -> io::Result<()> {
        let mut last = Instant::now();
        while *seen + self.lost < count {
            let before = *seen;
            self.listen(Duration::from_millis(100), |_, _, heard| {
                *seen += usize::from(heard == what)
            })?;
            if *seen > before {
                last = Instant::now();
            } else if last.elapsed() > SILENCE {
                return Err(io::Error::other(format!("{seen} of {count} got as far as {what:?}")));
            }
        }
        Ok(())
    }

    /// The time on the clock of messages.
    pub(super) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Client `number` says message `message` in `channel`, as of `at`.
    pub(super) fn talk(&mut self, number: usize, channel: &str, message: usize, at: Duration) {
        self.say(number, &format!("PRIVMSG {channel} :{message} {}\r\n", at.as_nanos()));
    }

    /// Sends what `number` says; a client that cannot send any more is lost.
    pub(super) fn say(&mut self, number: usize, text: &str) {
        let client = &mut self.clients[number];
        if client.open && !client.wire.send(text.as_bytes()) {
            client.open = false;
            self.lost += 1;
        }
    }

    /// Waits `at_most`, then passes on everything that came: who heard it, when, what.
    pub(super) fn listen(
        &mut self,
        at_most: Duration,
        mut heard: impl FnMut(usize, Duration, Heard),
    ) -> io::Result<()> {
        let mut events = Vec::with_capacity(1024);
        let at_most = self.outside.as_ref().map_or(at_most, |two| at_most.min(two.pause()));
        let at_most = Timespec::try_from(at_most).map_err(io::Error::other)?;
        epoll::wait(&self.poll, spare_capacity(&mut events), Some(&at_most))?;
        self.glance()?;
        for event in events.iter().filter(|event| event.data.u64() != OUTSIDE) {
            self.glance()?;
            let number = event.data.u64() as usize;
            let count = match self.clients[number].wire.receive(&mut self.scratch)? {
                Some(0) => {
                    epoll::delete(&self.poll, &self.clients[number].wire)?;
                    self.lost += usize::from(std::mem::take(&mut self.clients[number].open));
                    continue;
                }
                Some(count) => count,
                None => continue,
            };
            let now = self.now();
            let mut pings = Vec::new();
            let client = &mut self.clients[number];
            lines(&mut client.partial, &self.scratch[..count], |line| match read(line) {
                Line::Ping => pings.push(String::from_utf8_lossy(&line[4..]).into_owned()),
                Line::Told(what) => heard(number, now, what),
                Line::Other => {}
            });
            for token in pings {
                self.say(number, &format!("PONG{token}\r\n"));
            }
        }
        Ok(())
    }

    fn glance(&mut self) -> io::Result<()> {
        self.outside.as_mut().map_or(Ok(()), Outsiders::glance)
    }
}

/// Calls `each` for every whole line; keeps the beginning of the last one in `partial`.
pub(super) fn lines(partial: &mut Vec<u8>, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
    while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
        let (line, rest) = bytes.split_at(end + 1);
        bytes = rest;
        if partial.is_empty() {
            each(line.trim_ascii_end());
        } else {
            partial.extend_from_slice(line);
            each(partial.trim_ascii_end());
            partial.clear();
        }
    }
    partial.extend_from_slice(bytes);
}

pub(super) enum Line {
    Ping,
    Told(Heard),
    Other,
}

/// What a line tells, as far as it matters here.
pub(super) fn read(line: &[u8]) -> Line {
    if line.starts_with(b"PING") {
        return Line::Ping;
    }
    let Some((_, rest)) = split(line) else { return Line::Other };
    let (command, rest) = split(rest).unwrap_or((rest, b""));
    match command {
        b"JOIN" => Line::Told(Heard::Came),
        b"PRIVMSG" => talk(rest).map_or(Line::Other, Line::Told),
        b"376" | b"422" => Line::Told(Heard::Welcome),
        b"366" => Line::Told(Heard::Joined),
        b"PONG" => talk(rest).map_or(Line::Other, |heard| match heard {
            Heard::Talk { at, .. } => Line::Told(Heard::Pong { at }),
            _ => Line::Other,
        }),
        _ => Line::Other,
    }
}

fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|&byte| byte == b' ')?;
    Some((&text[..end], &text[end + 1..]))
}

/// `target :number nanoseconds`
fn talk(rest: &[u8]) -> Option<Heard> {
    let (_, text) = split(rest)?;
    let text = std::str::from_utf8(text).ok()?.strip_prefix(':')?;
    let (number, at) = text.split_once(' ')?;
    Some(Heard::Talk { number: number.parse().ok()?, at: Duration::from_nanos(at.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::{Heard, Line, lines, read};
    use std::time::Duration;

    #[test]
    fn a_delivery_is_known_by_its_number_and_its_time() {
        let Line::Told(heard) = read(b":b7!~b7@127.0.0.1 PRIVMSG #bench :12 3000") else {
            panic!("it is talk");
        };
        assert_eq!(heard, Heard::Talk { number: 12, at: Duration::from_micros(3) });
        assert!(matches!(read(b":s 376 b7 :End of MOTD"), Line::Told(Heard::Welcome)));
        let pong = Heard::Pong { at: Duration::from_nanos(9) };
        assert!(matches!(read(b":s PONG s :0 9"), Line::Told(heard) if heard == pong));
        assert!(matches!(read(b":b1!b@h JOIN #bench"), Line::Told(Heard::Came)));
        assert!(matches!(read(b"PING :cookie"), Line::Ping));
        assert!(matches!(read(b":b1!b@h PRIVMSG #bench :hello"), Line::Other));
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        let (mut partial, mut seen) = (Vec::new(), Vec::new());
        for piece in ["ab", "c\r", "\nd\n\ne"] {
            lines(&mut partial, piece.as_bytes(), |line| seen.push(line.to_vec()));
        }
        assert_eq!(seen, [b"abc".to_vec(), b"d".to_vec(), b"".to_vec()]);
        assert_eq!(partial, b"e");
    }
}
