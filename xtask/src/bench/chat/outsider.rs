//! Two who have nothing to do with the crowd, and what they wait.
//!
//! In a channel of their own one says something and asks for a PONG, again and again, at moments
//! fixed beforehand. A wait counts from the moment the words were due.
//!
//! They are looked after by whoever drives the crowd, many times a millisecond, so that a busy
//! crowd does not make the server look slow.

use std::io;
use std::time::{Duration, Instant};

use super::crowd::{Heard, Line, lines, read};
use super::servers::Running;
use super::wire::Wire;

/// How often something is said.
const EACH: Duration = Duration::from_millis(10);
/// How often the two are looked after.
const GLANCE: Duration = Duration::from_micros(100);
const PATIENCE: Duration = Duration::from_secs(10);

/// The two.
pub(super) struct Outsiders {
    speaker: Person,
    listener: Person,
    begun: Instant,
    due: Duration,
    looked: Duration,
    asked: usize,
    waited: Vec<f64>,
}

struct Person {
    wire: Wire,
    partial: Vec<u8>,
}

impl Outsiders {
    /// Registers them and lets them in.
    pub(super) fn new(server: &Running) -> io::Result<Outsiders> {
        let begun = Instant::now();
        let (speaker, listener) = (Person::new(server, "outs")?, Person::new(server, "outl")?);
        let looked = Duration::ZERO;
        let mut both = Outsiders {
            speaker,
            listener,
            begun,
            due: looked,
            looked,
            asked: 0,
            waited: Vec::new(),
        };
        for person in [&mut both.speaker, &mut both.listener] {
            person.until(Heard::Welcome)?;
            person.say("JOIN #outside\r\n");
            person.until(Heard::Joined)?;
        }
        both.due = begun.elapsed();
        Ok(both)
    }

    /// Says what is due, and hears what has come; does nothing when it just did.
    pub(super) fn glance(&mut self) -> io::Result<()> {
        let now = self.begun.elapsed();
        if now < self.looked + GLANCE {
            return Ok(());
        }
        self.looked = now;
        while self.due <= now {
            let at = self.due.as_nanos();
            self.speaker.say(&format!("PING :0 {at}\r\nPRIVMSG #outside :0 {at}\r\n"));
            self.due += EACH;
            self.asked += 2;
        }
        self.hear()
    }

    fn hear(&mut self) -> io::Result<()> {
        for person in [&mut self.speaker, &mut self.listener] {
            let now = self.begun.elapsed();
            person.hear(|heard| {
                if let Heard::Talk { at, .. } | Heard::Pong { at } = heard {
                    self.waited.push((now - at).as_secs_f64() * 1000.0);
                }
            })?;
        }
        Ok(())
    }

    /// How long until something is due.
    pub(super) fn pause(&self) -> Duration {
        self.due.saturating_sub(self.begun.elapsed())
    }

    pub(super) fn wires(&self) -> [&Wire; 2] {
        [&self.speaker.wire, &self.listener.wire]
    }

    /// Milliseconds, of all that was said. Whoever is not answered in the end has waited as long.
    pub(super) fn waited(mut self) -> io::Result<Vec<f64>> {
        let until = Instant::now() + PATIENCE;
        while self.waited.len() < self.asked && Instant::now() < until {
            self.hear()?;
        }
        self.waited.resize(self.asked, PATIENCE.as_secs_f64() * 1000.0);
        Ok(self.waited)
    }
}

impl Person {
    fn new(server: &Running, nick: &str) -> io::Result<Person> {
        let mut person =
            Person { wire: Wire::connect(server.port, server.way)?, partial: Vec::new() };
        person.say(&format!("NICK {nick}\r\nUSER {nick} 0 * :bench\r\n"));
        Ok(person)
    }

    fn say(&mut self, text: &str) {
        // Whoever cannot send waits for ever, and that is what is measured.
        let _ = self.wire.send(text.as_bytes());
    }

    fn until(&mut self, what: Heard) -> io::Result<()> {
        let begun = Instant::now();
        let mut seen = false;
        while !seen {
            self.hear(|heard| seen |= heard == what)?;
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("an outsider waits for {what:?}")));
            }
        }
        Ok(())
    }

    fn hear(&mut self, mut each: impl FnMut(Heard)) -> io::Result<()> {
        let mut bytes = vec![0; 4096];
        let Some(count) = self.wire.receive(&mut bytes)? else { return Ok(()) };
        let mut pings = Vec::new();
        lines(&mut self.partial, &bytes[..count], |line| match read(line) {
            Line::Told(heard) => each(heard),
            Line::Ping => pings.push(String::from_utf8_lossy(&line[4..]).into_owned()),
            Line::Other => {}
        });
        pings.iter().for_each(|token| self.say(&format!("PONG{token}\r\n")));
        Ok(())
    }
}
