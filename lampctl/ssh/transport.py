"""The seam between the engine and a host: batches and tunnels, counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from lampctl.errors import Unreachable
from lampctl.ssh.batch import BEGIN, NO_PLACE, NO_SUDO, PASSWORD_NEEDED, Batch, command


class Session(Protocol):
    """One running batch."""

    def lines(self) -> Iterator[str]:
        """Output, each line as it arrives, until the script ends."""
        ...

    def proceed(self) -> None:
        """Send the line that the script waits for."""
        ...

    def finish(self) -> tuple[int, str]:
        """Exit code and stderr, once `lines` has ended."""
        ...


class Wire(Protocol):
    """The streams of a running batch, as bytes: for a command with which a user interacts."""

    def read(self) -> bytes:
        """What there is of stdout; empty at its end."""
        ...

    def read_errors(self) -> bytes:
        """What there is of stderr; empty at its end."""
        ...

    def write(self, data: bytes) -> None:
        """Send to its stdin; nothing sends its end. OSError if it no longer reads."""
        ...

    def finish(self) -> int:
        """Its exit code, once both streams have ended."""
        ...


class Transport(Protocol):
    """A connection to one host.

    `host` is the host as the user named it, with which messages and events begin. `round_trips` counts the batches and
    tunnels since the handshake. `address` is where visitors reach the host, `direct` whether it can be reached from
    here without a jump host.
    """

    host: str
    round_trips: int

    @property
    def has_sudo_password(self) -> bool: ...

    @property
    def address(self) -> str: ...

    @property
    def direct(self) -> bool: ...

    def start(self, batch: Batch) -> Session: ...

    def wire(self, batch: Batch) -> Wire: ...

    def tunnel(self, port: int, timeout: float) -> Any:
        """A connected socket, or an object like one, to 127.0.0.1:`port` of the host.

        ConnectionRefusedError if nothing listens there, another OSError if the tunnel is not allowed.
        """
        ...

    def close(self) -> None: ...


def encode_batch(batch: Batch, sudo_password: str | None, sudo_checked: bool = False) -> tuple[str, bytes]:
    """(command, its stdin). `sudo_checked`: an earlier batch became root with the password."""
    archive = batch.archive()
    line = (sudo_password or "").encode() + b"\n"
    return command(len(archive), sudo_password is not None, sudo_checked), 2 * line + archive


def as_root(transport: Transport, session: Session) -> Iterator[str]:
    """The lines that the script prints as root; Unreachable if it could not become root."""
    lines = session.lines()
    for line in lines:
        if line == BEGIN:
            yield from lines
            return
    code, stderr = session.finish()
    raise not_root(transport.host, code, stderr.strip(), transport.has_sudo_password)


def ask(transport: Transport, batch: Batch) -> list[str]:
    """Run a batch to its end: the lines that it prints as root; Unreachable if it could not become root."""
    session = transport.start(batch)
    lines = list(as_root(transport, session))
    session.finish()
    return lines


def _no_place(host: str, stderr: str) -> Unreachable:
    return Unreachable(
        f"{host}: no place for the files of a run: /run, /dev/shm, /tmp and /var/tmp are full or read-only",
        "on the host: df -h /run /tmp; grep ' ro[, ]' /proc/mounts",
        kind="no-space",
        evidence=stderr,
    )


def not_root(host: str, code: int, stderr: str, has_password: bool) -> Unreachable:
    if code == NO_PLACE:
        return _no_place(host, stderr)
    if code == NO_SUDO:
        return Unreachable(
            f"{host}: this user is not root, and there is no sudo",
            "connect as root (--user root), or install sudo on the host",
            kind="sudo",
        )
    if code == PASSWORD_NEEDED:
        return Unreachable(
            f"{host}: sudo does not allow root without a password, and none was given",
            "use --ask-sudo-pass, unless the evidence names another reason",
            kind="sudo",
            evidence=stderr,
        )
    if has_password and code == 1:
        return Unreachable(
            f"{host}: sudo refused the password, or does not allow this user to become root",
            "try `sudo -v` on the host with the same password",
            kind="sudo",
            evidence=stderr,
        )
    return Unreachable(
        f"{host}: could not start a shell as root (exit code {code})",
        "try `ssh HOST sudo true` by hand",
        kind="shell",
        evidence=stderr,
    )
