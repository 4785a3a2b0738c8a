"""An echo server as people write it with asyncio: the peer of `cargo xtask bench echo`."""
import asyncio
import sys


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    print("listening on", sys.argv[1], file=sys.stderr, flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
