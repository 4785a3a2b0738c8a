//! Pages in br and zstd, as their own programs pack them, from nginx; curl takes them off as well.

use std::time::Duration;

use testkit::{Program, peer_or_skip};

use crate::nginx::Nginx;
use crate::{coax, noise, serve};

const LOCATIONS: &str = "
    location ~ [.]br$ { add_header Content-Encoding br; }
    location ~ [.]zst$ { add_header Content-Encoding zstd; }
    location ~ [.]both$ { add_header Content-Encoding 'gzip, br'; }";

fn packed(tool: &str, args: &[&str], plain: &[u8]) -> Option<Vec<u8>> {
    let program = Program::new(peer_or_skip(tool)?).arg("-c").args(args);
    Some(program.run_with(plain).exits(0).stdout)
}

fn page() -> Vec<u8> {
    let mut page = "a page of words, ".repeat(20_000).into_bytes();
    page.extend(noise(7, 100_000));
    page.repeat(2)
}

#[test]
fn packed_pages_come_as_curl_gives_them_and_files_as_they_are() {
    let page = page();
    let Some(br) = packed("brotli", &["-5"], &page) else { return };
    let Some(zstd) = packed("zstd", &[], &page) else { return };
    let Some(gzip) = packed(
        "python3",
        &["import sys, gzip
sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read()))"],
        &page,
    ) else {
        return;
    };
    let Some(both) = packed("brotli", &["-5"], &gzip) else { return };
    let files = [("p.br", &br[..]), ("p.zst", &zstd), ("p.both", &both)];
    let Some(nginx) = Nginx::with(&files, "", LOCATIONS) else { return };
    let Some(curl) = peer_or_skip("curl") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let url = nginx.url(name);
        coax(&[&url]).run().exits(0).prints(&page);
        let args = ["--compressed", "-sS", "--noproxy", "*", "-m", "30", &url];
        Program::new(&curl).args(args).run().exits(0).prints(&page);
        coax(&["-O", &url]).dir(folder.path()).run().exits(0);
        assert!(std::fs::read(folder.path().join(name)).unwrap() == bytes, "{name}");
    }
}

#[test]
fn a_page_is_asked_for_in_codings_and_a_file_is_not() {
    let script = "
s = listen()
while True:
    c, _ = s.accept()
    lines = asked(c).split('\\r\\n')
    answer(c, '200 OK', ['Connection: close'],
        [line for line in lines if line.lower().startswith('accept-encoding')][0].encode())
    c.close()
";
    let Some((_server, url)) = serve(script, &[]) else { return };
    coax(&[&url]).run().exits(0).prints("accept-encoding: gzip, deflate, br, zstd;q=0.5");
    let folder = tempfile::tempdir().unwrap();
    coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
    let file = std::fs::read_to_string(folder.path().join("x")).unwrap();
    assert_eq!(file, "accept-encoding: identity");
    let ranged = coax(&["-H", "Range: bytes=0-99", "--any-status", &url]).run().exits(0);
    ranged.prints("accept-encoding: identity");
    let own = coax(&["-H", "Accept-Encoding: br", &url]).run().exits(0);
    own.prints("accept-encoding: br");
}

#[test]
fn what_is_damaged_cut_or_too_large_to_unpack_says_which() {
    let page = page();
    let Some(br) = packed("brotli", &["-5"], &page) else { return };
    let Some(zstd) = packed("zstd", &["--check"], &page) else { return };
    let Some(wide) = packed("zstd", &["--long=27"], &page) else { return };
    let damaged = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 0x55;
        bytes
    };
    let cases = [
        ("sum.zst", damaged(&zstd, zstd.len() - 1), 4, "zstd body is damaged: its checksum"),
        ("head.zst", damaged(&zstd, 0), 4, "not the zstd it is said to be"),
        ("wide.zst", wide, 4, "needs a window of 134217728 bytes, and 8388608 are allowed"),
        ("head.br", damaged(&br, 3), 4, "not the brotli it is said to be"),
        ("junk.br", [&br[..], b"junk"].concat(), 4, "not the brotli it is said to be"),
        ("cut.zst", zstd[..zstd.len() - 9].to_vec(), 3, "cut short: its compressed body"),
        ("cut.br", br[..br.len() - 9].to_vec(), 3, "cut short: its compressed body"),
    ];
    let files: Vec<_> = cases.iter().map(|case| (case.0, &case.1[..])).collect();
    let Some(nginx) = Nginx::with(&files, "", LOCATIONS) else { return };
    for (name, _, code, words) in &cases {
        let outcome = coax(&["--retries", "0", &nginx.url(name)]).run().fails(*code, words);
        assert!(page.starts_with(&outcome.stdout), "{name}");
    }
}

#[test]
fn a_bomb_in_br_or_zstd_goes_off_outside() {
    let zeros = vec![0; 200 << 20];
    let Some(br) = packed("brotli", &["-1"], &zeros) else { return };
    let Some(zstd) = packed("zstd", &["-1"], &zeros) else { return };
    let Some(nginx) = Nginx::with(&[("x.br", &br), ("x.zst", &zstd)], "", LOCATIONS) else {
        return;
    };
    for name in ["x.br", "x.zst"] {
        let url = nginx.url(name);
        let program = coax(&["--max-size", "1M", &url]).deadline(Duration::from_secs(60));
        let outcome = program.run().exits(4);
        assert!(outcome.stdout.len() <= 1 << 20, "{name}: {} bytes", outcome.stdout.len());
        assert!(outcome.err().contains("1048576 bytes that are allowed"), "{}", outcome.shown());
    }
}
