"""releases and rollback: the releases of a host's sites, by the host's own record."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli.history import journal
from lampctl.cli.options import Common, Connect, Format, Host, Recorded, RunOptions, grouped
from lampctl.cli.running import leave, run
from lampctl.cli.terminal import showing

if TYPE_CHECKING:
    from lampctl.journal.releases import Release

Site = Annotated[str, typer.Argument(metavar="[SITE]", help="One site of the host. Default: all that have releases.")]


@grouped
def releases(common: Common, connect: Connect, host: Host, site: Site = "") -> None:
    """List the releases of a host's sites: of which commit, when and by whom each was made, what is served and proved.

    The host's own record has them; no playbook is needed.
    """
    from lampctl.cli.output import outputs
    from lampctl.engine.releases import releases_of

    wanted = outputs([str(common.format)])
    shown = wanted.reporter(common.quiet, False)
    with showing(shown), journal(host, connect, shown, wanted.can_ask) as history:
        found = [release for one in releases_of(history.transport, site) for release in one.releases]
    print(_document(host, found) if common.format is Format.JSON else _table(host, found))


@grouped
def rollback(
    common: RunOptions,
    book: Recorded,
    connect: Connect,
    host: Host,
    site: Site = "",
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="ID",
            help="The release to go to: its id or commit in lampctl releases HOST, or the beginning. Without it, the "
            "last proved one before the present one.",
            show_default=False,
        ),
    ] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Show the plan and ask before applying it.")] = False,
) -> None:
    """Go back to an earlier release of a site, and prove that it works. Nothing is uploaded.

    The site is held there until it has new content. It is a run of its own, and `lampctl undo` undoes it.
    """
    leave(run("rollback", common, book, connect, [host], ask=ask, site=site, release=to)[1])


def _document(host: str, found: Sequence[Release]) -> str:
    hosts = [{"host": host, "ok": True, "releases": [release.as_dict() for release in found]}]
    return json.dumps({"command": "releases", "ok": True, "hosts": hosts}, indent=2)


def _table(host: str, found: Sequence[Release]) -> str:
    if not found:
        return f"{host}: no site has releases"
    width = max(len(release.site) for release in found)
    by = max(len(release.by) for release in found)
    return "\n".join(_row(release, width, by) for release in found)


def _row(release: Release, width: int, by: int) -> str:
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime(release.created))
    state = ", ".join(word for word in ("served", "proved") if getattr(release, word))
    made = f"{created}  {release.commit[:12] or '-':<12}  {release.by or '-':<{by}}"
    return f"{release.site:<{width}}  {release.id}  {made}  {state}".rstrip()
