//! The pieces in which AUTHENTICATE carries what two sides of SASL say.
//!
//! Base64 in pieces of 400 bytes; a piece that is shorter is the last, and `+` is an empty one. What
//! is too long is refused before it is kept.
//!
//! Nothing here knows a mechanism or what a message means.

use std::fmt;

use data_encoding::BASE64;

/// The longest piece; one of this length has another behind it. IRCv3 *sasl-3.1*.
const PIECE: usize = 400;

/// Puts the pieces of one message together.
#[derive(Clone, Default)]
pub struct SaslPieces {
    kept: Vec<u8>,
}

/// The parameter of one AUTHENTICATE, understood.
#[derive(Clone, PartialEq, Eq)]
pub enum SaslPiece {
    /// More pieces follow.
    More,
    /// The message is whole.
    Whole(Vec<u8>),
    /// `*`: the client gives up. 906 `ERR_SASLABORTED`.
    Abort,
}

/// Why a piece is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslPieceError {
    /// The piece is over 400 bytes, or all of them are too many. 905 `ERR_SASLTOOLONG`.
    TooLong,
    /// The pieces are no Base64. 904 `ERR_SASLFAIL`.
    NotBase64,
}

impl SaslPieces {
    /// The most Base64 a message may have: enough for any mechanism, little enough to keep for
    /// a stranger.
    pub const LIMIT: usize = 8 * PIECE;

    /// Takes the parameter of one AUTHENTICATE. After anything but [`SaslPiece::More`] the next one
    /// begins a new message.
    pub fn take(&mut self, piece: &[u8]) -> Result<SaslPiece, SaslPieceError> {
        if piece == b"*" {
            self.kept = Vec::new();
            return Ok(SaslPiece::Abort);
        }
        if piece.len() > PIECE || self.kept.len() + piece.len() > SaslPieces::LIMIT {
            self.kept = Vec::new();
            return Err(SaslPieceError::TooLong);
        }
        if piece != b"+" {
            self.kept.extend_from_slice(piece);
        }
        if piece.len() == PIECE {
            return Ok(SaslPiece::More);
        }
        let whole = std::mem::take(&mut self.kept);
        if whole.iter().rev().skip(2).any(|byte| *byte == b'=') {
            // The decoder would take several messages for one.
            return Err(SaslPieceError::NotBase64);
        }
        BASE64.decode(&whole).map(SaslPiece::Whole).map_err(|_| SaslPieceError::NotBase64)
    }
}

/// Cuts a message into the parameters of as many AUTHENTICATE.
pub fn sasl_pieces(message: &[u8]) -> Vec<String> {
    let base64 = BASE64.encode(message);
    let mut pieces: Vec<String> = Vec::new();
    let mut rest = base64.as_str();
    while let Some((piece, behind)) = rest.split_at_checked(PIECE) {
        pieces.push(piece.to_owned());
        rest = behind;
    }
    pieces.push(if rest.is_empty() { "+".to_owned() } else { rest.to_owned() });
    pieces
}

// What is inside may be a password: neither is shown.
impl fmt::Debug for SaslPieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaslPieces({} bytes)", self.kept.len())
    }
}

impl fmt::Debug for SaslPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaslPiece::More => f.write_str("More"),
            SaslPiece::Whole(message) => write!(f, "Whole({} bytes)", message.len()),
            SaslPiece::Abort => f.write_str("Abort"),
        }
    }
}

impl fmt::Display for SaslPieceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SaslPieceError::TooLong => "the SASL message is too long",
            SaslPieceError::NotBase64 => "the SASL message is no Base64",
        })
    }
}

impl std::error::Error for SaslPieceError {}

#[cfg(test)]
mod tests {
    use super::{SaslPiece, SaslPieceError, SaslPieces, sasl_pieces};

    #[test]
    fn what_was_cut_is_put_together_again() {
        for length in [0, 1, 299, 300, 301, 600, 1000] {
            let message: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut pieces = SaslPieces::default();
            let mut parts = sasl_pieces(&message);
            let last = parts.pop().unwrap();
            for part in parts {
                assert_eq!(part.len(), 400);
                assert_eq!(pieces.take(part.as_bytes()), Ok(SaslPiece::More));
            }
            assert_eq!(pieces.take(last.as_bytes()), Ok(SaslPiece::Whole(message)), "{length}");
        }
    }

    #[test]
    fn a_length_that_fills_its_pieces_ends_with_a_plus() {
        assert_eq!(sasl_pieces(&[0; 300])[1], "+");
        assert_eq!(sasl_pieces(b""), ["+"]);
    }

    #[test]
    fn too_much_is_refused_and_forgotten() {
        let mut pieces = SaslPieces::default();
        assert_eq!(pieces.take(&[b'A'; 401]), Err(SaslPieceError::TooLong));
        for _ in 0..8 {
            assert_eq!(pieces.take(&[b'A'; 400]), Ok(SaslPiece::More));
        }
        assert_eq!(pieces.take(b"AAAA"), Err(SaslPieceError::TooLong));
        assert_eq!(pieces.kept.capacity(), 0);
        assert_eq!(pieces.take(b"QUJD"), Ok(SaslPiece::Whole(b"ABC".to_vec())));
    }

    #[test]
    fn a_star_gives_up_and_rubbish_is_told() {
        let mut pieces = SaslPieces::default();
        assert_eq!(pieces.take(&[b'A'; 400]), Ok(SaslPiece::More));
        assert_eq!(pieces.take(b"*"), Ok(SaslPiece::Abort));
        assert_eq!(pieces.take(b"+"), Ok(SaslPiece::Whole(Vec::new())));
        for rubbish in [&b"Q"[..], b"QQ", b"Q===", b"Q!==", b"QR==", b"QQ==QQ=="] {
            assert_eq!(pieces.take(rubbish), Err(SaslPieceError::NotBase64), "{rubbish:?}");
        }
        assert!(!format!("{:?}", SaslPiece::Whole(b"secret".to_vec())).contains("secret"));
    }
}
