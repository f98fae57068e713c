"""paramiko's transport with limits where it has none: before the host key is checked, anybody can answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko import common, packet

# RFC 4253, 4.2: a version has 255 characters at most; before it a server may print lines, of which paramiko takes 100.
BANNER = 65_536
BANNER_TIME = 60.0  # seconds
PACKET = 1 << 20  # RFC 4253, 6.1: 35,000 bytes have to be taken; OpenSSH takes 256 KiB


class TooMuch(paramiko.SSHException):
    """The host sent more than a limit allows."""


class _Packetizer(packet.Packetizer):  # type: ignore[misc,unused-ignore]
    _banner = 0
    _began = 0.0

    def _read_timeout(self, timeout: float) -> Any:
        """What `readline` reads with, which itself ends with the line only."""
        self._began = self._began or time.monotonic()
        piece = super()._read_timeout(timeout)  # type: ignore[misc,unused-ignore]
        self._banner += len(piece)
        if self._banner > BANNER:
            raise TooMuch(f"its SSH banner is longer than {BANNER // 1024} KiB")
        if time.monotonic() - self._began > BANNER_TIME:
            raise TooMuch(f"its SSH banner was not complete after {BANNER_TIME:.0f} s")
        return piece

    def read_all(self, n: int, check_rekey: bool = False) -> Any:
        if n > PACKET:
            raise TooMuch(f"a packet of {n} bytes; {PACKET} are allowed")
        return super().read_all(n, check_rekey)


def _within_window(feed: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """A channel's data, unless the host sends more than the window that it was given: paramiko keeps all of it."""

    def fed(channel: Any, message: Any) -> None:
        feed(channel, message)
        waiting = len(channel.in_buffer) + len(channel.in_stderr_buffer)
        if waiting > 2 * max(channel.in_window_size, common.DEFAULT_WINDOW_SIZE):
            raise TooMuch("it sends more than SSH's flow control allows")

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
