//! Asking the kernel over netlink(7): one request, and the messages that answer it.
//!
//! A message is a header (`struct nlmsghdr`) and a body, and begins at a multiple of four. The kernel
//! answers at once; a deadline is for one that does not. What it cannot tell it leaves out.
//!
//! Nothing here knows what is asked.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// For a kernel that does not answer.
const ANSWER_TIME: Duration = Duration::from_secs(1);
/// Room for one part of an answer (`NLMSG_GOODSIZE` is less).
const ANSWER_SIZE: usize = 32 << 10;
/// `struct nlmsghdr`: length, type, flags, sequence, port.
const HEADER_SIZE: usize = 16;
/// `struct rtattr`: length, kind.
const ATTRIBUTE_SIZE: usize = 4;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;

/// How many messages answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    One,
    All,
}

/// A socket to the kernel.
#[derive(Debug)]
pub(crate) struct Netlink {
    kernel: OwnedFd,
    /// The number of the last request.
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    /// To the kernel's `protocol`; none is routing.
    pub(crate) fn open(protocol: Option<Protocol>) -> io::Result<Netlink> {
        let flags = SocketFlags::CLOEXEC;
        let kernel = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?;
        set_socket_timeout(&kernel, Timeout::Recv, Some(ANSWER_TIME))?;
        Ok(Netlink { kernel, sequence: 0, buffer: vec![0; ANSWER_SIZE] })
    }

    /// Sends a request of `kind`, and hands the body of each answer of that or another kind to
    /// `each`.
    pub(crate) fn ask(
        &mut self,
        kind: u16,
        body: &[u8],
        answers: Answers,
        mut each: impl FnMut(u16, &[u8]),
    ) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = request(kind, body, answers, self.sequence);
        send(&self.kernel, &request, SendFlags::empty())?;
        loop {
            let (count, _) = recv(&self.kernel, &mut self.buffer[..], RecvFlags::empty())?;
            let part = &self.buffer[..count.min(ANSWER_SIZE)];
            if part.len() >= HEADER_SIZE && number(part, 8) != self.sequence {
                // An answer that came too late for the request before.
                continue;
            }
            if messages(part, &mut each) || answers == Answers::One {
                return Ok(());
            }
        }
    }
}

/// The same, with a socket of its own.
pub(crate) fn ask(
    protocol: Option<Protocol>,
    kind: u16,
    body: &[u8],
    answers: Answers,
    each: impl FnMut(u16, &[u8]),
) -> io::Result<()> {
    Netlink::open(protocol)?.ask(kind, body, answers, each)
}

/// Hands on each message of one part; true when it was the last of all.
fn messages(mut rest: &[u8], each: &mut impl FnMut(u16, &[u8])) -> bool {
    let all = rest.len();
    while rest.len() >= HEADER_SIZE {
        let length = (number(rest, 0) as usize).clamp(HEADER_SIZE, rest.len());
        match u16::from_ne_bytes([rest[4], rest[5]]) {
            // The end, or an error: what was asked for is not there, or the kernel tells nothing.
            NLMSG_DONE | NLMSG_ERROR => return true,
            kind => each(kind, &rest[HEADER_SIZE..length]),
        }
        rest = &rest[length.next_multiple_of(4).min(rest.len())..];
    }
    // What is not even one message has no end that could be waited for.
    rest.len() == all
}

fn request(kind: u16, body: &[u8], answers: Answers, sequence: u32) -> Vec<u8> {
    let length = (HEADER_SIZE + body.len()) as u32;
    let all = if answers == Answers::All { NLM_F_DUMP } else { 0 };
    let mut message = Vec::with_capacity(length as usize);
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | all).to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    // The port: the answer comes on this socket alone.
    message.extend([0; 4]);
    message.extend(body);
    message
}

/// The attributes (`struct rtattr`) after a body, as far as they are well-formed.
pub(crate) fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let [a, b, c, d] = *rest.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = rest.get(ATTRIBUTE_SIZE..length)?;
        // Each begins at a multiple of four.
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([c, d]), value))
    })
}

/// Adds an attribute to a request.
pub(crate) fn add_attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(((ATTRIBUTE_SIZE + value.len()) as u16).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// Four bytes at `at`, which is within `bytes`.
pub(crate) fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u32, kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn messages_end_where_they_say_and_a_wrong_length_reaches_no_further_than_the_bytes() {
        let mut bodies = Vec::new();
        let mut told = |bytes: &[u8]| {
            bodies.clear();
            let last = messages(bytes, &mut |kind, body| bodies.push((kind, body.to_vec())));
            (last, bodies.clone())
        };
        let two = [message(19, 28, b"abc\0"), message(20, 28, b"abcd")].concat();
        assert_eq!(told(&two), (false, vec![(28, b"abc".to_vec()), (28, b"abcd".to_vec())]));
        let ended = [message(16, 28, b""), message(16, NLMSG_DONE, b""), two].concat();
        assert_eq!(told(&ended), (true, vec![(28, Vec::new())]));
        for length in [0, 3, 16, 9999, u32::MAX] {
            let (last, bodies) = told(&message(length, 28, b"abc"));
            assert!(!last && bodies[0].1.len() <= 3, "{length}");
        }
        assert_eq!(told(&[]), (true, Vec::new()));
        assert_eq!(told(&[1; 9]), (true, Vec::new()));
    }
}
