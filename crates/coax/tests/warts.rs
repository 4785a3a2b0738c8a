//! The netcat acceptance table: both directions end and deliver on their own.
//!
//! One direction is tested while the opposite one is quiet, back-pressured or already ended; data
//! must arrive and the end must arrive, in and out, as client and as server, over TCP and Unix
//! sockets. The table is the one of "14 complaints about 11 implementations of netcat".
//!
//! The peer is a plain socket in this process.

use std::fs::File;

use testkit::{Pattern, Program, Running, Wire, Wires, fill, push};

/// What the direction that is not tested does.
#[derive(Clone, Copy, Debug)]
enum Opposite {
    Quiet,
    BackPressured,
    Ended,
}

/// What must arrive.
#[derive(Clone, Copy, Debug)]
enum Delivery {
    Data,
    End,
}

/// Which end of the connection coax is.
#[derive(Clone, Copy, Debug)]
enum Role {
    Client,
    Server,
}

/// coax, its stdin, its peer, and what keeps a Unix socket's directory.
struct Session {
    coax: Running,
    stdin: Option<File>,
    peer: Wire,
    _place: Option<tempfile::TempDir>,
}

fn session(role: Role, wires: Wires, hold_stdout: bool) -> Session {
    let program = |verb: &str, endpoint: &str| {
        let program = Program::new(env!("CARGO_BIN_EXE_coax")).arg(verb).arg(endpoint);
        if hold_stdout { program.hold_stdout() } else { program }.start()
    };
    let (mut coax, peer, place) = match role {
        Role::Client => {
            let port = wires.listen();
            let coax = program("connect", &port.endpoint);
            (coax, port.accept(), None)
        }
        Role::Server => {
            let (endpoint, place) = wires.free_endpoint();
            let coax = program("listen", &endpoint);
            let peer = wires.connect(&coax.listening());
            (coax, peer, place)
        }
    };
    let stdin = Some(coax.take_input());
    Session { coax, stdin, peer, _place: place }
}

/// From the peer to stdout, while stdin → peer is `opposite`.
fn inward(role: Role, wires: Wires, opposite: Opposite, delivery: Delivery) {
    let Session { coax, mut stdin, mut peer, _place } = session(role, wires, false);
    let mut pending = 0;
    match opposite {
        Opposite::Quiet => {}
        Opposite::BackPressured => pending = fill(stdin.as_ref().expect("not taken yet")),
        Opposite::Ended => {
            drop(stdin.take());
            assert_eq!(peer.hear_to_end(), b"");
        }
    }
    peer.say("hello\n");
    if let Delivery::End = delivery {
        peer.finish();
        coax.expect_end_of_stdout();
    }
    coax.expect_out("hello\n");
    if let Some(stdin) = stdin {
        assert!(coax.is_running(), "stdin is still open, so there may be more to deliver");
        assert!(peer.hear(pending) == Pattern::first(pending), "every byte, in order");
        push(&stdin, b"last words");
        drop(stdin);
        assert_eq!(peer.hear_to_end(), b"last words");
    }
    drop(peer);
    coax.wait().exits(0).prints("hello\n");
}

/// From stdin to the peer, while peer → stdout is `opposite`.
fn outward(role: Role, wires: Wires, opposite: Opposite, delivery: Delivery) {
    let held = matches!(opposite, Opposite::BackPressured);
    let Session { mut coax, stdin, mut peer, _place } = session(role, wires, held);
    let stdin = stdin.expect("not taken yet");
    let mut pending = 0;
    match opposite {
        Opposite::Quiet => {}
        Opposite::BackPressured => pending = fill(&peer),
        Opposite::Ended => {
            peer.finish();
            coax.expect_end_of_stdout();
        }
    }
    push(&stdin, b"hello\n");
    match delivery {
        Delivery::Data => {
            assert_eq!(peer.hear(6), b"hello\n");
            drop(stdin);
            assert_eq!(peer.hear_to_end(), b"");
        }
        Delivery::End => {
            drop(stdin);
            assert_eq!(peer.hear_to_end(), b"hello\n");
        }
    }
    if held {
        assert!(coax.is_running(), "stdout is behind, so there is more to deliver");
        coax.read_stdout();
        assert!(coax.expect_bytes(pending) == Pattern::first(pending), "every byte, in order");
    }
    drop(peer);
    let outcome = coax.wait().exits(0);
    assert_eq!(outcome.stdout.len(), pending);
}

/// One test for each row, named by it.
macro_rules! table {
    ($($direction:ident $name:ident: $role:ident $wires:ident $opposite:ident $delivery:ident;)*) => {
        $(
            #[test]
            fn $name() {
                $direction(Role::$role, Wires::$wires, Opposite::$opposite, Delivery::$delivery);
            }
        )*
    };
}

