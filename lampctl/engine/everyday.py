"""Commands of a site on its host: as its user, in its release, with its environment, PHP and sandbox."""

from __future__ import annotations

import os
import re
import secrets
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from lampctl.engine.records import Record
from lampctl.errors import LampctlError, Unreachable, UsageError
from lampctl.resources.shell import script, words
from lampctl.ssh import Batch, Transport, ask
from lampctl.ssh.relay import CHUNK, Read, Write, relay, write_all

_TERM = re.compile(r"[A-Za-z0-9._+-]{1,60}")
# Without a startup file of the user's; bash where there is one.
_SHELL = "command -v bash >/dev/null && exec bash --norc --noprofile -i\nexec sh -i"
STDIN: Read = partial(os.read, 0, CHUNK)
STDOUT: Write = partial(write_all, 1)


@dataclass
class _Unit:
    """The unit of a command, once it is known."""

    name: str = ""


def terminal() -> bool:
    """Are stdin and stdout a terminal?"""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def run(transport: Transport, record: Record, command: Sequence[str]) -> int:
    """Run a command with this process's streams, as a terminal if they are one; return its exit code."""
    # The shell stays there, to tell a signal in the exit code; Ctrl-C is for the command.
    line = f'trap : INT\n{words(command)}\nexit "$?"'
    return attended(transport, record, line) if terminal() else piped(transport, record, line)


def shell(transport: Transport, record: Record) -> int:
    """An interactive shell.

    Raises:
        UsageError: This process has no terminal.
    """
    if not terminal():
        raise UsageError(
            "a shell needs a terminal, and stdin or stdout is none",
            f"lampctl run {transport.host} {record.site} -- sh -c 'COMMAND' needs none",
        )
    return attended(transport, record, _SHELL)


def attended(transport: Transport, record: Record, line: str) -> int:
    """Run a shell line on a terminal of the host, to which this one is connected key by key."""
    size = os.get_terminal_size(1)
    sized = f"stty rows {size.lines} cols {size.columns} 2>/dev/null || :\n{line}"
    with raw():
        return _relayed(transport, record, sized, "--pty", STDIN, STDOUT)


def piped(transport: Transport, record: Record, line: str, source: Read = STDIN, output: Write = STDOUT) -> int:
    """Run a shell line without a terminal. If nobody wants its output any more, it is ended."""
    return _relayed(transport, record, line, "--pipe", source, output)


def _relayed(transport: Transport, record: Record, line: str, mode: str, source: Read, output: Write) -> int:
    if not record.runs_code:
        raise UsageError(
            f"{transport.host}: {record.site} is {record.type}: it has no code of its own, and no user to run it",
            "lampctl logs and lampctl status work for it",
            kind="no-code",
        )
    boundary = f"@@{secrets.token_hex(16)}"
    return streamed(transport, _script(record, line, mode, boundary), boundary, source, output)


def streamed(transport: Transport, main: str, boundary: str, source: Read = STDIN, output: Write = STDOUT) -> int:
    """Run a script that prints `boundary` and a unit, then what the unit prints; end it if nobody reads on."""
    unit = _Unit()
    try:
        return relay(
            transport,
            Batch({"main": main.encode()}),
            boundary,
            lambda name: setattr(unit, "name", name),
            source,
            output,
        )
    except (KeyboardInterrupt, OSError, LampctlError) as error:
        if not isinstance(error, Unreachable):
            stop(transport, unit.name)
        raise


def terminal_kind() -> str:
    """What TERM says, if it is harmless."""
    kind = os.environ.get("TERM", "")
    return kind if _TERM.fullmatch(kind) else "dumb"


def _script(record: Record, line: str, mode: str, boundary: str) -> str:
    return script(
        "enter",
        "site/task",
        "everyday/run",
        site=record.site,
        account=record.user,
        folder=record.folder,
        php=record.php.cli if record.php else "",
        command=line,
        commands="",
        limit="",
        without="",
        mode=mode,
        boundary=boundary,
        kind=terminal_kind(),
        prompt=f"{record.site}:\\w\\$ ",
    )


def stop(transport: Transport, unit: str, patience: int = 0) -> None:
    """End a command that is still running; it gets the time that systemd gives a service.

    Args:
        patience: Tenths of a second to wait for one that is about to start.
    """
    if unit:
        ask(transport, Batch({"main": script("everyday/stop", unit=unit, patience=patience).encode()}))


@contextmanager
def raw() -> Iterator[None]:
    """The terminal passes each key on, also Ctrl-C, and is restored in the end."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
