"""A loopback server that sends a given answer at a given pace, and then closes or resets the connection, or keeps it open."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from lampctl.journal.events import Event
from lampctl.outcome import Outcome


@dataclass(frozen=True)
class Server:
    """Sends `answer` in pieces of `piece` bytes, `pause` seconds before each; then closes, or keeps the connection open."""

    answer: bytes
    closes: bool = True
    piece: int = 1 << 20
    pause: float = 0.0
    resets: bool = False


@dataclass
class _Running:
    """A running server. `requests`: those it has received; `over` stops it."""

    server: Server
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if request := connection.recv(65536):  # smoke connects to each address first
                self.requests.append(request)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        for start in range(0, len(self.server.answer), self.server.piece):
            if self.over.wait(self.server.pause):
                return
            connection.sendall(self.server.answer[start : start + self.server.piece])
        if self.server.resets:
            time.sleep(0.1)  # until the client has read what was sent
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        elif not self.server.closes:
            self.over.wait(10)


@contextmanager
def running(server: Server) -> Iterator[tuple[int, list[bytes]]]:
    """Run a server; yields its port and the list of requests it has received."""
    run = _Running(server)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], run.requests
        finally:
            run.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


class Silent:
    """A reporter that shows nothing."""

    def event(self, event: Event) -> None: ...

    def outcome(self, outcome: Outcome) -> None: ...

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None: ...

    def close(self) -> None: ...
