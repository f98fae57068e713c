"""For people: plain lines. The live view for terminals is in live.py."""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock
from typing import IO

from rich.console import Console
from rich.text import Text

from lampctl.checks import Result, Status, culprit
from lampctl.errors import LampctlError
from lampctl.journal.events import Event, Noted, StepEnded
from lampctl.legible import inert
from lampctl.outcome import Outcome
from lampctl.resources import Action, Change

MARKS = {
    Status.PASS: ("✓", "green"),
    Status.FAIL: ("✗", "bold red"),
    Status.BLOCKED: ("·", "yellow"),
    Status.SKIPPED: ("-", "dim"),
    Status.UNKNOWN: ("?", "yellow"),
}
_SIGNS = {Action.CREATE: ("+", "green"), Action.INSTALL: ("+", "green"), Action.DELETE: ("-", "red")}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end only this thread, with exit code 1. The command line ends the process, with its own."""
        raise BrokenPipeError


def live() -> bool:
    """Can lines on stdout be redrawn? Without Unicode their width is unknown."""
    console = _Console()
    return console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only


class TextReporter:
    """Writes plain lines to stdout, or to `stream`."""

    def __init__(self, quiet: bool, several: bool, stream: IO[str] | None = None) -> None:
        terminal = None if stream is None else False
        self._console: Console = _Console(
            highlight=False, soft_wrap=True, markup=False, emoji=False, file=stream, force_terminal=terminal
        )
        self._quiet = quiet
        self._several = several
        self._lock = RLock()  # reentrant: Ctrl-Z may interrupt any of these methods
        self._closed = False

    def event(self, event: Event) -> None:
        if self._quiet:
            return
        with self._lock:
            if self._closed:
                return
            match event:
                case StepEnded(host, step, _, number, total, ok):
                    mark, style = MARKS[Status.PASS if ok else Status.FAIL]
                    self._print(host, (f"{mark} ", style), (f"{number}/{total} {step}", ""))
                case Noted(host, text):
                    self._print(host, (text, "yellow"))

    def outcome(self, outcome: Outcome) -> None:
        with self._lock:
            if outcome.command == "plan":
                self._plan(outcome)
            elif outcome.results:
                self._results(outcome)
            if outcome.error:
                self.error(outcome.error)
            elif outcome.command != "plan":
                self._culprit(outcome)
            self._summary(outcome)

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        with self._lock:
            if self._several:
                good = sum(outcome.ok for outcome in outcomes)
                self._console.print(
                    Text(f"{good} of {len(outcomes)} {'URLs' if command == 'smoke' else 'hosts'} passed", "bold")
                )

    def close(self) -> None:
        with self._lock:
            self._closed = True

    def error(self, error: LampctlError) -> None:
        """Print what failed, where, the evidence, and what to do."""
        self._console.print(Text.assemble(("✗ ", "bold red"), (error.message, "bold")))
        for line in error.evidence.splitlines():
            self._console.print(Text(f"    {inert(line)}", "dim"))
        if error.hint:
            self._console.print(Text.assemble(("  → ", "cyan"), error.hint))

    def _print(self, host: str, *parts: tuple[str, str]) -> None:
        prefix = [(f"{host}: ", "bold")] if self._several else []
        self._console.print(Text.assemble(*prefix, *parts))

    def _plan(self, outcome: Outcome) -> None:
        if self._quiet:
            return
        self.changes(outcome.host, outcome.changes)

    def changes(self, host: str, changes: Sequence[Change]) -> None:
        """Print each change with its diff."""
        for change in changes:
            sign, style = _SIGNS.get(change.action, ("~", "yellow"))
            self._print(host, (f"{sign} {change.action} ", style), (change.resource, "bold"))
            for line in change.diff.splitlines():
                colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
                self._console.print(Text(f"    {inert(line)}", colour), soft_wrap=True)

    def _results(self, outcome: Outcome) -> None:
        if self._quiet:
            return
        width = max(len(result.id) for result in outcome.results)
        for result in outcome.results:
            self._print(outcome.host, *row(result, width))

    def _culprit(self, outcome: Outcome) -> None:
        first = culprit(outcome.results)
        if first is None:
            return
        self._print(outcome.host, ("✗ culprit: ", "bold red"), (f"{first.id}: {first.actual}", "bold"))
        self._print(outcome.host, (f"    expected: {first.expected}", "dim"))
        for line in first.evidence.splitlines():
            self._print(outcome.host, (f"    {inert(line)}", "dim"))
        if first.hint:
            self._print(outcome.host, ("  → ", "cyan"), (first.hint, ""))

    def _summary(self, outcome: Outcome) -> None:
        times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in outcome.timings.items())
        style = "bold green" if outcome.ok else "bold red"
        parts = [(f"{outcome.host}: ", "bold"), (_verdict(outcome), style)]
        trips = "" if outcome.command == "smoke" else f"; {_count(outcome.round_trips, 'round trip')}"
        self._console.print(Text.assemble(*parts, (f" ({times}{trips})", "dim")))


def row(result: Result, width: int) -> tuple[tuple[str, str], ...]:
    """(text, style) of a result's mark, its id padded to `width`, and its finding."""
    mark, style = MARKS[result.status]
    word = "" if result.status is Status.PASS else f"{result.status}: "
    return (
        (f"{mark} ", style),
        (f"{result.id:<{width}}  ", ""),
        (f"{word}{result.actual}", "" if word else "dim"),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _verdict(outcome: Outcome) -> str:
    if outcome.error:
        return "failed"
    if outcome.command == "plan":
        return f"{len(outcome.changes)} to change" if outcome.changes else "nothing to change"
    passed = sum(result.status is Status.PASS for result in outcome.results)
    checks = f"{passed} of {len(outcome.results)} checks pass"
    if outcome.command in ("check", "smoke"):
        return checks
    return f"{len(outcome.changes)} changed, {checks}" if outcome.applied else f"nothing to change, {checks}"
