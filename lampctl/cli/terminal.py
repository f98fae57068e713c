"""The person at the terminal: questions to them, and how they suspend a run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from lampctl.outcome import Reporter
    from lampctl.resources import Change


@contextmanager
def showing(shown: Reporter) -> Iterator[None]:
    """Show a run. On Ctrl-Z the live view is removed for the shell, and drawn again when the run continues."""

    def stop(*_: Any) -> None:
        from lampctl.journal.events import Resumed, Suspended

        shown.event(Suspended(""))
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)  # returns when the shell continues us
        signal.signal(signal.SIGTSTP, stop)
        shown.event(Resumed(""))

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
    """Ask whether to trust a host key."""
    with _asking(shown, "", question):
        return typer.confirm(question, err=True)


def confirm(host: str, changes: Sequence[Change], shown: Reporter) -> bool:
    from lampctl.report.text import TextReporter

    question = f"Apply these {len(changes)} changes to {host}?"
    with _asking(shown, host, question):
        TextReporter(quiet=False, several=False).changes(host, changes)
        return typer.confirm(question)


@contextmanager
def _asking(shown: Reporter, host: str, question: str) -> Iterator[None]:
    from lampctl.journal.events import Answered, Asked

    shown.event(Asked(host, question))
    try:
        yield
    finally:
        shown.event(Answered(host))
