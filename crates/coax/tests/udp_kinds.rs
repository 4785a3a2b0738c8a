//! The other message sockets: Unix datagrams, sequenced packets, and datagrams to everybody.
//!
//! A message stays one message, whole, in either direction. The peers are Python programs.

use testkit::{Program, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

#[test]
fn a_unix_datagram_is_heard_and_answered() {
    let script = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1] + '.me')
s.sendto(b'question', sys.argv[1])
say(repr(s.recvfrom(99)[0]))
";
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    let mut coax = coax(&["listen", &format!("unix-dgram:{path}"), "--count", "2"]).start();
    coax.listening();
    let Some(peer) = python(script, [&path]) else { return };
    coax.expect_out("question");
    coax.send("answer\n");
    peer.wait().exits(0).prints("b'answer'\n");
}

#[test]
fn packets_keep_their_boundaries_both_ways() {
    let script = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
for word in (b'one', b'two'): s.send(word)
say(repr(s.recv(99)), repr(s.recv(99)))
s.close()
";
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    let mut coax = coax(&["listen", &format!("unix-seqpacket:{path}")]).start();
    coax.listening();
    let Some(peer) = python(script, [&path]) else { return };
    coax.expect_out("one\ntwo\n");
    coax.send("three\nfour\n");
    peer.wait().exits(0).prints("b'three' b'four'\n");
    coax.end_input();
    coax.wait().exits(0).prints("one\ntwo\n");
}

#[test]
fn packets_reach_a_python_server() {
    let script = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1]); s.listen(1); ready('listening on it')
c, _ = s.accept()
while (word := c.recv(99)): c.send(b'got ' + word)
";
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    let Some(peer) = python(script, [&path]) else { return };
    peer.listening();
    let outcome = coax(&["connect", &format!("unix-seqpacket:{path}")]).run_with("one\ntwo\n");
    outcome.exits(0).prints("got one\ngot two\n");
    peer.wait().exits(0);
}

#[test]
fn one_question_by_datagram_is_answered() {
    let script = "
s = listen(socket.SOCK_DGRAM)
data, sender = s.recvfrom(99)
s.sendto(data.upper(), sender)
";
    let Some(peer) = python(script, [""]) else { return };
    let endpoint = format!("udp://127.0.0.1:{}", peer.port());
    coax(&["ask", &endpoint, "hello"]).run().exits(0).prints("HELLO\n");
}

#[test]
fn an_echo_of_datagrams_answers_each_sender() {
    let script = "
all = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
for n, s in enumerate(all): s.sendto(b'%d' % n, ('127.0.0.1', int(sys.argv[1])))
for n, s in enumerate(all): assert s.recvfrom(99)[0] == b'%d' % n
say('all')
";
    let coax = coax(&["listen", "udp://127.0.0.1:0", "--echo"]).start();
    let Some(peer) = python(script, [coax.port().to_string()]) else { return };
    peer.wait().exits(0).prints("all\n");
}

#[test]
fn everybody_on_the_network_is_asked() {
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 0)); ready('listening on 0.0.0.0:%d' % s.getsockname()[1])
data, sender = s.recvfrom(99)
say(repr(data)); s.sendto(b'here', sender)
";
    let Some(peer) = python(script, [""]) else { return };
    // The broadcast address of the loopback: nobody else hears it.
    let endpoint = format!("udp://127.255.255.255:{}?broadcast=true", peer.port());
    let mut coax = coax(&["connect", &endpoint, "--idle", "5s"]).start();
    coax.send("anyone?\n");
    peer.wait().exits(0).prints("b'anyone?'\n");
    coax.expect_out("here");
}
