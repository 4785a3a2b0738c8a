//! What cannot be meant is refused in one line, before anything is asked.

use testkit::Program;

use crate::COAX;

fn refused(args: &[&str], words: &str) {
    Program::new(COAX).arg("scan").args(args).run().prints("").fails(2, words);
}

#[test]
fn an_empty_target_set_is_refused() {
    refused(&[], "<TARGET>");
    for nothing in ["", ",", " "] {
        refused(&[nothing], "there is nobody to scan: these words name no target");
    }
    refused(&["-f", "/dev/null"], "there is nobody to scan: the file names no target");
    refused(&["-f", "-"], "there is nobody to scan: stdin names no target");
    let excluded = "no address is left to scan: --exclude names them all";
    refused(&["127.0.0.1", "--exclude", "127.0.0.1"], excluded);
    refused(&["10.0.0.0/8", "--exclude", "0.0.0.0/0"], "no address is left to scan");
    refused(&["127.0.0.1", "-6"], "no IPv6 address is left to scan");
    refused(&["::1", "-4"], "no IPv4 address is left to scan");
}

#[test]
fn an_absurd_network_is_refused() {
    refused(&["10.0.0.0/40"], "the prefix 40 is above 32");
    refused(&["::1/129"], "the prefix 129 is above 128");
    refused(&["10.0.0.0/-1"], "10.0.0.0/-1");
    refused(&["10.0.0.0/"], "10.0.0.0/");
    refused(&["::/0", "-p", "80"], "addresses with 1 port each are more than can be asked");
    refused(&["2000::/3", "-p", "80"], "addresses with 1 port each are more than can be asked");
    refused(&["2001:db8::/32", "-p", "-"], "more than can be asked");
    refused(&["10.0.0.9-10.0.0.1"], "10.0.0.9-10.0.0.1");
    refused(&["127.0.0.300"], "the octet 300 is above 255");
}

#[test]
fn an_address_that_no_host_has_is_refused() {
    refused(&["0.0.0.0"], "'0.0.0.0' is reserved (this network), so no host has it; this machine");
    refused(&["::"], "this machine is ::1");
    refused(&["127.0.0.1", "255.255.255.255"], "is reserved (broadcast)");
    refused(&["240.0.0.1"], "is reserved (future use)");
    refused(&["::ffff:224.0.0.1", "--udp"], "is reserved (multicast)");
    let none = "no address is left to scan: no host has 224.0.0.0/3, which is reserved";
    refused(&["224.0.0.0/4", "240.0.0.0-255.255.255.255"], none);
    refused(&["0.0.0.0/0", "--exclude", "0.0.0.0-223.255.255.255"], none);
}

#[test]
fn a_target_is_a_host_and_nothing_else() {
    refused(&["127.0.0.1:80"], "write 127.0.0.1");
    refused(&["http://db.test/"], "write db.test");
    refused(&["fe80::1%nosuch0"], "there is no interface 'nosuch0'");
    refused(&["fe80::1"], "'fe80::1' is link-local, so it needs a zone");
    refused(&["fe80::/64"], "is link-local, and only an address has a zone");
}

#[test]
fn wrong_ports_are_refused() {
    refused(&["-p", "nosuchservice", "127.0.0.1"], "'nosuchservice'");
    refused(&["-p", "htpt", "127.0.0.1"], "did you mean 'http'?");
    refused(&["-p", "70000", "127.0.0.1"], "the port 70000 is above 65535");
    refused(&["-p", "9-5", "127.0.0.1"], "write 5-9");
    refused(&["-p", "", "127.0.0.1"], "nothing stands here");
    refused(&["-p", "80,,", "127.0.0.1"], "nothing stands here");
    refused(&["-p", "80/sctp", "127.0.0.1"], "sctp is not asked here; /tcp and /udp are");
    refused(&["-p", "80/x", "127.0.0.1"], "after '/' comes tcp or udp");
    refused(&["-p", "80", "--exclude-ports", "1-100", "127.0.0.1"], "no port is left to scan");
}

#[test]
fn wrong_numbers_are_refused() {
    refused(&["--rate", "0", "127.0.0.1"], "'--rate <N>': it is a number from 1 to 4294967295");
    refused(&["--rate", "-5", "127.0.0.1"], "'-5'");
    refused(&["--timeout", "soon", "127.0.0.1"], "a time is written like");
    refused(&["--retries", "1000", "127.0.0.1"], "it is a number from 0 to 255");
    refused(&["--order", "backwards", "127.0.0.1"], "--order");
    refused(&["-4", "-6", "127.0.0.1"], "cannot be used with");
}

#[test]
fn a_file_with_rubbish_is_refused_with_the_number_of_the_line() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hosts");
    let shown = file.display().to_string();
    for (text, line, why) in [
        (&b"127.0.0.1\n# fine\n\n127.0.0.300\n"[..], 4, "the octet 300 is above 255"),
        (b"127.0.0.1\n\x01\x02\n", 2, "a name has no"),
        (b"127.0.0.1\r\n127.0.0.2\r\n10.0.0.0/33\r\n", 3, "the prefix 33 is above 32"),
        (b"\xff\xfe\n", 1, "it is not UTF-8"),
        (&[b'7'; 100_000], 1, "it is longer than"),
        (b"127.0.0.1 127.0.0.2 ;rm\n", 1, ";rm"),
    ] {
        std::fs::write(&file, text).unwrap();
        refused(&["-p", "9", "-f", &shown], &format!("{shown}, line {line}: "));
        refused(&["-p", "9", "-f", &shown], why);
        let piped = Program::new(COAX).args(["scan", "-p", "9", "-f", "-"]).run_with(text);
        piped.prints("").fails(2, &format!("stdin, line {line}: "));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    refused(&["-f", "/nonexistent/hosts"], "cannot read /nonexistent/hosts: no such file");
    refused(&["-f", "/"], "cannot read /: is a directory");
    refused(&["127.0.0.1", "--resume", "/"], "cannot read /: is a directory");
    refused(&["127.0.0.1", "--resume", "-"], "keeps the scan in a file, and - is none");
    refused(&["--resume", "/nosuch"], "there is no earlier scan to go on with in /nosuch");
}
