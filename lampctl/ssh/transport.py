"""The seam between the engine and a host: batches and tunnels, counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from lampctl.errors import Unreachable
from lampctl.ssh.batch import BEGIN, NO_SUDO, PASSWORD_NEEDED, Batch, command


class Session(Protocol):
    """One batch that runs."""

    def lines(self) -> Iterator[str]:
        """Output, each line as it arrives, until the script ends."""
        ...

    def proceed(self) -> None:
        """Send the line that the script waits for."""
        ...

    def finish(self) -> tuple[int, str]:
        """Exit code and stderr, once `lines` has ended."""
        ...


class Transport(Protocol):
    """A connection to one host.

    `host` is the host as the user named it, which messages and events begin with. `round_trips` counts the batches and
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

    def tunnel(self, port: int, timeout: float) -> Any:
        """A connected socket, or what acts as one, to 127.0.0.1:`port` of the host.

        ConnectionRefusedError where nothing listens, any other OSError where the tunnel is not allowed.
        """
        ...

    def close(self) -> None: ...


def encode_batch(batch: Batch, sudo_password: str | None, tried: bool = False) -> tuple[str, bytes]:
    """(command, what goes to its stdin). `tried`: an earlier batch became root with the password."""
    archive = batch.archive()
    line = (sudo_password or "").encode() + b"\n"
    return command(len(archive), sudo_password is not None, tried), 2 * line + archive


def as_root(transport: Transport, session: Session) -> Iterator[str]:
    """The lines that the script prints as root; Unreachable where it could not become root."""
    lines = session.lines()
    for line in lines:
        if line == BEGIN:
            yield from lines
            return
    code, stderr = session.finish()
    raise _not_root(transport.host, code, stderr.strip(), transport.has_sudo_password)


def _not_root(host: str, code: int, stderr: str, has_password: bool) -> Unreachable:
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
            f"{host}: sudo refused the password, or this user may not use sudo",
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
