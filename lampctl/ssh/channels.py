"""Batches and tunnels over one SSH connection."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial

import paramiko

from lampctl.errors import LampctlError, Unreachable
from lampctl.ssh.batch import Batch
from lampctl.ssh.limits import Limits, too_long, too_slow
from lampctl.ssh.lines import CHUNK, StderrReader, read_lines
from lampctl.ssh.options import Connection
from lampctl.ssh.transport import encode_batch

_CONNECT_FAILED = 2  # RFC 4254, 5.1: SSH_OPEN_CONNECT_FAILED
_SESSION_WAIT = 5.0  # seconds
_REPLY_WAIT = 30.0  # seconds; sshd replies before it has done anything
_PART = 1 << 18  # bytes that are sent at once


class SshTransport:
    """A fabric connection. Several threads can use it at once.

    Batches and tunnels are channels of the connection: fabric's `run(in_stream=…)` takes seconds for a few hundred
    bytes, and its `forward_local` listens on a port that every user of this machine can connect to.
    """

    def __init__(
        self,
        connection: Connection,
        host: str,
        address: str,
        sudo_password: str | None,
        owned: Sequence[Connection] = (),
    ) -> None:
        """`owned`: the connections to close at the end, in the order in which they were opened."""
        self.round_trips = 0
        self.host = host
        self.address = address
        self._connection = connection
        self._sudo_password = sudo_password
        self._owned = owned
        self._sudo_checked = False

    @property
    def direct(self) -> bool:
        return bool(self.address)

    @property
    def has_sudo_password(self) -> bool:
        return self._sudo_password is not None

    def start(self, batch: Batch) -> SshSession:
        channel, stdin = self._begin(batch)
        return SshSession(channel, self.host, stdin, batch.limits)

    def wire(self, batch: Batch) -> SshWire:
        return SshWire(self.host, *self._begin(batch))

    def _begin(self, batch: Batch) -> tuple[paramiko.Channel, bytes]:
        """The channel of a batch that is about to read its stdin."""
        self.round_trips += 1
        command, stdin = encode_batch(batch, self._sudo_password, self._sudo_checked)
        self._sudo_checked = True  # if this batch can't become root, there is no second one
        try:
            channel = self._session()
            with _closed_after(_REPLY_WAIT, channel):
                channel.exec_command(command)
            return channel, stdin
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise connection_lost(self.host, error) from error

    def tunnel(self, port: int, timeout: float) -> paramiko.Channel:
        self.round_trips += 1
        try:
            return self._connection.transport.open_channel(  # type: ignore[no-any-return]
                "direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 0), timeout=timeout
            )
        except paramiko.ChannelException as error:
            if error.code == _CONNECT_FAILED:
                raise ConnectionRefusedError(f"nothing listens on 127.0.0.1:{port}") from error
            raise OSError(f"sshd refused the tunnel to 127.0.0.1:{port}: {error.text}") from error
        except paramiko.SSHException as error:
            raise OSError(f"sshd refused the tunnel to 127.0.0.1:{port}: {error}") from error

    def _session(self) -> paramiko.Channel:
        """Open a session; retry if sshd allows few (MaxSessions) and has not noticed yet that the last one ended."""
        deadline = time.monotonic() + _SESSION_WAIT
        while True:
            try:
                return self._connection.transport.open_session(timeout=30)  # type: ignore[no-any-return]
            except paramiko.ChannelException as error:
                if error.code != _CONNECT_FAILED or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        close_all(self._owned)


def close_all(connections: Sequence[Connection]) -> None:
    """Close the connections of a route, the last one first: fabric does not close gateways."""
    for connection in reversed(connections):
        connection.close()


@contextlib.contextmanager
def _closed_after(seconds: float, channel: paramiko.Channel) -> Iterator[None]:
    """Close the channel if the block takes longer: paramiko waits forever for the reply to a request."""
    timer = threading.Timer(seconds, channel.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _send(channel: paramiko.Channel, data: bytes) -> None:
    """Send all of it, in parts: for each packet of 32 KiB, paramiko's `sendall` copies what is left of its argument."""
    for start in range(0, len(data), _PART):
        channel.sendall(data[start : start + _PART])


class SshSession:
    """One batch."""

    def __init__(self, channel: paramiko.Channel, host: str, stdin: bytes, limits: Limits) -> None:
        self._channel = channel
        self._host = host
        self._limits = limits
        channel.settimeout(limits.silence)
        self._stderr = StderrReader(partial(channel.recv_stderr, CHUNK), limits.errors, channel.close)
        with contextlib.suppress(OSError):  # the script can end before it has read everything: its exit code says why
            _send(channel, stdin)

    def lines(self) -> Iterator[str]:
        try:
            yield from read_lines(self._host, self._read, self._limits)
        except LampctlError:
            self._channel.close()
            raise
        self._check()

    def _read(self, seconds: float) -> bytes:
        self._channel.settimeout(seconds)
        return self._channel.recv(CHUNK)

    def _check(self) -> None:
        if self._stderr.overflowed:
            raise too_long(self._host, "its error output", self._limits.errors)

    def proceed(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.sendall(b"\n")

    def finish(self) -> tuple[int, str]:
        ended = self._channel.status_event.wait(self._limits.silence)
        code = self._channel.recv_exit_status() if ended else -1
        stderr = self._stderr.text(_REPLY_WAIT)
        transport = self._channel.get_transport()
        self._channel.close()
        self._check()
        if not ended:
            raise too_slow(self._host, self._limits.silence, silent=True)
        if code == -1:
            raise connection_lost(self._host, transport.get_exception() if transport else None)
        return code, stderr


class SshWire:
    """The streams of one batch."""

    def __init__(self, host: str, channel: paramiko.Channel, stdin: bytes) -> None:
        self._host = host
        self._channel = channel
        channel.settimeout(None)
        with contextlib.suppress(OSError):  # as for a session
            _send(channel, stdin)

    def read(self) -> bytes:
        return self._channel.recv(CHUNK)

    def read_errors(self) -> bytes:
        return self._channel.recv_stderr(CHUNK)

    def write(self, data: bytes) -> None:
        if data:
            _send(self._channel, data)
        else:
            self._channel.shutdown_write()

    def finish(self) -> int:
        code = self._channel.recv_exit_status()
        transport = self._channel.get_transport()
        self._channel.close()
        if code == -1:
            raise connection_lost(self._host, transport.get_exception() if transport else None)
        return code


def connection_lost(host: str, error: BaseException | None) -> Unreachable:
    return Unreachable(
        f"{host}: the connection was lost",
        "what was running on the host finishes there or is rolled back; rerun lampctl to see",
        kind="connection-lost",
        evidence=str(error or ""),
    )
