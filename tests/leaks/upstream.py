"""A server for cases whose services are clients: `upstream()` runs it in a child process.

It answers every GET with `BODY_BYTES` bytes and keeps connections open, as media servers do.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["BODY_BYTES", "upstream"]

BODY_BYTES = 20_000
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % BODY_BYTES


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each head until the client hangs up."""
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER + b"x" * BODY_BYTES)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Print the port, then serve until stdin ends."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the parent reads it
    await asyncio.to_thread(sys.stdin.read)
    server.close()


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    """The server's URL, for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
