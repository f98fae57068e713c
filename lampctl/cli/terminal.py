"""The person at the terminal: what they are asked, and how they suspend a run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from lampctl.outcome import Reporter
    from lampctl.plan import Plan


@contextmanager
def showing(shown: Reporter) -> Iterator[None]:
    """A run. On Ctrl-Z what is live makes room for the shell, and is drawn anew when the run goes on."""

    def stop(*_: Any) -> None:
        with _asking(shown):
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)  # returns when the shell lets us go on
            signal.signal(signal.SIGTSTP, stop)

    former = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, former)
        shown.close()


def sudo_password() -> str:
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass("sudo password: ")
    return sys.stdin.readline().rstrip("\n")


def trusted(question: str, shown: Reporter) -> bool:
    """Of a host's key."""
    with _asking(shown):
        return typer.confirm(question, err=True)


def confirm(host: str, plan: Plan, shown: Reporter) -> bool:
    from lampctl.report.text import TextReporter

    with _asking(shown):
        TextReporter(quiet=False, several=False).changes(host, plan.changes)
        return typer.confirm(f"Apply these {len(plan.changes)} changes to {host}?")


@contextmanager
def _asking(shown: Reporter) -> Iterator[None]:
    from lampctl.outcome import Event

    shown.event(Event("", "ask", ""))
    try:
        yield
    finally:
        shown.event(Event("", "answered", ""))
