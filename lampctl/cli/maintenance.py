"""maintenance: a site answers 503 with a page, and its own pages again."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli.everyday import Site
from lampctl.cli.history import journal
from lampctl.cli.options import Common, Connect, Format, Host, grouped
from lampctl.cli.terminal import showing
from lampctl.errors import UsageError

if TYPE_CHECKING:
    from lampctl.engine.maintenance import Switched, Wanted


class State(StrEnum):
    ON = "on"
    OFF = "off"


RetryAfter = Annotated[
    int | None,
    typer.Option(
        "--retry-after",
        metavar="SECONDS",
        min=1,
        max=31_536_000,
        help="When visitors and search engines should try again: the header Retry-After. Default: 300.",
        show_default=False,
    ),
]
Page = Annotated[
    Path | None,
    typer.Option(
        "--page",
        metavar="FILE",
        help="The HTML page, a file of this machine. Default: maintenance.html of the site's document root, else a "
        "built-in page.",
        show_default=False,
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="ADDRESS|NETWORK",
        help="Visitors who get the site itself. Repeatable. Default: the address from which you reach the host by SSH.",
        show_default=False,
    ),
]


@grouped
def maintenance(
    common: Common,
    connect: Connect,
    state: Annotated[State, typer.Argument(metavar="on|off", help="Begin or end it.")],
    host: Host,
    site: Site,
    retry_after: RetryAfter = None,
    page: Page = None,
    allow: Allow = None,
) -> None:
    """Answer every visitor of a site with 503 and a page, or with the site's own pages again; and prove it.

    It lasts until it is switched off: through deploys, reloads and reboots. lampctl's own checks on the host pass
    through, so deploy and check still see the site itself.
    """
    wanted = _wanted(state, retry_after, page, allow)
    done = _switch(common, connect, host, site, wanted)
    if common.format is Format.JSON:
        print(json.dumps({"command": "maintenance", "ok": True, "hosts": [done.as_dict()]}, indent=2))
    elif not common.quiet:
        print(_text(done))


def _switch(common: Common, connect: Connect, host: str, site: str, wanted: Wanted | None) -> Switched:
    from lampctl.cli.output import outputs
    from lampctl.engine.maintenance import switch_off, switch_on

    output = outputs([str(common.format)])
    shown = output.reporter(common.quiet, False)
    with showing(shown), journal(host, connect, shown, output.can_ask) as history:
        if wanted is None:
            return switch_off(history.transport, site, connect.wait)
        return switch_on(history.transport, site, wanted, connect.wait)


def _wanted(state: State, retry_after: int | None, page: Path | None, allow: list[str] | None) -> Wanted | None:
    """What maintenance is to be like; None if it is to end."""
    from lampctl.engine.maintenance import Wanted, networks, read_page

    if state is State.ON:
        allowed = networks(allow) if allow else None
        return Wanted(retry_after or Wanted.retry_after, allowed, read_page(page) if page else None)
    for name, given in (("--retry-after", retry_after), ("--page", page), ("--allow", allow or None)):
        if given is not None:
            hint = "lampctl maintenance off HOST SITE takes no such option"
            raise UsageError(f"{name} belongs to maintenance on", hint)
    return None


def _text(done: Switched) -> str:
    from lampctl.engine.maintenance import PAGES

    already = "" if done.changed else " already"
    own = str(done.status) if done.status else "no answer"
    if not done.on:
        return f"{done.host}: {done.site} is{already} out of maintenance: visitors get its own page ({own})"
    if done.own_address:
        where = (
            f"{done.allowed[0]}, from where you connect" if done.allowed else "nobody: you connect from the host itself"
        )
    else:
        where = ", ".join(done.allowed)
    return "\n".join(
        (
            f"{done.host}: {done.site} is{already} in maintenance: visitors get 503, Retry-After {done.retry_after}",
            f"  page: {PAGES.get(done.page, 'built-in')}",
            f"  who passes through: {where}; and lampctl's own checks, which get the site's page ({own})",
            f"  to end it: lampctl maintenance off {done.host} {done.site}",
        )
    )
