//! A thousand clients in one thread, as cheap as they can be: what is measured is the server.
//!
//! Each sends a block of requests that lies ready, and the next when all replies to it are there
//! and are right. The clock is read once for all that came together.
//!
//! A client that gets something else, or nothing, is lost and stops.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::rows::Requests;

/// Nothing at all for this long means that what is missing was lost.
const SILENCE: Duration = Duration::from_secs(20);

/// What a turn saw.
#[derive(Default)]
pub(super) struct Seen {
    /// Blocks that came back.
    pub(super) blocks: u64,
    pub(super) lost: u64,
    pub(super) seconds: f64,
    /// From a block's sending to its last reply, milliseconds.
    pub(super) times: Vec<f64>,
}

pub(super) struct Load<'r> {
    requests: &'r Requests,
    clients: Vec<Client>,
    poll: OwnedFd,
    running: usize,
    sent: usize,
    buffer: Vec<u8>,
    /// How long it sleeps when there is nothing to do.
    patience: Timespec,
    seen: Seen,
}

struct Client {
    socket: OwnedFd,
    /// Which block it sent.
    block: usize,
    /// Bytes of its replies that came.
    came: usize,
    asked: Instant,
}

/// What became of one that had something to hear.
enum Heard {
    Some,
    All,
    Wrong,
}

impl<'r> Load<'r> {
    /// Connects `count` clients, one after the other, from an address of this turn's own.
    pub(super) fn connect(
        port: u16,
        count: usize,
        turn: u8,
        requests: &'r Requests,
        patience: Duration,
    ) -> io::Result<Load<'r>> {
        let from = Ipv4Addr::new(127, 0, 1, turn + 1);
        let connected = (0..count).map(|_| Client::connect(port, from));
        Ok(Load {
            requests,
            clients: connected.collect::<io::Result<_>>()?,
            poll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            running: 0,
            sent: 0,
            buffer: vec![0; requests.block(0).len()],
            patience: Timespec::try_from(patience).map_err(io::Error::other)?,
            seen: Seen::default(),
        })
    }

    /// Asks until `time` is over, and then hears the rest.
    pub(super) fn run(&mut self, time: Duration) -> io::Result<Seen> {
        let begun = Instant::now();
        self.running = 0;
        for number in 0..self.clients.len() {
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&self.poll, &self.clients[number].socket, data, epoll::EventFlags::IN)?;
            self.running += 1;
            self.ask(number, begun);
        }
        let (mut events, mut last) = (Vec::with_capacity(1024), begun);
        while self.running > 0 {
            events.clear();
            epoll::wait(&self.poll, spare_capacity(&mut events), Some(&self.patience))?;
            let now = Instant::now();
            if events.is_empty() && now - last > SILENCE {
                self.seen.lost += self.running as u64;
                break;
            }
            last = if events.is_empty() { last } else { now };
            for event in &events {
                self.attend(event.data.u64() as usize, now, now - begun < time)?;
            }
        }
        self.seen.seconds = begun.elapsed().as_secs_f64();
        Ok(std::mem::take(&mut self.seen))
    }

    fn ask(&mut self, number: usize, now: Instant) {
        let client = &mut self.clients[number];
        (client.block, client.came, client.asked) = (self.sent, 0, now);
        self.sent += 1;
        let block = self.requests.block(client.block);
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        // A block is far smaller than a socket's buffer: it fits, or nobody is there. A client
        // that is not answered is counted when it hears the end.
        let _ = rustix::net::send(&client.socket, block, flags);
    }

    fn attend(&mut self, number: usize, now: Instant, more: bool) -> io::Result<()> {
        let client = &mut self.clients[number];
        let heard = client.hear(self.requests.block(client.block), &mut self.buffer);
        if let Heard::Some = heard {
            return Ok(());
        }
        if let Heard::All = heard {
            self.seen.blocks += 1;
            self.seen.times.push((now - client.asked).as_secs_f64() * 1000.0);
            if more {
                self.ask(number, now);
                return Ok(());
            }
        } else {
            self.seen.lost += 1;
        }
        self.running -= 1;
        Ok(epoll::delete(&self.poll, &self.clients[number].socket)?)
    }
}

impl Client {
    fn connect(port: u16, from: Ipv4Addr) -> io::Result<Client> {
        let flags = SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrV4::new(from, 0))?;
        rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
        Ok(Client { socket, block: 0, came: 0, asked: Instant::now() })
    }

    /// Takes what came of the replies to `block`, which are the block itself.
    fn hear(&mut self, block: &[u8], buffer: &mut [u8]) -> Heard {
        let room = &mut buffer[..block.len() - self.came];
        let count = match rustix::net::recv(&self.socket, room, RecvFlags::DONTWAIT) {
            Ok((count, _)) if count > 0 => count,
            Err(Errno::AGAIN | Errno::INTR) => return Heard::Some,
            _ => return Heard::Wrong,
        };
        if buffer[..count] != block[self.came..self.came + count] {
            return Heard::Wrong;
        }
        self.came += count;
        if self.came == block.len() { Heard::All } else { Heard::Some }
    }
}
