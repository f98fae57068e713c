"""Batches and tunnels over one SSH connection."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import paramiko

from lampctl.errors import Unreachable
from lampctl.ssh.batch import Batch
from lampctl.ssh.lines import split
from lampctl.ssh.transport import wire

_CONNECT_FAILED = 2  # RFC 4254, 5.1: SSH_OPEN_CONNECT_FAILED
_SESSION_WAIT = 5.0  # seconds


class SshTransport:
    """A connection. Channels may be used from several threads at once."""

    def __init__(self, client: paramiko.SSHClient, host: str, address: str, sudo_password: str | None) -> None:
        self.round_trips = 0
        self.host = host
        self.address = address
        self._client = client
        self._sudo_password = sudo_password

    @property
    def direct(self) -> bool:
        return bool(self.address)

    def start(self, batch: Batch) -> SshSession:
        self.round_trips += 1
        command, stdin = wire(batch, self._sudo_password)
        try:
            channel = self._session()
            channel.exec_command(command)
            return SshSession(channel, self.host, stdin)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise lost(self.host, error) from error

    def tunnel(self, port: int, timeout: float) -> paramiko.Channel:
        self.round_trips += 1
        try:
            return self._transport().open_channel(  # type: ignore[no-any-return]
                "direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 0), timeout=timeout
            )
        except paramiko.ChannelException as error:
            if error.code == _CONNECT_FAILED:
                raise ConnectionRefusedError(f"nothing listens on 127.0.0.1:{port}") from error
            raise OSError(f"sshd refused the tunnel to 127.0.0.1:{port}: {error.text}") from error
        except paramiko.SSHException as error:
            raise OSError(f"sshd refused the tunnel to 127.0.0.1:{port}: {error}") from error

    def _session(self) -> paramiko.Channel:
        """A new session; where sshd allows few (MaxSessions), it may not have noticed yet that the last one ended."""
        deadline = time.monotonic() + _SESSION_WAIT
        while True:
            try:
                return self._transport().open_session(timeout=30)  # type: ignore[no-any-return]
            except paramiko.ChannelException as error:
                if error.code != _CONNECT_FAILED or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        self._client.close()

    def _transport(self) -> Any:
        return self._client.get_transport()


class SshSession:
    """One batch."""

    def __init__(self, channel: paramiko.Channel, host: str, stdin: bytes) -> None:
        self._channel = channel
        self._host = host
        with contextlib.suppress(OSError):  # it may end before it read everything: its exit code says why
            channel.sendall(stdin)

    def lines(self) -> Iterator[str]:
        return split(iter(partial(self._channel.recv, 65536), b""))

    def proceed(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.sendall(b"\n")

    def finish(self) -> tuple[int, str]:
        code = self._channel.recv_exit_status()
        stderr = b"".join(iter(partial(self._channel.recv_stderr, 65536), b""))
        self._channel.close()
        if code == -1:
            raise lost(self._host, None)
        return code, stderr.decode(errors="replace")


def lost(host: str, error: BaseException | None) -> Unreachable:
    return Unreachable(
        f"{host}: the connection broke",
        "what had begun on the host goes on to its end there, or is undone; run lampctl again to see",
        kind="connection-lost",
        evidence=str(error or ""),
    )
