"""The gate's WebSocket, judged by Python's `websockets`.

irctest speaks both subprotocols in their plainest form. Here are the things a WebSocket may do besides:
messages in fragments, pings between them, closing from either side, TLS underneath, and what has to
end a connection.
"""

import os
import re
import ssl
import subprocess

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

BOTH = pytest.mark.parametrize("name", ["text.ircv3.net", "binary.ircv3.net"])
WAIT = 20


@pytest.fixture
def port(tmp_path):
    command = [os.environ["COAX_BIN"], "chat", "serve", "--listen", "127.0.0.1:0", "--data"]
    server = subprocess.Popen(
        [*command, tmp_path / "data"], stderr=subprocess.PIPE, text=True
    )
    try:
        for line in server.stderr:
            if found := re.search(r"listening on \S+:(\d+)", line):
                yield int(found[1])
                break
    finally:
        server.terminate()
        server.communicate(timeout=WAIT)


class Page:
    """Somebody on the other end of a WebSocket, and in the chat."""

    def __init__(self, port, nick, name=None, **options):
        offered = [name] if name else None
        scheme = "wss" if "ssl" in options else "ws"
        self.socket = connect(
            f"{scheme}://127.0.0.1:{port}/", subprotocols=offered, legacy=True, **options
        )
        assert self.socket.subprotocol == name
        self.kind = bytes if name == "binary.ircv3.net" else str
        self.say(f"NICK {nick}")
        self.say("USER u 0 * :r")
        self.hear(" 422 ")

    def say(self, *fragments):
        carried = [part.encode() if self.kind is bytes else part for part in fragments]
        self.socket.send(carried[0] if len(carried) == 1 else carried)

    def hear(self, part):
        """Reads on until a message has this in it. Each is one line, without its end."""
        while True:
            message = self.socket.recv(timeout=WAIT)
            assert type(message) is self.kind
            line = message if self.kind is str else message.decode()
            assert "\n" not in line and "\r" not in line
            if part in line:
                return line

    def end(self):
        """What the server closes with."""
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                self.socket.recv(timeout=WAIT)
        return closed.value.rcvd.code


@BOTH
def test_a_line_in_fragments_is_one_line(port, name):
    page = Page(port, "fragments", name)
    page.say("PRIV", "MSG fragments", " :one", " two")
    assert page.hear("PRIVMSG").endswith("PRIVMSG fragments :one two")


@BOTH
def test_a_ping_between_two_fragments_is_answered_at_once(port, name):
    page = Page(port, "pings", name)

    def fragments():
        yield "PRIVMSG pings :before" if page.kind is str else b"PRIVMSG pings :before"
        assert page.socket.ping(b"x" * 125).wait(WAIT)
        yield " after" if page.kind is str else b" after"

    page.socket.send(fragments())
    page.hear(":before after")


@BOTH
def test_lines_with_their_ends_are_as_many_lines(port, name):
    page = Page(port, "lines", name)
    page.say("PRIVMSG lines :first\r\nPRIVMSG lines :second\n")
    page.hear(":first")
    page.hear(":second")


def test_a_letter_may_be_cut_in_two(port):
    page = Page(port, "letters", "binary.ircv3.net")
    whole = "PRIVMSG letters :é".encode()
    page.socket.send([whole[:-1], whole[-1:]])
    page.hear(":é")


@BOTH
def test_a_quit_ends_in_order(port, name):
    page = Page(port, "quits", name)
    page.say("QUIT :enough")
    page.hear("ERROR")
    assert page.end() == 1000


@BOTH
def test_a_close_is_answered_and_others_hear_of_it(port, name):
    stays, goes = Page(port, "stays", name), Page(port, "goes", name)
    for page in (stays, goes):
        page.say("JOIN #closing")
        page.hear(" 366 ")
    goes.socket.close(1001, "away")
    assert goes.socket.close_code == 1001
    stays.hear(":goes!")
    stays.hear(" QUIT ")


def test_text_that_is_none_ends_the_connection(port):
    page = Page(port, "latin", "text.ircv3.net")
    page.socket.send(b"PRIVMSG latin :caf\xe9", text=True)
    assert page.end() == 1007


def test_a_message_longer_than_any_line_ends_the_connection(port):
    page = Page(port, "long", "text.ircv3.net")
    page.say("x" * 20_000)
    assert page.end() == 1009


def test_a_line_too_long_for_irc_is_refused_and_no_more(port):
    page = Page(port, "longer", "text.ircv3.net")
    page.say("PRIVMSG longer :" + "x" * 600)
    page.hear(" 417 ")
    page.say("PRIVMSG longer :short")
    page.hear(":short")


def test_without_a_subprotocol_it_is_text(port):
    page = Page(port, "simple")
    page.say("PRIVMSG simple :hello")
    page.hear(":hello")


def test_the_page_of_a_stranger_may_not_open_it(port):
    with pytest.raises(InvalidStatus) as refused:
        Page(port, "stranger", origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403


def test_tls_is_underneath_on_the_same_port(port):
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    # What a browser offers, though the second is not spoken here.
    trusting.set_alpn_protocols(["http/1.1", "h2"])
    page = Page(port, "secret", "text.ircv3.net", ssl=trusting)
    page.say("WHOIS secret")
    page.hear(" 671 ")
