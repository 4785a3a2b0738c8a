//! Every type of record a zone can hold, beside dig: by its name, by its number, and all at once.

use std::process::Command;

use crate::peers::{Heard, nsd_with, resolve, run, sorted};

/// One record of each type that nsd reads, owned by a name of its own.
const TYPES: &str = r#"$ORIGIN coax.test.
$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 127.0.0.1
svcb SVCB 1 svc alpn="h2" port=853 key65000="x y"
https HTTPS 1 . alpn="h2,h3" no-default-alpn ech="AEj+DQ==" mandatory=alpn
tlsa TLSA 3 1 1 0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3
sshfp SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
naptr NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@t.test!" .
ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
dnskey DNSKEY 256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8nokfzj31GajIQKY+5C
key KEY 256 3 5 AQPSKmynfzW4
cdnskey CDNSKEY 256 3 5 AQPSKmynfzW4
cds CDS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
rrsig RRSIG A 13 3 60 20330102030405 20230102030405 12345 coax.test. AQPSKmynfzW4
uri URI 10 1 "ftp://ftp1.t.test/public"
dname DNAME other.test.
loc LOC 52 22 23.123 N 4 53 32.5 W -2.00m 10.12m 10000m 10m
caa CAA 0 issue "ca.test"
hinfo HINFO "PC-Intel" "Linux"
rp RP mbox txt
cert CERT PGP 0 5 AQPSKmynfzW4
openpgpkey OPENPGPKEY AQPSKmynfzW4
smimea SMIMEA 3 0 1 0b9fa5a59eed715c26c1020c711b4f6e
csync CSYNC 66 3 A NS AAAA
zonemd ZONEMD 2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE
eui48 EUI48 00-00-5e-00-53-2a
eui64 EUI64 00-00-5e-ef-10-00-00-2a
afsdb AFSDB 1 h
isdn ISDN "150862028003217" "004"
rt RT 2 h
kx KX 2 h
px PX 50 a b
nsec NSEC n A MX RRSIG NSEC TYPE1234
nsec3param NSEC3PARAM 1 0 12 -
nid NID 10 0014:4fff:ff20:ee64
l32 L32 10 10.1.2.0
l64 L64 10 2001:0db8:1140:1000
lp LP 10 l64
ipseckey IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG
ipseckey6 IPSECKEY 10 2 2 2001:db8::1 AQNRU3mG
ipseckeyn IPSECKEY 10 3 2 gw.t.test. AQNRU3mG
ipseckey0 IPSECKEY 10 0 2 . AQNRU3mG
apl APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8
minfo MINFO a b
spf SPF "v=spf1 -all"
avc AVC "app-name:x"
dhcid DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
gpos TYPE27 \# 14 08 2d33322e36383832 01 31 02 3130
null TYPE10 \# 3 010203
unknown TYPE65280 \# 4 0A000001
empty TYPE65281 \# 0
nsap TYPE22 \# 3 470005
talink TYPE58 \# 4 0161 00 00
resinfo TYPE261 \# 5 04 61626364
amtrelay TYPE260 \# 6 0a 01 c0000201
"#;

fn dig(port: u16, words: &[&str]) -> Heard {
    let mut dig = Command::new("dig");
    dig.args(["@127.0.0.1", "-p", &port.to_string()]).args(words);
    run(dig, b"")
}

/// Owner and type of each record; a type is named as the zone names it.
fn records() -> impl Iterator<Item = (&'static str, &'static str)> {
    TYPES.lines().skip(5).map(|line| {
        let mut words = line.split(' ');
        (words.next().unwrap(), words.next().unwrap())
    })
}

#[test]
fn every_type_is_shown_as_dig_shows_it() {
    let Some(server) = nsd_with(TYPES) else { return };
    let at = server.server();
    let mut seen = 0;
    for (owner, kind) in records() {
        let name = format!("{owner}.coax.test");
        let oracle = dig(server.port, &["+short", "+nosplit", "-t", kind, &name]);
        assert!(!oracle.stdout.trim().is_empty(), "dig found nothing: {kind} {name}");
        let ours = resolve(&["--short", "-t", kind, "--server", &at, &name]);
        assert_eq!(ours.code, Some(0), "{kind}: {ours:?}");
        assert_eq!(sorted(&ours.stdout), sorted(&oracle.stdout), "{kind}");
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn a_type_is_asked_for_by_number_as_by_name() {
    let Some(server) = nsd_with(TYPES) else { return };
    let at = server.server();
    for (number, name, value) in [
        ("TYPE52", "tlsa", "3 1 1 0B9F"),
        ("type65280", "unknown", "\\# 4 0A000001\n"),
        ("TYPE65281", "empty", "\\# 0\n"),
    ] {
        let name = format!("{name}.coax.test");
        let heard = resolve(&["--short", "-t", number, "--server", &at, &name]);
        assert!(heard.code == Some(0) && heard.stdout.starts_with(value), "{number} {heard:?}");
    }
    let heard = resolve(&["-t", "ANY", "--short", "--server", &at, "naptr.coax.test"]);
    assert!(heard.stdout.contains("E2U+sip"), "{heard:?}");
    // A program reads the fields by name.
    let heard = resolve(&["--json", "-t", "NAPTR", "--server", &at, "naptr.coax.test"]);
    let event: serde_json::Value = serde_json::from_str(&heard.stdout).unwrap();
    let parts = &event["records"][0]["parts"];
    assert_eq!((&parts["order"], &parts["flags"]), (&100.into(), &"U".into()), "{event}");
}

#[test]
fn a_zone_is_transferred_whole_from_a_server_that_allows_it() {
    let many: String =
        (0..3000).map(|number| format!("n{number} TXT \"{number:0100}\"\n")).collect();
    let Some(server) = nsd_with(&format!("{TYPES}{many}")) else { return };
    let at = server.server();
    let oracle = dig(server.port, &["axfr", "coax.test", "+nocmd", "+noall", "+answer", "+onesoa"]);
    let owners = |text: &str| {
        let words = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
        let mut owners: Vec<_> = text.lines().map(words).collect();
        owners.sort_unstable();
        owners
    };
    let heard = resolve(&["-t", "AXFR", "--server", &at, "coax.test"]);
    assert_eq!((heard.code, heard.stderr.as_str()), (Some(0), ""), "{}", heard.stderr);
    let mut expected = owners(&oracle.stdout);
    assert!(expected.len() > 3050, "{}", expected.len());
    // The zone ends as it begins.
    expected.push("coax.test.".to_owned());
    expected.sort_unstable();
    assert_eq!(owners(&heard.stdout), expected);
    // The other zone is for nobody, and UDP has no room for one.
    let heard = resolve(&["-t", "AXFR", "--server", &at, "2.0.192.in-addr.arpa"]);
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(3), ""), "{heard:?}");
    assert!(heard.stderr.contains("refused (REFUSED)"), "{heard:?}");
    let udp = format!("udp://{at}");
    let heard = resolve(&["-t", "AXFR", "--server", &udp, "coax.test"]);
    assert!(heard.code == Some(3) && heard.stderr.contains("over TCP alone"), "{heard:?}");
}

#[test]
fn what_is_no_record_cannot_be_asked_for() {
    for (kind, why) in [
        ("IXFR", "AXFR brings a whole zone"),
        ("TSIG", "it belongs to a message"),
        ("AXFZ", "the usual ones are A, AAAA, MX"),
        ("TYPE70000", "is no record type"),
    ] {
        let heard = resolve(&["-t", kind, "a.test"]);
        assert!(heard.code == Some(2) && heard.stderr.contains(why), "{kind} {heard:?}");
    }
}
