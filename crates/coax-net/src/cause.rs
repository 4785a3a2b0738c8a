//! What the operating system's error means, in words.
//!
//! The text carries no number and no type name: a person reads it. One errno has one text,
//! whichever call met it; a text that names the remedy stands where the call is known.
//!
//! Nothing here knows calls, addresses or exit codes.

use std::io;

use rustix::io::Errno;

use crate::tls_cause;

/// The cause of `error` in lower-case words, without an error number.
pub fn cause_in_words(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(errno) => words(errno).map_or_else(|| plain(error), str::to_owned),
        None => match error.get_ref().and_then(tls_cause) {
            Some((_, why)) => why.to_owned(),
            None => plain(error),
        },
    }
}

/// Why no thread could be started, in words. The system says of it that it "would block".
pub fn no_thread(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::AGAIN | Errno::NOMEM) => {
            "this machine starts no more threads (ulimit -u, or memory)".to_owned()
        }
        _ => format!("cannot start a thread: {}", cause_in_words(error)),
    }
}

/// The system's own text without `(os error N)`, its first letter lowered.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = match text.find(" (os error ") {
        Some(end) => &text[..end],
        None => &text,
    };
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        // "TLS …" keeps its capitals.
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

fn words(errno: Errno) -> Option<&'static str> {
    network(errno).or_else(|| usage(errno)).or_else(|| machine(errno)).or_else(|| file(errno))
}

/// What the network or the peer did.
fn network(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::CONNREFUSED => "refused",
        Errno::CONNRESET => "reset by the peer",
        Errno::CONNABORTED => "aborted before it was accepted",
        Errno::PIPE => "broken pipe: the other side no longer reads",
        Errno::TIMEDOUT => "timed out",
        Errno::HOSTUNREACH => "host unreachable",
        Errno::NETUNREACH => "network unreachable",
        Errno::HOSTDOWN => "host is down",
        Errno::NETDOWN => "network is down",
        Errno::NETRESET => "connection dropped by the network",
        Errno::NONET => "this machine is not on the network",
        Errno::PROTO => "protocol error",
        _ => return None,
    })
}

/// What the call asked for, or when.
fn usage(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::INPROGRESS => "in progress",
        Errno::ALREADY => "already in progress",
        Errno::AGAIN => "would block",
        Errno::INTR => "interrupted",
        Errno::CANCELED => "cancelled",
        Errno::ISCONN => "already connected",
        Errno::NOTCONN => "not connected",
        Errno::DESTADDRREQ => "no destination given",
        Errno::SHUTDOWN => "already shut down",
        Errno::MSGSIZE => "message too long",
        Errno::INVAL => "invalid argument",
        Errno::FAULT => "bad address in memory",
        Errno::BADF => "not an open descriptor",
        Errno::NOTSOCK => "not a socket",
        Errno::DOM | Errno::RANGE => "value out of range",
        Errno::OVERFLOW => "value too large",
        Errno::ILSEQ => "invalid byte sequence",
        Errno::AFNOSUPPORT | Errno::PFNOSUPPORT => "address family not supported",
        Errno::PROTONOSUPPORT => "protocol not supported",
        Errno::SOCKTNOSUPPORT => "socket type not supported",
        Errno::PROTOTYPE => "wrong protocol for this kind of socket",
        Errno::NOPROTOOPT => "no such option for this kind of socket",
        Errno::OPNOTSUPP => "not supported by this kind of socket",
        Errno::NOSYS => "not supported by this system",
        _ => return None,
    })
}

/// What this machine refused or ran out of.
fn machine(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::ACCESS => "permission denied",
        Errno::PERM => "operation not permitted",
        Errno::ADDRINUSE => "address already in use",
        Errno::ADDRNOTAVAIL => "address not available",
        Errno::MFILE => "too many open files",
        Errno::NFILE => "too many open files on this machine",
        Errno::NOBUFS => "no buffer space left",
        Errno::NOMEM => "out of memory",
        Errno::BUSY => "busy",
        Errno::DEADLK => "would deadlock",
        Errno::NOLCK => "no locks left",
        Errno::CHILD => "no such child process",
        Errno::SRCH => "no such process",
        Errno::TOOBIG => "argument list too long",
        Errno::NOEXEC => "not a program this machine can run",
        Errno::LIBBAD => "a shared library is damaged",
        Errno::USERS => "too many users",
        _ => return None,
    })
}

/// What the file system said.
fn file(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::NOENT => "no such file or directory",
        Errno::EXIST => "file exists",
        Errno::ISDIR => "is a directory",
        Errno::NOTDIR => "not a directory",
        Errno::NOTEMPTY => "directory not empty",
        Errno::NAMETOOLONG => "name too long",
        Errno::LOOP => "too many symbolic links",
        Errno::MLINK => "too many links",
        Errno::NOSPC => "no space left on device",
        Errno::DQUOT => "disk quota exceeded",
        Errno::FBIG => "file too large",
        Errno::ROFS => "read-only file system",
        Errno::IO => "input/output error",
        Errno::NODEV => "no such device",
        Errno::NXIO => "no such device or nobody reads it",
        Errno::NOTTY => "not a terminal",
        Errno::SPIPE => "cannot seek here",
        Errno::TXTBSY => "program file is busy",
        Errno::XDEV => "on another file system",
        Errno::STALE => "stale file handle",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(errno: Errno) -> String {
        cause_in_words(&io::Error::from(errno))
    }

    #[test]
    fn each_cause_has_its_words() {
        let table = [
            (Errno::CONNREFUSED, "refused"),
            (Errno::CONNRESET, "reset by the peer"),
            (Errno::TIMEDOUT, "timed out"),
            (Errno::HOSTUNREACH, "host unreachable"),
            (Errno::NETUNREACH, "network unreachable"),
            (Errno::PIPE, "broken pipe: the other side no longer reads"),
            (Errno::INPROGRESS, "in progress"),
            (Errno::AGAIN, "would block"),
            (Errno::ACCESS, "permission denied"),
            (Errno::PERM, "operation not permitted"),
            (Errno::ADDRINUSE, "address already in use"),
            (Errno::ADDRNOTAVAIL, "address not available"),
            (Errno::AFNOSUPPORT, "address family not supported"),
            (Errno::MFILE, "too many open files"),
            (Errno::NOSPC, "no space left on device"),
            (Errno::DQUOT, "disk quota exceeded"),
            (Errno::ISDIR, "is a directory"),
            (Errno::NOENT, "no such file or directory"),
            (Errno::MSGSIZE, "message too long"),
            (Errno::NOTCONN, "not connected"),
        ];
        for (errno, words) in table {
            assert_eq!(text(errno), words);
        }
    }

    #[test]
    fn no_number_is_ever_shown() {
        for raw in 1..200 {
            let text = cause_in_words(&io::Error::from_raw_os_error(raw));
            assert!(!text.contains("os error"), "{raw}: {text}");
            assert!(!text.is_empty(), "{raw}");
        }
    }

    #[test]
    fn an_error_without_a_number_keeps_its_own_words() {
        assert_eq!(cause_in_words(&io::Error::other("Peer left early")), "peer left early");
        assert_eq!(cause_in_words(&io::Error::other("TLS alert")), "TLS alert");
        let eof = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(cause_in_words(&eof), "unexpected end of file");
    }
}
