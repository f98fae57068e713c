"""Lines from bytes that arrive in chunks, within limits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Thread

from lampctl.ssh.limits import Limits, too_long, too_slow

CHUNK = 65536  # bytes to read at once
_LINE_OVERHEAD = 64  # bytes that a string takes in memory beside its text
_KEPT = 16_384  # bytes to keep of stderr: its end says what went wrong


def read_lines(host: str, read: Callable[[float], bytes], limits: Limits) -> Iterator[str]:
    """Yield each line as soon as it is complete. LampctlError names the limit that the host exceeded.

    `read` waits for at most the given number of seconds, then raises TimeoutError; it returns b"" at the end.
    """
    return split(_chunks(host, read, limits), host, limits.line)


def _chunks(host: str, read: Callable[[float], bytes], limits: Limits) -> Iterator[bytes]:
    began, total = time.monotonic(), 0
    while True:
        left = limits.total - (time.monotonic() - began)
        if left <= 0:
            raise too_slow(host, limits.total, silent=False)
        try:
            chunk = read(min(limits.silence, left))
        except TimeoutError:
            if left > limits.silence:
                raise too_slow(host, limits.silence, silent=True) from None
            continue
        total += len(chunk) + _LINE_OVERHEAD * chunk.count(b"\n")
        if total > limits.answer:
            raise too_long(host, "its answer", limits.answer)
        if not chunk:
            return
        yield chunk


def split(chunks: Iterable[bytes], host: str, limit: int) -> Iterator[str]:
    """Yield each line, without its newline, when it ends; invalid UTF-8 is replaced. `limit`: bytes of a line."""
    rest: list[bytes] = []
    length = 0
    for chunk in chunks:
        head, newline, tail = chunk.partition(b"\n")
        rest.append(head)
        length += len(head)
        if length > limit:
            raise too_long(host, "a line of its answer", limit)
        if not newline:
            continue
        yield b"".join(rest).decode(errors="replace")
        *complete, last = tail.split(b"\n")
        for line in complete:
            yield line.decode(errors="replace")
        rest, length = [last], len(last)
    if any(rest):
        yield b"".join(rest).decode(errors="replace")


class StderrReader(Thread):
    """Reads stderr to its end in a thread of its own: the host blocks while its stderr is not read.

    `overflowed`: it was longer than `limit` bytes, and `stop` was called.
    """

    def __init__(self, read: Callable[[], bytes], limit: int, stop: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._read = read
        self._limit = limit
        self._stop = stop
        self._kept: deque[bytes] = deque()
        self.overflowed = False
        self.start()

    def run(self) -> None:
        total = 0
        while chunk := self._chunk():
            total += len(chunk)
            self._kept.append(chunk)
            while sum(map(len, self._kept)) - len(self._kept[0]) >= _KEPT:
                self._kept.popleft()
            if total > self._limit:
                self.overflowed = True
                with suppress(OSError, EOFError):  # the connection is gone already
                    self._stop()
                return

    def _chunk(self) -> bytes:
        while True:
            try:
                return self._read()
            except TimeoutError:
                continue
            except (OSError, ValueError):  # it was closed
                return b""

    def text(self, seconds: float) -> str:
        """The last 16 KiB of stderr, once it is complete or after this many seconds."""
        self.join(seconds)
        return b"".join(self._kept)[-_KEPT:].decode(errors="replace")
