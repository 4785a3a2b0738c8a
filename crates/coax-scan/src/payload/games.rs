//! Questions to game servers and to the chat beside them.
//!
//! Each asks for the short status that a server list shows.
//!
//! Nothing here joins a game.

use super::packet::Packet;

/// What a Quake server knows as "not part of a game" (quake3 source, `qcommon/net_chan.c`).
const OUT_OF_BAND: u32 = u32::MAX;

/// A2S_INFO (Valve developer community, "Server queries").
pub(crate) fn source() -> Vec<Vec<u8>> {
    Packet::new().u32(OUT_OF_BAND).bytes("TSource Engine Query\0").only()
}

/// `getinfo`, whose answer is shorter than that to `getstatus` (quake3 source, `sv_main.c`).
pub(crate) fn quake() -> Vec<Vec<u8>> {
    Packet::new().u32(OUT_OF_BAND).bytes("getinfo coax").only()
}

/// The handshake of a query: type 9, a session number with a zero in the upper half of each byte
/// (Minecraft wiki, "Query").
pub(crate) fn minecraft_query() -> Vec<Vec<u8>> {
    Packet::new().u16(0xfefd).u8(9).u32(0x0c0a_0108).only()
}

/// Unconnected ping: time, the magic number of RakNet, a client number (Minecraft wiki, "RakNet").
pub(crate) fn minecraft_bedrock() -> Vec<Vec<u8>> {
    let magic = Packet::new().u32(0x00ff_ff00).u32(0xfefe_fefe).u32(0xfdfd_fdfd).u32(0x1234_5678);
    Packet::new().u8(1).zeros(8).bytes(magic).bytes("coaxscan").only()
}

/// A ping: type 0 and eight bytes that come back (Mumble protocol, "UDP ping").
pub(crate) fn mumble() -> Vec<Vec<u8>> {
    Packet::new().u32(0).bytes("coaxscan").only()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_length_its_protocol_says() {
        let lengths = [source(), quake(), minecraft_query(), minecraft_bedrock(), mumble()]
            .map(|questions| questions[0].len());
        assert_eq!(lengths, [25, 16, 7, 33, 12]);
    }
}
