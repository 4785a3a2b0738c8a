//! Files, and what keeps their history: FTP, rsync, Subversion, Git, NFS, SMB, AFP, NBD, iSCSI.
//!
//! Nothing here reads a file or lists a folder.

use super::super::cursor::Cursor;
use super::super::protocol::Take::{After, Is, Rest, Version, Word};
use super::super::protocol::{Ask, First, Heard, Protocol, sign};
use super::super::recognise::Recognised;
use super::super::text::title;
use super::mail::HELP;

pub(super) const FILES: &str = "ftp|filezilla|file transfer";

/// RFC 5531 §9 and §11: procedure 0 of a program, without credentials, in one fragment.
const RPC_PORTMAPPER: &[u8] = b"\x80\0\0\x28coax\0\0\0\0\0\0\0\x02\0\x01\x86\xA0\0\0\0\x02\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const RPC_NFS: &[u8] = b"\x80\0\0\x28coax\0\0\0\0\0\0\0\x02\0\x01\x86\xA3\0\0\0\x03\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// \[MS-SMB2\] §2.2.3 in a NetBIOS session message: which of the dialects 2.0.2 to 3.0.2?
const SMB: &[u8] = b"\0\0\0\x6C\xFESMB\x40\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
\x24\0\x04\0\x01\0\0\0\0\0\0\0coaxcoaxcoaxcoax\0\0\0\0\0\0\0\0\x02\x02\x10\x02\0\x03\x02\x03";
/// RFC 1002 §4.3.2: a session with the name that stands for any server, from `COAX`.
const NETBIOS_SESSION: &[u8] = b"\x81\0\0\x44\x20CKFDENECFDEFFCFGEFFCCACACACACACA\0\
\x20EDEPEBFICACACACACACACACACACACAAA\0";
/// Apple Filing Protocol, DSIGetStatus: which needs no session.
const AFP: &[u8] = b"\0\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0\0";
/// RFC 7143 §11.12: the first request of a login, which waits for more and never comes to be one.
const ISCSI: &[u8] = b"\x43\0\0\0\0\0\0\x4F\0\0\0\0\0\0\0\0coax\0\0\0\0\0\0\0\x01\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0InitiatorName=iqn.2001-04.test.coax:scan\0\
SessionType=Discovery\0AuthMethod=None\0\0";
/// gitprotocol-pack(5): a repository that is not there.
const GIT: &[u8] = b"0031git-upload-pack /coax.invalid\0host=coax.test\0";

