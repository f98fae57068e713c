"""history and attach: what a host's journal says of its runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lampctl.cli.options import Connect, Host, RunOptions, grouped
from lampctl.cli.running import leave
from lampctl.cli.terminal import connect_options, showing
from lampctl.errors import UsageError

if TYPE_CHECKING:
    from lampctl.engine.history import History
    from lampctl.journal.runs import Run
    from lampctl.outcome import Outcome, Reporter


@grouped
def history(
    common: RunOptions,
    connect: Connect,
    host: Host,
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="Show this run again: its id, or the beginning or end of it.")
    ] = "",
) -> None:
    """List the runs that changed a host, or show one of them again, in any format."""
    from lampctl.cli.output import outputs

    wanted = outputs(common.format or [])
    others = [output for output in wanted.every if output.path or output.format not in ("text", "json")]
    if others and not run:
        message = f"--format {others[0].format}: a list of runs is text or json, on stdout"
        raise UsageError(message, "name a RUN to show it in any format", kind="output")
    shown = wanted.reporter(common.quiet, False, _nowhere)
    with showing(shown), journal(host, connect, shown, wanted.can_ask) as opened:
        if run:
            _finish(shown, opened.replay(run, shown.event))
            return
        found = opened.runs()
    print(_document(host, found) if "json" in wanted.stdout else _table(host, found))


@grouped
def attach(common: RunOptions, connect: Connect, host: Host) -> None:
    """Follow the run that is in progress on a host, from any machine. Ctrl-C leaves it running."""
    from lampctl.cli.output import outputs

    wanted = outputs(common.format or [])
    shown = wanted.reporter(common.quiet, False, _nowhere)
    with showing(shown), journal(host, connect, shown, wanted.can_ask) as opened:
        outcome = opened.attach(shown.event)
        _finish(shown, outcome)
    leave(wanted.exit_code([outcome]))


@contextmanager
def journal(host: str, connect: Connect, shown: Reporter, can_ask: bool) -> Iterator[History]:
    """A connection to the host, for what its journal says."""
    from lampctl.engine.history import History
    from lampctl.engine.job import locate
    from lampctl.engine.reach import reach

    where, config = locate(host, connect.config, connect.vagrant)
    transport = reach(where, connect_options(connect, shown, can_ask, config), shown.event)
    try:
        yield History(transport)
    finally:
        transport.close()


def _finish(shown: Reporter, outcome: Outcome) -> None:
    shown.outcome(outcome)
    shown.finish(outcome.command, [outcome])


def _nowhere(_: Any) -> None:
    """A journal has no lines of the playbook."""


def _document(host: str, found: Sequence[Run]) -> str:
    runs = [run.as_dict() for run in found]
    return json.dumps({"command": "history", "ok": True, "host": host, "runs": runs}, indent=2)


def _table(host: str, found: Sequence[Run]) -> str:
    if not found:
        return f"{host}: no run changed it"
    lines = []
    for run in found:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.begun.began))
        failed = f"  {', '.join(run.ended.failed[:3])}" if run.ended.failed else ""
        lines.append(
            f"{run.begun.id}  {began}  {run.ended.verdict:<9}  {run.begun.command} {run.begun.playbook}  "
            f"{run.ended.changes} changed  {run.begun.by}{failed}"
        )
    return "\n".join(lines)
