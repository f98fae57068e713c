"""What is typed while something is live is not drawn into it."""

from __future__ import annotations

import os
import termios
from typing import IO, Any

_LOCAL = 3  # where termios keeps the flags that ECHO is one of


class Echo:
    """The echo of the terminal that `stream` is, if it is one. Ctrl-C and Ctrl-Z work without it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._former: list[Any] = []  # how the terminal was set; empty while the echo is on

    def off(self) -> None:
        fd = self._terminal()
        if fd >= 0 and not self._former:
            self._former = termios.tcgetattr(fd)
            quiet = [*self._former]
            quiet[_LOCAL] &= ~termios.ECHO
            termios.tcsetattr(fd, termios.TCSANOW, quiet)

    def on(self, forget: bool) -> None:
        """As it was. `forget` what was typed meanwhile: nobody saw it, so it is no answer; else the shell gets it."""
        fd, former = self._terminal(), self._former
        self._former = []
        if fd >= 0 and former:
            termios.tcsetattr(fd, termios.TCSAFLUSH if forget else termios.TCSANOW, former)

    def _terminal(self) -> int:
        """-1 where it is none, or somebody else's: a job in the background that sets a terminal would be stopped."""
        try:
            fd = self._stream.fileno()
            return fd if os.tcgetpgrp(fd) == os.getpgrp() else -1
        except OSError:
            return -1
