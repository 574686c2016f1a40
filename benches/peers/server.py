"""Echo servers on asyncio, uvloop and gevent. Usage: FLAVOUR PORT; serves until it is killed.

FLAVOUR is protocol or streams, the same with uvloop- before it, or gevent.
"""
import asyncio
import sys

BUFFER = 4096


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def protocol(port):
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


async def connection(reader, writer):
    while data := await reader.read(BUFFER):
        writer.write(data)
        await writer.drain()
    writer.close()


async def streams(port):
    server = await asyncio.start_server(connection, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def gevent(port):
    from socket import IPPROTO_TCP, TCP_NODELAY

    from gevent.server import StreamServer

    def connection(socket, address):
        socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        while data := socket.recv(BUFFER):
            socket.sendall(data)

    StreamServer(("127.0.0.1", port), connection, backlog=1024).serve_forever()


def main():
    flavour, port = sys.argv[1], int(sys.argv[2])
    if flavour == "gevent":
        return gevent(port)
    serve = {"protocol": protocol, "streams": streams}[flavour.removeprefix("uvloop-")](port)
    if flavour.startswith("uvloop-"):
        import uvloop

        return uvloop.run(serve)
    asyncio.run(serve)


main()
