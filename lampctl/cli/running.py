"""Commands on hosts: run, shown and ended alike."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from lampctl.cli.options import Book, Connect, RunOptions
from lampctl.cli.terminal import confirm_changes, connect_options, showing
from lampctl.errors import UsageError

if TYPE_CHECKING:
    from lampctl.outcome import Outcomes


def run(
    command: str,
    common: RunOptions,
    book: Book,
    connect: Connect,
    hosts: list[str] | None,
    *,
    ask: bool = False,
    **choices: Any,
) -> tuple[Outcomes, int]:
    """Run a command on its hosts; return the outcomes and the exit code. `choices`: fields of Choices."""
    from lampctl.cli.output import outputs, places
    from lampctl.engine import job
    from lampctl.engine.work import Choices

    wanted = outputs(common.format or [])
    if ask and not wanted.can_ask:
        message = f"--ask asks a person, and --format {' '.join(wanted.stdout)} is for programs"
        raise UsageError(message, "leave one of them out")
    chosen = job.Book(book.playbook, book.settings or [], book.environment)
    ready = job.prepare(command, hosts or [], chosen, Choices(**choices), connect.config, connect.vagrant)
    reporter = wanted.reporter(common.quiet, len(ready.hosts) > 1, places(ready.loaded))
    options = connect_options(connect, reporter, wanted.can_ask)
    confirm = partial(confirm_changes, reporter=reporter) if ask else None
    with showing(reporter):
        outcomes = ready.run(reporter, options, confirm)
    if common.debug:
        _print_tracebacks(outcomes)
    return outcomes, wanted.exit_code(outcomes)


def leave(code: int) -> None:
    """End the command with an exit code."""
    if code:
        raise typer.Exit(code)


def _print_tracebacks(outcomes: Outcomes) -> None:
    import traceback

    for outcome in outcomes:
        if outcome.error:
            traceback.print_exception(outcome.error)
