"""status: the sites of hosts and their last run, by the hosts' own records."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from lampctl.cli.history import journal
from lampctl.cli.options import Common, Connect, Format, Hosts, grouped
from lampctl.cli.running import leave
from lampctl.cli.terminal import showing
from lampctl.errors import Exit, LampctlError

if TYPE_CHECKING:
    from lampctl.engine.status import HostStatus
    from lampctl.outcome import Reporter

_HEAD = ("site", "type", "release", "PHP", "certificate", "")


@grouped
def status(common: Common, connect: Connect, hosts: Hosts) -> None:
    """Show the sites of hosts: type, release, PHP, days left of the certificate; and each host's last run.

    The host's own record has them; no playbook is needed, and nothing is checked: lampctl check does that.
    """
    from lampctl.cli.output import outputs

    wanted = outputs([str(common.format)])
    shown = wanted.reporter(common.quiet, len(hosts) > 1)
    with showing(shown):
        found = [_ask(host, connect, shown, wanted.can_ask) for host in dict.fromkeys(hosts)]
    worst = max(error.exit_code if error else Exit.OK for _, _, error in found)
    if common.format is Format.JSON:
        documents = [_document(*one) for one in found]
        print(json.dumps({"command": "status", "ok": not worst, "hosts": documents}, indent=2))
    else:
        print("\n\n".join(_text(*one) for one in found))
    leave(worst)


def _ask(
    host: str, connect: Connect, shown: Reporter, can_ask: bool
) -> tuple[str, HostStatus | None, LampctlError | None]:
    """One host; an error does not keep the others from being asked."""
    from lampctl.engine.status import status_of

    try:
        with journal(host, connect, shown, can_ask) as history:
            return host, status_of(history.transport), None
    except LampctlError as error:
        return host, None, error


def _document(host: str, found: HostStatus | None, error: LampctlError | None) -> dict[str, Any]:
    if found:
        return found.as_dict()
    return {"host": host, "ok": False, "sites": [], "last_run": None, "error": error.as_dict() if error else None}


def _text(host: str, found: HostStatus | None, error: LampctlError | None) -> str:
    if found is None:
        return f"{error.message}\n  {error.hint}" if error else host
    rows = [_HEAD]
    for site in found.sites:
        days = site.record.days
        left = "-" if days is None else f"{days} days" if days >= 0 else "expired"
        php = site.record.php.version if site.record.php else "-"
        closed = "in maintenance" if site.record.maintenance else ""
        rows.append((site.record.site, site.record.type, site.release[:12] or "-", php, left, closed))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join([f"{host}: {_last(found)}", *(f"  {line}" for line in lines)])


def _last(found: HostStatus) -> str:
    run = found.last
    if run is None:
        return "no run changed it"
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.begun.began))
    failed = f", failed: {', '.join(run.ended.failed[:3])}" if run.ended.failed else ""
    return f"last run {began}, {run.begun.command} {run.begun.playbook} by {run.begun.by}: {run.ended.verdict}{failed}"
