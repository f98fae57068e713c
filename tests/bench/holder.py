"""Holds many keep-alive connections, sends a request on each at intervals, and counts the answers.

`python -m tests.bench.holder ADDRESS CONNECTIONS SECONDS` prints one JSON object. It uses only the standard
library, so that several of them can share one measurement.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import socket
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

EVERY = 5.0  # seconds between a connection's requests
RAMP = 5.0  # seconds until all connections are opened
PATIENCE = 10.0  # seconds to wait for an answer
REQUEST = b"GET /c10k.html HTTP/1.1\r\nHost: static.test\r\nUser-Agent: c10k\r\n\r\n"


@dataclass
class Tally:
    """`times`: milliseconds of each answer; `live`: connections that were open and answered to the end."""

    times: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    live: int = 0


async def hold(address: str, start: float, end: float, tally: Tally) -> None:
    """One connection. It is not made again when it breaks: that is what is counted."""
    await asyncio.sleep(start)
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(address, 80), PATIENCE)
    except (OSError, TimeoutError) as error:
        tally.errors[f"connect: {type(error).__name__}"] += 1
        return
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no TIME_WAIT: ports are few
    try:
        while time.monotonic() < end:
            began = time.monotonic()
            await asyncio.wait_for(_ask(reader, writer), PATIENCE)
            tally.times.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(max(0.0, began + EVERY - time.monotonic()))
        tally.live += 1
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        tally.errors[f"answer: {type(error).__name__}"] += 1
    finally:
        writer.transport.abort()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(REQUEST)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise ValueError(head[:20])
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)


async def run(address: str, connections: int, seconds: float) -> Tally:
    tally = Tally()
    end = time.monotonic() + RAMP + seconds
    spread = (random.uniform(0, RAMP) for _ in range(connections))
    await asyncio.gather(*(hold(address, start, end, tally) for start in spread))
    return tally


def main() -> None:
    address, connections, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tally = asyncio.run(run(address, connections, seconds))
    print(json.dumps({"times": tally.times, "errors": tally.errors, "live": tally.live}))


if __name__ == "__main__":
    main()
