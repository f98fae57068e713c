"""Visitors who request a page repeatedly, over a new connection each time, and record the answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE = 0.005  # seconds between one answer and the next request
PATIENCE = 30  # seconds that a visitor waits for an answer: no less than a browser would


@dataclass
class Visits:
    """The time of each good answer, and how the other requests failed."""

    answered: list[float] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)

    @property
    def gap(self) -> float:
        """The longest time without a good answer, in seconds."""
        longest, since = 0.0, None
        for at, failed in sorted([(at, True) for at, _ in self.failures] + [(at, False) for at in self.answered]):
            since = (at if since is None else since) if failed else None
            longest = max(longest, at - since) if since is not None else longest
        return longest

    @property
    def count(self) -> int:
        return len(self.answered) + len(self.failures)

    @property
    def kinds(self) -> set[str]:
        return {kind for _, kind in self.failures}


@contextmanager
def visiting(
    address: str, good: Callable[[str], bool], name: str = "x", visitors: int = 1, least: int = 0, path: str = "/"
) -> Iterator[Visits]:
    """Visit `path` at http://ADDRESS while the block runs, and then until there were `least` visits."""
    visits, stop = Visits(), threading.Event()

    def loop() -> None:
        while not (stop.is_set() and visits.count >= least):
            kind = visit(address, good, name, path)
            now = time.monotonic()
            if kind:
                visits.failures.append((now, kind))
            else:
                visits.answered.append(now)
            stop.wait(PAUSE)

    threads = [threading.Thread(target=loop) for _ in range(visitors)]
    for thread in threads:
        thread.start()
    try:
        yield visits
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def good(text: str) -> bool:
    """Whether it is the page of the built-in playbook, with its database."""
    return text.startswith("HTTP/1.1 200") and "database lamp_test on" in text


def visit(address: str, good: Callable[[str], bool], name: str, path: str = "/") -> str:
    """Send one request; returns what went wrong, empty if nothing did."""
    try:
        text = get(address, path, name)
    except OSError as error:
        return type(error).__name__
    return "" if good(text) else f"answered {text[:60]!r}"


def get(address: str, path: str = "/", name: str = "x", headers: str = "", port: int = 80) -> str:
    """Send one GET; returns the whole answer."""
    request = f"GET {path} HTTP/1.0\r\nHost: {name}\r\n{headers}\r\n"
    return send(address, request.encode(), port)


def send(address: str, request: bytes, port: int = 80) -> str:
    with socket.create_connection((address, port), PATIENCE) as sock:
        sock.sendall(request)
        return read(sock)


def read(sock: socket.socket) -> str:
    chunks = []
    while chunk := sock.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks).decode(errors="replace")
