//! Asking the kernel over netlink(7): one request, and the messages that answer it.
//!
//! A message is a header (`struct nlmsghdr`) and a body, and begins at a multiple of four. The kernel
//! answers at once; a deadline is for one that does not. What it cannot tell it leaves out.
//!
//! Nothing here knows what is asked.

use std::io;
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

/// Sends a request of `kind` to the kernel's `protocol` (none is routing), and hands the body of each answer of that
/// or another kind to `each`.
pub(crate) fn ask(
    protocol: Option<Protocol>,
    kind: u16,
    body: &[u8],
    answers: Answers,
    mut each: impl FnMut(u16, &[u8]),
) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC;
    let kernel = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?;
    set_socket_timeout(&kernel, Timeout::Recv, Some(ANSWER_TIME))?;
    send(&kernel, &request(kind, body, answers), SendFlags::empty())?;
    let mut buffer = vec![0; ANSWER_SIZE];
    loop {
        let (count, _) = recv(&kernel, &mut buffer[..], RecvFlags::empty())?;
        let is_last = messages(&buffer[..count.min(ANSWER_SIZE)], &mut each);
        if is_last || answers == Answers::One {
            return Ok(());
        }
    }
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

fn request(kind: u16, body: &[u8], answers: Answers) -> Vec<u8> {
    let length = (HEADER_SIZE + body.len()) as u32;
    let all = if answers == Answers::All { NLM_F_DUMP } else { 0 };
    let mut message = Vec::with_capacity(length as usize);
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | all).to_ne_bytes());
    // Sequence and port: the answer comes on this socket alone.
    message.extend([0; 8]);
    message.extend(body);
    message
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
