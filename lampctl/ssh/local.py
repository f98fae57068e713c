"""The host `local`: this machine, without SSH."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import IO

from lampctl.ssh.batch import Batch
from lampctl.ssh.lines import split
from lampctl.ssh.transport import wire


class LocalTransport:
    """Batches by a shell of this machine."""

    direct = True
    address = "127.0.0.1"

    def __init__(self, sudo_password: str | None) -> None:
        self.round_trips = 0
        self._sudo_password = sudo_password

    def start(self, batch: Batch) -> LocalSession:
        self.round_trips += 1
        return LocalSession(*wire(batch, self._sudo_password))

    def tunnel(self, port: int, timeout: float) -> socket.socket:
        self.round_trips += 1
        return socket.create_connection(("127.0.0.1", port), timeout)

    def close(self) -> None:
        """There is nothing to close."""


class LocalSession:
    """One batch."""

    def __init__(self, command: str, stdin: bytes) -> None:
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the process
        self._process = subprocess.Popen(
            ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
        )
        assert self._process.stdin
        try:
            self._process.stdin.write(stdin)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended before it read everything: its exit code says why

    def lines(self) -> Iterator[str]:
        assert self._process.stdout
        return split(iter(partial(self._process.stdout.read1, 65536), b""))  # type: ignore[attr-defined]

    def proceed(self) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def finish(self) -> tuple[int, str]:
        self.proceed()
        code = self._process.wait()
        with self._stderr as stream:
            stream.seek(0)
            return code, stream.read().decode(errors="replace")
