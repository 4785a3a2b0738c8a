//! Thousands of clients at once, in one thread: 64-byte round trips, every byte checked.
//!
//! Each client has its own bytes, sends them, and sends again when all came back; what it sends may
//! be another message each time. What does not
//! come back, or comes back changed, is counted as lost; it stops that client and no other.
//!
//! Nothing here knows who echoes.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// One message.
pub(super) const SIZE: usize = 64;
/// What client `.0` sends in its trip `.1`.
type Message = fn(usize, u32) -> [u8; SIZE];
/// Nothing at all for this long means that what is missing was lost.
const SILENCE: Duration = Duration::from_secs(20);

/// What a run saw.
pub(super) struct Seen {
    pub(super) requests: u64,
    pub(super) lost: u64,
    pub(super) seconds: f64,
    /// Each round trip, milliseconds.
    pub(super) times: Vec<f64>,
}

/// Clients that are connected.
pub(super) struct Clients {
    all: Vec<Client>,
    refused: u64,
    message: Message,
}

/// The same bytes each time, of each client alone.
pub(super) fn own_bytes(client: usize, _: u32) -> [u8; SIZE] {
    std::array::from_fn(|place| (client * 31 + place * 7) as u8)
}

struct Client {
    socket: OwnedFd,
    number: usize,
    message: [u8; SIZE],
    came: usize,
    left: u32,
    asked: Instant,
}

impl Clients {
    /// Connects `count` clients, one after the other, from an address of their own: a thousand
    /// addresses of the loopback have ports enough.
    pub(super) fn connect(port: u16, count: usize, from: u8, message: Message) -> Clients {
        let mut clients = Clients { all: Vec::with_capacity(count), refused: 0, message };
        for number in 0..count {
            match Client::connect(port, Ipv4Addr::new(127, 0, 1, from), number) {
                Ok(client) => clients.all.push(client),
                Err(_) => clients.refused += 1,
            }
        }
        clients
    }

    /// One round trip of each, so that all are known to be served.
    pub(super) fn greet(&mut self) -> io::Result<Seen> {
        self.run(1)
    }

    /// `rounds` round trips of each, all at once.
    pub(super) fn run(&mut self, rounds: u32) -> io::Result<Seen> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let begun = Instant::now();
        let mut seen = Seen { requests: 0, lost: self.refused, seconds: 0.0, times: Vec::new() };
        let mut running = 0;
        for (number, client) in self.all.iter_mut().enumerate() {
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&poll, &client.socket, data, epoll::EventFlags::IN)?;
            client.left = rounds;
            running += usize::from(client.ask(&mut seen, self.message));
        }
        let mut events = Vec::with_capacity(1024);
        let silence = Timespec::try_from(SILENCE).map_err(io::Error::other)?;
        while running > 0 {
            events.clear();
            epoll::wait(&poll, spare_capacity(&mut events), Some(&silence))?;
            if events.is_empty() {
                seen.lost += running as u64;
                break;
            }
            for event in &events {
                let client = &mut self.all[event.data.u64() as usize];
                if client.left > 0 && !client.hear(&mut seen, self.message) {
                    client.left = 0;
                    running -= 1;
                    epoll::delete(&poll, &client.socket)?;
                }
            }
        }
        seen.seconds = begun.elapsed().as_secs_f64();
        Ok(seen)
    }
}

impl Client {
    fn connect(port: u16, from: Ipv4Addr, number: usize) -> io::Result<Client> {
        let flags = SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrV4::new(from, 0))?;
        rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
        let message = [0; SIZE];
        Ok(Client { socket, number, message, came: 0, left: 0, asked: Instant::now() })
    }

    /// Sends; false when nobody is there.
    fn ask(&mut self, seen: &mut Seen, message: Message) -> bool {
        self.message = message(self.number, self.left);
        (self.asked, self.came) = (Instant::now(), 0);
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = rustix::net::send(&self.socket, &self.message, flags) == Ok(SIZE);
        seen.lost += u64::from(!sent);
        sent
    }

    /// Takes what came; false when this client is done, well or not.
    fn hear(&mut self, seen: &mut Seen, message: Message) -> bool {
        let mut bytes = [0; SIZE];
        let room = SIZE - self.came;
        let count = match rustix::net::recv(&self.socket, &mut bytes[..room], RecvFlags::DONTWAIT) {
            Ok((count, _)) if count > 0 => count,
            Err(Errno::AGAIN | Errno::INTR) => return true,
            _ => 0,
        };
        if count == 0 || bytes[..count] != self.message[self.came..self.came + count] {
            seen.lost += 1;
            return false;
        }
        self.came += count;
        if self.came < SIZE {
            return true;
        }
        seen.requests += 1;
        seen.times.push(self.asked.elapsed().as_secs_f64() * 1000.0);
        self.left -= 1;
        self.left > 0 && self.ask(seen, message)
    }
}
