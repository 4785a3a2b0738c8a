//! Who is asked, and who is told what: URLs, sockets, logins, cookies.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testkit::{Program, peer_or_skip, python, skip};

use crate::{Nginx, coax, serve};

#[test]
fn a_url_that_cannot_be_read_keeps_its_password() {
    for url in [
        "http://me:secret@h:port/",
        "me:secret@h:port",
        "ftp://me:secret@h/",
        "http://me:se/secret@h/",
    ] {
        let refused = coax(&[url]).run().fails(2, "invalid URL");
        assert!(!refused.err().contains("secret"), "{}", refused.shown());
        let listed = coax(&["-i", "-", "--json"]).run_with(url);
        assert_eq!(listed.code(), 2);
        assert!(!listed.shown().contains("secret"), "{}", listed.shown());
        let words = ["resolve", "a.test", "--server", url];
        let served = Program::new(env!("CARGO_BIN_EXE_coax")).args(words).run().exits(2);
        assert!(!served.shown().contains("secret"), "{}", served.shown());
        let summed = coax(&["--sha256", &format!("x://{url}"), "http://127.0.0.1:1/"]).run();
        assert!(!summed.err().contains("secret"), "{}", summed.shown());
    }
}

#[test]
fn a_host_that_is_missing_is_refused_or_the_socket_itself() {
    let script = r#"
import socket
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
sys.stderr.write("listening on it\n")
sys.stderr.flush()
while True:
    c, _ = s.accept()
    line = c.recv(65536).split(b"\r\n")[0]
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(line)
    c.sendall(head + line)
    c.close()
"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    let Some(server) = python(script, [&path]) else { return };
    server.listening();
    for url in ["http:///x?y", "http://localhost/x?y"] {
        coax(&["--via", &path, url]).run().exits(0).prints("GET /x?y HTTP/1.1");
    }
    let coded = format!("http+unix://{}/x", path.replace('/', "%2F"));
    coax(&[&coded]).run().exits(0).prints("GET /x HTTP/1.1");
    for urls in [[&coded, "http://localhost/"], ["http://localhost/", &coded]] {
        coax(&["-O", urls[0], urls[1]]).run().fails(2, "go to one Unix socket, or none does");
    }
    coax(&["http:///x"]).run().fails(2, "invalid URL 'http:///x': the host is missing");
}

#[test]
fn a_link_local_address_has_its_network_card() {
    let script = "
import socket
s = socket.socket(socket.AF_INET6)
s.bind(('::', 0))
s.listen()
sys.stderr.write('listening on %d\\n' % s.getsockname()[1])
sys.stderr.flush()
while True:
    c, _ = s.accept()
    host = [line for line in asked(c).split('\\r\\n') if line.lower().startswith('host:')][0]
    answer(c, '200 OK', ['Connection: close'], host.encode())
    c.close()
";
    let Some(unshare) = peer_or_skip("unshare") else { return };
    let Some(_) = peer_or_skip("python3") else { return };
    if Program::new(&unshare).args(["-n", "true"]).run().code() != 0 {
        return skip("a network of one's own needs root: sudo cargo test");
    }
    let folder = tempfile::tempdir().unwrap();
    let program = format!("import sys\n{}\n{script}", crate::HTTP);
    fs::write(folder.path().join("server.py"), program).unwrap();
    let shell = r#"
set -eu
ip link add v0 type veth peer name v1
echo 1 > /proc/sys/net/ipv6/conf/v0/accept_dad 2>/dev/null || true
ip link set v0 addrgenmode none; ip link set v1 addrgenmode none
ip addr add fe80::1/64 dev v0 nodad; ip addr add fe80::2/64 dev v1 nodad
ip link set lo up; ip link set v0 up; ip link set v1 up
python3 server.py 2> said & server=$!
while ! read -r _ _ port < said; do :; done
for url in "http://[fe80::1%25v0]:$port/" "http://[fe80::1%v0]:$port/"; do
    "$0" get --timeout 20s "$url"; echo
done
kill $server
"#;
    let args = ["-n", "bash", "-c", shell, env!("CARGO_BIN_EXE_coax")];
    let outcome = Program::new(unshare).args(args).dir(folder.path()).run().exits(0);
    let hosts: Vec<_> = outcome.out().lines().map(str::to_owned).collect();
    assert_eq!(hosts.len(), 2, "{}", outcome.shown());
    assert!(hosts.iter().all(|it| it.to_lowercase().starts_with("host: [fe80::1]:")), "{hosts:?}");
}

#[test]
fn a_file_of_logins_harms_nobody_who_is_not_in_it() {
    let Some(nginx) = Nginx::start(&[("x", b"page")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netrc");
    let get = |url: &str| coax(&["-v", url]).env("NETRC", path.to_str().unwrap()).run();
    fs::write(&path, "machine 127.0.0.1 protocol https port 80 login ada password secret\n")
        .unwrap();
    let read = get(&nginx.url("secret/x")).exits(0).prints("page");
    assert!(read.err().contains("netrc, line 1, is passed over"), "{}", read.shown());
    fs::write(&path, "login nobody\n").unwrap();
    let used = get(&nginx.url("x")).exits(0).prints("page");
    assert!(used.err().contains("no logins: cannot use "), "{}", used.shown());
    let needed = get(&nginx.url("secret/x")).exits(1);
    assert!(needed.err().contains("stands before any 'machine'"), "{}", needed.shown());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    get(&nginx.url("x")).exits(0).prints("page");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_redirect_that_sets_a_cookie_and_comes_back_is_no_circle() {
    let script = "
s = listen()
while True:
    c, _ = s.accept()
    said = asked(c)
    if 'cookie: seen=1' in said.lower():
        answer(c, '200 OK', ['Connection: close'], b'page')
    else:
        answer(c, '302 Found', ['Location: /x', 'Set-Cookie: seen=1; Path=/', 'Connection: close'])
    c.close()
";
    let Some((_server, url)) = serve(script, &[]) else { return };
    coax(&[&url]).run().exits(0).prints("page");
    let folder = tempfile::tempdir().unwrap();
    coax(&["-O", &url]).dir(folder.path()).run().exits(0).prints("x\n");
}

#[test]
fn a_redirect_that_sets_another_cookie_each_time_ends() {
    let script = "
s = listen()
count = 0
while True:
    c, _ = s.accept()
    asked(c)
    count += 1
    answer(c, '302 Found', ['Location: /x', 'Set-Cookie: n=%d' % count, 'Connection: close'])
    c.close()
";
    let Some((_server, url)) = serve(script, &[]) else { return };
    coax(&[&url]).run().fails(4, "more than 20 redirects");
}