pub(super) static PROTOCOLS: &[Protocol] = &[
    // hylafax, RFC 959's replies in a protocol of its own.
    Protocol {
        service: "hylafax",
        ports: &[4559],
        first: First::Server,
        signs: &[sign(b"220 ").holding("hylafax").product(After("server")).host(Word)],
        ..Protocol::NONE
    },
    // RFC 959 §5.4.
    Protocol {
        service: "ftp",
        over_tls: "ftps",
        ports: &[21, 2121],
        tls_ports: &[990],
        first: First::Server,
        ask: HELP,
        after: &[b"220"],
        signs: &[
            sign(b"220").holding(FILES).product(Rest),
            sign(b"421").holding(FILES),
            sign(b"530").holding(FILES),
            sign(b"5").holding("USER and PASS|RETR|STOR"),
            sign(b"214").holding("RETR|STOR"),
        ],
        ..Protocol::NONE
    },
    // rsync's own protocol, version first.
    Protocol {
        service: "rsync",
        ports: &[873],
        first: First::Server,
        signs: &[sign(b"@RSYNCD: ").extra(Version("protocol", "@RSYNCD: ", " "))],
        ..Protocol::NONE
    },
    // Subversion, ra_svn/protocol.
    Protocol {
        service: "svn",
        ports: &[3690],
        first: First::Server,
        signs: &[sign(b"( success ( ")],
        ..Protocol::NONE
    },
    Protocol { service: "git", ports: &[9418], ask: Ask::Bytes(GIT), read: git, ..Protocol::NONE },
    Protocol {
        service: "sunrpc",
        ports: &[111],
        ask: Ask::Bytes(RPC_PORTMAPPER),
        anywhere: 8,
        read: rpc,
        ..Protocol::NONE
    },
    Protocol {
        service: "nfs",
        ports: &[2049],
        ask: Ask::Bytes(RPC_NFS),
        read: nfs,
        ..Protocol::NONE
    },
    Protocol {
        service: "microsoft-ds",
        ports: &[445],
        ask: Ask::Bytes(SMB),
        anywhere: 7,
        read: smb,
        ..Protocol::NONE
    },
    Protocol {
        service: "netbios-ssn",
        ports: &[139],
        ask: Ask::Bytes(NETBIOS_SESSION),
        read: netbios,
        ..Protocol::NONE
    },
    Protocol {
        service: "afpovertcp",
        ports: &[548],
        ask: Ask::Bytes(AFP),
        read: afp,
        ..Protocol::NONE
    },
    // NBD protocol, "Newstyle negotiation".
    Protocol {
        service: "nbd",
        ports: &[10809],
        first: First::Server,
        signs: &[
            sign(b"NBDMAGICIHAVEOPT").extra(Is("newstyle")),
            sign(b"NBDMAGIC\0\0\x42\x02\x81\x86\x12\x53").extra(Is("oldstyle")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "iscsi-target",
        ports: &[3260],
        ask: Ask::Bytes(ISCSI),
        read: iscsi,
        ..Protocol::NONE
    },
];

/// An error in a packet line: four digits of length, then `ERR`.
fn git(heard: Heard<'_>) -> Option<Recognised> {
    let (length, rest) = heard.said.split_at_checked(4)?;
    let length = usize::from_str_radix(std::str::from_utf8(length).ok()?, 16).ok()?;
    let fits = length == heard.said.len() && rest.starts_with(b"ERR ");
    fits.then(|| Recognised::new("git", None))
}

/// A whole fragment that replies to our call.
fn reply(heard: Heard<'_>) -> Option<()> {
    let mut rest = Cursor(heard.said);
    let [0x80, 0, 0, length] = *rest.take(4)? else { return None };
    let replies = heard.asked.get(4..8)? == rest.take(4)? && rest.take(4)? == [0, 0, 0, 1];
    (replies && usize::from(length) == heard.said.len() - 4).then_some(())
}

fn rpc(heard: Heard<'_>) -> Option<Recognised> {
    reply(heard).filter(|()| heard.asked == RPC_PORTMAPPER)?;
    Some(Recognised::new("sunrpc", None))
}

/// NFS where the program or a version of it is there (RFC 5531 §9: success, or program mismatch).
fn nfs(heard: Heard<'_>) -> Option<Recognised> {
    reply(heard).filter(|()| heard.asked == RPC_NFS)?;
    let accepted = heard.said.get(12..16)? == [0; 4];
    let status = heard.said.get(24..28)?;
    let is_there = accepted && (status == [0; 4] || status == [0, 0, 0, 2]);
    Some(Recognised::new(if is_there { "nfs" } else { "sunrpc" }, None))
}

/// A negotiate response (\[MS-SMB2\] §2.2.4): the dialect that was chosen.
fn smb(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let [0, ..] = *rest.take(4)? else { return None };
    let header = rest.take(64)?;
    if header.starts_with(b"\xFFSMB") {
        return Some(Recognised::new("microsoft-ds", None));
    }
    let response = header.starts_with(b"\xFESMB\x40\0") && header.get(12..14)? == [0, 0];
    let (_size, _security, dialect) = (rest.take(2)?, rest.take(2)?, rest.take(2)?);
    let extra = match *dialect {
        [low, high] if high <= 3 => Some(format!("SMB {high}.{}.{}", low >> 4, low & 15)),
        _ => None,
    };
    response.then(|| Recognised { extra, ..Recognised::new("microsoft-ds", None) })
}

/// A positive or a negative session response (RFC 1002 §4.3.3, §4.3.4).
fn netbios(heard: Heard<'_>) -> Option<Recognised> {
    let fits = matches!(heard.said, [0x82, 0, 0, 0] | [0x83, 0, 0, 1, 0x80..=0x8F]);
    (fits && heard.asked == NETBIOS_SESSION).then(|| Recognised::new("netbios-ssn", None))
}

/// A reply to our request; its block begins with where the machine's type stands.
fn afp(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    if rest.take(8)? != [1, 3, 0, 1, 0, 0, 0, 0] || heard.asked != AFP {
        return None;
    }
    rest.take(8)?;
    let block = rest;
    let at = rest.short()?;
    let pascal = |at: usize| {
        let mut text = Cursor(block.0.get(at..)?);
        let length = text.byte()?;
        title(text.take(length.into())?)
    };
    let host = pascal(10);
    Some(Recognised { host, ..Recognised::new("afpovertcp", pascal(at.into())) })
}

/// A login response to our task (RFC 7143 §11.13), whatever it says.
fn iscsi(heard: Heard<'_>) -> Option<Recognised> {
    let fits = heard.said.len() >= 48 && heard.said[0] == 0x23 && heard.said[16..20] == *b"coax";
    fits.then(|| Recognised::new("iscsi-target", None))
}
