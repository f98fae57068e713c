"""Connect to a host, which may still be booting."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from lampctl.errors import Unreachable
from lampctl.journal.events import Event, Noted, Waiting
from lampctl.ssh import ConnectOptions, Target, Transport, open_transport

# Kinds of errors that a booting host causes. Waiting does not fix a wrong key, a changed host key or an unknown name.
BOOTING = frozenset({"refused", "timeout", "network", "ssh"})
PAUSE = 1.0  # seconds between two attempts


def reach(where: Target, options: ConnectOptions, emit: Callable[[Event], None]) -> Transport:
    """Connect, retrying for `options.wait` seconds while the host is not ready. Raises the last Unreachable."""
    began = time.monotonic()
    noted_kind = ""
    while True:
        try:
            return open_transport(where, _within_wait(options, options.wait - (time.monotonic() - began)))
        except Unreachable as error:
            waited = time.monotonic() - began
            if error.kind not in BOOTING or waited + PAUSE > options.wait:
                raise
            reason = error.message.removeprefix(f"{where.text}: ")
            if noted_kind != error.kind:
                emit(Noted(where.text, f"{reason}; waiting up to {options.wait:g} s"))
                noted_kind = error.kind
            emit(Waiting(where.text, reason, waited))
            time.sleep(PAUSE)


def _within_wait(options: ConnectOptions, remaining: float) -> ConnectOptions:
    """The options, with a connection timeout that is not longer than the rest of the wait."""
    if not options.wait:
        return options
    return replace(options, timeout=max(1.0, min(options.connect_timeout, remaining)))
