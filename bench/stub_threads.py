"""Table servers as people write them, a thread for each client: the peers of `cargo xtask bench stub`."""
import csv
import socket
import socketserver
import sys
import threading

MISSING = b"not available"

with open(sys.argv[2], newline="") as file:
    table = {request.encode(): reply.encode() for request, reply in csv.reader(file)}


def chunk(client):
    """What one recv returns is one request."""
    while request := client.recv(1024):
        client.sendall(table.get(request, MISSING))


def line(client):
    """Line by line, as the documentation of makefile suggests."""
    for request in client.makefile("rb"):
        client.sendall(table.get(request.rstrip(b"\n"), MISSING) + b"\n")


def lines(client):
    """All lines of one recv are answered with one send: Python at its fastest."""
    rest = b""
    while data := client.recv(65536):
        *requests, rest = (rest + data).split(b"\n")
        client.sendall(b"".join([table.get(request, MISSING) + b"\n" for request in requests]))


class Chunks(socketserver.BaseRequestHandler):
    """chunk, as the documentation of socketserver has it."""

    def handle(self):
        while request := self.request.recv(1024):
            self.request.sendall(table.get(request, MISSING))


class Lines(socketserver.StreamRequestHandler):
    """line, as the documentation of socketserver has it."""

    def handle(self):
        for request in self.rfile:
            self.wfile.write(table.get(request.rstrip(b"\n"), MISSING) + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    # The library's own 5 would keep a thousand clients waiting.
    request_queue_size = 4096


if handler := {"Chunks": Chunks, "Lines": Lines}.get(sys.argv[3]):
    with Server(("127.0.0.1", int(sys.argv[1])), handler) as server:
        print("listening on", sys.argv[1], file=sys.stderr, flush=True)
        server.serve_forever()


def serve(client):
    with client:
        {"chunk": chunk, "line": line, "lines": lines}[sys.argv[3]](client)


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(4096)
print("listening on", sys.argv[1], file=sys.stderr, flush=True)
while True:
    client, _ = server.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
