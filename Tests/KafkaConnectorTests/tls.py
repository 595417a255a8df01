"""TLS before a server that has none: tls.py PORT TARGET CERTIFICATE KEY."""

import asyncio
import ssl
import sys

port, target, certificate, key = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]


async def copy(source, sink):
    try:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        sink.close()


async def serve(source, sink):
    there, back = await asyncio.open_connection("127.0.0.1", target)
    await asyncio.gather(copy(source, back), copy(there, sink))


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=context)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
