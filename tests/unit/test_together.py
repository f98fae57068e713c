"""What may take minutes to finish its work changes at the same time; and which host runs the schedules of several."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lampctl.engine.fleet import parts
from lampctl.engine.library import Files
from lampctl.facts import nominal
from lampctl.layers import Context, desired
from lampctl.planning import Stage
from lampctl.platforms import PLATFORMS
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


def test_cron_of_wordpress_runs_on_one_of_the_hosts_that_share_its_database(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(
        "extends: lamp\nhosts: [web1, web2]\nsites:\n  own.test: {type: wordpress}\n"
        "  shared.test: {type: wordpress, database: {host: db1, address: 10.0.0.7}}\n"
    )
    found: Any = parts(load(str(tmp_path / "site.yml"), (), Files(tmp_path)), ["web1", "web2"], "deploy")
    runs = [
        (host, name)
        for host in ("web1", "web2")
        for name, site in found[host].loaded.playbook.sites.items()
        if getattr(site, "cron", False)
    ]
    assert runs == [("web1", "own.test"), ("web1", "shared.test"), ("web2", "own.test")]


def test_wordpress_without_cron_has_neither_its_timer_nor_its_check() -> None:
    settings = ("sites={a.test: {type: wordpress, cron: %s}}",)
    for value in ("true", "false"):
        given = load("lamp", (settings[0] % value,), Files())
        found = desired(Context.from_loaded(given, PLATFORMS["debian-13"], nominal("debian-13", ["a.test"])))
        assert any("cron" in resource.key for resource in found.resources) == (value == "true")
        assert any(check.id == "site.cron@a.test" for check in found.checks) == (value == "true")
