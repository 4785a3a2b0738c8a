//! Input as datagrams: a line is one message, raw bytes are cut to what one holds.
//!
//! A message that cannot fit is refused by its size and the conversation goes on; its end says that
//! something was not sent.
//!
//! Nothing here waits for an answer.

use coax_net::{Framing, Origin, SocketErrorKind};

use super::{Talk, is_the_peers};
use crate::failure::{Exit, Failure};

/// Raw bytes are cut no shorter than this: what every way takes (RFC 8200 §5, less the headers).
const SHORTEST_PIECE: usize = 1_232;

impl Talk<'_> {
    /// Sends what was typed; false at the end of input.
    pub(super) async fn typed(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        let mut messages = Vec::new();
        let cut = match bytes {
            [] => self.lines.finish(|line| messages.push(line.to_vec())),
            bytes => self.lines.feed(bytes, |line| messages.push(line.to_vec())),
        };
        self.in_hand += messages.len();
        for message in messages {
            let mut datagram = Vec::new();
            match self.plan.framing().encode(&message, &mut datagram) {
                Ok(()) if self.plan.framing() == Framing::Raw => self.send_cut(&datagram).await?,
                Ok(()) => self.send(&datagram).await?,
                Err(error) => self.not_sent(&error.to_string(), Exit::Usage),
            }
            self.in_hand -= 1;
        }
        cut.map_err(|error| Failure::new(Exit::Machine, format!("cannot send: {error}")))?;
        Ok(!bytes.is_empty())
    }

    /// To the peer, or to who sent last.
    fn to(&self) -> Option<Origin> {
        if self.plan.connected { None } else { self.last.clone() }
    }

    /// One message, whole.
    async fn send(&mut self, message: &[u8]) -> Result<(), Failure> {
        let to = self.to();
        let largest = self.sockets.largest_message(to.as_ref());
        if message.len() > largest {
            self.too_long(message.len(), Some(largest));
            return Ok(());
        }
        match self.sockets.send(message, to.as_ref()).await {
            Ok(()) => self.sent(message),
            Err(error) if error.kind() == SocketErrorKind::TooLong => {
                self.too_long(message.len(), None);
            }
            Err(error) if self.plan.connected => {
                // Which of those before it was refused nobody can say; the next address gets all.
                self.refused(error).await?;
                self.sent(message);
            }
            Err(error) if is_the_peers(error.kind()) => {
                self.not_sent(&error.to_string(), Exit::Network);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Bytes, in as many datagrams as they need.
    async fn send_cut(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        let to = self.to();
        let mut largest = self.sockets.largest_message(to.as_ref()).max(1);
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(largest));
            match self.sockets.send(piece, to.as_ref()).await {
                Ok(()) => self.sent(piece),
                Err(error)
                    if error.kind() == SocketErrorKind::TooLong && piece.len() > SHORTEST_PIECE =>
                {
                    largest = SHORTEST_PIECE.max(piece.len() / 2);
                    continue;
                }
                Err(error) if self.plan.connected => {
                    self.refused(error).await?;
                    self.sent(piece);
                }
                Err(error) if is_the_peers(error.kind()) => {
                    self.not_sent(&error.to_string(), Exit::Network);
                }
                Err(error) => return Err(error.into()),
            }
            bytes = rest;
        }
        Ok(())
    }

    /// What came goes back. A sender that cannot be answered concerns itself.
    pub(super) async fn send_back(&mut self, message: &[u8], from: &Origin) -> Result<(), Failure> {
        if !from.is_named() {
            self.out.talk("coax: the last sender has no name, so it cannot be answered");
            return Ok(());
        }
        match self.sockets.send(message, Some(from)).await {
            Ok(()) => self.sent(message),
            Err(error) if is_the_peers(error.kind()) => self.out.talk(&format!("coax: {error}")),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn sent(&mut self, message: &[u8]) {
        self.tally.send(message);
        self.dump(1, message);
    }

    fn too_long(&mut self, length: usize, largest: Option<usize>) {
        let why = match largest {
            Some(largest) => {
                format!("a message of {length} bytes, and a datagram holds {largest} here")
            }
            None => format!("a message of {length} bytes is too long for the way there"),
        };
        // This machine's sockets do not take it; see decision 0033.
        self.not_sent(&why, Exit::Machine);
    }

    fn not_sent(&mut self, why: &str, exit: Exit) {
        self.out.talk(&format!("coax: not sent: {why}"));
        let (count, exit) = self.unsent.unwrap_or((0, exit));
        self.unsent = Some((count + 1, exit));
    }
}
