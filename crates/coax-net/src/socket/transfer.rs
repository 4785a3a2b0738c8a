//! Sending and receiving.
//!
//! A count is what the system took or gave, never more. Zero bytes received from a stream is its
//! end; a datagram of zero bytes is a datagram.
//!
//! Nothing here knows where one message ends in a stream.

use std::io;
use std::net::SocketAddr;

use super::error::{Call, Object, SocketError};
use super::{Socket, calls, uninterrupted};
use crate::address::Address;
use crate::datagrams::Arrival;

impl Socket {
    /// Sends some of `bytes` and says how many.
    pub fn send(&self, bytes: &[u8]) -> Result<usize, SocketError> {
        uninterrupted(|| calls::send(self, bytes))
            .map_err(|cause| self.failed(Call::Send, self.timed_out(cause)))
    }

    /// Sends all of `bytes`, waiting as often as needed. After an error it is not known how many
    /// were taken. For blocking sockets: a non-blocking one fails when it would wait.
    pub fn send_all(&self, mut bytes: &[u8]) -> Result<(), SocketError> {
        while !bytes.is_empty() {
            match self.send(bytes)? {
                0 => return Err(self.failed(Call::Send, io::ErrorKind::WriteZero.into())),
                count => bytes = bytes.get(count..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    /// Sends one datagram to `to` and says how many bytes were taken.
    pub fn send_to(&self, bytes: &[u8], to: &Address) -> Result<usize, SocketError> {
        uninterrupted(|| calls::send_to(self, bytes, to)).map_err(|cause| {
            SocketError::new(Call::Send, Object::Address(to.clone()), self.timed_out(cause))
        })
    }

    /// [`Socket::send_to`] from the address where an earlier datagram arrived.
    pub(crate) fn send_from(
        &self,
        bytes: &[u8],
        to: SocketAddr,
        arrival: Arrival,
    ) -> Result<usize, SocketError> {
        uninterrupted(|| calls::send_from(self, bytes, to, arrival)).map_err(|cause| {
            SocketError::new(Call::Send, Object::Address(Address::Ip(to)), self.timed_out(cause))
        })
    }

    /// Up to `most` bytes. What a datagram has beyond them is lost.
    pub fn recv(&self, most: usize) -> Result<Vec<u8>, SocketError> {
        uninterrupted(|| calls::recv_new(self, most))
            .map_err(|cause| self.failed(Call::Receive, self.timed_out(cause)))
    }

    /// [`Socket::recv`] into a buffer the caller has; says how many bytes.
    pub fn recv_into(&self, buffer: &mut [u8]) -> Result<usize, SocketError> {
        uninterrupted(|| calls::recv(self, buffer))
            .map_err(|cause| self.failed(Call::Receive, self.timed_out(cause)))
    }

    /// One datagram, up to `most` bytes of it, and who sent it.
    pub fn recv_from(&self, most: usize) -> Result<(Vec<u8>, Address), SocketError> {
        uninterrupted(|| calls::recv_from_new(self, most))
            .map_err(|cause| self.failed(Call::Receive, self.timed_out(cause)))
    }

    /// [`Socket::recv_from`] into a buffer the caller has; says how many bytes.
    pub fn recv_from_into(&self, buffer: &mut [u8]) -> Result<(usize, Address), SocketError> {
        uninterrupted(|| calls::recv_from(self, buffer))
            .map_err(|cause| self.failed(Call::Receive, self.timed_out(cause)))
    }
}
