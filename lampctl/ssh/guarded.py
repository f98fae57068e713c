"""paramiko's transport, with the limits that it lacks: until the host key is checked, the peer can be anybody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko import common, packet

# RFC 4253, 4.2: a version has at most 255 characters; a server may print lines before it. paramiko accepts 100 of them.
MAX_BANNER = 65_536  # bytes
MAX_BANNER_SECONDS = 60.0
MAX_PACKET = 1 << 20  # bytes; RFC 4253, 6.1: 35,000 bytes must be accepted; OpenSSH accepts 256 KiB


class LimitExceeded(paramiko.SSHException):
    """The host sent more than a limit allows."""


class _Packetizer(packet.Packetizer):  # type: ignore[misc,unused-ignore]
    _banner = 0
    _began = 0.0

    def _read_timeout(self, timeout: float) -> Any:
        """Read for `readline`, which by itself reads on until the line ends."""
        self._began = self._began or time.monotonic()
        piece = super()._read_timeout(timeout)  # type: ignore[misc,unused-ignore]
        self._banner += len(piece)
        if self._banner > MAX_BANNER:
            raise LimitExceeded(f"its SSH banner is longer than {MAX_BANNER // 1024} KiB")
        if time.monotonic() - self._began > MAX_BANNER_SECONDS:
            raise LimitExceeded(f"its SSH banner was not complete after {MAX_BANNER_SECONDS:.0f} s")
        return piece

    def read_all(self, n: int, check_rekey: bool = False) -> Any:
        if n > MAX_PACKET:
            raise LimitExceeded(f"a packet of {n} bytes; {MAX_PACKET} are allowed")
        return super().read_all(n, check_rekey)


def _within_window(feed: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap `feed` to raise if the host sends more than a channel's window allows: paramiko would buffer all of it."""

    def fed(channel: Any, message: Any) -> None:
        feed(channel, message)
        waiting = len(channel.in_buffer) + len(channel.in_stderr_buffer)
        if waiting > 2 * max(channel.in_window_size, common.DEFAULT_WINDOW_SIZE):
            raise LimitExceeded("it sends more than SSH's flow control allows")

    return fed


class GuardedTransport(paramiko.Transport):
    _channel_handler_table = {
        number: _within_window(handler)
        if number in (common.MSG_CHANNEL_DATA, common.MSG_CHANNEL_EXTENDED_DATA)
        else handler
        for number, handler in paramiko.Transport._channel_handler_table.items()  # type: ignore[attr-defined,unused-ignore]
    }

    def __init__(self, sock: Any, **options: Any) -> None:
        super().__init__(sock, packetizer_class=_Packetizer, **options)
