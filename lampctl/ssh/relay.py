"""A command on a host whose streams are those of this process, live and as bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from lampctl.errors import LampctlError
from lampctl.ssh.batch import BEGIN, Batch
from lampctl.ssh.limits import READ_LIMITS
from lampctl.ssh.transport import Transport, Wire, not_root

CHUNK = 65536
_KEPT = 16_384  # bytes of stderr before the command began: its end says what went wrong
Read = Callable[[], bytes]
Write = Callable[[bytes], None]


def relay(
    transport: Transport, batch: Batch, boundary: str, began: Callable[[str], None], source: Read, output: Write
) -> int:
    """Run the batch's command to its end, and return its exit code.

    Args:
        boundary: What the script prints on a line of both streams before it starts the command. What comes before is
            not shown; afterwards nothing is read as lampctl's own, because the command may print anything.
        began: Gets the rest of that line.
        source: Gives what the command reads; empty at the end.
        output: Gets what it prints on stdout. Its stderr is this process's.
    """
    wire = transport.wire(batch)
    errors = _Errors(wire, boundary.encode())
    head, rest = _prelude(wire.read, boundary.encode())
    if not head.startswith(boundary):
        code = wire.finish()
        errors.join()
        raise _not_begun(transport, code, BEGIN in head, errors.before)
    began(head.removeprefix(boundary).strip())
    Thread(target=_send, args=(wire, source), daemon=True).start()
    if rest:
        output(rest)
    while chunk := wire.read():
        output(chunk)
    errors.join()
    return wire.finish()


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _prelude(read: Read, boundary: bytes) -> tuple[str, bytes]:
    """(the line that begins with the boundary, what follows it); without one, (all that came, nothing)."""
    found = b""
    while len(found) < READ_LIMITS.line and (chunk := read()):
        found += chunk
        start = 0 if found.startswith(boundary) else found.find(b"\n" + boundary) + 1
        if (start or found.startswith(boundary)) and (end := found.find(b"\n", start)) >= 0:
            return found[start:end].decode(errors="replace"), found[end + 1 :]
    return found.decode(errors="replace"), b""


def _send(wire: Wire, source: Read) -> None:
    """Pass on what the command reads, and its end. A command that has ended reads no more."""
    with suppress(OSError, EOFError):
        while chunk := source():
            wire.write(chunk)
        wire.write(b"")


class _Errors(Thread):
    """Passes the command's stderr on, in a thread of its own. `before`: what came before the command."""

    def __init__(self, wire: Wire, boundary: bytes) -> None:
        super().__init__(daemon=True)
        self._wire, self._boundary = wire, boundary
        self.before = ""
        self.start()

    def run(self) -> None:
        head, rest = _prelude(self._wire.read_errors, self._boundary)
        self.before = head[-_KEPT:].strip()
        with suppress(OSError):  # nobody reads our stderr: the host must not block because of it
            write_all(2, rest)
        while chunk := self._wire.read_errors():
            with suppress(OSError):
                write_all(2, chunk)


def _not_begun(transport: Transport, code: int, as_root: bool, stderr: str) -> LampctlError:
    if not as_root:
        return not_root(transport.host, code, stderr, transport.has_sudo_password)
    return LampctlError(
        f"{transport.host}: the command could not be started (exit code {code})",
        f"lampctl check {transport.host} shows whether the site is in order",
        kind="not-started",
        evidence=stderr,
    )
