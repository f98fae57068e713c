"""The terminal's echo, which is off during a live view: typed keys would garble it."""

from __future__ import annotations

import os
import termios
from typing import IO, Any

_LOCAL = 3  # the index of lflag in termios attributes; it includes ECHO


class Echo:
    """The echo of the terminal that `stream` writes to, if any. Ctrl-C and Ctrl-Z work without echo."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._saved: list[Any] = []  # the terminal's settings to restore; empty while the echo is on

    def off(self) -> None:
        fd = self._terminal()
        if fd >= 0 and not self._saved:
            self._saved = termios.tcgetattr(fd)
            settings = [*self._saved]
            settings[_LOCAL] &= ~termios.ECHO
            termios.tcsetattr(fd, termios.TCSANOW, settings)

    def on(self, discard: bool) -> None:
        """Restore the echo.

        Args:
            discard: Drop the keys typed meanwhile, so that they do not answer a question. Else they go to the shell.
        """
        fd, saved = self._terminal(), self._saved
        self._saved = []
        if fd >= 0 and saved:
            termios.tcsetattr(fd, termios.TCSAFLUSH if discard else termios.TCSANOW, saved)

    def _terminal(self) -> int:
        """The descriptor; -1 if not a terminal, or in a background job, which is stopped if it changes the settings."""
        try:
            fd = self._stream.fileno()
            return fd if os.tcgetpgrp(fd) == os.getpgrp() else -1
        except OSError:
            return -1
