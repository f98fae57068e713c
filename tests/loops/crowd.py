"""A crowd that requests pages in closed loops: over new connections, over kept ones, and pages that take 3 and 30 s."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE = 90  # seconds
PAUSE = 0.002  # between one answer and the next request


@dataclass
class Tally:
    """Requests of each loop, what went wrong, and the longest wait for an answer in seconds."""

    answered: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, float, str]] = field(default_factory=list)  # loop, when, what
    longest: float = 0.0

    @property
    def requests(self) -> int:
        return self.answered.total() + len(self.failures)

    @property
    def outage(self) -> float:
        """From the first failure to the last, in seconds."""
        times = [when for _, when, _ in self.failures]
        return max(times) - min(times) if times else 0.0


class Loop:
    """One visitor. `keep`: it sends its requests over one connection, as long as the server keeps it."""

    def __init__(self, address: str, host: str, path: str, *, keep: bool) -> None:
        self._address, self._host, self._path, self._keep = address, host, path, keep
        self._connection: http.client.HTTPConnection | None = None

    @property
    def name(self) -> str:
        return f"{self._path}{' kept' if self._keep else ''}"

    def request(self) -> str:
        """Send one request; returns what went wrong, empty if nothing did.

        A server may close a kept connection between two requests; then a browser sends the request again over a new one.
        """
        reused = self._connection is not None
        try:
            return self._once()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self._close()
            if not reused:
                return type(error).__name__
            try:
                return self._once()
            except (OSError, http.client.HTTPException) as again:
                self._close()
                return type(again).__name__
        except (OSError, http.client.HTTPException) as error:
            self._close()
            return type(error).__name__

    def _once(self) -> str:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, 80, timeout=PATIENCE)
        headers = {"Host": self._host, "Connection": "keep-alive" if self._keep else "close"}
        self._connection.request("GET", self._path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if not self._keep or answer.will_close:
            self._close()
        return "" if answer.status == 200 and body.startswith(b"done") else f"{answer.status} {body[:40]!r}"

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


@contextmanager
def crowd(address: str, host: str, tally: Tally, least: int) -> Iterator[None]:
    """The loops run while the block does, and until `least` requests are in the tally."""
    stop, lock = threading.Event(), threading.Lock()
    loops = [Loop(address, host, "/", keep=keep) for keep in (False, False, True, True)]
    loops += [Loop(address, host, f"/?wait={seconds}", keep=seconds == 3) for seconds in (3, 30)]

    def run(loop: Loop) -> None:
        while not (stop.is_set() and tally.requests >= least):
            began = time.monotonic()
            wrong = loop.request()
            now = time.monotonic()
            with lock:
                tally.longest = max(tally.longest, now - began if "wait" not in loop.name else 0.0)
                if wrong:
                    tally.failures.append((loop.name, now, wrong))
                else:
                    tally.answered[loop.name] += 1
            time.sleep(PAUSE)

    threads = [threading.Thread(target=run, args=[loop]) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
