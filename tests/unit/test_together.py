"""What may take minutes to finish its work changes at the same time; and which host runs the schedules of several."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lampctl.engine.fleet import parts
from lampctl.engine.library import Files
from lampctl.planning import Stage
from lampctl.playbook import load
from lampctl.playbook.sites.workers import worker_unit
from lampctl.resources import Action, Change, Service, Step
from lampctl.resources.kind import HostView
from lampctl.resources.service import SERVICES
from lampctl.resources.together import stopping


def changes(*actions: Action, former: str = "") -> tuple[Step, ...]:
    """The steps for units of the test site, each with its action."""
    units = [Service(worker_unit("a.test", "queue", n), "site", patient=True) for n in range(1, len(actions) + 1)]
    pairs = [(unit, Change(unit.key, "site", action, former)) for unit, action in zip(units, actions, strict=True)]
    return tuple(SERVICES.steps(pairs, HostView()))


def test_all_workers_change_in_one_step_after_everything_else() -> None:
    (step,) = changes(Action.RESTART, Action.RESTART, Action.START, Action.RESTART)
    assert step.late
    assert step.name.endswith("@3.service and 1 more")
    assert len(step.owns) == 4
    given, undone = (dict(re.findall("^([A-Z]+)='?([^'\n]*)", text, re.MULTILINE)) for text in (step.script, step.undo))
    assert (len(given["UNITS"].split()), given["STARTED"]) == (4, "")
    assert undone["STARTED"] == worker_unit("a.test", "queue", 3), "what was started is stopped again"
    assert worker_unit("a.test", "queue", 3) not in undone["UNITS"]
    stage = Stage((), services=(step, Step("web", "web", "")), after=(Step("database", "mysql", ""),))
    assert [one.name for one in stage.steps] == ["web", "database", step.name]


def test_retired_units_begin_to_stop_together_but_not_the_service_of_a_socket() -> None:
    script = stopping(["b.service", "a@1.service", "a@2.service", "b.socket"])
    assert script == "systemctl stop --no-block a@1.service a@2.service b.socket 2>/dev/null || :\n"
    assert stopping([]) == ""


HOSTS = {
    "the first of the playbook": ("hosts: [web1, web2]", ["web1", "web2"], {"web1"}),
    "the second alone": ("hosts: [web1, web2]", ["web2"], set()),
    "under another login": ("hosts: [web1, web2]", ["root@web1:22", "root@web2"], {"root@web1:22"}),
    "hosts that it does not list": ("hosts: [web1]", ["web2", "web1", "web3"], {"web1", "web2"}),
    "no list": ("", ["web2", "web1"], {"web2"}),
    "a host of databases is no host of sites": ("hosts: [db1, web1, web2]", ["web1", "web2"], {"web1"}),
}


@pytest.mark.parametrize("case", HOSTS)
def test_schedules_run_on_one_host_unless_they_say_each(tmp_path: Path, case: str) -> None:
    hosts, targets, expected = HOSTS[case]
    database = "database: {host: db1, address: 10.0.0.7}" if "db1" in hosts else "database: false"
    (tmp_path / "site.yml").write_text(
        f"{hosts}\nweb: {{server: nginx}}\nphp: {{}}\nmysql: {{}}\nsites:\n  a.test:\n    {database}\n"
        "    workers: {w: {command: x}}\n"
        "    schedule: {one: {every: daily, command: x}, all: {every: daily, command: x, each: true}}\n"
    )
    found: Any = parts(load(str(tmp_path / "site.yml"), (), Files(tmp_path)), targets, "deploy")
    sites = {host: found[host].loaded.playbook.sites["a.test"] for host in targets}
    assert {host for host, site in sites.items() if "one" in site.schedule} == expected
    assert all("all" in site.schedule and "w" in site.workers for site in sites.values())
