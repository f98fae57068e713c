"""lampctl in a fabfile: fab -H web1,web2 deploy. See docs/api.md."""

from __future__ import annotations

from fabric import Connection, task

import lampctl
from lampctl.journal.events import CheckDone, Event, Noted, StepEnded


def show(event: Event) -> None:
    match event:
        case StepEnded(host, step, _, number, total, ok):
            print(f"{host}: {number}/{total} {step}: {'done' if ok else 'failed'}")
        case CheckDone(host, result):
            print(f"{host}: {result.id}: {result.status}")
        case Noted(host, text):
            print(f"{host}: {text}")


@task
def deploy(connection: Connection, playbook: str = "lamp") -> None:
    """Deploy a playbook to each host that fab is given, and stop at the first that fails."""
    outcome = lampctl.deploy(connection, playbook=playbook, on_event=show).raise_for_failure()
    print(f"{outcome.host}: {len(outcome.changes)} changed, {len(outcome.results)} checks pass")


@task
def uptime(connection: Connection) -> None:
    """fabric's own commands work beside lampctl's, over the same connection."""
    if lampctl.check(connection).ok:
        connection.run("uptime")
