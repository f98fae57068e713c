"""The host `local`: this machine, without SSH."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
from collections.abc import Iterator
from functools import partial

from lampctl.errors import LampctlError
from lampctl.ssh.batch import Batch
from lampctl.ssh.limits import READ_LIMITS, Limits, too_long, too_slow
from lampctl.ssh.lines import CHUNK, StderrReader, read_lines
from lampctl.ssh.options import LOCAL
from lampctl.ssh.transport import encode_batch

_END_WAIT = 5.0  # seconds, for the stderr of a process that has ended


class LocalTransport:
    """Runs batches in a shell on this machine."""

    host = LOCAL
    direct = True
    address = "127.0.0.1"

    def __init__(self, sudo_password: str | None) -> None:
        self.round_trips = 0
        self._sudo_password = sudo_password
        self._sudo_checked = False

    @property
    def has_sudo_password(self) -> bool:
        return self._sudo_password is not None

    def start(self, batch: Batch) -> LocalSession:
        return LocalSession(*self._encode(batch), batch.limits)

    def wire(self, batch: Batch) -> LocalWire:
        return LocalWire(*self._encode(batch))

    def _encode(self, batch: Batch) -> tuple[str, bytes]:
        self.round_trips += 1
        encoded = encode_batch(batch, self._sudo_password, self._sudo_checked)
        self._sudo_checked = True
        return encoded

    def tunnel(self, port: int, timeout: float) -> socket.socket:
        self.round_trips += 1
        return socket.create_connection(("127.0.0.1", port), timeout)

    def close(self) -> None:
        """There is nothing to close."""


class LocalSession:
    """One batch."""

    def __init__(self, command: str, stdin: bytes, limits: Limits = READ_LIMITS) -> None:
        self._limits = limits
        self._process = subprocess.Popen(
            ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._stdout = self._process.stdout.fileno()
        self._stderr = StderrReader(partial(os.read, self._process.stderr.fileno(), CHUNK), limits.errors, self._stop)
        try:
            self._process.stdin.write(stdin)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the script ended before it had read everything: its exit code says why

    def lines(self) -> Iterator[str]:
        try:
            yield from read_lines(LOCAL, self._read, self._limits)
        except LampctlError:
            self._stop()
            raise
        self._check()

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._stdout], [], [], seconds)[0]:
            raise TimeoutError
        return os.read(self._stdout, CHUNK)

    def _stop(self) -> None:
        with contextlib.suppress(OSError):  # if it is sudo, it belongs to root
            self._process.kill()

    def _check(self) -> None:
        if self._stderr.overflowed:
            raise too_long(LOCAL, "its error output", self._limits.errors)

    def proceed(self) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            if not self._process.stdin.closed:
                self._process.stdin.write(b"\n")
            self._process.stdin.close()

    def finish(self) -> tuple[int, str]:
        self.proceed()
        try:
            code = self._process.wait(self._limits.silence)
        except subprocess.TimeoutExpired:
            raise too_slow(LOCAL, self._limits.silence, silent=True) from None
        stderr = self._stderr.text(_END_WAIT)
        self._check()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream
            stream.close()
        return code, stderr


class LocalWire:
    """The streams of one batch. Ctrl-C at this terminal is not for it: it has a session of its own."""

    def __init__(self, command: str, stdin: bytes) -> None:
        self._process = subprocess.Popen(
            ["sh", "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with contextlib.suppress(BrokenPipeError):  # as for a session
            self.write(stdin)

    def read(self) -> bytes:
        assert self._process.stdout
        return os.read(self._process.stdout.fileno(), CHUNK)

    def read_errors(self) -> bytes:
        assert self._process.stderr
        return os.read(self._process.stderr.fileno(), CHUNK)

    def write(self, data: bytes) -> None:
        assert self._process.stdin
        if data:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        else:
            self._process.stdin.close()

    def finish(self) -> int:
        return self._process.wait()
