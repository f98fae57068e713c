"""Bytes that arrive in pieces, as lines; within limits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Thread

from lampctl.ssh.limits import Limits, too_long, too_slow

PIECE = 65536  # bytes that are read at once
_LINE = 64  # bytes that a string takes in memory beside its text
_KEPT = 16_384  # bytes of stderr: its end says what went wrong


def read_lines(host: str, read: Callable[[float], bytes], limits: Limits) -> Iterator[str]:
    """Each line as soon as it is complete. LampctlError names the limit that the host exceeded.

    `read` waits for a number of seconds at most, returns nothing at the end, and raises TimeoutError.
    """
    return split(_pieces(host, read, limits), host, limits.line)


def _pieces(host: str, read: Callable[[float], bytes], limits: Limits) -> Iterator[bytes]:
    began, total = time.monotonic(), 0
    while True:
        left = limits.whole - (time.monotonic() - began)
        if left <= 0:
            raise too_slow(host, limits.whole, silent=False)
        try:
            piece = read(min(limits.silence, left))
        except TimeoutError:
            if left > limits.silence:
                raise too_slow(host, limits.silence, silent=True) from None
            continue
        total += len(piece) + _LINE * piece.count(b"\n")
        if total > limits.answer:
            raise too_long(host, "its answer", limits.answer)
        if not piece:
            return
        yield piece


def split(chunks: Iterable[bytes], host: str, most: int) -> Iterator[str]:
    """Each line without its end, as soon as it is complete; invalid UTF-8 is replaced. `most`: bytes of a line."""
    rest: list[bytes] = []
    length = 0
    for chunk in chunks:
        head, newline, tail = chunk.partition(b"\n")
        rest.append(head)
        length += len(head)
        if length > most:
            raise too_long(host, "a line of its answer", most)
        if not newline:
            continue
        yield b"".join(rest).decode(errors="replace")
        *complete, last = tail.split(b"\n")
        for line in complete:
            yield line.decode(errors="replace")
        rest, length = [last], len(last)
    if any(rest):
        yield b"".join(rest).decode(errors="replace")


class Errors(Thread):
    """Reads stderr to its end in a thread of its own: a host blocks when nobody reads its stderr.

    `full`: it was longer than `most` bytes, and `stop` was called.
    """

    def __init__(self, read: Callable[[], bytes], most: int, stop: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._read = read
        self._most = most
        self._stop = stop
        self._kept: deque[bytes] = deque()
        self.full = False
        self.start()

    def run(self) -> None:
        total = 0
        while piece := self._piece():
            total += len(piece)
            self._kept.append(piece)
            while sum(map(len, self._kept)) - len(self._kept[0]) >= _KEPT:
                self._kept.popleft()
            if total > self._most:
                self.full = True
                with suppress(OSError, EOFError):  # the connection is gone already
                    self._stop()
                return

    def _piece(self) -> bytes:
        while True:
            try:
                return self._read()
            except TimeoutError:
                continue
            except (OSError, ValueError):  # it was closed
                return b""

    def text(self, seconds: float) -> str:
        """Its last 16 KiB, once it is complete or after this many seconds."""
        self.join(seconds)
        return b"".join(self._kept)[-_KEPT:].decode(errors="replace")
