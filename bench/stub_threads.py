"""A table server as people write it, a thread for each client: the peer of `cargo xtask bench stub`."""
import csv
import socket
import sys
import threading

with open(sys.argv[2], newline="") as file:
    table = {request.encode(): reply.encode() for request, reply in csv.reader(file)}


def serve(client):
    while request := client.recv(1024):
        client.sendall(table.get(request, b"not available"))
    client.close()


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(4096)
print("listening on", sys.argv[1], file=sys.stderr, flush=True)
while True:
    client, _ = server.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
