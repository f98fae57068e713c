"""run and shell: commands of a site on its host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli.history import journal
from lampctl.cli.options import Always, Connect, Host, grouped
from lampctl.cli.running import leave

if TYPE_CHECKING:
    from lampctl.engine.records import Record
    from lampctl.ssh import Transport

Site = Annotated[str, typer.Argument(metavar="SITE", help="A site of the host; lampctl status HOST lists them.")]


@grouped
def run(
    always: Always,  # noqa: ARG001 -- read by main
    connect: Connect,
    host: Host,
    site: Site,
    command: Annotated[
        list[str], typer.Argument(metavar="-- CMD...", help="The command and its arguments, no shell line.")
    ],
) -> None:
    """Run a command of a site on its host: as the site's user, in its release, with its environment, PHP and sandbox.

    It has a terminal where stdin and stdout are one, and ends with the command's exit code.
    """
    from lampctl.engine import everyday

    leave(_on(host, site, connect, lambda transport, record: everyday.run(transport, record, command)))


@grouped
def shell(always: Always, connect: Connect, host: Host, site: Site) -> None:  # noqa: ARG001
    """Open a shell on a site's host: as the site's user, in its release, with its environment, PHP and sandbox."""
    from lampctl.engine import everyday

    leave(_on(host, site, connect, everyday.shell))


def _on(host: str, site: str, connect: Connect, do: Callable[[Transport, Record], int]) -> int:
    with on_site(host, site, connect) as (transport, record):
        return do(transport, record)


@contextmanager
def on_site(host: str, site: str, connect: Connect) -> Iterator[tuple[Transport, Record]]:
    """A connection to the host, and the site's record there. Nothing but the command itself is shown."""
    from lampctl.cli.output import outputs
    from lampctl.engine.records import find

    wanted = outputs([])
    with journal(host, connect, wanted.reporter(True, False), wanted.can_ask) as history:
        yield history.transport, find(history.transport, site)
