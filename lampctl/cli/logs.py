"""logs: what the layers of a host log, merged by time."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli.history import journal
from lampctl.cli.options import Common, Connect, Format, Host, grouped
from lampctl.cli.running import leave
from lampctl.cli.terminal import showing
from lampctl.errors import Exit
from lampctl.legible import inert

if TYPE_CHECKING:
    from lampctl.engine.logs import Line, Note, Wanted

Site = Annotated[
    str, typer.Argument(metavar="[SITE]", help="One site of the host. Default: all, and the servers that they share.")
]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Show new lines as they are written, until Ctrl-C.")]
Since = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="TIME",
        help='Only lines since then: 30m, 1h, 2d, today, yesterday, 06:00, or "2026-11-28 06:00".',
        show_default=False,
    ),
]
Lines = Annotated[
    int | None,
    typer.Option(
        "--lines",
        "-n",
        metavar="N",
        min=0,
        max=100_000,
        help="How many of the last lines. Default: 100; with --since, all.",
        show_default=False,
    ),
]
_WIDEST = 60  # characters of a source
_DIM, _CYAN, _PLAIN = "\033[2m", "\033[36m", "\033[0m"


@grouped
def logs(
    common: Common,
    connect: Connect,
    host: Host,
    site: Site = "",
    follow: Follow = False,
    since: Since = "",
    lines: Lines = None,
) -> None:
    """Show the logs of a host's sites, merged by time, each line with its source.

    They are those of the web server, PHP, programs, workers and schedules, and the application's own files, which
    `logs` of the site names. The host's own record has them; no playbook is needed.
    """
    from lampctl.engine.logs import MOST, Wanted
    from lampctl.engine.since import since as seconds

    wanted = Wanted(site, (MOST if since else 100) if lines is None else lines, seconds(since), follow)
    try:
        _show(host, connect, wanted, common)
    except KeyboardInterrupt as caught:
        if type(caught) is not KeyboardInterrupt or not follow:
            raise
        leave(Exit.INTERRUPTED)  # that is how following ends


def _show(host: str, connect: Connect, wanted: Wanted, common: Common) -> None:
    from lampctl.cli.output import outputs
    from lampctl.engine.logs import logs_of

    output = outputs([str(common.format)])
    shown, text = output.reporter(True, False), _Text(not wanted.site)
    with showing(shown), journal(host, connect, shown, output.can_ask) as history:
        found: Iterable[Line | Note | None] = logs_of(history.transport, wanted)
        found = found if wanted.follow else text.aligned(found)
        _print(found, _json if common.format is Format.JSON else text, wanted.follow, common.quiet)


def _print(found: Iterable[Line | Note | None], document: Callable[[Line], str], follow: bool, quiet: bool) -> None:
    from lampctl.engine.logs import Line

    for line in found:
        if isinstance(line, Line):
            print(document(line), flush=follow)
        elif line is None:
            _check_reader()
        elif not quiet:
            print(f"lampctl: {line.text}", file=sys.stderr)


def _check_reader() -> None:
    """BrokenPipeError if nobody reads stdout any more: a quiet log would not tell."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
        raise BrokenPipeError


def _json(line: Line) -> str:
    return json.dumps(line.as_dict(), ensure_ascii=False)


class _Text:
    """TIME SOURCE  LINE; `several`: the source begins with its site. The time is this machine's."""

    def __init__(self, several: bool) -> None:
        self._several = several
        self._width = 8
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def aligned(self, found: Iterable[Line | Note | None]) -> Iterable[Line | Note | None]:
        """All of the lines, to know the width of their sources first."""
        from lampctl.engine.logs import Line

        every = [*found]
        for line in every:
            if isinstance(line, Line):
                self._source(line)
        return every

    def _source(self, line: Line) -> str:
        source = f"{line.site} {line.source}".lstrip() if self._several else line.source
        self._width = min(max(self._width, len(source)), _WIDEST)
        return source

    def __call__(self, line: Line) -> str:
        source = self._source(line)
        stamp, source = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.time)), f"{source:<{self._width}}"
        if self._colour:
            stamp, source = f"{_DIM}{stamp}{_PLAIN}", f"{_CYAN}{source}{_PLAIN}"
        return f"{stamp} {source}  {inert(line.text)}".rstrip()
