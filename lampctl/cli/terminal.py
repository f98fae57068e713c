"""The user at the terminal: questions to them, and Ctrl-Z."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from lampctl.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from lampctl.cli.options import Connect
    from lampctl.outcome import Reporter
    from lampctl.resources import Change
    from lampctl.ssh import ConnectOptions


@contextmanager
def showing(reporter: Reporter) -> Iterator[None]:
    """Show a run. On Ctrl-Z the live view is removed for the shell, and drawn again when the run continues."""

    def stop(*_: Any) -> None:
        from lampctl.journal.events import Resumed, Suspended

        reporter.event(Suspended(""))
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)  # returns when the shell resumes this process
        signal.signal(signal.SIGTSTP, stop)
        reporter.event(Resumed(""))

    previous = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, previous)
        reporter.close()


def connect_options(
    connect: Connect, reporter: Reporter, can_ask: bool, config: Path | str | None = None
) -> ConnectOptions:
    """How to reach hosts, as the command line says. `can_ask`: a person reads stdout."""
    from lampctl.ssh import ConnectOptions

    interactive = can_ask and sys.stdin is not None and sys.stdin.isatty()
    return ConnectOptions(
        config=config,
        key=connect.key,
        user=connect.user,
        port=connect.port,
        sudo_password=_sudo_password() if connect.ask_sudo_pass else None,
        accept_new_host_key=connect.accept_new_host_key,
        timeout=connect.timeout,
        wait=connect.wait,
        ask_host_key=(lambda question: _confirm_host_key(question, reporter)) if interactive else None,
    )


def _sudo_password() -> str:
    if sys.stdin is None:
        raise UsageError("--ask-sudo-pass: stdin is closed", "give the password on stdin, or run it at a terminal")
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass("sudo password: ")
    return sys.stdin.readline().rstrip("\n")


def _confirm_host_key(question: str, reporter: Reporter) -> bool:
    """Ask whether to trust a host key."""
    with _asking(reporter, "", question):
        return _yes(question, err=True)


def confirm_changes(host: str, changes: Sequence[Change], reporter: Reporter) -> bool:
    from lampctl.report.text import TextReporter

    question = f"Apply these {len(changes)} changes to {host}?"
    with _asking(reporter, host, question):
        TextReporter(quiet=False, several=False).changes(host, changes)
        return _yes(question)


def _yes(question: str, *, err: bool = False) -> bool:
    """The end of stdin, and Ctrl-C, are no."""
    try:
        return typer.confirm(question, err=err)
    except typer.Abort:
        typer.echo(err=err)
        return False


@contextmanager
def _asking(reporter: Reporter, host: str, question: str) -> Iterator[None]:
    from lampctl.journal.events import Answered, Asked

    reporter.event(Asked(host, question))
    try:
        yield
    finally:
        reporter.event(Answered(host))
