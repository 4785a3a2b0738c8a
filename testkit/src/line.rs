//! Two hosts far apart: a line between them that takes time, loses packets, and has a rate.
//!
//! Each end is a network device in a namespace of its own, and a thread of the test carries packets
//! from one to the other: it holds each for as long as the line is long, sends no faster than the line
//! is wide, and drops some. The queue before the line has no end that a test would meet. Order is
//! kept.
//!
//! Nothing here knows what the packets mean.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType,
    recvmsg, socketpair,
};
use rustix::pipe::pipe;

use crate::namespace::Namespace;
use crate::peers::{peer_or_skip, skip};

/// No packet is longer.
const LONGEST: usize = 65_536;
/// So many packets wait before the line at most.
const QUEUE: usize = 65_536;
/// So many are taken at once before those that are due are sent.
const BATCH: usize = 256;

/// What a line is like, the same both ways.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// From one end to the other.
    pub delay: Duration,
    /// Up to so much more, by chance.
    pub jitter: Duration,
    /// Packets of a hundred that are lost.
    pub loss: f64,
    /// Bits a second; 0 is as many as come.
    pub rate: u64,
}

/// A line that is up, and what is at its ends. It is gone when this is dropped.
#[derive(Debug)]
pub struct FarHosts {
    /// Who asks; it has `10.78.0.1` and `fd00:78::1`.
    pub client: Namespace,
    /// Who answers: [`FarHosts::V4`] and [`FarHosts::V6`].
    pub server: Namespace,
    /// Its closing ends the thread.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

/// Opens a device called `line` and gives it away over stdin. `IFF_TUN | IFF_NO_PI`.
const OPEN: &str = "
import fcntl, os, socket, struct
tun = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', b'line', 0x1001))
socket.send_fds(socket.socket(fileno=0), [b'.'], [tun])";

impl FarHosts {
    /// The server's IPv4 address.
    pub const V4: &str = "10.78.0.2";
    /// The server's IPv6 address.
    pub const V6: &str = "fd00:78::2";

    /// Two hosts with `line` between them. `None`, after saying why and what to type, where that is
    /// not allowed.
    #[track_caller]
    pub fn or_skip(line: Line) -> Option<FarHosts> {
        peer_or_skip("python3")?;
        let client = Namespace::or_skip()?;
        let server = client.beside();
        let (Some(near), Some(far)) = (device(&client), device(&server)) else {
            skip("a line needs /dev/net/tun: sudo modprobe tun");
            return None;
        };
        for (host, number) in [(&client, 1), (&server, 2)] {
            host.sh(&format!(
                "ip address add 10.78.0.{number}/24 dev line
                 ip address add fd00:78::{number}/64 dev line nodad
                 ip link set line up"
            ));
        }
        let (ended, stop) = pipe().expect("a pipe can be made");
        let thread = std::thread::spawn(move || carry(line, &near, &far, &ended));
        Some(FarHosts { client, server, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for FarHosts {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // Whoever fails here has failed the test already.
            let _ = thread.join();
        }
    }
}

/// A device in the namespace; `None` where none can be made.
fn device(host: &Namespace) -> Option<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let pair = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None);
    let (ours, theirs) = pair.expect("a pair of sockets can be made");
    let outcome = host.program("python3").args(["-c", OPEN]).stdin(theirs).start().wait();
    if outcome.code() != 0 {
        return None;
    }
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut room);
    let mut byte = [0];
    let mut data = [IoSliceMut::new(&mut byte)];
    recvmsg(&ours, &mut data, &mut control, RecvFlags::CMSG_CLOEXEC).ok()?;
    let device = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut given) => given.next(),
        _ => None,
    })?;
    fcntl_setfl(&device, OFlags::NONBLOCK).ok()?;
    Some(device)
}

/// One way of the line.
struct Way<'a> {
    from: &'a OwnedFd,
    to: &'a OwnedFd,
    waiting: VecDeque<(Instant, Box<[u8]>)>,
    /// When the line is free for the next packet, and when the last one arrives.
    free: Instant,
    last: Instant,
}

/// Carries packets both ways until `ended` is closed at its other end.
fn carry(line: Line, near: &OwnedFd, far: &OwnedFd, ended: &OwnedFd) {
    let now = Instant::now();
    let way = |from, to| Way { from, to, waiting: VecDeque::new(), free: now, last: now };
    let mut ways = [way(near, far), way(far, near)];
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    loop {
        let now = Instant::now();
        ways.iter_mut().for_each(|way| way.deliver(now));
        let next = ways.iter().filter_map(|way| way.waiting.front()).map(|(due, _)| *due).min();
        let wait = next.map(|due| due.saturating_duration_since(Instant::now()));
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let mut polled = [
            PollFd::new(near, PollFlags::IN),
            PollFd::new(far, PollFlags::IN),
            PollFd::new(ended, PollFlags::IN),
        ];
        let _ = poll(&mut polled, wait.as_ref());
        let [from_near, from_far, over] = polled.map(|it| !it.revents().is_empty());
        if over {
            return;
        }
        for (way, ready) in ways.iter_mut().zip([from_near, from_far]) {
            if ready {
                way.take(line, &mut chance);
            }
        }
    }
}

impl Way<'_> {
    /// Lets out what has arrived.
    fn deliver(&mut self, now: Instant) {
        while let Some((_, packet)) = self.waiting.pop_front_if(|(due, _)| *due <= now) {
            // A host that has no room loses it, as hosts do.
            let _ = rustix::io::write(self.to, &packet);
        }
    }

    /// Takes in what was sent.
    fn take(&mut self, line: Line, chance: &mut Chance) {
        let mut buffer = [0; LONGEST];
        for _ in 0..BATCH {
            let Ok(size) = rustix::io::read(self.from, &mut buffer) else { return };
            if chance.next() * 100.0 < line.loss || self.waiting.len() >= QUEUE {
                continue;
            }
            self.free = self.free.max(Instant::now());
            if line.rate > 0 {
                self.free += Duration::from_secs_f64(size as f64 * 8.0 / line.rate as f64);
            }
            let due = self.free + line.delay + line.jitter.mul_f64(chance.next());
            self.last = self.last.max(due);
            self.waiting.push_back((self.last, buffer[..size].into()));
        }
    }
}

/// Chance that is the same in each run.
struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}
