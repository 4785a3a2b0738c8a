//! The peer in the test's own hands: a plain TCP or Unix stream.
//!
//! Both kinds behave alike, so one test covers both. Every read, write and accept has a deadline.
//!
//! Nothing here is code of the project: what is tested does not test itself.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::program::DEADLINE;
use crate::running::readable_within;

/// Which kind of stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wires {
    /// TCP over 127.0.0.1.
    Tcp,
    /// TCP over ::1.
    Tcp6,
    /// A Unix socket with a path.
    Unix,
}

/// A place where the test listens, with an end.
#[derive(Debug)]
pub struct Port {
    listener: Listener,
    /// The endpoint to hand to the program under test.
    pub endpoint: String,
    _place: Option<tempfile::TempDir>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// An open stream.
#[derive(Debug)]
pub enum Wire {
    /// Over IP.
    Tcp(TcpStream),
    /// Within the machine.
    Unix(UnixStream),
}

impl Wires {
    /// Listens where the system chooses.
    #[track_caller]
    pub fn listen(self) -> Port {
        match self {
            Wires::Tcp => Port::tcp("127.0.0.1:0"),
            Wires::Tcp6 => Port::tcp("[::1]:0"),
            Wires::Unix => Port::unix(),
        }
    }

    /// An endpoint for the program under test to listen on. The directory is for the caller to
    /// keep while it does.
    pub fn free_endpoint(self) -> (String, Option<tempfile::TempDir>) {
        match self {
            Wires::Tcp => ("127.0.0.1:0".to_owned(), None),
            Wires::Tcp6 => ("[::1]:0".to_owned(), None),
            Wires::Unix => {
                let place = tempfile::tempdir().expect("a temporary directory can be made");
                (place.path().join("s").display().to_string(), Some(place))
            }
        }
    }

    /// Connects to what the program under test said after `listening on `.
    #[track_caller]
    pub fn connect(self, address: &str) -> Wire {
        match self {
            Wires::Unix => {
                let path = PathBuf::from(address.strip_prefix("unix:").unwrap_or(address));
                let stream = UnixStream::connect(&path);
                Wire::Unix(stream.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
            }
            _ => {
                let address = address.strip_prefix("tcp://").unwrap_or(address);
                let address: SocketAddr = address.parse().expect("an address with a port");
                let stream = TcpStream::connect_timeout(&address, DEADLINE);
                Wire::Tcp(stream.unwrap_or_else(|error| panic!("{address}: {error}")))
            }
        }
        .with_deadline()
    }
}

impl Port {
    fn tcp(address: &str) -> Port {
        let listener = TcpListener::bind(address).expect("the loopback has a free port");
        let endpoint = listener.local_addr().expect("a bound socket has a name").to_string();
        Port { listener: Listener::Tcp(listener), endpoint, _place: None }
    }

    fn unix() -> Port {
        let place = tempfile::tempdir().expect("a temporary directory can be made");
        let path = place.path().join("s");
        let listener = UnixListener::bind(&path).expect("a new directory has room");
        let endpoint = path.display().to_string();
        Port { listener: Listener::Unix(listener), endpoint, _place: Some(place) }
    }

    /// The next connection.
    #[track_caller]
    pub fn accept(&self) -> Wire {
        assert!(readable_within(self, DEADLINE), "nobody connected to {}", self.endpoint);
        match &self.listener {
            Listener::Tcp(listener) => Wire::Tcp(listener.accept().expect("it was ready").0),
            Listener::Unix(listener) => Wire::Unix(listener.accept().expect("it was ready").0),
        }
        .with_deadline()
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.listener {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix(listener) => listener.as_fd(),
        }
    }
}

impl Wire {
    fn with_deadline(self) -> Wire {
        let time = Some(DEADLINE);
        match &self {
            Wire::Tcp(stream) => stream.set_read_timeout(time).and(stream.set_write_timeout(time)),
            Wire::Unix(stream) => stream.set_read_timeout(time).and(stream.set_write_timeout(time)),
        }
        .expect("an open socket takes a time limit");
        self
    }

    /// The same stream once more, for a second thread.
    #[track_caller]
    pub fn twin(&self) -> Wire {
        match self {
            Wire::Tcp(stream) => {
                Wire::Tcp(stream.try_clone().expect("a descriptor can be doubled"))
            }
            Wire::Unix(stream) => {
                Wire::Unix(stream.try_clone().expect("a descriptor can be doubled"))
            }
        }
    }

    /// Says all of `bytes`.
    #[track_caller]
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.write_all(bytes.as_ref()).expect("the peer takes what we say");
    }

    /// Says that no more comes; what the other side says is still heard.
    pub fn finish(&self) {
        let _ = match self {
            Wire::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Wire::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// The next `count` bytes.
    #[track_caller]
    pub fn hear(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let read = self.read_exact(&mut bytes);
        assert!(read.is_ok(), "wanted {count} bytes from the peer: {read:?}");
        bytes
    }

    /// Everything up to the other side's end.
    #[track_caller]
    pub fn hear_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.read_to_end(&mut bytes);
        assert!(read.is_ok(), "the peer did not end: {read:?} after {} bytes", bytes.len());
        bytes
    }

    /// Whether the other side says nothing and does not end for `time`.
    pub fn is_silent_for(&self, time: Duration) -> bool {
        !readable_within(self, time)
    }

    /// Ends with a reset: what is in flight is thrown away. TCP alone has this.
    #[track_caller]
    pub fn reset(self) {
        let Wire::Tcp(stream) = &self else { panic!("a Unix stream cannot be reset") };
        let at_once = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(stream, at_once).expect("an open socket");
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Wire::Tcp(stream) => stream.as_fd(),
            Wire::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.read(bytes),
            Wire::Unix(stream) => stream.read(bytes),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.write(bytes),
            Wire::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
