//! A member's socket: reading and writing, with a dump on the side and the time of the last byte.
//!
//! A member that waits costs no buffer.
//!
//! Nothing here knows what the bytes mean.

use std::io;
use std::sync::{Mutex, PoisonError};

use coax_net::Descriptor;
use tokio::time::Instant;

use super::seat::Ledger;
use crate::session::{Dump, SessionArgs};

/// Read at once from a stream; on the stack.
const AT_ONCE: usize = 16 << 10;
/// Room for one packet: more than a socket's send buffer takes unless somebody raised its limits
/// (unix(7), `wmem_max`), and what does not fit would be lost.
const PACKET: usize = 1 << 20;

pub(super) struct Wire<'a> {
    socket: &'a Descriptor,
    last: Mutex<Instant>,
    dumps: Option<Mutex<[Dump; 2]>>,
    /// Read at once from a stream.
    read_size: usize,
}

impl Wire<'_> {
    pub(super) fn new<'a>(id: u64, socket: &'a Descriptor, session: &SessionArgs) -> Wire<'a> {
        let dumps = || Mutex::new(["<", ">"].map(|way| Dump::new(format!("[{id}] {way}"))));
        let (last, dumps) = (Mutex::new(Instant::now()), session.hex.then(dumps));
        let read_size = session.read_size.map_or(AT_ONCE, |size| (size as usize).min(AT_ONCE));
        Wire { socket, last, dumps, read_size }
    }

    /// What is there; nothing at the end.
    pub(super) async fn read(&self, packets: bool) -> io::Result<Vec<u8>> {
        let bytes = self.socket.when_readable(|| self.try_read(packets)).await?;
        self.moved(0, &bytes);
        Ok(bytes)
    }

    fn try_read(&self, packets: bool) -> io::Result<Vec<u8>> {
        if packets {
            let mut packet = vec![0; PACKET];
            let count = self.socket.try_read(&mut packet)?;
            packet.truncate(count);
            packet.shrink_to_fit();
            return Ok(packet);
        }
        let mut buffer = [0; AT_ONCE];
        let count = self.socket.try_read(&mut buffer[..self.read_size])?;
        Ok(buffer[..count].to_vec())
    }

    /// All of `bytes`; `ledger` hears of each part that was taken.
    pub(super) async fn write(&self, bytes: &[u8], ledger: &Ledger) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.socket.write(rest).await?;
            ledger.took(count);
            self.moved(1, &rest[..count]);
            rest = &rest[count..];
        }
        Ok(())
    }

    /// When the last byte went either way.
    pub(super) fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self, way: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        if let Some(dumps) = &self.dumps {
            dumps.lock().unwrap_or_else(PoisonError::into_inner)[way].show(bytes);
        }
    }
}
