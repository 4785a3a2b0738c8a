//! Tables: the course-name server, in every format, over every kind of socket.
//!
//! The clients are those of the case study: they connect, send a name without a newline, read once.
//!
//! Nothing here tests how a table is parsed.

use testkit::{Program, Wires, peer_or_skip, python};

use super::{Rules, coax, gets};

const COURSES: &str = "CS101,\"Programming, 4 credits\"\nCS201,Algorithms\n";
const UNKNOWN: &str = "this course is not available";

/// Asks for each word after the address, over one connection, and prints what comes.
const CLIENT: &str = "
family = {'tcp': socket.AF_INET, 'tcp6': socket.AF_INET6, 'unix': socket.AF_UNIX}[sys.argv[1]]
s = socket.socket(family)
if sys.argv[1] == 'unix':
    s.connect(sys.argv[2])
else:
    host, port = sys.argv[2].rsplit(':', 1)
    s.connect((host.strip('[]'), int(port)))
for course in sys.argv[3:]:
    s.sendall(course.encode())
    say(s.recv(1024).decode())
";

#[test]
fn a_python_client_gets_its_course_over_every_stream() {
    let rules = Rules::new("courses.csv", COURSES);
    for (kind, wires) in [("tcp", Wires::Tcp), ("tcp6", Wires::Tcp6), ("unix", Wires::Unix)] {
        let (endpoint, _place) = wires.free_endpoint();
        let stub = rules.serve(&endpoint, &["--default", UNKNOWN]);
        let address = stub.listening();
        let args = [kind, &address, "CS101", "CS999", "CS201"];
        let Some(client) = python(CLIENT, args) else { return };
        let said = format!("Programming, 4 credits\n{UNKNOWN}\nAlgorithms\n");
        client.wait().exits(0).prints(said);
    }
}

#[test]
fn every_format_is_the_same_table() {
    for (name, text) in [
        ("t.csv", "request,reply\r\nCS101,yes\r\n"),
        ("t.tsv", "CS101\tyes\n"),
        ("t.json", "{\"CS101\": \"yes\"}"),
        ("t.toml", "[[rule]]\nexact = 'CS101'\nreply = 'yes'\n"),
    ] {
        let (_stub, mut wire) = Rules::new(name, text).connected(&[]);
        gets(&mut wire, "CS101", "yes");
    }
    let (_stub, mut wire) = Rules::new("table", "CS101,yes\n").connected(&["--format", "csv"]);
    gets(&mut wire, "CS101", "yes");
}

#[test]
fn nc_and_ncat_send_a_line_and_get_the_reply() {
    let rules = Rules::new("courses.csv", COURSES);
    let stub = rules.serve("127.0.0.1:0", &["--default", UNKNOWN]);
    let port = stub.port().to_string();
    for (program, flags) in [("nc", vec!["-nN"]), ("ncat", vec![])] {
        let Some(path) = peer_or_skip(program) else { return };
        for (line, reply) in
            [("CS201\n", "Algorithms"), ("CS999\n", UNKNOWN), ("CS201", "Algorithms")]
        {
            let client = Program::new(&path).args(&flags).args(["127.0.0.1", &port]);
            client.run_with(line).exits(0).prints(reply);
        }
    }
}

#[test]
fn nc_and_ncat_hear_the_reply_to_a_datagram_while_their_input_is_open() {
    let rules = Rules::new("courses.csv", COURSES);
    let stub = rules.serve("udp://127.0.0.1:0", &[]);
    let port = stub.port().to_string();
    // At the end of its input ncat closes at once, whatever is on its way to it.
    for program in ["nc", "ncat"] {
        let Some(path) = peer_or_skip(program) else { return };
        let mut client = Program::new(path).args(["-u", "127.0.0.1", &port]).start();
        client.send("CS201\n");
        client.expect_out("Algorithms");
    }
}

#[test]
fn a_datagram_is_a_request_and_gets_a_datagram() {
    let rules = Rules::new("courses.csv", COURSES);
    for (endpoint, host, family) in
        [("udp://127.0.0.1:0", "127.0.0.1", "AF_INET"), ("udp://[::1]:0", "::1", "AF_INET6")]
    {
        let stub = rules.serve(endpoint, &["--default", UNKNOWN]);
        let script = format!(
            "s = socket.socket(socket.{family}, socket.SOCK_DGRAM)\n\
             for course in ['CS101', 'CS999', 'CS201\\n']:\n\
             \x20   s.sendto(course.encode(), ('{host}', int(sys.argv[1])))\n\
             \x20   say(s.recvfrom(1024)[0].decode())\n"
        );
        let Some(client) = python(&script, [stub.port().to_string()]) else { return };
        let said = format!("Programming, 4 credits\n{UNKNOWN}\nAlgorithms\n");
        client.wait().exits(0).prints(said);
    }
}

