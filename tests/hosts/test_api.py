"""lampctl from Python on real hosts: events, fabric connections, a group, failures, and the fabfile of the docs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fabric import Config, Connection, SerialGroup
from paramiko import SSHConfig

import lampctl
from lampctl import ConnectOptions
from lampctl.box import Boxes
from lampctl.journal.events import (
    CheckDone,
    ChecksPlanned,
    Event,
    Output,
    PhaseBegan,
    StepBegan,
    StepEnded,
    StepsPlanned,
)
from lampctl.journal.lines import Entry, decode, encode
from tests.hosts.conftest import HOME, ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]
FABFILE = Path(__file__).parents[2] / "docs" / "fabfile.py"


@pytest.fixture
def connect(host: Host) -> ConnectOptions:
    return ConnectOptions(config=host.boxes.ssh_config)


def config(boxes: Boxes) -> Config:
    return Config(ssh_config=SSHConfig.from_path(str(boxes.ssh_config)))


@pytest.fixture
def connection(host: Host) -> Iterator[Connection]:
    with Connection(host.box.name, config=config(host.boxes)) as found:
        found.open()
        yield found


def test_deploy_emits_typed_events_and_returns_what_the_command_shows(host: Host, connect: ConnectOptions) -> None:
    events: list[Event] = []
    settings = {"php.memory_limit": "200M", "linux.packages": ["tree"]}
    outcome = lampctl.deploy(host.box.name, settings=settings, connect=connect, on_event=events.append)
    assert outcome.raise_for_failure() is outcome
    assert outcome.applied
    assert "package:tree" in {change.resource for change in outcome.changes}
    assert {type(event) for event in events} >= {PhaseBegan, StepsPlanned, StepBegan, Output, StepEnded, ChecksPlanned}
    assert all(event.ok for event in events if isinstance(event, StepEnded))
    assert [e.result for e in events if isinstance(e, CheckDone)][-len(outcome.results) :] == list(outcome.results)
    for event in events:  # as a journal would store it
        assert decode(encode(Entry(1.0, event))) == Entry(1.0, event)
    again = lampctl.deploy(host.box.name, settings=settings, connect=connect)
    assert (again.ok, again.applied, again.changes) == (True, False, ())
    document = host.lampctl("deploy", "HOST").host  # without the settings: the same document
    assert document.keys() == again.as_dict().keys()


def test_plan_and_check_over_one_open_connection_of_fabric(host: Host, connection: Connection) -> None:
    planned = lampctl.plan(connection, settings={"php.memory_limit": "210M"})
    assert (planned.ok, planned.host) == (True, host.box.name)
    assert any("+memory_limit = 210M" in change.diff or "210M" in change.diff for change in planned.changes)
    assert lampctl.check(connection).raise_for_failure().results
    assert connection.is_connected
    assert connection.run("hostname", hide=True, in_stream=False).ok


def test_failures_are_in_the_outcome_and_raise_when_asked(host: Host, connection: Connection) -> None:
    host.sh("systemctl stop apache2")
    outcome = lampctl.check(connection)
    host.sh("systemctl start apache2")
    assert (outcome.ok, outcome.error, int(outcome.exit_code)) == (False, None, 1)
    with pytest.raises(lampctl.CheckFailed, match=rf"^{host.box.name}: web\.service failed: "):
        outcome.raise_for_failure()
    with pytest.raises(lampctl.PlaybookError):
        lampctl.check(connection, settings={"php.memory_limit": "much"})
    assert lampctl.check(connection).ok


def test_declined_changes_are_not_applied(host: Host, connect: ConnectOptions) -> None:
    outcome = lampctl.deploy(
        host.box.name, settings={"php.memory_limit": "220M"}, connect=connect, confirm=lambda _, changes: not changes
    )
    assert outcome.error
    assert (outcome.error.kind, outcome.applied) == ("declined", False)


def test_group_of_one_open_and_one_unopened_connection(
    host: Host, boxes: Boxes, deployed: tuple[str, RunResult]
) -> None:
    other = boxes.up("other-trixie", "trixie", snapshot=deployed[0])
    try:
        group = SerialGroup(host.box.name, other.name, config=config(boxes))
        group[0].open()
        outcomes = lampctl.check(group)
        assert [outcome.host for outcome in outcomes] == [host.box.name, other.name]
        assert outcomes.raise_for_failure() is outcomes
        assert all(one.is_connected for one in group)
        group.close()
    finally:
        boxes.down(other.name)


def test_fab_runs_the_task_of_the_docs(host: Host) -> None:
    fab = Path(sys.executable).parent / "fab"
    argv = [str(fab), "-r", str(FABFILE.parent), "-S", str(host.boxes.ssh_config), "-H", host.box.name, "deploy"]
    environment = {**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{host.box.name}: web.service: pass" in done.stdout
    assert f"{host.box.name}: 0 changed, " in done.stdout.splitlines()[-1]
