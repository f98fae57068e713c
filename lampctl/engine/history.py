"""The journal of a host: its runs, one of them again, and the one that is in progress."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from lampctl.answers import parse_object, rows
from lampctl.engine.observe import cut_short, sections
from lampctl.engine.recall import outcome_of
from lampctl.errors import LampctlError, UsageError
from lampctl.journal import runs
from lampctl.journal.events import CheckDone, ChecksPlanned, Event
from lampctl.journal.runs import Run
from lampctl.journal.transcript import replay
from lampctl.outcome import Outcome
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Transport, as_root, ask
from lampctl.ssh.limits import CHANGE_LIMITS

Emit = Callable[[Event], None]


@dataclass(frozen=True)
class History:
    """The runs of one host, the oldest first."""

    transport: Transport

    def runs(self) -> list[Run]:
        found = (
            runs.parse(id, begun, ended, running=running == "running")
            for id, running, begun, ended in rows("\n".join(self._ask(script("journal/list"))), 4)
        )
        return [run for run in found if run]

    def replay(self, wanted: str, emit: Emit) -> Outcome:
        """Emit the events of a run, and return its outcome.

        Args:
            wanted: Its id, or the beginning or the end of it.

        Raises:
            UsageError: No run, or several runs of the host have this id.
        """
        run = self._find(wanted)
        boundary = f"@@{secrets.token_hex(8)}"
        session = self.transport.start(
            Batch({"main": script("journal/show", id=run.begun.id, boundary=boundary).encode()})
        )
        lines = as_root(self.transport, session)
        parts = dict(sections(lines, boundary, lambda: cut_short(self.transport, session)))
        session.finish()
        replay(self.transport.host, parts.get("log", "").split("\n"), emit)
        return self._outcome(run, parts.get("outcome", ""), emit)

    def attach(self, emit: Emit) -> Outcome:
        """Follow the run in progress to its end: emit its events, and return its outcome.

        Raises:
            LampctlError: No run is in progress.
        """
        boundary = f"@@{secrets.token_hex(8)}"
        session = self.transport.start(
            Batch({"main": script("journal/follow", boundary=boundary).encode()}, CHANGE_LIMITS)
        )
        lines = as_root(self.transport, session)
        first = next(lines, "")
        if not first.startswith(f"{boundary} "):
            raise LampctlError(
                f"{self.transport.host}: no run is in progress",
                f"lampctl history {self.transport.host} shows those that ended",
                kind="no-run",
            )
        replay(self.transport.host, lines, emit)
        session.finish()
        run = self._find(first.removeprefix(f"{boundary} "))
        shown = self._ask(script("journal/show", id=run.begun.id, boundary=boundary))
        parts = dict(sections(iter(shown), boundary, lambda: cut_short(self.transport, session)))
        return self._outcome(run, parts.get("outcome", ""), emit)

    def _outcome(self, run: Run, raw: str, emit: Emit) -> Outcome:
        outcome = outcome_of(self.transport.host, run, parse_object(raw))
        emit(ChecksPlanned(self.transport.host, tuple(result.layer for result in outcome.results)))
        for result in outcome.results:
            emit(CheckDone(self.transport.host, result))
        return outcome

    def _find(self, wanted: str) -> Run:
        found = self.runs()
        ids = runs.match([run.begun.id for run in found], wanted)
        if len(ids) != 1:
            what = "several runs match" if ids else "there is no run"
            raise UsageError(
                f"{self.transport.host}: {what} {wanted}",
                f"lampctl history {self.transport.host} lists the runs",
                kind="no-run",
            )
        return next(run for run in found if run.begun.id == ids[0])

    def _ask(self, main: str) -> list[str]:
        return ask(self.transport, Batch({"main": main.encode()}))
