"""Visitors who ask for a page all the time, and count what they did not get."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Seen:
    """What the visitors got. `failures`: each answer that was not the page."""

    asked: int = 0
    failures: list[str] = field(default_factory=list)
    enough: int = 2000
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, failure: str) -> None:
        with self._lock:
            self.asked += 1
            self.failures += [failure] if failure else []


@contextmanager
def visitors(address: str, site: str, page: str, count: int = 4) -> Iterator[Seen]:
    """`count` visitors for as long as the block runs, and on until they have asked often enough."""
    seen, leave = Seen(), threading.Event()

    def visit() -> None:
        while not (leave.is_set() and seen.asked >= seen.enough):
            seen.note(_ask(address, site, page))

    threads = [threading.Thread(target=visit, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        leave.set()
        for thread in threads:
            thread.join(120)


def _ask(address: str, site: str, page: str) -> str:
    """Empty where the page came, else what came in its place."""
    connection = http.client.HTTPConnection(address, 80, timeout=20)
    try:
        connection.request("GET", "/", headers={"Host": site})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        return "" if answer.status == 200 and page in body else f"{time.time():.3f} {answer.status} {body[:80]}"
    except (OSError, http.client.HTTPException) as error:
        return f"{time.time():.3f} {error!r}"
    finally:
        connection.close()