#[test]
fn a_unix_datagram_and_a_packet_get_their_reply() {
    let rules = Rules::new("courses.csv", COURSES);
    let path = rules.file("s");
    let stub = rules.serve(&format!("unix-dgram:{path}"), &[]);
    stub.listening();
    let script = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1] + '.client')
s.sendto(b'CS201', sys.argv[1])
say(s.recvfrom(1024)[0].decode())
";
    let Some(client) = python(script, [&path]) else { return };
    client.wait().exits(0).prints("Algorithms\n");

    let path = rules.file("p");
    let stub = rules.serve(&format!("unix-seqpacket:{path}"), &[]);
    stub.listening();
    let script = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
for course in (b'CS201', b'CS101'):
    s.sendall(course)
for _ in range(2):
    say(s.recv(1024).decode())
";
    let Some(client) = python(script, [&path]) else { return };
    client.wait().exits(0).prints("Algorithms\nProgramming, 4 credits\n");
}

#[test]
fn two_hundred_clients_at_once_each_get_their_own() {
    let rows = (0..200).map(|row| format!("course {row},answer {row}\n")).collect::<String>();
    let rules = Rules::new("many.csv", rows);
    let stub = rules.serve("127.0.0.1:0", &[]);
    let script = "
clients = [dial(sys.argv[1]) for _ in range(200)]
for turn in range(5):
    for number, client in enumerate(clients):
        client.sendall(b'course %d' % ((number + turn) % 200))
    for number, client in enumerate(clients):
        wanted = b'answer %d' % ((number + turn) % 200)
        assert client.recv(1024) == wanted, (number, turn)
say('done')
";
    let Some(client) = python(script, [stub.port().to_string()]) else { return };
    client.wait().exits(0).prints("done\n");
}

#[test]
fn a_silent_client_does_not_stop_the_others() {
    let rules = Rules::new("courses.csv", COURSES);
    let stub = rules.serve("127.0.0.1:0", &[]);
    let address = stub.listening();
    let mut silent = Wires::Tcp.connect(&address);
    let mut other = Wires::Tcp.connect(&address);
    gets(&mut other, "CS201", "Algorithms");
    gets(&mut silent, "CS201", "Algorithms");
}

#[test]
fn each_framing_finds_its_requests() {
    let rules = Rules::new("t.csv", "a,one\nb,\"two\nlines\"\n");
    for (framing, asked, said) in [
        ("line", &b"a\r\nb\na"[..], &b"one\ntwo\nlines\none\n"[..]),
        ("crlf", b"a\r\nb\r\n", b"one\r\ntwo\nlines\r\n"),
        ("nul", b"a\0b\0", b"one\0two\nlines\0"),
        ("len32", b"\0\0\0\x01a\0\0\0\x01b", b"\0\0\0\x03one\0\0\0\x09two\nlines"),
        ("raw", b"a", b"one"),
    ] {
        let (_stub, mut wire) = rules.connected(&["--framing", framing]);
        wire.say(asked);
        wire.finish();
        assert_eq!(wire.hear_to_end(), said, "{framing}");
    }
}

#[test]
fn coax_ask_is_a_client_like_any_other() {
    let rules = Rules::new("courses.csv", COURSES);
    let stub = rules.serve("127.0.0.1:0", &[]);
    let address = stub.listening();
    coax(&["ask", &address, "CS201"]).run().exits(0).prints("Algorithms\n");
}

#[test]
fn without_an_endpoint_a_port_of_this_machine_is_chosen() {
    let rules = Rules::new("courses.csv", COURSES);
    let stub = coax(&["stub"]).arg(&rules.path).start();
    let address = stub.listening();
    assert!(address.starts_with("127.") || address.starts_with("[::1]"), "{address}");
}

#[test]
fn a_client_that_asks_and_never_reads_stops_being_read() {
    let reply = "x".repeat(60_000);
    let rules = Rules::new("big.csv", "a,one\n");
    let stub = rules.serve("127.0.0.1:0", &["--framing", "line", "--default", &reply]);
    let address = stub.listening();
    let greedy = Wires::Tcp.connect(&address);
    // It takes no more than buffers hold: 64 MiB would be taken by a stub that kept all replies.
    let taken = testkit::fill(&greedy);
    assert!(taken < 32 << 20, "{taken} bytes of requests were taken");
    let status = std::fs::read_to_string(format!("/proc/{}/status", stub.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib = peak.split_whitespace().next().unwrap().parse::<u64>().unwrap();
    assert!(kib < 200 << 10, "{kib} KiB at the peak");
    let mut other = Wires::Tcp.connect(&address);
    gets(&mut other, "a\n", "one\n");
}
