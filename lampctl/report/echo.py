"""Typed keys are not echoed into a live view."""

from __future__ import annotations

import os
import termios
from typing import IO, Any

_LOCAL = 3  # the index of termios' flags that include ECHO


class Echo:
    """The echo of the terminal that `stream` writes to, if any. Ctrl-C and Ctrl-Z work without echo."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._former: list[Any] = []  # the terminal's settings before; empty while the echo is on

    def off(self) -> None:
        fd = self._terminal()
        if fd >= 0 and not self._former:
            self._former = termios.tcgetattr(fd)
            quiet = [*self._former]
            quiet[_LOCAL] &= ~termios.ECHO
            termios.tcsetattr(fd, termios.TCSANOW, quiet)

    def on(self, forget: bool) -> None:
        """Restore the echo. `forget` discards keys typed meanwhile: they answer nothing. Else the shell gets them."""
        fd, former = self._terminal(), self._former
        self._former = []
        if fd >= 0 and former:
            termios.tcsetattr(fd, termios.TCSAFLUSH if forget else termios.TCSANOW, former)

    def _terminal(self) -> int:
        """The descriptor; -1 if it is not a terminal, or not ours: a background job that sets a terminal is stopped."""
        try:
            fd = self._stream.fileno()
            return fd if os.tcgetpgrp(fd) == os.getpgrp() else -1
        except OSError:
            return -1