table! {
    inward client_tcp_inward_data_while_the_other_way_is_quiet: Client Tcp Quiet Data;
    inward client_tcp_inward_end_while_the_other_way_is_quiet: Client Tcp Quiet End;
    inward client_tcp_inward_data_while_the_other_way_is_back_pressured: Client Tcp BackPressured Data;
    inward client_tcp_inward_end_while_the_other_way_is_back_pressured: Client Tcp BackPressured End;
    inward client_tcp_inward_data_while_the_other_way_is_ended: Client Tcp Ended Data;
    inward client_tcp_inward_end_while_the_other_way_is_ended: Client Tcp Ended End;
    outward client_tcp_outward_data_while_the_other_way_is_quiet: Client Tcp Quiet Data;
    outward client_tcp_outward_end_while_the_other_way_is_quiet: Client Tcp Quiet End;
    outward client_tcp_outward_data_while_the_other_way_is_back_pressured: Client Tcp BackPressured Data;
    outward client_tcp_outward_end_while_the_other_way_is_back_pressured: Client Tcp BackPressured End;
    outward client_tcp_outward_data_while_the_other_way_is_ended: Client Tcp Ended Data;
    outward client_tcp_outward_end_while_the_other_way_is_ended: Client Tcp Ended End;
    inward client_unix_inward_data_while_the_other_way_is_quiet: Client Unix Quiet Data;
    inward client_unix_inward_end_while_the_other_way_is_quiet: Client Unix Quiet End;
    inward client_unix_inward_data_while_the_other_way_is_back_pressured: Client Unix BackPressured Data;
    inward client_unix_inward_end_while_the_other_way_is_back_pressured: Client Unix BackPressured End;
    inward client_unix_inward_data_while_the_other_way_is_ended: Client Unix Ended Data;
    inward client_unix_inward_end_while_the_other_way_is_ended: Client Unix Ended End;
    outward client_unix_outward_data_while_the_other_way_is_quiet: Client Unix Quiet Data;
    outward client_unix_outward_end_while_the_other_way_is_quiet: Client Unix Quiet End;
    outward client_unix_outward_data_while_the_other_way_is_back_pressured: Client Unix BackPressured Data;
    outward client_unix_outward_end_while_the_other_way_is_back_pressured: Client Unix BackPressured End;
    outward client_unix_outward_data_while_the_other_way_is_ended: Client Unix Ended Data;
    outward client_unix_outward_end_while_the_other_way_is_ended: Client Unix Ended End;
    inward server_tcp_inward_data_while_the_other_way_is_quiet: Server Tcp Quiet Data;
    inward server_tcp_inward_end_while_the_other_way_is_quiet: Server Tcp Quiet End;
    inward server_tcp_inward_data_while_the_other_way_is_back_pressured: Server Tcp BackPressured Data;
    inward server_tcp_inward_end_while_the_other_way_is_back_pressured: Server Tcp BackPressured End;
    inward server_tcp_inward_data_while_the_other_way_is_ended: Server Tcp Ended Data;
    inward server_tcp_inward_end_while_the_other_way_is_ended: Server Tcp Ended End;
    outward server_tcp_outward_data_while_the_other_way_is_quiet: Server Tcp Quiet Data;
    outward server_tcp_outward_end_while_the_other_way_is_quiet: Server Tcp Quiet End;
    outward server_tcp_outward_data_while_the_other_way_is_back_pressured: Server Tcp BackPressured Data;
    outward server_tcp_outward_end_while_the_other_way_is_back_pressured: Server Tcp BackPressured End;
    outward server_tcp_outward_data_while_the_other_way_is_ended: Server Tcp Ended Data;
    outward server_tcp_outward_end_while_the_other_way_is_ended: Server Tcp Ended End;
    inward server_unix_inward_data_while_the_other_way_is_quiet: Server Unix Quiet Data;
    inward server_unix_inward_end_while_the_other_way_is_quiet: Server Unix Quiet End;
    inward server_unix_inward_data_while_the_other_way_is_back_pressured: Server Unix BackPressured Data;
    inward server_unix_inward_end_while_the_other_way_is_back_pressured: Server Unix BackPressured End;
    inward server_unix_inward_data_while_the_other_way_is_ended: Server Unix Ended Data;
    inward server_unix_inward_end_while_the_other_way_is_ended: Server Unix Ended End;
    outward server_unix_outward_data_while_the_other_way_is_quiet: Server Unix Quiet Data;
    outward server_unix_outward_end_while_the_other_way_is_quiet: Server Unix Quiet End;
    outward server_unix_outward_data_while_the_other_way_is_back_pressured: Server Unix BackPressured Data;
    outward server_unix_outward_end_while_the_other_way_is_back_pressured: Server Unix BackPressured End;
    outward server_unix_outward_data_while_the_other_way_is_ended: Server Unix Ended Data;
    outward server_unix_outward_end_while_the_other_way_is_ended: Server Unix Ended End;
}
