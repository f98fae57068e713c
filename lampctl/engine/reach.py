"""Reaching a host, also one that is just booting."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from lampctl.errors import Unreachable
from lampctl.journal.events import Event, Noted, Waiting
from lampctl.ssh import ConnectOptions, Target, Transport, open_transport

# What a booting host does. A wrong key, a changed host key or an unknown name don't mend themselves.
NOT_YET = frozenset({"refused", "timeout", "network", "ssh"})
PAUSE = 1.0  # seconds between two attempts


def reach(where: Target, options: ConnectOptions, tell: Callable[[Event], None]) -> Transport:
    """A connection, within `options.wait` seconds where the host is not ready yet; else the last Unreachable."""
    began = time.monotonic()
    told = ""
    while True:
        try:
            return open_transport(where, _hurried(options, options.wait - (time.monotonic() - began)))
        except Unreachable as error:
            waited = time.monotonic() - began
            if error.kind not in NOT_YET or waited + PAUSE > options.wait:
                raise
            said = error.message.removeprefix(f"{where.text}: ")
            if told != error.kind:
                tell(Noted(where.text, f"{said}; waiting for it, {options.wait:g} s at most"))
                told = error.kind
            tell(Waiting(where.text, said, waited))
            time.sleep(PAUSE)


def _hurried(options: ConnectOptions, left: float) -> ConnectOptions:
    """One attempt takes no longer than what is left of the wait."""
    if not options.wait:
        return options
    return replace(options, timeout=max(1.0, min(options.connect_timeout, left)))
